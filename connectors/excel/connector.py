"""The Excel source: four streams, a slice for each configured sheet."""

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

import httpx

from connectors.base import Discovery, Finding, Json, Page, Part, RawRecord, Slice, Traffic
from connectors.errors import ConnectorError, SliceUnreadable
from connectors.excel import process
from connectors.excel.config import ExcelConfig, Workbook
from connectors.excel.files import File, Files, Folder
from connectors.excel.layout import ENTITY, HOLDS, Holds, Layout, Limits, Refused
from connectors.excel.process import Outcome
from connectors.excel.sharepoint import SharePoint, label_of
from connectors.stopping import rest

_KEPT_OUTCOMES: Final = 4


def utc_now() -> datetime:
    """Return the time."""
    return datetime.now(UTC)


class Excel:
    """One set of workbooks, on SharePoint or in a folder."""

    def __init__(
        self,
        config: ExcelConfig,
        *,
        source: str,
        transport: httpx.BaseTransport | None = None,
        token: httpx.Auth | None = None,
        connections: int = 8,
        clock: Callable[[], datetime] = utc_now,
        sleep: Callable[[float], None] = rest,
    ) -> None:
        self.config = config
        self.source = source
        self.traffic = Traffic()
        self.clock = clock
        self._files: Files
        if config.folder is not None:
            self._files = Folder(config.folder, source=source)
        else:
            self._files = SharePoint(
                config,
                source=source,
                traffic=self.traffic,
                connections=config.connections or connections,
                transport=transport,
                token=token,
                sleep=sleep,
            )
        self.reader = Reader(source, Limits(config.memory_mb, config.seconds))

    def check(self) -> Sequence[Finding]:
        """Say who we are, which site or folder is seen, and what each sheet gives."""
        findings = [Finding(what, ok=True, says=says) for what, says in self._files.about()]
        findings.extend(map(self._check_one, self.config.workbooks))
        return findings

    def discover(self) -> Discovery:
        """Look at every sheet of every configured workbook, those nobody asked for too."""
        found = Discovery()
        seen: set[str] = set()
        for workbook in self.config.workbooks:
            try:
                file = self._files.fetch(workbook, None)
                if file is None or file.name in seen:
                    continue
                seen.add(file.name)
                sheets = process.inspect(file.name, file.body, self.reader.limits)
            except ConnectorError as error:
                found.warnings.append(error.message)
                continue
            except Refused as refusal:
                found.warnings.append(str(refusal))
                continue
            found.scopes.append(
                {"key": file.name, "name": file.name, "external_id": file.name, "url": file.url}
            )
            for sheet in sheets:
                _describe(found, file.name, sheet)
        return found

    def streams(self, semantics: Mapping[str, str], fields: Sequence[str]) -> Sequence["Sheets"]:
        """Return a stream for each kind of sheet that is configured; workbooks are read whole, whatever the fields."""
        del semantics, fields
        held = {workbook.holds for workbook in self.config.workbooks}
        return [Sheets(self, holds) for holds in HOLDS if holds in held]

    def transforms(self) -> Mapping[str, Callable[[Any], Any]]:
        """Return none: cells arrive typed, so the common transforms are enough."""
        return {}

    def close(self) -> None:
        """Give connections and disk space back."""
        self._files.close()
        self.reader.close()

    def fetch(self, workbook: Workbook, known: Json | None) -> File | None:
        """Ask the place where the workbooks are."""
        return self._files.fetch(workbook, known)

    def _check_one(self, workbook: Workbook) -> Finding:
        what = f"{label_of(workbook)} {workbook.sheet or ''}".strip()
        try:
            file = self._files.fetch(workbook, None)
        except SliceUnreadable as error:
            return Finding(what, ok=False, says=error.message, todo="Correct the source, then check again")
        if file is None:
            return Finding(what, ok=True, says="unchanged")
        try:
            told = self.reader.outcome(layout_of(self.config, workbook, file), file.body).told
        except Refused as refusal:
            return Finding(what, ok=False, says=str(refusal), todo="Correct the workbook or the source")
        understood = ", ".join(f"{header} → {name}" for header, name in told["recognised"].items())
        ignored = ", ".join(told["unrecognised"]) or "none"
        says = (
            f"sheet {told['sheet']!r}, header in row {told['header_row']}: {told['kept']} {workbook.holds}; "
            f"understood: {understood}; not understood: {ignored}"
        )
        warnings = told["warnings"]
        return Finding(what, ok=True, says=says, todo="; ".join(warnings[:5]) or None)


