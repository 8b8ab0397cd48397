"""What is wrong with a template's shape, in the words of who writes templates."""

from collections.abc import Iterator
from typing import Final

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from model.declaration import Path, in_words

_OF_KEYS: Final = "[key]"  # pydantic's mark for a key of a map, which its place names already
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


def shape_complaints(error: ValidationError) -> Iterator[tuple[Path, str]]:
    """Go through what is wrong, each with its place in the file and nothing of how it was read."""
    for part in error.errors():
        yield tuple(step for step in part["loc"] if step != _OF_KEYS), _said(part)


def _said(part: ErrorDetails) -> str:
    context = part.get("ctx", {})
    if (pattern := context.get("pattern")) in _LIKE:
        return _LIKE[pattern]
    return in_words(part)
