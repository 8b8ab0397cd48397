"""Rows on their way through `$apply`: of a set, or of a result that no type describes."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Select,
    true,
)

from api.odata.edm import ComplexType
from api.odata.query.paging import SortKey
from api.odata.query.rows import Query
from api.odata.query.scope import Context, Scope
from api.odata.query.statement import select
from api.odata.query.typed import Crossed, Entity, Grouped, Value, grouped

Leaves = list[tuple[tuple[str, ...], Value]]


@dataclass(slots=True)
class Flow:
    """Rows on their way: of a set (`entity`), or of a result that no type describes.

    `hidden` goes along with the rows under no name that could be asked for: by the path of a rolled-up key, whether it
    is rolled up in a row.
    """

    context: Context
    source: FromClause
    scope: Scope
    conditions: list[ColumnElement[bool]] = field(default_factory=list)
    besides: tuple[FromClause, ...] = ()
    order: list[SortKey] = field(default_factory=list)
    top: int | None = None
    skip: int | None = None
    hidden: dict[Hashable, Value] = field(default_factory=dict)

    @property
    def entity(self) -> Entity | None:
        """The row of a set, while it is one."""
        return self.scope.this if isinstance(self.scope.this, Entity) else None

    def select(self, columns: Sequence[ColumnElement[Any]]) -> Select[Any]:
        """Select columns from the rows, without their order and their limit."""
        whole = self.source
        for each in self.besides:
            whole = whole.join(each, true())
        whole = self.scope.joined(whole)
        return select(*columns).select_from(whole).where(*self.conditions)

    def leaves(self) -> Leaves:
        """Return everything a row holds, by its path."""
        if isinstance(self.scope.this, Grouped):
            return self.scope.this.leaves()
        found = [] if self.entity is None else _properties(self.entity)
        if isinstance(self.scope.this, Crossed):
            for name, entity in self.scope.this.members.items():
                found += [((name, *path), held) for path, held in _properties(entity)]
        return found + [
            ((name,), each) for name, each in self.scope.computed.items() if isinstance(each, Value)
        ]

    def settled(self) -> Flow:
        """Return the same rows as a subquery of their own; their order stays, for whatever is cut off them later."""
        entity = self.entity
        places = [each.value.sql.label(f"o{at}") for at, each in enumerate(self._sorted())]
        if entity is None:
            leaves = self.leaves()
            columns = [each.sql.label(f"c{at}") for at, (_, each) in enumerate(leaves)]
            statement = self.cut([*columns, *places, *hidden_columns(self.hidden)])
            found = over(self.context, statement, leaves, self.hidden)
            found.order = self._order_of(found.source)
            return found
        computed = {name: each for name, each in self.scope.computed.items() if isinstance(each, Value)}
        added = [each.sql.label(f"k{at}") for at, each in enumerate(computed.values())]
        own = [entity.source.c[name] for name in entity.set.source.c.keys()]  # noqa: SIM118 - a collection of columns
        alias = self.cut([*own, *added, *places, *hidden_columns(self.hidden)]).subquery()
        scope = Scope(self.context, Entity(alias, entity.set, entity.type))
        for at, (name, each) in enumerate(computed.items()):
            scope.computed[name] = Value(alias.c[f"k{at}"], each.type, each.nullable)
        return Flow(
            self.context, alias, scope, order=self._order_of(alias), hidden=_hidden_of(self.hidden, alias)
        )

    def _sorted(self) -> list[SortKey]:
        """Return the keys of the order that tell rows apart."""
        return [each for each in self.order if not each.value.is_null]

    def _order_of(self, settled: FromClause) -> list[SortKey]:
        """Return the order as it is over the settled rows."""
        return [
            SortKey(Value(settled.c[f"o{at}"], each.value.type, each.value.nullable), each.descending)
            for at, each in enumerate(self._sorted())
        ]

    def cut(self, columns: Sequence[ColumnElement[Any]]) -> Select[Any]:
        """Select columns from the rows up to their limit, the same ones every time among equals."""
        if self.top is None and self.skip is None:
            return self.select(columns)
        order = [each.clause() for each in self._sorted()]
        # A key is never null, and an index over it serves no NULLS FIRST.
        ties = self.tie_breakers()
        order += ties if self.entity is not None else [each.nulls_first() for each in ties]
        return self.select(columns).order_by(*order).limit(self.top).offset(self.skip)

    def tie_breakers(self) -> list[ColumnElement[Any]]:
        """Return what tells two rows apart."""
        if self.entity is None:
            return [each.sql for each in [*(held for _, held in self.leaves()), *self.hidden.values()]]
        properties = self.entity.type.all_properties()
        return [self.entity.source.c[properties[name].held_in] for name in self.entity.type.key_names()]

    def without_limit(self) -> Flow:
        """Return rows that conditions can be put on."""
        return self if self.top is None and self.skip is None else self.settled()


def hidden_columns(hidden: Mapping[Hashable, Value]) -> list[ColumnElement[Any]]:
    """Return what goes along with the rows, as columns h0, h1 and so on."""
    return [each.sql.label(f"h{at}") for at, each in enumerate(hidden.values())]


def _hidden_of(hidden: Mapping[Hashable, Value], source: FromClause) -> dict[Hashable, Value]:
    return {
        name: Value(source.c[f"h{at}"], each.type, each.nullable)
        for at, (name, each) in enumerate(hidden.items())
    }


def over(
    context: Context, statement: Select[Any], leaves: Leaves, hidden: Mapping[Hashable, Value] | None = None
) -> Flow:
    """Return the rows of a statement whose columns c0, c1, … are these values, and h0, h1, … go along."""
    alias = statement.subquery()
    values = [
        (path, Value(alias.c[f"c{at}"], each.type, nullable=True)) for at, (path, each) in enumerate(leaves)
    ]
    return Flow(context, alias, Scope(context, grouped(values)), hidden=_hidden_of(hidden or {}, alias))


def begin(query: Query) -> Flow:
    """Return a set's rows as the beginning."""
    return Flow(query.context, query.source, query.scope, list(query.conditions), query.besides)


def _properties(entity: Entity) -> Leaves:
    found: Leaves = []
    for each in entity.type.all_properties().values():
        if not each.collection and not isinstance(each.type, ComplexType):
            found.append(((each.name,), Value(entity.source.c[each.held_in], each.type, each.nullable)))
    return found
