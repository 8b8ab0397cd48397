"""What is wrong with a template's shape, in the words of who writes templates."""

import re
from collections.abc import Iterator
from typing import Final

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from model.declaration import Path, in_words

_OF_KEYS: Final = "[key]"  # pydantic's mark for a key of a map, which its place names already
_EXPECTED: Final = {
    "tuple_type": "expected a list",
    "list_type": "expected a list",
    "dict_type": "expected a map of settings",
    "mapping_type": "expected a map of settings",
    "model_type": "expected a map of settings",
    "model_attributes_type": "expected a map of settings",
    "string_type": "expected a text; put it between quotes",
    "int_type": "expected a whole number",
    "int_parsing": "expected a whole number",
    "int_from_float": "expected a whole number",
    "float_type": "expected a number",
    "float_parsing": "expected a number",
    "bool_type": "expected true or false",
    "bool_parsing": "expected true or false",
    "date_type": "expected a date like 2025-06-30",
    "date_parsing": "expected a date like 2025-06-30",
    "date_from_datetime_parsing": "expected a date like 2025-06-30",
    "date_from_datetime_inexact": "expected a date like 2025-06-30",
    "finite_number": "expected a number",
    "too_short": "must have at least one entry",
    "string_too_short": "must not be empty",
}
_LIKE: Final = {
    r"^[a-z][a-z0-9_]*$": "expected a name of small letters, digits and _ that begins with a letter: spent_so_far",
    r"^[a-z][a-z0-9-]*$": "expected a name of small letters, digits and - that begins with a letter: site-report",
    r"^[A-Z][A-Z0-9_]*$": "expected a name of capitals, digits and _ that begins with a letter: C04",
    r"^[A-Za-z0-9][A-Za-z0-9._-]*$": "expected a reference of letters, digits, dots, - and _: G-01",
    r"^computed\.[a-z_]+$": "expected a computed colour: computed.schedule",
    r"^(period_end|open|due)( [+-] (P\d+[DW]|\d+WD))?$": "expected a moment: period_end - P2D, due + 5WD",
    r"^(period( [+-] \d{1,2})?|year)$": "expected period, period + 1, period - 3 or year",
    r"\S": "must not be empty",
    r"^(0|[1-9][0-9]*)(\.(0|[1-9][0-9]*)){2}$": "expected a version like 1.4.0",
}


_QUOTED: Final = re.compile(r"'([^']*)'")
_LIMITS: Final = {
    "greater_than_equal": ("ge", "must be at least {}"),
    "greater_than": ("gt", "must be more than {}"),
    "less_than_equal": ("le", "must be at most {}"),
    "less_than": ("lt", "must be less than {}"),
    "string_too_long": ("max_length", "must have at most {} characters"),
}


def shape_complaints(error: ValidationError) -> Iterator[tuple[Path, str]]:
    """Go through what is wrong, each with its place in the file and nothing of how it was read."""
    for part in error.errors():
        yield tuple(step for step in part["loc"] if step != _OF_KEYS), _said(part)


def _said(part: ErrorDetails) -> str:
    context = part.get("ctx", {})
    if (pattern := context.get("pattern")) in _LIKE:
        return _LIKE[pattern]
    if part["type"] == "literal_error":
        choices = _QUOTED.findall(str(context.get("expected")))
        return f"expected {'one of ' if len(choices) > 1 else ''}{', '.join(choices)}"
    if part["type"] in _LIMITS:
        name, words = _LIMITS[part["type"]]
        limit = context.get(name)
        return words.format(f"{limit:,.10g}" if isinstance(limit, float) else limit)
    return _EXPECTED.get(part["type"]) or in_words(part)
