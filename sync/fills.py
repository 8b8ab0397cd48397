"""Fill rates: how many of a stream's records have an attribute, now and by a mapping that is tried."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ARRAY, Column, Connection, text
from sqlalchemy.dialects.postgresql import JSONB

from sync.compiling import CompiledMapping
from sync.newly import Readable, Rejections, alive, readable
from sync.offline import Offline
from sync.rebuild import live_name
from sync.tables import columns_of


@dataclass(frozen=True, slots=True)
class Fill:
    """How many of a stream's records have an attribute: now, and by the mapping tried.

    `then_of` counts rejected records, too; of `failed` the attribute itself cannot be read.
    """

    stream: str
    attribute: str
    now: int
    now_of: int
    then: int
    then_of: int
    failed: int = 0


def fills_of(connection: Connection, offline: Offline, schema: str, rejected: Rejections) -> list[Fill]:
    """Count what is filled; a rejected record counts by what of it can be read, not as it was before."""
    apart = readable(connection, offline, rejected)
    found = []
    for stream, mapping in offline.mappings.items():
        ids = [each.rejection.external_id for (name, _), each in rejected.items() if name == stream]
        values = {
            "source": offline.source_id,
            "stream": stream,
            "but": [one for one in ids if one is not None],
        }
        count = _register_counts if mapping.entity == "project" else _counts
        now_of, now = count(connection, mapping, f'"{schema}"', values | {"but": []})
        then_of, then = count(connection, mapping, "pg_temp", values)
        more = apart.get(stream, Readable())
        names = (
            sorted({*now, *then, *more.filled, *more.failed})
            if mapping.entity == "project"
            else mapping.columns
        )
        found += [
            Fill(
                stream, "email_hash" if name == "email" else name, now.get(name, 0), now_of,
                then.get(name, 0) + more.filled[name], then_of + more.records, more.failed[name],
            )
            for name in names
        ]  # fmt: skip
    return found


def _counts(
    connection: Connection, mapping: CompiledMapping, place: str, values: Mapping[str, Any]
) -> tuple[int, dict[str, int]]:
    table = live_name(mapping.entity)
    columns = columns_of(table)
    counts = ", ".join(
        _counted(columns["email_hash" if name == "email" else name]) for name in mapping.columns
    )
    row = connection.execute(
        text(
            f'SELECT count(*), {counts} FROM {place}."{table}" WHERE source_id = :source AND {alive(table)}'
            " AND external_id <> ALL(CAST(:but AS text[])) AND raw_page_id IN"
            " (SELECT id FROM raw_page WHERE source_id = :source AND stream = :stream)"
        ),
        values,
    ).one()
    return row[0], dict(zip(mapping.columns, row[1:], strict=True))


def _counted(column: Column[Any]) -> str:
    """Return what counts the rows in which a column says something: an empty list does not."""
    if isinstance(column.type, ARRAY):
        return f'count(*) FILTER (WHERE cardinality("{column.name}") > 0)'
    if isinstance(column.type, JSONB):
        return f"count(*) FILTER (WHERE \"{column.name}\" NOT IN ('[]', '{{}}', 'null'))"
    return f'count("{column.name}")'


def _register_counts(
    connection: Connection, mapping: CompiledMapping, place: str, values: Mapping[str, Any]
) -> tuple[int, dict[str, int]]:
    del mapping  # its rows say what they have
    rows = (
        f"FROM {place}.scope WHERE source_id = :source AND kind = 'register_row' AND deleted_at IS NULL"
        " AND external_id <> ALL(CAST(:but AS text[]))"
    )
    whole = connection.execute(text(f"SELECT count(*) {rows}"), values)
    each = connection.execute(
        text(
            f"SELECT k, count(*) FROM (SELECT e.key AS k, e.value FROM (SELECT attributes {rows}) AS r,"
            " jsonb_each(r.attributes) AS e) AS cells WHERE value -> 'value' NOT IN ('[]', '{}', 'null')"
            " GROUP BY k"
        ),
        values,
    )
    return int(whole.scalar_one()), {row[0]: row[1] for row in each}
