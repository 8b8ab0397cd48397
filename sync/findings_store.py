"""Findings as rows: those that stand, and what one look at the records writes to them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from sync.collection.waivers import standing as waived
from sync.finding_events import Notice, notify
from sync.json import dumps
from sync.store import copy_rows

Place = tuple[UUID, str, str]  # project, template, record_ref


class FindingKey(NamedTuple):
    """What a finding is about: it stays the same finding while its words and its severity change."""

    project_id: UUID
    template: str
    record_ref: str
    rule: str
    kind: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """A finding as the templates have it now."""

    key: FindingKey
    version: str
    severity: str
    says: str
    locator: str | None = None


@dataclass(frozen=True, slots=True)
class Opened:
    """A finding to open, with whom it is with and what it was found on."""

    wanted: Wanted
    owner: str | None
    owner_role: str | None
    evidence: dict[str, Any]
    waiver_id: int | None
    state: str


@dataclass(slots=True)
class Kept:
    """What one look has to write."""

    new: list[Opened] = field(default_factory=list)
    gone: list[tuple[int, str]] = field(default_factory=list)
    changed: list[tuple[Any, ...]] = field(default_factory=list)
    moved: list[tuple[Any, ...]] = field(default_factory=list)
    settled: list[tuple[int, str]] = field(default_factory=list)  # disputes
    notices: list[Notice] = field(default_factory=list)


CHANGING: Final = (
    "says", "severity", "version", "locator", "owner", "owner_role", "evidence", "unchecked_since", "state",
    "waiver_id",
)  # fmt: skip


UNCHECKED: Final = CHANGING.index("unchecked_since")


def current(row: Row[Any]) -> tuple[Any, ...]:
    """Return what a finding holds that a look may change, in the order of `CHANGING`."""
    return tuple(row[-len(CHANGING) :])


def standing(session: Session, projects: list[UUID]) -> list[Row[Any]]:
    """Return the findings of some projects that are not closed; those that people work on are held meanwhile."""
    session.execute(
        text(
            "SELECT 1 FROM finding WHERE closed_at IS NULL AND state <> 'new'"
            " AND project_id = ANY(CAST(:projects AS uuid[])) ORDER BY id FOR UPDATE"
        ),
        {"projects": projects},
    )
    rows = session.execute(
        text(
            "SELECT id, project_id, template, record_ref, rule, kind, moved_at,"
            f" {', '.join(CHANGING)} FROM finding WHERE closed_at IS NULL"
            " AND project_id = ANY(CAST(:projects AS uuid[]))"
        ),
        {"projects": projects},
    )
    return list(rows)


def standing_waivers(session: Session, day: date) -> dict[Place, dict[str, int]]:
    """Return the waivers that count on a day, by project, template and record ("*": any), then by rule."""
    counting = waived(session.connection(), day)
    rows = session.execute(
        text("SELECT project_id, template, record_ref, rule, id FROM waiver WHERE until >= :day ORDER BY id"),
        {"day": day},
    )
    found: dict[Place, dict[str, int]] = {}
    for project, template, ref, rule, number in rows:
        if (ref, rule) in counting.pairs(project, template):
            found.setdefault((project, template, "*" if ref is None else ref), {})[rule] = number
    return found


def standing_disputes(session: Session, projects: list[UUID]) -> list[Row[Any]]:
    """Return the disputes of some projects that have not ended."""
    rows = session.execute(
        text(
            "SELECT id, project_id, template, record_ref, field, value, proposed, finding_id, answer FROM dispute"
            " WHERE ended_at IS NULL"
            " AND project_id = ANY(CAST(:projects AS uuid[])) FOR UPDATE"
        ),
        {"projects": projects},
    )
    return list(rows)


def write(session: Session, kept: Kept, at: datetime) -> None:
    """Write what one look found; nothing is committed here."""
    _close(session, kept.gone, at)
    _settle(session, kept.settled, at)
    _change(session, kept.changed)
    columns = ("finding_id", "action", "from_state", "to_state", "at", "by", "role", "because", "door")
    copy_rows(session.connection(), "finding_move", columns, kept.moved)
    _open(session, kept.new, at)
    notify(session.connection(), kept.notices, at)


def _close(session: Session, gone: list[tuple[int, str]], at: datetime) -> None:
    if not gone:
        return
    session.execute(
        text(
            "UPDATE finding SET closed_at = :at, state = 'closed', closed_because = w.because"
            " FROM unnest(CAST(:ids AS bigint[]), CAST(:because AS text[])) AS w(id, because)"
            " WHERE finding.id = w.id"
        ),
        {"at": at, "ids": [number for number, _ in gone], "because": [why for _, why in gone]},
    )
    session.execute(
        text(
            "UPDATE dispute SET ended_at = :at, ended_because = f.closed_because FROM finding f"
            " WHERE dispute.finding_id = f.id AND dispute.ended_at IS NULL AND f.id = ANY(CAST(:ids AS bigint[]))"
        ),
        {"at": at, "ids": [number for number, _ in gone]},
    )


def _settle(session: Session, settled: list[tuple[int, str]], at: datetime) -> None:
    if settled:
        session.execute(
            text(
                "UPDATE dispute SET ended_at = :at, ended_because = w.because"
                " FROM unnest(CAST(:ids AS bigint[]), CAST(:because AS text[])) AS w(id, because)"
                " WHERE dispute.id = w.id AND dispute.ended_at IS NULL"
            ),
            {"at": at, "ids": [number for number, _ in settled], "because": [why for _, why in settled]},
        )


def _change(session: Session, changed: list[tuple[Any, ...]]) -> None:
    if not changed:
        return
    types = dict.fromkeys(CHANGING, "text") | {
        "evidence": "jsonb", "unchecked_since": "timestamptz", "waiver_id": "bigint"
    }  # fmt: skip
    rows = [dict(zip(("id", "was", *CHANGING), each, strict=True)) for each in changed]
    described = ", ".join(f"{name} {kind}" for name, kind in types.items())
    session.execute(
        text(
            f"UPDATE finding SET {', '.join(f'{name} = w.{name}' for name in CHANGING if name != 'state')},"
            # What somebody did to a new one since it was looked at stands.
            " state = CASE WHEN finding.state = w.was THEN w.state ELSE finding.state END FROM"
            f" jsonb_to_recordset(CAST(:rows AS jsonb)) AS w(id bigint, was text, {described})"
            " WHERE finding.id = w.id"
        ),
        {"rows": dumps(rows)},
    )


def _open(session: Session, new: Sequence[Opened], at: datetime) -> None:
    """Write new findings; one that was there before and closed follows that one."""
    columns = (
        "project_id", "template", "record_ref", "rule", "kind", "version", "severity", "says", "locator",
        "opened_at", "owner", "owner_role", "evidence", "waiver_id", "state",
    )  # fmt: skip
    rows = [
        (*one.wanted.key, one.wanted.version, one.wanted.severity, one.wanted.says, one.wanted.locator, at,
         one.owner, one.owner_role, one.evidence, one.waiver_id, one.state)
        for one in new
    ]  # fmt: skip
    copy_rows(session.connection(), "finding", columns, rows)
    if rows:
        session.execute(
            text(
                "UPDATE finding SET follows_id = w.id FROM (SELECT n.id AS new, max(c.id) AS id FROM finding n"
                " JOIN finding c ON c.project_id = n.project_id AND c.template = n.template"
                " AND c.record_ref = n.record_ref AND c.rule = n.rule AND c.kind = n.kind AND c.closed_at IS NOT NULL"
                " WHERE n.opened_at = :at AND n.closed_at IS NULL AND n.project_id = ANY(CAST(:projects AS uuid[]))"
                " GROUP BY n.id) AS w WHERE finding.id = w.new"
            ),
            {"at": at, "projects": list({one.wanted.key.project_id for one in new})},
        )


def close_of_closed_projects(session: Session, at: datetime) -> int:
    """Close what stands of projects that are closed: nobody checks those any more."""
    done = session.execute(
        text(
            "UPDATE finding SET closed_at = :at, state = 'closed', closed_because = 'The project was closed'"
            " FROM project p WHERE p.id = finding.project_id AND p.closed_at <= :at AND finding.closed_at IS NULL"
            " RETURNING finding.id"
        ),
        {"at": at},
    )
    return len(done.all())
