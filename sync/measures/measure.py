"""What a measure is: a number that is no colour, with all it was computed from."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from model.status.colour import plain

_PLACES: Final = 6


@dataclass(frozen=True, slots=True)
class Measure:
    """One number of a project on a day; a value of None is unknown, and `says` is why.

    `inputs` are all that the rule took, so that it can be computed again from them alone. `attributes` are the
    project values among these, `records` the rows, each with `entity`, `id`, `name` and `locator`.
    """

    name: str
    value: Any
    unit: str | None
    rule: str
    inputs: Mapping[str, Any] = field(default_factory=dict)
    attributes: tuple[str, ...] = ()
    records: tuple[dict[str, Any], ...] = ()
    says: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return what the status document shows of it."""
        return {"value": shown(self.value), "unit": self.unit, "says": self.says}


def shown(value: Any) -> Any:
    """Return a value as plain JSON, numbers with six places at most."""
    if value is None or isinstance(value, int | str):
        return value
    found = plain(value)
    return round(found, _PLACES) if isinstance(found, float) else found


def unknown(names: Mapping[str, str | None], rule: str, why: str, **inputs: Any) -> list[Measure]:
    """Return measures, each with its unit, that cannot be computed, and why not."""
    return [Measure(name, None, unit, rule, plain(inputs), says=why) for name, unit in names.items()]
