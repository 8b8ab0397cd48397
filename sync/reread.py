"""Records worked out anew from their stored pages once what the tracker's words mean has changed there.

A status that counts otherwise changes when items that only passed through it began and ended, and the tracker
dates none of them. Their pages are stored: they are read again by what is known now, in the transaction that
writes it down, so that the live model stays what a replay of all pages gives.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, text

from connectors.base import Part, RawRecord, Stream
from sync.compiling import CompiledMapping
from sync.land import store_batch
from sync.meanings import Altered
from sync.prepare import UnreadablePage, prepare
from sync.rawpage import open_body
from sync.rebuild import Rebuilt, beside, live_schema, tables_of
from sync.replay import At, merge_children, take_over

_TABLE: Final = "work_item"
_NOT_CONCERNED: Final = "not concerned"
_PAGES: Final = 20  # read from the store at a time


@dataclass(frozen=True, slots=True)
class Reading:
    """How a source's stored pages are read now."""

    source_id: int
    mappings: Mapping[str, CompiledMapping]
    streams: Sequence[Stream]
    now: datetime


def reread(connection: Connection, reading: Reading, what: Altered, *, only_gone: bool) -> int:
    """Read the newest stored page of each record concerned again; return how many records are not what they were.

    Args:
        connection: An open unit of work.
        reading: By what is known now.
        what: What is not what it was.
        only_gone: Leave out the records that the run is about to read anyhow: those that are there.
    """
    if not _choose(connection, reading.source_id, what, only_gone=only_gone):
        return 0
    schema = live_schema(connection)
    with beside(connection, tables_of(reading.mappings), schema):
        for page in _pages(connection):
            _read_again(connection, reading, page)
    at = At(reading.source_id, schema, Rebuilt(), reading.now)
    changed = take_over(connection, _TABLE, at)
    merge_children(connection, at)
    if changed:
        connection.execute(  # whoever keeps answers by what has changed sees that something has
            text(
                "UPDATE source SET semantics = semantics || jsonb_build_object('replayed_at', CAST(:at AS text))"
                " WHERE id = :id"
            ),
            {"at": reading.now.isoformat(), "id": reading.source_id},
        )
    return changed


def _choose(connection: Connection, source_id: int, what: Altered, *, only_gone: bool) -> int:
    """Put the records concerned, each with its newest page, into a table of this transaction."""
    concerned = (
        "item.status_id = ANY(:statuses) OR item.custom ?| CAST(:fields AS text[]) OR EXISTS (SELECT 1 FROM"
        " transition AS move WHERE move.source_id = item.source_id AND move.item_external_id = item.external_id"
        " AND (move.from_id = ANY(:statuses) OR move.to_id = ANY(:statuses)))"
    )
    found = connection.execute(
        text(
            "CREATE TEMP TABLE concerned ON COMMIT DROP AS SELECT item.external_id, item.raw_page_id"
            " FROM work_item AS item WHERE item.source_id = :source"
            f" AND ({'true' if what.others else concerned})"
            + (" AND (item.deleted_at IS NOT NULL OR item.fate IS NOT NULL)" if only_gone else "")
        ),
        {"source": source_id, "statuses": list(what.statuses), "fields": list(what.fields)},
    )
    return found.rowcount


def _pages(connection: Connection) -> Iterator[Any]:
    after = 0
    while True:
        rows = connection.execute(
            text(
                "SELECT page.id, page.run_id, page.stream, page.parts, page.body, run.started_at, wanted.ids"
                " FROM (SELECT raw_page_id, array_agg(external_id) AS ids FROM pg_temp.concerned"
                " WHERE raw_page_id > :after GROUP BY 1 ORDER BY 1 LIMIT :n) AS wanted"
                " JOIN raw_page AS page ON page.id = wanted.raw_page_id"
                " JOIN run ON run.id = page.run_id ORDER BY page.id"
            ),
            {"after": after, "n": _PAGES},
        ).all()
        yield from rows
        if len(rows) < _PAGES:
            return
        after = rows[-1].id


def _read_again(connection: Connection, reading: Reading, page: Any) -> None:
    """Read those records of a page whose newest it is; one that cannot be read any more stays as it is."""
    stream = next((each for each in reading.streams if each.name == page.stream), None)
    if stream is None or page.stream not in reading.mappings:
        return
    wanted = set(page.ids)

    def read(parts: Sequence[Part]) -> Iterator[RawRecord]:
        for each in stream.read(parts):  # the rest is left out and keeps its place: positions are of the page
            yield each if each.external_id in wanted else replace(each, filtered_by=_NOT_CONCERNED)

    try:
        contents = prepare(
            reading.source_id, read, reading.mappings[page.stream], open_body(page.body, page.parts)
        )
    except UnreadablePage:
        return
    store_batch(connection, contents.batch, reading.source_id, page.run_id, page.id, page.started_at)
