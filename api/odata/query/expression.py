"""Expressions as typed SQL, with the null logic of OData (URL conventions 5.1.1.1).

`eq` and `ne` compare null like a value; an order with null on a side is false; everything else with null is
null. In a condition that only has to hold, null and false are the same, so that plain comparisons can use an index;
below a `not`, or where the value itself is wanted, they are told apart (`exact`).
"""

from collections.abc import Callable
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Numeric,
    Select,
    and_,
    case,
    cast,
    exists,
    false,
    func,
    literal,
    not_,
    or_,
    select,
    true,
)

from api.odata.edm import ComplexType, EntityType, EnumType, Property
from api.odata.problems import Unsupported
from api.odata.query import operators
from api.odata.query.functions import COLLECTIONS, FUNCTIONS, array_of, fits
from api.odata.query.literals import SQL_TYPES, constant, member, written
from api.odata.query.scope import Scope, seen
from api.odata.query.typed import (
    Bound,
    Entities,
    Entity,
    Grouped,
    Structure,
    Value,
    Values,
    WrongType,
    name_of,
)
from api.odata.syntax.tree import (
    Alias,
    Annotation,
    Binary,
    Call,
    Case,
    Chain,
    Count,
    Expression,
    FilterStep,
    Identifier,
    Lambda,
    Listing,
    Literal,
    Node,
    Path,
    Record,
    Step,
    Unary,
)

Sql = ColumnElement[Any]
_SHOWN: Final = 60


def wrong(node: Node, says: str) -> WrongType:
    """Return the complaint about a node."""
    return WrongType(f"character {node.at + 1}: {says}", at=node.at)


def condition(node: Expression, scope: Scope) -> ColumnElement[bool]:
    """Return SQL that is true where a condition holds, and false or null where it does not.

    Raises:
        WrongType: With the place of what does not fit.
        Unsupported: It asks for what is not done here.
    """
    if isinstance(node, Chain):
        terms = [condition(term, scope) for term in node.terms]
        return and_(*terms) if node.operator == "and" else or_(*terms)
    if isinstance(node, Binary) and node.operator in operators.COMPARISONS:
        return operators.compare(
            node, node.operator, operand(node.left, scope), operand(node.right, scope), exactly=False
        )
    return truth(node, scope)


def truth(node: Expression, scope: Scope) -> ColumnElement[bool]:
    """Return a condition's exact value: true, false or null."""
    found = value(node, scope)
    if found.is_null:
        return cast(found.sql, SQL_TYPES["Edm.Boolean"])
    if found.type != "Edm.Boolean":
        raise wrong(node, f"expected a condition, this gives {name_of(found.type)}")
    return found.sql


def value(node: Expression, scope: Scope) -> Value:
    """Return a single value.

    Raises:
        WrongType: It is a row, a list or a structure; or something in it does not fit.
    """
    found = operand(node, scope)
    if not isinstance(found, Value):
        raise wrong(node, f"expected a single value, this is {_kind(found)}")
    return found


def operand(node: Expression, scope: Scope) -> Bound:
    """Return whatever an expression gives."""
    return _READERS[type(node)](node, scope)


def _kind(found: Bound) -> str:
    return {
        Values: "a list",
        Structure: "a structure",
        Entity: "a row",
        Entities: "rows",
        Grouped: "a row",
    }.get(type(found), "a value")


def _literal(node: Literal, scope: Scope) -> Bound:
    return written(scope.context.model, node)


def _alias(node: Alias, scope: Scope) -> Bound:
    context = scope.context
    if node.name in context.resolving:
        raise wrong(node, f"@{node.name} is defined by itself")
    given = context.aliases.get(node.name)
    if given is None:
        return constant(None, node.at)  # an alias that is not given is null (URL conventions 5.3)
    context.resolving.append(node.name)
    try:
        found = operand(given, scope)
    finally:
        context.resolving.pop()
    return _walk(node.steps, found, scope)


def _chain(node: Chain, scope: Scope) -> Bound:
    terms = [truth(term, scope) for term in node.terms]
    return Value(and_(*terms) if node.operator == "and" else or_(*terms), "Edm.Boolean", at=node.at)


def _unary(node: Unary, scope: Scope) -> Bound:
    if node.operator == "not":
        return Value(not_(truth(node.operand, scope)), "Edm.Boolean", at=node.at)
    return operators.negative(node, value(node.operand, scope))


