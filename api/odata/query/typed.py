"""Typed SQL: what an expression gives, and the promotions between types (URL conventions 5.1.1.12)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import ColumnElement, FromClause

from api.odata.edm import NUMERIC, WHOLE, ComplexType, EntitySet, EntityType, EnumType, Navigation
from api.odata.problems import Problem
from api.odata.syntax.tree import Expression, Node

Type = "str | EnumType"


class WrongType(Problem):
    """Operands do not go together, or a name leads nowhere."""

    code = "BadRequest"


def wrong(node: Node, says: str) -> WrongType:
    """Return the complaint about a node."""
    return WrongType(f"character {node.at + 1}: {says}", at=node.at)


class ThroughMany(WrongType):
    """A path goes on behind many rows to what each of them has."""


@dataclass(frozen=True, slots=True)
class Value:
    """A single value: its SQL, its type (`null` for the null literal), and whether it may be null.

    `literal` is the Python value where it was written down, so that it can be given another type.
    """

    sql: ColumnElement[Any]
    type: str | EnumType
    nullable: bool = True
    literal: Any = None
    at: int = 0

    @property
    def is_null(self) -> bool:
        """Whether it is the null literal."""
        return self.type == "null"


@dataclass(frozen=True, slots=True)
class Values:
    """A collection of primitive values: an array in SQL."""

    sql: ColumnElement[Any]
    type: str | EnumType
    at: int = 0


@dataclass(frozen=True, slots=True)
class Structure:
    """A complex value: its columns begin with `prefix` in `source`."""

    source: FromClause
    type: ComplexType
    prefix: str
    at: int = 0


@dataclass(frozen=True, slots=True)
class Document:
    """A structure that is an element of a JSON list."""

    sql: ColumnElement[Any]
    type: ComplexType
    at: int = 0


@dataclass(frozen=True, slots=True)
class Documents:
    """A JSON list of structures."""

    sql: ColumnElement[Any]
    type: ComplexType
    at: int = 0


@dataclass(frozen=True, slots=True)
class Entity:
    """One row: of a set, known under an alias. `optional` says that it may be missing."""

    source: FromClause
    set: EntitySet
    type: EntityType
    optional: bool = False
    at: int = 0


@dataclass(frozen=True, slots=True)
class Entities:
    """Rows that belong to one row: the way to them, an alias of the row they belong to, and what else they must be."""

    owner: FromClause
    way: Navigation
    set: EntitySet
    type: EntityType
    at: int = 0
    kept: tuple[Expression, ...] = ()

    def tied(self, source: FromClause) -> tuple[ColumnElement[bool], tuple[FromClause, ...]]:
        """Return what ties an alias of the set's source to the owner, and what else it needs to be selected from."""
        if self.way.through is None:
            return self.way.on(self.owner, source), ()
        pairs = self.way.through.alias()
        return self.way.on(self.owner, source, pairs), (pairs,)


@dataclass(frozen=True, slots=True)
class Crossed:
    """Rows of several sets side by side, each under its set's name."""

    members: Mapping[str, Entity]
    at: int = 0


@dataclass(frozen=True, slots=True)
class Grouped:
    """A row of a result that no type describes: names with values, or with more such rows."""

    members: Mapping[str, "Value | Grouped"]
    at: int = 0

    def leaves(self, before: tuple[str, ...] = ()) -> list[tuple[tuple[str, ...], Value]]:
        """Return all its values by their paths, in their order."""
        found: list[tuple[tuple[str, ...], Value]] = []
        for name, member in self.members.items():
            if isinstance(member, Grouped):
                found += member.leaves((*before, name))
            else:
                found.append(((*before, name), member))
        return found


def grouped(leaves: Iterable[tuple[tuple[str, ...], Value]]) -> Grouped:
    """Return the row that has these values at these paths."""
    found: dict[str, Any] = {}
    for path, value in leaves:
        inner = found
        for name in path[:-1]:
            inner = inner.setdefault(name, {})
        inner[path[-1]] = value
    return _row(found)


def _row(found: Mapping[str, Any]) -> Grouped:
    return Grouped({name: _row(each) if isinstance(each, dict) else each for name, each in found.items()})


Bound = Value | Values | Structure | Document | Documents | Entity | Entities | Crossed | Grouped

_RANK: Final = {name: rank for rank, name in enumerate(NUMERIC)}


def name_of(type_: str | EnumType) -> str:
    """Say a type's name."""
    return type_ if isinstance(type_, str) else type_.name


def wider(one: str, other: str) -> str:
    """Return the numeric type that both can be promoted to."""
    wide = max(one, other, key=_RANK.__getitem__)
    if wide in WHOLE:
        return "Edm.Int64" if "Edm.Int64" in (one, other) else "Edm.Int32"
    return wide


def is_numeric(type_: str | EnumType) -> bool:
    """Say whether one reckons with a type."""
    return isinstance(type_, str) and type_ in _RANK
