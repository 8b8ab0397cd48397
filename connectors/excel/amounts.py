"""The currency of rows that have one each: a RAID item's, a contract's, a benefit's."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from connectors.excel.cells import Json
from connectors.excel.columns import Column
from connectors.excel.layout import AMOUNTS, Holds
from connectors.excel.values import Reading

_ISO: Final = re.compile(r"[A-Z]{3}")


def own_currency(
    holds: Holds,
    values: dict[str, Json],
    reading: Reading,
    known: Mapping[str, Column],
    row: Sequence[Any],
    number: int,
) -> dict[str, str]:
    """Give a row the currency of its amounts; returns those that are in another than the first, by why.

    Amounts in several currencies are no amounts of one record: none of them is kept.
    """
    given = {
        name: own
        for name in AMOUNTS[holds]
        if name in values and (own := reading.currency_of(name, row[known[name].index], number))
    }
    found = sorted(set(given.values()))
    if len(found) == 1:
        values["currency"] = found[0]
    if len(found) <= 1:
        return {}
    for name in given:
        del values[name]
    why = f"one row has amounts in {' and '.join(found)}; write them in one currency"
    return dict.fromkeys(given, why)


def settle_unit(values: dict[str, Json], cells: dict[str, str]) -> None:
    """A unit that is a currency is one; what is counted in any other unit is no money."""
    unit = values.get("unit")
    if unit is None:
        return
    if _ISO.fullmatch(unit):
        if "currency" not in cells:  # what its own cell says goes before what holds for all rows
            values["currency"], cells["currency"] = unit, cells["unit"]
        del values["unit"], cells["unit"]
    else:
        values.pop("currency", None)
        cells.pop("currency", None)
