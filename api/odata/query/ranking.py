"""`topcount` and its kin: the first rows by a value, so many, so much in sum or in percent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Numeric,
    cast,
    func,
)

from api.odata.edm import NUMERIC
from api.odata.query.expression import value, wrong
from api.odata.query.flow import Flow, over
from api.odata.query.paging import SortKey
from api.odata.query.typed import Value, grouped, name_of
from api.odata.syntax.apply import (
    Rank,
)


def rank(flow: Flow, each: Rank, partition: Sequence[ColumnElement[Any]]) -> Flow:
    """Keep the first rows by a value, of each group where there are groups."""
    ranked = value(each.value, flow.scope)
    amount = value(each.amount, flow.scope)
    if ranked.type not in NUMERIC and not each.kind.endswith("count"):
        raise wrong(each, f"{each.kind} takes numbers, not {name_of(ranked.type)}")
    if amount.type not in NUMERIC:
        raise wrong(each, f"{each.kind} takes a number first, not {name_of(amount.type)}")
    first = ranked.sql.desc() if each.kind.startswith("top") else ranked.sql.asc()
    order = [first.nulls_last(), *flow.tie_breakers()]
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
