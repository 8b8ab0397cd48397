"""The tree of what a URL says. Nodes know where they stand in their text, and nothing of any model."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final


class Finer(datetime):
    """An instant written with more digits of a second than are kept: it lies behind this one and before the next."""

    def next(self) -> datetime:
        """Return the next one that can be kept; where there is none, this one."""
        kept = datetime.combine(self.date(), self.timetz())
        return kept + _STEP if kept < _LAST else kept


_STEP: Final = timedelta(microseconds=1)
_LAST: Final = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Node:
    """Something at a character of its text, from 0."""

    at: int


@dataclass(frozen=True, slots=True)
class Literal(Node):
    """A value written down. `type` is its primitive type (`Edm.Int64`), an enumeration's name, or `null`.

    `value` is a Python value; of an enumeration the text between its quotes.
    """

    type: str
    value: Any


@dataclass(frozen=True, slots=True)
class Identifier(Node):
    """A step by name; `arguments` are what stands in parentheses behind it, None where there are none.

    Positional arguments have the name None. A name with a dot is qualified: a type cast, or a bound function.
    """

    name: str
    arguments: tuple[tuple[str | None, Expression], ...] | None = None


@dataclass(frozen=True, slots=True)
class Annotation(Node):
    """A step to an annotation: its term without the @."""

    term: str


@dataclass(frozen=True, slots=True)
class Count(Node):
    """A step that counts a collection, of which options may leave some out."""

    options: Options | None = None


@dataclass(frozen=True, slots=True)
class FilterStep(Node):
    """A step that keeps some of a collection."""

    condition: Expression


@dataclass(frozen=True, slots=True)
class Lambda(Node):
    """A step that asks of a collection whether any or all of it holds; `variable` None is `any()`."""

    quantifier: str
    variable: str | None
    condition: Expression | None


Step = Identifier | Annotation | Count | FilterStep | Lambda


@dataclass(frozen=True, slots=True)
class Path(Node):
    """A way from a root over steps. `root` is None, `$it`, `$this` or `$root`."""

    root: str | None
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Alias(Node):
    """A parameter alias: its name without the @, and steps from its value."""

    name: str
    steps: tuple[Step, ...] = ()


@dataclass(frozen=True, slots=True)
class Call(Node):
    """A canonical function, its name in lower case, with its arguments."""

    name: str
    arguments: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Unary(Node):
    """`not` or `-`."""

    operator: str
    operand: Expression


@dataclass(frozen=True, slots=True)
class Binary(Node):
    """Two operands: eq ne lt le gt ge has in add sub mul div divby mod."""

    operator: str
    left: Expression
    right: Expression


@dataclass(frozen=True, slots=True)
class Chain(Node):
    """Any number of terms joined by `and`, or by `or`."""

    operator: str
    terms: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Listing(Node):
    """A list: `(a, b)` behind `in`, or `[a, b]`."""

    items: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Record(Node):
    """An object: names with values."""

    members: tuple[tuple[str, Expression], ...]


@dataclass(frozen=True, slots=True)
class Case(Node):
    """`case(condition:value, …)`: the value of the first condition that holds."""

    branches: tuple[tuple[Expression, Expression], ...]


Expression = Literal | Path | Alias | Call | Unary | Binary | Chain | Listing | Record | Case


@dataclass(frozen=True, slots=True)
class Order(Node):
    """One key of a sort."""

    expression: Expression
    descending: bool


@dataclass(frozen=True, slots=True)
class Computed(Node):
    """An expression with the name it gets."""

    expression: Expression
    name: str


@dataclass(frozen=True, slots=True)
class Selected(Node):
    """One item of `$select`: a path whose last step may be `*` or `Namespace.*`, with options of its own."""

    path: tuple[Step, ...]
    options: Options | None = None


@dataclass(frozen=True, slots=True)
class Expanded(Node):
    """One item of `$expand`. `form` is entity, ref, count or value; a path that ends in `*` expands all."""

    path: tuple[Step, ...]
    form: str
    options: Options | None = None


@dataclass(frozen=True, slots=True)
class Phrase(Node):
    """A word, or several in quotation marks, that is looked for."""

    text: str


@dataclass(frozen=True, slots=True)
class Not(Node):
    """What must not be found."""

    term: Search


@dataclass(frozen=True, slots=True)
class Joined(Node):
    """Terms of which all (`and`) or any (`or`) must be found."""

    operator: str
    terms: tuple[Search, ...]


Search = Phrase | Not | Joined


@dataclass(frozen=True, slots=True)
class Options:
    """Query options, of a request or of one of its parts; None where one is not given.

    `levels` 0 is `max`. `aliases` are parameter aliases with their expressions, `custom` whatever has no meaning
    here. `apply` are the transformations of data aggregation (see `apply`).
    """

    filter: Expression | None = None
    orderby: tuple[Order, ...] | None = None
    select: tuple[Selected, ...] | None = None
    expand: tuple[Expanded, ...] | None = None
    compute: tuple[Computed, ...] | None = None
    search: Search | None = None
    apply: tuple[Any, ...] | None = None
    top: int | None = None
    skip: int | None = None
    count: bool | None = None
    levels: int | None = None
    index: int | None = None
    format: str | None = None
    id: str | None = None
    skiptoken: str | None = None
    deltatoken: str | None = None
    schemaversion: str | None = None
    aliases: dict[str, Expression] = field(default_factory=dict)
    custom: dict[str, str] = field(default_factory=dict)
