"""Rows as tuples, the quickest way the driver has."""

from typing import Any

import psycopg
from psycopg import pq
from sqlalchemy import Connection, Select


class Binary(psycopg.Cursor[Any]):
    """A cursor that values come to in binary: neither side writes them out as text and reads them again."""

    def __init__(self, connection: psycopg.Connection[Any], **given: Any) -> None:
        super().__init__(connection, **given)
        self.format = pq.Format.BINARY


def fetched(connection: Connection, statement: Select[Any]) -> list[tuple[Any, ...]]:
    """Return the rows of a statement as plain tuples of what the driver makes of each value."""
    driver = connection.connection.driver_connection
    if not isinstance(driver, psycopg.Connection):
        return [tuple(row) for row in connection.execute(statement)]
    before, driver.cursor_factory = driver.cursor_factory, Binary
    try:
        result = connection.execute(statement)
    finally:
        driver.cursor_factory = before
    cursor: Any = result.cursor  # the driver's own: nothing is made of its values once more
    rows: list[tuple[Any, ...]] = cursor.fetchall()
    result.close()
    return rows
