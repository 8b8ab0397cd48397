"""A cursor over a text that knows white space, names and literals, and says where something is wrong."""

import base64
import binascii
import json
import re
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, Final, NoReturn
from uuid import UUID

from api.odata.problems import Malformed, TooComplex, Unsupported
from api.odata.syntax.tree import Finer, Literal

DEEPEST: Final = 100  # levels of parentheses, brackets and functions inside each other
# An expression itself, and what stands behind an operator of each precedence, are levels of their own on top.
_OPERANDS: Final = 7
_SPACE: Final = re.compile(r"[ \t]*")
_NAME: Final = re.compile(r"[^\W\d]\w{0,127}")
_QUALIFIED: Final = re.compile(r"[^\W\d]\w{0,127}(?:\.[^\W\d]\w{0,127})*")
_STRING: Final = re.compile(r"'((?:[^']|'')*)'")
_JSON_STRING: Final = re.compile(r'"((?:[^"\\\x00-\x1f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*)"')
_END: Final = r"(?![\w.'])"
_GUID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}" + _END, re.IGNORECASE)
# A plus sign that a client forgot to encode arrives as a space.
_INSTANT: Final = re.compile(
    r"(-?\d{4,})-(\d\d)-(\d\d)T(\d\d):(\d\d)(?::(\d\d)(\.\d{1,12})?)?(?:(Z)|([+ -])(\d\d):(\d\d))" + _END,
    re.IGNORECASE,
)
_DATE: Final = re.compile(r"(-?\d{4,})-(\d\d)-(\d\d)" + _END)
_TIME: Final = re.compile(r"(\d\d):(\d\d)(?::(\d\d)(\.\d{1,12})?)?" + _END)
_NUMBER: Final = re.compile(r"[+-]?\d{1,400}(\.\d{1,400})?(e[+-]?\d{1,4})?" + _END, re.IGNORECASE)
_SPECIAL: Final = re.compile(r"(-?INF|NaN)" + _END)
_WORD: Final = re.compile(r"(null|true|false)" + _END, re.IGNORECASE)
_DURATION: Final = re.compile(
    r"([+-]?)P(?:(\d{1,9})D)?(?:T(?:(\d{1,9})H)?(?:(\d{1,9})M)?(?:(\d{1,9}(?:\.\d{1,12})?)S)?)?",
    re.IGNORECASE,
)
_BASE64: Final = re.compile(r"[A-Za-z0-9_-]*={0,2}")
_INT64: Final = 2**63


