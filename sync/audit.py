"""Write events into the log of who changed what, in the transaction of the change itself (`model.audit`).

Who does it and how they got there is known where a request or a command begins, long before anything is written:
`caused_by` says it there, once, and `record` takes it from there. Where nobody said so, it is the clock's doing.
"""

import math
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Final

from psycopg.types.json import Jsonb
from sqlalchemy import Connection, Engine

from connectors.redaction import is_secret, scrubbed
from model.audit import ACTIONS, Event, Way, digest
from sync.store import execute, unit_of_work

NOBODY: Final = "muster"  # acts where a schedule does
_LONGEST: Final = 2_000  # characters of one text in the detail
_MOST: Final = 200  # entries of one list or object in the detail


@dataclass(slots=True)
class Cause:
    """Who brings about what is done, and by which way; `actor` is filled in once it is known who asks.

    `holder` tells them from others who are called alike; None: nobody was let in by a key or a session.
    """

    way: Way
    actor: str = NOBODY
    address: str | None = None
    holder: str | None = None


_cause: ContextVar[Cause | None] = ContextVar("cause", default=None)


@contextmanager
def caused_by(cause: Cause) -> Generator[Cause]:
    """Have all that is recorded inside be of this cause."""
    before = _cause.set(cause)
    try:
        yield cause
    finally:
        _cause.reset(before)


def cause() -> Cause:
    """Return of what cause that is which is being done."""
    return _cause.get() or Cause(Way.CLOCK)


def record(
    connection: Connection,
    action: str,
    subject: str,
    detail: Mapping[str, Any] | None = None,
    *,
    by: str | None = None,
    at: datetime | None = None,
) -> None:
    """Write that something was done, in the transaction that does it: both come to hold, or neither.

    Args:
        connection: The open unit of work.
        action: Of `model.audit.ACTIONS`.
        subject: What it was done to: its kind and its name, like `source jira-cloud` or `project PORTAL`.
        detail: What else is worth knowing: what it was, what it is now. Secrets are starred, long texts cut.
        by: The person who did it, where that is not who signed in; also where nobody is signed in yet.
        at: The clock; None: now. Never the day a command was told to take for today.

    Raises:
        ValueError: An action that is not listed.
    """
    if action not in ACTIONS:
        raise ValueError(f"{action!r} is not in model.audit.ACTIONS; put it there, in words")
    why = cause()
    said = {str(name): value for name, value in (detail or {}).items() if value is not None}
    actor = why.actor
    if by and by != actor:
        if actor == NOBODY:
            actor = by
        else:
            said["by"] = by
    event = Event(
        at=(at or datetime.now(UTC)).astimezone(UTC),
        actor=_text(actor),
        way=str(why.way),
        address=None if why.address is None else _text(why.address),
        action=action,
        subject=_text(subject),
        detail=_plain(said),
    )
    execute(
        connection,
        "INSERT INTO audit_event (at, actor, way, address, action, subject, detail, digest) VALUES"
        " (%(at)s, %(actor)s, %(way)s, %(address)s, %(action)s, %(subject)s, %(detail)s, %(digest)s)",
        {
            "at": event.at,
            "actor": event.actor,
            "way": event.way,
            "address": event.address,
            "action": event.action,
            "subject": event.subject,
            "detail": Jsonb(event.detail),
            "digest": digest(event),
        },
    )


def record_alone(
    engine: Engine,
    action: str,
    subject: str,
    detail: Mapping[str, Any] | None = None,
    *,
    by: str | None = None,
) -> None:
    """Write that something was done that changes nothing stored: an export, a sign-in that failed."""
    with unit_of_work(engine) as connection:
        record(connection, action, subject, detail, by=by)


def _plain(value: Any) -> Any:
    """Return what JSON of the database gives back as it was: no fractions in binary, no NUL, nothing endless."""
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        return str(value) if math.isfinite(value) else None
    if isinstance(value, Mapping):
        kept = list(value.items())[:_MOST]
        said = {_text(str(name)): "***" if is_secret(str(name)) else _plain(each) for name, each in kept}
        return {**said, "…": _more(len(value))} if len(value) > _MOST else said
    if isinstance(value, list | tuple | set | frozenset):
        listed = sorted(value, key=str) if isinstance(value, set | frozenset) else list(value)
        plain = [_plain(each) for each in listed[:_MOST]]
        return [*plain, _more(len(listed))] if len(listed) > _MOST else plain
    return _text(value.isoformat() if isinstance(value, date | datetime) else str(value))


def _more(there: int) -> str:
    """Say how many were left out, so that nobody takes what is there for all of it."""
    return f"and {there - _MOST} more"


def _text(value: str) -> str:
    """Return a text without secrets, NUL and half characters, and not longer than one can read."""
    clean = scrubbed(value).replace("\x00", "\N{REPLACEMENT CHARACTER}")
    clean = clean.encode("utf-8", "replace").decode()
    return clean if len(clean) <= _LONGEST else clean[: _LONGEST - 1] + "…"
