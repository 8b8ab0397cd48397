"""A source opened without its tracker: what it takes to read its stored pages, by its present mapping or another."""

from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import orjson
from pydantic import ValidationError
from sqlalchemy import Connection, text

from config.document import SourceBlock, in_words
from connectors.base import Connector, Discovery, Reconsidering, Stream
from connectors.errors import MisconfiguredSource
from sync.apply import stored_block
from sync.compiling import CompiledMapping
from sync.mapping import MappingSpec, compile_stream
from sync.meanings import carried_over
from sync.record_rows import COLLECTION
from sync.registry import Opened, Opener, open_for_reading, utc_now

# Options that decide how a record is read, and not which are: stored pages can be read anew with others.
READING: Final = frozenset({"mapping", "fields", "status_categories", "custom_fields"})


@dataclass(frozen=True, slots=True)
class Offline:
    """A source's way of reading. `fields` are the tracker's fields that its work items' mapping needs."""

    source_id: int
    name: str
    kind: str
    block: SourceBlock
    spec: MappingSpec
    semantics: Mapping[str, str]
    mappings: Mapping[str, CompiledMapping]
    streams: Sequence[Stream]
    fields: tuple[str, ...]


@contextmanager
def open_offline(
    connection: Connection,
    source: str,
    *,
    settings: Mapping[str, Any] | None = None,
    opener: Opener = open_for_reading,
) -> Generator[Offline]:
    """Open a source as stored, with other settings laid over its block where they are given.

    Raises:
        LookupError: No such source.
        MisconfiguredSource: The block or the mapping does not hold.
    """
    row = connection.execute(
        text("SELECT id, name, config, enabled FROM source WHERE name = :name AND kind <> :collection"),
        {"name": source, "collection": COLLECTION},
    ).one_or_none()
    if row is None:
        names = connection.scalars(
            text("SELECT name FROM source WHERE kind <> :collection ORDER BY position"),
            {"collection": COLLECTION},
        ).all()
        raise LookupError(f"there is no source {source!r}; there are: {', '.join(names) or 'none yet'}")
    block = laid_over(stored_block(row.name, row.config, enabled=row.enabled), settings or {})
    opened = opener(block, connections=1, clock=utc_now)
    try:
        yield offline_of(connection, row.id, block, opened)
    finally:
        opened.connector.close()


def offline_of(connection: Connection, source_id: int, block: SourceBlock, opened: Opened) -> Offline:
    """Return how an open source reads its stored pages, by what is stored of what was discovered there.

    Raises:
        MisconfiguredSource: The mapping does not hold.
    """
    row = connection.execute(
        text(
            "SELECT s.kind, s.semantics, h.seen FROM source s LEFT JOIN source_shape h ON h.source_id = s.id"
            " WHERE s.id = :id"
        ),
        {"id": source_id},
    ).one()
    connector = opened.connector
    names = reconsidered(connector, dict(row.semantics.get("names") or {}), row.seen or {})
    try:
        mappings = compiled(opened.mapping, connector, names)
    except ValueError as error:
        raise MisconfiguredSource(str(error), source=block.name) from None
    fields = asked(mappings, names)
    streams = [stream for stream in connector.streams(names, fields) if stream.name in mappings]
    return Offline(
        source_id, block.name, row.kind, block, opened.mapping, names, mappings, streams, tuple(fields)
    )


def laid_over(block: SourceBlock, settings: Mapping[str, Any]) -> SourceBlock:
    """Return a source's block with other reading options: each replaces the block's own.

    Raises:
        MisconfiguredSource: They are not of the shape that a block has.
    """
    if not settings:
        return block
    document = block.model_dump(mode="json")
    try:
        return SourceBlock.model_validate({**document, **settings})
    except ValidationError as error:
        raise MisconfiguredSource(in_words(error), source=block.name) from None


def reconsidered(
    connector: Connector, names: Mapping[str, str], seen: Mapping[str, Any]
) -> Mapping[str, str]:
    """Return the semantics as the connector's configuration has them, by what was last seen of the source."""
    if not isinstance(connector, Reconsidering) or not seen:
        return names
    known = Discovery(
        semantics=dict(names),
        fields=list(seen.get("fields", ())),
        types=list(seen.get("types", ())),
        states=list(seen.get("states", ())),
    )
    return carried_over(names, connector.reconsider(known))


def compiled(
    spec: MappingSpec, connector: Connector, semantics: Mapping[str, str]
) -> dict[str, CompiledMapping]:
    """Compile every stream of a mapping."""
    transforms = connector.transforms()
    return {name: compile_stream(spec, name, transforms, semantics) for name in spec.streams}


def custom_ids(names: Mapping[str, str]) -> list[str]:
    """Return the ids of the custom fields that are kept, as the semantics list them."""
    written = names.get("custom_fields")
    return [str(each["id"]) for each in orjson.loads(written)] if written else []


def asked(mappings: Mapping[str, CompiledMapping], names: Mapping[str, str]) -> list[str]:
    """Return the tracker's fields that work items are asked for, custom ones too; other records come whole."""
    named = [
        name for mapping in mappings.values() if mapping.entity == "work_item" for name in mapping.fields
    ]
    return list(dict.fromkeys([*named, *custom_ids(names)]))


def not_in_pages(connection: Connection, offline: Offline) -> list[str]:
    """Return the fields that a mapping reads and some run since the last full one did not ask for."""
    rows = connection.scalars(
        text(
            "SELECT asked FROM run WHERE source_id = :source AND asked IS NOT NULL AND id >= coalesce((SELECT max(id)"
            " FROM run WHERE source_id = :source AND mode = 'full' AND state IN ('succeeded', 'partial')"
            " AND NOT cut_short), 0)"
        ),
        {"source": offline.source_id},
    ).all()
    if not rows:
        return []
    held = set(rows[0]).intersection(*rows[1:])
    return [name for name in asked(offline.mappings, offline.semantics) if name not in held]
