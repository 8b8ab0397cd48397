"""JSON as it is stored: compact, instants in UTC with Z, decimals as text."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import orjson

from model.full_json import encoded, in_full

__all__ = ["dump_bytes", "dumps", "encoded", "in_full", "instant_text"]


def _other(value: Any) -> Any:
    if isinstance(value, Decimal | UUID):
        return str(value)
    if isinstance(value, set | frozenset):
        return sorted(value)
    raise TypeError(f"no JSON for {type(value).__name__}")


def dump_bytes(value: Any, *, canonical: bool = False) -> bytes:
    """Write JSON; canonical sorts the keys, so that equal values hash equally."""
    options = orjson.OPT_UTC_Z | orjson.OPT_NON_STR_KEYS
    if canonical:
        options |= orjson.OPT_SORT_KEYS
    return encoded(value, default=_other, option=options)


def dumps(value: Any) -> str:
    """Write JSON as text."""
    return dump_bytes(value).decode()


def instant_text(value: datetime | None) -> str | None:
    """Write an instant in UTC with Z, exactly: what is handed out as a clock finds the same again.

    >>> instant_text(datetime(2026, 11, 22, 19, 8, 32, 385000, tzinfo=UTC))
    '2026-11-22T19:08:32.385000Z'
    """
    return None if value is None else value.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"
