"""A set's rows as one COPY statement: PostgreSQL writes the text, so that no row becomes a Python object."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from psycopg.errors import QueryCanceled
from sqlalchemy import ColumnElement, Connection, Select, Text, case, cast, func, literal, select

from api.odata.edm import EntitySet, Property
from api.wire.problems import Problem

CHANGED: Final = "ChangedAt"
# What a spreadsheet takes for the beginning of a formula.
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # noqa: RUF001 - these as well
# Where the list separator is no comma, a cell begins within a text as well.
_INSIDE: Final = '([;\t\r\n][ "]*)([=+@＝＋－＠-])'  # noqa: RUF001 - these as well
# JSON holds no control characters as they are: with these, CSV quotes nothing of it.
_BARE: Final = "FORMAT csv, DELIMITER E'\\x02', QUOTE E'\\x01', NULL ''"


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked for: a set, what the caller may see of it, and from when on it changed (None: all of it)."""

    set: EntitySet
    visible: Any
    changed_since: datetime | None = None

    @property
    def properties(self) -> tuple[Property, ...]:
        """The set's columns in their order."""
        return tuple(self.set.type.all_properties().values())


def plain(asked: Asked) -> Select[Any]:
    """Return the rows with values as they are, in the order of their key."""
    return _rows(asked, lambda _each, column: column)


def harmless(asked: Asked) -> Select[Any]:
    """Return the rows for CSV: instants with Z, and an apostrophe before what would be run as a formula."""

    def written(each: Property, column: ColumnElement[Any]) -> ColumnElement[Any]:
        if each.type == "Edm.String":
            safe = func.regexp_replace(column, _INSIDE, r"\1'\2", "g")
            return case((func.left(column, 1).in_(_FORMULA), literal("'") + safe), else_=safe)
        return cast(column, Text()) if each.type == "Edm.Boolean" else _readable(each, column)

    return _rows(asked, written)


def objects(asked: Asked) -> Select[Any]:
    """Return the rows as one JSON object each, with the names and values that the feed has."""
    inner = _rows(asked, _readable).subquery("r")
    return select(func.row_to_json(inner.table_valued()))


def _rows(asked: Asked, written: Any) -> Select[Any]:
    source = asked.set.source.alias("s")
    columns = [written(each, source.c[each.held_in]).label(each.name) for each in asked.properties]
    found = select(*columns).order_by(*(source.c[name] for name in asked.set.type.key_names()))
    if asked.set.visible is not None:
        found = found.where(asked.set.visible(source, asked.visible))
    if asked.changed_since is not None:
        found = found.where(source.c[CHANGED] >= asked.changed_since)
    return found


def _readable(each: Property, column: ColumnElement[Any]) -> ColumnElement[Any]:
    if each.type != "Edm.DateTimeOffset":
        return column
    return func.replace(cast(func.timezone("UTC", column), Text()), " ", "T") + literal("Z")


def copied(connection: Connection, statement: Select[Any], *, bare: bool = False) -> Iterator[bytes]:
    """Yield the rows as PostgreSQL writes them, one at a time.

    Args:
        connection: In the transaction whose state is wanted.
        statement: The rows.
        bare: Whether each row is one text to be written as it is, not CSV.

    Raises:
        Problem: 503, when it took longer than a statement may.
    """
    compiled = statement.compile(dialect=connection.dialect, compile_kwargs={"render_postcompile": True})
    query = f"COPY ({compiled}) TO STDOUT ({_BARE if bare else 'FORMAT csv'})"
    driver: Any = connection.connection.driver_connection
    try:
        with driver.cursor() as cursor, cursor.copy(query, compiled.params) as copy:
            for row in copy:
                yield bytes(row)
    except QueryCanceled as error:
        raise Problem(
            503, "too-long", "This took too long and was stopped; ask for less by changed_since."
        ) from error
