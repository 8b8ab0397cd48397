"""Land a page: the raw bodies, the rows they give, the ledger and the cursor, in one transaction."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, text

from connectors.base import Page, Stream
from sync.compiling import CompiledMapping
from sync.json import dumps
from sync.keys import keep_from_history, with_former_keys
from sync.ledger import add_to_ledger, move_cursor
from sync.normalise import CHILDREN, Batch, Lines
from sync.prepare import Contents, prepare
from sync.rawpage import ids_on_pages
from sync.store import add_versions, copy_rows, execute, replace_children, upsert
from sync.tombstone import bury, bury_unseen

VERSIONED = frozenset({"milestone", "raid_item", "cost_line"})
TABLES = {"project": "scope"}


@dataclass(slots=True)
class Prepared:
    """A page made ready in a fetching thread: nothing left to do but write."""

    stream: Stream
    page: Page
    contents: Contents

    @property
    def batch(self) -> Batch:
        """The page's rows."""
        return self.contents.batch


@dataclass(slots=True)
class Landing:
    """Where pages of one run land.

    `known_at` is the instant all of the run's rows are known from. `versions` are the cursors'
    versions as last seen, `seen` the external ids of each slice read whole in this process and
    `rejected` what of it was rejected, `warnings` what pages had an officer know, `unmapped` what values
    of each stream had no place in their value map, with how often. On a `full` run no
    slice goes on from where another run left it.
    """

    engine: Engine
    source_id: int
    run_id: int
    mappings: Mapping[str, CompiledMapping]
    known_at: datetime
    positions: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    versions: dict[tuple[str, str], int] = field(default_factory=dict)
    seen: dict[tuple[str, str], set[str]] = field(default_factory=dict)
    open_rejects: set[tuple[str, str, str]] = field(default_factory=set)
    rejected: dict[tuple[str, str], set[str]] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    unmapped: dict[str, Counter[tuple[str, str]]] = field(default_factory=dict)
    full: bool = False

    def load(self) -> None:
        """Read the cursors and the open rejects from the store."""
        with self.engine.connect() as connection:
            rows = connection.execute(
                text("SELECT stream, slice, position, version FROM cursor WHERE source_id = :source"),
                {"source": self.source_id},
            )
            for stream, slice_, position, version in rows:
                self.positions[stream, slice_] = position
                self.versions[stream, slice_] = version
            rejects = connection.execute(
                text(
                    "SELECT stream, locator, reason FROM rejected_record"
                    " WHERE source_id = :source AND resolved_at IS NULL"
                ),
                {"source": self.source_id},
            )
            self.open_rejects = {(stream, locator, reason) for stream, locator, reason in rejects}

    def prepare(self, stream: Stream, page: Page) -> Prepared:
        """Prepare one page in this thread: for a page by itself, and for stored pages read again.

        Raises:
            UnreadablePage: Its records cannot be told apart.
        """
        contents = prepare(self.source_id, stream.read, self.mappings[stream.name], page.parts)
        return Prepared(stream, page, contents)

    def store(self, connection: Connection, prepared: Prepared) -> None:
        """Write a prepared page in one transaction of an open session.

        Raises:
            ConcurrentPull: The cursor is not where this run left it.
        """
        page, batch = prepared.page, prepared.batch
        where = (page.stream, page.slice)
        with connection.begin():
            page_id = self._raw_page(connection, prepared)
            changed = self._rows(connection, batch, page_id)
            deleted = self._vanished(connection, prepared)
            self._rejects(connection, prepared, page_id)
            add_to_ledger(
                connection,
                self.run_id,
                page,
                batch,
                unchanged=len(batch.ids) - len(changed),
                deleted=deleted,
            )
            self._move_cursor(connection, page)
        self.warnings += page.warnings
        self.unmapped[page.stream] = self.unmapped.get(page.stream, Counter()) + batch.unmapped
        if page.cursor is not None:
            self.positions[where] = page.cursor
            self.versions[where] = self.versions.get(where, 0) + 1

    def _raw_page(self, connection: Connection, prepared: Prepared) -> int:
        page = prepared.page
        found = execute(
            connection,
            "INSERT INTO raw_page (run_id, source_id, stream, slice, fetched_at, parts, body, sha256)"
            " VALUES (%(run)s, %(source)s, %(stream)s, %(slice)s, %(at)s, CAST(%(parts)s AS jsonb), %(body)b,"
            " %(sha)b) RETURNING id",
            {
                "run": self.run_id,
                "source": self.source_id,
                "stream": page.stream,
                "slice": page.slice,
                "at": page.fetched_at,
                "parts": dumps([{"request": part.request, "bytes": len(part.body)} for part in page.parts]),
                "body": prepared.contents.body,
                "sha": prepared.contents.sha256,
            },
        )
        [(page_id,)] = found.fetchall()
        return int(page_id)

    def _rows(self, connection: Connection, batch: Batch, page_id: int) -> dict[str, bool]:
        return store_batch(connection, batch, self.source_id, self.run_id, page_id, self.known_at)

    def _vanished(self, connection: Connection, prepared: Prepared) -> int:
        page, entity = prepared.page, prepared.batch.entity
        where = (page.stream, page.slice)
        seen = self.seen.setdefault(where, set())
        seen.update(prepared.batch.ids)
        seen.update(each.external_id for each in prepared.batch.rejected if each.external_id)
        table = TABLES.get(entity, entity)
        deleted = 0
        if page.vanished:
            deleted += bury(connection, table, self.source_id, page.vanished, self.known_at)
        if page.complete:
            if page.resumed and self.full:  # begun by this very run, in a process that is no more
                seen |= ids_on_pages(connection, prepared.stream, self.run_id, page.slice)
            if self.full or not page.resumed:
                deleted += bury_unseen(connection, table, self.source_id, page, seen, self.known_at)
            del self.seen[where]
        return deleted

    def _rejects(self, connection: Connection, prepared: Prepared, page_id: int) -> None:
        page = prepared.page
        rows = []
        for each in prepared.batch.rejected:
            name = (page.stream, each.locator, each.reason)
            if name in self.open_rejects:
                continue
            self.open_rejects.add(name)
            rows.append(
                (self.run_id, self.source_id, page.stream, each.external_id, each.locator, each.reason, page_id,
                 each.position, self.known_at)
            )  # fmt: skip
        columns = ("run_id", "source_id", "stream", "external_id", "locator", "reason", "raw_page_id",
                   "raw_position", "rejected_at")  # fmt: skip
        copy_rows(connection, "rejected_record", columns, rows)
        if self.open_rejects and prepared.batch.ids:
            connection.execute(
                text(
                    "UPDATE rejected_record SET resolved_at = :now WHERE source_id = :source AND stream = :stream"
                    " AND resolved_at IS NULL AND external_id = ANY(:ids)"
                ),
                {"now": self.known_at, "source": self.source_id, "stream": page.stream,
                 "ids": prepared.batch.ids},
            )  # fmt: skip
        self._settle(connection, prepared)

    def _settle(self, connection: Connection, prepared: Prepared) -> None:
        """Resolve what a whole reading of a slice no longer rejects, the records that are gone included.

        A row without a key has no id to be recognised by when it is put right.
        """
        page = prepared.page
        now = self.rejected.setdefault((page.stream, page.slice), set())
        now.update(f"{each.locator}\n{each.reason}" for each in prepared.batch.rejected)
        if not page.complete:
            return
        del self.rejected[page.stream, page.slice]
        if self.open_rejects and not page.resumed:  # of a slice begun elsewhere not all is known here
            connection.execute(
                text(
                    "UPDATE rejected_record AS reject SET resolved_at = :now FROM raw_page AS page"
                    " WHERE page.id = reject.raw_page_id AND page.slice = :slice AND reject.source_id = :source"
                    " AND reject.stream = :stream AND reject.resolved_at IS NULL"
                    " AND reject.locator || E'\\n' || reject.reason <> ALL(:still)"
                ),
                {"now": self.known_at, "slice": page.slice, "source": self.source_id, "stream": page.stream,
                 "still": list(now)},
            )  # fmt: skip

    def _move_cursor(self, connection: Connection, page: Page) -> None:
        if page.cursor is not None:
            version = self.versions.get((page.stream, page.slice), 0)
            move_cursor(connection, self.source_id, self.run_id, page, version=version, now=self.known_at)


