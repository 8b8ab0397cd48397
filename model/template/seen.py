"""What of a text can be seen: characters without a shape of their own are no content and have no length."""

import re
from typing import Final

# Classes as a regular expression writes them, alike in Python and in JSON Schema's dialect: what is blank, and
# what is controls, format and joining characters, fillers, and selectors of another character's shape.
BLANK: Final = r"\t-\r\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
UNSEEN: Final = (
    r"\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f"
    r"\u202a-\u202e\u2060-\u206f\u2800\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
_UNSEEN: Final = re.compile(f"[{UNSEEN}]+")
END: Final = r"(?![\s\S])"  # the text's own end; `$` is before a last line break too, in some dialects


def seen(text: str) -> str:
    """Return what can be seen of a text, without the blanks around it; for measuring, never for keeping.

    >>> len(seen(" a" + chr(0x200B) * 40)), seen(chr(0x200B) * 40)
    (1, '')
    """
    return text.strip() if text.isascii() and text.isprintable() else _UNSEEN.sub("", text).strip()


def of_length(least: int | None, most: int | None) -> list[str]:
    """Return patterns, all to be found in a text, that hold just where as many characters can be seen."""
    shown, other = f"[^{BLANK}{UNSEEN}]", f"(?:[{UNSEEN}]*[^{UNSEEN}])"
    last = f"[{UNSEEN}]*{shown}"
    found = []
    if least:
        found.append(shown if least == 1 else f"{shown}{other}{{{least - 2},}}{last}")
    if most is not None:
        around = f"[{BLANK}{UNSEEN}]*"
        inner = "" if most == 0 else f"(?:{shown})?"
        if most > 1:
            inner = f"(?:{shown}(?:{other}{{0,{most - 2}}}{last})?)?"
        found.append(f"^{around}{inner}{around}{END}")
    return found
