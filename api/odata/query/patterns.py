r"""Patterns as OData has them, which are ECMAScript's, as PostgreSQL reads them (its advanced regular expressions).

The two mean different things by some of the same characters: `\b` is the edge of a word to the one and a backspace to
the other. What is known to mean the same is taken as it is, what can be said otherwise is; whatever else is refused,
since it would find other rows.
"""

from typing import Final


class Untranslated(ValueError):
    """PostgreSQL has no words for a part of a pattern; the message says which."""


class NoPattern(ValueError):
    """It is no pattern at all; the message says where it fails."""


_DIGIT: Final = "0-9"
_WORD: Final = "A-Za-z0-9_"
_SPACE: Final = (
    r"\t\n\v\f\r \u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    r"\u2028\u2029\u202f\u205f\u3000\ufeff"
)
_CLASSES: Final = {"d": _DIGIT, "w": _WORD, "s": _SPACE}
_EDGE: Final = f"(?:(?<=[{_WORD}])(?![{_WORD}])|(?<![{_WORD}])(?=[{_WORD}]))"
_NO_EDGE: Final = f"(?:(?<=[{_WORD}])(?=[{_WORD}])|(?<![{_WORD}])(?![{_WORD}]))"
_ANY: Final = r"[^\n\r\u2028\u2029]"
_SAME: Final = frozenset("tnvfr")  # escapes of one character
_GROUPS: Final = ("?:", "?=", "?!", "?<=", "?<!")
_HEX: Final = {"x": 2, "u": 4}  # escapes of a character by its number, and their digits


def translated(pattern: str) -> str:
    """Return a pattern of ECMAScript as one of PostgreSQL.

    Raises:
        NoPattern: It is none.
        Untranslated: There is none that finds the same.
    """
    return _Reading(pattern).whole()


class _Reading:
    def __init__(self, pattern: str) -> None:
        self._text = pattern
        self._at = 0

    def whole(self) -> str:
        parts: list[str] = []
        begins = True  # of an alternative: nothing stands here that could be repeated
        while self._at < len(self._text):
            character = self._text[self._at]
            if begins and character in "*+?":
                raise NoPattern(f"nothing to repeat before {character}")
            begins = character in "(|"
            parts.append(self._part(character))
        return "".join(parts)

    def _part(self, character: str) -> str:
        if character == "\\":
            return self._escape()
        if character == "[":
            return self._set()
        if character == "(":
            return self._group()
        self._at += 1
        return _ANY if character == "." else character

    def _group(self) -> str:
        behind = self._text[self._at + 1 : self._at + 4]
        kind = next((each for each in _GROUPS if behind.startswith(each)), "")
        if behind.startswith("?") and not kind:
            raise Untranslated(f"({behind[:2]} is not done here")
        self._at += 1 + len(kind)
        return f"({kind}"

    def _escape(self) -> str:
        name = self._escaped()
        if name in ("b", "B"):
            return _EDGE if name == "b" else _NO_EDGE
        if name.lower() in _CLASSES:
            return f"[{'^' if name.isupper() else ''}{_CLASSES[name.lower()]}]"
        return self._character(name)

    def _escaped(self) -> str:
        """Go behind a backslash and what it escapes; return the latter."""
        name = self._text[self._at + 1 : self._at + 2]
        if not name:
            raise NoPattern("a backslash stands at the end")
        self._at += 2
        return name

    def _character(self, name: str) -> str:
        """Return an escape that stands for one character."""
        if name in _SAME:
            return f"\\{name}"
        if name in _HEX:
            digits = self._text[self._at : self._at + _HEX[name]]
            if (
                len(digits) != _HEX[name]
                or not set(digits) <= set("0123456789abcdefABCDEF")
                or not int(digits, 16)
            ):
                raise Untranslated(f"\\{name}{digits} is not done here")
            self._at += _HEX[name]
            return f"\\u{int(digits, 16):04x}"
        if name.isalnum() or name == "_":
            raise Untranslated(f"\\{name} is not done here")
        return f"\\{name}"

    def _set(self) -> str:
        """Read characters in brackets."""
        self._at += 1
        negated = self._text[self._at : self._at + 1] == "^"
        self._at += negated
        parts: list[str] = []
        others: list[str] = []  # whatever is not of a class
        many = False  # whether what stood last is more than one character, and begins no range
        while (character := self._text[self._at : self._at + 1]) != "]":
            if not character:
                raise NoPattern("a bracket is not closed")
            if character == "-" and (many or self._is_many(self._at + 1)):
                self._at += 1
                parts.append("\\-")
                continue
            many = self._is_many(self._at)
            if many and self._text[self._at + 1].isupper():
                others.append(f"[^{_CLASSES[self._escaped().lower()]}]")
            else:
                parts.append(self._in_set(character))
        self._at += 1
        return _in_brackets("".join(parts), others, negated=negated)

    def _is_many(self, at: int) -> bool:
        return self._text[at : at + 1] == "\\" and self._text[at + 1 : at + 2] in tuple("dwsDWS")

    def _in_set(self, character: str) -> str:
        if character != "\\":
            self._at += 1
            return f"\\{character}" if character == "[" else character
        name = self._escaped()
        if name == "b":
            return r"\u0008"
        if name in _CLASSES:
            return _CLASSES[name]
        return self._character(name)


def _in_brackets(parts: str, others: list[str], *, negated: bool) -> str:
    """Return one character of a set, or one that is not of it; PostgreSQL has no `others` inside brackets."""
    if not parts and not others:
        raise Untranslated("brackets with nothing in them are not done here")
    if not others:
        return f"[{'^' if negated else ''}{parts}]"
    either = "|".join([*([f"[{parts}]"] if parts else []), *others])
    return f"(?:(?!{either}).)" if negated else f"(?:{either})"
