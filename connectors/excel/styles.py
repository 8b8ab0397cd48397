"""What the styles of an .xlsx say of cells: percents, leading zeros, currencies, indents, fills."""

import re
from dataclasses import dataclass, field
from typing import Final
from xml.etree.ElementTree import Element

from connectors.excel.numbers import named_in

_ZEROS: Final = re.compile(r"^0{2,}$")
_QUOTED: Final = re.compile(r'"[^"]*"|\\.')
_LOCALE: Final = re.compile(r"\[\$([^\]-]*)(?:-([0-9A-Fa-f]+))?\]")  # [$€-407] shows €
_LOCALES: Final = {  # of a sign that several currencies have: [$$-409] is the dollar of the United States
    "$409": "USD", "$1009": "CAD", "$C0C": "CAD", "$C09": "AUD", "$1409": "NZD", "$C04": "HKD", "$4809": "SGD",
    "kr41D": "SEK", "kr414": "NOK", "kr814": "NOK", "kr406": "DKK", "kr40F": "ISK", "¥411": "JPY", "¥804": "CNY",
}  # fmt: skip
_PERCENT_FORMATS: Final = frozenset({9, 10})  # built in: 0% and 0.00%
_NO_FILL: Final = frozenset({"none", "gray125", ""})  # gray125 is the second fill that every workbook has


@dataclass(slots=True)
class Styles:
    """Style number, as the sheet's XML writes it -> what it shows."""

    percent: set[bytes] = field(default_factory=set)
    zeros: dict[bytes, int] = field(default_factory=dict)  # digits shown: 42 under "00000" reads 00042
    currency: dict[bytes, str] = field(default_factory=dict)
    indent: dict[bytes, int] = field(default_factory=dict)
    filled: set[bytes] = field(default_factory=set)

    def telling(self) -> list[bytes]:
        """Return the styles that say something of a filled cell."""
        return sorted({*self.percent, *self.zeros, *self.currency, *self.indent})


def local(part: Element) -> str:
    """Return an element's name without its namespace."""
    return part.tag.rpartition("}")[2] if isinstance(part.tag, str) else ""


def read_styles(root: Element) -> Styles:
    """Read `xl/styles.xml`."""
    styles = Styles()
    formats = {
        part.get("numFmtId"): part.get("formatCode", "") for part in root.iter() if local(part) == "numFmt"
    }
    fills = [_is_fill(fill) for part in root if local(part) == "fills" for fill in part]
    cell_formats = next((part for part in root if local(part) == "cellXfs"), None)
    for number, part in enumerate(cell_formats if cell_formats is not None else ()):
        _judge(styles, str(number).encode(), part, formats, fills)
    return styles


def _judge(
    styles: Styles, style: bytes, part: Element, formats: dict[str | None, str], fills: list[bool]
) -> None:
    given = part.get("numFmtId", "0")
    code = formats.get(given, "")
    if (given.isdigit() and int(given) in _PERCENT_FORMATS) or "%" in _QUOTED.sub("", code):
        styles.percent.add(style)
    elif _ZEROS.match(code):
        styles.zeros[style] = len(code)
    elif code and (currency := _currency(code)):
        styles.currency[style] = currency
    alignment = next((child for child in part if local(child) == "alignment"), None)
    if alignment is not None and (indent := alignment.get("indent", "0")).isdigit() and int(indent):
        styles.indent[style] = int(indent)
    fill = part.get("fillId", "0")
    if fill.isdigit() and int(fill) < len(fills) and fills[int(fill)]:
        styles.filled.add(style)


def _currency(code: str) -> str | None:
    """Return the currency a number format shows: its ISO code, or a sign that may be of several."""
    first = code.split(";", maxsplit=1)[0]
    shown = _LOCALE.sub(_of_locale, first).replace('"', " ").replace("\\", "")
    return named_in(shown)


def _of_locale(found: re.Match[str]) -> str:
    sign = found[1].strip().rstrip(".")
    return f" {_LOCALES.get(sign + (found[2] or '').upper().lstrip('0'), found[1])} "


def _is_fill(fill: Element) -> bool:
    """Tell whether a fill shows: a pattern other than none, or a gradient."""
    return any(
        local(part) == "gradientFill"
        or (local(part) == "patternFill" and part.get("patternType", "") not in _NO_FILL)
        for part in fill
    )
