"""What a source says of a project, and how its values are written."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final
from uuid import UUID

from model.attributes import REGISTER

# What a project is known by; the register's binding columns are not among it.
CLAIMED: Final = {name: attribute for name, attribute in REGISTER["project"].items() if attribute.path}
_RAGS: Final = frozenset({"GREEN", "AMBER", "RED", "GREY", "BLUE"})


@dataclass(frozen=True, slots=True)
class Said:
    """One value a source gives, as a JSON scalar, and where it stands.

    A value of None says outright that there is none. `valid_from` is the day the source itself gives the
    value, None where it names no day.
    """

    value: Any
    unit: str | None = None
    valid_from: date | None = None
    raw_page_id: int | None = None
    raw_position: int | None = None
    locator: str | None = None
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Derivation:
    """What is asked: which sources, the portfolio's currency, today in its time zone, and the instant.

    `projects` None: of all.
    """

    sources: Collection[int]
    currency: str
    today: date
    known_at: datetime
    projects: Collection[UUID] | None = None

    def bound(self, **more: Any) -> dict[str, Any]:
        """Return the parameters of the statements; `CHOSEN` uses the projects."""
        asked = None if self.projects is None else list(self.projects)
        return {"sources": list(self.sources), "projects": asked, **more}


@dataclass(slots=True)
class Sayings:
    """By (project, attribute, source) what is said; of two in one source the first stands."""

    by_key: dict[tuple[UUID, str, int], Said] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)

    def add(self, project: UUID, attribute: str, source: int, said: Said) -> None:
        """Note a value."""
        self.by_key.setdefault((project, attribute, source), said)


def normalised(attribute: str, value: Any) -> Any:
    """Return a register's value as the JSON scalar of the attribute's type; None when there is none.

    Raises:
        ValueError: It cannot be that type; the message says what was expected.
    """
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    kind = CLAIMED[attribute].type
    if kind == "date":
        return date.fromisoformat(str(value)[:10]).isoformat()
    if kind == "money":
        return _money(value)
    if kind in ("int", "number", "percent"):
        number = float(value)
        if kind == "int" and not number.is_integer():
            raise ValueError("expected a whole number")
        return int(number) if kind == "int" or number.is_integer() else number
    if kind == "rag":
        colour = str(value).strip().upper()
        if colour not in _RAGS:
            raise ValueError("expected GREEN, AMBER, RED, GREY or BLUE")
        return colour
    return str(value).strip()


def _money(value: Any) -> str:
    try:
        amount = Decimal(str(value))
    except InvalidOperation:
        raise ValueError("expected an amount") from None
    return money_text(amount)


def money_text(amount: Decimal) -> str:
    """Write an amount without an exponent, with at least two decimals."""
    written = format(amount.normalize(), "f")
    places = len(written.partition(".")[2])
    return written if places >= 2 else format(amount, ".2f")  # noqa: PLR2004  (two decimals of money)
