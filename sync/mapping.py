"""The documents of mappings: `config/mappings/*.yaml`, and a source's own `mapping` block over one.

A mapping is data: attribute ← path, through a named transform and a value map. What it may name is checked
when it is compiled (`sync.compiling`).
"""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from sync.compiling import CompiledMapping, Get, How, MappingError, Plan, Unmappable, compile_plan, split_path

__all__ = [
    "CompiledMapping",
    "MappingError",
    "MappingSpec",
    "Unmappable",
    "compile_stream",
    "parse_mapping",
    "split_path",
]


class AttributeSpec(BaseModel):
    """How one attribute is read; in the file a bare string is a path."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: str | None = None
    paths: tuple[str, ...] = ()
    const: Any = None
    transform: str | None = None
    values: dict[str, Any] | None = None
    values_default: Any = None

    def all_paths(self) -> tuple[str, ...]:
        """Return the paths in the order they are tried."""
        return self.paths or ((self.path,) if self.path is not None else ())


class StreamSpec(BaseModel):
    """One stream's entity and attributes."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    entity: str
    attributes: dict[str, AttributeSpec] = Field(default_factory=dict)


class MappingSpec(BaseModel):
    """A whole mapping file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: str
    version: str
    streams: dict[str, StreamSpec]


def parse_mapping(data: Any, *, where: str, overrides: Mapping[str, Any] | None = None) -> MappingSpec:
    """Check a mapping document and lay a source's own attributes over it.

    Raises:
        MappingError: With the place in the document, what stands there and what was expected.
    """
    document = _plain(data)
    for stream, attributes in (overrides or {}).items():
        known = _maps(document.get("streams") if isinstance(document, dict) else None)
        if stream not in known:
            raise MappingError(f"{where}: no stream {stream!r}; it has: {', '.join(sorted(known)) or 'none'}")
        known[stream].setdefault("attributes", {}).update(_plain({"attributes": attributes})["attributes"])
    try:
        return MappingSpec.model_validate(document)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise MappingError(f"{where}: {place}: {first['msg']}") from None


def _maps(streams: Any) -> dict[str, dict[str, Any]]:
    """Take the streams whose attributes can be laid over; whoever validates complains of the others."""
    found = streams if isinstance(streams, dict) else {}
    return {
        name: stream
        for name, stream in found.items()
        if isinstance(name, str)
        and isinstance(stream, dict)
        and isinstance(stream.get("attributes", {}), dict)
    }


def _plain(node: Any) -> Any:
    """Copy a document, writing each bare path out as `{path: …}`."""
    if not isinstance(node, Mapping):
        return node
    copied = {key: _plain(value) for key, value in node.items()}
    if isinstance(copied.get("attributes"), dict):
        copied["attributes"] = {
            name: {"path": spec} if isinstance(spec, str) else spec
            for name, spec in copied["attributes"].items()
        }
    return copied


def compile_stream(
    spec: MappingSpec, stream: str, transforms: Mapping[str, Get], semantics: Mapping[str, str]
) -> CompiledMapping:
    """Compile one stream's mapping to closures.

    Raises:
        MappingError: An attribute, transform or stream that does not exist, or a required attribute
            that has no path.
    """
    if stream not in spec.streams:
        raise MappingError(
            f"mapping {spec.kind}@{spec.version}, stream {stream}: no such stream; it has:"
            f" {', '.join(sorted(spec.streams))}"
        )
    chosen = spec.streams[stream]
    attributes = tuple(
        (name, How(how.all_paths(), how.const, how.transform, how.values, how.values_default))
        for name, how in chosen.attributes.items()
    )
    return compile_plan(
        Plan(spec.kind, spec.version, stream, chosen.entity, attributes), transforms, semantics
    )
