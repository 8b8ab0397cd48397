"""Paths as typed SQL: from rows over properties and ways to values, other rows, and what is asked of many."""

from typing import Any, Final

from sqlalchemy import ColumnElement, Select, exists, func, literal, not_, select, true

from api.odata.edm import ComplexType, Property
from api.odata.problems import Unsupported
from api.odata.query.calls import as_type
from api.odata.query.reading import Sql, condition, kind_of, truth, wrong
from api.odata.query.scope import Scope, seen
from api.odata.query.typed import (
    Bound,
    Entities,
    Entity,
    Grouped,
    Structure,
    Value,
    Values,
)
from api.odata.syntax.tree import (
    Annotation,
    Count,
    Expression,
    FilterStep,
    Identifier,
    Lambda,
    Path,
    Step,
)

_SHOWN: Final = 60


def path(node: Path, scope: Scope) -> Bound:
    """Read a path."""
    if node.root == "$it":
        return walk(node.steps, scope.it, scope)
    if node.root == "$this":
        return walk(node.steps, scope.this, scope)
    if node.root is not None:
        raise Unsupported(f"character {node.at + 1}: {node.root} is not done here", at=node.at)
    first = node.steps[0]
    if isinstance(first, Identifier) and first.arguments is None:
        for known in (scope.variables, scope.computed):
            if first.name in known:
                return walk(node.steps[1:], known[first.name], scope)
    return walk(node.steps, scope.this, scope)


def walk(steps: tuple[Step, ...], start: Bound, scope: Scope) -> Bound:
    """Follow steps from something."""
    found = start
    for step in steps:
        found = _step(step, found, scope)
    return found


def _step(step: Step, found: Bound, scope: Scope) -> Bound:
    if isinstance(step, Annotation):
        raise Unsupported(f"character {step.at + 1}: annotations are not read here", at=step.at)
    if isinstance(step, Count):
        return _count(step, found, scope)
    if isinstance(step, FilterStep):
        return _filtered(step, found, step.condition)
    if isinstance(step, Lambda):
        return _quantified(step, found, scope)
    return _named(step, found, scope)


def _named(step: Identifier, found: Bound, scope: Scope) -> Bound:
    if step.arguments is not None:
        raise Unsupported(f"character {step.at + 1}: {step.name}(…) is not done here", at=step.at)
    if isinstance(found, Entity):
        return _of_row(step, found, scope)
    if isinstance(found, Structure):
        parts = {each.name: each for each in found.type.properties}
        if step.name not in parts:
            raise wrong(step, _missing(step.name, found.type.name, list(parts)))
        return _property(step, found.source, parts[step.name], found.prefix, optional=True)
    if isinstance(found, Grouped):
        if step.name not in found.members:
            raise wrong(step, _missing(step.name, "the result so far", list(found.members)))
        return found.members[step.name]
    raise wrong(step, f"{kind_of(found)} has no {step.name}")


def _of_row(step: Identifier, found: Entity, scope: Scope) -> Bound:
    properties = found.type.all_properties()
    if step.name in properties:
        return _property(step, found.source, properties[step.name], "", optional=found.optional)
    navigation = found.type.all_navigations().get(step.name)
    if navigation is not None and not navigation.collection:
        return scope.join(found, navigation)
    if navigation is not None:
        target = scope.context.model.by_name[navigation.target]
        return Entities(found.source, navigation, target, target.type, at=step.at)
    if "." in step.name or scope.context.model.type_named(step.name) is not None:
        return as_type(step, found, step.name, scope)
    raise wrong(step, _missing(step.name, found.type.name, [*properties, *found.type.all_navigations()]))


def _missing(name: str, type_: str, has: list[str]) -> str:
    listed = ", ".join(has[:_SHOWN])
    return f"{type_} has no {name}; it has {listed}"


def _property(step: Identifier, source: Any, each: Property, before: str, *, optional: bool) -> Bound:
    held = before + each.held_in
    if isinstance(each.type, ComplexType):
        if each.collection:
            raise Unsupported(
                f"character {step.at + 1}: lists of structures are not asked for here", at=step.at
            )
        return Structure(source, each.type, held, at=step.at)
    column = source.c[held]
    if each.collection:
        return Values(column, each.type, at=step.at)
    return Value(column, each.type, nullable=each.nullable or optional, at=step.at)


def _count(step: Count, found: Bound, scope: Scope) -> Bound:
    if isinstance(found, Values):
        if step.options is not None:
            raise Unsupported(
                f"character {step.at + 1}: options of a list's $count are not done here", at=step.at
            )
        return Value(func.coalesce(func.cardinality(found.sql), 0), "Edm.Int32", nullable=False, at=step.at)
    if not isinstance(found, Entities):
        raise wrong(step, f"$count needs rows or a list, this is {kind_of(found)}")
    if step.options is not None and step.options.search is not None:
        raise Unsupported(f"character {step.at + 1}: $search inside a path is not done here", at=step.at)
    inside = _Inside(found, scope)
    if step.options is not None and step.options.filter is not None:
        inside.keep(condition(step.options.filter, inside.scope))
    return Value(inside.select(func.count()).scalar_subquery(), "Edm.Int64", nullable=False, at=step.at)


def _filtered(step: FilterStep, found: Bound, kept: Expression) -> Bound:
    del kept
    raise Unsupported(
        f"character {step.at + 1}: $filter inside a path is not done here ({kind_of(found)})", at=step.at
    )


class _Inside:
    """A level for the rows that belong to a row."""

    def __init__(self, found: Entities, scope: Scope) -> None:
        scope.context.unsettled = True
        self._source = found.set.source.alias()
        tie, self._besides = found.tied(self._source)
        self._conditions = [tie, seen(scope.context, found.set, self._source)]
        self.row = Entity(self._source, found.set, found.type)
        self.scope = Scope(scope.context, self.row, outer=scope)

    def keep(self, kept: ColumnElement[bool]) -> None:
        self._conditions.append(kept)

    def select(self, what: Sql) -> Select[Any]:
        """Select from these rows; whatever is not of this level belongs to one around it."""
        whole = self.scope.joined(self._source)
        own = [whole, self._source, *self._besides, *self.scope.aliases()]
        return select(what).select_from(whole, *self._besides).where(*self._conditions).correlate_except(*own)


def _quantified(step: Lambda, found: Bound, scope: Scope) -> Bound:
    if isinstance(found, Values):
        return _of_values(step, found, scope)
    if not isinstance(found, Entities):
        raise wrong(step, f"{step.quantifier} needs rows or a list, this is {kind_of(found)}")
    inside = _Inside(found, scope)
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


def _of_values(step: Lambda, found: Values, scope: Scope) -> Bound:
    elements = func.unnest(found.sql).table_valued("element").render_derived()
    inner = Scope(scope.context, scope.this, outer=scope)
    inner.variables[step.variable or ""] = Value(elements.c.element, found.type, at=step.at)
    met = exists(select(1).select_from(elements).where(_asked(step, inner)).correlate_except(elements))
    return Value(met if step.quantifier == "any" else not_(met), "Edm.Boolean", nullable=False, at=step.at)
