"""The Excel source: four streams, a slice for each configured sheet."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final

import httpx

from connectors.base import Discovery, Finding, Json, Traffic
from connectors.errors import ConnectorError, SliceUnreadable
from connectors.excel import process
from connectors.excel.config import ExcelConfig, Workbook
from connectors.excel.delivery import Delivered
from connectors.excel.discovery import describe, in_short
from connectors.excel.drift import Structure
from connectors.excel.files import TAGS, File, Files, Folder, label_of
from connectors.excel.layout import HOLDS, Limits, Refused
from connectors.excel.reader import Reader
from connectors.excel.sharepoint import SharePoint
from connectors.excel.sheets import Sheets, Where, layout_of, slice_name, without_place
from connectors.stopping import resting

PAGE_RECORDS: Final = 5_000  # of a page: what is held in memory at a time
_LOOKED_INTO: Final = 4 * 1024 * 1024  # bytes of a workbook that is read only to see its columns
_KEPT_FILES: Final = 4
_KEPT_BYTES: Final = 32 * 1024 * 1024


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
        sleep: Callable[[float], None] | None = None,
    ) -> None:
        self.config = config
        self.source = source
        self.page_records = PAGE_RECORDS
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
                sleep=sleep or resting(self.traffic.halted),
            )
        self.reader = Reader(Limits(config.memory_mb, config.seconds))
        self.places: dict[str, Where] = {}  # by stream and slice
        self.structures: dict[str, Structure] = {}  # by stream and slice, of what was read in this process
        self._fetched: OrderedDict[str, File] = OrderedDict()
        self._lock = threading.Lock()

    def check(self) -> Sequence[Finding]:
        """Say who we are, which site or folder is seen, and what each sheet gives."""
        findings = [Finding(what, ok=True, says=says) for what, says in self._files.about()]
        findings.extend(map(self._check_one, self.config.workbooks))
        return findings

    def discover(self) -> Discovery:
        """Look at every sheet of every configured workbook, those nobody asked for too."""
        found = Discovery()
        seen: set[tuple[str, str | None, str]] = set()
        for number, workbook in enumerate(self.config.workbooks):
            try:
                file = self.fetch(workbook, None)
                link = workbook.url.get_secret_value() if workbook.url else None
                where = (link or label_of(workbook), workbook.library, file.name if file else "")
                if file is None or where in seen:
                    continue
                seen.add(where)
                sheets = process.inspect(file.name, file.body, self.reader.limits)
            except ConnectorError as error:
                found.warnings.append(error.message)
                continue
            except Refused as refusal:
                found.warnings.append(str(refusal))
                continue
            found.scopes.append(
                {
                    "key": file.name,
                    "name": file.name,
                    "external_id": file.name,
                    "url": file.url,
                    "path": workbook.path,
                    "number": number,
                    "sheets": [in_short(sheet) for sheet in sheets],
                }
            )
            for sheet in sheets:
                describe(found, file.name, sheet)
        return found

    def streams(self, semantics: Mapping[str, str], fields: Sequence[str]) -> Sequence[Sheets]:
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
        """Ask the place where the workbooks are; what was fetched just now is not downloaded twice."""
        name = f"{label_of(workbook)} {workbook.library} {slice_name(workbook) if workbook.url else ''}"
        with self._lock:
            kept = self._fetched.get(name)
        if kept is None:
            file = self._files.fetch(workbook, known)
        else:
            file = self._files.fetch(workbook, kept.position)
            file = file or replace(kept, notes=())
            if known is not None and all(known.get(tag) == file.position.get(tag) for tag in TAGS):
                return None
        if file is not None and len(file.body) <= _KEPT_BYTES:
            with self._lock:
                self._fetched[name] = file
                while len(self._fetched) > _KEPT_FILES:
                    self._fetched.popitem(last=False)
        return file

    def put(self, path: str, body: bytes, known: Json | None, *, library: str | None = None) -> Delivered:
        """Store a workbook that goes out, at a path in the site or the folder."""
        return self._files.put(_at(path, library), body, known)

    def back(self, path: str, known: Json | None, *, library: str | None = None) -> File | None:
        """Fetch a workbook that went out; None while it is the one `known` stands for."""
        return self._files.fetch(_at(path, library), known)

    def scope_fingerprint(self) -> Mapping[str, str]:
        """Return of each sheet which columns it has and what they give.

        Left out are sheets that cannot be read, and those that would have to be fetched only for this: a
        workbook on SharePoint, or a large one, that was not read in this process.
        """
        found: dict[str, str] = {}
        for workbook in self.config.workbooks:
            structure = self.structures.get(f"{workbook.holds}/{slice_name(workbook)}") or self._structure(
                workbook
            )
            if structure is not None:
                sheet = ", ".join(filter(None, [label_of(workbook), workbook.sheet, workbook.table]))
                found[f"{workbook.holds} in {sheet}"] = structure.fingerprint()
        return found

    def _structure(self, workbook: Workbook) -> Structure | None:
        if not isinstance(self._files, Folder):
            return None
        try:
            file = self.fetch(workbook, None)
            if file is None or len(file.body) > _LOOKED_INTO:
                return None
            told = self.reader.outcome(layout_of(self.config, workbook, file), file.body).told
        except (SliceUnreadable, Refused):
            return None
        return Structure.of(told)

    def _check_one(self, workbook: Workbook) -> Finding:
        what = f"{label_of(workbook)} {workbook.sheet or ''}".strip()
        try:
            file = self.fetch(workbook, None)
        except SliceUnreadable as error:
            says = error.message.removeprefix(f"{error.slice}: ")
            return Finding(what, ok=False, says=says, todo="Correct the source, then check again")
        if file is None:
            return Finding(what, ok=True, says="unchanged")
        layout = layout_of(self.config, workbook, file)
        try:
            told = self.reader.outcome(layout, file.body).told
        except Refused as refusal:
            return Finding(
                what,
                ok=False,
                says=without_place(str(refusal), layout),
                todo="Correct the workbook or the source",
            )
        understood = ", ".join(f"{header} → {name}" for header, name in told["recognised"].items())
        ignored = ", ".join(told["unrecognised"]) or "none"
        says = (
            f"sheet {told['sheet']!r}, header in row {told['header_row']}: {told['kept']} {workbook.holds}; "
            f"understood: {understood}; not understood: {ignored}"
        )
        warnings = told["warnings"]
        return Finding(what, ok=True, says=says, todo="; ".join(warnings[:5]) or None)


def _at(path: str, library: str | None) -> Workbook:
    """Return where a workbook is that goes out: what it holds is nothing to whoever carries it."""
    return Workbook.model_validate({"path": path, "library": library, "holds": "projects"})
