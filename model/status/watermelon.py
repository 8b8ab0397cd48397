"""F14: green outside, red inside: what managers report against what is computed."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from model.status.colour import Colour, order

RULE = "F14"
WATERMELON: Final = 2
_ORDERS: Final = range(3)


@dataclass(frozen=True, slots=True)
class Agreement:
    """How reported and computed colours agree over many projects.

    Rates are shares of the scored projects; they and the bias are None where none could be scored. `kappa`
    is quadratic weighted, None too where chance alone would agree.
    """

    scored: int
    divergence: Mapping[str, int]
    watermelons: tuple[str, ...]
    optimistic_rate: float | None
    pessimistic_rate: float | None
    mean_bias: float | None
    kappa: float | None


def divergence(reported: Colour | None, computed: Colour | None) -> int | None:
    """Return order(computed) - order(reported): 2 is a watermelon, negative is pessimism.

    None where either is grey, blue or unknown. Source: docs/status.md, rule F14.
    """
    said, found = order(reported), order(computed)
    return None if said is None or found is None else found - said


def agreement(pairs: Mapping[str, tuple[Colour | None, Colour | None]]) -> Agreement:
    """Compare (reported, computed) by project. Source: docs/status.md, rule F14."""
    differences = {
        key: difference
        for key, (reported, computed) in pairs.items()
        if (difference := divergence(reported, computed)) is not None
    }
    count = len(differences)
    values = list(differences.values())
    return Agreement(
        scored=count,
        divergence=differences,
        watermelons=tuple(key for key, value in differences.items() if value == WATERMELON),
        optimistic_rate=sum(value > 0 for value in values) / count if count else None,
        pessimistic_rate=sum(value < 0 for value in values) / count if count else None,
        mean_bias=sum(values) / count if count else None,
        kappa=quadratic_kappa(pairs[key] for key in differences),
    )


def quadratic_kappa(pairs: Iterable[tuple[Colour | None, Colour | None]]) -> float | None:
    """Return Cohen's kappa with quadratic weights over the three ordered colours.

    1 - observed / expected disagreement, expected from the two margins.
    """
    orders = [
        (said, found)
        for reported, computed in pairs
        if (said := order(reported)) is not None and (found := order(computed)) is not None
    ]
    said_counts = [sum(said == rank for said, _ in orders) for rank in _ORDERS]
    found_counts = [sum(found == rank for _, found in orders) for rank in _ORDERS]
    # Both sums carry the same factor, so they stay whole numbers until the one division.
    observed = len(orders) * sum((said - found) ** 2 for said, found in orders)
    expected = sum(said_counts[a] * found_counts[b] * (a - b) ** 2 for a in _ORDERS for b in _ORDERS)
    return None if expected == 0 else 1 - observed / expected


def spells(flags: Sequence[bool]) -> list[tuple[int, int]]:
    """Return where each unbroken stretch begins and how many periods it lasts, of one flag a period."""
    found: list[tuple[int, int]] = []
    for at, flag in enumerate(flags):
        if not flag:
            continue
        if at and flags[at - 1]:
            began, lasted = found[-1]
            found[-1] = (began, lasted + 1)
        else:
            found.append((at, 1))
    return found


def bias(differences: Sequence[int], *, least: int) -> float | None:
    """Return the mean difference of a reporter, above 0 where they report rosier; None under `least` reports."""
    return sum(differences) / len(differences) if len(differences) >= max(least, 1) else None
