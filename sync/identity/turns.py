"""Turns: whoever decides on a match and whoever matches go one after the other."""

from typing import Final

from sqlalchemy import Connection, text

_LOCK: Final = 0x6D617463


def take_turn(connection: Connection) -> None:
    """Wait until nobody else decides or matches, and hold the turn until the transaction ends.

    Each has to see what the other did. A lock of its own, taken before any row: whoever held rows first
    could wait for the other for ever.
    """
    connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
