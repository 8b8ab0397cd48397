"""Functions of the model: found, given their arguments, and turned into a value or into a way to rows."""

from sqlalchemy import ColumnElement, cast

from api.odata.edm import EntityType, Function, Navigation
from api.odata.query.literals import SQL_TYPES
from api.odata.query.reading import value, wrong
from api.odata.query.scope import Scope
from api.odata.query.typed import Entity, Value, is_numeric, name_of
from api.odata.syntax.tree import Identifier


def found(
    step: Identifier, scope: Scope, bound: EntityType | None, *, of_collection: bool = False
) -> Function | None:
    """Return the function that a step names, if it names one."""
    return scope.context.model.function(step.name, bound, of_collection=of_collection)


def arguments(function: Function, step: Identifier, scope: Scope) -> dict[str, ColumnElement[object]]:
    """Return a function's arguments as SQL of their types.

    Raises:
        WrongType: One is missing, unknown or of another type.
    """
    given = dict(step.arguments or ())
    if set(given) != set(function.parameters):
        wanted = ", ".join(function.parameters) or "nothing"
        raise wrong(step, f"{function.name} takes {wanted}, each by its name")
    made: dict[str, ColumnElement[object]] = {}
    for name, type_ in function.parameters.items():
        node = given[name]
        each = value(node, scope)
        if not (each.is_null or each.type == type_ or (is_numeric(each.type) and is_numeric(type_))):
            raise wrong(node, f"{name} is {type_}, not {name_of(each.type)}")
        made[name] = cast(each.sql, SQL_TYPES[type_])
    return made


def as_value(function: Function, step: Identifier, of: Entity | None, scope: Scope) -> Value:
    """Return what a function gives, of a row or of nothing."""
    made = function.sql(None if of is None else of.source, None, arguments(function, step, scope))
    return Value(made, function.gives, at=step.at)


def as_way(function: Function, step: Identifier, scope: Scope) -> Navigation:
    """Return a function that gives rows as a way to them, under a name that is its own within a request."""
    given = arguments(function, step, scope)
    return Navigation(
        f"{step.name}@{id(step)}",  # where it is written is not enough: each option counts its characters from 0
        function.gives,
        lambda me, it: function.sql(me, it, given),
        function.collection,
    )
