"""Bulk writes: COPY into a staging table, then one statement a table. Never row by row.

Nothing here commits: the caller's transaction does (`unit_of_work`).
"""

import hashlib
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb, set_json_dumps
from sqlalchemy import Connection, Engine

from sync.json import dumps
from sync.tables import has

set_json_dumps(dumps)

Row = Sequence[Any]
_DOCUMENTS: dict[str, frozenset[str]] = {}  # table -> columns; the schema does not change while we run


@contextmanager
def unit_of_work(engine: Engine) -> Generator[Connection]:
    """All of a step, or none of it: commit on the way out, roll back on any exception."""
    with engine.begin() as connection:
        yield connection


@contextmanager
def landing_session(engine: Engine) -> Generator[Connection]:
    """A session for the pages of one run, each in a transaction of its own.

    Its commits are answered before they are on disk. A crash of the server may then lose the newest
    transactions, but only whole ones: right for pages, whose cursors are lost with them and which are
    then pulled again.
    """
    with engine.connect() as connection:
        try:
            connection.exec_driver_sql("SET synchronous_commit = off")
            connection.commit()
            yield connection
        finally:
            if not connection.invalidated and not connection.closed:
                connection.rollback()
                connection.exec_driver_sql("RESET synchronous_commit")
                connection.commit()


def raw(connection: Connection) -> psycopg.Connection[Any]:
    """Return the driver's connection inside an open transaction."""
    driver = connection.connection.driver_connection
    if not isinstance(driver, psycopg.Connection):
        raise TypeError("expected a psycopg connection")
    return driver


def execute(
    connection: Connection, statement: str, values: Mapping[str, Any] | None = None
) -> psycopg.Cursor[Any]:
    """Run one of our own statements in the open transaction, by the driver itself.

    A page costs a dozen statements; without what SQLAlchemy does about each they take half the time,
    and from the sixth page on the server has them prepared. `values` stand as `%(name)s`.

    Raises:
        psycopg.Error: Not wrapped.
    """
    return raw(connection).execute(statement.encode(), values, binary=False)


def copy_rows(
    connection: Connection,
    table: str,
    columns: Sequence[str],
    rows: Sequence[Row],
    *,
    like: str | None = None,
) -> None:
    """COPY rows into a table, or into a staging table made like one; JSON columns are wrapped here."""
    if not rows:
        return
    documents = _documents(connection, like or table)
    json_columns = [index for index, name in enumerate(columns) if name in documents]
    with raw(connection).cursor() as cursor, cursor.copy(_copy_into(table, tuple(columns))) as copy:
        if not json_columns:
            for row in rows:
                copy.write_row(row)
            return
        for row in rows:
            values = list(row)
            for index in json_columns:
                if values[index] is not None:
                    values[index] = Jsonb(values[index])
            copy.write_row(values)


@cache
def _copy_into(table: str, columns: tuple[str, ...]) -> bytes:
    names = sql.SQL(", ").join(map(sql.Identifier, columns))
    return sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(table), names).as_bytes()


def _documents(connection: Connection, table: str) -> frozenset[str]:
    """Return which columns of a table hold JSON, by the database's own word, asked once."""
    if table not in _DOCUMENTS:
        found = execute(
            connection,
            "SELECT attname FROM pg_attribute WHERE attrelid = CAST(%(table)s AS regclass) AND attnum > 0"
            " AND NOT attisdropped AND atttypid IN (CAST('jsonb' AS regtype), CAST('json' AS regtype))",
            {"table": f'"{table}"'},
        )
        _DOCUMENTS[table] = frozenset(row[0] for row in found)
    return _DOCUMENTS[table]


def copy_lines(connection: Connection, table: str, columns: Sequence[str], lines: bytes) -> None:
    """COPY rows that are lines already (`sync.copytext`)."""
    if not lines:
        return
    with raw(connection).cursor() as cursor, cursor.copy(_copy_into(table, tuple(columns))) as copy:
        copy.write(lines)


def stage(connection: Connection, table: str, columns: Sequence[str], rows: Sequence[Row] | bytes) -> str:
    """COPY rows into a temporary table shaped like `table`; returns its name. Emptied at the commit.

    The table stays with the session, so that a thousand pages do not make and drop a thousand tables.
    """
    mark = hashlib.blake2b(" ".join(columns).encode(), digest_size=4).hexdigest()
    name = f"stage_{table}_{mark}"
    names = ", ".join(f'"{column}"' for column in columns)
    # Emptied, too: of an earlier call in this transaction. Both in one round trip.
    raw(connection).execute(
        f'CREATE TEMP TABLE IF NOT EXISTS "{name}" ON COMMIT DELETE ROWS AS'
        f' SELECT {names} FROM "{table}" WITH NO DATA; DELETE FROM pg_temp."{name}"'.encode()
    )
    if isinstance(rows, bytes):
        copy_lines(connection, name, columns, rows)
    else:
        copy_rows(connection, name, columns, rows, like=table)
    return name


