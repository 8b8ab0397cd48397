"""A source's part of the model built again from its stored pages, into tables beside the live ones.

No tracker is called. The copies are temporary tables of the live tables' names, found first while they are
being filled, so that the very statements a run lands pages with fill them.
"""

from collections import Counter
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, text

from connectors.base import Fate, Stream
from sync.compiling import CompiledMapping
from sync.land import TABLES, store_batch
from sync.normalise import CHILDREN, Batch, Rejection
from sync.prepare import UnreadablePage, prepare
from sync.rawpage import open_body
from sync.rejects import without_value
from sync.tombstone import bury, lose_sight

BY_REPLAY: Final = "replay"  # what noticed an absence: that the mapping gives the record no more
KEYS: Final = "work_item_key"
_PAGES: Final = 20  # read from the store at a time


@dataclass(frozen=True, slots=True)
class Rejected:
    """A record that the mapping does not take, and the page it stands on."""

    page_id: int
    run_id: int
    rejection: Rejection


@dataclass(slots=True)
class Rebuilt:
    """What reading the stored pages gave.

    `rejected` is by stream and record, as its newest page has it; `unmapped` counts (stream, attribute,
    value) as each record's newest page has it, `unmapped_of` has those by stream and record; `unreadable`
    are pages that cannot be taken apart, in words.
    """

    pages: int = 0
    records: Counter[str] = field(default_factory=Counter)
    filtered: Counter[tuple[str, str]] = field(default_factory=Counter)
    rejected: dict[tuple[str, str], Rejected] = field(default_factory=dict)
    unmapped: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    unmapped_of: dict[tuple[str, str], tuple[tuple[str, str], ...]] = field(default_factory=dict)
    unreadable: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Absence:
    """A record that was settled to be gone, or out of sight, and when."""

    table: str
    external_id: str
    fate: Fate
    settled_at: datetime


def rejections(rejected: Mapping[tuple[str, str], Rejected]) -> dict[tuple[str, str], tuple[int, str]]:
    """Count what is rejected by stream and reason, each with one record: where it is, and its value."""
    counted: dict[tuple[str, str], tuple[int, str]] = {}
    for (stream, _), each in rejected.items():
        why, value = without_value(each.rejection.reason)
        key = (stream, why)
        shown = f"{each.rejection.locator} {value}".strip()
        times, where = counted.get(key, (0, shown))
        counted[key] = (times + 1, where)
    return dict(sorted(counted.items(), key=lambda item: -item[1][0]))


def entities_of(mappings: Mapping[str, CompiledMapping]) -> list[str]:
    """Return the tables of records that these mappings fill."""
    return sorted({live_name(mapping.entity) for mapping in mappings.values()})


def tables_of(mappings: Mapping[str, CompiledMapping]) -> list[str]:
    """Return all tables that these mappings fill: those of records, of their children and their former keys."""
    entities = entities_of(mappings)
    children = {KEYS, *(table for table, _ in CHILDREN.values())} if "work_item" in entities else set()
    return entities + sorted(children)


def live_name(entity: str) -> str:
    """Return the table that an entity's records stand in."""
    return TABLES.get(entity, entity)


def live_schema(connection: Connection) -> str:
    """Return the schema that the live tables stand in."""
    return str(connection.scalar(text("SELECT current_schema()")))


@contextmanager
def beside(connection: Connection, tables: Sequence[str], schema: str) -> Generator[None]:
    """Make empty copies of tables, which stand before the live ones inside; they go with the transaction.

    Setting the search path also has statements prepared earlier look their tables up anew.
    """
    for table in tables:
        connection.exec_driver_sql(
            f'CREATE TEMP TABLE "{table}" (LIKE "{schema}"."{table}" INCLUDING ALL) ON COMMIT DROP'
        )
    connection.execute(
        text("SELECT set_config('search_path', :path, true)"), {"path": f'pg_temp, "{schema}"'}
    )
    yield
    connection.execute(
        text("SELECT set_config('search_path', :path, true)"), {"path": f'"{schema}", pg_temp'}
    )


def rebuild(
    connection: Connection,
    source_id: int,
    mappings: Mapping[str, CompiledMapping],
    streams: Sequence[Stream],
    *,
    newest: int | None = None,
) -> Rebuilt:
    """Read a source's stored pages in the order they were stored in, through these mappings.

    Args:
        connection: Inside `beside`.
        source_id: The source.
        mappings: By stream; pages of other streams are left out.
        streams: Of the source's connector; nothing is asked of them but to take pages apart.
        newest: Read only so many pages of each stream, the last; None all.
    """
    found = Rebuilt()
    by_name = {stream.name: stream for stream in streams if stream.name in mappings}
    absences = _absences(connection, source_id, tables_of(mappings))
    for page_id, run_id, name, slice_, parts, body, known_at in _pages(
        connection, source_id, list(by_name), newest
    ):
        while absences and absences[0].settled_at < known_at:
            _gone(connection, source_id, absences, absences[0].settled_at)
        try:
            contents = prepare(source_id, by_name[name].read, mappings[name], open_body(body, parts))
        except UnreadablePage as error:
            found.unreadable.append(f"page {page_id} of {name} {slice_}: {error}")
            continue
        _count(found, name, contents.batch, page_id, run_id)
        store_batch(connection, contents.batch, source_id, run_id, page_id, known_at)
    while absences:
        _gone(connection, source_id, absences, absences[0].settled_at)
    return found


