"""What changed since a mark: rows as they are now, and the keys of those that left (protocol 11.3).

A row that changed and is no longer among what was asked for is told as removed, whether it once was or not: a client
passes over what it never had. Of rows that the caller may not see nothing is told.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import orjson
from sqlalchemy import (
    ColumnElement,
    Connection,
    DateTime,
    Integer,
    Text,
    TypeDecorator,
    and_,
    cast,
    exists,
    false,
    func,
    literal,
    not_,
    true,
)

from api.odata.edm import Changes
from api.odata.problems import Malformed, Problem
from api.odata.query.paging import SortKey, behind, place, token
from api.odata.query.rows import Format, Query
from api.odata.query.scope import seen
from api.odata.query.shape import Columns
from api.odata.query.statement import select
from api.odata.query.typed import Value
from api.odata.syntax.tree import Identifier, Options, Selected


class Expired(Problem):
    """What changed since then is no longer known, or the caller may see something else by now."""

    status = 410
    code = "Gone"


@dataclass(frozen=True, slots=True)
class Since:
    """What a delta token holds: what was asked for (a hash), the mark, and what the caller could see."""

    asked: str
    mark: str
    rights: str

    def text(self) -> str:
        """Return it as it stands in a delta link."""
        packed = orjson.dumps([self.asked, self.mark, self.rights])
        return base64.urlsafe_b64encode(packed).decode("ascii").rstrip("=")


def since(text: str) -> Since:
    """Read a delta token.

    Raises:
        Malformed: It is none.
    """
    try:
        values = orjson.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (ValueError, TypeError, binascii.Error):
        values = None
    shape = isinstance(values, list) and [type(each) for each in values] == [str, str, str]
    if not shape:
        raise Malformed(
            "$deltatoken: this is no mark of a state; follow @odata.deltaLink", target="$deltatoken"
        )
    return Since(*values)


def present(connection: Connection, changes: Changes) -> str:
    """Return the mark of the present state."""
    return str(connection.scalar(select(cast(changes.mark(), Text))))


@dataclass(slots=True)
class Changed:
    """One page of changes: rows as they are, and the keys of removed ones with the reason.

    `last` is the place of its last row, `next` the same where there is more.
    """

    rows: list[dict[str, Any]]
    removed: list[tuple[tuple[Any, ...], str]]
    last: str | None = None
    next: str | None = None


@dataclass(slots=True)
class _Reading:
    connection: Connection
    query: Query
    changes: Changes
    mark: str
    asked: str

    def stamp(self, source: Any) -> Value:
        column = source.c[self.changes.column]
        held = column.type.impl_instance if isinstance(column.type, TypeDecorator) else column.type
        kinds = ((DateTime, "Edm.DateTimeOffset"), (Integer, "Edm.Int64"))
        type_ = next((name for kind, name in kinds if isinstance(held, kind)), "Edm.Decimal")
        return Value(column, type_, nullable=False)

    def lately(self, column: ColumnElement[Any]) -> ColumnElement[bool]:
        """Say of a column whether it is at or above the mark."""
        return column >= cast(literal(self.mark), column.type)

    def complete(self) -> bool:
        """Say whether what was removed since the mark is still known."""
        oldest = self.changes.oldest
        if oldest is None:
            return True
        column = self.query.source.c[self.changes.column]
        found = select(cast(literal(self.mark), column.type) >= oldest())
        return bool(self.connection.scalar(found))

    def rows(self, options: Options, form: Format, size: int, after: list[str | None] | None) -> Changed:
        """Return what changed and still is in the source."""
        query, changes = self.query, self.changes
        visible, *matching = query.conditions
        kept = func.coalesce(and_(true(), *matching), false())
        gone: ColumnElement[bool] = false() if changes.gone is None else query.source.c[changes.gone]
        columns = Columns()
        built = query.shapes(options, columns, form)
        stamp = self.stamp(query.source)
        order = [SortKey(stamp), *map(SortKey, query.key_values())]
        places = [columns.add(each.value.sql) for each in order]
        in_it, was_gone = columns.add(kept), columns.add(func.coalesce(gone, false()))
        statement = select(*columns.labelled()).select_from(query.scope.joined(query.source))
        statement = statement.where(visible, self.lately(stamp.sql))
        if after is not None:
            statement = statement.where(behind(order, after))
        statement = statement.order_by(*(each.clause() for each in order)).limit(size + 1)
        found = self.connection.execute(statement).all()
        made = Changed([], [])
        for row in found[:size]:
            if row[in_it] and not row[was_gone]:
                made.rows.append(built.build(row, nulls=form.nulls))
            else:
                key = tuple(row[at] for at in places[1:])
                made.removed.append((key, "deleted" if row[was_gone] else "changed"))
        if found:
            made.last = token([found[:size][-1][at] for at in places], query=self.asked, left=0)
        made.next = made.last if len(found) > size else None
        return made

    def gone(self, size: int, after: list[str | None] | None, last: str | None) -> Changed:
        """Return the keys of what is in the source no more; `last` is the place of the row before it on the page."""
        if self.changes.removed is None:
            return Changed([], [], last)
        query, source = self.query, self.changes.removed.alias()
        properties = query.type.all_properties()
        names = [properties[name].held_in for name in query.type.key_names()]
        again = query.set.source.alias()
        back = exists(
            select(1).select_from(again).where(*(again.c[name] == source.c[name] for name in names))
        )
        keys = [source.c[name] for name in names]
        stamp = self.stamp(source)
        each_one = select(*keys, func.max(stamp.sql).label(self.changes.column)).select_from(source)
        each_one = each_one.where(seen(query.context, query.set, source), self.lately(stamp.sql), not_(back))
        once = each_one.group_by(*keys).subquery()
        types = [each.type for each in query.key_values()]
        order = [SortKey(self.stamp(once))]
        order += [
            SortKey(Value(once.c[name], type_, nullable=False))
            for name, type_ in zip(names, types, strict=True)
        ]
        statement = select(*(each.value.sql for each in order)).order_by(*(each.clause() for each in order))
        if after is not None:
            statement = statement.where(behind(order, after))
        found = self.connection.execute(statement.limit(size + 1)).all()
        made = Changed([], [(tuple(row[1:]), "deleted") for row in found[:size]], last)
        if made.removed:
            made.last = token(found[:size][-1], query=self.asked, left=1)
        made.next = made.last if len(found) > size else None
        return made

    def order(self) -> Sequence[SortKey]:
        """Return the order of either part, for its number of keys."""
        return [SortKey(self.stamp(self.query.source)), *map(SortKey, self.query.key_values())]


def changed(
    connection: Connection, query: Query, options: Options, mark: str, *, size: int, form: Format, asked: str
) -> Changed:
    """Read one page of what changed at a mark or after it.

    Args:
        connection: Where the source is.
        query: The rows that are asked for, not narrowed yet; of a set that tells its changes.
        options: What is asked of them; `skiptoken` is the place behind which it goes on.
        mark: From where.
        size: How many rows and removed rows at most.
        form: How values are written.
        asked: What the request is, for the mark of the next page.

    Raises:
        Expired: The mark is too old.
        Malformed: It is no mark, or the place belongs to another query.
    """
    changes = query.set.changes
    if changes is None:
        raise Malformed(f"{query.set.name} does not tell its changes", target="$deltatoken")
    reading = _Reading(connection, query, changes, mark, asked)
    if not reading.complete():
        raise Expired(
            "$deltatoken: what was removed since then is no longer known; load everything anew",
            target="$deltatoken",
        )
    query.narrow(options)
    if options.select is not None:  # a changed row is told apart by its key, whatever is asked of it
        keys = (Selected(0, (Identifier(0, name),)) for name in query.type.key_names())
        options = replace(options, select=(*options.select, *keys))
    part, after = 0, None
    if options.skiptoken is not None:
        after, left = place(options.skiptoken, reading.order(), query=asked)
        part = left or 0
    made = Changed([], []) if part else reading.rows(options, form, size, after)
    if made.next is None:
        room = size - len(made.rows) - len(made.removed)
        rest = reading.gone(room, after if part else None, made.last)
        made.removed += rest.removed
        made.next = rest.next
    return made
