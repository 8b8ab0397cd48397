"""How far a run reads: what changed since the cursors, or everything; and from which run on a walk began.

A walk is a reading of everything. One that was cut off, by whatever, is carried on by the next run, so
that what it had not come to yet is not taken for read.
"""

import hashlib
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, text

from config.document import SourceBlock
from sync.json import dump_bytes, dumps
from sync.mapping import MappingSpec
from sync.quarantine import Unreadable
from sync.watch import HOW_REACHED, scoped_as


@dataclass(frozen=True, slots=True)
class Reading:
    """By what a source is read: hashes of its mapping with its scope, and of the scope alone."""

    read_as: str
    scoped_as: str


@dataclass(frozen=True, slots=True)
class Extent:
    """What a run reads. On a full one the cursors count that runs from `walk_from` on have left.

    `reconfigured` says that the source's scope was changed here since it was last read.
    """

    full: bool
    walk_from: int
    reconfigured: bool


def reading_of(block: SourceBlock, mapping: MappingSpec) -> Reading:
    """Say by what a source is read now."""
    options = {name: value for name, value in block.options().items() if name not in HOW_REACHED}
    document = [mapping.model_dump(mode="json"), options, block.kind]
    return Reading(hashlib.sha256(dump_bytes(document, canonical=True)).hexdigest(), scoped_as(block))


def changed_since(connection: Connection, source_id: int, reading: Reading) -> tuple[bool, bool]:
    """Say whether the source is to be read differently than what is stored was, and whether its scope is other."""
    row = connection.execute(
        text("SELECT semantics ->> 'read_as', semantics ->> 'scoped_as' FROM source WHERE id = :id"),
        {"id": source_id},
    ).one()
    changed = row[0] is not None and row[0] != reading.read_as
    return changed, changed and row[1] is not None and row[1] != reading.scoped_as


def begin(
    connection: Connection,
    source_id: int,
    run_id: int,
    *,
    full: bool,
    reading: Reading,
    reconfigured: bool,
    anew: bool = False,
) -> Extent:
    """Begin a run's reading; a walk that was not ended is carried on where it was read the same way.

    With `anew` only one that this run itself is on: it was cut off, and is carried on.
    """
    walk: dict[str, Any] | None = connection.scalar(
        text("SELECT semantics -> 'walk' FROM source WHERE id = :id"), {"id": source_id}
    )
    if not full and walk is None:
        return Extent(full=False, walk_from=run_id, reconfigured=reconfigured)
    start = run_id
    if walk is not None and walk["as"] == reading.read_as and (not anew or walk.get("run") == run_id):
        start = walk["from"]
    connection.execute(text("UPDATE run SET mode = 'full' WHERE id = :run"), {"run": run_id})
    connection.execute(
        text(
            "UPDATE source SET semantics = semantics || jsonb_build_object('walk', CAST(:walk AS jsonb))"
            " WHERE id = :id"
        ),
        {"walk": dumps({"from": start, "run": run_id, "as": reading.read_as}), "id": source_id},
    )
    return Extent(full=True, walk_from=int(start), reconfigured=reconfigured)


def end(connection: Connection, source_id: int, reading: Reading) -> None:
    """Note that all streams were read to their end, and how."""
    connection.execute(
        text(
            "UPDATE source SET semantics = (semantics - 'walk') || jsonb_build_object("
            "'read_as', CAST(:hash AS text), 'scoped_as', CAST(:scope AS text)) WHERE id = :id"
        ),
        {"hash": reading.read_as, "scope": reading.scoped_as, "id": source_id},
    )


def cursors(connection: Connection, source_id: int, stream: str, extent: Extent) -> dict[str, dict[str, Any]]:
    """Return the positions to go on from: on a full run only those that its walk has left.

    An empty one says that the slice was read in, and is to be read from its beginning.
    """
    rows = connection.execute(
        text(
            "SELECT slice, position FROM cursor WHERE source_id = :source AND stream = :stream"
            " AND (NOT :full OR run_id >= :walk) AND position <> '{}'"
        ),
        {"source": source_id, "stream": stream, "full": extent.full, "walk": extent.walk_from},
    )
    return {row[0]: row[1] for row in rows}


def read_again(
    connection: Connection, source_id: int, extent: Extent, unread: Collection[Unreadable]
) -> None:
    """Have the next run read from the beginning what a walk could not read; what it began it goes on with.

    The walk itself is over: a slice that cannot be read for months keeps nothing else from being read.
    """
    for stream, slice_ in sorted({(each.stream, each.slice) for each in unread}):
        connection.execute(
            text(
                "UPDATE cursor SET position = '{}', version = version + 1 WHERE source_id = :source"
                " AND stream = :stream AND run_id < :walk"
                " AND :slice IN (slice, '')"  # '': the slices could not be listed
            ),
            {"source": source_id, "stream": stream, "slice": slice_, "walk": extent.walk_from},
        )
