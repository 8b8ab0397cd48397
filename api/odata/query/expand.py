"""`$expand`: what belongs to the rows of a page, one query for each way and level, never one for each row."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import quote

from sqlalchemy import ARRAY, ColumnElement, Connection, Select, any_, func, literal, true, tuple_

from api.odata.controls import controlled
from api.odata.edm import EntitySet, EntityType, Navigation
from api.odata.payload import binary, duration, instant
from api.odata.problems import TooComplex, Unsupported, within
from api.odata.query.fetching import fetched
from api.odata.query.rows import Format, Limits, Query
from api.odata.query.scope import Context
from api.odata.query.shape import Columns
from api.odata.query.statement import select
from api.odata.query.typed import Entities, Entity, WrongType
from api.odata.syntax.tree import Expanded, Identifier, Options

DEEPEST: Final = 12  # levels
MOST_WAYS: Final = 60  # ways in one request, those of all levels together


@dataclass(slots=True)
class Expanding:
    """One request's expansions: what they share, and how much they have used up."""

    connection: Connection
    context: Context
    limits: Limits
    form: Format
    ways: int = 0
    rows: int = 0
    written: int = 0  # a row that many share stands in the answer once below each of them

    def into(
        self,
        rows: Sequence[dict[str, Any]],
        keys: Sequence[tuple[Any, ...]],
        owner: tuple[EntitySet, EntityType],
        items: Sequence[Expanded],
        depth: int = 0,
        times: Sequence[int] | None = None,
    ) -> None:
        """Put what belongs to rows into them.

        Args:
            rows: As they were built.
            keys: Theirs, in the same order.
            owner: The set and the type they are of.
            items: What is asked for.
            depth: How far down this is.
            times: How often each row stands in the answer; once, where it is not said.

        Raises:
            TooComplex: More is asked for than one answer holds.
            WrongType: There is no such way.
            Unsupported: It is asked for in a form that is not done here.
        """
        if depth > DEEPEST:
            raise TooComplex(f"$expand: more than {DEEPEST} levels", target="$expand")
        often: Counter[tuple[Any, ...]] = Counter()
        for key, number in zip(keys, times or [1] * len(keys), strict=True):
            often[key] += number
        for item in items:
            for way, type_ in self._ways(owner[1], item):
                self.ways += 1
                if self.ways > MOST_WAYS:
                    raise TooComplex(
                        f"$expand: more than {MOST_WAYS} navigation properties in one request",
                        target="$expand",
                    )
                with within("$expand", over=True):
                    self._way(rows, keys, often, (owner[0], type_), way, item, depth)

    def _ways(self, type_: EntityType, item: Expanded) -> list[tuple[Navigation, EntityType]]:
        """Return the ways an item names: one, or all for `*`."""
        steps = [step.name for step in item.path if isinstance(step, Identifier)]
        if len(steps) != len(item.path) or not steps:
            raise Unsupported(
                f"$expand, character {item.at + 1}: this cannot be expanded", target="$expand", at=item.at
            )
        named = self.context.model.type_named(steps[0]) if len(steps) > 1 else None
        if named is not None and named.is_a(type_):
            type_, steps = named, steps[1:]
        ways = type_.all_navigations()
        if steps == ["*"]:
            return [(way, type_) for way in ways.values()]
        if len(steps) > 1:
            raise Unsupported(
                f"$expand, character {item.at + 1}: nest the second one: {steps[0]}($expand={steps[1]})",
                target="$expand", at=item.at,
            )  # fmt: skip
        if steps[0] not in ways:
            has = ", ".join(ways) or "none"
            says = f"$expand, character {item.at + 1}: {type_.name} has no navigation property {steps[0]}; it has {has}"
            raise WrongType(says, target="$expand", at=item.at)
        return [(ways[steps[0]], type_)]

    def _way(
        self,
        rows: Sequence[dict[str, Any]],
        keys: Sequence[tuple[Any, ...]],
        often: Counter[tuple[Any, ...]],
        owner: tuple[EntitySet, EntityType],
        way: Navigation,
        item: Expanded,
        depth: int,
    ) -> None:
        options = item.options or Options()
        if options.apply is not None:
            raise Unsupported(
                f"$expand, character {item.at + 1}: $apply in $expand is not done here",
                target="$expand", at=item.at,
            )  # fmt: skip
        if way.collection and item.form == "count":
            counts = self._counts(keys, owner, way, options, depth)
            for row, key in zip(rows, keys, strict=True):
                row[f"{way.name}@odata.count"] = counts.get(key, 0)
            return
        target = self.context.model.by_name[way.target]
        found = self._children(keys, owner, way, options, item.form, depth)
        self._written(sum(often[key] * len(group) for key, group in found.items()))
        counts = self._counts(keys, owner, way, options, depth) if options.count and way.collection else {}
        inner = self._inside(item, options)
        children = [child for group in found.values() for child in group]
        if inner and children:
            self.into(
                [row for row, _ in children],
                [key for _, key in children],
                (target, target.type),
                inner,
                depth + 1,
                [often[key] for key, group in found.items() for _ in group],
            )
        for row, key in zip(rows, keys, strict=True):
            group = [child for child, _ in found.get(key, ())]
            if options.count and way.collection:
                row[f"{way.name}@odata.count"] = counts.get(key, 0)
            row[way.name] = group if way.collection else next(iter(group), None)

    def _written(self, more: int) -> None:
        """Count what is written, before it is: shared rows cost nothing until they are text."""
        self.written += more
        if self.written > self.limits.written:
            raise TooComplex(
                f"$expand: it writes more than {self.limits.written} rows, those that many share once below each; "
                "take smaller pages, fewer navigation properties, or $top inside",
                target="$expand",
            )

    def _inside(self, item: Expanded, options: Options) -> tuple[Expanded, ...]:
        """Return what is to be expanded one level down: what was nested, and of `$levels` the same again."""
        inner = options.expand or ()
        if options.levels is None or options.levels == 1:
            return inner
        again = replace(options, levels=0 if options.levels == 0 else options.levels - 1)
        return (*inner, replace(item, options=again))

    def _query(
        self, owner: tuple[EntitySet, EntityType], way: Navigation, depth: int
    ) -> tuple[Query, list[Any]]:
        """Return the rows a way leads to from a set, and the owner's key columns."""
        target = self.context.model.by_name[way.target]
        source, above = (self.context.alias(each.source) for each in (target, owner[0]))
        tie, besides = Entities(above, way, target, target.type).tied(source)
        query = Query(self.context, target, target.type, source, besides=(*besides, above))
        query.conditions.append(tie)
        # `$it` is of the rows that the request is about, not of what is expanded (URL conventions 5.1.1.15.4).
        query.scope.elsewhere = True
        query.scope.instance = None if depth else Entity(above, *owner)
        properties = owner[1].all_properties()
        return query, [above.c[properties[name].held_in] for name in owner[1].key_names()]

    def _counts(
        self,
        keys: Sequence[tuple[Any, ...]],
        owner: tuple[EntitySet, EntityType],
        way: Navigation,
        options: Options,
        depth: int,
    ) -> dict[tuple[Any, ...], int]:
        query, owned = self._query(owner, way, depth)
        query.narrow(Options(filter=options.filter, search=options.search, compute=options.compute))
        statement = query.statement([*owned, func.count()]).where(_among(owned, keys)).group_by(*owned)
        return {tuple(row[:-1]): row[-1] for row in self.connection.execute(statement)}

    def _children(
        self,
        keys: Sequence[tuple[Any, ...]],
        owner: tuple[EntitySet, EntityType],
        way: Navigation,
        options: Options,
        form: str,
        depth: int,
    ) -> dict[tuple[Any, ...], list[tuple[dict[str, Any], tuple[Any, ...]]]]:
        """Return what belongs to each key, in its order."""
        if not keys:
            return {}
        query, owned = self._query(owner, way, depth)
        query.narrow(options)
        columns = Columns()
        own = [columns.add(column) for column in owned]
        built = query.shapes(options, columns, self.form)
        child = [columns.add(each.sql) for each in query.key_values()]
        order = [each.clause() for each in query.order(options)]
        narrowed = query.statement([]).where(_among(owned, keys))
        most = self.limits.expanded - self.rows + 1
        if way.collection or options.skip or options.top is not None:
            place = func.row_number().over(partition_by=owned or None, order_by=order).label("place")
            inner = narrowed.add_columns(*columns.labelled(), place).subquery()
            statement: Select[Any] = select(inner).order_by(inner.c.place).limit(most)
            skip = options.skip or 0
            if skip:
                statement = statement.where(inner.c.place > skip)
            if options.top is not None:
                statement = statement.where(inner.c.place <= skip + options.top)
        else:  # one for each needs no order
            statement = narrowed.add_columns(*columns.labelled()).limit(most)
        rows = fetched(self.connection, statement)
        self.rows += len(rows)
        if len(rows) >= most:
            raise TooComplex(
                f"$expand: it brings more than {self.limits.expanded} rows; take smaller pages, or $top inside",
                target="$expand",
            )
        made = built.build_all(rows, nulls=self.form.nulls) if form == "entity" else []
        if self.form.full:
            model, places = self.context.model, ([row[column] for column in child] for row in rows)
            made = [
                controlled(model, query.type, each, address(query, tuple(place)), options.select)
                for each, place in zip(made, places, strict=False)
            ]
        found: dict[tuple[Any, ...], list[tuple[dict[str, Any], tuple[Any, ...]]]] = defaultdict(list)
        for at, row in enumerate(rows):
            key = tuple([row[column] for column in child])
            each = made[at] if form == "entity" else {"@odata.id": address(query, key)}
            found[tuple([row[column] for column in own])].append((each, key))
        return found


