"""`$apply`: transformations one after the other, each over what the one before gives (data aggregation 4.0).

While rows are still rows of a set, ways to other sets can be followed; grouping ends that. What has a limit, or
is used twice, becomes a subquery first, so that nothing is put on it afterwards that belongs before it.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Numeric,
    Select,
    Text,
    and_,
    cast,
    literal,
    null,
    union_all,
)
from sqlalchemy.dialects.postgresql import JSONB

from api.odata.edm import WHOLE, EnumType
from api.odata.problems import Unsupported
from api.odata.query.dynamic import UNTYPED
from api.odata.query.expression import computed, condition, value, wrong
from api.odata.query.flow import Flow, Leaves, hidden_columns, over
from api.odata.query.grouping import folded, keys_of
from api.odata.query.literals import SQL_TYPES
from api.odata.query.paging import SortKey
from api.odata.query.ranking import rank
from api.odata.query.rows import Query
from api.odata.query.scope import Scope
from api.odata.query.statement import select
from api.odata.query.typed import Value, grouped, is_numeric, name_of, wider
from api.odata.syntax.apply import (
    Aggregate,
    Compute,
    Concat,
    Cut,
    Find,
    GroupBy,
    Identity,
    Keep,
    Rank,
    Sort,
    Transformation,
)
from api.odata.syntax.tree import Options

_OTHER: Final = {"null": Text(), UNTYPED: JSONB()}


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
        added.append(((item.name,), computed(item, flow.scope)))
    if flow.entity is not None:
        flow.scope.computed |= {path[0]: made for path, made in added}
    else:
        flow.scope.this = grouped([*flow.leaves(), *added])
    return flow


def _concat(flow: Flow, each: Concat) -> Flow:
    flow.context.branch(len(each.sequences))
    settled = flow.settled()
    flows = []
    for sequence in each.sequences:
        copy = Flow(settled.context, settled.source, _scope_of(settled), order=list(settled.order))
        copy.hidden = dict(settled.hidden)
        flows.append(run(copy, sequence))
    paths: dict[tuple[str, ...], Value] = {}
    for one in flows:
        for path, held in one.leaves():
            known = paths.setdefault(path, held)
            if is_numeric(known.type) and is_numeric(held.type):
                paths[path] = replace(known, type=wider(str(known.type), str(held.type)))
            elif name_of(known.type) != name_of(held.type):
                raise wrong(each, f"{'/'.join(path)} is {name_of(known.type)} and {name_of(held.type)}")
    hidden = {name: held for one in flows for name, held in one.hidden.items()}
    statements = [_aligned(one, paths, hidden) for one in flows]
    whole = select(union_all(*statements).subquery())
    return over(flow.context, whole, list(paths.items()), hidden)


def _scope_of(flow: Flow) -> Scope:
    scope = Scope(flow.context, flow.scope.this)
    scope.computed |= flow.scope.computed
    return scope


def _aligned(
    flow: Flow, paths: Mapping[tuple[str, ...], Value], hidden: Mapping[Hashable, Value]
) -> Select[Any]:
    held = dict(flow.leaves())
    columns = []
    for at, (path, known) in enumerate(paths.items()):
        column = held[path].sql if path in held else null()
        columns.append(cast(column, _sql_type(known)).label(f"c{at}"))
    there = Value(literal(0), "Edm.Int32", nullable=False)
    along = {name: flow.hidden.get(name, there) for name in hidden}
    made = flow.cut([*columns, *hidden_columns(along)])
    limited = flow.top is not None or flow.skip is not None
    return select(made.subquery()) if limited else made


def _sql_type(held: Value) -> Any:
    if isinstance(held.type, EnumType):
        return held.sql.type
    # What was reckoned with whole numbers may be larger than their type.
    return Numeric() if held.type in WHOLE else SQL_TYPES.get(held.type, _OTHER.get(held.type))


def _group(flow: Flow, each: GroupBy) -> Flow:
    flow = flow.without_limit()
    keys, sets = keys_of(flow, each)
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
            flow = rank(flow, step, plain)
            keys, sets = keys_of(flow, each)
            plain = [held.sql for _, held in keys]
        elif not isinstance(step, Identity):
            name = step.kind if isinstance(step, Rank | Cut) else type(step).__name__.lower()
            behind = " behind what stands there" if step is not each.then[0] else ""
            says = f"character {step.at + 1}: {name}{behind} inside groupby is not done here"
            raise Unsupported(says, at=step.at)
    if each.then and not then:
        if filters:
            flow.conditions += filters
        return flow
    first = then[0] if then else None
    aggregate = first if isinstance(first, Aggregate) else None
    grouped_ = folded(flow, aggregate, keys, sets, and_(*filters) if filters else None)
    rest = then[1:]
    for step in rest:
        if not isinstance(step, Keep | Compute | Identity):
            says = "only filter and compute come after aggregate inside groupby here"
            raise Unsupported(f"character {step.at + 1}: {says}", at=step.at)
    return run(grouped_, rest)


_READERS: Final[dict[type[Any], Callable[[Flow, Any], Flow]]] = {
    Identity: lambda flow, _: flow, Cut: _cut, Sort: _sort, Keep: _keep, Find: _find, Compute: _compute,
    Rank: lambda flow, each: rank(flow.without_limit(), each, ()), Concat: _concat, GroupBy: _group,
    Aggregate: lambda flow, each: folded(flow.without_limit(), each, [], ()),
}  # fmt: skip
