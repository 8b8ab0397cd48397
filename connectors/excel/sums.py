"""Rows of a cost sheet that only sum up the rows indented under them."""

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Final

from connectors.excel.package import address
from connectors.excel.rows import Sheet

_CENT: Final = Decimal("0.01")


def find_sums(
    sheet: Sheet,
    amounts: Sequence[int],
    value: Callable[[int, int], Decimal | None],
    left_out: Callable[[int], str | None],
) -> frozenset[int]:
    """Return the rows that only sum up those under them; of the others it is said that they do not.

    Args:
        sheet: The sheet; its hierarchy tells which row stands under which.
        amounts: The columns of amounts.
        value: Reads the amount in a row and a column.
        left_out: Names the rule that leaves a row out.
    """
    below: dict[int, dict[int, Decimal]] = {head: {} for head in sheet.hierarchy.heads}
    own: dict[int, dict[int, Decimal]] = {}
    for number in range(sheet.first, sheet.end()):
        if left_out(number) is not None:
            continue
        own[number] = {index: found for index in amounts if (found := value(number, index)) is not None}
        if number in below:
            continue
        for above in sheet.hierarchy.parents.get(number, ()):
            for index, found in own[number].items():
                below[above][index] = below[above].get(index, Decimal(0)) + found
    sums = set()
    for head, under in below.items():
        said = own.get(head, {})
        if said and all(abs(under.get(index, Decimal(0)) - found) < _CENT for index, found in said.items()):
            sums.add(head)
        elif said:
            sheet.warnings.add(
                f"{sheet.where(address(head, amounts[0]))}: row {head + 1} has rows under it by "
                f"{sheet.hierarchy.said_by}, but is not their sum, so both were read"
            )
    return frozenset(sums)
