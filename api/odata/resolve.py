"""The path of a request as rows: from a set over keys, ways and properties (URL conventions 4)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import FromClause, Select, cast, literal

from api.odata.edm import ComplexType, EntityType, Function, Navigation, Property
from api.odata.problems import Problem, Unsupported
from api.odata.query import invoke
from api.odata.query.expression import condition
from api.odata.query.literals import SQL_TYPES, constant
from api.odata.query.operators import compare
from api.odata.query.paths import keyed
from api.odata.query.rows import Query
from api.odata.query.scope import Context, Scope, of_type
from api.odata.query.statement import select
from api.odata.query.typed import Entities, Entity, Grouped, Value
from api.odata.syntax.resource import Filtered, Key, Plain, Segment, System
from api.odata.syntax.scanner import Scanner
from api.odata.syntax.tree import Expression, Identifier, Literal, Node

Arguments = tuple[tuple[str | None, Expression], ...]


class NotFound(Problem):
    """There is no such resource."""

    status = 404
    code = "NotFound"


@dataclass(slots=True)
class Target:
    """What a path leads to.

    `single` is one row, not several. `path` are the properties that lead to a value in it, empty for rows themselves.
    `form` is what is wanted of it: value, count, ref or raw. `owner` is the row that a way led on from: where there is
    none, what it leads to is not there either, which is something else than no rows.
    """

    query: Query
    single: bool
    path: tuple[Property, ...] = ()
    form: str = "value"
    owner: Query | None = None

    @property
    def last(self) -> Property | None:
        """The property a path ends at, None where it ends at rows."""
        return self.path[-1] if self.path else None


@dataclass(slots=True)
class Reckoned:
    """A path that leads to what a function gives: the statement that reads it. `raw` is with `$value` behind it."""

    value: Value
    statement: Select[Any]
    raw: bool = False


def resolve(context: Context, segments: Sequence[Segment]) -> Target | Reckoned:
    """Follow a path.

    Raises:
        NotFound: It leads nowhere.
        Problem: A key or a condition in it does not fit.
        Unsupported: It asks for what is not done here.
    """
    first = segments[0]
    target = _first(context, first)
    for segment in segments[1:]:
        if isinstance(target, Reckoned):
            if target.raw or not isinstance(segment, System) or segment.name != "$value":
                raise NotFound("nothing but $value comes behind a value", target="path")
            target.raw = True
        else:
            target = _next(context, target, segment)
    return target


def _first(context: Context, first: Segment) -> Target | Reckoned:
    function = context.model.function(first.name) if isinstance(first, Identifier) else None
    if function is not None and isinstance(first, Identifier):
        nowhere = Scope(context, Grouped({}))
        if function.is_value:
            made = invoke.as_value(function, first, None, nowhere)
            return Reckoned(made, select(made.sql).select_from(_given(nowhere)))
        way = invoke.as_way(function, first, nowhere)
        set_ = context.model.by_name[way.target]
        query = Query(context, set_, set_.type, context.alias(set_.source), besides=_besides(nowhere))
        query.conditions.append(way.on(None, query.source))
        return Target(query, single=not way.collection)
    if not isinstance(first, Identifier) or first.name not in context.model.by_name:
        name = first.name if isinstance(first, Identifier | System) else getattr(first, "text", "")
        has = ", ".join(context.model.by_name)
        raise NotFound(f"there is no {name}; there are {has}", target="path")
    set_ = context.model.by_name[first.name]
    target = Target(Query(context, set_, set_.type, context.alias(set_.source)), single=set_.singleton)
    return target if first.arguments is None else _keyed(target, first.arguments)


def _next(context: Context, target: Target, segment: Segment) -> Target | Reckoned:
    if target.form != "value":
        raise NotFound(f"nothing comes behind ${target.form}", target="path")
    if isinstance(segment, System):
        return _system(target, segment)
    if isinstance(segment, Filtered):
        _rows_only(target, "$filter")
        target.query.conditions.append(condition(segment.condition, target.query.scope))
        return target
    if isinstance(segment, Key):
        return _keyed(target, segment.arguments)
    if isinstance(segment, Plain):
        return _plain_key(target, segment.text)
    if isinstance(segment, Identifier):
        return _named(context, target, segment)
    raise NotFound("a set stands at the beginning of a path", target="path")


def _rows_only(target: Target, what: str) -> None:
    if target.single or target.path:
        raise NotFound(f"{what} needs rows before it", target="path")


def _system(target: Target, segment: System) -> Target:
    many = not target.single or (target.last is not None and target.last.collection)
    if segment.name == "$count" and many and (not target.path or target.last):
        target.form = "count"
    elif segment.name == "$ref" and not target.path:
        target.form = "ref"
    elif segment.name == "$value" and target.last is not None and _is_simple(target.last):
        target.form = "raw"
    else:
        raise NotFound(f"{segment.name} does not belong here", target="path")
    return target


def _is_simple(each: Property) -> bool:
    return not each.collection and not isinstance(each.type, ComplexType)


def _named(context: Context, target: Target, segment: Identifier) -> Target | Reckoned:
    if target.path:
        return _part(target, segment)
    type_ = target.query.type
    derived = context.model.type_named(segment.name)
    if derived is not None and derived.is_a(type_) and segment.name not in type_.all_properties():
        cast_ = _as(target, derived)
        return cast_ if segment.arguments is None else _keyed(cast_, segment.arguments)
    function = context.model.function(segment.name, type_, of_collection=not target.single)
    if function is not None and segment.arguments is not None:
        return _invoked(context, target, function, segment)
    if not target.single:
        if segment.arguments is None:
            return _plain_key(target, segment.name)
        raise NotFound(f"{segment.name} needs one row before it, these are rows", target="path")
    if segment.name in type_.all_properties():
        target.path = (type_.all_properties()[segment.name],)
        return target
    way = type_.all_navigations().get(segment.name)
    if way is None:
        has = ", ".join([*type_.all_properties(), *type_.all_navigations()])
        raise NotFound(f"{type_.name} has no {segment.name}; it has {has}", target="path")
    found = _along(context, target, way)
    return found if segment.arguments is None else _keyed(found, segment.arguments)


def _along(context: Context, target: Target, way: Navigation) -> Target:
    """Go on from one row to the rows that a way leads to."""
    set_ = context.model.by_name[way.target]
    source = context.alias(set_.source)
    tie, besides = Entities(target.query.source, way, set_, set_.type).tied(source)
    whole = _whole(target.query)
    query = Query(context, set_, set_.type, source, besides=(*target.query.besides, *besides, whole))
    query.conditions += [*target.query.conditions, tie]
    return Target(query, single=not way.collection, owner=target.query)


def _invoked(context: Context, target: Target, function: Function, segment: Identifier) -> Target | Reckoned:
    """Ask a function of one row, or of rows."""
    query = target.query
    if function.is_value:
        made = invoke.as_value(function, segment, Entity(query.source, query.set, query.type), query.scope)
        return Reckoned(made, query.statement([made.sql]))
    way = invoke.as_way(function, segment, query.scope)
    if target.single:
        return _along(context, target, way)
    query.conditions.append(way.on(query.source, query.source))
    target.single = not way.collection
    return target


def _whole(query: Query) -> FromClause:
    return query.scope.joined(query.source)


def _besides(nowhere: Scope) -> tuple[FromClause, ...]:
    return (_given(nowhere),) if nowhere.aliases() else ()


def _given(nowhere: Scope) -> FromClause:
    """Return one row beside which stand those that a root function's arguments were read from."""
    return nowhere.joined(select(literal(1).label("one")).subquery())


