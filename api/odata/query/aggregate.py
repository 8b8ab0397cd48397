"""`$apply`: transformations one after the other, each over what the one before gives (data aggregation 4.0).

While rows are still rows of a set, ways to other sets can be followed; grouping ends that. What has a limit, or
is used twice, becomes a subquery first, so that nothing is put on it afterwards that belongs before it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Numeric,
    Select,
    and_,
    cast,
    func,
    null,
    select,
    tuple_,
    union_all,
)

from api.odata.edm import NUMERIC, WHOLE, ComplexType, EnumType
from api.odata.problems import Unsupported
from api.odata.query.expression import condition, operand, value, wrong
from api.odata.query.literals import SQL_TYPES
from api.odata.query.paging import SortKey
from api.odata.query.rows import Query
from api.odata.query.scope import Context, Scope
from api.odata.query.typed import Entity, Grouped, Value, grouped, name_of
from api.odata.syntax.apply import (
    Aggregate,
    Aggregated,
    Compute,
    Concat,
    Cut,
    Find,
    GroupBy,
    Identity,
    Keep,
    Rank,
    Rollup,
    Sort,
    Transformation,
)
from api.odata.syntax.tree import Identifier, Node, Options, Path

Leaves = list[tuple[tuple[str, ...], Value]]
_MOST_SETS: Final = 64  # grouping sets of one groupby


@dataclass(slots=True)
class Flow:
    """Rows on their way: of a set (`entity`), or of a result that no type describes."""

    context: Context
    source: FromClause
    scope: Scope
    conditions: list[ColumnElement[bool]] = field(default_factory=list)
    besides: tuple[FromClause, ...] = ()
    order: list[SortKey] = field(default_factory=list)
    top: int | None = None
    skip: int | None = None

    @property
    def entity(self) -> Entity | None:
        """The row of a set, while it is one."""
        return self.scope.this if isinstance(self.scope.this, Entity) else None

    def select(self, columns: Sequence[ColumnElement[Any]]) -> Select[Any]:
        """Select columns from the rows, without their order and their limit."""
        whole = self.scope.joined(self.source)
        return select(*columns).select_from(whole, *self.besides).where(*self.conditions)

    def leaves(self) -> Leaves:
        """Return everything a row holds, by its path."""
        if isinstance(self.scope.this, Grouped):
            return self.scope.this.leaves()
        found = [] if self.entity is None else _properties(self.entity)
        return found + [
            ((name,), each) for name, each in self.scope.computed.items() if isinstance(each, Value)
        ]

    def settled(self) -> Flow:
        """Return the same rows as a subquery of their own."""
        order = [each.clause() for each in self.order]
        entity = self.entity
        if entity is None:
            leaves = self.leaves()
            inner = self.select([each.sql.label(f"c{at}") for at, (_, each) in enumerate(leaves)])
            return over(self.context, inner.order_by(*order).limit(self.top).offset(self.skip), leaves)
        computed = {name: each for name, each in self.scope.computed.items() if isinstance(each, Value)}
        added = [each.sql.label(f"k{at}") for at, each in enumerate(computed.values())]
        own = [entity.source.c[name] for name in entity.set.source.c.keys()]  # noqa: SIM118 - a collection of columns
        inner = self.select([*own, *added]).order_by(*order).limit(self.top).offset(self.skip)
        alias = inner.subquery()
        scope = Scope(self.context, Entity(alias, entity.set, entity.type))
        for at, (name, each) in enumerate(computed.items()):
            scope.computed[name] = Value(alias.c[f"k{at}"], each.type, each.nullable)
        return Flow(self.context, alias, scope)

    def without_limit(self) -> Flow:
        """Return rows that conditions can be put on."""
        return self if self.top is None and self.skip is None else self.settled()


def over(context: Context, statement: Select[Any], leaves: Leaves) -> Flow:
    """Return the rows of a statement whose columns c0, c1, … are these values."""
    alias = statement.subquery()
    values = [
        (path, Value(alias.c[f"c{at}"], each.type, nullable=True)) for at, (path, each) in enumerate(leaves)
    ]
    return Flow(context, alias, Scope(context, grouped(values)))


def begin(query: Query) -> Flow:
    """Return a set's rows as the beginning."""
    return Flow(query.context, query.source, query.scope, list(query.conditions), query.besides)


