"""The keys of a `groupby` and the columns of an `aggregate`."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Text,
    case,
    cast,
    func,
    tuple_,
)

from api.odata.edm import NUMERIC, WHOLE, EnumType
from api.odata.problems import Unsupported
from api.odata.query.expression import operand, value, wrong
from api.odata.query.flow import Flow, Leaves, hidden_columns, over
from api.odata.query.typed import Entity, ThroughMany, Value, name_of
from api.odata.syntax.apply import (
    Aggregate,
    Aggregated,
    GroupBy,
    Rollup,
)
from api.odata.syntax.tree import Identifier, Node, Path

_MOST_SETS: Final = 64  # grouping sets of one groupby


def keys_of(flow: Flow, each: GroupBy) -> tuple[Leaves, tuple[tuple[int, ...], ...]]:
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


@contextmanager
def _one_each(node: Node) -> Iterator[None]:
    """Say of a path through many rows that it is right and not done."""
    try:
        yield
    except ThroughMany:
        says = "$apply: paths through many rows are not done here; begin with their set"
        raise Unsupported(says, target="$apply", at=node.at) from None


def _key(flow: Flow, path: Path) -> Value:
    with _one_each(path):
        found = operand(path, flow.scope)
    if isinstance(found, Entity):
        raise Unsupported(
            "$apply: group by properties of what a navigation property leads to", target="$apply", at=path.at
        )
    held = value(path, flow.scope)
    # PostgreSQL groups by no constant alone.
    return replace(held, sql=cast(held.sql, Text())) if held.is_null else held


def folded(
    flow: Flow,
    each: Aggregate | None,
    keys: Leaves,
    sets: tuple[tuple[int, ...], ...],
    only: ColumnElement[bool] | None = None,
) -> Flow:
    """Return one row a group; `only` leaves rows out of the groups, not groups out of the result."""
    items = [] if each is None else [((_name(item),), _aggregated(flow, item, only)) for item in each.items]
    named = {path[0] for path, _ in keys}
    for path, _ in items:
        if path[0] in named:
            raise wrong(each or Node(0), f"{path[0]} is given twice")
        named.add(path[0])
    leaves = [*keys, *items]
    columns = [held.sql.label(f"c{at}") for at, (_, held) in enumerate(leaves)]
    hidden: dict[Hashable, Value] = {}
    if sets:
        # Where a key is rolled up it is null, as it is in the group of the rows that have none: this tells them apart.
        rolled = [place for place in range(len(keys)) if any(place not in one for one in sets)]
        hidden = {
            keys[at][0]: Value(func.grouping(keys[at][1].sql), "Edm.Int32", nullable=False) for at in rolled
        }
    statement = flow.select([*columns, *hidden_columns(hidden)])
    if sets:
        statement = statement.group_by(func.grouping_sets(*(_set(keys, places) for places in sets)))
    elif keys:
        statement = statement.group_by(*(held.sql for _, held in keys))
    return over(flow.context, statement, leaves, hidden)


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
            raise Unsupported(
                "$apply: counting over a navigation property is not done here", target="$apply", at=item.at
            )
        return func.count(), "Edm.Int64"
    with _one_each(item):
        found = operand(item.expression, flow.scope)
    if item.method == "countdistinct" and isinstance(found, Entity):
        keys = [found.source.c[found.type.all_properties()[name].held_in] for name in found.type.key_names()]
        row = keys[0] if len(keys) == 1 else case((keys[0].is_not(None), func.row(*keys)))
        return func.count(row.distinct()), "Edm.Int64"
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
