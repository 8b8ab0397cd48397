"""Verify: hold each published snapshot to its hash, its receipt, its raw pages, and the formulas."""

import hashlib
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from difflib import get_close_matches
from typing import Any, Final

from sqlalchemy import Connection, Engine, Row, text
from sqlalchemy.orm import Session

from sync.json import dump_bytes
from sync.verification.cells import misread
from sync.verification.differences import differences
from sync.verification.followed import Trail, broken_pages, follow_claims, follow_records
from sync.verification.places import Places
from sync.verification.recompute import NoSuchPolicy, Recomputed, recomputed
from sync.verification.rolled import follow_rollups

_PART: Final = 100  # snapshots looked at together
_SAID: Final = 10  # differences of one snapshot that are said
_COLUMNS: Final = ("overall", "health", "reported", "watermelon")


class NoSuchProject(LookupError):
    """There is no project of a key that was asked about; the message says what there is."""


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that does not agree: of which project's snapshot, and what, in words; it stands for so many."""

    project: str
    as_of: date
    known_at: datetime
    says: str
    differences: int = 1


@dataclass(slots=True)
class Verified:
    """What was looked at, and what does not agree.

    `pages` are raw pages whose bytes were hashed again, `cells` claims and rows that were read from them once more.

    `without` are projects that were named and have no snapshot at the two clocks.

    `rollups` are those of programmes and of the portfolio, `figures` the numbers and colours of these.

    `unread` are sources whose pages were hashed and could not be read once more, and why.

    `taken` says of snapshots which inputs could not be read as they were, and were taken from the receipt.
    """

    snapshots: int = 0
    claims: int = 0
    records: int = 0
    pages: int = 0
    cells: int = 0
    rollups: int = 0
    figures: int = 0
    faults: list[Fault] = field(default_factory=list)
    taken: list[Fault] = field(default_factory=list)
    without: list[str] = field(default_factory=list)
    unread: dict[str, str] = field(default_factory=dict)

    @property
    def differences(self) -> int:
        """How much does not agree, those counted that no fault says one by one."""
        return sum(each.differences for each in self.faults)


def verify(
    engine: Engine | Connection,
    *,
    as_of: date | None = None,
    known_at: datetime | None = None,
    projects: Collection[str] | None = None,
    every: bool = False,
) -> Verified:
    """Work published status out again, and compare; nothing is written.

    Of each project the newest snapshot that is not after the two clocks. Its document's hash, its columns and
    its receipt must agree; what the formulas make of the claims and rows of its two clocks, by the policy it
    names, must be the document and the receipt; each claim and row of the receipt must be there, say what the
    receipt says, and stand on a raw page whose bytes have the hash that was taken when it was fetched, and which
    says at that place what the claim or row does: a work item as it was last read, people's answers as they were
    frozen. Its two clocks must be those of a consolidation.

    Where no project is named, the roll-ups of these clocks too: their projects' parts must be what the receipts
    of the snapshots say, their rates those that were stated, and each figure what these make.

    Args:
        engine: The store.
        as_of: The newest day; None: any.
        known_at: The newest instant; None: any.
        projects: Their keys; None: all.
        every: All snapshots not after the clocks, not only the newest of each project.

    Raises:
        NoSuchProject: One that is named is none; nothing is looked at then.
    """
    found = Verified()
    standing: dict[int, Fault] = {}  # raw page -> the first place that stands on it
    places: Places[Fault] = Places()
    with Session(engine) as session:
        _known(session, projects or ())
        chosen = _chosen(session, as_of, known_at, projects, every=every)
        found.without = sorted({*(projects or ())} - {row.key for row in chosen})
        for together in _together(chosen):
            rows = _read(session, [each.id for each in together])
            again, because = _again(session, rows)
            for row in rows:
                _look(session, row, again.by_project.get(row.project_id), because, found, standing, places)
                if (says := again.taken.get(row.project_id)) is not None:
                    found.taken.append(Fault(row.key, row.as_of, row.known_at, says))
        found.pages = len(standing)
        if projects is None:
            _roll(session, found, as_of, known_at, every=every)
        for page, says in broken_pages(session, standing):
            at = standing[page]
            found.faults.append(replace(at, says=f"{at.says}: raw page {page}: {says}"))
        found.faults += [replace(at, says=f"{at.says}: {says}") for at, says in misread(session, places)]
        found.cells, found.unread = places.read, places.unread
        session.rollback()
    return found


def _known(session: Session, projects: Collection[str]) -> None:
    """Refuse a key that no project has: a check that looks at nothing would always come out well."""
    there = session.execute(text("SELECT key FROM project ORDER BY key")).scalars().all()
    for key in projects:
        if key not in there:
            near = get_close_matches(key.upper(), there, n=1)
            hint = f"did you mean {near[0]}?" if near else f"there are: {', '.join(there[:20]) or 'none yet'}"
            raise NoSuchProject(f"there is no project {key!r}; {hint}")


def _roll(
    session: Session, found: Verified, as_of: date | None, known_at: datetime | None, *, every: bool
) -> None:
    """Work the roll-ups out again: of the newest day, or of every day there is a snapshot of."""
    rows = session.execute(
        text(
            "SELECT as_of, max(known_at) FROM snapshot WHERE (CAST(:as_of AS date) IS NULL OR as_of <= :as_of)"
            " AND (CAST(:known_at AS timestamptz) IS NULL OR known_at <= :known_at)"
            " GROUP BY as_of ORDER BY as_of DESC"
            f"{'' if every else ' LIMIT 1'}"
        ),
        {"as_of": as_of, "known_at": known_at},
    ).all()
    for day, instant in rows:
        for name, figures, faults in follow_rollups(session, day, known_at):
            found.rollups += 1
            found.figures += figures
            found.faults += [Fault(name, day, known_at or instant, says) for says in faults]