class Sheets:
    """All sheets of one kind; a slice is one sheet of one workbook."""

    def __init__(self, connector: Excel, holds: Holds) -> None:
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
        return [
            Slice(name, f"{label_of(workbook)}, {workbook.sheet}" if workbook.sheet else label_of(workbook))
            for name, workbook in self._workbooks.items()
        ]

    def pull(self, slice_: Slice, cursor: Json | None) -> Iterator[Page]:
        """Yield the sheet as one page when its file or its layout has changed, else nothing."""
        connector, workbook = self._connector, self._workbooks[slice_.name]
        wanted = hashlib.sha256(layout_of(connector.config, workbook, None).to_json()).hexdigest()
        known = cursor if cursor is not None and cursor.get("layout") == wanted else None
        # The drive item is found by its id even when the layout is new, but then its tag proves nothing.
        place: Json = {key: value for key, value in (cursor or {}).items() if key in ("drive", "item")}
        file = connector.fetch(workbook, known or place or None)
        if file is None:
            return
        layout = layout_of(connector.config, workbook, file)
        try:
            told = connector.reader.outcome(layout, file.body).told
        except Refused as refusal:
            raise SliceUnreadable(str(refusal), source=connector.source, slice_=slice_.label) from None
        yield Page(
            stream=self.name,
            slice=slice_.name,
            parts=(Part(f"LAYOUT {slice_.label}", layout.to_json()), Part(file.request, file.body)),
            fetched_at=connector.clock(),
            cursor=file.position | {"layout": wanted},
            said=told["records"],
            complete=True,
            warnings=tuple(told["warnings"]),
        )

    def read(self, parts: Sequence[Part]) -> Iterator[RawRecord]:
        """Read a page's workbook by the layout stored with it; nothing else is needed."""
        layout = Layout.from_json(parts[0].body)
        try:
            outcome = self._connector.reader.outcome(layout, parts[1].body)
        except Refused as refusal:
            raise SliceUnreadable(str(refusal), source=self._connector.source, slice_=layout.file) from None
        for record in outcome.records():
            yield RawRecord(
                external_id=record["i"],
                payload=record["p"],
                locator=record["l"],
                url=layout.url,
                filtered_by=record["f"],
                unreadable=record["u"],
            )


class Reader:
    """Runs the child, and keeps the last answers: what was pulled is read again straight away."""

    def __init__(self, source: str, limits: Limits) -> None:
        self.limits = limits
        self._source = source
        self._kept: OrderedDict[bytes, Outcome] = OrderedDict()
        self._lock = threading.Lock()

    def outcome(self, layout: Layout, body: bytes) -> Outcome:
        """Return what a sheet holds.

        Raises:
            Refused: It cannot be read.
        """
        key = hashlib.sha256(layout.to_json() + b"\n" + body).digest()
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        found = process.read(layout, body, self.limits)
        with self._lock:
            self._kept[key] = found
            while len(self._kept) > _KEPT_OUTCOMES:
                self._kept.popitem(last=False)  # closed once nobody reads it any more
        return found

    def close(self) -> None:
        """Give the disk space back."""
        with self._lock:
            while self._kept:
                self._kept.popitem()[1].close()


def slice_name(workbook: Workbook) -> str:
    """Name a sheet for its cursor: stable, and without the share link, which is a secret."""
    if workbook.url is not None:
        place = "link-" + hashlib.sha256(workbook.url.get_secret_value().encode()).hexdigest()[:12]
    else:
        place = (workbook.path or "").strip("/")
    return "!".join(filter(None, [place, workbook.library, workbook.sheet, workbook.table]))


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
        year=workbook.year,
        fill_down=tuple(workbook.fill_down),
        table=workbook.table,
        swapped=workbook.swapped,
        prefix=prefix,
        url=file.url if file else None,
    )


def _describe(found: Discovery, file: str, sheet: dict[str, Any]) -> None:
    """Write one sheet into the discovery, in an officer's words."""
    name = f"{file}!{sheet['sheet']}"
    hidden = ", hidden" if sheet["hidden"] else ""
    if sheet["holds"] is None:
        found.evidence[name] = sheet.get("says") or f"none of the four kinds of sheet{hidden}"
        return
    found.evidence[name] = f"looks like {sheet['holds']}{hidden}: header in row {sheet['header_row']}"
    for header, attribute in sheet["columns"]:
        found.fields.append(
            {
                "id": f"{name}!{header}",
                "name": header,
                "type": attribute or "not understood",
                "attribute": attribute,
            }
        )
