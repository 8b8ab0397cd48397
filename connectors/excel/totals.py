"""A sheet's own totals: kept out of the records, held against them, and handed on as control totals."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final

from connectors.excel.fill import is_blank
from connectors.excel.package import address
from connectors.excel.words import normal

TOTAL: Final = re.compile(
    r"(grand |sub ?|overall |programme |portfolio |project )?(totals?|sum)( (of|for) .*| costs?| budget| [a-z]{3})?"
)
_WHOLE: Final = re.compile(
    r"(grand |overall |programme |portfolio )?(totals?|sum)( costs?| budget| [a-z]{3})?"
)
_GRAND: Final = re.compile(r"(grand|overall|programme|portfolio) .*")
_NEAR: Final = Decimal("0.01")  # totals are sums of binary fractions
_RELATIVE: Final = Decimal("1e-9")

Read = Callable[[Any, int], Any]


@dataclass(frozen=True, slots=True)
class Summed:
    """A column that may be summed up: which attribute it gives, and how its cells are read."""

    attribute: str
    index: int
    header: str
    read: Read


@dataclass(slots=True)
class _Total:
    row: int
    label: str
    said: dict[int, Decimal]  # column -> the sheet's own total
    above: dict[int, Decimal]  # column -> what the rows since the total before give
    through: dict[int, Decimal]  # column -> what all rows above give


@dataclass(slots=True)
class Totals:
    """Adds up what the rows of one table give, and holds it against the rows that say what they should."""

    columns: Sequence[Summed]
    sums: dict[int, Decimal] = field(default_factory=dict)
    since: dict[int, Decimal] = field(default_factory=dict)
    found: list[_Total] = field(default_factory=list)
    after: int = 0  # records since the last total

    def add(self, index: int, amount: Decimal) -> None:
        """Count one amount that a record holds."""
        self.sums[index] = self.sums.get(index, Decimal(0)) + amount
        self.since[index] = self.since.get(index, Decimal(0)) + amount
        self.after += 1

    def meet(self, number: int, row: Sequence[Any], label: str) -> None:
        """Take down what a total row says."""
        said: dict[int, Decimal] = {}
        for column in self.columns:
            if is_blank(row[column.index]):
                continue
            try:
                value = column.read(row[column.index], number)
            except ValueError:
                continue
            if value is not None:
                said[column.index] = Decimal(str(value))
        self.found.append(_Total(number, normal(label), said, self.since, dict(self.sums)))
        self.since, self.after = {}, 0

    def controls(self) -> dict[str, Decimal]:
        """Return what the sheet says the whole table sums up to, by attribute; nothing where it does not say so."""
        whole = self._whole()
        if whole is None:
            return {}
        found: dict[str, Decimal] = {}
        incomplete: set[str] = set()
        for column in self.columns:
            if column.index in whole:
                found[column.attribute] = found.get(column.attribute, Decimal(0)) + whole[column.index]
            elif self.sums.get(column.index):
                incomplete.add(column.attribute)
        return {name: total for name, total in found.items() if name not in incomplete}

    def _whole(self) -> Mapping[int, Decimal] | None:
        """Find the totals of the whole table: the last ones, those above all rows, or the sum of all groups'."""
        if not self.found or (self.after and (len(self.found) > 1 or self.found[0].through)):
            return None  # rows stand under the last total, so it leaves them out
        last, before = self.found[-1], self.found[:-1]
        if not before:
            return last.said if _WHOLE.fullmatch(last.label) else None
        if _GRAND.fullmatch(last.label) or (_WHOLE.fullmatch(last.label) and not last.above):
            return last.said
        if _WHOLE.fullmatch(last.label) and not all(_WHOLE.fullmatch(one.label) for one in before):
            return last.said
        if all(one.label == last.label for one in before):  # each sums its own group
            whole: dict[int, Decimal] = {}
            for one in self.found:
                for index, value in one.said.items():
                    whole[index] = whole.get(index, Decimal(0)) + value
            return whole
        return None

    def differences(self, where: Callable[[str], str]) -> list[str]:
        """Say of each total row that the rows above it do not give, by how much; a total of either span counts."""
        lines = []
        for number, one in enumerate(self.found):
            on_top = number == 0 and not one.through and len(self.found) == 1
            for column in self.columns:
                said = one.said.get(column.index)
                if said is None:
                    continue
                spans = [self.sums] if on_top else [one.above, one.through]
                given = [span.get(column.index, Decimal(0)) for span in spans]
                if not any(_near(said, value) for value in given):
                    lines.append(
                        f"{where(address(one.row, column.index))}: the sheet's own total of {column.header!r} is "
                        f"{said:f}, its rows give {given[-1]:f}; look for rows that were left out, or correct the total"
                    )
        return lines


def _near(said: Decimal, given: Decimal) -> bool:
    return abs(said - given) <= max(_NEAR, abs(said) * _RELATIVE)
