"""What is asked of many as typed SQL: how many they are, and whether any or all of them are something."""

from typing import Any

from sqlalchemy import ColumnElement, FromClause, Select, column, exists, func, literal, not_, true
from sqlalchemy.dialects.postgresql import JSONB

from api.odata.problems import Unsupported
from api.odata.query.reading import Sql, condition, kind_of, truth, wrong
from api.odata.query.scope import Scope, of_type, seen
from api.odata.query.searching import searched
from api.odata.query.statement import select
from api.odata.query.typed import (
    Bound,
    Document,
    Documents,
    Entities,
    Entity,
    Value,
    Values,
)
from api.odata.syntax.tree import (
    Count,
    Lambda,
)


def count(step: Count, found: Bound, scope: Scope) -> Bound:
    """Count rows or the values of a list."""
    if isinstance(found, Values):
        return _count_values(step, found, scope)
    if isinstance(found, Documents):
        if step.options is not None:
            raise Unsupported(
                f"character {step.at + 1}: options of this $count are not done here", at=step.at
            )
        length: Sql = func.coalesce(func.jsonb_array_length(found.sql), 0)
        return Value(length, "Edm.Int32", nullable=False, at=step.at)
    if not isinstance(found, Entities):
        raise wrong(step, f"$count needs rows or a list, this is {kind_of(found)}")
    inside = Inside(found, scope)
    if step.options is not None and step.options.search is not None:
        inside.keep(searched(found.set, found.type, inside.row.source, step.options.search))
    if step.options is not None and step.options.filter is not None:
        inside.keep(condition(step.options.filter, inside.scope))
    return Value(inside.select(func.count()).scalar_subquery(), "Edm.Int64", nullable=False, at=step.at)


def _count_values(step: Count, found: Values, scope: Scope) -> Value:
    if step.options is None:
        counted: Sql = func.coalesce(func.cardinality(found.sql), 0)
        return Value(counted, "Edm.Int32", nullable=False, at=step.at)
    if step.options.search is not None:
        raise wrong(step, "values of a list are not searched")
    elements = func.unnest(found.sql).table_valued("element").render_derived()
    inner = Scope(scope.context, Value(elements.c.element, found.type), outer=scope)
    kept = true() if step.options.filter is None else condition(step.options.filter, inner)
    counted = (
        select(func.count()).select_from(elements).where(kept).correlate_except(elements).scalar_subquery()
    )
    return Value(counted, "Edm.Int32", nullable=False, at=step.at)


class Inside:
    """A level for the rows that belong to a row."""

    def __init__(self, found: Entities, scope: Scope) -> None:
        scope.context.unsettled = True
        self._source = found.set.source.alias()
        tie, self._besides = found.tied(self._source)
        self._conditions = [tie, seen(scope.context, found.set, self._source)]
        if found.type is not found.set.type:
            self._conditions.append(of_type(found.set, found.type, self._source))
        self.row = Entity(self._source, found.set, found.type)
        self.scope = Scope(scope.context, self.row, outer=scope)
        for kept in found.kept:
            self.keep(condition(kept, self.scope))

    def keep(self, kept: ColumnElement[bool]) -> None:
        """Leave out the rows that a condition does not hold for."""
        self._conditions.append(kept)

    def select(self, what: Sql) -> Select[Any]:
        """Select from these rows; whatever is not of this level belongs to one around it."""
        whole: FromClause = self._source
        for each in self._besides:
            whole = whole.join(each, true())
        whole = self.scope.joined(whole)
        own = [whole, self._source, *self._besides, *self.scope.aliases()]
        return select(what).select_from(whole).where(*self._conditions).correlate_except(*own)


def quantified(step: Lambda, found: Bound, scope: Scope) -> Bound:
    """Ask of rows or of a list whether any or all of it holds."""
    if isinstance(found, Values):
        return _of_values(step, found, scope)
    if isinstance(found, Documents):
        return _of_documents(step, found, scope)
    if not isinstance(found, Entities):
        raise wrong(step, f"{step.quantifier} needs rows or a list, this is {kind_of(found)}")
    inside = Inside(found, scope)
    # Names without the variable are the row's outside (URL conventions 5.1.1.13).
    inside.scope.this = scope.this
    inside.scope.variables[step.variable or ""] = inside.row
    inside.keep(_asked(step, inside.scope))
    met = exists(inside.select(literal(1)))
    return Value(met if step.quantifier == "any" else not_(met), "Edm.Boolean", nullable=False, at=step.at)


def _asked(step: Lambda, inner: Scope) -> ColumnElement[bool]:
    """Return what one element must be for `any`, or must not be for `all`."""
    if step.condition is None:
        return true()
    if step.quantifier == "any":
        return condition(step.condition, inner)
    return truth(step.condition, inner).is_not(true())


def _of_documents(step: Lambda, found: Documents, scope: Scope) -> Bound:
    elements = func.jsonb_array_elements(found.sql).table_valued(column("element", JSONB())).render_derived()
    inner = Scope(scope.context, scope.this, outer=scope)
    inner.variables[step.variable or ""] = Document(elements.c.element, found.type, at=step.at)
    met = exists(select(1).select_from(elements).where(_asked(step, inner)).correlate_except(elements))
    return Value(met if step.quantifier == "any" else not_(met), "Edm.Boolean", nullable=False, at=step.at)


def _of_values(step: Lambda, found: Values, scope: Scope) -> Bound:
    elements = func.unnest(found.sql).table_valued("element").render_derived()
    inner = Scope(scope.context, scope.this, outer=scope)
    inner.variables[step.variable or ""] = Value(elements.c.element, found.type, at=step.at)
    met = exists(select(1).select_from(elements).where(_asked(step, inner)).correlate_except(elements))
    return Value(met if step.quantifier == "any" else not_(met), "Edm.Boolean", nullable=False, at=step.at)
