"""The streams of an Excel source: all sheets of one kind, a slice for each."""

import hashlib
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from itertools import islice
from typing import Final, Protocol

import orjson

from connectors.base import Absence, Census, Fate, Json, Page, Part, RawRecord, Slice
from connectors.errors import SliceUnreadable
from connectors.excel.config import ExcelConfig, Workbook
from connectors.excel.drift import Structure, differences, lost
from connectors.excel.files import File, StoredUnreadable, WorkbookGone, label_of
from connectors.excel.layout import ENTITY, Holds, Layout, Refused
from connectors.excel.reader import Reader

_ROWS: Final = (
    "ROWS"  # begins the request of a page that holds records as the first page's workbook gave them
)
_PLACE: Final = ("drive", "item", "delta")  # where a file was, whatever was read of it


@dataclass(slots=True)
class Where:
    """What a pull in this process knows of a slice's file.

    `unchanged` says that it is the one that was read before, `counted` that its rows were listed since.
    """

    place: Json = field(default_factory=dict)
    sheet_id: str | None = None
    unchanged: bool = False
    counted: bool = False


class Place(Protocol):
    """What a stream needs of its connector."""

    source: str
    config: ExcelConfig
    reader: Reader
    page_records: int
    clock: Callable[[], datetime]
    places: dict[str, Where]
    structures: dict[str, Structure]

    def fetch(self, workbook: Workbook, known: Json | None) -> File | None:
        """Ask the place where the workbooks are."""


@dataclass(frozen=True, slots=True)
class _End:
    """What the last page of a sheet says."""

    cursor: Json
    controls: Mapping[str, Decimal]
    complete: bool
    warnings: tuple[str, ...]


