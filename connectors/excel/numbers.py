"""Numbers as cells hold them: real ones, and texts with spaces, commas, currency signs and brackets."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from connectors.excel.words import clean, is_unknown
from model.exact import MOST_DIGITS

CURRENCY_SIGNS: Final = {
    "£": "GBP", "€": "EUR", "₹": "INR", "zł": "PLN", "Kč": "CZK", "US$": "USD", "A$": "AUD", "AU$": "AUD",
    "C$": "CAD", "CA$": "CAD", "NZ$": "NZD", "HK$": "HKD", "S$": "SGD", "R$": "BRL",
}  # fmt: skip
AMBIGUOUS_SIGNS: Final = {  # sign -> the currencies it may stand for, ISO 4217, the most used first
    "$": ("USD", "CAD", "AUD", "NZD", "HKD", "SGD", "MXN", "CLP", "COP", "ARS", "TWD"),
    "kr": ("SEK", "NOK", "DKK", "ISK"),
    "¥": ("JPY", "CNY"),
}
_CURRENCY: Final = re.compile(
    r"(?:US|AU|CA|NZ|HK|[ACSR])\$|£|€|¥|\$|₹|zł|Kč|(?<![^\W\d])[Kk][Rr]\b|\b(?:GBP|EUR|USD|CHF|SEK|NOK|DKK|PLN|JPY|AUD|CAD|NZD|INR|CZK|HUF|ZAR|HKD|SGD|MXN|BRL|CNY|ISK|CLP|COP|ARS|TWD)\b"
)
_SUFFIX: Final = re.compile(r"(?<=\d)\s*(k|m|mn|mio|bn|million|thousand|billion)\.?$", re.IGNORECASE)
_SCALES: Final = {
    "k": 1000, "thousand": 1000, "m": 1_000_000, "mn": 1_000_000, "mio": 1_000_000, "million": 1_000_000,
    "bn": 1_000_000_000, "billion": 1_000_000_000,
}  # fmt: skip
_SCALE_WORD: Final = r"['\u2019]?(k|000s?|thousands?|mn?|mio|millions?)"
_MONEY_WORD: Final = r"(?:[£€$]|gbp|eur|usd)"
_HEADER_SCALE: Final = re.compile(
    rf"[(\[]\s*(?:in\s+)?{_MONEY_WORD}?\s*{_SCALE_WORD}\s*{_MONEY_WORD}?\s*[)\]]|{_MONEY_WORD}\s?{_SCALE_WORD}\b|\bin\s+(thousands|millions)\b",
    re.IGNORECASE,
)
_DIGITS: Final = re.compile(r"^[+-]?[\d.,' ]*\d[\d.,' ]*$")
_GROUPED: Final = re.compile(r"^[+-]?\d{1,3}([.,' ])\d{3}(?:\1\d{3})*$")
_ONE_GROUP: Final = 7  # characters of 123.456, which may be a thousand or a decimal
_COMMA_DECIMAL: Final = re.compile(r"\d,\d{1,2}$|\d,\d{4,}$|\.\d{3},\d|\d\.\d{3}\.\d{3}")
_POINT_DECIMAL: Final = re.compile(r"\d\.\d{1,2}$|\d\.\d{4,}$|,\d{3}\.\d|\d,\d{3},\d{3}")
# Digits, or groups of three with one mark between them, and at most one decimal mark, the last.
_NOTATIONS: Final = {
    ".": re.compile(r"[+-]? ?(?:\d{1,3}([,' ])\d{3}(?:\1\d{3})*|\d+)(?:\.\d*)?|[+-]? ?\.\d+"),
    ",": re.compile(r"[+-]? ?(?:\d{1,3}([.' ])\d{3}(?:\1\d{3})*|\d+)(?:,\d*)?|[+-]? ?,\d+"),
}
_WRITTEN: Final = {".": "1,234.56", ",": "1.234,56"}


class NotANumber(ValueError):
    """A text is no number; the message says so."""


@dataclass(slots=True)
class NumberColumn:
    """How one column's number texts are read; `scale` is what its header says, e.g. 1000 for `(£k)`."""

    header: str = ""
    decimal: str = "."
    both: bool = False  # some texts prove a decimal point, some a decimal comma
    scale: int = 1
    shares: bool = False  # percents without a percent sign, written 0 to 1
    currency: str | None = None
    notes: list[str] = field(default_factory=list)

    def read(self, value: Any) -> Decimal | None:
        """Return a cell's number, scaled; None when it says nothing.

        Raises:
            NotANumber: With the reason.
        """
        found = self._read(value)
        if found and found.is_finite() and found.adjusted() >= MOST_DIGITS:
            raise NotANumber(
                f"a number of {found.adjusted() + 1} digits before the point; expected at most {MOST_DIGITS}, so "
                "correct the cell"
            )
        return found

    def _read(self, value: Any) -> Decimal | None:
        if isinstance(value, bool):
            raise NotANumber(f"{value!s} is no number")
        if isinstance(value, int | float):
            try:
                return Decimal(repr(value)) * self.scale if self.scale != 1 else Decimal(repr(value))
            except InvalidOperation:
                raise NotANumber(f"{value!s} is no number") from None
        if not isinstance(value, str):
            raise NotANumber(f"{value!s} is no number")
        text = clean(value)
        if is_unknown(text):
            return None
        number, scaled = self._text(text)
        return number if scaled else number * self.scale

    def _text(self, text: str) -> tuple[Decimal, bool]:
        """Read a text, and say whether it brought its own scale, as `2.4m` does."""
        bare = _CURRENCY.sub("", text).strip()
        negative = bare.startswith("(") and bare.endswith(")")
        bare = bare.strip("()").strip() if negative else bare
        bare = bare.replace("\u2212", "-")
        if bare.endswith("-") and bare[:-1].strip()[-1:].isdigit():
            negative, bare = True, bare[:-1].strip()
        suffix = _SUFFIX.search(bare)
        bare = bare[: suffix.start()] if suffix else bare
        if not _DIGITS.match(bare):
            raise NotANumber(f"{text!r} is no number")
        self._check_notation(text, bare)
        other = "," if self.decimal == "." else "."
        digits = bare.replace(" ", "").replace("'", "").replace(other, "").replace(self.decimal, ".")
        try:
            number = Decimal(digits)
        except InvalidOperation:
            raise NotANumber(f"{text!r} is no number") from None
        number *= _SCALES[suffix[1].casefold()] if suffix else 1
        return (-number if negative else number), suffix is not None

    def _check_notation(self, text: str, bare: str) -> None:
        """Refuse digits that are no number as their column writes them, however well they are one elsewhere."""
        if not _NOTATIONS[self.decimal].fullmatch(bare):
            raise NotANumber(
                f"{text!r} is no number as this column is read, {_WRITTEN[self.decimal]}: thousands in threes, one "
                "decimal mark, the last; write it like the others, or set decimal"
            )
        if self.both and (grouped := _GROUPED.match(bare)) and grouped[1] in ".,":
            raise NotANumber(
                f"{text!r} may be a thousand or a decimal: the column has decimal points and decimal commas, so it "
                "is no number without doubt; set decimal"
            )


