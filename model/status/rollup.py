"""F19: many projects' colours as one: the worst of them, weighted by cost, and counted. Always the three together."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from model.status.colour import Colour, Reason, facts, percent, worse

RULE = "F19"
# Shares of the cost from which the weighted colour turns, the same for every policy; the last is one of the projects
# without a weight, too.
RED_SHARE: Final = Decimal("0.20")
AMBER_RED_SHARE: Final = Decimal("0.05")
AMBER_SHARE: Final = Decimal("0.40")
GREY_SHARE: Final = Decimal("0.30")


@dataclass(frozen=True, slots=True)
class Part:
    """One project in a roll-up. `cost` None: nobody knows it, so that it has no weight and is named.

    All costs of a roll-up are in one currency. `critical` says that the whole cannot be well without it.
    """

    key: str
    colour: Colour
    cost: Decimal | None
    critical: bool = False


@dataclass(frozen=True, slots=True)
class Rollup:
    """Three views of one group.

    `weighted` is grey where nothing has a cost; `share` then is empty. `unweighed` are the projects without
    a cost: they count, are in no share, and too many of them leave the weighted colour unknown.
    """

    count: Mapping[Colour, int]
    share: Mapping[Colour, Decimal]
    worst: Colour
    weighted: Colour
    reason: Reason
    unweighed: tuple[str, ...]


def roll_up(parts: Sequence[Part]) -> Rollup:
    """Roll projects up. A red outweighs grey; grey outweighs green. Source: docs/rollups.md, rule F19.

    Raises:
        ValueError: A cost is negative.
    """
    if wrong := [part.key for part in parts if part.cost is not None and part.cost < 0]:
        raise ValueError(f"a cost is negative: {', '.join(wrong)}")
    count = {colour: sum(part.colour is colour for part in parts) for colour in Colour}
    total = sum((part.cost for part in parts if part.cost is not None), Decimal(0))
    share = {
        colour: sum((part.cost or Decimal(0) for part in parts if part.colour is colour), Decimal(0)) / total
        for colour in Colour
        if total
    }
    critical = tuple(part.key for part in parts if part.critical and part.colour is Colour.RED)
    unweighed = tuple(part.key for part in parts if part.cost is None)
    weighted, said = (
        _weigh(share, critical, Decimal(len(unweighed)) / len(parts))
        if parts
        else (Colour.GREY, "there is no project to weigh")
    )
    return Rollup(
        count=count,
        share=share,
        worst=worse(*(part.colour for part in parts)),
        weighted=weighted,
        reason=Reason(RULE, said, facts(share=share, critical_and_red=critical)),
        unweighed=unweighed,
    )


def _weigh(
    share: Mapping[Colour, Decimal], critical: tuple[str, ...], unweighed: Decimal
) -> tuple[Colour, str]:
    """Return the colour by cost; `unweighed` is the share of the projects whose cost nobody knows."""
    if critical:
        return Colour.RED, f"{', '.join(critical)} is critical and red"
    if not share:
        return Colour.GREY, "no project has a cost to weigh it by"
    red, grey = share[Colour.RED], share[Colour.GREY]
    off = red + share[Colour.AMBER]
    is_red, is_off = (
        f"{percent(100 * red)} of the cost is red",
        f"{percent(100 * off)} of the cost is amber or red",
    )
    rules = (
        (red >= RED_SHARE, Colour.RED, is_red),
        (red >= AMBER_RED_SHARE, Colour.AMBER, is_red),
        (off >= AMBER_SHARE, Colour.AMBER, is_off),
        (grey >= GREY_SHARE, Colour.GREY, f"of {percent(100 * grey)} of the cost nobody knows how it stands"),
        (
            unweighed >= GREY_SHARE,
            Colour.GREY,
            f"{percent(100 * unweighed)} of the projects have no cost to weigh them by",
        ),
        (share[Colour.BLUE] == 1, Colour.BLUE, "all of it is complete"),
        (True, Colour.GREEN, is_off),
    )
    return next((colour, said) for holds, colour, said in rules if holds)