def _binary(node: Binary, scope: Scope) -> Bound:
    left = operand(node.left, scope)
    if node.operator == "in":
        return Value(
            operators.member_of(node, left, _many(node.right, left, scope)), "Edm.Boolean", at=node.at
        )
    right = operand(node.right, scope)
    if node.operator in operators.COMPARISONS:
        found = operators.compare(node, node.operator, left, right, exactly=True)
        return Value(found, "Edm.Boolean", nullable=False, at=node.at)
    if not isinstance(left, Value) or not isinstance(right, Value):
        raise wrong(node, f"{node.operator} takes single values")
    if node.operator == "has":
        return operators.has(node, left, right)
    return operators.reckon(node, left, right)


def _many(node: Expression, left: Bound, scope: Scope) -> list[Bound] | Values:
    """Return what `in` looks in: listed values, or a collection."""
    if isinstance(node, Listing):
        return [_listed(item, left, scope) for item in node.items]
    found = operand(node, scope)
    if isinstance(found, Values):
        return found
    raise wrong(node, f"expected a list after in, this is {_kind(found)}")


def _listed(item: Expression, left: Bound, scope: Scope) -> Bound:
    found = operand(item, scope)
    text = isinstance(found, Value) and isinstance(found.literal, str) and found.type == "Edm.String"
    if text and isinstance(left, Value) and isinstance(left.type, EnumType) and isinstance(found, Value):
        return member(left.type, found.literal, item.at)
    return found


def _listing(node: Listing, scope: Scope) -> Bound:
    items = [value(item, scope) for item in node.items]
    types = {name_of(item.type) for item in items if not item.is_null}
    if len(types) > 1:
        raise wrong(node, f"the values of a list are of one type, these are {', '.join(sorted(types))}")
    type_ = next((item.type for item in items if not item.is_null), "Edm.String")
    sql_type = SQL_TYPES[type_] if isinstance(type_, str) else SQL_TYPES["Edm.String"]
    return Values(array_of([cast(item.sql, sql_type) for item in items], sql_type), type_, at=node.at)


def _record(node: Record, _scope: Scope) -> Bound:
    raise Unsupported(f"character {node.at + 1}: objects are not compared here", at=node.at)


def _case(node: Case, scope: Scope) -> Bound:
    conditions = [condition(when, scope) for when, _ in node.branches]
    values = [value(then, scope) for _, then in node.branches]
    type_ = operators.common_type(node, values)
    branches = [
        (when, operators.promoted(then, type_).sql) for when, then in zip(conditions, values, strict=True)
    ]
    return Value(case(*branches), type_, at=node.at)


def _call(node: Call, scope: Scope) -> Bound:
    if node.name.startswith("geo."):
        raise Unsupported(f"character {node.at + 1}: positions are not served here", at=node.at)
    special = _SPECIAL.get(node.name)
    if special is not None:
        return special(node, scope)
    arguments = [operand(argument, scope) for argument in node.arguments]
    if any(isinstance(argument, Values) for argument in arguments):
        return _of_collection(node, arguments)
    values = [value(argument, scope) for argument in node.arguments]
    variants = FUNCTIONS.get(node.name)
    if variants is None:
        raise Unsupported(f"character {node.at + 1}: {node.name} is not done here", at=node.at)
    for variant in variants:
        if len(variant.takes) == len(values) and all(map(fits, values, variant.takes)):
            gives = variant.gives or (_floating(values[0].type))
            built = variant.build(
                *(_argument(given, takes) for given, takes in zip(values, variant.takes, strict=True))
            )
            return Value(built, gives, nullable=bool(values), at=node.at)
    given = ", ".join(name_of(each.type) for each in values)
    takes = " or ".join(
        "(" + ", ".join("/".join(part) for part in variant.takes) + ")" for variant in variants
    )
    raise wrong(node, f"{node.name} takes {takes}, not ({given})")


def _floating(type_: str | EnumType) -> str:
    return "Edm.Double" if type_ in ("Edm.Double", "Edm.Single") else "Edm.Decimal"


def _argument(given: Value, takes: tuple[str, ...]) -> Sql:
    if not given.is_null:
        return given.sql
    return cast(given.sql, Numeric() if takes == ("number",) else SQL_TYPES[takes[0]])


def _of_collection(node: Call, arguments: list[Bound]) -> Bound:
    build = COLLECTIONS.get(node.name)
    if build is None or not all(isinstance(argument, Values) for argument in arguments):
        raise Unsupported(f"character {node.at + 1}: {node.name} of lists is not done here", at=node.at)
    built = build(*(argument.sql for argument in arguments if isinstance(argument, Values)))
    return Value(built, "Edm.Int32" if node.name == "length" else "Edm.Boolean", at=node.at)


def _now(node: Call, scope: Scope) -> Bound:
    scope.context.unsettled = True
    return constant(scope.context.now, node.at)


