"""Read the log of who changed what: page by page, and whole, to see whether it still is what was written."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Engine, text

from model.audit import Anchor, Event, Linked, faults

_COLUMNS: Final = "seq, at, actor, way, address, action, subject, detail, digest, prev, hash"
_AT_ONCE: Final = 5_000  # events in memory while the whole log is read
_MOST_FAULTS: Final = 100  # that are told; a log with more has been replaced


@dataclass(frozen=True, slots=True)
class Verified:
    """What looking through the whole log came to; `head` None: nothing was ever written."""

    events: int
    head: Anchor | None
    faults: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which events; None: any. `action` may be a whole one or what comes before the point."""

    actor: str | None = None
    way: str | None = None
    action: str | None = None
    subject: str | None = None  # or what it begins with
    since: datetime | None = None
    until: datetime | None = None  # before this

    def condition(self) -> tuple[str, dict[str, Any]]:
        """Return the condition in SQL, and its values."""
        said, values = ["seq IS NOT NULL"], dict[str, Any]()
        if self.actor is not None:  # also the person, where somebody else was signed in
            said.append("(lower(actor) = lower(:actor) OR lower(detail ->> 'by') = lower(:actor))")
            values["actor"] = self.actor
        if self.way is not None:
            said.append("way = :way")
            values["way"] = self.way
        if self.action is not None:
            said.append("(action = :action OR starts_with(action, CAST(:action AS text) || '.'))")
            values["action"] = self.action
        if self.subject is not None:
            said.append("starts_with(lower(subject), lower(CAST(:subject AS text)))")
            values["subject"] = self.subject
        if self.since is not None:
            said.append("at >= :since")
            values["since"] = self.since
        if self.until is not None:
            said.append("at < :until")
            values["until"] = self.until
        return " AND ".join(said), values


def page(
    connection: Connection, wanted: Wanted, *, before: int | None = None, limit: int = 50
) -> list[Linked]:
    """Return the newest events that are wanted, newest first; `before` is the last one's `seq` of the page above."""
    condition, values = wanted.condition()
    if before is not None:
        condition, values = f"{condition} AND seq < :before", {**values, "before": before}
    query = text(f"SELECT {_COLUMNS} FROM audit_event WHERE {condition} ORDER BY seq DESC LIMIT :limit")
    return [_linked(row) for row in connection.execute(query, {**values, "limit": limit}).mappings()]


def following(connection: Connection, wanted: Wanted, *, after: int = 0, limit: int = 200) -> list[Linked]:
    """Return the events that are wanted after one, the first first."""
    condition, values = wanted.condition()
    query = text(
        f"SELECT {_COLUMNS} FROM audit_event WHERE {condition} AND seq > :after ORDER BY seq LIMIT :limit"
    )
    rows = connection.execute(query, {**values, "after": after, "limit": limit})
    return [_linked(row) for row in rows.mappings()]


def stream(connection: Connection, wanted: Wanted | None = None) -> Iterator[Linked]:
    """Give the events that are wanted, oldest first, without holding them all; those without a place last."""
    condition, values = (wanted or Wanted()).condition()
    if wanted is None:
        condition = "true"
    rows = connection.execution_options(stream_results=True, max_row_buffer=_AT_ONCE).execute(
        text(f"SELECT {_COLUMNS} FROM audit_event WHERE {condition} ORDER BY seq NULLS LAST, id"), values
    )
    for row in rows.mappings():
        yield _linked(row)


def verify(engine: Engine, anchor: Anchor | None = None) -> Verified:
    """Look through the whole log: whether each event says what it said, and follows from the one before."""
    count, last = 0, None

    def counted(events: Iterator[Linked]) -> Iterator[Linked]:
        nonlocal count, last
        for each in events:
            count += 1
            if each.seq is not None and each.hash is not None:
                last = Anchor(each.seq, each.hash)
            yield each

    with engine.connect() as connection:
        found = list(faults(counted(stream(connection)), anchor))
    if len(found) > _MOST_FAULTS:
        found = [*found[:_MOST_FAULTS], f"and {len(found) - _MOST_FAULTS} more"]
    return Verified(count, last, tuple(found))


def head(engine: Engine) -> Anchor | None:
    """Return the note of the last event; None where there is none."""
    with engine.connect() as connection:
        return head_of(connection)


def head_of(connection: Connection) -> Anchor | None:
    """Return the note of the last event that a transaction sees."""
    query = text("SELECT seq, hash FROM audit_event WHERE seq IS NOT NULL ORDER BY seq DESC LIMIT 1")
    row = connection.execute(query).one_or_none()
    return None if row is None else Anchor(row.seq, row.hash)


def _linked(row: Mapping[Any, Any]) -> Linked:
    event = Event(
        at=row["at"],
        actor=row["actor"],
        way=row["way"],
        address=row["address"],
        action=row["action"],
        subject=row["subject"],
        detail=row["detail"],
    )
    return Linked(row["seq"], event, row["digest"], row["prev"], row["hash"])
