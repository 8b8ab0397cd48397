"""Raw records into rows: one stream's compiled mapping applied to one page. No network, no database."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from connectors.base import RawRecord
from sync.compiling import CompiledMapping, Unmappable
from sync.json import dump_bytes

# The tables behind the rows attributes, and the columns after (source_id, item_external_id).
CHILDREN: Final = {
    "transitions": (
        "transition",
        ("external_id", "at", "by", "by_id", "field", "field_id", "from_id", "from_value", "to_id", "to_value"),
    ),
    "links": (
        "work_item_link",
        ("external_id", "direction", "type", "label", "other_external_id", "other_key"),
    ),
    "iterations": ("work_item_iteration", ("external_id", "name", "state")),
    "comments": (
        "comment",
        ("external_id", "author", "author_id", "created_at", "updated_at", "text"),
    ),
    "worklogs": (
        "worklog",
        ("external_id", "author", "author_id", "started_at", "hours", "created_at", "updated_at", "text"),
    ),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Rejection:
    """A record that is not stored, and why."""

    external_id: str | None
    locator: str
    reason: str
    position: int


@dataclass(slots=True)
class Lines:
    """One page's rows and their children as COPY lines, in the order of the batch's ids.

    `children` holds one value an item: all of its lines, or nothing.
    """

    rows: bytes
    children: dict[str, list[bytes]]


@dataclass(slots=True)
class Batch:
    """One page's rows. `columns` end with raw_position, locator and content_hash.

    `ids` are the external ids of the rows, in their order, `positions` their places on the page.
    `children` holds one list of rows an item. Where `lines` is set, rows and children are in there and
    not here. `filtered` counts records that a rule leaves out, `left_out` are their ids. `unmapped`
    counts (attribute, value) pairs without an entry in their value map, `unmapped_of` has those of each
    record.
    """

    entity: str
    columns: tuple[str, ...]
    ids: list[str] = field(default_factory=list)
    positions: list[int] = field(default_factory=list)
    rows: list[list[Any]] = field(default_factory=list)
    children: dict[str, list[Sequence[tuple[Any, ...]]]] = field(default_factory=dict)
    lines: Lines | None = None
    rejected: list[Rejection] = field(default_factory=list)
    filtered: Counter[str] = field(default_factory=Counter)
    left_out: list[str] = field(default_factory=list)
    unmapped: Counter[tuple[str, str]] = field(default_factory=Counter)
    unmapped_of: dict[str, tuple[tuple[str, str], ...]] = field(default_factory=dict)

    @property
    def records(self) -> int:
        """How many records the page held."""
        return len(self.ids) + len(self.rejected) + sum(self.filtered.values())


def normalise(mapping: CompiledMapping, records: Iterable[RawRecord]) -> Batch:
    """Apply a mapping to a page's records.

    A record that cannot be read or mapped is rejected with its reason; of two records with one id
    in a page the later stands, and the earlier counts as filtered.
    """
    build = _register_row if mapping.entity == "project" else _row
    batch = Batch(
        mapping.entity, ("external_id", *_columns(mapping), "raw_position", "locator", "content_hash")
    )
    places: dict[str, int] = {}
    children: list[list[Sequence[tuple[Any, ...]]]] = []
    for position, record in enumerate(records):
        if record.filtered_by is not None:
            batch.filtered[record.filtered_by] += 1
            batch.left_out.append(record.external_id)
            continue
        if record.unreadable is not None:
            batch.rejected.append(Rejection(record.external_id, record.locator, record.unreadable, position))
            continue
        try:
            values, nested = mapping.read(record.payload)
        except Unmappable as error:
            batch.rejected.append(Rejection(record.external_id, record.locator, str(error), position))
            continue
        finally:
            _note_unmapped(batch, mapping, record.external_id)
        row = [record.external_id, *build(mapping, record, values)]
        try:
            digest = hashlib.blake2b(dump_bytes([row, nested]), digest_size=16).digest()
        except TypeError as error:  # a whole number beyond 64 bits, in a value that is kept as it came
            batch.rejected.append(Rejection(record.external_id, record.locator, str(error), position))
            continue
        row += (position, record.locator, digest)
        if (before := places.get(record.external_id)) is None:
            places[record.external_id] = len(batch.rows)
            batch.rows.append(row)
            children.append(nested)
            batch.positions.append(position)
        else:
            batch.filtered["an earlier version of a record on the same page"] += 1
            batch.rows[before] = row
            children[before] = nested
            batch.positions[before] = position
    batch.ids = list(places)
    for index, name in enumerate(mapping.row_columns):
        batch.children[name] = [_once(nested[index]) for nested in children]
    return batch


def _note_unmapped(batch: Batch, mapping: CompiledMapping, external_id: str) -> None:
    """Take over what the mapping met in one record; of two with one id the later counts."""
    if batch.unmapped_of:
        batch.unmapped_of.pop(external_id, None)
    if mapping.unmapped:
        batch.unmapped.update(mapping.unmapped)
        batch.unmapped_of[external_id] = tuple(mapping.unmapped)
        mapping.unmapped.clear()


def _once(children: Sequence[tuple[Any, ...]]) -> Sequence[tuple[Any, ...]]:
    """Leave out all but the last of those under one id."""
    if len(children) > 1 and len(found := {child[0]: child for child in children}) < len(children):
        return list(found.values())
    return children


def _columns(mapping: CompiledMapping) -> tuple[str, ...]:
    if mapping.entity == "project":
        return ("kind", "key", "name", "url", "attributes")
    columns = tuple("email_hash" if name == "email" else name for name in mapping.columns)
    return columns if "url" in columns or mapping.entity in {"identity", "iteration"} else (*columns, "url")


def _row(mapping: CompiledMapping, record: RawRecord, values: list[Any]) -> list[Any]:
    if mapping.entity == "identity" and "email" in mapping.columns:
        index = mapping.columns.index("email")
        values[index] = hash_email(values[index])
        return values
    if "url" in mapping.columns:
        index = mapping.columns.index("url")
        values[index] = values[index] or record.url
    elif mapping.entity not in {"identity", "iteration"}:
        values.append(record.url)
    return values


def _register_row(mapping: CompiledMapping, record: RawRecord, values: list[Any]) -> list[Any]:
    """Keep a register's row as a scope: every known value beside the cell it stands in."""
    cells = record.payload.get("cells", {})
    found = dict(zip(mapping.columns, values, strict=True))
    key = found["key"]
    attributes = {
        name: {"value": value, "cell": cells.get(name)} for name, value in found.items() if value is not None
    }
    return ["register_row", key, found.get("name") or key, record.url, attributes]


def hash_email(address: str | None) -> str | None:
    """Return the SHA-256 of an address in lower case, hex; addresses themselves are not kept."""
    if not address:
        return None
    return hashlib.sha256(address.strip().casefold().encode()).hexdigest()