def _cast(node: Call, scope: Scope) -> Bound:
    source: Bound = operand(node.arguments[0], scope) if len(node.arguments) > 1 else scope.this
    name = _type_name(node.arguments[-1])
    if isinstance(source, Entity):
        return _as_type(node, source, name, scope)
    if not isinstance(source, Value):
        raise wrong(node, f"{_kind(source)} cannot be cast")
    enum = scope.context.model.enum_named(name)
    if enum is not None:
        raise Unsupported(f"character {node.at + 1}: casting to {name} is not done here", at=node.at)
    return operators.converted(node, source, name)


def _isof(node: Call, scope: Scope) -> Bound:
    source: Bound = operand(node.arguments[0], scope) if len(node.arguments) > 1 else scope.this
    name = _type_name(node.arguments[-1])
    if isinstance(source, Entity):
        wanted = scope.context.model.type_named(name)
        if wanted is None:
            raise wrong(node, f"there is no type {name}")
        return Value(_is_of(source, wanted), "Edm.Boolean", nullable=False, at=node.at)
    if isinstance(source, Value):
        same = name == name_of(source.type)
        return Value(and_(literal(same), source.sql.is_not(None)), "Edm.Boolean", nullable=False, at=node.at)
    raise wrong(node, f"of {_kind(source)} nobody asks the type here")


def _type_name(node: Expression) -> str:
    if isinstance(node, Path) and len(node.steps) == 1 and isinstance(node.steps[0], Identifier):
        return node.steps[0].name
    raise wrong(node, "expected a type's name")


def _is_of(entity: Entity, wanted: EntityType) -> ColumnElement[bool]:
    if entity.type.is_a(wanted):
        return entity.source.c[_key_column(entity)].is_not(None)
    kinds = [kind for kind, type_ in entity.set.derived.items() if type_.is_a(wanted)]
    if not kinds or entity.set.kind is None:
        return false()
    return func.coalesce(entity.source.c[entity.set.kind].in_(kinds), false())


def _key_column(entity: Entity) -> str:
    return entity.type.all_properties()[entity.type.key_names()[0]].held_in


def _as_type(node: Node, entity: Entity, name: str, scope: Scope) -> Entity:
    wanted = scope.context.model.type_named(name)
    if wanted is None or not (wanted.is_a(entity.type) or entity.type.is_a(wanted)):
        raise wrong(node, f"a {entity.type.name} is never a {name}")
    return Entity(entity.source, entity.set, wanted, optional=True, at=node.at)


_SPECIAL: Final[dict[str, Callable[[Call, Scope], Bound]]] = {"now": _now, "cast": _cast, "isof": _isof}


def _path(node: Path, scope: Scope) -> Bound:
    if node.root == "$it":
        return _walk(node.steps, scope.it, scope)
    if node.root == "$this":
        return _walk(node.steps, scope.this, scope)
    if node.root is not None:
        raise Unsupported(f"character {node.at + 1}: {node.root} is not done here", at=node.at)
    first = node.steps[0]
    if isinstance(first, Identifier) and first.arguments is None:
        for known in (scope.variables, scope.computed):
            if first.name in known:
                return _walk(node.steps[1:], known[first.name], scope)
    return _walk(node.steps, scope.this, scope)


def _walk(steps: tuple[Step, ...], start: Bound, scope: Scope) -> Bound:
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
    raise wrong(step, f"{_kind(found)} has no {step.name}")


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
        return _as_type(step, found, step.name, scope)
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
        raise wrong(step, f"$count needs rows or a list, this is {_kind(found)}")
    if step.options is not None and step.options.search is not None:
        raise Unsupported(f"character {step.at + 1}: $search inside a path is not done here", at=step.at)
    inside = _Inside(found, scope)
    if step.options is not None and step.options.filter is not None:
        inside.keep(condition(step.options.filter, inside.scope))
    return Value(inside.select(func.count()).scalar_subquery(), "Edm.Int64", nullable=False, at=step.at)


def _filtered(step: FilterStep, found: Bound, kept: Expression) -> Bound:
    del kept
    raise Unsupported(
        f"character {step.at + 1}: $filter inside a path is not done here ({_kind(found)})", at=step.at
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
        raise wrong(step, f"{step.quantifier} needs rows or a list, this is {_kind(found)}")
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


_READERS: Final[dict[type[Any], Callable[[Any, Scope], Bound]]] = {
    Literal: _literal, Path: _path, Alias: _alias, Call: _call, Unary: _unary, Binary: _binary, Chain: _chain,
    Listing: _listing, Record: _record, Case: _case,
}  # fmt: skip
