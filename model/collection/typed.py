"""What people type, as the value an API client would send for it; and back."""

import math
import re
from decimal import Decimal
from typing import Any, Final

from model.collection.numbers import loads_exactly
from model.template.language import FieldRule

NUMBERS: Final = frozenset({"int", "number", "percent", "money"})
_TRIMMED: Final = NUMBERS | {"date", "period", "bool", "rag", "enum"}
_PLAIN: Final = re.compile(r"-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?")
# Groups are taken only where they cannot be decimals: 1,000 may be one or a thousand, 1,000,000 may not.
_GROUPED: Final = re.compile(r"-?\d{1,3}(( \d{3})+|(,\d{3}){2,}|(,\d{3})+(?=\.))(\.\d+)?")
_SPACES: Final = str.maketrans(dict.fromkeys("\u00a0\u2009\u202f", " ") | {"−": "-"})
_MOST: Final = 40  # digits and signs that a number may be written with
_YES_NO: Final = {"true": True, "yes": True, "false": False, "no": False}


def typed(rule: FieldRule, text: str) -> Any:
    """Read what was typed into a field.

    What cannot be read as the field's type stays as it was typed: it is then found invalid, and is not lost.
    A text is never trimmed or reworded; line ends become plain ones, as forms send them in another way.

    >>> from model.template.language import FieldRule
    >>> amount = FieldRule(id="cost", label="Cost", type="money", fill="ask")
    >>> typed(amount, "1 250 000.50"), typed(amount, "1,000"), typed(amount, " ")
    (1250000.5, '1,000', None)
    """
    text = plain(text)
    if not text.strip():
        return None
    if rule.type == "list_ref":
        return [part.strip() for part in text.split("\n") if part.strip()]
    if rule.type not in _TRIMMED:
        return text
    stripped = text.strip()
    if rule.type in NUMBERS:
        return _number(rule, stripped)
    if rule.type == "bool":
        return _YES_NO.get(stripped.casefold(), stripped)
    return stripped


def written(rule: FieldRule, value: Any) -> str:
    """Write a value as it would be typed into its field."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | tuple):
        return "\n".join(written(rule, part) for part in value)
    if isinstance(value, float) and value.is_integer() and abs(value) < 10**15:
        return str(int(value))
    return plain(str(value))


def plain(text: str) -> str:
    """Return a text with plain line ends."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _number(rule: FieldRule, text: str) -> Any:
    """Read a number as JSON would, from the notations that mean only one thing."""
    found = text.translate(_SPACES).removeprefix("+")
    if rule.type == "percent":
        found = found.removesuffix("%").rstrip()
    if _GROUPED.fullmatch(found):
        found = found.replace(" ", "").replace(",", "")
    if len(found) > _MOST or not _PLAIN.fullmatch(found):
        return text
    number = loads_exactly(found)
    if isinstance(number, Decimal):
        if rule.type == "money":
            return found  # as amounts travel: with every digit
        return number if math.isfinite(float(number)) else text
    return number