class Sheets:
    """All sheets of one kind; a slice is one sheet of one workbook."""

    def __init__(self, connector: Place, holds: Holds) -> None:
        self.name: str = holds
        self.entity = ENTITY[holds]
        self._connector = connector
        self._workbooks = {
            slice_name(workbook): workbook
            for workbook in connector.config.workbooks
            if workbook.holds == holds
        }

    def slices(self) -> Sequence[Slice]:
        """Return the configured sheets, in their order."""
        return [Slice(name, _label(workbook)) for name, workbook in self._workbooks.items()]

    def pull(self, slice_: Slice, cursor: Json | None) -> Iterator[Page]:
        """Yield the sheet as one page when its file or its layout has changed, else nothing."""
        connector, workbook = self._connector, self._workbooks[slice_.name]
        wanted = hashlib.sha256(layout_of(connector.config, workbook, None).to_json()).hexdigest()
        known = cursor if cursor is not None and cursor.get("layout") == wanted else None
        # The drive item is found by its id even when the layout is new, but then its tag proves nothing.
        place: Json = {key: value for key, value in (cursor or {}).items() if key in _PLACE}
        before = Structure.from_json((cursor or {}).get("structure"))
        here = connector.places.setdefault(self._name(slice_), Where())
        here.place, here.sheet_id = place, before.sheet_id if before is not None else None
        file = connector.fetch(workbook, known or place or None)
        here.unchanged = file is None
        if file is None:
            return
        here.place = {key: value for key, value in file.position.items() if key in _PLACE}
        layout = self._layout(slice_, file)
        told = self._told(layout, file, slice_)
        now = Structure.of(told)
        here.sheet_id = now.sheet_id
        connector.structures[self._name(slice_)] = now
        drift = (
            differences(before, now, file.name, named=workbook.sheet is not None)
            if before is not None and known is not None
            else []
        )
        if before is not None and known is not None and (renamed := lost(before, now)) is not None:
            raise SliceUnreadable(
                f"{file.name}!{now.sheet}: {renamed}. Nothing of the sheet was taken, and what it said before stands;"
                f" where the column is rightly gone: muster sync {connector.source} --full",
                source=connector.source,
                slice_=slice_.label,
            )
        hidden = self._hidden(told["untold"], now.sheet, file)
        end = _End(
            cursor=file.position | {"layout": wanted, "structure": now.to_json()},
            controls={name: Decimal(total) for name, total in told["controls"].items()},
            complete=not hidden,
            warnings=(*file.notes, *drift, *hidden, *told["warnings"]),
        )
        yield from self._pages(slice_, layout, file, told["records"], end)

    def _pages(self, slice_: Slice, layout: Layout, file: File, count: int, end: "_End") -> Iterator[Page]:
        """Yield the workbook as one page; of a large sheet only its first records, and the others as lines."""
        connector, most = self._connector, self._connector.page_records
        lines = connector.reader.outcome(layout, file.body).lines()
        for start in range(0, max(count, 1), most):
            stop = min(start + most, count)
            span = (start, stop) if count > most else None
            own = replace(layout, span=span)
            if start == 0:
                held = Part(file.request, file.body)
                if span:
                    deque(islice(lines, most), maxlen=0)
            else:
                held = Part(f"{_ROWS} {start + 1}-{stop} of {file.request}", b"".join(islice(lines, most)))
            last = stop == count
            yield Page(
                stream=self.name,
                slice=slice_.name,
                parts=(Part(f"LAYOUT {slice_.label}", own.to_json()), held),
                fetched_at=connector.clock(),
                cursor=end.cursor if last else None,
                said=stop - start,
                # The sheet's total is held against the sum of all pages, so each takes part.
                controls=end.controls if last else dict.fromkeys(end.controls, Decimal(0)),
                complete=end.complete and last,
                warnings=end.warnings if last else (),
            )

    def read(self, parts: Sequence[Part]) -> Iterator[RawRecord]:
        """Read a page's workbook by the layout stored with it; nothing else is needed.

        Raises:
            StoredUnreadable: It cannot be read any more.
        """
        layout = Layout.from_json(parts[0].body)
        for record in self._of_page(layout, parts[1]):
            yield RawRecord(
                external_id=record["i"],
                payload=record["p"],
                locator=record["l"],
                url=layout.url,
                filtered_by=record["f"],
                unreadable=record["u"],
            )

    def _of_page(self, layout: Layout, held: Part) -> Iterator[Json]:
        if held.request.startswith(f"{_ROWS} "):
            yield from map(orjson.loads, held.body.splitlines())
            return
        try:
            outcome = self._connector.reader.outcome(replace(layout, span=None), held.body)
        except Refused as refusal:
            raise StoredUnreadable(str(refusal), source=self._connector.source, slice_=layout.file) from None
        yield from islice(outcome.records(), *(layout.span or (None,)))

    def census(self, slice_: Slice) -> Census:
        """List the rows of a sheet; none of a workbook that SharePoint itself lists as deleted."""
        self._connector.places.setdefault(self._name(slice_), Where()).counted = True
        try:
            return Census(frozenset(self._ids(slice_)))
        except WorkbookGone as gone:
            if gone.absence is not None and gone.absence.fate is Fate.DELETED:
                return Census(frozenset())
            raise

    def fates(self, slice_: Slice, external_ids: Sequence[str]) -> Mapping[str, Absence]:
        """Say what became of rows: gone from their sheet, or with their workbook."""
        if self._is_as_it_was(slice_):
            return {}
        try:
            there = self._ids(slice_)
        except WorkbookGone as gone:
            if gone.absence is None:
                raise
            return dict.fromkeys(external_ids, gone.absence)
        row = Absence(Fate.DELETED, f"its row is no longer in {slice_.label}")
        return {external_id: row for external_id in external_ids if external_id not in there}

    def retry(self, slice_: Slice, external_ids: Sequence[str]) -> Iterator[Page]:
        """Fetch the sheet when it holds any of these rows; what was rejected in a file of old stays so."""
        if self._is_as_it_was(slice_):
            return
        file = self._file(slice_)
        layout = self._layout(slice_, file)
        wanted = set(external_ids)
        readable = {one["i"] for one in self._records(slice_, layout, file) if not one["f"] and not one["u"]}
        if readable.isdisjoint(wanted):
            return
        yield Page(
            stream=self.name,
            slice=slice_.name,
            parts=(Part(f"LAYOUT {slice_.label}", layout.to_json()), Part(file.request, file.body)),
            fetched_at=self._connector.clock(),
        )

    def _name(self, slice_: Slice) -> str:
        return f"{self.name}/{slice_.name}"

    def _is_as_it_was(self, slice_: Slice) -> bool:
        """Tell whether the file has not changed since it was read, and nobody has counted its rows either."""
        here = self._connector.places.get(self._name(slice_))
        return here is not None and here.unchanged and not here.counted

    def _ids(self, slice_: Slice) -> set[str]:
        file = self._file(slice_)
        return {
            one["i"] for one in self._records(slice_, self._layout(slice_, file), file) if one["f"] is None
        }

    def _file(self, slice_: Slice) -> File:
        connector = self._connector
        here = connector.places.get(self._name(slice_))
        file = connector.fetch(
            self._workbooks[slice_.name], (here.place if here is not None else None) or None
        )
        if file is None:  # asked without a tag, so it is always given
            raise SliceUnreadable("could not be had", source=connector.source, slice_=slice_.label)
        return file

    def _layout(self, slice_: Slice, file: File) -> Layout:
        here = self._connector.places.get(self._name(slice_))
        layout = layout_of(self._connector.config, self._workbooks[slice_.name], file)
        return replace(layout, sheet_id=here.sheet_id) if here is not None else layout

    def _records(self, slice_: Slice, layout: Layout, file: File) -> Iterator[Json]:
        try:
            yield from self._connector.reader.outcome(layout, file.body).records()
        except Refused as refusal:
            words = without_place(str(refusal), layout)
            raise SliceUnreadable(words, source=self._connector.source, slice_=slice_.label) from None

    def _told(self, layout: Layout, file: File, slice_: Slice) -> Json:
        try:
            return self._connector.reader.outcome(layout, file.body).told
        except Refused as refusal:
            words = without_place(str(refusal), layout)
            raise SliceUnreadable(words, source=self._connector.source, slice_=slice_.label) from None

    def _hidden(self, untold: int, sheet: str, file: File) -> tuple[str, ...]:
        """Say why nothing is taken for deleted: an error in a key may hide any record there was."""
        if not untold:
            return ()
        rows = "1 row has" if untold == 1 else f"{untold} rows have"
        why = (
            f"{file.name}!{sheet}: {rows} an error where the key should be, so nobody can say which records they are; "
            "nothing was taken for deleted this time"
        )
        return (why,)


