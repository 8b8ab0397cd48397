"""A store in memory that follows a sandbox Jira through a connector, by the rules that sync keeps."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from config import shipped
from connectors.base import Aging, Discovery, Fate, Page, Slice, Surveying
from connectors.jira.boards import Sprints
from connectors.jira.config import JiraConfig
from connectors.jira.connector import Jira
from connectors.jira.issues import Issues
from connectors.jira.lists import Versions
from sync.mapping import CompiledMapping, compile_stream, parse_mapping
from tests.support.sandboxes import Sandbox

Json = dict[str, Any]


def jira(sandbox: Sandbox, **options: Any) -> Jira:
    """A connector to a sandbox Jira of either kind."""
    cloud = sandbox.info["name"] == "jira-cloud"
    auth = (
        {"type": "basic", "username": "sync@example.com", "token": "sandbox-token"}
        if cloud
        else {"type": "pat", "token": "sandbox-pat"}
    )
    config = {"base_url": sandbox.info.get("base_url", sandbox.url), "auth": auth, **options}
    return Jira(JiraConfig.model_validate(config), source=sandbox.info["name"], connections=4)


@dataclass(slots=True)
class Stored:
    """One issue as stored: its row, its rows of other tables, and the slice of its newest page."""

    row: Json
    children: dict[str, list[tuple[Any, ...]]]
    slice: str

    def told(self) -> Json:
        """What the sandbox's truth says of an issue, from what is stored."""
        changes = {row[0].partition(":")[0] for row in self.children["transitions"]}
        return {
            "key": self.row["key"],
            "updated": round(self.row["updated_at"].timestamp() * 1000),
            "summary": self.row["title"],
            "status": self.row["status_id"],
            "histories": changes,
            "sprints": {row[0]: row[1] for row in self.children["iterations"]},
        }


@dataclass
class Mirror:
    """What is stored of some projects of a sandbox, and what became of the rest."""

    sandbox: Sandbox
    options: Json
    live: dict[str, Stored] = field(default_factory=dict)
    fates: dict[str, Fate] = field(default_factory=dict)
    cursors: dict[tuple[str, str], Json] = field(default_factory=dict)
    semantics: dict[str, str] = field(default_factory=dict)
    keys: dict[str, str] = field(default_factory=dict)  # every key that was ever seen -> id
    requests: int = 0
    fetched: int = 0  # issues that came whole in the last run

    def _open(self, **options: Any) -> tuple[Jira, CompiledMapping]:
        connector = jira(self.sandbox, **{**self.options, **options})
        if not self.semantics:
            found: Discovery = connector.discover()
            self.semantics = found.semantics
        spec = parse_mapping(shipped.mapping("jira"), where="shipped")
        return connector, compile_stream(spec, "issues", connector.transforms(), self.semantics)

    def run(self, *, cut_after: int | None = None, young: bool = False, **options: Any) -> None:
        """One run; `cut_after` pages of each slice it is killed. `young`: lists may stay as they were read."""
        connector, mapping = self._open(**options)
        before = connector.traffic.requests
        self.fetched = 0
        try:
            if young and self.cursors:
                connector.rest()
            for stream in connector.streams(self.semantics, mapping.fields):
                at = {
                    slice_: cursor for (name, slice_), cursor in self.cursors.items() if name == stream.name
                }
                if young and isinstance(stream, Aging) and stream.keep(at):
                    continue
                if isinstance(stream, Sprints | Versions | Issues):
                    slices = stream.slices()
                    if isinstance(stream, Surveying):
                        stream.survey(at)
                    for slice_ in slices:
                        self._pull(stream, slice_, mapping, cut_after)
        finally:
            self.requests = connector.traffic.requests - before
            connector.close()

    def _pull(
        self,
        stream: Sprints | Versions | Issues,
        slice_: Slice,
        mapping: CompiledMapping,
        cut_after: int | None,
    ) -> None:
        seen: set[str] = set()
        cursor = self.cursors.get((stream.name, slice_.name))
        for number, page in enumerate(stream.pull(slice_, cursor), 1):
            if isinstance(stream, Issues):
                seen |= self._land(stream, page, mapping)
                if page.complete and not page.resumed:
                    gone = {one for one, kept in self.live.items() if kept.slice == slice_.name} - seen
                    self._lose(stream, slice_, gone)
            if page.cursor is not None:
                self.cursors[stream.name, slice_.name] = json.loads(json.dumps(page.cursor))
            if number == cut_after:
                return

    def _land(self, stream: Issues, page: Page, mapping: CompiledMapping) -> set[str]:
        seen = set()
        for record in stream.read(page.parts):
            assert record.unreadable is None, record
            values, children = mapping.read(record.payload)
            row = dict(zip(mapping.columns, values, strict=True))
            kept = dict(zip(mapping.row_columns, map(list, children), strict=True))
            self.live[record.external_id] = Stored(row, kept, page.slice)
            self.fates.pop(record.external_id, None)
            self.keys[row["key"]] = record.external_id
            seen.add(record.external_id)
            self.fetched += 1
        assert page.said in {None, len(seen)}
        for one in page.vanished:
            self._bury(one, Fate.DELETED)
        return seen

    def _bury(self, external_id: str, fate: Fate) -> None:
        if self.live.pop(external_id, None) is not None:
            self.fates[external_id] = fate

    def _lose(self, stream: Issues, slice_: Slice, gone: set[str]) -> None:
        for one, absence in stream.fates(slice_, sorted(gone)).items():
            assert absence.says
            self._bury(one, absence.fate)

    def census(self, **options: Any) -> None:
        """Count everything: ask what became of what is missing, fetch what is lacking."""
        connector, mapping = self._open(**options)
        try:
            stream = next(
                one for one in connector.streams(self.semantics, mapping.fields) if isinstance(one, Issues)
            )
            slices = stream.slices()
            counted = {slice_.name: stream.census(slice_).ids for slice_ in slices}
            listed = frozenset().union(*counted.values())
            for slice_ in slices:
                stored = {one for one, kept in self.live.items() if kept.slice == slice_.name}
                self._lose(stream, slice_, stored - listed)
                for page in stream.retry(slice_, sorted(counted[slice_.name] - self.live.keys())):
                    self._land(stream, page, mapping)
        finally:
            connector.close()

    def differences(self, wanted: Callable[[Json], bool]) -> Mapping[str, Any]:
        """Hold what is stored against the sandbox's truth; empty when they agree in every detail."""
        truth = {one["id"]: one for one in self.sandbox.control("truth")["issues"] if wanted(one)}
        found: dict[str, Any] = {}
        for one in truth.keys() | self.live.keys():
            if one not in self.live or one not in truth:
                found[one] = "missing" if one in truth else f"too many: {self.live[one].row['key']}"
                continue
            told, true = self.live[one].told(), truth[one]
            true = {**true, "histories": set(true["histories"])}
            wrong = {name: (value, true[name]) for name, value in told.items() if value != true[name]}
            if wrong:
                found[one] = wrong
        return found


def now(sandbox: Sandbox) -> datetime:
    """The sandbox's own time."""
    return datetime.fromisoformat(sandbox.control("clock")["now"])
