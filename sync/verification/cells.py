"""Cells: what claims and rows say, held to what stands at their place on their raw page, read once more."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack
from datetime import datetime
from typing import Any, Final, TypeVar

import zstandard
from sqlalchemy import RowMapping, text
from sqlalchemy.orm import Session

from connectors.errors import ConnectorError
from sync.bind import cell_locator
from sync.normalise import Batch, normalise
from sync.offline import Offline, open_offline
from sync.prepare import UnreadablePage, records_of
from sync.rawpage import open_body
from sync.record_rows import COLLECTION
from sync.said import normalised
from sync.tables import columns_of
from sync.verification.answers import misanswered
from sync.verification.differences import said
from sync.verification.places import Places, Standing, plain, same

_NOT_READ: Final = frozenset({"raw_position", "content_hash"})
_ITEM: Final = "work_item"
T = TypeVar("T")
_MORE: Final = " more"  # of a locator that names the first of several rows
# Since when what is stored was read so: an item is kept as its last run, or a replay since, has read it.
_READ_AT: Final = {
    _ITEM: "greatest((SELECT r.started_at FROM run r WHERE r.id = v.run_id),"
    " CAST(s.semantics ->> 'replayed_at' AS timestamptz), TIMESTAMPTZ '0002-01-01 00:00:00+00')"
}


def misread(session: Session, places: Places[T]) -> Iterator[tuple[T, str]]:
    """Yield (what it is called, what does not agree) of what its page says otherwise.

    A page is read by the mapping that counted when the claim or row was read; what people answered, off the
    document that was frozen of it. What a page does not hold by itself (sums, shares of items) is held to its rows
    elsewhere.
    """
    by_page: dict[tuple[int, str], dict[int, list[Standing[T]]]] = {}
    answered: dict[int, list[Standing[T]]] = {}
    for each in _standing(session, places):
        of_source = by_page.setdefault((each.row.source_id, each.row.source), {})
        (answered if each.row.kind_of_source == COLLECTION else of_source).setdefault(
            each.row.raw_page_id, []
        ).append(each)
    for (source_id, source), pages in sorted(by_page.items()):
        saved = _versions(session, source_id)
        groups: dict[int, dict[int, list[Standing[T]]]] = {}
        for page, standing in pages.items():
            for each in standing:
                version = _version(saved, each.row.read_at)
                groups.setdefault(version, {}).setdefault(page, []).append(each)
        for version, asked in groups.items():
            yield from _of_source(session, source, saved[version][1] if saved else {}, asked, places)
    yield from misanswered(session, answered, places)


def _standing(session: Session, places: Places[T]) -> Iterator[Standing[T]]:
    tables: list[tuple[str | None, dict[int, T]]] = [(None, places.claims), *places.rows.items()]
    for table, named in tables:
        rows = session.execute(
            text(
                f"SELECT v.*, s.name AS source, s.kind AS kind_of_source,"
                f" {_READ_AT.get(str(table), 'v.known_from')} AS read_at"
                f" FROM {table or 'claim'} v JOIN source s ON s.id = v.source_id"
                " WHERE v.id = ANY(CAST(:ids AS bigint[])) AND v.raw_page_id IS NOT NULL"
                " AND v.raw_position IS NOT NULL"
            ),
            {"ids": list(named)},
        )
        for row in rows:
            yield Standing(named[row.id], row, table)


def _versions(session: Session, source_id: int) -> Sequence[tuple[datetime, Mapping[str, Any]]]:
    rows = session.execute(
        text("SELECT saved_at, settings FROM mapping_version WHERE source_id = :source ORDER BY version"),
        {"source": source_id},
    )
    return [(row.saved_at, row.settings) for row in rows]


def _version(saved: Sequence[tuple[datetime, Any]], known_from: datetime) -> int:
    return max((place for place, (at, _) in enumerate(saved) if at <= known_from), default=0)


def _of_source(
    session: Session,
    source: str,
    settings: Mapping[str, Any],
    pages: Mapping[int, Sequence[Standing[T]]],
    places: Places[T],
) -> Iterator[tuple[T, str]]:
    with ExitStack() as stack:
        try:
            offline = stack.enter_context(open_offline(session.connection(), source, settings=settings))
        except (LookupError, ValueError, ConnectorError) as error:
            places.unread[source] = str(error)  # its pages have their hash, and are not among those read
            return
        for page, standing in sorted(pages.items()):
            if (batch := _read(session, offline, page)) is not None:
                places.read += len(standing)
                yield from _of_page(batch, page, standing)


def _of_page(batch: Batch, page: int, standing: Collection[Standing[T]]) -> Iterator[tuple[T, str]]:
    found = dict(zip(batch.positions, batch.rows, strict=True))
    for each in standing:
        row = found.get(each.row.raw_position)
        if row is None:
            yield each.what, f"raw page {page} has no record {each.row.raw_position}"
            continue
        there = dict(zip(batch.columns, row, strict=True))
        for says in (_claim if each.table is None else _row)(each, there, batch.entity):
            yield each.what, f"{says} (raw page {page}, record {each.row.raw_position})"


def _read(session: Session, offline: Offline, page: int) -> Batch | None:
    """Read a page once more; None where it can not be, which its hash says."""
    found = session.execute(
        text("SELECT stream, parts, body FROM raw_page WHERE id = :id"), {"id": page}
    ).one_or_none()
    stream = next((each for each in offline.streams if found and each.name == found.stream), None)
    if found is None or stream is None:
        return None
    try:
        records = records_of(stream.read, open_body(found.body, found.parts))
    except (UnreadablePage, zstandard.ZstdError):
        return None
    return normalise(offline.mappings[stream.name], records)


def _claim(each: Standing[T], there: Mapping[str, Any], entity: str) -> Iterator[str]:
    """Hold a claim to the cell or the record it names."""
    row = each.row
    if row.value is None or _MORE in (row.locator or ""):
        return
    if entity != "project":
        if not any(same(row.value, plain(value)) for value in there.values()):
            yield f"it says {said(row.value)}, and nothing of its record does"
        named = {str(there.get(name)) for name in ("locator", "key", "external_id")}
        if named.isdisjoint({row.locator, str(row.locator).partition(" ")[0]}):
            yield f"it names {row.locator}, its record is {there['locator']}"
        return
    given = there["attributes"].get(row.attribute)
    if given is None:
        yield f"it says {said(row.value)}, its cell nothing"
        return
    value = plain(normalised(row.attribute, given["value"]))
    if not same(row.value, value):
        yield f"it says {said(row.value)}, its cell {said(value)}"
    if row.locator != (cell := cell_locator(there["locator"], given.get("cell"))):
        yield f"it names {row.locator}, and was read at {cell}"


def _row(each: Standing[T], there: Mapping[str, Any], entity: str) -> Iterator[str]:
    """Hold each column of a row to what its record gives, and an item's history by the hash of it all."""
    stored, kept, agrees = each.stored, columns_of(entity), True
    for name, value in there.items():
        if name not in kept or name in _NOT_READ or _placed(name, stored):
            continue
        here, wanted = plain(stored[name]), plain(value)
        if not (same(here, wanted) or _kept_less(name, here, wanted)):
            agrees = False
            yield f"{name}: it says {said(stored[name])}, its record {said(value)}"
        agrees = agrees and (name != "custom" or here == wanted)
    if entity == _ITEM and agrees and bytes(stored["content_hash"]) != there["content_hash"]:
        yield "its record, with its history, does not have the hash it was kept with"


def _placed(name: str, stored: RowMapping) -> bool:
    """Say whether a column is not its record's word: an item below a bound area belongs to that."""
    return name == "scope_external_id" and stored.get("area") is not None


def _kept_less(name: str, here: Any, wanted: Any) -> bool:
    """Say whether a record only has more of the fields that are kept than were kept when it was read."""
    if name != "custom":
        return False
    there = wanted or {}
    return all(same(value, there.get(field)) for field, value in (here or {}).items())
