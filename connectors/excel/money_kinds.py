"""What the header of an amount says: its kind, its month, or both."""

import re
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any, Final

from connectors.excel.dates import is_month_name, month_of
from connectors.excel.words import clean, columns, normal

_AROUND: Final = " -\u2013:/()[]\n,"
_YEAR: Final = re.compile(r"\b(20\d{2})\b")


@dataclass(frozen=True, slots=True)
class Head:
    """`yearless`: it names a month, and nothing says of which year."""

    kind: str | None = None
    month: date | None = None
    yearless: bool = False


def head_of(raw: Any, header: str, group: str, year: int | None) -> Head | None:
    """Read a header, and what stands over it, as those of an amount; None when it is something else, as a total."""
    # The cell's own text: `header` may have been told apart from another of the same name.
    text = "" if isinstance(raw, date) else clean(raw if isinstance(raw, str) and raw else header)
    kind = kind_in(text)
    rest = _without_kind(text).strip(_AROUND)
    over = _YEAR.search(group)
    month = month_of(raw) or month_of(rest, year=int(over[1]) if over else year)
    if month is None and is_month_name(rest):
        return Head(kind, yearless=True)
    if month is None and (kind is None or rest.casefold() not in ("", "cost", "costs")):
        return None
    return Head(kind or kind_in(group), month)


def kind_in(text: str) -> str | None:
    """Return the one kind of money a text names; None when it names none or several."""
    known = _kind_words()
    words = normal(text)
    if words in known:
        return known[words]
    found = {known[word] for word in words.split() if word in known}
    return found.pop() if len(found) == 1 else None


@cache
def _kind_words() -> dict[str, str]:
    return {word: kind for kind, words in columns()["money_kinds"].items() for word in words}


def _without_kind(text: str) -> str:
    words = "|".join(sorted(map(re.escape, _kind_words()), key=len, reverse=True))
    return re.sub(rf"\b(?:{words})\b", " ", text, flags=re.IGNORECASE)
