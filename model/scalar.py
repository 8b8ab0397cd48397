"""Where in a YAML file each character of a value stands, within quotes and folded lines too."""

import re
from typing import Final

Place = tuple[int, int]  # line and column, from 1
_ESCAPES: Final = {
    "0": "\0", "a": "\a", "b": "\b", "t": "\t", "\t": "\t", "n": "\n", "v": "\v", "f": "\f", "r": "\r", "e": "\x1b",
    " ": " ", '"': '"', "/": "/", "\\": "\\", "N": "\x85", "_": "\xa0", "L": "\u2028", "P": "\u2029",
}  # fmt: skip
_CODES: Final = {"x": 2, "u": 4, "U": 8}
_HEADER: Final = re.compile(r"[|>][0-9+-]*[^\n]*\n?")


def places(written: str, value: str, line: int, column: int) -> list[Place] | None:
    """Return the place of each character of `value`, and one for its end; None where they cannot be told.

    Args:
        written: The value as it stands in the file, quotes and all.
        value: What YAML makes of it.
        line: Where `written` begins, from 1.
        column: The same.
    """
    reading = _Reading(written, line, column)
    if written[:1] in ("'", '"'):
        found = reading.quoted(written[0])
    elif written[:1] in ("|", ">"):
        found = reading.block(folded=written[0] == ">")
    else:
        found = reading.plain()
    text = "".join(character for character, _ in found)
    if not text.startswith(value):  # what YAML made of it is something else than was understood here
        return None
    at = [place for _, place in found][: len(value)]
    return [*at, (at[-1][0], at[-1][1] + 1) if at else (line, column)]


class _Reading:
    """A walk over the written form, which knows the place of where it is."""

    def __init__(self, written: str, line: int, column: int) -> None:
        self._written = written
        self._at = 0
        self._line = line
        self._column = column

    def plain(self) -> list[tuple[str, Place]]:
        return self._flow("")

    def quoted(self, quote: str) -> list[tuple[str, Place]]:
        self._take()
        return self._flow(quote)

    def block(self, *, folded: bool) -> list[tuple[str, Place]]:
        header = _HEADER.match(self._written)
        for _ in header[0] if header else "":
            self._take()
        lines = self._written[self._at :].split("\n")
        indent = min((len(each) - len(each.lstrip(" ")) for each in lines if each.strip()), default=0)
        found: list[tuple[str, Place]] = []
        breaks: list[tuple[str, Place]] = []
        before = False  # whether the last line that was not empty may be joined with the next
        for number, each in enumerate(lines):
            text = each[indent:]
            line, column = self._line + number, indent + 1
            joins = folded and bool(text) and text[0] not in " \t"
            if text:
                if joins and before:
                    breaks = breaks[1:] or [(" ", breaks[0][1])]
                found += breaks
                breaks, before = [], joins
            found += [(one, (line, column + offset)) for offset, one in enumerate(text)]
            breaks.append(("\n", (line, column + len(text))))
        return found + breaks

    def _flow(self, quote: str) -> list[tuple[str, Place]]:
        found: list[tuple[str, Place]] = []
        while self._at < len(self._written):
            place = (self._line, self._column)
            character = self._take()
            if character == quote:
                if quote == '"' or self._peek() != "'":
                    break
                self._take()
            elif character == "\\" and quote == '"':
                character = self._escaped()
            elif character == "\n":
                while found and found[-1][0] in " \t" and found[-1][0]:
                    found.pop()
                character = self._broken()
            found += [(one, place) for one in character]
        return found

    def _broken(self) -> str:
        """Take a line break and the blanks after it: a space, or a break for each empty line."""
        empty = 0
        while self._peek() and self._peek() in " \t\n":
            empty += self._take() == "\n"
        return "\n" * empty or " "

    def _escaped(self) -> str:
        code = self._take()
        if code == "\n":
            while self._peek() and self._peek() in " \t":
                self._take()
            return ""
        if code in _CODES:
            return chr(int("".join(self._take() for _ in range(_CODES[code])), 16))
        return _ESCAPES.get(code, code)

    def _peek(self) -> str:
        return self._written[self._at : self._at + 1]

    def _take(self) -> str:
        character = self._written[self._at]
        self._at += 1
        if character == "\n":
            self._line, self._column = self._line + 1, 1
        else:
            self._column += 1
        return character
