"""What decides a source's scope, by version: what somebody changed in the tracker is noticed and explained."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, text

from connectors.base import Connector, Fingerprinted
from sync import questions
from sync.ending import Ending
from sync.json import dumps
from sync.questions import SCOPE_CHANGE, Asked
from sync.store import unit_of_work

_SHOWN: Final = 120  # characters of a definition in a sentence


@dataclass(frozen=True, slots=True)
class Changed:
    """What is to be done about a scope that changed. `reread` says to read the source in full now."""

    reread: bool
    says: tuple[str, ...]
    question: int | None = None


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


def look(
    connection: Connection,
    connector: Connector,
    ending: Ending,
    *,
    option: str | None,
) -> Changed | None:
    """Hold what the tracker says of the source's scope against its last version; None where nothing differs.

    A part that could not be asked this time stands as it was. A first version explains nothing, and what
    changed with the source's own configuration needs no question.

    Raises:
        ConnectorError: The source cannot be asked.
    """
    if not isinstance(connector, Fingerprinted):
        return None
    source_id, run_id, now = ending.source_id, ending.run_id, ending.now
    said = dict(connector.scope_fingerprint())
    row = connection.execute(
        text("SELECT parts FROM scope_version WHERE source_id = :source ORDER BY id DESC LIMIT 1"),
        {"source": source_id},
    ).one_or_none()
    before: dict[str, str] | None = None if row is None else row[0]
    parts = said if before is None or ending.reconfigured else before | said
    standing = questions.standing(connection, source_id, SCOPE_CHANGE).get("scope")
    if before is not None and parts == before:
        if standing is not None and standing.accepted_by is not None:
            return Changed(reread=True, says=tuple(standing.evidence["says"]), question=standing.id)
        return None
    says = [] if before is None else explain(before, parts)
    connection.execute(
        text(
            "INSERT INTO scope_version (source_id, run_id, seen_at, parts, says) VALUES (:source, :run, :now,"
            " CAST(:parts AS jsonb), CAST(:says AS jsonb))"
        ),
        {"source": source_id, "run": run_id, "now": now, "parts": dumps(parts), "says": dumps(says)},
    )
    if not says or ending.reconfigured:
        return None
    if option == "reread":
        return Changed(reread=True, says=tuple(says), question=None if standing is None else standing.id)
    whole = [*(standing.evidence["says"] if standing is not None else ()), *says]
    return Changed(reread=False, says=tuple(says), question=_ask(connection, source_id, run_id, whole, now))


def _ask(connection: Connection, source_id: int, run_id: int, says: list[str], now: datetime) -> int:
    would = _would_read(connection, source_id)
    asked = Asked(
        SCOPE_CHANGE,
        "scope",
        "its scope was changed in the tracker: " + "; ".join(says),
        f"the next run reads again in full: {would}",
        {"says": says},
    )
    return questions.ask(connection, source_id, run_id, asked, now=now)


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


def close(ending: Ending, question: int | None) -> None:
    """Close the question of a scope that has been read again."""
    if question is not None:
        with unit_of_work(ending.engine) as connection:
            questions.settle(connection, [question], now=ending.now)
