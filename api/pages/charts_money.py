"""Geometry of money: a budget against its forecast as bars, and what was planned and spent as rising lines."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

KINDS: Final = ("baseline", "forecast", "actual")


@dataclass(frozen=True, slots=True)
class Bar:
    """Widths in percent of the longest; None where the amount is unknown or below nought."""

    budget: float | None
    forecast: float | None
    actual: float | None


def bars(amounts: Sequence[tuple[Decimal | None, Decimal | None, Decimal | None]]) -> list[Bar]:
    """Lay (budget, forecast, actual) out on one scale."""
    top = max((each for row in amounts for each in row if each is not None), default=Decimal(0))

    def wide(value: Decimal | None) -> float | None:
        return None if value is None or value < 0 or top <= 0 else round(float(value / top) * 100, 2)

    return [Bar(*(wide(each) for each in row)) for row in amounts]


@dataclass(frozen=True, slots=True)
class Rising:
    """One kind of money, added up from month to month: (x, y) in percent and pixels, and the sum at the end."""

    kind: str
    points: tuple[tuple[float, float], ...]
    total: Decimal


def rising(sums: Mapping[tuple[date, str], Decimal], months: Sequence[date], height: float) -> list[Rising]:
    """Add up each kind over the months, to the last month it is known of; a kind nobody states has no line."""
    running: dict[str, list[Decimal]] = {}
    for kind in KINDS:
        known = [month for month in months if (month, kind) in sums]
        total, values = Decimal(0), []
        for month in months if known else ():
            if month > known[-1]:
                break
            total += sums.get((month, kind), Decimal(0))
            values.append(total)
        if values:
            running[kind] = values
    top = max((value for values in running.values() for value in values), default=Decimal(0))
    slot = 100 / max(len(months), 1)

    def y(value: Decimal) -> float:
        share = float(value / top) if top > 0 else 0.0
        return round(height - max(share, 0.0) * height, 1)

    return [
        Rising(
            kind,
            tuple((round(place * slot + slot / 2, 2), y(value)) for place, value in enumerate(values)),
            values[-1],
        )
        for kind, values in running.items()
    ]
