"""Mappings compiled: each attribute one closure from a record's payload to its value.

Plain data in, no more libraries than it takes: the processes that prepare pages compile a mapping for themselves.
Names are checked here: attributes against the register in `model.attributes`, transforms against the common ones
and the connector's own.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

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


@dataclass(frozen=True, slots=True)
class How:
    """How one attribute is read: the first of `paths` with a value, through value map and transform."""

    paths: tuple[str, ...] = ()
    const: Any = None
    transform: str | None = None
    values: Mapping[str, Any] | None = None
    values_default: Any = None


@dataclass(frozen=True, slots=True)
class Plan:
    """One stream's mapping as plain data."""

    kind: str
    version: str
    stream: str
    entity: str
    attributes: tuple[tuple[str, How], ...]


@dataclass(frozen=True, slots=True)
class CompiledMapping:
    """A stream's mapping, ready to run.

    `read(payload)` returns the scalar attributes in the order of `columns` and the rows attributes
    in the order of `row_columns`; it raises `Unmappable`. `fields` are the tracker's fields it reads.
    `plan`, `transforms` and `semantics` are what it was compiled from. `scalars` are the columns one by one,
    with whether a record needs them.
    """

    entity: str
    columns: tuple[str, ...]
    row_columns: tuple[str, ...]
    read: Callable[[Any], tuple[list[Any], list[Sequence[tuple[Any, ...]]]]]
    fields: tuple[str, ...]
    unmapped: dict[tuple[str, str], int]  # (attribute, value) without an entry in its value map -> times seen
    plan: Plan
    transforms: Mapping[str, Get]
    semantics: Mapping[str, str]
    scalars: tuple[tuple[str, Get, bool], ...]


def compile_plan(plan: Plan, transforms: Mapping[str, Get], semantics: Mapping[str, str]) -> CompiledMapping:
    """Compile a mapping to closures.

    Raises:
        MappingError: An attribute or transform that does not exist, or a required attribute without a path.
    """
    where = f"mapping {plan.kind}@{plan.version}, stream {plan.stream}"
    if plan.entity not in REGISTER:
        raise MappingError(f"{where}: no entity {plan.entity!r}; there are: {', '.join(sorted(REGISTER))}")
    known = {**COMMON, **transforms}
    unmapped: dict[tuple[str, str], int] = {}
    scalars: list[tuple[str, Get, bool]] = []
    rows: list[tuple[str, Get]] = []
    for name, how in plan.attributes:
        try:
            attribute = lookup(plan.entity, name)
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
    _require(where, plan, {name for name, *_ in scalars})
    return CompiledMapping(
        entity=plan.entity,
        columns=tuple(name for name, *_ in scalars),
        row_columns=tuple(name for name, _ in rows),
        read=_reader(scalars, rows),
        fields=_fields(plan, semantics),
        unmapped=unmapped,
        plan=plan,
        transforms=transforms,
        semantics=semantics,
        scalars=tuple(scalars),
    )


def _require(where: str, plan: Plan, given: set[str]) -> None:
    needed = {name for name, attribute in REGISTER[plan.entity].items() if attribute.required}
    if missing := sorted(needed - given):
        raise MappingError(f"{where}: {plan.entity} needs {', '.join(missing)}; give each a path")


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
    how: How,
    transforms: Mapping[str, Get],
    semantics: Mapping[str, str],
    unmapped: dict[tuple[str, str], int],
) -> Get:
    """Compose path, value map, transform and type into one closure."""
    paths = [resolved for path in how.paths if (resolved := _resolve(path, semantics)) is not None]
    if not paths:
        constant = _constant(attribute, attribute.default if how.const is None else how.const)
        return lambda _payload: constant
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
    return _pipeline(attribute.name, paths, steps, attribute.default if how.const is None else how.const)


def _constant(attribute: Attribute, value: Any) -> Any:
    """Hold a constant to its attribute's type, once."""
    if value is None or attribute.type == "rows":
        return value
    try:
        found = BY_TYPE[attribute.type](value)
        return _one_of(attribute.values)(found) if attribute.type == "enum" else found
    except ValueError as error:
        raise MappingError(f"{attribute.name}: const {value!r}: {error}") from None


def _pipeline(name: str, paths: Sequence[str], steps: Sequence[Get], default: Any) -> Get:
    """Chain the walk along the path and the steps; the commonest chain is one closure, for speed."""
    path = " or ".join(paths)
    segments = split_path(paths[0])
    if len(paths) == 1 and len(segments) == 2 and len(steps) == 1:  # noqa: PLR2004  (`fields.name`, the commonest)
        return _short_pipeline(name, path, steps[0], default)
    get = _first([_getter(path) for path in paths]) if len(paths) > 1 else _getter(paths[0])

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


def _short_pipeline(name: str, path: str, only: Get, default: Any) -> Get:
    first, second = split_path(path)

    def run(payload: Any) -> Any:
        try:
            value = payload[first][second]
        except (KeyError, TypeError):
            return default
        if value is None:
            return default
        try:
            value = only(value)
        except _BAD_VALUE as error:
            raise Unmappable(name, path, value, _words(error)) from None
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


def _fields(plan: Plan, semantics: Mapping[str, str]) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for _, how in plan.attributes:
        for path in how.paths:
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
