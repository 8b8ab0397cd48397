"""Operators as typed SQL: comparisons with OData's null logic, lists, and casts."""

from collections.abc import Sequence
from math import isnan
from typing import Any, Final

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Double,
    Interval,
    Numeric,
    Text,
    and_,
    cast,
    false,
    func,
    literal,
    null,
    or_,
)

from api.odata.edm import EnumType
from api.odata.problems import Unsupported
from api.odata.query.dynamic import UNTYPED, known
from api.odata.query.literals import ALWAYS, NEVER, SQL_TYPES, constant, member
from api.odata.query.typed import (
    Bound,
    Entity,
    Structure,
    Value,
    Values,
    is_numeric,
    name_of,
    wider,
    wrong,
)
from api.odata.syntax.tree import Binary, Finer, Node

COMPARISONS: Final = frozenset(["eq", "ne", "lt", "le", "gt", "ge"])
_ORDER: Final = {"lt": "<", "le": "<=", "gt": ">", "ge": ">="}
_UNORDERED: Final = frozenset(["Edm.Binary"])
_NAN: Final[ColumnElement[float]] = literal(float("nan"), Double())
Sql = ColumnElement[Any]


def compare(node: Node, operator: str, left: Bound, right: Bound, *, exactly: bool) -> ColumnElement[bool]:
    """Compare two operands.

    Args:
        node: Whom to complain about.
        operator: eq, ne, lt, le, gt or ge.
        left: One side.
        right: The other.
        exactly: Whether false must be told from null; else null may stand for false, which an index can serve.

    Raises:
        WrongType: They are not of types that can be compared.
    """
    if isinstance(left, Value) and isinstance(right, Value):
        return _values(node, operator, left, right, exactly=exactly)
    for one, other in ((left, right), (right, left)):
        if isinstance(other, Value) and other.is_null and operator in ("eq", "ne"):
            missing = _is_missing(node, one)
            return missing if operator == "eq" else ~missing
    if isinstance(left, Values) and isinstance(right, Values) and operator in ("eq", "ne"):
        mine, theirs = _lists(node, operator, left, right)
        same = mine.is_not_distinct_from(theirs)
        return same if operator == "eq" else ~same
    if (
        isinstance(left, Entity)
        and isinstance(right, Entity)
        and left.set is right.set
        and operator in ("eq", "ne")
    ):
        held = [left.type.all_properties()[name].held_in for name in left.type.key_names()]
        same = and_(*(left.source.c[name].is_not_distinct_from(right.source.c[name]) for name in held))
        return same if operator == "eq" else ~same
    raise wrong(node, f"{operator} cannot compare these")


def _lists(node: Node, operator: str, left: Values, right: Values) -> tuple[Sql, Sql]:
    """Give two lists one type of their values."""
    if is_numeric(left.type) and is_numeric(right.type):
        # By way of texts: PostgreSQL keeps 15 digits of a double.
        texts, numbers = ARRAY(Text()), ARRAY(Numeric())
        return cast(cast(left.sql, texts), numbers), cast(cast(right.sql, texts), numbers)
    if left.type != right.type:
        says = f"{operator} cannot compare lists of {name_of(left.type)} and of {name_of(right.type)}"
        raise wrong(node, says)
    return left.sql, right.sql


def _is_missing(node: Node, found: Bound) -> ColumnElement[bool]:
    if isinstance(found, Entity):
        key = found.type.all_properties()[found.type.key_names()[0]].held_in
        return found.source.c[key].is_(None)
    if isinstance(found, Structure):
        columns = [found.source.c[found.prefix + part.held_in] for part in found.type.properties]
        return and_(*(column.is_(None) for column in columns))
    if isinstance(found, Values):
        return found.sql.is_(None)
    raise wrong(node, "rows are never null")


def _values(node: Node, operator: str, left: Value, right: Value, *, exactly: bool) -> ColumnElement[bool]:
    if left.is_null or right.is_null:
        return _with_null(operator, left, right)
    left, right = alike(node, operator, left, right)
    if isinstance(left.literal, Finer) != isinstance(right.literal, Finer):
        if operator not in _ORDER:
            return ALWAYS if operator == "ne" else NEVER
        left, right = _between(operator, left, right)
    if operator in _ORDER:
        return _ordered(node, operator, left, right, exactly=exactly)
    if operator == "eq":
        if left.nullable and right.nullable:
            return left.sql.is_not_distinct_from(right.sql)
        found: Sql = left.sql == right.sql
        return func.coalesce(found, false()) if exactly and (left.nullable or right.nullable) else found
    either = left.nullable or right.nullable
    return left.sql.is_distinct_from(right.sql) if either else left.sql != right.sql


def _ordered(node: Node, operator: str, left: Value, right: Value, *, exactly: bool) -> ColumnElement[bool]:
    if isinstance(left.type, EnumType) or left.type in _UNORDERED:
        raise wrong(node, f"{name_of(left.type)} has no order")
    found: Sql = left.sql.op(_ORDER[operator], is_comparison=True)(right.sql)
    # To PostgreSQL what is no number is the greatest of them; here it is neither less nor more.
    most = left if operator in ("gt", "ge") else right
    found = and_(found, most.sql != _NAN) if _may_be_nan(most) else found
    return func.coalesce(found, false()) if exactly and (left.nullable or right.nullable) else found


def _may_be_nan(given: Value) -> bool:
    return given.type in ("Edm.Double", "Edm.Single") and (given.literal is None or isnan(given.literal))


def _between(operator: str, left: Value, right: Value) -> tuple[Value, Value]:
    """Put an instant between two that can be kept to the one that gives the same answer: before or behind it."""
    if operator in ("lt", "ge") and isinstance(right.literal, Finer):
        right = constant(right.literal.next(), right.at)
    if operator in ("gt", "le") and isinstance(left.literal, Finer):
        left = constant(left.literal.next(), left.at)
    return left, right


