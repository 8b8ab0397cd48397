"""Drafts of sources: kept from step to step of the guided path, until one is saved or thrown away."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, text

from sync.json import dumps
from sync.keeping import forget_unused
from sync.record_rows import COLLECTION

# Where a secret or a token is sent to, or whose it is: with another one of these it has to be given anew.
_BOUND_TO: Final = (
    ("base_url",), ("site",), ("graph_url",), ("proxy",), ("auth", "type"), ("auth", "authority"),
    ("auth", "tenant"), ("auth", "client_id"), ("auth", "username"), ("auth", "cloud"),
)  # fmt: skip


class NoDraft(LookupError):
    """There is no such draft; it was saved or thrown away, or never was."""


class DraftMoved(RuntimeError):
    """Somebody else changed the draft meanwhile."""


class DraftRefused(ValueError):
    """What a draft says does not hold, or its source cannot be read; in words, and never with a secret.

    `about` is the option that mends it most likely, None where the words alone tell.
    """

    def __init__(self, says: str, *, about: str | None = None) -> None:
        super().__init__(says)
        self.about = about


@dataclass(frozen=True, slots=True)
class Draft:
    """A source on its way. `source` is the one it changes, None for a new one."""

    id: int
    source: str | None
    way: str
    block: Mapping[str, Any]
    seen: Mapping[str, Any]
    version: int
    made_by: str
    made_at: datetime
    changed_by: str
    changed_at: datetime

    @property
    def name(self) -> str | None:
        """What the source is or will be called; None while nobody said."""
        return self.source or self.block.get("name")


_COLUMNS = (
    "d.id, s.name AS source, d.way, d.block, d.seen, d.version, d.made_by, d.made_at, d.changed_by, d.changed_at"
    " FROM source_draft d LEFT JOIN source s ON s.id = d.source_id"
)


def place_of(block: Mapping[str, Any]) -> list[Any]:
    """Return where a block's secrets are sent to, and as whom; two blocks with the same may share them."""
    found = []
    for path in _BOUND_TO:
        node: Any = block
        for part in path:
            node = node.get(part) if isinstance(node, Mapping) else None
        found.append(node)
    return found


def drafts(connection: Connection) -> list[Draft]:
    """List all drafts, the one changed last first."""
    rows = connection.execute(text(f"SELECT {_COLUMNS} ORDER BY d.changed_at DESC, d.id"))
    return [Draft(*row) for row in rows]


def draft(connection: Connection, number: int) -> Draft:
    """Return a draft.

    Raises:
        NoDraft: There is none.
    """
    row = connection.execute(text(f"SELECT {_COLUMNS} WHERE d.id = :id"), {"id": number}).one_or_none()
    if row is None:
        raise NoDraft(f"There is no draft {number}: it was saved or thrown away.")
    return Draft(*row)


def begin(
    connection: Connection,
    way: str,
    block: Mapping[str, Any],
    *,
    by: str,
    now: datetime,
    source: str | None = None,
) -> int:
    """Make a draft, of a new source or of one that is to be changed; returns its number."""
    number = connection.scalar(
        text(
            "INSERT INTO source_draft (source_id, way, block, seen, version, made_by, made_at, changed_by, changed_at)"
            " VALUES ((SELECT id FROM source WHERE name = :source), :way, CAST(:block AS jsonb), '{}', 1, :by, :now,"
            " :by, :now) RETURNING id"
        ),
        {"source": source, "way": way, "block": dumps(dict(block)), "by": by, "now": now},
    )
    return int(number or 0)


def changing(connection: Connection, source: str) -> tuple[int | None, dict[str, Any]]:
    """Return the number of the draft that changes a source, None where there is none, and the source's block.

    Raises:
        LookupError: There is no such source.
    """
    row = connection.execute(
        text(
            "SELECT s.name, s.enabled, s.config, d.id AS draft FROM source s LEFT JOIN source_draft d"
            " ON d.source_id = s.id WHERE s.name = :name AND s.kind <> :collection ORDER BY d.id DESC LIMIT 1"
        ),
        {"name": source, "collection": COLLECTION},
    ).one_or_none()
    if row is None:
        raise LookupError(f"There is no source {source}.")
    set_ = {key: value for key, value in row.config.items() if value not in ({}, None)}
    return row.draft, {"name": row.name, "enabled": row.enabled, **set_}


def put(
    connection: Connection,
    known: Draft,
    *,
    by: str,
    now: datetime,
    block: Mapping[str, Any] | None = None,
    seen: Mapping[str, Any] | None = None,
) -> None:
    """Write a draft's next version; None leaves that part as it is.

    Raises:
        DraftMoved: It is not the version it was, or it is gone.
    """
    moved = connection.execute(
        text(
            "UPDATE source_draft SET block = CAST(:block AS jsonb), seen = CAST(:seen AS jsonb), version = version + 1,"
            " changed_by = :by, changed_at = :now WHERE id = :id AND version = :version"
        ),
        {
            "block": dumps(dict(known.block if block is None else block)),
            "seen": dumps(dict(known.seen if seen is None else seen)),
            "by": by,
            "now": now,
            "id": known.id,
            "version": known.version,
        },
    )
    if moved.rowcount != 1:
        raise DraftMoved(
            "Somebody else changed this draft meanwhile. What you typed was not kept: look at it again, then change it."
        )


def discard(connection: Connection, number: int) -> None:
    """Throw a draft away, and the secrets that only it knew; once is enough."""
    connection.execute(text("DELETE FROM source_draft WHERE id = :id"), {"id": number})
    forget_unused(connection)
