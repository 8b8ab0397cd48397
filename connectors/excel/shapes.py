"""How a column's dates are written, counted: for discovery, where an officer sees what an office does."""

import re
from collections import Counter
from collections.abc import Iterable
from datetime import date, datetime
from typing import Any, Final

from connectors.excel.dates import decide
from connectors.excel.fill import is_blank
from connectors.excel.words import clean, is_unknown

_ISO: Final = re.compile(r"^\d{4}[-/.]\d{1,2}[-/.]\d{1,2}(?=$|[T ,])")
_NUMBERS: Final = re.compile(r"^\d{1,2}([-/.])\d{1,2}\1(?:\d{4}|\d{2})(?=$|[T ,])")
_WORDS: Final = re.compile(
    r"^(?:\d{1,2}\S{0,3}[ \-./]+[^\W\d]{3,9}|[^\W\d]{3,9}\.?[ \-./]+\d{1,2}).*\d{2,4}$"
)
_TIME: Final = re.compile(r"[T ,]\d{1,2}[:.]\d{2}([:.]\d{2})?(?:[.,]\d+)? ?([AaPp])?")
_MOSTLY: Final = 2  # a column of dates has one in every second cell that is filled


def date_shapes(header: str, cells: Iterable[Any]) -> dict[str, int] | None:
    """Count the ways in which a column's dates are written, the most frequent first; None: it holds no dates.

    `iso` is a year first, `d/m/y` or `m/d/y` what the column's own texts prove, `date` a real date of Excel,
    `h:m` and `ap` a time with it, `blank` an empty cell and `other` one that is no date.
    """
    found = list(cells)
    texts = [("", cell) for cell in found if isinstance(cell, str) and not is_blank(cell)]
    order = decide(header, texts, None, from_1904=False).order
    counts = Counter(_shape(cell, order) for cell in found)
    filled = len(found) - counts["blank"]
    dates = filled - counts["other"]
    if not dates or dates * _MOSTLY < filled:
        return None
    return dict(counts.most_common())


def _shape(cell: Any, order: str | None) -> str:
    if is_blank(cell) or is_unknown(cell):
        return "blank"
    if isinstance(cell, datetime | date):
        return "date"
    if not isinstance(cell, str):
        return "other"
    text = clean(cell)
    if _ISO.match(text):
        return "iso"
    if numbers := _NUMBERS.match(text):
        parts = {"mdy": "m{0}d{0}y", "dmy": "d{0}m{0}y"}.get(order or "", "d{0}m{0}y or m{0}d{0}y")
        return parts.format(numbers[1]) + _time(text)
    return f"d month y{_time(text)}" if _WORDS.match(text) else "other"


def _time(text: str) -> str:
    found = _TIME.search(text)
    if found is None:
        return ""
    return f" h:m{':s' if found[1] else ''}{' ap' if found[2] else ''}"
