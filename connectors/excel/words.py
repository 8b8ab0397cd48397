"""Text as people type it into cells: cleaned, compared, and known to mean nothing."""

import re
import unicodedata
from functools import lru_cache
from importlib import resources
from typing import Any, Final

import yaml

_INVISIBLE: Final = dict.fromkeys([0x200B, 0x200C, 0x200D, 0x2060, 0xFEFF, 0x00AD])
_SPACES: Final = {0x00A0: " ", 0x2007: " ", 0x202F: " ", 0x2009: " "}
_CLEANED: Final = _INVISIBLE | _SPACES
_ESCAPE: Final = re.compile(r"_x([0-9A-Fa-f]{4})_")
_PARENTHESES: Final = re.compile(r"\([^)]*\)|\[[^]]*\]")
_NOT_WORD: Final = re.compile(r"[^\w]+|_")
_LONGEST_CELL: Final = 40  # characters of a cell that says nothing, spaces around it included
# What offices write into a cell when they do not know.
UNKNOWN: Final = frozenset(
    {
        "",
        "-",
        "--",
        "\u2013",
        "\u2014",
        "?",
        "??",
        "tbc",
        "tbd",
        "tba",
        "n/a",
        "n.a.",
        "na",
        "#n/a",
        "none",
        "unknown",
    }
    | {"not known", "to be confirmed", "to be decided", "not applicable", "null"}
)
LONGEST_UNKNOWN: Final = max(map(len, UNKNOWN))


def clean(text: str) -> str:
    """Trim a text, hard and zero-width spaces included, and undo XML's escapes of control characters."""
    if "_x" in text:
        text = (
            _ESCAPE.sub(lambda found: chr(int(found[1], 16)), text).replace("\r\n", "\n").replace("\r", "\n")
        )
    return text.translate(_CLEANED).strip() if not text.isascii() else text.strip()


@lru_cache(maxsize=4096)
def normal(header: str) -> str:
    """Write a header so that only its words matter."""
    text = unicodedata.normalize("NFKC", clean(header)).casefold()
    text = text.replace("%", " percent ").replace("#", " no ").replace("&", " and ")
    return " ".join(_NOT_WORD.sub(" ", text).split())


def bare(header: str) -> str:
    """Write a header as `normal` does, without what stands in parentheses."""
    return normal(_PARENTHESES.sub(" ", header))


def is_unknown(value: Any) -> bool:
    """Tell whether a cell says nothing."""
    return isinstance(value, str) and len(value) < _LONGEST_CELL and clean(value).casefold() in UNKNOWN


@lru_cache(maxsize=1)
def columns() -> dict[str, dict[str, list[str]]]:
    """Return what columns are called: kind of sheet -> attribute -> headers in normal form, best first."""
    text = resources.files("connectors.excel").joinpath("columns.yaml").read_text(encoding="utf-8")
    loaded: dict[str, dict[str, list[str]]] = yaml.safe_load(text)
    return {
        kind: {attribute: [normal(str(header)) for header in headers] for attribute, headers in found.items()}
        for kind, found in loaded.items()
    }
