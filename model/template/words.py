"""What is wrong with a template's shape, in the words of who writes templates."""

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
    "too_short": "must have at least one entry",
    "string_too_short": "must not be empty",
}
_LIKE: Final = {
    r"\S": "must not be empty",
    r"^(0|[1-9][0-9]*)(\.(0|[1-9][0-9]*)){2}$": "expected a version like 1.4.0",
}


def shape_complaints(error: ValidationError) -> Iterator[tuple[Path, str]]:
    """Go through what is wrong, each with its place in the file and nothing of how it was read."""
    for part in error.errors():
        yield tuple(step for step in part["loc"] if step != _OF_KEYS), _said(part)


def _said(part: ErrorDetails) -> str:
    pattern = part.get("ctx", {}).get("pattern")
    if pattern in _LIKE:
        return _LIKE[pattern]
    return _EXPECTED.get(part["type"]) or in_words(part)
