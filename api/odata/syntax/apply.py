"""`$apply`: data aggregation 4.0, as far as flat results go; hierarchies and nested results are refused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from api.odata.problems import TooComplex
from api.odata.syntax.expression import Expressions, OptionsReader
from api.odata.syntax.search import search
from api.odata.syntax.tree import Computed, Count, Expression, Identifier, Node, Order, Path, Search, Step

if TYPE_CHECKING:
    from api.odata.syntax.scanner import Scanner

METHODS: Final = ("sum", "min", "max", "average", "countdistinct")
_RANKS: Final = ("topcount", "topsum", "toppercent", "bottomcount", "bottomsum", "bottompercent")
_MOST_STEPS: Final = 60  # transformations of one $apply, those inside others included
_REFUSED: Final = (
    "addnested", "nest", "join", "outerjoin", "ancestors", "descendants", "traverse", "expand",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Aggregated(Node):
    """One aggregate: an expression with a method, or with `$count` none; `name` is what the result is called.

    `method` is sum, min, max, average, countdistinct, count (of rows), a custom method's qualified name, or None
    for a custom aggregate, that has its own.
    """

    expression: Expression
    method: str | None
    name: str | None
    over: tuple[tuple[tuple[Path, ...], str | None], ...] = ()  # `from` these groups `with` this method


@dataclass(frozen=True, slots=True)
class Aggregate(Node):
    """All of the input as one row."""

    items: tuple[Aggregated, ...]


@dataclass(frozen=True, slots=True)
class Rollup(Node):
    """Grouping keys of which the last ones are left out, one after the other; with `all` down to none."""

    keys: tuple[Path, ...]
    all: bool = False


@dataclass(frozen=True, slots=True)
class GroupBy(Node):
    """One row a group; `then` is applied to each group."""

    keys: tuple[Path | Rollup, ...]
    then: tuple[Transformation, ...]


@dataclass(frozen=True, slots=True)
class Keep(Node):
    """Rows that a condition holds for."""

    condition: Expression


@dataclass(frozen=True, slots=True)
class Find(Node):
    """Rows that are found."""

    search: Search


@dataclass(frozen=True, slots=True)
class Compute(Node):
    """Columns besides."""

    items: tuple[Computed, ...]


@dataclass(frozen=True, slots=True)
class Concat(Node):
    """The results of several sequences, one after the other."""

    sequences: tuple[tuple[Transformation, ...], ...]


@dataclass(frozen=True, slots=True)
class Rank(Node):
    """The first or last rows by a value: so many, so much in sum, or so much in percent of the sum."""

    kind: str
    amount: Expression
    value: Expression


@dataclass(frozen=True, slots=True)
class Sort(Node):
    """Rows in an order."""

    keys: tuple[Order, ...]


@dataclass(frozen=True, slots=True)
class Cut(Node):
    """The first rows, or all but these."""

    kind: str  # top or skip
    number: int


@dataclass(frozen=True, slots=True)
class Identity(Node):
    """Rows as they are."""


Transformation = Aggregate | GroupBy | Keep | Find | Compute | Concat | Rank | Sort | Cut | Identity


def transformations(scanner: Scanner, options: OptionsReader) -> tuple[Transformation, ...]:
    """Read transformations parted by slashes.

    Raises:
        Malformed: One breaks off, or there is no such one.
        Unsupported: A hierarchy or a nested result is asked for.
    """
    return _Transformations(scanner, options).sequence()


class _Transformations:
    def __init__(self, scanner: Scanner, options: OptionsReader) -> None:
        self._scanner = scanner
        self._expressions = Expressions(scanner, options)
        self._steps = 0

    def sequence(self) -> tuple[Transformation, ...]:
        scanner = self._scanner
        scanner.deeper()
        found = [self._one()]
        while True:
            before = scanner.at
            scanner.space()
            if not scanner.take("/"):
                scanner.at = before
                break
            scanner.space()
            found.append(self._one())
        scanner.up()
        return tuple(found)

    def _one(self) -> Transformation:
        scanner = self._scanner
        at = scanner.at
        self._steps += 1
        if self._steps > _MOST_STEPS:
            raise TooComplex(f"$apply: more than {_MOST_STEPS} transformations", target="$apply", at=at)
        written = scanner.qualified() or scanner.fail("a transformation")
        name = written.lower()
        if name == "identity":
            return Identity(at)
        if "." in name or name in _REFUSED:
            scanner.unsupported(f"{written} is not done here", at)
        readers: dict[str, Callable[[int], Transformation]] = {
            "aggregate": self._aggregate, "groupby": self._groupby, "filter": self._filter, "compute": self._compute,
            "concat": self._concat, "search": self._search, "orderby": self._orderby,
            "top": lambda place: self._cut(place, "top"), "skip": lambda place: self._cut(place, "skip"),
        }  # fmt: skip
        readers |= {rank: self._ranked(rank) for rank in _RANKS}
        if name not in readers:
            scanner.fail(f"one of identity, {', '.join(readers)}", at)
        scanner.need("(")
        scanner.space()
        made = readers[name](at)
        scanner.space()
        scanner.need(")")
        return made

    def _comma(self) -> bool:
        before = self._scanner.at
        self._scanner.space()
        if self._scanner.take(","):
            self._scanner.space()
            return True
        self._scanner.at = before
        return False

    def _aggregate(self, at: int) -> Aggregate:
        items = [self._aggregated()]
        while self._comma():
            items.append(self._aggregated())
        return Aggregate(at, tuple(items))

    def _aggregated(self) -> Aggregated:
        scanner = self._scanner
        at = scanner.at
        expression = self._expressions.expression()
        method = "count" if isinstance(_last(expression), Count) else self._method()
        over: list[tuple[tuple[Path, ...], str | None]] = []
        while scanner.keyword("from") is not None:
            keys = [self._path()]
            while self._comma():
                keys.append(self._path())
            over.append((tuple(keys), self._method()))
        name = scanner.name() if scanner.keyword("as") is not None else None
        if name is None and method is not None:
            scanner.fail("with, a method, as and a name" if not over else "as and a name")
        if method is None and not isinstance(_last(expression), Identifier):
            scanner.fail("with and a method")
        return Aggregated(at, expression, method, name, tuple(over))

    def _method(self) -> str | None:
        scanner = self._scanner
        if scanner.keyword("with") is None:
            return None
        at = scanner.at
        written = scanner.qualified() or scanner.fail("a method")
        if "." in written:
            scanner.unsupported(f"{written} is not done here", at)
        if written.lower() not in METHODS:
            scanner.fail(f"one of {', '.join(METHODS)}", at)
        return written.lower()

    def _groupby(self, at: int) -> GroupBy:
        scanner = self._scanner
        scanner.need("(")
        scanner.space()
        keys: list[Path | Rollup] = [self._key()]
        while self._comma():
            keys.append(self._key())
        scanner.space()
        scanner.need(")")
        return GroupBy(at, tuple(keys), self.sequence() if self._comma() else ())

    def _key(self) -> Path | Rollup:
        scanner = self._scanner
        at = scanner.at
        if scanner.peek("rolluprecursive"):
            scanner.unsupported("rolluprecursive is not done here", at)
        if not scanner.take("rollup("):
            return self._path()
        scanner.space()
        total = scanner.take("$all")
        if total and not self._comma():
            scanner.fail("a comma and a property")
        keys = [self._path()]
        while self._comma():
            keys.append(self._path())
        scanner.space()
        scanner.need(")")
        return Rollup(at, tuple(keys), total)

    def _path(self) -> Path:
        at = self._scanner.at
        return Path(at, None, self._expressions.steps())

    def _filter(self, at: int) -> Keep:
        return Keep(at, self._expressions.expression())

    def _search(self, at: int) -> Find:
        return Find(at, search(self._scanner, nested=True))

    def _compute(self, at: int) -> Compute:
        items = [self._expressions.computed()]
        while self._comma():
            items.append(self._expressions.computed())
        return Compute(at, tuple(items))

    def _concat(self, at: int) -> Concat:
        sequences = [self.sequence()]
        while self._comma():
            sequences.append(self.sequence())
        if len(sequences) == 1:
            self._scanner.fail("a comma and another sequence")
        return Concat(at, tuple(sequences))

    def _ranked(self, kind: str) -> Callable[[int], Transformation]:
        def read(at: int) -> Transformation:
            amount = self._expressions.expression()
            if not self._comma():
                self._scanner.fail("a comma and a value")
            return Rank(at, kind, amount, self._expressions.expression())

        return read

    def _orderby(self, at: int) -> Sort:
        keys = [self._expressions.order()]
        while self._comma():
            keys.append(self._expressions.order())
        return Sort(at, tuple(keys))

    def _cut(self, at: int, kind: str) -> Cut:
        literal = self._scanner.literal()
        if literal is None or literal.type != "Edm.Int64" or literal.value < 0:
            self._scanner.fail("a whole number from 0 up", at)
        return Cut(at, kind, literal.value)


def _last(expression: Expression) -> Step | None:
    return expression.steps[-1] if isinstance(expression, Path) and expression.steps else None
