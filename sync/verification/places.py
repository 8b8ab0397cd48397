"""Places: claims and rows that are held to their raw pages, and what it means that two values are the same."""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Generic, TypeVar

import orjson
from sqlalchemy import Row, RowMapping

from model.exact import rounded
from sync.json import dump_bytes

T = TypeVar("T")


@dataclass(slots=True)
class Places(Generic[T]):
    """Claims and rows to hold to their pages, each with what names it in a fault; rows by table."""

    claims: dict[int, T] = field(default_factory=dict)
    rows: dict[str, dict[int, T]] = field(default_factory=dict)
    read: int = 0  # how many were found on their pages and compared
    unread: dict[str, str] = field(
        default_factory=dict
    )  # sources whose pages can not be taken apart, and why


@dataclass(frozen=True, slots=True)
class Standing(Generic[T]):
    """One claim (`table` None) or row: what it is called, and what is stored of it."""

    what: T
    row: Row[Any]
    table: str | None

    @property
    def stored(self) -> RowMapping:
        """Its columns by name."""
        return self.row._mapping  # noqa: SLF001  (the public name of a Row's mapping)


def plain(value: Any) -> Any:
    """Return a value as JSON gives it back."""
    return orjson.loads(dump_bytes(value))


def same(one: Any, other: Any) -> bool:
    """Say whether two plain values mean the same: a number in digits or not, an instant in whatever zone."""
    if one == other:
        return True
    if isinstance(one, str) and isinstance(other, str) and (at := _instant(one)) is not None:
        return at == _instant(other)
    try:
        return rounded(Decimal(str(one)), 6) == rounded(Decimal(str(other)), 6)
    except InvalidOperation:
        return False


def _instant(written: str) -> datetime | None:
    if "T" not in written and " " not in written:
        return None
    try:
        found = datetime.fromisoformat(written)
    except ValueError:
        return None
    return found if found.tzinfo is not None else None
