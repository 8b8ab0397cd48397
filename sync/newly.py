"""Records that a mapping would reject, held against what is taken now; and what of them it still can read."""

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from sqlalchemy import Connection, text

from sync.compiling import CompiledMapping, Unmappable
from sync.offline import Offline
from sync.prepare import records_of
from sync.rawpage import open_body
from sync.rebuild import Rebuilt, Rejected, live_name, rejections
from sync.tables import has

_SHOWN = 5  # reasons in a sentence
Rejections = Mapping[tuple[str, str], Rejected]


@dataclass(slots=True)
class Readable:
    """What can be read of a stream's rejected records: how many there are, and each attribute by itself."""

    records: int = 0
    filled: Counter[str] = field(default_factory=Counter)
    failed: Counter[str] = field(default_factory=Counter)


def alive(table: str, prefix: str = "") -> str:
    """Return the condition under which a table's row is there."""
    return next(
        (f"{prefix}{name} IS NULL" for name in ("known_to", "deleted_at") if has(table, name)),
        f"{prefix}active IS NOT FALSE",
    )


def newly_rejected(
    connection: Connection, offline: Offline, found: Rebuilt
) -> dict[tuple[str, str], Rejected]:
    """Return those that are taken now: they stand in the store, and no run has rejected them since."""
    open_ = _open(connection, offline.source_id)
    new: dict[tuple[str, str], Rejected] = {}
    for stream, mapping in offline.mappings.items():
        table = live_name(mapping.entity)
        candidates = {
            key: each for key, each in found.rejected.items() if key[0] == stream and key not in open_
        }
        ids = [each.rejection.external_id for each in candidates.values() if each.rejection.external_id]
        there = (
            set(
                connection.scalars(
                    text(
                        f"SELECT external_id FROM {table} WHERE source_id = :source AND {alive(table)}"
                        " AND external_id = ANY(:ids)"
                    ),
                    {"source": offline.source_id, "ids": ids},
                )
            )
            if ids
            else set()
        )
        # A row without an id is known by its place only, and stands in no table.
        new |= {
            key: each
            for key, each in candidates.items()
            if each.rejection.external_id is None or each.rejection.external_id in there
        }
    return new


def known_rejects(connection: Connection, offline: Offline, found: Rebuilt) -> set[tuple[str, str]]:
    """Return those that runs have rejected already, and that are open."""
    return _open(connection, offline.source_id) & found.rejected.keys()


def _open(connection: Connection, source_id: int) -> set[tuple[str, str]]:
    rows = connection.execute(
        text(
            "SELECT stream, coalesce(external_id, locator) FROM rejected_record"
            " WHERE source_id = :source AND resolved_at IS NULL AND kind = 'record'"
        ),
        {"source": source_id},
    )
    return {(stream, key) for stream, key in rows}


def in_words(rejected: Rejections) -> str:
    """Say the commonest reasons, each with how often and an example."""
    found = list(rejections(rejected).items())
    says = [f"{stream}: {why}: {times}, e.g. {where}" for (stream, why), (times, where) in found[:_SHOWN]]
    return "; ".join(says) + (f"; and {len(found) - _SHOWN} more reasons" if len(found) > _SHOWN else "")


def readable(connection: Connection, offline: Offline, rejected: Rejections) -> dict[str, Readable]:
    """Read rejected records attribute by attribute: one that fails leaves the others as they are."""
    pages: dict[int, list[tuple[str, int]]] = defaultdict(list)
    for (stream, _), each in rejected.items():
        pages[each.page_id].append((stream, each.rejection.position))
    streams = {each.name: each for each in offline.streams}
    found: dict[str, Readable] = defaultdict(Readable)
    for page_id, places in pages.items():
        row = connection.execute(
            text("SELECT stream, parts, body FROM raw_page WHERE id = :id"), {"id": page_id}
        ).one()
        records = records_of(streams[row.stream].read, open_body(row.body, row.parts))
        for stream, position in places:
            of_stream = found[stream]
            of_stream.records += 1
            if records[position].unreadable is None:
                _read(offline.mappings[stream], records[position].payload, of_stream)
    return dict(found)


def _read(mapping: CompiledMapping, payload: object, found: Readable) -> None:
    for name, get, required in mapping.scalars:
        try:
            value = get(payload)
        except Unmappable:
            found.failed[name] += 1
            continue
        if value is None and required:
            found.failed[name] += 1
        elif filled(value):
            found.filled[name] += 1
    mapping.unmapped.clear()


def filled(value: object) -> bool:
    """Return whether a value says anything: an empty list or object does not."""
    return value is not None and not (
        isinstance(value, Collection) and not isinstance(value, str) and not value
    )
