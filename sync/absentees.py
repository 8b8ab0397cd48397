"""What pages show of records that are not there, and of those that are back, while a run lands them."""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, text

from connectors.base import Page, Stream
from sync.absence import Place, end, open_absences, suspect
from sync.idset import IdSet
from sync.normalise import Batch
from sync.prepare import UnreadablePage, records_of
from sync.rawpage import open_body
from sync.tombstone import each_id

Where = tuple[str, str]  # stream, slice
_PAGES_AT_ONCE: Final = 20


@dataclass(slots=True)
class Absentees:
    """The absences of one source, kept while a run goes on.

    `absent` has (table, id) of what is not to be seen, True where a tombstone stands. `seen` are the ids
    met in each slice, `walks` the run in which the reading of a slice from its beginning began.
    """

    source_id: int
    run_id: int
    now: datetime
    absent: dict[tuple[str, str], bool] = field(default_factory=dict)
    seen: dict[Where, IdSet] = field(default_factory=dict)
    walks: dict[Where, int] = field(default_factory=dict)
    whole: dict[Where, IdSet] = field(default_factory=dict)  # slices read whole in this run: their ids

    def load(self, connection: Connection) -> None:
        """Read what is absent, and which walks were begun."""
        self.absent = open_absences(connection, self.source_id)
        rows = connection.execute(
            text(
                "SELECT stream, slice, walk_run_id FROM cursor WHERE source_id = :source"
                " AND walk_run_id IS NOT NULL"
            ),
            {"source": self.source_id},
        )
        self.walks = {(stream, slice_): run_id for stream, slice_, run_id in rows}

    def returned(self, connection: Connection, table: str, batch: Batch, changed: Mapping[str, bool]) -> None:
        """Close the absences of records on this page; one that is buried is back only when its row was written."""
        if not self.absent:
            return
        back = [
            one
            for one in batch.ids
            if (buried := self.absent.get((table, one))) is not None and (not buried or one in changed)
        ]
        if back:
            end(connection, self.source_id, table, back, self.now)
            for one in back:
                del self.absent[table, one]

    def missed(
        self, connection: Connection, stream: Stream, page: Page, table: str, batch: Batch, *, listed: bool
    ) -> None:
        """Suspect what a page says is gone, and what the last page of a whole reading has not shown.

        `listed` is false for pages fetched by id: they say nothing of what their slice holds.
        """
        place = Place(self.source_id, self.run_id, page.stream, page.slice, table)
        if page.vanished:
            self._suspect(connection, place, set(page.vanished), page, by="page")
        if not listed:
            return
        where = (page.stream, page.slice)
        if where not in self.seen:
            self.seen[where] = IdSet()
            if not page.resumed:
                self.walks[where] = self.run_id
        seen = self.seen[where]
        seen.update(batch.ids)
        seen.update(each.external_id for each in batch.rejected if each.external_id)
        if not page.complete:
            return
        walk = self.walks.get(where)
        if page.resumed and walk is not None:
            seen.update(_met_since(connection, stream, self.source_id, page.slice, walk))
        if not page.resumed or walk is not None:
            known = each_id(connection, table, self.source_id, page.stream, page.slice)
            gone = {one for one in known if one not in seen}
            self._suspect(connection, place, gone, page, by="reading")
            self.whole[where] = seen
        del self.seen[where]

    def _suspect(self, connection: Connection, place: Place, gone: set[str], page: Page, *, by: str) -> None:
        if not gone:
            return
        suspect(connection, place, gone, by=by, fates=page.fates, now=self.now)
        for one in gone:
            self.absent.setdefault((place.table, one), False)


def _met_since(
    connection: Connection, stream: Stream, source_id: int, slice_: str, run_id: int
) -> Iterator[str]:
    """Yield the external ids on a slice's pages since a run, without those left out by a rule.

    Few pages at a time: a walk may have thousands. One that could not be taken apart is asked for again anyway.
    """
    pages = connection.execute(
        text(
            "SELECT body, parts FROM raw_page WHERE source_id = :source AND run_id >= :since"
            " AND stream = :stream AND slice = :slice"
        ).execution_options(yield_per=_PAGES_AT_ONCE),
        {"source": source_id, "since": run_id, "stream": stream.name, "slice": slice_},
    )
    for body, parts in pages:
        with suppress(UnreadablePage):
            for record in records_of(stream.read, open_body(body, parts)):
                if record.filtered_by is None and record.external_id:
                    yield record.external_id
