"""Functions and type questions as typed SQL."""

from collections.abc import Callable
from typing import Final

from sqlalchemy import (
    Boolean,
    ColumnElement,
    Numeric,
    and_,
    cast,
    literal,
)

from api.odata.edm import WHOLE, EntityType, EnumType
from api.odata.problems import Unsupported
from api.odata.query.casting import converted
from api.odata.query.dynamic import UNTYPED, known
from api.odata.query.functions import COLLECTIONS, FUNCTIONS, fits, sliced
from api.odata.query.literals import ALWAYS, SQL_TYPES, constant
from api.odata.query.patterns import NoPattern, Untranslated, translated
from api.odata.query.reading import Sql, kind_of, operand, single, wrong
from api.odata.query.scope import Scope, of_type
from api.odata.query.typed import (
    Bound,
    Entity,
    Value,
    Values,
    name_of,
)
from api.odata.syntax.tree import (
    Call,
    Expression,
    Identifier,
    Literal,
    Node,
    Path,
)

_TEXT: Final = ("Edm.String",)
_NUMBERS: Final = (("number",), ("whole number",))


def call(node: Call, scope: Scope) -> Bound:
    """Read a canonical function."""
    if node.name.startswith("geo."):
        raise Unsupported(f"character {node.at + 1}: positions are not served here", at=node.at)
    special = _SPECIAL.get(node.name)
    if special is not None:
        return special(node, scope)
    arguments = [operand(argument, scope) for argument in node.arguments]
    if any(isinstance(argument, Values) for argument in arguments):
        return _of_collection(node, arguments)
    values = [single(argument, found) for argument, found in zip(node.arguments, arguments, strict=True)]
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
    if given.type == UNTYPED:
        return known(given, "Edm.Decimal" if takes in _NUMBERS else takes[0]).sql
    if not given.is_null:
        return given.sql
    return cast(given.sql, Numeric() if takes in _NUMBERS else SQL_TYPES[takes[0]])


def _of_collection(node: Call, arguments: list[Bound]) -> Bound:
    """Read a function of lists (URL conventions 5.1.1.5 and 5.1.1.6)."""
    lists = [each for each in arguments if isinstance(each, Values)]
    if node.name == "substring" and len(lists) == 1:
        bounds = [each for each in arguments[1:] if isinstance(each, Value) and each.type in WHOLE]
        if len(bounds) == len(arguments) - 1:
            made = sliced(lists[0].sql, *(each.sql for each in bounds))
            return Values(made, lists[0].type, at=node.at)
    build = COLLECTIONS.get(node.name)
    if build is None or len(lists) != len(arguments) or len({name_of(each.type) for each in lists}) > 1:
        given = ", ".join(map(kind_of, arguments))
        raise Unsupported(f"character {node.at + 1}: {node.name} of {given} is not done here", at=node.at)
    built = build(*(each.sql for each in lists))
    if node.name == "concat":
        return Values(built, lists[0].type, at=node.at)
    return Value(built, "Edm.Int32" if node.name in ("length", "indexof") else "Edm.Boolean", at=node.at)


def _matches(node: Call, scope: Scope) -> Bound:
    """Read `matchesPattern`, whose pattern has to be known here: it is put into the database's own words."""
    text, pattern = (single(argument, operand(argument, scope)) for argument in node.arguments)
    if not fits(text, _TEXT) or not fits(pattern, _TEXT):
        given = ", ".join(name_of(each.type) for each in (text, pattern))
        raise wrong(node, f"matchesPattern takes (Edm.String, Edm.String), not ({given})")
    if pattern.is_null:
        return Value(cast(pattern.sql, Boolean()), "Edm.Boolean", at=node.at)
    if not isinstance(pattern.literal, str):
        raise Unsupported(
            f"character {node.at + 1}: matchesPattern takes a pattern that is written down here", at=node.at
        )
    try:
        wanted = constant(translated(pattern.literal), node.at)
    except NoPattern as error:
        raise wrong(node, f"the pattern is none: {error}") from None
    except Untranslated as error:
        raise Unsupported(f"character {node.at + 1}: the pattern: {error}", at=node.at) from None
    found = _argument(text, _TEXT).op("~", return_type=Boolean())(wanted.sql)
    return Value(found, "Edm.Boolean", at=node.at)


def _now(node: Call, scope: Scope) -> Bound:
    scope.context.unsettled = True
    return constant(scope.context.now, node.at)


def _cast(node: Call, scope: Scope) -> Bound:
    source: Bound = operand(node.arguments[0], scope) if len(node.arguments) > 1 else scope.this
    name = _type_name(node.arguments[-1])
    if isinstance(source, Entity):
        return as_type(node, source, name, scope)
    if not isinstance(source, Value):
        raise wrong(node, f"{kind_of(source)} cannot be cast")
    return converted(node, source, scope.context.model.enum_named(name) or name)


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
    raise wrong(node, f"of {kind_of(source)} nobody asks the type here")


def _type_name(node: Expression) -> str:
    if isinstance(node, Path) and len(node.steps) == 1 and isinstance(node.steps[0], Identifier):
        return node.steps[0].name
    if isinstance(node, Literal) and node.type == "Edm.String":  # as 4.0 has it for functions in a URL
        return str(node.value)
    raise wrong(node, "expected a type's name")


def _is_of(entity: Entity, wanted: EntityType) -> ColumnElement[bool]:
    there: ColumnElement[bool] = ALWAYS
    if entity.type.key_names():
        there = entity.source.c[_key_column(entity)].is_not(None)
    return and_(there, of_type(entity.set, wanted, entity.source))


def _key_column(entity: Entity) -> str:
    return entity.type.all_properties()[entity.type.key_names()[0]].held_in


def _isdefined(node: Call, scope: Scope) -> Bound:
    """Say whether a path leads to anything: to a property of a row that is there, of its type, or to a row."""
    [argument] = node.arguments
    if not isinstance(argument, Path) or not argument.steps:
        raise wrong(node, "isdefined takes a path")
    *before, last = argument.steps
    if not isinstance(last, Identifier):
        raise wrong(argument, "isdefined takes a path to a property or a row")
    operand(argument, scope)  # what the model does not know is refused
    owner = operand(Path(argument.at, argument.root, tuple(before)), scope) if before else scope.this
    there = _is_of(owner, owner.type) if isinstance(owner, Entity) else ALWAYS
    return Value(there, "Edm.Boolean", nullable=False, at=node.at)


def as_type(node: Node, entity: Entity, name: str, scope: Scope) -> Entity:
    """Return a row as one of a type named in a path."""
    wanted = scope.context.model.type_named(name)
    if wanted is None or not (wanted.is_a(entity.type) or entity.type.is_a(wanted)):
        raise wrong(node, f"a {entity.type.name} is never a {name}")
    return Entity(entity.source, entity.set, wanted, optional=True, at=node.at)


_SPECIAL: Final[dict[str, Callable[[Call, Scope], Bound]]] = {
    "now": _now, "cast": _cast, "isof": _isof, "isdefined": _isdefined,
    "matchespattern": _matches,
}  # fmt: skip
