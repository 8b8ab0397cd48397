"""Control totals: what a page's numbers add up to, read apart from the mapping and held against its rows.

The raw side walks the records with its own few lines, so that a fault in paths, transforms or types shows
as a difference instead of being repeated here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from connectors.base import RawRecord
from sync.compiling import CompiledMapping, How, split_path
from sync.normalise import Batch

CONTROLLED: Final[Mapping[str, tuple[str, ...]]] = {
    "work_item": ("points",),
    "cost_line": ("amount",),
    "raid_item": ("cost_impact",),
    "contract": ("value", "invoiced"),
    "benefit": ("target", "forecast"),
    "baseline": ("budget",),
    "project": ("budget", "forecast_cost", "actual_cost", "contingency"),
}
_NEAR: Final = Decimal("0.01")  # what binary fractions may add up to
_RELATIVE: Final = Decimal("1e-9")
_NAMED: Final = 5


@dataclass(slots=True)
class Control:
    """One attribute of one page. `values` are the rows' own, in the order of the batch's ids.

    `raw` and `mapped` are sums over those records whose raw value is a plain number; `uncontrolled` counts
    the others that have a value. `differs` names the first records where the two are not one.
    """

    raw: Decimal = Decimal(0)
    mapped: Decimal = Decimal(0)
    uncontrolled: int = 0
    values: list[Decimal | None] = field(default_factory=list)
    differs: list[str] = field(default_factory=list)


def near(one: Decimal, other: Decimal) -> bool:
    """Say whether two sums are the same but for the last digits of binary fractions."""
    return abs(one - other) <= max(_NEAR, abs(one) * _RELATIVE)


def control(mapping: CompiledMapping, records: Sequence[RawRecord], batch: Batch) -> dict[str, Control]:
    """Add up a page: all its records, and the rows they gave that are not written out yet."""
    found: dict[str, Control] = {}
    plain = dict(mapping.plan.attributes)
    for name in CONTROLLED.get(batch.entity, ()):
        if name not in plain:
            continue
        place = batch.columns.index(name) if name in batch.columns else None
        found[name] = _column(name, place, plain.get(name), mapping.semantics, records, batch)
    return found


def _column(
    name: str,
    place: int | None,
    how: How | None,
    semantics: Mapping[str, str],
    records: Sequence[RawRecord],
    batch: Batch,
) -> Control:
    found = Control()
    paths = [] if how is None or how.values is not None else _paths(how, semantics)
    at = batch.columns.index("raw_position")
    for row in batch.rows:
        mapped = _decimal(row[place] if place is not None else _of_register(row, batch, name))
        found.values.append(mapped)
        raw = _decimal(_walk(records[row[at]].payload, paths)) if paths else None
        if raw is None:
            found.uncontrolled += mapped is not None
            continue
        found.raw += raw
        found.mapped += mapped or 0
        if (mapped is None or not near(raw, mapped)) and len(found.differs) < _NAMED:
            found.differs.append(records[row[at]].locator)
    return found


def _of_register(row: Sequence[Any], batch: Batch, name: str) -> Any:
    attributes = row[batch.columns.index("attributes")]
    value = attributes.get(name, {}).get("value")
    return value.get("amount") if isinstance(value, dict) else value


def _paths(how: How, semantics: Mapping[str, str]) -> list[tuple[str, ...]]:
    found = []
    for path in how.paths:
        try:
            found.append(split_path(path.format_map(semantics) if "{" in path else path))
        except (KeyError, ValueError):  # a name that was not discovered: the mapping has no such path either
            continue
    return found


def _walk(payload: Any, paths: Sequence[tuple[str, ...]]) -> Any:
    for path in paths:
        value = payload
        for segment in path:
            value = value.get(segment) if isinstance(value, dict) else None
        if value is not None:
            return value
    return None


def _decimal(value: Any) -> Decimal | None:
    """Return a plain number, None for anything that would have to be interpreted."""
    if isinstance(value, Decimal):
        return value
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        found = Decimal(repr(value))
    except InvalidOperation:
        return None
    return found if found.is_finite() else None


def changed_sum(found: Control, ids: Sequence[str], changed: Mapping[str, bool]) -> Decimal:
    """Add up the rows that were written."""
    if len(changed) == len(ids):
        return sum((value for value in found.values if value is not None), Decimal(0))
    pairs = zip(ids, found.values, strict=True)
    return sum((value for one, value in pairs if value is not None and one in changed), Decimal(0))