def tally(
    connection: Connection,
    source_id: int,
    mappings: Mapping[str, CompiledMapping],
    streams: Sequence[Stream],
) -> Rebuilt:
    """Count what reading a source's stored pages through these mappings gives; nothing is rebuilt."""
    found = Rebuilt()
    by_name = {stream.name: stream for stream in streams if stream.name in mappings}
    for page_id, run_id, name, slice_, parts, body, _ in _pages(connection, source_id, list(by_name), None):
        try:
            contents = prepare(source_id, by_name[name].read, mappings[name], open_body(body, parts))
        except UnreadablePage as error:
            found.unreadable.append(f"page {page_id} of {name} {slice_}: {error}")
            continue
        _count(found, name, contents.batch, page_id, run_id)
    return found


def _pages(
    connection: Connection, source_id: int, streams: Sequence[str], newest: int | None
) -> Iterator[tuple[Any, ...]]:
    first = _first_pages(connection, source_id, streams, newest)
    after = 0
    while True:
        rows = connection.execute(
            text(
                "SELECT p.id, p.run_id, p.stream, p.slice, p.parts, p.body, r.started_at FROM raw_page p"
                " JOIN run r ON r.id = p.run_id WHERE p.source_id = :source AND p.stream = ANY(:streams)"
                " AND p.id > :after ORDER BY p.id LIMIT :n"
            ),
            {"source": source_id, "streams": list(streams), "after": after, "n": _PAGES},
        ).all()
        yield from (tuple(row) for row in rows if row.id >= first.get(row.stream, 0))
        if len(rows) < _PAGES:
            return
        after = rows[-1].id


def _first_pages(
    connection: Connection, source_id: int, streams: Sequence[str], newest: int | None
) -> dict[str, int]:
    if newest is None:
        return {}
    rows = connection.execute(
        text(
            "SELECT stream, min(id) FROM (SELECT stream, id, row_number() OVER (PARTITION BY stream ORDER BY id"
            " DESC) AS place FROM raw_page WHERE source_id = :source AND stream = ANY(:streams)) AS numbered"
            " WHERE place <= :n GROUP BY stream"
        ),
        {"source": source_id, "streams": list(streams), "n": newest},
    )
    return {row[0]: row[1] for row in rows}


def _absences(connection: Connection, source_id: int, tables: Sequence[str]) -> list[_Absence]:
    """Return what runs settled as gone or out of sight, oldest first; what came back did so by a page."""
    rows = connection.execute(
        text(
            "SELECT entity, external_id, fate, settled_at FROM absence WHERE source_id = :source"
            " AND entity = ANY(:tables) AND found_by <> :replay AND settled_at IS NOT NULL"
            " AND (ended_at IS NULL OR fate <> 'access_lost') ORDER BY settled_at, id"
        ),
        {"source": source_id, "tables": list(tables), "replay": BY_REPLAY},
    )
    return [_Absence(row.entity, row.external_id, Fate(row.fate), row.settled_at) for row in rows]


def _gone(connection: Connection, source_id: int, absences: list[_Absence], at: datetime) -> None:
    """Take the absences of one instant off the list, and set their marks."""
    groups: dict[tuple[str, Fate], list[str]] = {}
    while absences and absences[0].settled_at == at:
        each = absences.pop(0)
        groups.setdefault((each.table, each.fate), []).append(each.external_id)
    for (table, fate), ids in groups.items():
        if fate is Fate.ACCESS_LOST:
            lose_sight(connection, table, source_id, ids)
        else:
            bury(connection, table, source_id, ids, at, fate=fate)


def _count(found: Rebuilt, stream: str, batch: Batch, page_id: int, run_id: int) -> None:
    found.pages += 1
    found.records[stream] += batch.records
    found.filtered.update({(stream, rule): n for rule, n in batch.filtered.items()})
    for external_id in (*batch.ids, *batch.left_out, *(each.external_id or "" for each in batch.rejected)):
        for pair in found.unmapped_of.pop((stream, external_id), ()):
            found.unmapped[stream, *pair] -= 1
    for external_id, pairs in batch.unmapped_of.items():
        found.unmapped_of[stream, external_id] = pairs
        found.unmapped.update((stream, *pair) for pair in pairs)
    found.unmapped = +found.unmapped
    for external_id in batch.ids:
        found.rejected.pop((stream, external_id), None)
    for each in batch.rejected:
        found.rejected[stream, each.external_id or each.locator] = Rejected(page_id, run_id, each)
