"""Keep what a write was answered with, under its sender's key, so that it can be sent again without harm."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Engine, delete, select, update
from sqlalchemy.dialects.postgresql import insert

from model.tables import KeptAnswer
from sync.store import unit_of_work

LIVES: Final = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Key:
    """A key, and whose it is."""

    holder: str
    key: str


@dataclass(frozen=True, slots=True)
class Earlier:
    """The write that was sent under a key before; `status` None: it is not answered yet."""

    request: bytes
    began_at: datetime
    status: int | None
    headers: Mapping[str, Any]
    body: bytes


def claim(engine: Engine, key: Key, request: bytes, *, now: datetime) -> Earlier | None:
    """Take a key for a request that is about to be carried out; None: it was free, and is taken now.

    Args:
        engine: Where it is kept.
        key: The key.
        request: The digest of what is asked.
        now: The clock; keys older than `LIVES` are forgotten.
    """
    mine = insert(KeptAnswer).values(holder=key.holder, key=key.key, request=request, began_at=now)
    while True:
        with unit_of_work(engine) as connection:
            connection.execute(delete(KeptAnswer).where(KeptAnswer.began_at < now - LIVES))
            if (
                connection.execute(mine.on_conflict_do_nothing().returning(KeptAnswer.key)).first()
                is not None
            ):
                return None
            found = connection.execute(
                select(
                    KeptAnswer.request,
                    KeptAnswer.began_at,
                    KeptAnswer.status,
                    KeptAnswer.headers,
                    KeptAnswer.body,
                ).where(*_of(key))
            ).first()
        if found is not None:  # else it was given back in between
            return Earlier(
                found.request, found.began_at, found.status, found.headers or {}, found.body or b""
            )


def keep(
    engine: Engine, key: Key, status: int, headers: Mapping[str, str], body: bytes, *, now: datetime
) -> None:
    """Keep the answer of the request that a key was taken for."""
    with unit_of_work(engine) as connection:
        connection.execute(
            update(KeptAnswer)
            .where(*_of(key))
            .values(status=status, headers=dict(headers), body=body, answered_at=now)
        )


def give_back(engine: Engine, key: Key) -> None:
    """Free a key: nothing was carried out under it."""
    with unit_of_work(engine) as connection:
        connection.execute(delete(KeptAnswer).where(*_of(key), KeptAnswer.answered_at.is_(None)))


def _of(key: Key) -> tuple[Any, Any]:
    return KeptAnswer.holder == key.holder, KeptAnswer.key == key.key
