"""Paths as typed SQL: from rows over properties and ways to values, other rows, and what is asked of many."""

from collections.abc import Hashable
from dataclasses import replace
from typing import Any, Final

from sqlalchemy import ColumnElement, FromClause, and_, literal, true

from api.odata.edm import ComplexType, Navigation, Property
from api.odata.problems import Unsupported
from api.odata.query import invoke, operators
from api.odata.query.calls import as_type
from api.odata.query.dynamic import held, known
from api.odata.query.many import count, quantified
from api.odata.query.reading import kind_of, operand, wrong
from api.odata.query.scope import Scope
from api.odata.query.statement import select
from api.odata.query.typed import (
    Bound,
    Crossed,
    Document,
    Documents,
    Entities,
    Entity,
    Grouped,
    Structure,
    ThroughMany,
    Value,
    Values,
    WrongType,
)
from api.odata.syntax.tree import (
    Annotation,
    Count,
    Expression,
    FilterStep,
    Identifier,
    Lambda,
    Node,
    Path,
    Step,
)

_SHOWN: Final = 60


def path(node: Path, scope: Scope) -> Bound:
    """Read a path."""
    if node.root == "$it":
        if scope.it is None:
            raise Unsupported(f"character {node.at + 1}: $it is not done this deep in $expand", at=node.at)
        return walk(node.steps, scope.it, scope)
    if node.root == "$this":
        return walk(node.steps, scope.this, scope)
    if node.root == "$root":
        return _from_root(node, scope)
    if node.root is not None:
        raise Unsupported(f"character {node.at + 1}: {node.root} is not done here", at=node.at)
    first = node.steps[0]
    if isinstance(first, Identifier) and first.arguments is None:
        scope.context.spend(scope.context.costs.get(first.name, 1))
        for known in (scope.variables, scope.computed):
            if first.name in known:
                return walk(node.steps[1:], known[first.name], scope)
    return walk(node.steps, scope.this, scope)


def _from_root(node: Path, scope: Scope) -> Bound:
    """Read a path from the service's root: a set, one of its rows, a singleton, or a function."""
    first = node.steps[0] if node.steps else None
    if not isinstance(first, Identifier):
        raise wrong(node, "$root needs a set behind it")
    model = scope.context.model
    function = invoke.found(first, scope, None)
    if function is not None and function.is_value:
        return walk(node.steps[1:], invoke.as_value(function, first, None, scope), scope)
    set_ = model.by_name.get(first.name if function is None else function.gives)
    if set_ is None:
        raise wrong(first, _missing(first.name, "the service", list(model.by_name)))
    if function is not None:
        way = invoke.as_way(function, first, scope)
        if not way.collection:
            found: Bound = scope.root(set_, _told_apart(first, scope), lambda it: way.on(None, it))
        else:
            found = Entities(_nothing(scope), way, set_, set_.type, at=node.at)
    elif set_.singleton:
        found = scope.root(set_, "", lambda _: true())
    elif first.arguments is None:
        everything = Navigation(set_.name, set_.name, lambda _me, _it: true(), collection=True)
        found = Entities(_nothing(scope), everything, set_, set_.type, at=node.at)
    else:
        arguments = first.arguments
        found = scope.root(
            set_,
            _told_apart(first, scope),
            lambda it: keyed(Entity(it, set_, set_.type), arguments, scope, node),
        )
    return walk(node.steps[1:], found, scope)


def _told_apart(first: Identifier, scope: Scope) -> Hashable:
    """Return what tells a row that is looked up from others: as what it is asked for, and what is at hand then.

    Where it is written is not enough: each option and each alias counts its characters from 0.
    """
    return id(first), scope.this.source if isinstance(scope.this, Entity) else id(scope.this)


def _nothing(scope: Scope) -> FromClause:
    """Return what rows from the root belong to: nothing in particular."""
    return scope.it.source if isinstance(scope.it, Entity) else select(literal(1)).subquery()


def keyed(
    entity: Entity, arguments: tuple[tuple[str | None, Expression], ...], scope: Scope, node: Node
) -> ColumnElement[bool]:
    """Return the condition that a row has a key.

    Raises:
        WrongType: The key is another one, or of another type.
    """
    properties, names = entity.type.all_properties(), entity.type.key_names()
    given = dict(arguments)
    if len(arguments) == 1 and None in given and len(names) == 1:
        given = {names[0]: arguments[0][1]}
    if set(given) != set(names):
        raise wrong(node, f"the key of {entity.set.name} is {', '.join(names)}")
    terms = []
    for name in names:
        step = Identifier(given[name].at, name)
        mine = _property(step, entity.source, properties[name], "", optional=False)
        terms.append(operators.compare(given[name], "eq", mine, operand(given[name], scope), exactly=False))
    return and_(*terms)