def upsert(
    connection: Connection,
    table: str,
    columns: Sequence[str],
    rows: Sequence[Row] | bytes,
    *,
    key: Sequence[str],
    same: Mapping[str, int] | None = None,
    unless: str = "false",
) -> dict[str, bool]:
    """Insert rows, or overwrite those under the same key whose content differs.

    Args:
        connection: An open unit of work.
        table: Where to write; it has `external_id` and `content_hash`.
        columns: The columns of `rows`.
        rows: At most one a key; as values, or as COPY lines.
        same: Columns that have one value in all rows, besides.
        key: The columns of the unique constraint.
        unless: SQL over `current` (the stored row) and `excluded`; where true the stored row stays.

    Returns:
        External ids written, each with True when it was new. Unchanged rows are left out.
    """
    if not rows:
        return {}
    staged = stage(connection, table, columns, rows)
    fixed = same or {}
    names = ", ".join(f'"{name}"' for name in (*fixed, *columns))
    values = ", ".join([*(str(int(value)) for value in fixed.values()), *(f'"{name}"' for name in columns)])
    written = [name for name in (*fixed, *columns) if name not in key]
    sets = [f'"{name}" = excluded."{name}"' for name in written]
    if has(table, "deleted_at"):
        sets += ["deleted_at = NULL", "fate = NULL"]
        differs = (
            "(current.content_hash IS DISTINCT FROM excluded.content_hash OR current.deleted_at IS NOT NULL)"
        )
    elif has(table, "fate"):
        sets.append("fate = NULL")
        differs = "(current.content_hash IS DISTINCT FROM excluded.content_hash OR current.fate IS NOT NULL)"
    else:
        differs = "current.content_hash IS DISTINCT FROM excluded.content_hash"
    found = execute(
        connection,
        f'INSERT INTO "{table}" AS current ({names}) SELECT {values} FROM pg_temp."{staged}" '
        f"ON CONFLICT ({', '.join(key)}) DO UPDATE SET {', '.join(sets)} "
        f"WHERE {differs} AND NOT ({unless}) RETURNING external_id, (xmax = 0)",
    )
    return {row[0]: row[1] for row in found}


def follow(
    connection: Connection, table: str, page: tuple[int, int, str], unchanged: Mapping[str, int]
) -> None:
    """Let unchanged records that now come by another slice belong to it: what a slice no longer shows is gone.

    Args:
        connection: An open unit of work.
        table: Where they are stored.
        page: The source's id, and the page's id and slice.
        unchanged: External ids, each with its position on the page.
    """
    if not unchanged:
        return
    source_id, page_id, slice_ = page
    present = " AND current.known_to IS NULL" if has(table, "known_to") else ""
    execute(
        connection,
        f'UPDATE "{table}" AS current SET raw_page_id = %(page)s, raw_position = here.position'
        " FROM unnest(%(ids)s::text[], %(positions)s::int[]) AS here (external_id, position), raw_page AS there"
        " WHERE current.source_id = %(source)s AND current.external_id = here.external_id"
        f" AND there.id = current.raw_page_id AND there.slice <> %(slice)s{present}",
        {
            "page": page_id,
            "source": source_id,
            "slice": slice_,
            "ids": list(unchanged),
            "positions": list(unchanged.values()),
        },
    )


def replace_children(
    connection: Connection,
    table: str,
    columns: Sequence[str],
    children: Mapping[str, bytes],
    items: tuple[int, dict[str, bool]],
) -> None:
    """Make `children` the only ones of the changed items.

    Args:
        connection: An open unit of work.
        table: A table keyed by (source_id, item_external_id, external_id).
        columns: Of the lines; they begin with source_id, item_external_id, external_id.
        children: The COPY lines of each item of the page; those of unchanged items are skipped.
        items: The source's id, and what `upsert` returned.
    """
    source_id, changed = items
    old = [external_id for external_id, new in changed.items() if not new]
    if old:
        raw(connection).execute(
            sql.SQL("DELETE FROM {} WHERE source_id = %s AND item_external_id = ANY(%s)").format(
                sql.Identifier(table)
            ),
            (source_id, old),
        )
    copy_lines(connection, table, columns, b"".join(children[external_id] for external_id in changed))


def add_versions(
    connection: Connection, table: str, columns: Sequence[str], rows: Sequence[Row], source_id: int
) -> dict[str, bool]:
    """Close the current version of each record whose content differs, and insert the new one.

    A record read twice at one instant with two contents keeps the second.
    """
    if not rows:
        return {}
    staged = stage(connection, table, columns, rows)
    names = ", ".join(f'"{name}"' for name in columns)
    connection.exec_driver_sql(
        f'DELETE FROM "{table}" AS current USING pg_temp."{staged}" AS fresh '
        "WHERE current.source_id = fresh.source_id AND current.external_id = fresh.external_id "
        "AND current.known_from = fresh.known_from"
        " AND (current.content_hash <> fresh.content_hash OR current.known_to IS NOT NULL)"
    )
    old = connection.exec_driver_sql(
        f'UPDATE "{table}" AS current SET known_to = fresh.known_from FROM pg_temp."{staged}" AS fresh '
        "WHERE current.source_id = fresh.source_id AND current.external_id = fresh.external_id "
        "AND current.known_to IS NULL AND current.content_hash <> fresh.content_hash "
        "RETURNING current.external_id"
    )
    replaced = set(old.scalars())
    inserted = connection.exec_driver_sql(
        f'INSERT INTO "{table}" ({names}) SELECT {names} FROM pg_temp."{staged}" AS fresh '
        f'WHERE NOT EXISTS (SELECT 1 FROM "{table}" AS current WHERE current.source_id = {int(source_id)} '
        "AND current.external_id = fresh.external_id AND current.known_to IS NULL) RETURNING external_id"
    )
    return {external_id: external_id not in replaced for external_id in inserted.scalars()}
