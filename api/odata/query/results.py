"""Rows of a result that no type describes, as objects: what comes out of `$apply`."""

import re
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, Select, func, literal

from api.odata.payload import reckoned
from api.odata.problems import Malformed
from api.odata.query.expression import computed, condition, value, wrong
from api.odata.query.fetching import fetched
from api.odata.query.flow import Flow, hidden_columns
from api.odata.query.literals import fixed
from api.odata.query.paging import SortKey
from api.odata.query.rows import Format, Limits, Page
from api.odata.query.shape import Shape
from api.odata.query.statement import select
from api.odata.query.typed import Value, grouped
from api.odata.syntax.tree import Identifier, Options

_BEFORE: Final = re.compile("[0-9]{1,12}")


@dataclass(frozen=True, slots=True)
class ResultPlan:
    """One page of a result that is to be read: its statement, and how what comes of it becomes objects.

    A result has no key, so its pages are counted off: their mark is how many rows came `before`.
    """

    statement: Select[Any]
    shape: Shape
    size: int
    left: int | None
    before: int
    nulls: bool

    def page(self, found: Sequence[tuple[Any, ...]], **_place: Any) -> Page:
        """Put the page together."""
        size = self.size
        more = len(found) > size and (self.left is None or self.left > size)
        rows = [self.shape.build(row, nulls=self.nulls) for row in found[:size]]
        return Page(rows, [], f"{self.before + size}" if more else None)


def result_page(
    connection: Connection, flow: Flow, options: Options, *, limits: Limits, form: Format
) -> tuple[ResultPlan, Page]:
    """Read one page of a result, with the options that come after `$apply` put on it; returns with it how.

    Raises:
        Problem: Something asked for does not fit.
    """
    flow = _narrowed(flow.without_limit(), options)
    count = _number(connection, flow) if options.count else None
    leaves = chosen(flow, options)
    before = _before(options.skiptoken)
    left = None if options.top is None else max(options.top - before, 0)
    size = limits.page if left is None else min(limits.page, left)
    order = [SortKey(value(each.expression, flow.scope), each.descending) for each in options.orderby or ()]
    order += [*flow.order, *(SortKey(held) for _, held in flow.leaves()), *map(SortKey, flow.hidden.values())]
    columns = [held.sql.label(f"c{at}") for at, (_, held) in enumerate(leaves)]
    statement = flow.select([*columns, *hidden_columns(flow.hidden)]).order_by(
        *(each.clause() for each in order)
    )
    statement = statement.offset((options.skip or 0) + before).limit(fixed(size + 1))
    plan = ResultPlan(statement, _shape(leaves, form, list(flow.hidden)), size, left, before, form.nulls)
    made = plan.page(fetched(connection, statement) if size else [])
    made.count = count
    return plan, made


def result_count(connection: Connection, flow: Flow, options: Options) -> int:
    """Count a result, with the options that come after `$apply` and change how many there are.

    Raises:
        Problem: Something asked for does not fit.
    """
    flow = _narrowed(flow.without_limit(), options)
    for each in options.orderby or ():
        value(each.expression, flow.scope)
    return _number(connection, flow)


def _number(connection: Connection, flow: Flow) -> int:
    rows = flow.select([literal(1).label("one")]).subquery()  # one row for all has no column to be read from
    return int(connection.scalar(select(func.count()).select_from(rows)) or 0)


def _narrowed(flow: Flow, options: Options) -> Flow:
    if options.expand or options.search is not None:
        raise Malformed("$apply: its result has nothing to expand and cannot be searched", target="$apply")
    for item in options.compute or ():
        made = computed(item, flow.scope)
        flow.scope.this = grouped([*flow.leaves(), ((item.name,), made)])
    if options.filter is not None:
        flow.conditions.append(condition(options.filter, flow.scope))
    return flow


def _before(text: str | None) -> int:
    if text is None:
        return 0
    if not _BEFORE.fullmatch(text):
        raise Malformed("$skiptoken: this is no mark of a page; follow @odata.nextLink", target="$skiptoken")
    return int(text)


def chosen(flow: Flow, options: Options) -> list[tuple[tuple[str, ...], Value]]:
    """Return what `$select` takes of a result, by its paths."""
    leaves = flow.leaves()
    if options.select is None:
        return leaves
    found = []
    for item in options.select:
        path = tuple(step.name for step in item.path if isinstance(step, Identifier))
        if path == ("*",):
            return leaves
        some = [leaf for leaf in leaves if leaf[0][: len(path)] == path]
        if not some:
            raise wrong(item, f"the result has no {'/'.join(path)}")
        found += [leaf for leaf in some if leaf not in found]
    return found


def _shape(
    leaves: list[tuple[tuple[str, ...], Value]], form: Format, rolled: Sequence[Hashable] = ()
) -> Shape:
    """Put the leaves into objects; `rolled` are the paths whose columns behind say where they are left out."""
    whole = Shape()
    for place, (path, held) in enumerate(leaves):
        shape = whole
        for name in path[:-1]:
            part = next((each for known, each in shape.parts if known == name), None)
            if part is None:
                part = Shape()
                shape.parts.append((name, part))
            shape = part
        shape.leaves.append((path[-1], place, reckoned(held.type, big_as_text=form.big_as_text), False))
        if path in rolled:
            shape.absent[place] = len(leaves) + rolled.index(path)
    return whole
