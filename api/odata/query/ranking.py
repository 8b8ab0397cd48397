"""`topcount` and its kin: the first rows by a value, so many, so much in sum or in percent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Numeric,
    cast,
    func,
)

from api.odata.edm import NUMERIC
from api.odata.problems import Unsupported
from api.odata.query.expression import value, wrong
from api.odata.query.flow import Flow
from api.odata.query.paging import SortKey
from api.odata.query.scope import Scope
from api.odata.query.typed import Grouped, Value, WrongType, name_of
from api.odata.syntax.apply import (
    Rank,
)

_PLACE: Final = "place"
_BY: Final = "by"


def rank(flow: Flow, each: Rank, partition: Sequence[ColumnElement[Any]]) -> Flow:
    """Keep the first rows by a value, of each group where there are groups."""
    ranked = value(each.value, flow.scope)
    amount = _amount(flow, each)
    if ranked.type not in NUMERIC and not each.kind.endswith("count"):
        raise wrong(each, f"{each.kind} takes numbers, not {name_of(ranked.type)}")
    first = ranked.sql.desc() if each.kind.startswith("top") else ranked.sql.asc()
    order = [first.nulls_last(), *flow.tie_breakers()]
    if each.kind.endswith("count"):
        place = func.row_number().over(partition_by=partition or None, order_by=order)
        return _kept(flow, place, lambda column: column <= amount.sql, ranked, each)
    given = func.coalesce(ranked.sql, 0)
    # What is below nought comes last of the greatest, and takes nothing back of a sum that is reached.
    added = func.greatest(given, 0) if each.kind.startswith("top") else given
    running = func.sum(added).over(partition_by=partition or None, order_by=order, rows=(None, 0)) - added
    goal: ColumnElement[Any] = amount.sql
    if each.kind.endswith("percent"):
        goal = cast(amount.sql, Numeric()) / 100 * func.sum(given).over(partition_by=partition or None)
    return _kept(flow, running - goal, lambda column: column < 0, ranked, each)


def _amount(flow: Flow, each: Rank) -> Value:
    """Return how much is kept: a number that is the same for all rows, so that no row is at hand here."""
    nowhere = Scope(flow.context, Grouped({}))
    try:
        amount = value(each.amount, nowhere)
    except WrongType as error:
        says = f"{each.kind} takes first a number that is the same for all rows, as 10"
        raise wrong(each.amount, says) from error
    if nowhere.aliases():
        says = f"{each.kind} takes a number that is written down here, none from $root"
        raise Unsupported(f"character {each.amount.at + 1}: {says}", at=each.amount.at)
    if amount.type not in NUMERIC:
        raise wrong(each.amount, f"{each.kind} takes a number first, not {name_of(amount.type)}")
    return amount


def _kept(flow: Flow, window: ColumnElement[Any], keep: Any, ranked: Value, each: Rank) -> Flow:
    """Keep rows by what a window function gives, which SQL has only one level further out."""
    flow.hidden |= {_PLACE: Value(window, "Edm.Decimal"), _BY: ranked}
    found = flow.settled()
    mark, by = found.hidden.pop(_PLACE), found.hidden.pop(_BY)
    found.conditions.append(keep(mark.sql))
    found.order = [SortKey(by, each.kind.startswith("top"))]
    return found