def _properties(entity: Entity) -> Leaves:
    found: Leaves = []
    for each in entity.type.all_properties().values():
        if not each.collection and not isinstance(each.type, ComplexType):
            found.append(((each.name,), Value(entity.source.c[each.held_in], each.type, each.nullable)))
    return found


def run(flow: Flow, transformations: Sequence[Transformation]) -> Flow:
    """Apply transformations one after the other.

    Raises:
        WrongType: A name leads nowhere, or something is of the wrong type.
        Unsupported: It asks for what is not done here.
    """
    for each in transformations:
        flow = _apply(flow, each)
    return flow


def _apply(flow: Flow, each: Transformation) -> Flow:
    return _READERS[type(each)](flow, each)


def _sort(flow: Flow, each: Sort) -> Flow:
    found = flow.without_limit()
    keys = [SortKey(value(key.expression, found.scope), key.descending) for key in each.keys]
    found.order = [*keys, *found.order]
    return found


def _keep(flow: Flow, each: Keep) -> Flow:
    found = flow.without_limit()
    found.conditions.append(condition(each.condition, found.scope))
    return found


def _cut(flow: Flow, each: Cut) -> Flow:
    if each.kind == "skip":
        found = flow.without_limit()
        found.skip = each.number
        return found
    found = flow if flow.top is None else flow.settled()
    found.top = each.number
    return found


def _find(flow: Flow, each: Find) -> Flow:
    flow = flow.without_limit()
    if flow.entity is None:
        raise Unsupported("$apply: a result cannot be searched", target="$apply", at=each.at)
    query = Query(flow.context, flow.entity.set, flow.entity.type, flow.source)
    query.narrow(Options(search=each.search))
    flow.conditions += query.conditions
    flow.context.owners[flow.source] = flow.scope
    return flow


def _compute(flow: Flow, each: Compute) -> Flow:
    flow = flow.without_limit()
    added: Leaves = []
    for item in each.items:
        if item.name in {path[0] for path, _ in flow.leaves()}:
            raise wrong(item, f"there is a {item.name} already")
        added.append(((item.name,), value(item.expression, flow.scope)))
    if flow.entity is not None:
        flow.scope.computed |= {path[0]: made for path, made in added}
    else:
        flow.scope.this = grouped([*flow.leaves(), *added])
    return flow


def _rank(flow: Flow, each: Rank, partition: Sequence[ColumnElement[Any]]) -> Flow:
    """Keep the first rows by a value, of each group where there are groups."""
    ranked = value(each.value, flow.scope)
    amount = value(each.amount, flow.scope)
    if ranked.type not in NUMERIC and not each.kind.endswith("count"):
        raise wrong(each, f"{each.kind} takes numbers, not {name_of(ranked.type)}")
    if amount.type not in NUMERIC:
        raise wrong(each, f"{each.kind} takes a number first, not {name_of(amount.type)}")
    first = ranked.sql.desc() if each.kind.startswith("top") else ranked.sql.asc()
    order = [first.nulls_last(), *_tie_breakers(flow)]
    if each.kind.endswith("count"):
        place = func.row_number().over(partition_by=partition or None, order_by=order)
        return _kept(flow, place, lambda column: column <= amount.sql, ranked, each)
    given = func.coalesce(ranked.sql, 0)
    running = func.sum(given).over(partition_by=partition or None, order_by=order, rows=(None, 0)) - given
    goal: ColumnElement[Any] = amount.sql
    if each.kind.endswith("percent"):
        goal = cast(amount.sql, Numeric()) / 100 * func.sum(given).over(partition_by=partition or None)
    return _kept(flow, running - goal, lambda column: column < 0, ranked, each)


def _kept(flow: Flow, window: ColumnElement[Any], keep: Any, ranked: Value, each: Rank) -> Flow:
    """Keep rows by what a window function gives, which SQL has only one level further out."""
    marked = flow.scope.computed
    if flow.entity is None:
        leaves = [*flow.leaves(), (("",), Value(window, "Edm.Decimal")), ((" ",), ranked)]
        found = over(
            flow.context, flow.select([v.sql.label(f"c{at}") for at, (_, v) in enumerate(leaves)]), leaves
        )
        *rest, (_, mark), (_, by) = found.leaves()
        found.scope.this = grouped(rest)
    else:
        marked[""], marked[" "] = Value(window, "Edm.Decimal"), ranked
        found = flow.settled()
        mark, by = found.scope.computed.pop(""), found.scope.computed.pop(" ")  # type: ignore[assignment]  # set just now
    found.conditions.append(keep(mark.sql))
    found.order = [SortKey(by, each.kind.startswith("top"))]
    return found