def _filtered(step: FilterStep, found: Bound) -> Bound:
    if isinstance(found, Entities):
        return replace(found, kept=(*found.kept, step.condition))
    raise Unsupported(
        f"character {step.at + 1}: $filter inside a path is done of rows only, this is {kind_of(found)}",
        at=step.at,
    )


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
        return count(step, found, scope)
    if isinstance(step, FilterStep):
        return _filtered(step, found)
    if isinstance(step, Lambda):
        return quantified(step, found, scope)
    return _named(step, found, scope)


def _named(step: Identifier, found: Bound, scope: Scope) -> Bound:
    if step.arguments is not None:
        return _invoked(step, found, scope)
    if isinstance(found, Entity):
        return _of_row(step, found, scope)
    if isinstance(found, Structure):
        parts = {each.name: each for each in found.type.properties}
        if step.name not in parts:
            raise wrong(step, _missing(step.name, found.type.name, list(parts)))
        return _property(step, found.source, parts[step.name], found.prefix, optional=True)
    if isinstance(found, Grouped | Crossed):
        if step.name not in found.members:
            raise wrong(step, _missing(step.name, "the result so far", list(found.members)))
        return found.members[step.name]
    if isinstance(found, Document):
        return _of_document(step, found)
    if isinstance(found, Entities):
        return _of_rows(step, found, scope)
    raise wrong(step, f"{kind_of(found)} has no {step.name}")


def _of_rows(step: Identifier, found: Entities, scope: Scope) -> Entities:
    derived = scope.context.model.type_named(step.name)
    if derived is not None and derived.is_a(found.type):
        return replace(found, type=derived)
    has = found.type.all_properties().keys() | found.type.all_navigations().keys()
    kind = ThroughMany if step.name in has else WrongType
    raise kind(f"character {step.at + 1}: {kind_of(found)} has no {step.name}", at=step.at)


def _of_document(step: Identifier, found: Document) -> Bound:
    inner = {each.name: each for each in found.type.properties}
    if step.name not in inner:
        raise wrong(step, _missing(step.name, found.type.name, list(inner)))
    if isinstance(inner[step.name].type, ComplexType) or inner[step.name].collection:
        raise Unsupported(
            f"character {step.at + 1}: structures inside a list's are not read here", at=step.at
        )
    return known(held(found.sql, step.name, step.at), inner[step.name].type)  # type: ignore[arg-type]  # no structure


def _invoked(step: Identifier, found: Bound, scope: Scope) -> Bound:
    """Read a function of the model: of a row, of rows, or of nothing."""
    model = scope.context.model
    if isinstance(found, Entities):
        function = invoke.found(step, scope, found.type, of_collection=True)
        if function is not None and function.collection:
            way, before = invoke.as_way(function, step, scope), found.way
            both = replace(before, on=lambda me, it, *pair: and_(before.on(me, it, *pair), way.on(it, it)))
            return replace(found, way=both)
    bound = found.type if isinstance(found, Entity) else None
    function = (invoke.found(step, scope, bound) if bound else None) or invoke.found(step, scope, None)
    if function is None:
        raise wrong(step, f"there is no function {step.name} of {kind_of(found)}")
    of = found if isinstance(found, Entity) and function.bound else None
    if function.is_value:
        return invoke.as_value(function, step, of, scope)
    if of is None:
        raise Unsupported(
            f"character {step.at + 1}: rows of {step.name} are asked for with $root/", at=step.at
        )
    way = invoke.as_way(function, step, scope)
    target = model.by_name[way.target]
    return (
        Entities(of.source, way, target, target.type, at=step.at) if way.collection else scope.join(of, way)
    )


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
    opened = found.type.opened()
    if opened is not None:
        return held(found.source.c[opened], step.name, step.at)
    raise wrong(step, _missing(step.name, found.type.name, [*properties, *found.type.all_navigations()]))


def _missing(name: str, type_: str, has: list[str]) -> str:
    listed = ", ".join(has[:_SHOWN])
    return f"{type_} has no {name}; it has {listed}"


def _property(step: Identifier, source: Any, each: Property, before: str, *, optional: bool) -> Bound:
    held_in = before + each.held_in
    if isinstance(each.type, ComplexType):
        if each.collection:
            return Documents(source.c[held_in], each.type, at=step.at)
        return Structure(source, each.type, held_in, at=step.at)
    column = source.c[held_in]
    if each.collection:
        return Values(column, each.type, at=step.at)
    return Value(column, each.type, nullable=each.nullable or optional, at=step.at)
