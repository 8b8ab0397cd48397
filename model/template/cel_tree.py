"""A CEL expression as a tree, each part with its place in the text.

The binding parses and gives the tree as a message in protobuf's wire format (cel.expr.ParsedExpr, published
with the CEL specification), of which this reads what a type check needs.
"""
# ruff: noqa: PLR2004  the numbers are those of the published messages' fields

import re
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from cel_expr_python import cel

_COMPLAINT: Final = re.compile(r"ERROR: <input>:(\d+):(\d+): (.*)")
_PARSER: Final = cel.NewEnv()
Field = tuple[int, Any]  # number, and an integer or bytes


@dataclass(frozen=True, slots=True)
class Literal:
    """A value written out."""

    at: int
    value: Any


@dataclass(frozen=True, slots=True)
class Name:
    """A variable."""

    at: int
    name: str


@dataclass(frozen=True, slots=True)
class Select:
    """`operand.field`, or `has(operand.field)`."""

    at: int
    operand: "Node"
    field: str
    has: bool


@dataclass(frozen=True, slots=True)
class Call:
    """An operator (`_>_`) or a function; `target` is what a method is called on."""

    at: int
    function: str
    target: "Node | None"
    arguments: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class ListOf:
    """`[a, b]`."""

    at: int
    parts: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class MapOf:
    """`{a: b}`, or a message (`Name{…}`), of which only the parts are kept."""

    at: int
    entries: tuple[tuple["Node | None", "Node"], ...]


@dataclass(frozen=True, slots=True)
class Fold:
    """What all, exists, exists_one, filter and map become: a walk over a list or a map's keys."""

    at: int
    variable: str
    over: "Node"
    result_name: str
    start: "Node"
    condition: "Node"
    step: "Node"
    result: "Node"


Node = Literal | Name | Select | Call | ListOf | MapOf | Fold


class SyntaxComplaints(ValueError):
    """An expression is no CEL; `complaints` are offsets in the text with what is wrong there."""

    def __init__(self, complaints: list[tuple[int, str]]) -> None:
        self.complaints = complaints
        super().__init__("; ".join(what for _, what in complaints))


def parse(source: str) -> Node:
    """Parse an expression.

    Raises:
        SyntaxComplaints: With all that the parser found.
    """
    try:
        message = bytes(_PARSER.compile(source, disable_check=True).serialize())
    except RuntimeError as error:
        raise SyntaxComplaints(list(complaints(source, str(error)))) from None
    except TypeError:  # the binding takes no half characters
        raise SyntaxComplaints([(0, "it has half a character")]) from None
    parsed = dict(_fields(dict(_fields(message))[2]))
    return _Reading(source, dict(_places(parsed[3]))).node(parsed[2])


def complaints(source: str, error: str) -> Iterator[tuple[int, str]]:
    """Take the binding's complaints apart: where in the text, and what."""
    starts = [0, *(found.end() for found in re.finditer("\n", source))]
    found = [(int(line), int(column), what) for line, column, what in _COMPLAINT.findall(error)]
    for line, column, what in found:
        yield starts[min(line, len(starts)) - 1] + column - 1, what.removeprefix("Syntax error: ").strip()
    if not found:
        yield 0, error.splitlines()[0]


class _Reading:
    def __init__(self, source: str, places: dict[int, int]) -> None:
        self._source = source
        self._places = places

    def node(self, message: bytes) -> Node:
        parts = dict(_fields(message))
        at = self._places.get(parts.get(2, 0), 0)
        number = next(number for number in parts if number != 2)
        kinds: dict[int, Callable[[int, bytes], Node]] = {
            3: lambda at, body: Literal(at, _constant(body)),
            4: lambda at, body: Name(at, _text(dict(_fields(body)).get(1, b""))),
            5: self._select,
            6: self._call,
            7: lambda at, body: ListOf(at, tuple(self.node(part) for key, part in _fields(body) if key == 1)),
            8: lambda at, body: MapOf(
                at, tuple(self._entry(part) for key, part in _fields(body) if key == 2)
            ),
            9: lambda at, body: self._fold(at, dict(_fields(body))),
        }
        return kinds[number](at, parts[number])

    def _select(self, at: int, body: bytes) -> Select:
        parts = dict(_fields(body))
        return Select(at, self.node(parts[1]), _text(parts[2]), bool(parts.get(3)))

    def _call(self, at: int, body: bytes) -> Call:
        parts = list(_fields(body))
        target = next((self.node(part) for key, part in parts if key == 1), None)
        name = next(_text(part) for key, part in parts if key == 2)
        if self._source[:at].endswith(name):  # the parser gives the place of the parenthesis
            at -= len(name)
        return Call(at, name, target, tuple(self.node(part) for key, part in parts if key == 3))

    def _entry(self, body: bytes) -> tuple[Node | None, Node]:
        parts = dict(_fields(body))
        return (self.node(parts[3]) if 3 in parts else None), self.node(parts[4])

    def _fold(self, at: int, parts: dict[int, Any]) -> Fold:
        return Fold(
            at=at,
            variable=_text(parts[1]),
            over=self.node(parts[2]),
            result_name=_text(parts[3]),
            start=self.node(parts[4]),
            condition=self.node(parts[5]),
            step=self.node(parts[6]),
            result=self.node(parts[7]),
        )


def _constant(message: bytes) -> Any:
    (number, value), *_ = [*_fields(message), (0, None)]
    if number == 2:
        return bool(value)
    if number in (3, 4):
        return value - (1 << 64) if number == 3 and value >> 63 else value
    if number == 5:
        return struct.unpack("<d", value)[0]
    if number == 6:
        return _text(value)
    return value if number == 7 else None


def _places(message: bytes) -> Iterator[tuple[int, int]]:
    for number, value in _fields(message):
        if number == 4:
            entry = dict(_fields(value))
            yield entry.get(1, 0), entry.get(2, 0)


def _text(value: bytes) -> str:
    return value.decode()


def _fields(message: bytes) -> Iterator[Field]:
    """Read a message's fields: varints as integers, the rest as bytes."""
    at = 0
    while at < len(message):
        key, at = _varint(message, at)
        number, wire = key >> 3, key & 7
        if wire == 0:
            value, at = _varint(message, at)
            yield number, value
            continue
        if wire == 2:
            size, at = _varint(message, at)
        else:
            size = 8 if wire == 1 else 4
        yield number, message[at : at + size]
        at += size


def _varint(message: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = message[at]
        at += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return value, at