def _among(owned: Sequence[Any], keys: Sequence[tuple[Any, ...]]) -> ColumnElement[bool]:
    """Return the condition that an owner is one of these; a singleton, which has no key, is."""
    if len(owned) == 1:  # one array, so that the statement is the same however many there are
        [only] = owned
        found: ColumnElement[bool] = only == any_(literal(list({key[0] for key in keys}), ARRAY(only.type)))
        return found
    return tuple_(*owned).in_(list(set(keys))) if owned else true()


def address(query: Query, key: tuple[Any, ...]) -> str:
    """Return where one row is, from the service's root, as it stands in a URL."""
    if not key:
        return query.set.name
    written = quote(key_text(query.type, key), safe="=,'-")
    return f"{query.set.name}({written})"


def key_text(type_: EntityType, key: tuple[Any, ...]) -> str:
    """Write a key as it stands in a URL."""
    names = type_.key_names()
    written = [_written(each) for each in key]
    if len(names) == 1:
        return written[0]
    return ",".join(f"{name}={each}" for name, each in zip(names, written, strict=True))


def _written(value: Any) -> str:
    """Write one value of a key as a literal."""
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    if isinstance(value, datetime):
        return instant(value)
    if isinstance(value, timedelta):
        return f"duration'{duration(value)}'"
    if isinstance(value, bytes):
        return f"binary'{binary(value)}'"
    return str(value).lower() if isinstance(value, bool) else str(value)