def _as(target: Target, derived: EntityType) -> Target:
    """Go on with those of the rows that are of a type, and as rows of it; what was asked of them so far stays."""
    query = target.query
    query.type = derived
    query.scope.this = Entity(query.source, query.set, derived)
    query.conditions.append(of_type(query.set, derived, query.source))
    return target


def _part(target: Target, segment: Identifier) -> Target:
    last = target.path[-1]
    parts = {each.name: each for each in last.type.properties} if isinstance(last.type, ComplexType) else {}
    if segment.name not in parts or segment.arguments is not None:
        raise NotFound(f"{last.name} has no {segment.name}", target="path")
    target.path = (*target.path, parts[segment.name])
    return target


def _keyed(target: Target, arguments: Arguments) -> Target:
    """Take the one row of a key."""
    _rows_only(target, "a key")
    query = target.query
    row = Entity(query.source, query.set, query.type)
    query.conditions.append(keyed(row, arguments, query.scope, arguments[0][1] if arguments else Node(0)))
    target.single = True
    return target


def _plain_key(target: Target, text: str) -> Target:
    """Take a key that is a segment of its own, as in Orders/1."""
    _rows_only(target, f"{text!r}")
    query = target.query
    keys = query.key_values()
    if len(keys) != 1:
        raise Unsupported(
            f"{query.set.name} has a key of {len(keys)} parts: write it in parentheses", target="path"
        )
    [key] = keys
    made: Any = constant(text)
    if key.type != "Edm.String":
        made = _parsed(key, text)
    node = Literal(0, "Edm.String", text)
    query.conditions.append(compare(node, "eq", key, made, exactly=False))
    target.single = True
    return target


def _parsed(key: Value, text: str) -> Value:
    scanner = Scanner(text, "path")
    literal = scanner.literal()
    if literal is None or not scanner.done() or not isinstance(key.type, str):
        raise NotFound(f"{text!r} is no key here", target="path")
    found = constant(literal.value)
    return Value(cast(found.sql, SQL_TYPES[key.type]), found.type, nullable=False, literal=found.literal)
