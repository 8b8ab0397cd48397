"""`$crossjoin`: every row of one set beside every row of others, which conditions then bring together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import ColumnElement, Connection, FromClause, func, true

from api.odata.payload import reckoned
from api.odata.problems import Problem, Unsupported
from api.odata.query.expand import Expanding, address
from api.odata.query.expression import computed, condition, value, wrong
from api.odata.query.flow import Flow
from api.odata.query.paging import SortKey, behind, place, token
from api.odata.query.rows import Format, Limits, Page, Query
from api.odata.query.scope import Context, Scope
from api.odata.query.shape import Columns, Shapes
from api.odata.query.typed import Crossed, Entity, Value
from api.odata.syntax.tree import Expanded, Identifier, Options, Selected

_FEWEST = 2


@dataclass(slots=True)
class Crossing:
    """Rows of several sets side by side: each set's own query, and what belongs to all of them."""

    members: dict[str, Query]
    flow: Flow


def crossing(context: Context, names: Sequence[str]) -> Crossing:
    """Put sets side by side.

    Raises:
        Problem: There is no such set, or one stands there twice.
    """
    members: dict[str, Query] = {}
    for name in names:
        set_ = context.model.by_name.get(name)
        if set_ is None or set_.singleton or name in members:
            has = ", ".join(each.name for each in context.model.sets if not each.singleton)
            raise Problem(f"$crossjoin takes different entity sets, of {has}; not {name}", target="path")
        members[name] = Query(context, set_, set_.type, set_.source.alias())
    if len(members) < _FEWEST:
        raise Problem("$crossjoin takes two entity sets or more", target="path")
    row = Crossed({name: Entity(each.source, each.set, each.type) for name, each in members.items()})
    scope = Scope(context, row)
    first, *others = [each.source for each in members.values()]
    source: FromClause = first
    for other in others:
        source = source.join(other, true())
    conditions: list[ColumnElement[bool]] = []
    for each in members.values():
        context.owners[each.source] = scope
        conditions += each.conditions
    return Crossing(members, Flow(context, source, scope, conditions))


def narrow(crossed: Crossing, options: Options) -> None:
    """Put `$compute` and `$filter` on it."""
    flow = crossed.flow
    if options.search is not None:
        raise Unsupported("$search over several sets is not done here", target="$search")
    for item in options.compute or ():
        if item.name in crossed.members:
            raise wrong(item, f"there is a {item.name} already")
        flow.scope.computed[item.name] = computed(item, flow.scope)
    if options.filter is not None:
        flow.conditions.append(condition(options.filter, flow.scope))


def counted(connection: Connection, crossed: Crossing) -> int:
    """Return how many there are."""
    return int(connection.scalar(crossed.flow.select([func.count()])) or 0)


@dataclass(slots=True)
class _Part:
    """One set's part of the rows: where its key is, and its shape where it is wanted whole."""

    name: str
    query: Query
    keys: list[int]
    shapes: Shapes | None
    inner: tuple[Expanded, ...] = ()


def cross_page(
    connection: Connection, crossed: Crossing, options: Options, *, limits: Limits, form: Format, asked: str
) -> Page:
    """Read one page: a link to each row, or the row itself where `$expand` or `$select` asks for it.

    Raises:
        Problem: Something asked for does not fit, or is not done here.
    """
    flow = crossed.flow
    narrow(crossed, options)
    count = counted(connection, crossed) if options.count else None
    columns = Columns()
    parts = _parts(crossed, options, columns, form)
    made = [(name, each) for name, each in flow.scope.computed.items() if isinstance(each, Value)]
    computed = [
        (name, columns.add(each.sql), reckoned(each.type, big_as_text=form.big_as_text))
        for name, each in made
    ]
    order = [SortKey(value(each.expression, flow.scope), each.descending) for each in options.orderby or ()]
    order += [SortKey(key) for each in crossed.members.values() for key in each.key_values()]
    places = [columns.add(each.value.sql) for each in order]
    left, skip = options.top, options.skip or 0
    after: ColumnElement[bool] = true()
    values: list[str | None] | None = None
    if options.skiptoken is not None:
        values, left = place(options.skiptoken, order, query=asked)
        after, skip = behind(order, values), 0
    size = limits.page if left is None else min(limits.page, left)
    statement = flow.select(columns.labelled()).where(after).order_by(*(each.clause() for each in order))
    found = connection.execute(statement.limit(size + 1).offset(skip or None)).all() if size else []
    rows = [_built(row, parts, form) for row in found[:size]]
    for name, at, write in computed:
        for row, source in zip(rows, found, strict=False):
            row[name] = source[at] if write is None or source[at] is None else write(source[at])
    _expand(connection, flow.context, parts, rows, found, limits, form)
    mark = None
    if len(found) > size and (left is None or left > size):
        rest = None if left is None else left - size
        mark = token([found[size - 1][at] for at in places], query=asked, left=rest, behind=values)
    return Page(rows, [], mark, count)


def _parts(crossed: Crossing, options: Options, columns: Columns, form: Format) -> list[_Part]:
    wanted = _wanted(crossed, options)
    parts = []
    for name, query in crossed.members.items():
        keys = [columns.add(each.sql) for each in query.key_values()]
        inner = wanted.get(name)
        shapes = None if inner is None else query.shapes(inner, columns, form)
        parts.append(_Part(name, query, keys, shapes, () if inner is None else inner.expand or ()))
    return parts


def _wanted(crossed: Crossing, options: Options) -> dict[str, Options]:
    """Return of which sets the rows themselves are wanted, with what of them."""
    found: dict[str, Options] = {}
    for item in options.expand or ():
        steps = [step.name for step in item.path if isinstance(step, Identifier)]
        names = list(crossed.members) if steps == ["*"] else steps
        inner = item.options or Options()
        plain = replace(inner, select=None, expand=None) == Options()
        if item.form != "entity" or not plain or not set(names) <= set(crossed.members) or len(steps) > 1:
            raise Unsupported(
                "$expand of a $crossjoin takes its sets, with $select and $expand", target="$expand"
            )
        found |= dict.fromkeys(names, inner)
    for selected in options.select or ():
        first, *rest = selected.path
        if not isinstance(first, Identifier) or first.name not in crossed.members or not rest:
            if isinstance(first, Identifier) and (
                first.name in crossed.flow.scope.computed or first.name == "*"
            ):
                continue
            raise wrong(
                selected, f"$select of a $crossjoin takes Set/Property, of {', '.join(crossed.members)}"
            )
        before = found.get(first.name, Options())
        item_ = Selected(rest[0].at, tuple(rest), selected.options)
        found[first.name] = replace(before, select=(*(before.select or ()), item_))
    return found


def _built(row: Any, parts: Sequence[_Part], form: Format) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for part in parts:
        if part.shapes is None:
            key = tuple(row[at] for at in part.keys)
            made[f"{part.name}@odata.navigationLink"] = address(part.query, key)
        else:
            made[part.name] = part.shapes.build(row, nulls=form.nulls)
    return made


def _expand(
    connection: Connection,
    context: Context,
    parts: Sequence[_Part],
    rows: Sequence[dict[str, Any]],
    found: Sequence[Any],
    limits: Limits,
    form: Format,
) -> None:
    expanding = Expanding(connection, context, limits, form)
    for part in parts:
        if part.inner:
            keys = [tuple(row[at] for at in part.keys) for row, _ in zip(found, rows, strict=False)]
            inside = [row[part.name] for row in rows]
            expanding.into(inside, keys, (part.query.set, part.query.type), part.inner)
