"""What decides a source's scope, by version: what somebody changed in the tracker is noticed and explained."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from sqlalchemy import Connection, text

from connectors.base import Connector, Fingerprinted
from connectors.errors import ConnectorError
from sync import questions
from sync.json import dumps
from sync.questions import SCOPE_CHANGE, Asked
from sync.run_context import Ending

_SHOWN: Final = 120  # characters of a definition in a sentence


RECONFIGURED: Final = "its mapping or scope was changed since the last run; everything was read again"
_HERE: Final = "configuration"
_THERE: Final = "scope"


@dataclass(frozen=True, slots=True)
class Found:
    """What is to be done about a scope that changed.

    `reread` says to read the source in full now, for `reason`; `asks` what an officer is asked instead.
    `questions` are those that a full reading settles.
    """

    reread: bool = False
    reason: str = ""
    asks: tuple[str, ...] = ()
    questions: list[int] = field(default_factory=list)


def explain(before: Mapping[str, str], after: Mapping[str, str]) -> list[str]:
    """Say in words how two definitions of a scope differ, a sentence a part."""
    says = []
    for name in sorted(before.keys() | after.keys()):
        was, now = before.get(name), after.get(name)
        if was == now:
            continue
        if was is None:
            says.append(f"{name} is new: {_short(now or '')}")
        elif now is None:
            says.append(f"{name} is gone; it was {_short(was)}")
        else:
            says.append(f"{name} changed from {_short(was)} to {_short(now)}")
    return says


def _short(value: str) -> str:
    one_line = " ".join(value.split())
    cut = one_line if len(one_line) <= _SHOWN else one_line[: _SHOWN - 1] + "…"
    return f"“{cut}”"


def fingerprint(connector: Connector, ending: Ending) -> dict[str, str] | None:
    """Ask what decides the source's scope in the tracker; None where it has no say, or could not be asked."""
    if not isinstance(connector, Fingerprinted):
        return None
    try:
        return dict(connector.scope_fingerprint())
    except ConnectorError as error:
        ending.warnings.append(f"whether its scope was changed there could not be looked at: {error.message}")
        return None


def look(
    connection: Connection, definition: Mapping[str, str] | None, ending: Ending, *, option: str | None
) -> Found:
    """Hold what decides the scope against its last version, here and in the tracker.

    A change of the source's own configuration is read again in full, one made in the tracker is asked
    about, unless `option` says otherwise for both: `ask` or `reread`.
    """
    standing = questions.standing(connection, ending.source_id, SCOPE_CHANGE)
    accepted = [each for each in standing.values() if each.accepted_by is not None]
    found = Found(
        reread=bool(accepted),
        reason="; ".join(
            f"{each.says}; {each.accepted_by} had everything read again: {each.because}" for each in accepted
        ),
        questions=[each.id for each in standing.values()],
    )
    if ending.reconfigured and option == "ask":
        found = _asked(connection, ending, found, _HERE, ["its scope was changed in its configuration"])
    elif ending.reconfigured:
        found = replace(found, reread=True, reason=RECONFIGURED)
    before = standing.get(_THERE)
    changed = None if definition is None else _compared(connection, definition, ending)
    if changed is None or ending.reconfigured:
        return found
    since, was, now = changed
    if (
        before is not None and "since" in before.evidence
    ):  # held against what was read in full, not the last look
        since = before.evidence["since"]
        was = _parts(connection, since)
        if was == now and before.accepted_by is None:
            questions.settle(connection, [before.id], now=ending.now)
            return replace(found, questions=[one for one in found.questions if one != before.id])
    says = explain(was, now)
    if not says:
        return found
    if option == "reread":
        said = f"its scope was changed at the source: {'; '.join(says)}; everything was read again"
        return replace(found, reread=True, reason=said)
    return _asked(connection, ending, found, _THERE, says, since)


def _parts(connection: Connection, version: int) -> dict[str, str]:
    found = connection.scalar(text("SELECT parts FROM scope_version WHERE id = :id"), {"id": version})
    return dict(found or {})


def _compared(
    connection: Connection, definition: Mapping[str, str], ending: Ending
) -> tuple[int, dict[str, str], dict[str, str]] | None:
    """Store a new version where one differs; a part that could not be asked stands as it was.

    Returns:
        The number of the version before, its parts and the new ones; None where nothing differs or it is the first.
    """
    row = connection.execute(
        text("SELECT parts, id FROM scope_version WHERE source_id = :source ORDER BY id DESC LIMIT 1"),
        {"source": ending.source_id},
    ).one_or_none()
    before: dict[str, str] | None = None if row is None else row[0]
    parts = dict(definition) if before is None or ending.reconfigured else before | dict(definition)
    if parts == before:
        return None
    says = [] if before is None else explain(before, parts)
    connection.execute(
        text(
            "INSERT INTO scope_version (source_id, run_id, seen_at, parts, says) VALUES (:source, :run, :now,"
            " CAST(:parts AS jsonb), CAST(:says AS jsonb))"
        ),
        {
            "source": ending.source_id, "run": ending.run_id, "now": ending.now, "parts": dumps(parts),
            "says": dumps(says),
        },
    )  # fmt: skip
    return None if row is None else (row.id, row.parts, parts)


def _asked(
    connection: Connection,
    ending: Ending,
    found: Found,
    subject: str,
    says: list[str],
    since: int | None = None,
) -> Found:
    there = "in the tracker: " if subject == _THERE else ""
    said = f"its scope was changed {there}{'; '.join(says)}" if there else says[0]
    asked = Asked(
        SCOPE_CHANGE, subject, said,
        f"the next run reads again in full: {_would_read(connection, ending.source_id)}",
        {"says": says} | ({} if since is None else {"since": since}),
    )  # fmt: skip
    number = questions.ask(connection, ending.source_id, ending.run_id, asked, now=ending.now)
    todo = f'{said}; to read all of it again: muster accept {ending.source} {number} --by NAME --because "…"'
    return replace(found, asks=(*found.asks, todo), questions=[*found.questions, number])


def _would_read(connection: Connection, source_id: int) -> str:
    """Say what a full reading would read: the streams with how many parts each has, and the work items."""
    rows = connection.execute(
        text("SELECT stream, count(*) FROM cursor WHERE source_id = :source GROUP BY stream ORDER BY stream"),
        {"source": source_id},
    ).all()
    items = connection.scalar(
        text("SELECT count(*) FROM work_item WHERE source_id = :source AND deleted_at IS NULL"),
        {"source": source_id},
    )
    streams = ", ".join(f"{stream} ({number})" if number > 1 else stream for stream, number in rows)
    return f"{streams or 'everything'}" + (f", about {items} work items" if items else "")
