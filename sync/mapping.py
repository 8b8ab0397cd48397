"""Mappings: attribute ← path, through a named transform and a value map; compiled once to closures.

A mapping is data (`config/mappings/*.yaml`, and a source's own `mapping` block over it). What it may
name is checked when it is compiled: attributes against the register in `model.attributes`, transforms
against the common ones and the connector's own.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from model.attributes import REGISTER, Attribute, UnknownAttribute, lookup
from sync.transforms import BY_TYPE, COMMON

Get = Callable[[Any], Any]

# What a value of another shape or size than expected makes a transform raise.
_BAD_VALUE: Final = (ValueError, TypeError, KeyError, AttributeError, IndexError, OverflowError)


class MappingError(ValueError):
    """A mapping names something that does not exist; the message says where and what does exist."""


class Unmappable(ValueError):
    """A record's value cannot be what its attribute needs."""

    def __init__(self, attribute: str, path: str, value: object, expected: str) -> None:
        shown = repr(value)
        shown = shown if len(shown) <= 80 else shown[:77] + "…"  # noqa: PLR2004  (characters of a message)
        super().__init__(f"{attribute} (from {path or 'the record'}): {shown}: {expected}")


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


@dataclass(frozen=True, slots=True)
class CompiledMapping:
    """A stream's mapping, ready to run.

    `read(payload)` returns the scalar attributes in the order of `columns` and the rows attributes
    in the order of `row_columns`; it raises `Unmappable`. `fields` are the tracker's fields it reads.
    """

    entity: str
    columns: tuple[str, ...]
    row_columns: tuple[str, ...]
    read: Callable[[Any], tuple[list[Any], list[Sequence[tuple[Any, ...]]]]]
    fields: tuple[str, ...]
    unmapped: dict[tuple[str, str], int]  # (attribute, value) without an entry in its value map -> times seen


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
    where = f"mapping {spec.kind}@{spec.version}, stream {stream}"
    if stream not in spec.streams:
        raise MappingError(f"{where}: no such stream; it has: {', '.join(sorted(spec.streams))}")
    chosen = spec.streams[stream]
    if chosen.entity not in REGISTER:
        raise MappingError(f"{where}: no entity {chosen.entity!r}; there are: {', '.join(sorted(REGISTER))}")
    known = {**COMMON, **transforms}
    unmapped: dict[tuple[str, str], int] = {}
    scalars: list[tuple[str, Get, bool]] = []
    rows: list[tuple[str, Get]] = []
    for name, how in chosen.attributes.items():
        try:
            attribute = lookup(chosen.entity, name)
        except UnknownAttribute as error:
            raise MappingError(f"{where}: {error}") from None
        if how.transform is not None and how.transform not in known:
            raise MappingError(
                f"{where}: {name}: no transform {how.transform!r}; there are: {', '.join(sorted(known))}"
            )
        get = _attribute(attribute, how, known, semantics, unmapped)
        if attribute.type == "rows":
            rows.append((attribute.name, get))
        else:
            scalars.append((attribute.name, get, attribute.required))
    _require(where, chosen, {name for name, *_ in scalars})
    return CompiledMapping(
        entity=chosen.entity,
        columns=tuple(name for name, *_ in scalars),
        row_columns=tuple(name for name, _ in rows),
        read=_reader(scalars, rows),
        fields=_fields(chosen, semantics),
        unmapped=unmapped,
    )


def _require(where: str, spec: StreamSpec, given: set[str]) -> None:
    needed = {name for name, attribute in REGISTER[spec.entity].items() if attribute.required}
    if missing := sorted(needed - given):
        raise MappingError(f"{where}: {spec.entity} needs {', '.join(missing)}; give each a path")


def _reader(
    scalars: Sequence[tuple[str, Get, bool]], rows: Sequence[tuple[str, Get]]
) -> Callable[[Any], tuple[list[Any], list[Sequence[tuple[Any, ...]]]]]:
    gets = [get for _, get, _ in scalars]
    row_gets = [get for _, get in rows]
    required = [(index, name) for index, (name, _, needed) in enumerate(scalars) if needed]

    def read(payload: Any) -> tuple[list[Any], list[Sequence[tuple[Any, ...]]]]:
        values = [get(payload) for get in gets]
        for index, name in required:
            if values[index] is None:
                raise Unmappable(name, "", None, "the record has none, and it cannot be stored without")
        return values, [get(payload) or () for get in row_gets]

    return read


