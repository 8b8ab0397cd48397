"""Followed: the claims and rows that receipts name, and the raw pages those were read from."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

import zstandard
from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from sync.derived import Claimed, Derived, derived_from
from sync.receipts_rows import TABLES
from sync.tables import has
from sync.verification.places import Places

_PAGES: Final = 50  # raw pages opened together


@dataclass(slots=True)
class Trail:
    """What was followed: how many claims and rows, and the raw pages they stand on, with who stands there.

    `known_at` is the receipt's instant.
    """

    known_at: datetime
    claims: int = 0
    records: int = 0
    pages: dict[int, str] = field(default_factory=dict)
    places: Places[str] = field(default_factory=Places)


def follow_claims(session: Session, receipt: Mapping[str, Any], trail: Trail) -> Iterator[str]:
    """Say which claims of a receipt are not there, or do not say what it says."""
    entries = receipt["attributes"]
    ids = [claim for entry in entries.values() for claim in entry["claims"]]
    rows = session.execute(
        text(
            "SELECT c.id, c.project_id, c.source_id, c.attribute, c.known_from, c.locator, c.value, c.unit, c.sha256,"
            " c.raw_page_id, encode(p.sha256, 'hex') AS page_sha256, s.name"
            " FROM claim c JOIN source s ON s.id = c.source_id LEFT JOIN raw_page p ON p.id = c.raw_page_id"
            " WHERE c.id = ANY(CAST(:ids AS bigint[]))"
        ),
        {"ids": ids},
    )
    found = {row.id: row for row in rows}
    rests_on = derived_from(session, [Claimed.of(row) for row in found.values()])
    for name, entry in entries.items():
        for place, claim in enumerate(entry["claims"]):
            trail.claims += 1
            what = f"{name}, claim {claim}"
            derived = rests_on.get(claim)
            yield from _claim(found.get(claim), what, entry if place == 0 else None, trail, derived)
            if derived is not None:
                yield from _rows(session, derived.records, trail)


def _claim(
    row: Row[Any] | None, what: str, wins: Mapping[str, Any] | None, trail: Trail, derived: Derived | None
) -> Iterator[str]:
    if row is None:
        yield f"{what}: it is not on record any more"
        return
    if wins is not None and (row.value, row.unit) != (wins["value"], wins["unit"]):
        yield f"{what} of {row.name}: it says {row.value}, the receipt {wins['value']}"
    if row.raw_page_id is None:
        if derived is None or not derived.records:
            yield f"{what} of {row.name}: it names no raw page, and there are no rows it was computed from"
    elif row.page_sha256 is None:
        yield f"{what} of {row.name}: raw page {row.raw_page_id} is not there any more"
    elif row.sha256 is not None and row.sha256 != row.page_sha256:
        yield f"{what} of {row.name}: raw page {row.raw_page_id} has another hash than the claim"
    else:
        trail.pages.setdefault(row.raw_page_id, f"{what} of {row.name}")
        trail.places.claims.setdefault(row.id, f"{what} of {row.name}")


def follow_records(session: Session, receipt: Mapping[str, Any], trail: Trail) -> Iterator[str]:
    """Say which rows that a receipt names are not there, or stand on no raw page."""
    yield from _rows(session, _records(receipt), trail)


def _rows(session: Session, records: Iterable[Mapping[str, Any]], trail: Trail) -> Iterator[str]:
    named: dict[str, set[int]] = {}
    for record in records:
        named.setdefault(record["entity"], set()).add(record["id"])
    for table in sorted(named):
        if table not in TABLES:
            yield f"{table}: a receipt names rows of it, and there is no such table"
            continue
        named[table] |= _amended(session, table, named[table], trail.known_at)
        rows = session.execute(
            text(f"SELECT id, raw_page_id, locator FROM {table} WHERE id = ANY(CAST(:ids AS bigint[]))"),
            {"ids": sorted(named[table])},
        )
        found = {row.id: row for row in rows}
        for number in sorted(named[table]):
            trail.records += 1
            row = found.get(number)
            if row is None:
                yield f"{table} {number}: it is not on record any more"
            elif row.raw_page_id is None:
                yield f"{table} {number} ({row.locator}): it names no raw page"
            else:
                trail.pages.setdefault(row.raw_page_id, f"{table} {number} ({row.locator})")
                trail.places.rows.setdefault(table, {})[number] = f"{table} {number} ({row.locator})"


def _amended(session: Session, table: str, ids: Iterable[int], known_at: datetime) -> set[int]:
    """Return the other sources' records that people's answers were laid over, as they were known."""
    if not has(table, "amends_source_id"):
        return set()
    rows = session.execute(
        text(
            f"SELECT o.id FROM {table} v JOIN {table} o ON o.source_id = v.amends_source_id"
            " AND o.external_id = v.amends_external_id AND o.known_from <= :known_at"
            " AND (o.known_to IS NULL OR o.known_to > :known_at) WHERE v.id = ANY(CAST(:ids AS bigint[]))"
        ),
        {"ids": sorted(ids), "known_at": known_at},
    )
    return set(rows.scalars())


def _records(receipt: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for colour in (*receipt["colours"].values(), *receipt.get("measures", {}).values()):
        yield from colour.get("records", ())
        for rule in colour.get("rules", ()):
            yield from rule.get("records", ())


def broken_pages(session: Session, pages: Iterable[int]) -> Iterator[tuple[int, str]]:
    """Open raw pages and hash their bytes again; say which are not what was fetched."""
    asked = sorted(pages)
    for start in range(0, len(asked), _PAGES):
        yield from _broken(session, asked[start : start + _PAGES])


def _broken(session: Session, asked: Sequence[int]) -> Iterator[tuple[int, str]]:
    rows = session.execute(
        text("SELECT id, body, sha256, stream FROM raw_page WHERE id = ANY(CAST(:ids AS bigint[]))"),
        {"ids": list(asked)},
    )
    found = {row.id: row for row in rows}
    for number in asked:
        row = found.get(number)
        if row is None:
            yield number, "it is not there any more"
            continue
        try:
            body = zstandard.ZstdDecompressor().decompress(row.body)
        except zstandard.ZstdError:
            yield number, f"a page of {row.stream} that cannot be opened"
            continue
        if hashlib.sha256(body).digest() != bytes(row.sha256):
            yield number, f"a page of {row.stream} whose bytes are not those that were fetched"
