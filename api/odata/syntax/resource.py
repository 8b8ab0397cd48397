"""The path of a URL, from the service's root to the question mark (URL conventions 4)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote

from api.odata.problems import TooComplex
from api.odata.syntax.expression import Expressions
from api.odata.syntax.options import nested_count
from api.odata.syntax.scanner import Scanner
from api.odata.syntax.tree import Expression, Identifier, Node

MOST_SEGMENTS: Final = 50
_SYSTEM: Final = (
    "$metadata", "$batch", "$count", "$ref", "$value", "$query", "$all", "$each", "$entity", "$root", "$it",
)  # fmt: skip
_SET: Final = re.compile(r"[^\W\d][\w.]*")


@dataclass(frozen=True, slots=True)
class System(Node):
    """A segment with a dollar sign: `$count`, `$ref`, `$value`, `$metadata` and so on."""

    name: str


@dataclass(frozen=True, slots=True)
class Filtered(Node):
    """A segment `/$filter(…)`."""

    condition: Expression


@dataclass(frozen=True, slots=True)
class Crossed(Node):
    """`$crossjoin(A,B)`."""

    sets: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Plain(Node):
    """A segment that is no name: a key on its own, as in Orders/1."""

    text: str


@dataclass(frozen=True, slots=True)
class Key(Node):
    """A key behind a function's arguments, as in `Best(Size=3)(2)`."""

    arguments: tuple[tuple[str | None, Expression], ...]


Segment = Identifier | Key | System | Filtered | Crossed | Plain


def path(text: str) -> tuple[Segment, ...]:
    """Read a path as it was sent, still encoded, without the service's root.

    Raises:
        Malformed: With the place in the decoded segment.
        TooComplex: It has more segments than are taken.
    """
    segments = text.strip("/").split("/") if text.strip("/") else []
    if len(segments) > MOST_SEGMENTS:
        raise TooComplex(f"the path has more than {MOST_SEGMENTS} segments", target="path")
    return tuple(segment for each in segments for segment in _segments(unquote(each)))


def _segments(text: str) -> tuple[Segment, ...]:
    """Read what stands between two slashes: one segment, or a function and a key of its result."""
    scanner = Scanner(text, "path")
    found = _segment(scanner)
    if scanner.done():
        return (found,)
    if not isinstance(found, Identifier) or found.arguments is None or not scanner.peek("("):
        scanner.fail("the end of the segment")
    at = scanner.at
    arguments = Expressions(scanner, nested_count).arguments(named=True)
    return (found, Key(at, arguments)) if scanner.done() else scanner.fail("the end of the segment")


def _segment(scanner: Scanner) -> Segment:
    text = scanner.text
    if scanner.take("$crossjoin("):
        return _crossed(scanner)
    if scanner.take("$filter("):
        scanner.space()
        condition = Expressions(scanner, nested_count).expression()
        scanner.space()
        scanner.need(")")
        return Filtered(0, condition)
    if text.startswith("$"):
        if text not in _SYSTEM:
            scanner.fail(f"one of {', '.join(_SYSTEM)}, $filter(…) or $crossjoin(…)")
        scanner.at = len(text)
        return System(0, text)
    named = scanner.match(_SET) is not None and (scanner.done() or scanner.peek("("))
    scanner.at = 0
    if not named:
        if not text or "(" in text or text.startswith("."):
            scanner.fail("a name")
        scanner.at = len(text)
        return Plain(0, text)
    step = Expressions(scanner, nested_count).step()
    return step if isinstance(step, Identifier) else scanner.fail("a name", 0)


def _crossed(scanner: Scanner) -> Crossed:
    sets = [scanner.name() or scanner.fail("an entity set")]
    while scanner.take(","):
        sets.append(scanner.name() or scanner.fail("an entity set"))
    scanner.need(")")
    return Crossed(0, tuple(sets))
