"""Answers: what people answered, as claims and rows have it, held to the document that was frozen of it."""

import hashlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, TypeVar

import orjson
import zstandard
from sqlalchemy import text
from sqlalchemy.orm import Session

from sync.collection.heads import NoSuchSubmission, head_of
from sync.collection.publish_costs import KINDS, external_id
from sync.collection.publish_items import columns_said
from sync.collection.publish_records import attribute_of, claimed
from sync.collection.published import Published, Record, as_frozen
from sync.collection.templates import NoSuchTemplate
from sync.rawpage import open_body
from sync.verification.differences import said
from sync.verification.places import Places, Standing, plain, same

_SUBMITTED: Final = "submitted"
T = TypeVar("T")


def misanswered(
    session: Session, pages: Mapping[int, Sequence[Standing[T]]], places: Places[T]
) -> Iterator[tuple[T, str]]:
    """Yield (what it is called, what does not agree) of what its frozen document says otherwise.

    A month that was worked out of a sum up to it is held to there being such an answer.
    """
    for page, standing in sorted(pages.items()):
        found = _published(session, page)
        if isinstance(found, Published):
            places.read += len(standing)
            yield from _of_page(found, page, standing)
        elif found is not None:
            yield standing[0].what, found


def _published(session: Session, page: int) -> Published | str | None:
    """Read a frozen document off its raw page; words where it is not what was published, None where it has no page."""
    row = session.execute(
        text("SELECT slice, parts, body, fetched_at FROM raw_page WHERE id = :id"), {"id": page}
    ).one_or_none()
    if row is None:
        return None
    try:
        body = b"".join(part.body for part in open_body(row.body, row.parts))
        head = head_of(session.connection(), int(row.slice.rpartition(" ")[2]))
        if hashlib.sha256(body).hexdigest() != head.sha256:
            return f"raw page {page} is not what submission {head.id} was published as: it has another hash"
        return as_frozen(session.connection(), head, orjson.loads(body), row.fetched_at)
    except (zstandard.ZstdError, ValueError, NoSuchSubmission, NoSuchTemplate):
        return None  # its hash says so


def _of_page(found: Published, page: int, standing: Collection[Standing[T]]) -> Iterator[tuple[T, str]]:
    claims = dict(_claims(found))
    for each in standing:
        if each.table is None:
            faults = _claim(each, claims)
        else:
            position = each.row.raw_position
            record = found.records[position] if 0 <= position < len(found.records) else None
            faults = _row(each, found, record)
        for says in faults:
            yield each.what, f"{says} (raw page {page}, submission {found.head.id})"


def _claims(found: Published) -> Iterator[tuple[tuple[str, str | None], Any]]:
    """Yield what each answer of the project's own record claims, by attribute and place."""
    for record in found.records:
        for each in () if record.ref else record.answers():
            if (name := attribute_of(each)) is not None:
                place = each.locator or found.place("", each.field.rule.id)
                yield (name, place), claimed(name, each.value)
    handed_in = [
        datetime.fromisoformat(move["at"]) for move in found.frozen["moves"] if move["to_state"] == _SUBMITTED
    ]
    if handed_in:
        yield ("reported_on", found.place("", _SUBMITTED)), found.head.day(max(handed_in)).isoformat()


def _claim(each: Standing[T], claims: Mapping[tuple[str, str | None], Any]) -> Iterator[str]:
    row = each.row
    if row.value is None:
        return
    if (row.attribute, row.locator) not in claims:
        yield f"it says {said(row.value)}, and nobody answered that at {row.locator}"
    elif not same(row.value, wanted := plain(claims[row.attribute, row.locator])):
        yield f"it says {said(row.value)}, the answer {said(wanted)}"


def _row(each: Standing[T], found: Published, record: Record | None) -> Iterator[str]:
    """Hold each column that was answered to its answer."""
    if record is None or not any(record.answers()):
        yield f"nobody answered its record {each.row.raw_position}"
        return
    if each.table == "cost_line":
        yield from _amount(each, found, record)
        return
    table, amends = str(each.table), each.stored.get("amends_source_id") is not None
    columns = columns_said(table, record.answers() if amends else record.values.values())
    for name, value in columns.items():
        if name != "external_id" and not same(plain(each.stored[name]), plain(value)):
            yield f"{name}: it says {said(each.stored[name])}, the answer {said(value)}"
    if amends and not set(columns) <= set(each.row.answered or ()):
        yield "not every column that was answered is marked as answered"


def _amount(each: Standing[T], found: Published, record: Record) -> Iterator[str]:
    """Hold a cost line to the month, or the whole sum, that was answered."""
    row, key = each.row, found.head.project_key
    for answer in record.answers():
        rule, given = answer.field.rule, answer.value
        if rule.repeat is not None and row.kind == "forecast" and row.period is not None:
            given = (given or {}).get(f"{row.period:%Y-%m}")
        elif rule.id == "actual" and row.kind == "actual":
            return  # the month's part of what was answered up to it
        elif rule.id not in KINDS or row.external_id != external_id(key, record.ref, KINDS[rule.id], None):
            continue
        if not same(plain(row.amount), plain(given)):
            yield f"it says {said(row.amount)}, the answer {said(given)}"
        return
    yield f"nobody answered {row.kind} of {row.locator}"