def _tie_breakers(flow: Flow) -> list[ColumnElement[Any]]:
    if flow.entity is not None:
        properties = flow.entity.type.all_properties()
        return [flow.source.c[properties[name].held_in] for name in flow.entity.type.key_names()]
    return [each.sql for _, each in flow.leaves()]


def _concat(flow: Flow, each: Concat) -> Flow:
    settled = flow.settled()
    flows = []
    for sequence in each.sequences:
        copy = Flow(settled.context, settled.source, _scope_of(settled))
        flows.append(run(copy, sequence))
    paths: dict[tuple[str, ...], Value] = {}
    for one in flows:
        for path, held in one.leaves():
            known = paths.setdefault(path, held)
            if name_of(known.type) != name_of(held.type) and not (
                known.type in NUMERIC and held.type in NUMERIC
            ):
                raise wrong(each, f"{'/'.join(path)} is {name_of(known.type)} and {name_of(held.type)}")
    statements = [_aligned(one, paths) for one in flows]
    whole = select(union_all(*statements).subquery())
    return over(flow.context, whole, list(paths.items()))


def _scope_of(flow: Flow) -> Scope:
    scope = Scope(flow.context, flow.scope.this)
    scope.computed |= flow.scope.computed
    return scope


def _aligned(flow: Flow, paths: dict[tuple[str, ...], Value]) -> Select[Any]:
    held = dict(flow.leaves())
    columns = []
    for at, (path, known) in enumerate(paths.items()):
        type_ = Numeric() if known.type in NUMERIC else _sql_type(known)
        column = held[path].sql if path in held else null()
        columns.append(cast(column, type_).label(f"c{at}"))
    order = [each.clause() for each in flow.order]
    limited = flow.top is not None or flow.skip is not None
    made = flow.select(columns).order_by(*order if limited else ()).limit(flow.top).offset(flow.skip)
    return select(made.subquery()) if limited else made


def _sql_type(held: Value) -> Any:
    return held.sql.type if isinstance(held.type, EnumType) else SQL_TYPES[held.type]


def _group(flow: Flow, each: GroupBy) -> Flow:
    flow = flow.without_limit()
    keys, sets = _keys(flow, each)
    then = list(each.then)
    filters: list[ColumnElement[bool]] = []
    plain = [held.sql for _, held in keys]
    while then and not isinstance(then[0], Aggregate):
        step = then.pop(0)
        if isinstance(step, Keep) and not sets:
            filters.append(condition(step.condition, flow.scope))
        elif isinstance(step, Compute):
            flow = _compute(flow, step)
        elif isinstance(step, Rank) and not sets and not filters:
            flow = _rank(flow, step, plain)
            keys, sets = _keys(flow, each)
            plain = [held.sql for _, held in keys]
        elif not isinstance(step, Identity):
            raise Unsupported(
                f"$apply: {type(step).__name__.lower()} inside groupby is not done here", target="$apply"
            )
    if each.then and not then:
        if filters:
            flow.conditions += filters
        return flow
    first = then[0] if then else None
    aggregate = first if isinstance(first, Aggregate) else None
    grouped_ = _aggregate(flow, aggregate, keys, sets, and_(*filters) if filters else None)
    rest = then[1:]
    if any(not isinstance(step, Keep | Compute | Identity) for step in rest):
        raise Unsupported(
            "$apply: only filter and compute come after aggregate inside groupby here", target="$apply"
        )
    return run(grouped_, rest)


def _keys(flow: Flow, each: GroupBy) -> tuple[Leaves, tuple[tuple[int, ...], ...]]:
    """Return the keys of a groupby; and where there are rollups, which keys each grouping set has."""
    keys: Leaves = []
    sets: list[list[int]] = [[]]
    rolled = False
    for key in each.keys:
        paths = key.keys if isinstance(key, Rollup) else (key,)
        places = []
        for path in paths:
            places.append(len(keys))
            keys.append((_names(path), _key(flow, path)))
        if isinstance(key, Rollup):
            rolled = True
            least = 0 if key.all else 1
            levels = [places[:length] for length in range(len(places), least - 1, -1)]
            sets = [[*one, *level] for one in sets for level in levels]
        else:
            sets = [[*one, *places] for one in sets]
    if len(sets) > _MOST_SETS:
        raise wrong(each, f"more than {_MOST_SETS} combinations of levels")
    return keys, tuple(map(tuple, sets)) if rolled else ()


