"""Colours, why they are what they are, and which of two is worse."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final


class Colour(StrEnum):
    """A status. GREY is not enough data, BLUE is complete; neither is ever a kind of green."""

    GREEN = "GREEN"
    AMBER = "AMBER"
    RED = "RED"
    GREY = "GREY"
    BLUE = "BLUE"


# GREEN < AMBER < RED is the published order; complete gives way to anything still open, grey to all.
_BADNESS: Final = {Colour.GREY: -2, Colour.BLUE: -1, Colour.GREEN: 0, Colour.AMBER: 1, Colour.RED: 2}

# As lists have them: of what is grey nobody knows how it stands, so that it is looked at before the green.
WORST_FIRST: Final = (Colour.RED, Colour.AMBER, Colour.GREY, Colour.GREEN, Colour.BLUE)


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a colour is what it is: the rule, one plain sentence, and the numbers in it as plain JSON."""

    rule: str
    text: str
    inputs: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Return the shape of the status document."""
        return {"rule": self.rule, "text": self.text, "inputs": dict(self.inputs)}


@dataclass(frozen=True, kw_only=True)
class Computed:
    """What a formula found. The first reason is the one that decided; there is always at least one.

    `inputs` are the facts as they went in, as plain JSON: dates are ISO, money is a number.
    """

    colour: Colour
    reasons: tuple[Reason, ...]
    inputs: Mapping[str, Any]

    def to_json(self) -> dict[str, Any]:
        """Return a dimension of the status document."""
        return {"colour": self.colour.value, "reasons": [reason.to_json() for reason in self.reasons]}


def impossible(rule: str, name: str, text: str, **inputs: Any) -> Reason:
    """Return the reason that an input cannot be true, so that nothing was computed with it.

    Args:
        rule: That would have taken it.
        name: Of the input: an attribute, or what else it is called.
        text: What it says, and why that cannot be.
        inputs: It and what contradicts it.
    """
    return Reason(rule, text, facts(impossible=name, **inputs))


def order(colour: Colour | None) -> int | None:
    """Return 0, 1, 2 for green, amber, red; None for what has no place in the order."""
    return _BADNESS[colour] if colour in (Colour.GREEN, Colour.AMBER, Colour.RED) else None


def worse(*colours: Colour) -> Colour:
    """Return the worst colour; grey loses against any other, so it stands only where all is grey."""
    return max(colours, key=_BADNESS.__getitem__, default=Colour.GREY)


def badness(colour: Colour) -> int:
    """Return how bad a colour is beside others, as `worse` takes it: the higher the worse, grey the lowest."""
    return _BADNESS[colour]


def better_than(colour: Colour, other: Colour) -> bool:
    """Say whether `colour` is a better one of the three ordered colours than `other`."""
    mine, theirs = order(colour), order(other)
    return mine is not None and theirs is not None and mine < theirs


def worse_of(parts: Iterable[Computed]) -> Computed:
    """Join formulas into one dimension: the worst colour, its reasons first, nobody's reasons dropped."""
    ordered = sorted(parts, key=lambda part: -_BADNESS[part.colour])
    inputs: dict[str, Any] = {}
    for part in reversed(ordered):
        inputs.update(part.inputs)
    return Computed(
        colour=worse(*(part.colour for part in ordered)),
        reasons=tuple(reason for part in ordered for reason in part.reasons),
        inputs=inputs,
    )


def plain(value: Any) -> Any:
    """Turn a fact into JSON: ISO dates, numbers for decimals, lists and maps all the way down."""
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, date | datetime):
        return value.isoformat()
    if isinstance(value, StrEnum):
        return value.value
    if isinstance(value, Mapping):
        return {str(key): plain(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [plain(part) for part in value]
    return value


def facts(**values: Any) -> dict[str, Any]:
    """Return named facts as plain JSON."""
    return {name: plain(value) for name, value in values.items()}


def counted(number: float, noun: str, plural: str | None = None) -> str:
    """Say a number with its noun: 1 day, 42 days."""
    return f"{number:g} {noun if number == 1 else plural or noun + 's'}"


def percent(value: float | Decimal) -> str:
    """Say a percentage with one decimal: 12.1 %."""
    return f"{value:.1f} %"