class Scanner:
    """A text and a place in it. `target` is what complaints call the text."""

    def __init__(self, text: str, target: str) -> None:
        self.text = text
        self.target = target
        self.at = 0
        self._depth = 0

    def fail(self, expected: str, at: int | None = None) -> NoReturn:
        """Complain.

        Raises:
            Malformed: With the place and what was expected there.
        """
        place = self.at if at is None else at
        found = self.text[place : place + 20]
        said = f"found {found!r}" if found else "it ends"
        raise Malformed(
            f"{self.target}, character {place + 1}: expected {expected}, {said}", target=self.target, at=place
        )

    def unsupported(self, what: str, at: int | None = None) -> NoReturn:
        """Say that something is right and not done here.

        Raises:
            Unsupported: With the place.
        """
        place = self.at if at is None else at
        raise Unsupported(f"{self.target}, character {place + 1}: {what}", target=self.target, at=place)

    def deeper(self) -> None:
        """Go one level down.

        Raises:
            TooComplex: There are too many levels.
        """
        self._depth += 1
        if self._depth > DEEPEST + _OPERANDS:
            raise TooComplex(
                f"{self.target}, character {self.at + 1}: more than {DEEPEST} levels inside each other",
                target=self.target, at=self.at,
            )  # fmt: skip

    def up(self) -> None:
        """Go one level up."""
        self._depth -= 1

    def done(self) -> bool:
        """Say whether nothing is left."""
        return self.at >= len(self.text)

    def space(self) -> bool:
        """Skip white space; say whether there was any."""
        end = _SPACE.match(self.text, self.at)
        before, self.at = self.at, end.end() if end else self.at
        return self.at > before

    def peek(self, what: str) -> bool:
        """Say whether a text stands here."""
        return self.text.startswith(what, self.at)

    def take(self, what: str) -> bool:
        """Go past a text if it stands here."""
        if self.text.startswith(what, self.at):
            self.at += len(what)
            return True
        return False

    def need(self, what: str) -> None:
        """Go past a text that must stand here.

        Raises:
            Malformed: It does not.
        """
        if not self.take(what):
            self.fail(f"{what!r}")

    def match(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        """Go past a pattern if it stands here."""
        found = pattern.match(self.text, self.at)
        if found is not None:
            self.at = found.end()
        return found

    def name(self) -> str | None:
        """Read a simple name."""
        found = self.match(_NAME)
        return found[0] if found else None

    def qualified(self) -> str | None:
        """Read a name that may be qualified."""
        found = self.match(_QUALIFIED)
        return found[0] if found else None

    def keyword(self, *words: str) -> str | None:
        """Go past one of some words, in any case, between white space or at the very end; nothing is read else."""
        before = self.at
        if self.space():
            found = self.name()
            if found is not None and found.lower() in words and (self.space() or self.done()):
                return found.lower()
        self.at = before
        return None

    def literal(self) -> Literal | None:
        """Read a primitive literal; None where none begins here."""
        return _literal(self)

    def json_string(self) -> str | None:
        """Read a string in quotation marks as JSON has it."""
        at = self.at
        found = self.match(_JSON_STRING)
        if found is None:
            return None
        text: str = json.loads(found[0])
        if any("\ud800" <= each <= "\udfff" for each in text):
            self.fail("both halves of a character that is written as two", at)
        return text

    def string(self) -> str | None:
        """Read a string in single quotes."""
        found = self.match(_STRING)
        return None if found is None else found[1].replace("''", "'")


def _literal(scanner: Scanner) -> Literal | None:
    at = scanner.at
    text = scanner.string()
    if text is not None:
        return Literal(at, "Edm.String", text)
    for pattern, made in _PATTERNS:
        found = scanner.match(pattern)
        if found is not None:
            type_, value = made(scanner, found, at)
            return Literal(at, type_, value)
    return _prefixed(scanner, at)


def _prefixed(scanner: Scanner, at: int) -> Literal | None:
    """Read a literal whose type stands before its quotes."""
    name = scanner.qualified()
    if name is None or not scanner.peek("'"):
        scanner.at = at
        return None
    text = scanner.string()
    if text is None:
        scanner.fail("a closing quote", len(scanner.text))
    kind = name.lower()
    if kind in ("geography", "geometry"):
        scanner.unsupported("positions and areas are not served here", at)
    if kind == "duration":
        try:
            return Literal(at, "Edm.Duration", duration(text))
        except (ValueError, OverflowError):
            scanner.fail("a duration", at)
    if kind == "binary":
        return Literal(at, "Edm.Binary", _binary(scanner, text, at))
    if "." not in name:
        scanner.fail("a type before the quotes", at)
    return Literal(at, name, text)


def duration(text: str) -> timedelta:
    """Read a duration such as P1DT2H.

    Raises:
        ValueError: It is none.
    """
    found = _DURATION.fullmatch(text)
    if found is None or not any(found.groups()[1:]):
        raise ValueError(f"{text!r} is no duration")
    sign, days, hours, minutes, seconds = found.groups()
    made = timedelta(
        days=int(days or 0), hours=int(hours or 0), minutes=int(minutes or 0), seconds=float(seconds or 0)
    )
    return -made if sign == "-" else made


def _binary(scanner: Scanner, text: str, at: int) -> bytes:
    if _BASE64.fullmatch(text) is None:
        scanner.fail("base64url", at)
    try:
        return base64.urlsafe_b64decode(text.rstrip("=") + "=" * (-len(text.rstrip("=")) % 4))
    except binascii.Error:
        scanner.fail("base64url", at)


def _guid(_scanner: Scanner, found: re.Match[str], _at: int) -> tuple[str, Any]:
    return "Edm.Guid", UUID(found[0])


def _instant(scanner: Scanner, found: re.Match[str], at: int) -> tuple[str, Any]:
    year, month, day, hour, minute, second, fraction, utc, sign, hours, minutes = found.groups()
    offset = timedelta(0) if utc else timedelta(hours=int(hours), minutes=int(minutes))
    try:
        kind = Finer if (fraction or "")[7:].strip("0") else datetime
        wall = kind(
            int(year), int(month), int(day), int(hour), int(minute), int(second or 0), _micro(fraction), UTC
        )
        return "Edm.DateTimeOffset", wall + offset if sign == "-" else wall - offset
    except (ValueError, OverflowError):
        scanner.fail("an instant of the years 1 to 9999", at)


def _date(scanner: Scanner, found: re.Match[str], at: int) -> tuple[str, Any]:
    try:
        return "Edm.Date", date(int(found[1]), int(found[2]), int(found[3]))
    except ValueError:
        scanner.fail("a day of the years 1 to 9999", at)


def _time(scanner: Scanner, found: re.Match[str], at: int) -> tuple[str, Any]:
    if (found[4] or "")[7:].strip("0"):
        scanner.fail("a time of day of at most six digits of a second", at)
    try:
        return "Edm.TimeOfDay", time(int(found[1]), int(found[2]), int(found[3] or 0), _micro(found[4]))
    except ValueError:
        scanner.fail("a time of day", at)


def _micro(fraction: str | None) -> int:
    return int((fraction or ".0")[1:7].ljust(6, "0"))


def _number(_scanner: Scanner, found: re.Match[str], _at: int) -> tuple[str, Any]:
    if found[2]:
        return "Edm.Double", float(found[0])
    if found[1] or not -_INT64 <= int(found[0]) < _INT64:
        return "Edm.Decimal", Decimal(found[0])
    return "Edm.Int64", int(found[0])


def _special(_scanner: Scanner, found: re.Match[str], _at: int) -> tuple[str, Any]:
    return "Edm.Double", float(found[0].lower())


def _word(_scanner: Scanner, found: re.Match[str], _at: int) -> tuple[str, Any]:
    word = found[0].lower()
    return ("null", None) if word == "null" else ("Edm.Boolean", word == "true")


_PATTERNS: Final = (
    (_WORD, _word), (_GUID, _guid), (_INSTANT, _instant), (_DATE, _date), (_TIME, _time), (_SPECIAL, _special),
    (_NUMBER, _number),
)  # fmt: skip