def _label(workbook: Workbook) -> str:
    return ", ".join(filter(None, [label_of(workbook), workbook.sheet, workbook.table]))


def without_place(words: str, layout: Layout) -> str:
    """Take the file, and the sheet that is configured, off the front of a refusal that is shown beside their names."""
    for place in (f"{layout.file}!{layout.sheet} ", f"{layout.file}: ", f"{layout.file} "):
        if words.startswith(place):
            return words.removeprefix(place)
    return words


def slice_name(workbook: Workbook) -> str:
    """Name a sheet for its cursor and its rows: stable, and without the share link, which is a secret."""
    if workbook.known_as is not None:
        return workbook.known_as
    if workbook.url is None:
        return workbook.place
    link = "link-" + hashlib.sha256(workbook.url.get_secret_value().encode()).hexdigest()[:12]
    return "!".join(filter(None, [link, workbook.place]))


def layout_of(config: ExcelConfig, workbook: Workbook, file: File | None) -> Layout:
    """Write a workbook's configuration as the child and a replay need it."""
    keys = [workbook.key] if isinstance(workbook.key, str) else workbook.key or []
    alone = next(other for other in config.workbooks if other.holds == workbook.holds) == workbook
    # A project is itself whatever register names it; the rest belongs to its sheet.
    prefix = "" if workbook.holds == "projects" and alone else f"{slice_name(workbook)}!"
    return Layout(
        holds=workbook.holds,
        file=file.name if file else label_of(workbook),
        sheet=workbook.sheet,
        key=tuple(keys),
        columns=dict(workbook.columns),
        date_order=workbook.date_order,
        decimal=workbook.decimal,
        header_row=workbook.header_row,
        kind=workbook.kind,
        project=workbook.project,
        currency=workbook.currency,
        year=workbook.year,
        fill_down=tuple(workbook.fill_down),
        table=workbook.table,
        swapped=workbook.swapped,
        prefix=prefix,
        url=file.url if file else None,
    )