def store_batch(
    connection: Connection, batch: Batch, source_id: int, run_id: int, page_id: int, known_at: datetime
) -> dict[str, bool]:
    """Write a page's rows and children; return the external ids that changed, True where new."""
    if not batch.ids:
        return {}
    table = TABLES.get(batch.entity, batch.entity)
    columns = ("source_id", "raw_page_id", *batch.columns)
    head = [source_id, page_id]
    if batch.entity in VERSIONED:
        rows = [[*head, *row, known_at, run_id] for row in batch.rows]
        return add_versions(connection, table, (*columns, "known_from", "run_id"), rows, source_id)
    if batch.lines is not None:
        return _store_lines(
            connection,
            table,
            batch,
            batch.lines,
            {"source_id": source_id, "raw_page_id": page_id, "run_id": run_id},
            known_at,
        )
    unplaced = {"identity": {"locator"}, "iteration": {"locator"}}.get(table, set())
    kept = [index for index, name in enumerate(columns) if name not in unplaced]
    rows = [[(head + row)[index] for index in kept] for row in batch.rows]
    changed = upsert(connection, table, [columns[i] for i in kept], rows, key=("source_id", "external_id"))
    if table == "scope" and changed:
        connection.execute(
            text(
                "UPDATE scope SET keys = keys || to_jsonb(key) WHERE source_id = :source"
                " AND external_id = ANY(:ids) AND NOT keys @> to_jsonb(key)"
            ),
            {"source": source_id, "ids": list(changed)},
        )
    return changed


def _store_lines(
    connection: Connection, table: str, batch: Batch, lines: Lines, same: dict[str, int], known_at: datetime
) -> dict[str, bool]:
    changed = upsert(
        connection, table, batch.columns, lines.rows, same=same, key=("source_id", "external_id"),
        unless="current.updated_at > excluded.updated_at",
    )  # fmt: skip
    for name, children in lines.children.items():
        child_table, child_columns = CHILDREN[name]
        replace_children(
            connection,
            child_table,
            ("source_id", "item_external_id", *child_columns),
            dict(zip(batch.ids, children, strict=True)),
            (same["source_id"], changed),
        )
    if table == "work_item":
        moved = with_former_keys(batch.ids, lines.children.get("transitions", ()))
        keep_from_history(connection, same["source_id"], [one for one in moved if one in changed], known_at)
    return changed
