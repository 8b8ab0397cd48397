"""Rejected records while a run lands pages: kept with their reason once, resolved when they land."""

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection, text

from connectors.base import Page
from connectors.redaction import scrubbed
from sync.normalise import Batch
from sync.store import copy_rows

_COLUMNS = ("run_id", "source_id", "stream", "slice", "external_id", "locator", "reason", "raw_page_id",
            "raw_position", "rejected_at")  # fmt: skip


def without_value(reason: str) -> tuple[str, str]:
    """Part a reason into what it has in common with others of its kind, and the value, "" where it names none."""
    what, _, expected = reason.rpartition(": ")
    source, _, value = what.partition(": ")
    return (f"{source}: {expected}", value) if value else (reason, "")


@dataclass(slots=True)
class Rejects:
    """The open rejects of one source, kept while a run goes on.

    `standing` has (stream, locator, reason) of each, `met` what was rejected in each slice so far.
    """

    source_id: int
    run_id: int
    now: datetime
    standing: set[tuple[str, str, str]] = field(default_factory=set)
    met: dict[tuple[str, str], set[str]] = field(default_factory=dict)

    def load(self, connection: Connection) -> None:
        """Read what stands."""
        rows = connection.execute(
            text(
                "SELECT stream, locator, reason FROM rejected_record"
                " WHERE source_id = :source AND resolved_at IS NULL AND kind = 'record'"
            ),
            {"source": self.source_id},
        )
        self.standing = {(stream, locator, reason) for stream, locator, reason in rows}

    def keep(self, connection: Connection, page: Page, batch: Batch, page_id: int, *, listed: bool) -> None:
        """Keep what a page rejects, and resolve what it brings."""
        had = bool(self.standing)
        new = []
        for each in batch.rejected:
            name = (page.stream, each.locator, scrubbed(each.reason))  # it may quote what was read
            if name not in self.standing:
                self.standing.add(name)
                new.append(each)
        if had and (new or batch.ids):
            # Of a record that is rejected for another reason now, the old one is over as well.
            over = [*batch.ids, *(each.external_id for each in new if each.external_id)]
            connection.execute(
                text(
                    "UPDATE rejected_record SET resolved_at = :now WHERE source_id = :source AND stream = :stream"
                    " AND resolved_at IS NULL AND kind = 'record' AND external_id = ANY(:ids)"
                ),
                {"now": self.now, "source": self.source_id, "stream": page.stream, "ids": over},
            )
        rows = [
            (self.run_id, self.source_id, page.stream, page.slice, each.external_id, each.locator,
             scrubbed(each.reason), page_id, each.position, self.now)
            for each in new
        ]  # fmt: skip
        copy_rows(connection, "rejected_record", _COLUMNS, rows)
        if listed:
            self._settle(connection, page, batch)

    def _settle(self, connection: Connection, page: Page, batch: Batch) -> None:
        """Resolve what a whole reading of a slice no longer rejects, the records that are gone included.

        A row without a key has no id to be recognised by when it is put right.
        """
        now = self.met.setdefault((page.stream, page.slice), set())
        now.update(f"{each.locator}\n{each.reason}" for each in batch.rejected)
        if not page.complete:
            return
        del self.met[page.stream, page.slice]
        if self.standing and not page.resumed:  # of a slice begun elsewhere not all is known here
            connection.execute(
                text(
                    "UPDATE rejected_record AS reject SET resolved_at = :now FROM raw_page AS page"
                    " WHERE page.id = reject.raw_page_id AND page.slice = :slice AND reject.source_id = :source"
                    " AND reject.stream = :stream AND reject.resolved_at IS NULL AND reject.kind = 'record'"
                    " AND reject.locator || E'\\n' || reject.reason <> ALL(:still)"
                ),
                {"now": self.now, "slice": page.slice, "source": self.source_id, "stream": page.stream,
                 "still": list(now)},
            )  # fmt: skip
