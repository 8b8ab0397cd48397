"""Land a page: the raw bodies, the rows they give, the ledger and the cursor, in one transaction."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from sqlalchemy import Connection, Engine, text

from connectors.base import Page, Slice, Stream
from sync.absentees import Absentees
from sync.compiling import CompiledMapping
from sync.json import dumps
from sync.keys import keep_from_history, with_former_keys
from sync.ledger import add_to_ledger, move_cursor
from sync.normalise import CHILDREN, Batch, Lines
from sync.prepare import Contents, prepare
from sync.quarantine import PAGE, Unreadable
from sync.reconcile import Balance, Balances, load_balances
from sync.rejects import Rejects
from sync.store import add_versions, execute, follow, replace_children, upsert

VERSIONED = frozenset(
    {
        "milestone", "raid_item", "cost_line", "change_request", "decision", "gate_criterion", "work_plan_line",
        "contract", "benefit", "project_role", "utilisation", "quality_review",
        "baseline",
    }
)  # fmt: skip
TABLES = {"project": "scope"}


@dataclass(slots=True)
class Prepared:
    """A page made ready in a fetching thread: nothing left to do but write."""

    stream: Stream
    page: Page
    contents: Contents
    unreadable: str | None = None  # why its records cannot be told apart

    @property
    def batch(self) -> Batch:
        """The page's rows."""
        return self.contents.batch


@dataclass(slots=True)
class Landing:
    """Where pages of one run land.

    `known_at` is the instant all of the run's rows are known from. `versions` are the cursors' versions as
    last seen, `warnings` what pages had an officer know, `unmapped` what values of each stream had no place
    in their value map, with how often. `slices` are those of each stream that could be listed,
    `unreadable` the slices and pages that could not be read.
    """

    engine: Engine
    source_id: int
    run_id: int
    mappings: Mapping[str, CompiledMapping]
    known_at: datetime
    versions: dict[tuple[str, str], int] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    unmapped: dict[str, Counter[tuple[str, str]]] = field(default_factory=dict)
    balances: dict[str, Balances] = field(default_factory=dict)
    slices: dict[str, Sequence[Slice]] = field(default_factory=dict)
    unreadable: list[Unreadable] = field(default_factory=list)
    absentees: Absentees = field(init=False)
    rejects: Rejects = field(init=False)

    def __post_init__(self) -> None:
        """Begin with nothing known."""
        self.absentees = Absentees(self.source_id, self.run_id, self.known_at)
        self.rejects = Rejects(self.source_id, self.run_id, self.known_at)

    def load(self) -> None:
        """Read the cursors, the open rejects and absences, and what this run had added up when it was cut off."""
        with self.engine.connect() as connection:
            rows = connection.execute(
                text("SELECT stream, slice, version FROM cursor WHERE source_id = :source"),
                {"source": self.source_id},
            )
            for stream, slice_, version in rows:
                self.versions[stream, slice_] = version
            self.rejects.load(connection)
            self.absentees.load(connection)
            self.balances = load_balances(connection, self.run_id)

    def prepare(self, stream: Stream, page: Page) -> Prepared:
        """Prepare one page in this thread: for a page by itself, and for stored pages read again.

        Raises:
            UnreadablePage: Its records cannot be told apart.
        """
        contents = prepare(self.source_id, stream.read, self.mappings[stream.name], page.parts)
        return Prepared(stream, page, contents)

    def store(self, connection: Connection, prepared: Prepared, *, listed: bool = True) -> None:
        """Write a prepared page in one transaction of an open session.

        A page that could not be taken apart is kept as it came; the slice's cursor then stays where it was,
        so that the next run asks for it again.

        Args:
            connection: Of a landing session.
            prepared: The page.
            listed: Whether it belongs to the reading of its slice; false for records fetched by id.

        Raises:
            ConcurrentPull: The cursor is not where this run left it.
        """
        batch = prepared.batch
        page = self._held_back(prepared.page)
        where = (page.stream, page.slice)
        if listed and page.cursor is None and where not in self.versions:
            # The slice was read in: should it be listed no more, what came by it is looked after.
            page = replace(page, cursor={})
        table = TABLES.get(batch.entity, batch.entity)
        with connection.begin():
            page_id = self._raw_page(connection, prepared)
            if prepared.unreadable is not None:
                self._keep_unreadable(prepared, prepared.unreadable, page_id)
                page = self._held_back(page)
            changed = self._rows(connection, batch, page_id)
            unchanged = {
                one: place
                for one, place in zip(batch.ids, batch.positions, strict=True)
                if one not in changed
            }
            follow(connection, table, (self.source_id, page_id, page.slice), unchanged)
            self.absentees.returned(connection, table, batch, changed)
            self.absentees.missed(connection, prepared.stream, page, table, batch, listed=listed)
            self.rejects.keep(connection, page, batch, page_id, listed=listed)
            balances = self.balances.setdefault(page.stream, {})
            for name, found in prepared.contents.controls.items():
                balances.setdefault(name, Balance()).add(page, name, found, batch.ids, changed)
            add_to_ledger(
                connection,
                self.run_id,
                page,
                batch,
                unchanged=len(batch.ids) - len(changed),
                unreadable=0 if prepared.unreadable is None else page.said or 0,
                controls=balances,
            )
            self._move_cursor(connection, page)
        self.warnings += page.warnings
        self.unmapped[page.stream] = self.unmapped.get(page.stream, Counter()) + batch.unmapped
        if page.cursor is not None:
            self.versions[where] = self.versions.get(where, 0) + 1

    def _held_back(self, page: Page) -> Page:
        """Leave the cursor where it was once a page of the slice could not be taken apart."""
        if any(
            each.kind == PAGE and (each.stream, each.slice) == (page.stream, page.slice)
            for each in self.unreadable
        ):
            return replace(page, cursor=None, complete=False)
        return page

    def _keep_unreadable(self, prepared: Prepared, reason: str, page_id: int) -> None:
        page, parts = prepared.page, prepared.contents.parts
        labels = {each.name: each.label for each in self.slices.get(page.stream, ())}
        place = f"{labels.get(page.slice) or page.stream}, {parts[0][0]}" if parts else page.slice
        self.unreadable.append(Unreadable(PAGE, page.stream, page.slice, place, reason, page_id))

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
                "parts": dumps(
                    [{"request": request, "bytes": size} for request, size in prepared.contents.parts]
                ),
                "body": prepared.contents.body,
                "sha": prepared.contents.sha256,
            },
        )
        [(page_id,)] = found.fetchall()
        return int(page_id)

    def _rows(self, connection: Connection, batch: Batch, page_id: int) -> dict[str, bool]:
        return store_batch(connection, batch, self.source_id, self.run_id, page_id, self.known_at)

    def _move_cursor(self, connection: Connection, page: Page) -> None:
        if page.cursor is not None:
            version = self.versions.get((page.stream, page.slice), 0)
            walk = self.absentees.walks.get((page.stream, page.slice))
            move_cursor(
                connection, self.source_id, self.run_id, page, version=version, walk=walk, now=self.known_at
            )


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
        # An item moved while it is read may come by two slices. Between runs what was read last stands, whatever
        # its date: a tracker's nodes need not agree on the time, and a clock may be put back.
        unless="current.run_id = excluded.run_id AND current.updated_at > excluded.updated_at",
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
