"""Cells: what claims and rows say, held to what stands at their place on their raw page, read once more."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final, Generic, TypeVar

import orjson
import zstandard
from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from connectors.errors import ConnectorError
from sync.bind import cell_locator
from sync.json import dump_bytes
from sync.normalise import Batch, normalise
from sync.offline import Offline, open_offline
from sync.prepare import UnreadablePage, records_of
from sync.rawpage import open_body
from sync.record_rows import COLLECTION
from sync.said import normalised
from sync.tables import columns_of
from sync.verification.differences import said

_NOT_READ: Final = frozenset({"raw_position", "content_hash"})
T = TypeVar("T")
_MORE: Final = " more"  # of a locator that names the first of several rows


@dataclass(slots=True)
class Places(Generic[T]):
    """Claims and rows to hold to their pages, each with what names it in a fault; rows by table."""

    claims: dict[int, T] = field(default_factory=dict)
    rows: dict[str, dict[int, T]] = field(default_factory=dict)
    read: int = 0  # how many were found on their pages and compared


@dataclass(frozen=True, slots=True)
class _Standing(Generic[T]):
    """One claim or row: what it is called, what is stored of it, and whether it is a claim."""

    what: T
    row: Row[Any]
    claim: bool


def misread(session: Session, places: Places[T]) -> Iterator[tuple[T, str]]:
    """Yield (what it is called, what does not agree) of what its page says otherwise.

    A page is read by the mapping that counted when the claim or row became known. What people answered and what a
    page does not hold by itself (sums, shares of items) is held to its rows elsewhere.
    """
    by_page: dict[tuple[int, str], dict[int, list[_Standing[T]]]] = {}
    for each in _standing(session, places):
        of_source = by_page.setdefault((each.row.source_id, each.row.source), {})
        of_source.setdefault(each.row.raw_page_id, []).append(each)
    for (source_id, source), pages in sorted(by_page.items()):
        saved = _versions(session, source_id)
        groups: dict[int, dict[int, list[_Standing[T]]]] = {}
        for page, standing in pages.items():
            for each in standing:
                version = _version(saved, each.row.known_from)
                groups.setdefault(version, {}).setdefault(page, []).append(each)
        for version, asked in groups.items():
            yield from _of_source(session, source, saved[version][1] if saved else {}, asked, places)


def _standing(session: Session, places: Places[T]) -> Iterator[_Standing[T]]:
    tables = [("claim", places.claims, True), *((name, rows, False) for name, rows in places.rows.items())]
    for table, named, is_claim in tables:
        rows = session.execute(
            text(
                f"SELECT v.*, s.name AS source FROM {table} v JOIN source s ON s.id = v.source_id"
                " WHERE v.id = ANY(CAST(:ids AS bigint[])) AND v.raw_page_id IS NOT NULL"
                " AND v.raw_position IS NOT NULL AND s.kind <> :collection"
            ),
            {"ids": list(named), "collection": COLLECTION},
        )
        for row in rows:
            yield _Standing(named[row.id], row, is_claim)


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
    pages: Mapping[int, Sequence[_Standing[T]]],
    places: Places[T],
) -> Iterator[tuple[T, str]]:
    with ExitStack() as stack:
        try:
            offline = stack.enter_context(open_offline(session.connection(), source, settings=settings))
        except (LookupError, ValueError, ConnectorError):
            return  # not to be opened any more: its pages have their hash, and are not among those read
        for page, standing in sorted(pages.items()):
            if (batch := _read(session, offline, page)) is not None:
                places.read += len(standing)
                yield from _of_page(batch, page, standing)


def _of_page(batch: Batch, page: int, standing: Collection[_Standing[T]]) -> Iterator[tuple[T, str]]:
    found = dict(zip(batch.positions, batch.rows, strict=True))
    for each in standing:
        row = found.get(each.row.raw_position)
        if row is None:
            yield each.what, f"raw page {page} has no record {each.row.raw_position}"
            continue
        there = dict(zip(batch.columns, row, strict=True))
        check = _claim if each.claim else _row
        for says in check(each.row, there, batch.entity):
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


def _claim(row: Row[Any], there: Mapping[str, Any], entity: str) -> Iterator[str]:
    """Hold a claim to the cell or the record it names."""
    if row.value is None or _MORE in (row.locator or ""):
        return
    if entity != "project":
        if not any(_same(row.value, _plain(value)) for value in there.values()):
            yield f"it says {said(row.value)}, and nothing of its record does"
        named = {str(there.get(name)) for name in ("locator", "key", "external_id")}
        if named.isdisjoint({row.locator, str(row.locator).partition(" ")[0]}):
            yield f"it names {row.locator}, its record is {there['locator']}"
        return
    given = there["attributes"].get(row.attribute)
    if given is None:
        yield f"it says {said(row.value)}, its cell nothing"
        return
    value = _plain(normalised(row.attribute, given["value"]))
    if not _same(row.value, value):
        yield f"it says {said(row.value)}, its cell {said(value)}"
    if row.locator != (cell := cell_locator(there["locator"], given.get("cell"))):
        yield f"it names {row.locator}, and was read at {cell}"


def _row(row: Row[Any], there: Mapping[str, Any], entity: str) -> Iterator[str]:
    """Hold each column of a row to what its record gives."""
    stored, kept = row._mapping, columns_of(entity)  # noqa: SLF001  (the public name of a Row's mapping)
    for name, value in there.items():
        if name in kept and name not in _NOT_READ and not _same(_plain(stored[name]), _plain(value)):
            yield f"{name}: it says {said(stored[name])}, its record {said(value)}"


def _plain(value: Any) -> Any:
    return orjson.loads(dump_bytes(value))


def _same(one: Any, other: Any) -> bool:
    """Say whether two plain values mean the same, a number in digits or not."""
    if one == other:
        return True
    try:
        return round(Decimal(str(one)), 6) == round(Decimal(str(other)), 6)
    except InvalidOperation:
        return False
