"""Where names are looked up: the row at hand, lambda variables, aliases; and the joins that paths need."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any, Final

from sqlalchemy import ColumnElement, FromClause, and_, false, func, true

from api.odata.edm import EntitySet, EntityType, Model, Navigation
from api.odata.problems import TooComplex
from api.odata.query.typed import Bound, Entity
from api.odata.syntax.tree import Expression

_MOST_PARTS: Final = 60_000  # PostgreSQL takes 65,535 values with one statement
_MOST_BRANCHES: Final = 64


@dataclass(slots=True)
class Context:
    """What all of one request shares. `caller` is whoever asks, for the sets' `visible`.

    `owners` says which scope an alias is part of, so that a join is made where its row is. `unsettled` says that
    something else than a row's own values was looked at: other rows, or the time. `costs` say how much went into each
    computed name, which every use of it costs again, since it is written out anew.
    """

    model: Model
    now: datetime
    caller: Any = None
    aliases: Mapping[str, Expression] = field(default_factory=dict)
    owners: dict[FromClause, Scope] = field(default_factory=dict)
    resolving: list[str] = field(default_factory=list)
    unsettled: bool = False
    spent: int = 0
    branches: int = 1
    costs: dict[str, int] = field(default_factory=dict)

    def spend(self, number: int = 1) -> None:
        """Count what an expression is made of.

        Raises:
            TooComplex: It is more than one request may have.
        """
        self.spent += number
        if self.spent > _MOST_PARTS:
            raise TooComplex(f"the request is made of more than {_MOST_PARTS} parts; ask for less at once")

    def branch(self, number: int) -> None:
        """Count how many times over the rows are read.

        Raises:
            TooComplex: It is more than one request may have.
        """
        self.branches *= number
        if self.branches > _MOST_BRANCHES:
            raise TooComplex(f"$apply: more than {_MOST_BRANCHES} sequences side by side", target="$apply")

    used: dict[FromClause, int] = field(default_factory=dict)
    cores: Mapping[FromClause, FromClause] = field(default_factory=dict)

    def alias(self, source: FromClause) -> FromClause:
        """Return an alias that this request has not used yet. Those of earlier requests serve again."""
        source = self.cores.get(source, source)
        number = self.used.get(source, 0)
        self.used[source] = number + 1
        return _numbered(source, number)


@lru_cache(maxsize=4096)  # an alias of many columns takes longer to make than a row to read
def _numbered(source: FromClause, _number: int) -> FromClause:
    return source.alias()


def seen(context: Context, set_: EntitySet, source: FromClause) -> ColumnElement[bool]:
    """Return the condition that the caller's rights put on an alias of a set's source."""
    return true() if set_.visible is None else set_.visible(source, context.caller)


def of_type(set_: EntitySet, type_: EntityType, source: FromClause) -> ColumnElement[bool]:
    """Return the condition that a row of a set's source is of a type; false, never null, where it is not."""
    if set_.type.is_a(type_):
        return true()
    kinds = [kind for kind, derived in set_.derived.items() if derived.is_a(type_)]
    if not kinds or set_.kind is None:
        return false()
    return func.coalesce(source.c[set_.kind].in_(kinds), false())


class Scope:
    """One level of a query: what is at hand, which variables there are, and what has been joined so far.

    `elsewhere` says that the row the request is about is another than the outermost one here: it is `instance`, or
    out of reach.
    """

    def __init__(
        self,
        context: Context,
        this: Bound,
        *,
        outer: Scope | None = None,
        variables: Mapping[str, Bound] | None = None,
    ) -> None:
        self.context = context
        self.this = this
        self.outer = outer
        self.variables: dict[str, Bound] = {**(outer.variables if outer else {}), **(variables or {})}
        self.computed: dict[str, Bound] = {}
        self.elsewhere = False
        self.instance: Bound | None = None
        self._joins: dict[tuple[FromClause, Hashable], tuple[FromClause, ColumnElement[bool]]] = {}
        # A level for the values of a list has the row of the one around it at hand, and joins nothing itself.
        if isinstance(this, Entity) and (outer is None or this.source not in context.owners):
            context.owners[this.source] = self

    @property
    def it(self) -> Bound | None:
        """The row that the request is about, whatever level this is; None where it is out of reach."""
        if self.outer is not None:
            return self.outer.it
        return self.instance if self.elsewhere else self.this

    def join(self, entity: Entity, navigation: Navigation) -> Entity:
        """Return the one row a way leads to, joined where the row it starts from is; missing it has only nulls."""
        self.context.unsettled = True
        owner = self.context.owners.get(entity.source, self)
        key = (entity.source, navigation.name)
        target = self.context.model.by_name[navigation.target]
        if key not in owner._joins:  # noqa: SLF001 - a scope like this one
            alias = self.context.alias(target.source)
            on = and_(navigation.on(entity.source, alias), seen(self.context, target, alias))
            owner._joins[key] = (alias, on)  # noqa: SLF001
            self.context.owners[alias] = owner
        return Entity(owner._joins[key][0], target, target.type, optional=True)  # noqa: SLF001

    def root(self, set_: EntitySet, key: Hashable, on: Callable[[FromClause], ColumnElement[bool]]) -> Entity:
        """Return one row of a set that is looked up by its key, whatever row is at hand; missing it has only nulls.

        `key` tells such rows apart: what is looked up anew under the same one is the same row.
        """
        self.context.unsettled = True
        owner = self
        while owner.outer is not None:
            owner = owner.outer
        known = (set_.source, key)
        if known not in owner._joins:  # noqa: SLF001 - a scope like this one
            alias = self.context.alias(set_.source)
            owner._joins[known] = (alias, and_(on(alias), seen(self.context, set_, alias)))  # noqa: SLF001
            self.context.owners[alias] = owner
        return Entity(owner._joins[known][0], set_, set_.type, optional=True)  # noqa: SLF001

    def aliases(self) -> list[FromClause]:
        """Return what has been joined on this level."""
        return [alias for alias, _ in self._joins.values()]

    def joined(self, source: FromClause) -> FromClause:
        """Return a source with all that was joined to it."""
        found: FromClause = source
        for alias, on in self._joins.values():
            found = found.outerjoin(alias, on)
        return found
