"""Pulling an Azure DevOps in tests: into a plain dict, through the shipped mapping, as a run would."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import yaml

from connectors.azure_devops.config import AzureDevOpsConfig
from connectors.azure_devops.connector import AzureDevOps
from connectors.base import Absence, Fate, Page
from sync.mapping import CompiledMapping, compile_stream, parse_mapping
from tests.support.shared import ROOT

Row = dict[str, Any]
SANDBOX_TOKEN = "sandbox-pat"
SEMANTICS = {"story_points": "Microsoft.VSTS.Scheduling.StoryPoints"}


def connector(
    url: str = "https://ado.example/contoso",
    *,
    token: str = SANDBOX_TOKEN,
    transport: httpx.BaseTransport | None = None,
    **options: Any,
) -> AzureDevOps:
    """Open an Azure DevOps with the token the sandbox takes."""
    given = {"base_url": url, "auth": {"type": "pat", "token": token}, **options}
    config = AzureDevOpsConfig.model_validate(given)
    return AzureDevOps(config, source="ado", transport=transport, sleep=lambda _seconds: None)


def mapping(stream: str, source: AzureDevOps) -> CompiledMapping:
    """Compile the shipped mapping."""
    text = (Path(ROOT) / "config/mappings/azure_devops.yaml").read_text(encoding="utf-8")
    spec = parse_mapping(yaml.safe_load(text), where="azure_devops.yaml")
    return compile_stream(spec, stream, source.transforms(), SEMANTICS)


@dataclass
class Stored:
    """What a source's work items look like once stored, and where each slice stands."""

    rows: dict[str, Row] = field(default_factory=dict)
    filtered: dict[str, str] = field(default_factory=dict)
    unreadable: dict[str, str] = field(default_factory=dict)
    buried: set[str] = field(default_factory=set)
    fates: dict[str, Absence] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    cursors: dict[str, Any] = field(default_factory=dict)
    pages: list[Page] = field(default_factory=list)
    seen: list[str] = field(default_factory=list)  # records in the order they came

    def pull(self, source: AzureDevOps, *, stop_after: int | None = None) -> "Stored":
        """Pull every slice from where it stands; `stop_after` pages everything is cut off."""
        compiled = mapping("work_items", source)
        stream = source.streams(SEMANTICS, compiled.fields)[2]
        self.pages, self.seen, self.unreadable, self.warnings = [], [], {}, []
        for slice_ in stream.slices():
            for page in stream.pull(slice_, self.cursors.get(slice_.name)):
                self._store(stream.read(page.parts), compiled, page)
                if len(self.pages) == stop_after:
                    return self
        return self

    def _store(self, records: Any, compiled: CompiledMapping, page: Page) -> None:
        count = 0
        self.pages.append(page)
        for record in records:
            count += 1
            if record.filtered_by:
                self.filtered[record.external_id] = record.filtered_by
            elif record.unreadable:
                self.unreadable[record.external_id] = record.unreadable
            else:
                values, children = compiled.read(record.payload)
                row = dict(zip(compiled.columns, values, strict=True))
                row |= dict(zip(compiled.row_columns, map(list, children), strict=True))
                self.rows[record.external_id] = row
                self.buried.discard(record.external_id)
                self.fates.pop(record.external_id, None)
                self.seen.append(record.external_id)
        assert page.said == count
        self.fates |= page.fates
        self.warnings += page.warnings
        for id_ in page.vanished:
            if id_ in page.fates and page.fates[id_].fate is Fate.ACCESS_LOST:
                continue  # counts on as it last was
            self.rows.pop(id_, None)
            self.buried.add(id_)
        self.cursors[page.slice] = json.loads(json.dumps(page.cursor))
