"""What holds for every row of a table that does not say otherwise."""

from collections.abc import Callable, Mapping
from typing import Any

from connectors.excel.cells import Json, text_of
from connectors.excel.columns import Column
from connectors.excel.dates import decide
from connectors.excel.layout import AMOUNTS, Layout
from connectors.excel.numbers import AMBIGUOUS_SIGNS, currency_of
from connectors.excel.preamble import Preamble
from connectors.excel.values import Reading


def said_for_all(
    layout: Layout,
    known: Mapping[str, Column],
    preamble: Preamble,
    reading: Reading,
    warn: Callable[[str, str], None],
) -> dict[str, tuple[Json, str | None]]:
    """Return attribute -> value and the cell it stands in, None where the configuration or a header says it."""
    found: dict[str, tuple[Json, str | None]] = {}
    if layout.holds != "projects" and layout.project:
        found["project_ref"] = (layout.project, None)
    money = layout.holds in AMOUNTS or layout.holds == "projects"
    if reading.currency and money:
        found["currency"] = (reading.currency, None)
    wanted = (
        *(("reported_on", "programme") if layout.holds == "projects" else ()),
        *(("currency",) if money else ()),
    )
    for name in wanted:
        if name in found or name in known or (said := preamble.meaning(name)) is None:
            continue
        try:
            value = _read(name, said.value, said.cell, layout)
        except ValueError as error:
            warn(said.cell, f"{error}; {name} stays unknown")
            continue
        if value is not None:
            found[name] = (value, said.cell)
    if "currency" in wanted and "currency" not in found and layout.currency:
        code = currency_of(layout.currency)
        found |= {"currency": (code, None)} if code else {}
    return found


def _read(name: str, value: Any, cell: str, layout: Layout) -> Json:
    if name == "currency":
        if layout.currency in AMBIGUOUS_SIGNS:
            raise ValueError(
                f"{value!r} may be {', '.join(AMBIGUOUS_SIGNS[layout.currency])}; write the ISO code there, or set "
                "currency in the source"
            )
        return layout.currency
    if name != "reported_on":
        return text_of(value)
    day = decide(name, [(cell, value)], layout.date_order, from_1904=False).read(value)
    return day.isoformat() if day is not None else None
