"""Plain: values as a person at a terminal reads them, and documents as JSON."""

import sys
from typing import Any, Final

import orjson

from sync.json import encoded

_LARGE: Final = 10_000  # from which a short form would lose digits


def print_json(document: Any) -> None:
    """Print a document as indented JSON."""
    sys.stdout.write(encoded(document, option=orjson.OPT_INDENT_2).decode() + "\n")


def plainly(value: Any, name: str = "") -> str:
    """Write a value as a person reads it: health to a tenth, other numbers to a hundredth, None as unknown."""
    if value is None:
        return "unknown"
    if isinstance(value, float):
        return (
            f"{value:.1f}"
            if name == "health"
            else f"{round(value, 2):g}"
            if abs(value) < _LARGE
            else f"{value:.2f}"
        )
    if isinstance(value, dict):
        return ", ".join(f"{key}: {plainly(part, str(key))}" for key, part in value.items()) or "none"
    if isinstance(value, list):
        return ", ".join(plainly(part) for part in value) or "none"
    return str(value)