def _names(path: Path) -> tuple[str, ...]:
    names = [step.name for step in path.steps if isinstance(step, Identifier) and "." not in step.name]
    return tuple(names)


def _key(flow: Flow, path: Path) -> Value:
    found = operand(path, flow.scope)
    if isinstance(found, Entity):
        raise Unsupported("$apply: group by properties of what a way leads to", target="$apply", at=path.at)
    return value(path, flow.scope)


def _aggregate(
    flow: Flow,
    each: Aggregate | None,
    keys: Leaves,
    sets: tuple[tuple[int, ...], ...],
    only: ColumnElement[bool] | None = None,
) -> Flow:
    items = [] if each is None else [((_name(item),), _aggregated(flow, item, only)) for item in each.items]
    named = {path for path, _ in keys}
    for path, _ in items:
        if path in named:
            raise wrong(each or Node(0), f"{path[0]} is given twice")
        named.add(path)
    leaves = [*keys, *items]
    columns = [held.sql.label(f"c{at}") for at, (_, held) in enumerate(leaves)]
    statement = flow.select(columns)
    if sets:
        statement = statement.group_by(func.grouping_sets(*(_set(keys, places) for places in sets)))
    elif keys:
        statement = statement.group_by(*(held.sql for _, held in keys))
    return over(flow.context, statement, leaves)


def _set(keys: Leaves, places: tuple[int, ...]) -> Any:
    return tuple_(*(keys[place][1].sql for place in places))


def _name(item: Aggregated) -> str:
    if item.name is None or item.method is None:
        raise Unsupported("$apply: custom aggregates are not done here", target="$apply", at=item.at)
    return item.name


def _aggregated(flow: Flow, item: Aggregated, only: ColumnElement[bool] | None) -> Value:
    if item.over:
        raise Unsupported("$apply: aggregating `from` is not done here", target="$apply", at=item.at)
    made, type_ = _method(flow, item)
    return Value(made if only is None else made.filter(only), type_, nullable=True, at=item.at)


def _method(flow: Flow, item: Aggregated) -> tuple[Any, Any]:
    if item.method == "count":
        if isinstance(item.expression, Path) and len(item.expression.steps) > 1:
            raise Unsupported("$apply: counting over a way is not done here", target="$apply", at=item.at)
        return func.count(), "Edm.Int64"
    found = operand(item.expression, flow.scope)
    if item.method == "countdistinct" and isinstance(found, Entity):
        keys = [found.source.c[found.type.all_properties()[name].held_in] for name in found.type.key_names()]
        return func.count(keys[0].distinct()), "Edm.Int64"
    held = value(item.expression, flow.scope)
    if item.method == "countdistinct":
        return func.count(held.sql.distinct()), "Edm.Int64"
    if item.method in ("min", "max"):
        if held.type in ("Edm.Boolean", "Edm.Guid", "Edm.Binary") or isinstance(held.type, EnumType):
            raise wrong(item, f"{name_of(held.type)} has no least and no greatest")
        return (func.min if item.method == "min" else func.max)(held.sql), held.type
    if held.type not in NUMERIC:
        raise wrong(item, f"{item.method} takes numbers, not {name_of(held.type)}")
    floats = held.type in ("Edm.Double", "Edm.Single")
    if item.method == "average":
        return func.avg(held.sql), "Edm.Double" if floats else "Edm.Decimal"
    whole = "Edm.Int64" if held.type in WHOLE else "Edm.Decimal"
    return func.sum(held.sql), "Edm.Double" if floats else whole


_READERS: Final[dict[type[Any], Callable[[Flow, Any], Flow]]] = {
    Identity: lambda flow, _: flow, Cut: _cut, Sort: _sort, Keep: _keep, Find: _find, Compute: _compute,
    Rank: lambda flow, each: _rank(flow.without_limit(), each, ()), Concat: _concat, GroupBy: _group,
    Aggregate: lambda flow, each: _aggregate(flow.without_limit(), each, [], ()),
}  # fmt: skip
