"""Examples of a mapping: records that are read again and again, and what their attributes must come out as."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson
from sqlalchemy import Connection, text

from connectors.base import RawRecord
from sync.compiling import CompiledMapping, Unmappable
from sync.json import dump_bytes
from sync.land import VERSIONED
from sync.normalise import CHILDREN
from sync.offline import Offline
from sync.prepare import UnreadablePage, records_of
from sync.rawpage import open_body
from sync.rebuild import live_name
from sync.versions import Example, ProposalError

_TAKEN: Final = 3  # records of a stream that stand for it where the officer names none


@dataclass(frozen=True, slots=True)
class Failing:
    """An example that no longer comes out as it must."""

    subject: str  # stable: the stream and the record
    says: str


def resolve(
    connection: Connection, offline: Offline, examples: Iterable[Example], *, where: str
) -> list[dict[str, Any]]:
    """Make examples ready to be stored: those named by key lead to their stored page.

    Raises:
        ProposalError: A stream, an attribute or a record that does not exist.
    """
    found = []
    for number, each in enumerate(examples, 1):
        place = f"{where}: examples, {number}"
        mapping = offline.mappings.get(each.stream)
        if mapping is None:
            raise ProposalError(
                f"{place}: no stream {each.stream!r}; there are: {', '.join(sorted(offline.mappings))}"
            )
        known = (*mapping.columns, *mapping.row_columns)
        if unknown := sorted(set(each.expect) - set(known)):
            raise ProposalError(
                f"{place}: {mapping.entity} has no mapped attribute {', '.join(unknown)}; it has: {', '.join(known)}"
            )
        document: dict[str, Any] = {"stream": each.stream, "expect": each.expect}
        if each.record is not None:
            found.append({**document, "record": each.record})
        elif each.key is not None:
            found.append(
                {**document, "key": each.key, **_place(connection, offline, mapping, each.key, place)}
            )
        else:
            raise ProposalError(f"{place}: give the record itself, or the key of a stored one")
    return found


def _place(
    connection: Connection, offline: Offline, mapping: CompiledMapping, key: str, place: str
) -> dict[str, int]:
    table = live_name(mapping.entity)
    named = "key = :key OR" if table in {"work_item", "scope"} else ""
    current = " AND known_to IS NULL" if table in VERSIONED else ""
    row = connection.execute(
        text(
            f"SELECT raw_page_id, raw_position FROM {table} WHERE source_id = :source"
            f" AND ({named} external_id = :key){current} LIMIT 1"
        ),
        {"source": offline.source_id, "key": key},
    ).one_or_none()
    if row is None:
        raise ProposalError(f"{place}: {offline.name} has no stored {mapping.entity} {key!r}")
    return {"page": row.raw_page_id, "position": row.raw_position}


def take(connection: Connection, offline: Offline) -> list[dict[str, Any]]:
    """Take a few stored records of each stream as examples, with what the mapping makes of them now."""
    found: list[dict[str, Any]] = []
    for name, mapping in offline.mappings.items():
        table = live_name(mapping.entity)
        kind = "hub_type" if table == "work_item" else "raw_page_id"
        current = " AND known_to IS NULL" if table in VERSIONED else ""
        rows = connection.execute(
            text(
                f"SELECT DISTINCT ON ({kind}) t.external_id, t.raw_page_id, t.raw_position FROM {table} t"
                " JOIN raw_page p ON p.id = t.raw_page_id WHERE t.source_id = :source AND p.stream = :stream"
                f"{current} ORDER BY {kind}, t.raw_page_id DESC, t.raw_position LIMIT :n"
            ),
            {"source": offline.source_id, "stream": name, "n": _TAKEN},
        )
        found += [
            {"stream": name, "key": row.external_id, "page": row.raw_page_id, "position": row.raw_position}
            for row in rows
        ]
    taken = []
    for each, record in zip(found, _records(connection, offline, found), strict=True):
        if isinstance(record, RawRecord):
            try:
                values = _values(offline.mappings[each["stream"]], record.payload)
            except Unmappable:
                continue
            taken.append({**each, "expect": values, "taken": True})
    return taken


def failing(connection: Connection, offline: Offline, examples: Sequence[Mapping[str, Any]]) -> list[Failing]:
    """Run examples; returns those that do not come out, each with what was expected and what came."""
    found = []
    for each, record in zip(examples, _records(connection, offline, examples), strict=True):
        key = each.get("key") or dump_bytes(each.get("record"), canonical=True).decode()[:40]
        subject = f"{each['stream']} {key}"
        if isinstance(record, str):
            found.append(Failing(subject, f"example {subject}: {record}"))
            continue
        if each["stream"] not in offline.mappings:
            found.append(Failing(subject, f"example {subject}: the mapping has no such stream any more"))
            continue
        try:
            values = _values(offline.mappings[each["stream"]], record.payload)
        except Unmappable as error:
            found.append(Failing(subject, f"example {subject}: the mapping rejects it: {error}"))
            continue
        wrong = [
            f"{name} is {values.get(name)!r} and must be {wanted!r}"
            for name, wanted in each["expect"].items()
            if not _same(values.get(name), wanted)
        ]
        if wrong:
            found.append(Failing(subject, f"example {subject}: {'; '.join(wrong)}"))
    return found


def _same(value: Any, wanted: Any) -> bool:
    if isinstance(value, int | float) and isinstance(wanted, int | float):
        return float(value) == float(wanted)
    return bool(value == wanted)


def _values(mapping: CompiledMapping, payload: Any) -> dict[str, Any]:
    """Read a record to plain JSON values; of nested rows their number."""
    values, nested = mapping.read(payload)
    mapping.unmapped.clear()
    found: dict[str, Any] = orjson.loads(dump_bytes(dict(zip(mapping.columns, values, strict=True))))
    return found | {
        name: len(rows) for name, rows in zip(mapping.row_columns, nested, strict=True) if name in CHILDREN
    }


def _records(
    connection: Connection, offline: Offline, examples: Sequence[Mapping[str, Any]]
) -> list[RawRecord | str]:
    """Find each example's record; a sentence where it is no longer to be had."""
    pages: dict[int, list[int]] = defaultdict(list)
    found: list[RawRecord | str] = ["its stored page is no longer there; save the mapping anew"] * len(
        examples
    )
    for number, each in enumerate(examples):
        if "record" in each:
            payload = dict(each["record"])
            found[number] = RawRecord(str(payload.get("id", "")), payload, "an example")
        else:
            pages[each["page"]].append(number)
    streams = {stream.name: stream for stream in offline.streams}
    for page, numbers in pages.items():
        row = connection.execute(
            text("SELECT stream, parts, body FROM raw_page WHERE id = :id"), {"id": page}
        ).one_or_none()
        if row is None or row.stream not in streams:
            continue
        try:
            records = records_of(streams[row.stream].read, open_body(row.body, row.parts))
        except UnreadablePage as error:
            for number in numbers:
                found[number] = f"its page cannot be taken apart any more: {error}"
            continue
        for number in numbers:
            position = examples[number]["position"]
            if position < len(records):
                found[number] = records[position]
    return found