def decide(header: str, cells: Iterable[tuple[str, Any]], given: str | None) -> NumberColumn:
    """Decide a column's decimal sign on what its texts prove, and its scale and currency on its header."""
    column = NumberColumn(header, given or ".")
    if scale := scale_in(header):
        column.scale = scale
        column.notes.append(
            f"column {header!r}: its numbers were multiplied by {column.scale:,}, as its header says"
        )
    column.currency = currency_of(header)
    if given is None:
        _judge(column, header, cells)
    return column


def scale_in(text: str) -> int | None:
    """Return 1000 or 1,000,000 where a header or a title says so, as `Budget (£k)` does."""
    found = _HEADER_SCALE.search(text)
    if found is None:
        return None
    return 1_000_000 if next(filter(None, found.groups())).casefold().startswith("m") else 1000


def _judge(column: NumberColumn, header: str, cells: Iterable[tuple[str, Any]]) -> None:
    """Look for texts that only one decimal sign explains, and say when there are some for both or for none."""
    commas, points, either = [], [], []
    for cell, value in cells:
        if not isinstance(value, str) or not value:
            continue
        text = _SUFFIX.sub("", _CURRENCY.sub("", clean(value)).strip("() %+-\u2212"))
        if _COMMA_DECIMAL.search(text):
            commas.append(cell)
        elif _POINT_DECIMAL.search(text):
            points.append(cell)
        elif len(text) <= _ONE_GROUP and (grouped := _GROUPED.match(text)) and grouped[1] in ".,":
            either.append(cell)
    if commas and points:
        column.both = True
        column.notes.append(
            f"column {header!r}: decimal commas ({commas[0]}) and decimal points ({points[0]}) side by side; "
            "points were taken as decimal and what is no number then was left unknown. Set decimal"
        )
    elif commas:
        column.decimal = ","
    elif either and not points:
        column.notes.append(
            f"column {header!r}: {either[0]} could be a thousand or a decimal; commas were read as thousands "
            'and points as decimals. Set decimal: "," or "."'
        )


def currency_of(text: str) -> str | None:
    """Return the ISO 4217 code a text names without doubt; `$` alone names several."""
    found = named_in(text)
    return None if found in AMBIGUOUS_SIGNS else found


def named_in(text: str) -> str | None:
    """Return the currency a text names: its ISO 4217 code, or a sign such as `$` that may be of several."""
    found = _CURRENCY.search(text)
    if found is None:
        return None
    sign = found[0].casefold() if found[0].casefold() == "kr" else found[0]
    return CURRENCY_SIGNS.get(sign, sign)