def _with_null(operator: str, left: Value, right: Value) -> ColumnElement[bool]:
    if operator in _ORDER:
        return NEVER
    if left.is_null and right.is_null:
        return ALWAYS if operator == "eq" else NEVER
    other = right if left.is_null else left
    return other.sql.is_(None) if operator == "eq" else other.sql.is_not(None)


def alike(node: Node, operator: str, left: Value, right: Value) -> tuple[Value, Value]:
    """Give two values one type.

    Raises:
        WrongType: There is none.
    """
    if UNTYPED in (left.type, right.type) and left.type != right.type:
        left, right = known(left, right.type), known(right, left.type)
    if left.type == right.type:
        return left, right
    if is_numeric(left.type) and is_numeric(right.type):
        return left, right  # PostgreSQL promotes numbers itself
    for one, other, swapped in ((left, right, False), (right, left, True)):
        made = _as(one, other)
        if made is not None:
            return (made, one) if swapped else (one, made)
    raise wrong(node, f"{operator} cannot compare {name_of(left.type)} with {name_of(right.type)}")


def _as(wanted: Value, given: Value) -> Value | None:
    """Return a text that was written down as the type of the other side, where it is one that texts may stand for."""
    if given.type != "Edm.String" or not isinstance(given.literal, str):
        return None
    if isinstance(wanted.type, EnumType):
        return member(wanted.type, given.literal, given.at)
    if wanted.type == "Edm.Duration":
        from api.odata.syntax.scanner import duration

        try:
            span = duration(given.literal)
        except (ValueError, OverflowError):
            return None
        return Value(literal(span, Interval()), "Edm.Duration", nullable=False, literal=span, at=given.at)
    return None


def common_type(node: Node, values: Sequence[Value]) -> str | EnumType:
    """Return the one type of some values, nulls left out.

    Raises:
        WrongType: There is none.
    """
    types = [each.type for each in values if not each.is_null]
    if not types:
        return "Edm.String"
    found = types[0]
    for each in types[1:]:
        if isinstance(found, str) and isinstance(each, str) and is_numeric(found) and is_numeric(each):
            found = wider(found, each)
        elif found != each:
            raise wrong(node, f"{name_of(found)} and {name_of(each)} have no common type")
    return found


def promoted(given: Value, type_: str | EnumType) -> Value:
    """Return a value in SQL's type for an EDM type."""
    sql_type = SQL_TYPES[type_] if isinstance(type_, str) else given.sql.type
    return Value(cast(given.sql, sql_type), type_, given.nullable, at=given.at)


def member_of(node: Binary, left: Bound, right: list[Bound] | Values) -> ColumnElement[bool]:
    """Say whether a value is among others; null is where null is among them."""
    if isinstance(right, Values):
        if not isinstance(left, Value):
            raise wrong(node, "in takes a single value before a collection")
        if left.is_null:
            return func.coalesce(_has_null(right), false())
        element = Value(literal(None), right.type, at=right.at)
        left, _ = alike(node, "in", left, element)
        same_type = left.type == right.type or (is_numeric(left.type) and is_numeric(right.type))
        if not same_type:
            raise wrong(node, f"in cannot look for {name_of(left.type)} among {name_of(right.type)}")
        found = func.coalesce(left.sql == func.any(right.sql), false())
        return or_(found, and_(left.sql.is_(None), _has_null(right))) if left.nullable else found
    if isinstance(left, Value):
        return _among(node, left, right)
    raise Unsupported(f"character {node.at + 1}: in takes single values here", at=node.at)


def _has_null(many: Values) -> ColumnElement[bool]:
    return func.array_position(many.sql, null()).is_not(None)


def _among(node: Binary, left: Value, right: list[Bound]) -> ColumnElement[bool]:
    there: list[Sql] = []
    perhaps: list[Sql] = []  # what may be null itself, and then is among them where that is looked for
    null = False
    first = next((each for each in right if isinstance(each, Value) and not each.is_null), None)
    if first is not None and not left.is_null:
        left = known(left, first.type)
    for each in right:
        if not isinstance(each, Value):
            raise wrong(node, "in compares with single values")
        if each.is_null:
            null = True
            continue
        if left.is_null:
            perhaps += [each.sql.is_(None)] if each.nullable else []
            continue
        mine, same = alike(node, "in", left, each)
        if mine.nullable and same.nullable:
            perhaps.append(mine.sql.is_not_distinct_from(same.sql))
        elif not isinstance(each.literal, Finer):  # which nothing that is kept equals
            there.append(same.sql)
    if left.is_null:
        return ALWAYS if null else or_(NEVER, *perhaps)
    found = func.coalesce(left.sql.in_(there), false()) if there else NEVER
    return or_(found, left.sql.is_(None), *perhaps) if null else or_(found, *perhaps)


def has(node: Node, left: Value, right: Value) -> Value:
    """Say whether flags are set, or of an enumeration without flags whether it is that member."""
    if not isinstance(left.type, EnumType):
        raise wrong(node, f"has takes an enumeration, not {name_of(left.type)}")
    if isinstance(right.literal, str) and right.type == "Edm.String":
        right = member(left.type, right.literal, right.at)
    if right.type != left.type:
        raise wrong(node, f"has cannot look for {name_of(right.type)} in {name_of(left.type)}")
    if left.type.flags:
        return Value(left.sql.bitwise_and(right.sql) == right.sql, "Edm.Boolean", at=node.at)
    return Value(left.sql == right.sql, "Edm.Boolean", at=node.at)
