"""Expressions as typed SQL: what to import for reading them, and the readers of everything but paths and functions."""

from sqlalchemy import and_, case, cast, not_, or_
from sqlalchemy.sql.elements import Grouping

from api.odata.edm import EnumType
from api.odata.problems import Unsupported
from api.odata.query import arithmetic, operators
from api.odata.query.calls import call
from api.odata.query.functions import array_of
from api.odata.query.literals import SQL_TYPES, constant, member, written
from api.odata.query.paths import path, walk
from api.odata.query.reading import READERS, computed, condition, kind_of, operand, truth, value, wrong
from api.odata.query.scope import Scope
from api.odata.query.typed import (
    Bound,
    Value,
    Values,
    name_of,
)
from api.odata.syntax.tree import (
    Alias,
    Binary,
    Call,
    Case,
    Chain,
    Expression,
    Listing,
    Literal,
    Path,
    Record,
    Unary,
)

__all__ = ["computed", "condition", "operand", "truth", "value", "wrong"]


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
    return walk(node.steps, found, scope)


def _chain(node: Chain, scope: Scope) -> Bound:
    terms = [truth(term, scope) for term in node.terms]
    return Value(and_(*terms) if node.operator == "and" else or_(*terms), "Edm.Boolean", at=node.at)


def _unary(node: Unary, scope: Scope) -> Bound:
    if node.operator == "not":
        # NOT binds weaker than what it may be an operand of (=, IS NULL, IN), and is not put in brackets by itself.
        return Value(Grouping(not_(truth(node.operand, scope))), "Edm.Boolean", at=node.at)
    return arithmetic.negative(node, value(node.operand, scope))


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
    return arithmetic.reckon(node, left, right)


def _many(node: Expression, left: Bound, scope: Scope) -> list[Bound] | Values:
    """Return what `in` looks in: listed values, or a collection."""
    if isinstance(node, Listing):
        return [_listed(item, left, scope) for item in node.items]
    found = operand(node, scope)
    if isinstance(found, Values):
        return found
    raise wrong(node, f"expected a list after in, this is {kind_of(found)}")


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


READERS.update(
    {Literal: _literal, Path: path, Alias: _alias, Call: call, Unary: _unary, Binary: _binary, Chain: _chain,
     Listing: _listing, Record: _record, Case: _case}
)  # fmt: skip