def _attribute(
    attribute: Attribute,
    how: AttributeSpec,
    transforms: Mapping[str, Get],
    semantics: Mapping[str, str],
    unmapped: dict[tuple[str, str], int],
) -> Get:
    """Compose path, value map, transform and type into one closure."""
    paths = [resolved for path in how.all_paths() if (resolved := _resolve(path, semantics)) is not None]
    if not paths:
        constant = _constant(attribute, how.const)
        return lambda _payload: constant
    get = _first([_getter(path) for path in paths]) if len(paths) > 1 else _getter(paths[0])
    steps: list[Get] = []
    if how.values is not None:
        steps.append(_value_map(attribute.name, how.values, how.values_default, unmapped))
    if how.transform is not None:
        steps.append(transforms[how.transform])
    if attribute.type != "rows":
        coerce = BY_TYPE[attribute.type]
        if not steps or steps[-1] is not coerce:
            steps.append(coerce)
    if attribute.type == "enum":
        steps.append(_one_of(attribute.values))
    return _pipeline(attribute.name, " or ".join(paths), get, steps, how.const)


def _constant(attribute: Attribute, value: Any) -> Any:
    """Hold a constant to its attribute's type, once."""
    if value is None or attribute.type == "rows":
        return value
    try:
        found = BY_TYPE[attribute.type](value)
        return _one_of(attribute.values)(found) if attribute.type == "enum" else found
    except ValueError as error:
        raise MappingError(f"{attribute.name}: const {value!r}: {error}") from None


def _pipeline(name: str, path: str, get: Get, steps: Sequence[Get], default: Any) -> Get:
    if len(steps) == 1:
        only = steps[0]

        def run_one(payload: Any) -> Any:
            value = get(payload)
            if value is None:
                return default
            try:
                return only(value)
            except _BAD_VALUE as error:
                raise Unmappable(name, path, value, _words(error)) from None

        return run_one

    def run(payload: Any) -> Any:
        raw = value = get(payload)
        try:
            for step in steps:
                if value is None:
                    return default
                value = step(value)
        except _BAD_VALUE as error:
            raise Unmappable(name, path, raw, _words(error)) from None
        return default if value is None else value

    return run


def _words(error: Exception) -> str:
    text = str(error)
    return text if isinstance(error, ValueError) and text else "the value has an unexpected shape"


def _value_map(
    name: str, values: Mapping[str, Any], default: Any, unmapped: dict[tuple[str, str], int]
) -> Get:
    folded = {str(key).casefold(): value for key, value in values.items()}

    def translate(value: Any) -> Any:
        quick = isinstance(value, str) and value in folded
        found = folded.get(value if quick else str(value).strip().casefold())
        if found is None and default is None:
            unmapped[name, str(value)] = unmapped.get((name, str(value)), 0) + 1
        return default if found is None else found

    return translate


def _one_of(values: tuple[str, ...]) -> Get:
    allowed: Final = frozenset(values)

    def check(value: Any) -> Any:
        if value not in allowed:
            raise ValueError(f"expected one of {', '.join(values)}")
        return value

    return check


def _resolve(path: str, semantics: Mapping[str, str]) -> str | None:
    """Put discovered names in for `{name}`; None when one was not discovered."""
    if "{" not in path:
        return path
    try:
        return path.format_map(semantics)
    except KeyError:
        return None
    except (ValueError, AttributeError, TypeError, IndexError):
        raise MappingError(f"path {path!r}: expected names in braces, such as {{story_points}}") from None


def split_path(path: str) -> tuple[str, ...]:
    """Split a path at `/` where it has one, else at `.`; "" and "." are the whole payload."""
    if path in {"", "."}:
        return ()
    return tuple(path.split("/" if "/" in path else "."))


def _fields(spec: StreamSpec, semantics: Mapping[str, str]) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for how in spec.attributes.values():
        for path in how.all_paths():
            segments = split_path(_resolve(path, semantics) or "")
            if len(segments) > 1:
                found[segments[1]] = None
    return tuple(found)


def _first(gets: Sequence[Get]) -> Get:
    def get(payload: Any) -> Any:
        for each in gets:
            if (value := each(payload)) is not None:
                return value
        return None

    return get


def _getter(path: str) -> Get:
    """Return a closure that walks `path`; whatever is missing on the way is None."""
    segments = split_path(path)
    if not segments:
        return lambda payload: payload
    if len(segments) == 1:
        (one,) = segments
        return lambda payload: payload.get(one)
    if len(segments) == 2:  # noqa: PLR2004  (the two commonest depths are written out for speed)
        first, second = segments

        def get_two(payload: Any) -> Any:
            try:
                return payload[first][second]
            except (KeyError, TypeError):
                return None

        return get_two

    def get_any(payload: Any) -> Any:
        try:
            for segment in segments:
                payload = payload[segment]
        except (KeyError, TypeError):
            return None
        return payload

    return get_any
