"""The log of consolidations: what the last one stood on, and whether it came to its end."""

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from sync.json import dumps


@dataclass(frozen=True, slots=True)
class Last:
    """The last whole consolidation. `ended` False: it broke off, or a look back came after it."""

    as_of: date
    known_at: datetime
    ended: bool
    stood_on: dict[str, Any] = field(default_factory=dict)
    said: dict[str, Any] = field(default_factory=dict)

    def continues(self, as_of: date, known_at: datetime) -> bool:
        """Say whether a consolidation goes on from where this one ended."""
        return self.ended and self.as_of == as_of and self.known_at <= known_at


def last(session: Session) -> Last | None:
    """Return the last whole consolidation; None before the first."""
    row = session.execute(
        text(
            "SELECT as_of, known_at, ended, stood_on, said FROM consolidation WHERE whole ORDER BY id DESC LIMIT 1"
        )
    ).one_or_none()
    return None if row is None else Last(*row)


def last_told(session: Session) -> list[str]:
    """Return what the last consolidation that came to its end has to tell an officer, in words."""
    said = session.execute(
        text("SELECT said FROM consolidation WHERE whole AND ended ORDER BY id DESC LIMIT 1")
    ).scalar_one_or_none()
    return list((said or {}).get("told", []))


def begin(session: Session, as_of: date, known_at: datetime, *, whole: bool = True) -> int:
    """Put down that a consolidation has begun; until a whole one ends, the next computes everything."""
    return int(
        session.execute(
            text(
                "INSERT INTO consolidation (as_of, known_at, whole, ended)"
                " VALUES (:as_of, :known_at, :whole, false) RETURNING id"
            ),
            {"as_of": as_of, "known_at": known_at, "whole": whole},
        ).scalar_one()
    )


def end(
    session: Session, number: int, stood_on: dict[str, Any], said: dict[str, Any], counts: dict[str, int]
) -> None:
    """Put down that a consolidation has come to its end, what it stood on, and how much it computed."""
    session.execute(
        text(
            "UPDATE consolidation SET ended = true, stood_on = CAST(:stood_on AS jsonb), said = CAST(:said AS jsonb),"
            " projects = :projects, computed = :computed, snapshots = :snapshots WHERE id = :number"
        ),
        {"number": number, "stood_on": dumps(stood_on), "said": dumps(said), **counts},
    )


def is_newest(session: Session, as_of: date, known_at: datetime) -> bool:
    """Say whether nothing later was looked at: a look back must not open or close today's findings."""
    later = session.execute(
        text("SELECT EXISTS (SELECT 1 FROM consolidation WHERE known_at > :at OR as_of > :as_of)"),
        {"at": known_at, "as_of": as_of},
    )
    return not later.scalar_one()
