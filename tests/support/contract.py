"""One connector under the contract: how to open it, and what one whole pull of it gave."""

import json
import ssl
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import httpx

from config import shipped
from config.secrets import resolve
from connectors.base import Connector, Discovery, Page, RawRecord, Stream
from sync import registry
from sync.mapping import CompiledMapping, compile_stream, parse_mapping
from tests.support.sandbox_sources import SECRETS
from tests.support.sandboxes import PLAIN, Sandbox

Json = dict[str, Any]
Found = dict[str, dict[str, Any]]  # stream -> external id -> what the shipped mapping makes of it


class Watching(httpx.HTTPTransport):
    """A real transport that remembers the time-outs it was told."""

    def __init__(self, ca_bundle: str | None) -> None:
        super().__init__(verify=ssl.create_default_context(cafile=ca_bundle) if ca_bundle else PLAIN)
        self.timeouts: list[Mapping[str, float | None]] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.timeouts.append(request.extensions.get("timeout") or {})
        return super().handle_request(request)


@dataclass(slots=True)
class Pulled:
    """What one pull of all streams gave."""

    pages: list[Page] = field(default_factory=list)
    records: list[list[RawRecord]] = field(default_factory=list)  # of each page
    cursors: dict[tuple[str, str], Json] = field(default_factory=dict)
    found: Found = field(default_factory=dict)
    unmapped: dict[Any, int] = field(default_factory=dict)


@dataclass
class Subject:
    """One kind of connector in one of its settings. `sandbox` is None where nothing is served."""

    name: str
    block: Json
    sandbox: Sandbox | None
    refused: Json = field(default_factory=dict)  # options with credentials that are refused
    disturbed: str = ""  # what of its address and query faults may hit

    @property
    def kind(self) -> str:
        return str(self.block["kind"])

    def options(self, **changed: Any) -> Json:
        given = {key: value for key, value in self.block.items() if key not in {"name", "kind"}}
        return {**given, **changed}

    def config(self, **changed: Any) -> Any:
        """The connector's configuration, with its secrets in."""
        return registry._load(registry.KINDS[self.kind][0]).model_validate(
            resolve(self.options(**changed), where=self.name)
        )

    def open(self, *, transport: httpx.BaseTransport | None = None, **changed: Any) -> Connector:
        build = registry._load(registry.KINDS[self.kind][1])
        made: Connector = build(self.config(**changed), source=self.name, transport=transport, connections=4)
        return made

    def watching(self) -> Watching:
        return Watching(self.block.get("ca_bundle"))

    @cached_property
    def whole(self) -> tuple[Pulled, list[Mapping[str, float | None]]]:
        """One undisturbed pull of everything, and the time-outs of its calls."""
        transport = self.watching()
        connector = self.open(transport=transport)
        try:
            connector.check()
            return pull(connector, self.kind), transport.timeouts
        finally:
            connector.close()


def streams_of(connector: Connector, kind: str) -> list[tuple[Stream, CompiledMapping]]:
    """Return the connector's streams with their compiled shipped mappings."""
    spec = parse_mapping(shipped.mapping(kind), where="shipped")
    discovery: Discovery = connector.discover()
    mappings = {
        name: compile_stream(spec, name, connector.transforms(), discovery.semantics) for name in spec.streams
    }
    fields = [
        name for mapping in mappings.values() if mapping.entity == "work_item" for name in mapping.fields
    ]
    return [(stream, mappings[stream.name]) for stream in connector.streams(discovery.semantics, fields)]


def pull(connector: Connector, kind: str, cursors: Mapping[tuple[str, str], Json] | None = None) -> Pulled:
    """Pull every stream, from where these cursors stand; a record that does not map fails."""
    pulled = Pulled(cursors=dict(cursors or {}))
    for stream, mapping in streams_of(connector, kind):
        found = pulled.found.setdefault(stream.name, {})
        for slice_ in stream.slices():
            for page in stream.pull(slice_, pulled.cursors.get((stream.name, slice_.name))):
                pulled.pages.append(page)
                if page.cursor is not None:
                    pulled.cursors[stream.name, slice_.name] = json.loads(json.dumps(page.cursor))
                records = list(stream.read(page.parts))
                pulled.records.append(deepcopy(records))
                for record in records:
                    if record.filtered_by is None and record.unreadable is None:
                        values, children = mapping.read(record.payload)
                        row = dict(zip(mapping.columns, values, strict=True))
                        found[record.external_id] = (row, children)
        pulled.unmapped |= mapping.unmapped
    return pulled


def has_secret(text: str) -> bool:
    """Whether a text holds one of the sandboxes' secrets, plain or as HTTP Basic."""
    import base64

    plain = set(SECRETS.values())
    coded = {
        base64.b64encode(f"{user}:{one}".encode()).decode()
        for one in plain
        for user in ("", "sync@example.com")
    }
    return any(one in text for one in plain | coded)
