"""Text as a spreadsheet may have it: nothing of it is run as a formula."""

import re
from typing import Any, Final

# What a spreadsheet takes for the beginning of a formula, also behind blanks and in the wide letters of East Asia.
_FORMULA: Final = re.compile(r"[\s\x00\ufeff]*[=+\-@＝＋－＠]|[\t\r\n]")  # noqa: RUF001 - these as well
# Where the list separator is no comma, a cell begins within a text as well.
_INSIDE: Final = re.compile(r'([;\t\r\n][ "]*)([=+@＝＋－＠-])')  # noqa: RUF001 - these as well


def harmless(value: Any) -> Any:
    """Return a value as a spreadsheet may have it: a text it would run as a formula gets an apostrophe."""
    if not isinstance(value, str):
        return value
    inside = _INSIDE.sub(r"\1'\2", value)
    return f"'{inside}" if _FORMULA.match(value) else inside
