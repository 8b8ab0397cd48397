"""Money in another currency, by a rate of a stated day; where there is no rate there is no amount."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any


@dataclass(frozen=True, slots=True)
class Rate:
    """On `day`, one unit of `base` was worth `rate` units of `quote`, says `source`."""

    day: date
    base: str
    quote: str
    rate: Decimal
    source: str

    def to_json(self) -> dict[str, Any]:
        """Return it as plain JSON; the number as text, with all its digits."""
        return {
            "date": self.day.isoformat(),
            "base": self.base,
            "quote": self.quote,
            "rate": format(self.rate, "f"),
            "source": self.source,
        }


@dataclass(frozen=True, slots=True)
class Converted:
    """An amount in the wanted currency, and the rates it went by: none where it was in it already."""

    amount: Decimal
    by: tuple[Rate, ...] = ()


class Rates:
    """The rates that count on a day: of each pair the newest that is not after it."""

    def __init__(self, rates: Iterable[Rate], *, on: date | None = None) -> None:
        self._of: dict[tuple[str, str], Rate] = {}
        for each in sorted(rates, key=lambda rate: rate.day):
            if on is None or each.day <= on:
                self._of[each.base, each.quote] = each

    def convert(self, amount: Decimal, currency: str, wanted: str) -> Converted | None:
        """Return an amount in another currency; None where no rate leads there.

        The pair's own rate goes before going through a third currency; of several such the one whose older
        rate is the newest.
        """
        if currency == wanted:
            return Converted(amount)
        way = self._way(currency, wanted)
        if way is None:
            return None
        here = currency
        for rate in way:
            amount = amount * rate.rate if rate.base == here else amount / rate.rate
            here = rate.quote if rate.base == here else rate.base
        return Converted(amount, way)

    def _way(self, one: str, other: str) -> tuple[Rate, ...] | None:
        if (pair := self._pair(one, other)) is not None:
            return (pair,)
        named = sorted({name for pair in self._of for name in pair} - {one, other})
        ways = [
            (first, second)
            for third in named
            if (first := self._pair(one, third)) is not None
            and (second := self._pair(third, other)) is not None
        ]
        return max(ways, key=lambda way: min(rate.day for rate in way), default=None)

    def _pair(self, one: str, other: str) -> Rate | None:
        """Return the rate between two currencies, whichever way it is told; of two the newer."""
        told = [rate for rate in (self._of.get((one, other)), self._of.get((other, one))) if rate is not None]
        return max(told, key=lambda rate: rate.day, default=None)
