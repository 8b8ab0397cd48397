"""Reading a tree as typed SQL, with the null logic of OData (URL conventions 5.1.1.1).

`eq` and `ne` compare null like a value; an order with null on a side is false; everything else with null is
null. In a condition that only has to hold, null and false are the same, so that plain comparisons can use an index;
below a `not`, or where the value itself is wanted, they are told apart.

What reads which kind of node is registered in `READERS` by `expression`, which is where to import all of this from.
"""

from collections.abc import Callable
from typing import Any, Final

from sqlalchemy import ColumnElement, and_, cast, or_

from api.odata.query import operators
from api.odata.query.dynamic import known
from api.odata.query.literals import SQL_TYPES
from api.odata.query.scope import Scope
from api.odata.query.typed import (
    Bound,
    Document,
    Documents,
    Entities,
    Entity,
    Grouped,
    Structure,
    Value,
    Values,
    name_of,
    wrong,
)
from api.odata.syntax.tree import Binary, Chain, Computed, Expression

__all__ = [
    "READERS",
    "Sql",
    "computed",
    "condition",
    "kind_of",
    "operand",
    "single",
    "truth",
    "value",
    "wrong",
]

Sql = ColumnElement[Any]
READERS: Final[dict[type[Any], Callable[[Any, Scope], Bound]]] = {}


def condition(node: Expression, scope: Scope) -> ColumnElement[bool]:
    """Return SQL that is true where a condition holds, and false or null where it does not.

    Raises:
        WrongType: With the place of what does not fit.
        Unsupported: It asks for what is not done here.
    """
    scope.context.spend()
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
    found = known(found, "Edm.Boolean")
    if found.type != "Edm.Boolean":
        raise wrong(node, f"expected a condition, this gives {name_of(found.type)}")
    return found.sql


def value(node: Expression, scope: Scope) -> Value:
    """Return a single value.

    Raises:
        WrongType: It is a row, a list or a structure; or something in it does not fit.
    """
    return single(node, operand(node, scope))


def single(node: Expression, found: Bound) -> Value:
    """Return what was read as a single value.

    Raises:
        WrongType: It is a row, a list or a structure.
    """
    if not isinstance(found, Value):
        raise wrong(node, f"expected a single value, this is {kind_of(found)}")
    return found


def computed(node: Computed, scope: Scope) -> Value:
    """Return the value of a computed name, and note what it costs to use it."""
    context = scope.context
    before = context.spent
    found = value(node.expression, scope)
    context.costs[node.name] = context.spent - before
    return found


def operand(node: Expression, scope: Scope) -> Bound:
    """Return whatever an expression gives."""
    scope.context.spend()
    return READERS[type(node)](node, scope)


def kind_of(found: Bound) -> str:
    """Say in words what something is."""
    return {
        Values: "a list",
        Structure: "a structure",
        Document: "a structure",
        Documents: "a list",
        Entity: "a row",
        Entities: "rows",
        Grouped: "a row",
    }.get(type(found), "a value")