def _look(
    session: Session,
    row: Row[Any],
    again: tuple[Any, Any] | None,
    because: str | None,
    found: Verified,
    standing: dict[int, Fault],
    places: Places[Fault],
) -> None:
    trail = Trail(row.known_at)
    said = [(each, 1) for each in (*_agrees(row), *_comes_out(row, again, because))]
    if more := _not_said(row, again):
        said.append((f"and {more} more difference{'' if more == 1 else 's'}", more))
    said += [(each, 1) for each in follow_claims(session, row.receipt, trail)]
    said += [(each, 1) for each in follow_records(session, row.receipt, trail)]
    found.snapshots += 1
    found.claims += trail.claims
    found.records += trail.records
    for claim, what in trail.places.claims.items():
        places.claims.setdefault(claim, Fault(row.key, row.as_of, row.known_at, what))
    for table, rows in trail.places.rows.items():
        of_table = places.rows.setdefault(table, {})
        for number, what in rows.items():
            of_table.setdefault(number, Fault(row.key, row.as_of, row.known_at, what))
    found.faults += [Fault(row.key, row.as_of, row.known_at, says, count) for says, count in said]
    for page, what in trail.pages.items():
        standing.setdefault(page, Fault(row.key, row.as_of, row.known_at, what))


def _agrees(row: Row[Any]) -> Iterator[str]:
    """Say where a snapshot's parts do not agree with each other."""
    if hashlib.sha256(dump_bytes(row.document, canonical=True)).hexdigest() != row.sha256:
        yield "the document does not have the hash it was stored with: it was changed since"
    for name in _COLUMNS:
        if row.document.get(name) != getattr(row, name):
            yield f"{name}: the document says {row.document.get(name)}, the snapshot {getattr(row, name)}"
    if not row.consolidated:
        yield "there was no consolidation at its two clocks: one of them was changed since"
    said = {name: each["colour"] for name, each in row.document["dimensions"].items()}
    said |= {name: row.document[name] for name in ("overall", "health", "watermelon")}
    colours = {**row.receipt.get("measures", {}), **row.receipt["colours"]}
    said |= {name: each["value"] for name, each in row.document.get("measures", {}).items()}
    said["data_quality"] = row.document["data_quality"]["score"]
    for name, value in said.items():
        if name not in colours:
            yield f"{name}: it is {value}, and has no receipt"
        elif colours[name]["value"] != value:
            yield f"{name}: the document says {value}, its receipt {colours[name]['value']}"


def _comes_out(row: Row[Any], again: tuple[Any, Any] | None, because: str | None) -> Iterator[str]:
    """Say where what is stored is not what comes out of the formulas now."""
    if again is None:
        yield because or "it cannot be worked out again: the project was not led at that instant"
        return
    yield from _differing(row, again)[:_SAID]


def _not_said(row: Row[Any], again: tuple[Any, Any] | None) -> int:
    return 0 if again is None else max(0, len(_differing(row, again)) - _SAID)


def _differing(row: Row[Any], again: tuple[Any, Any]) -> list[str]:
    document, receipt = again
    return [*differences(row.document, document), *differences(row.receipt, receipt, "receipt")]


def _again(session: Session, rows: Sequence[Row[Any]]) -> tuple[Recomputed, str | None]:
    try:
        return recomputed(session, rows), None
    except NoSuchPolicy as error:
        return Recomputed(), f"it cannot be worked out again: {error}"


def _chosen(
    session: Session,
    as_of: date | None,
    known_at: datetime | None,
    projects: Collection[str] | None,
    *,
    every: bool,
) -> Sequence[Row[Any]]:
    first = "" if every else "DISTINCT ON (s.project_id)"
    return session.execute(
        text(
            f"SELECT {first} s.id, p.key, s.as_of, s.known_at, s.policy FROM snapshot s"
            " JOIN project p ON p.id = s.project_id"
            " WHERE (CAST(:as_of AS date) IS NULL OR s.as_of <= CAST(:as_of AS date))"
            " AND (CAST(:known_at AS timestamptz) IS NULL OR s.known_at <= CAST(:known_at AS timestamptz))"
            " AND (CAST(:keys AS text[]) IS NULL OR p.key = ANY(CAST(:keys AS text[])))"
            " ORDER BY s.project_id, s.as_of DESC, s.known_at DESC"
        ),
        {"as_of": as_of, "known_at": known_at, "keys": None if projects is None else list(projects)},
    ).all()


def _together(chosen: Sequence[Row[Any]]) -> Iterator[Sequence[Row[Any]]]:
    """Put together what has the same clocks and policy, so many at a time."""
    groups: dict[tuple[date, datetime, str], list[Row[Any]]] = {}
    for each in chosen:
        groups.setdefault((each.as_of, each.known_at, each.policy), []).append(each)
    for group in sorted(groups):
        rows = groups[group]
        yield from (rows[start : start + _PART] for start in range(0, len(rows), _PART))


def _read(session: Session, ids: Sequence[int]) -> Sequence[Row[Any]]:
    return session.execute(
        text(
            "SELECT s.*, p.key, EXISTS (SELECT 1 FROM consolidation c WHERE c.as_of = s.as_of"
            " AND c.known_at = s.known_at) AS consolidated FROM snapshot s JOIN project p ON p.id = s.project_id"
            " WHERE s.id = ANY(CAST(:ids AS bigint[])) ORDER BY p.key"
        ),
        {"ids": list(ids)},
    ).all()
