"""F17: when the remaining items will be done, by the weeks that were."""

import random
from bisect import bisect_left
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from math import ceil
from typing import Final

MIN_WEEKS: Final = 8  # of history, under which nothing is forecast
FEW_WEEKS: Final = 12  # of history, under which the forecast is told with a warning
QUANTILES: Final = (0.5, 0.7, 0.85, 0.95)
_HORIZON: Final = 520  # weeks: ten years on, nothing is forecast any more
_SURE: Final = 1 - 1e-9
_EXACT_WORK: Final = 50_000_000  # words added, above which weeks are drawn instead: some 50 ms
_WORD: Final = 30  # bits of a whole number that are added at a time


@dataclass(frozen=True, slots=True)
class Throughput:
    """Weeks until nothing remains.

    `cdf` is the chance of being done after so many weeks, by week; `quantiles` the first week by which that
    chance is reached, None where it is not within ten years. `few` says that there is little history.
    `seed` None: computed exactly.
    """

    weeks_of_history: int
    remaining: int
    mean: float
    cdf: Mapping[int, float]
    quantiles: Mapping[float, int | None]
    few: bool
    seed: int | None = None


def forecast(
    weekly: Sequence[int], remaining: int, *, seed: int = 0, runs: int = 10_000
) -> Throughput | None:
    """Draw past weeks with replacement until the remaining items are done; exactly where that is quick.

    Args:
        weekly: Items done in each past week, weeks of none included.
        remaining: Items still to be done.
        seed: Of the draws, where they are needed; the same seed gives the same forecast.
        runs: Draws.

    Returns:
        None where there is less than eight weeks of history, or nothing was done in them.

    Raises:
        ValueError: A count is negative.

    Source: docs/status.md, rule F17.
    """
    if remaining < 0 or any(done < 0 for done in weekly):
        raise ValueError("items are counted from 0 up")
    if len(weekly) < MIN_WEEKS or not any(weekly):
        return None
    mean = sum(weekly) / len(weekly)
    exactly = _work(weekly, remaining) <= _EXACT_WORK
    cdf = exact(weekly, remaining) if exactly else simulated(weekly, remaining, seed, runs)
    return Throughput(
        weeks_of_history=len(weekly),
        remaining=remaining,
        mean=mean,
        cdf=cdf,
        quantiles={share: _first(cdf, share) for share in QUANTILES},
        few=len(weekly) < FEW_WEEKS,
        seed=None if exactly else seed,
    )


def exact(weekly: Sequence[int], remaining: int) -> dict[int, float]:
    """Return the chance of being done by week, until it is all but sure.

    Ways to draw the weeks are counted as whole numbers, so that nothing is rounded before the last division.
    """
    if remaining == 0:
        return {0: 1.0}
    if not any(weekly):
        return dict.fromkeys(range(1, _HORIZON + 1), 0.0)
    weeks = _looked_at(weekly, remaining)
    while True:
        weeks = min(weeks, _HORIZON)
        cdf = _within(weekly, remaining, weeks)
        if weeks == _HORIZON or cdf[max(cdf)] >= _SURE:
            return cdf
        weeks *= 2


def _looked_at(weekly: Sequence[int], remaining: int) -> int:
    """Return a number of weeks within which all is very likely done."""
    return min(_HORIZON, 2 * ceil(remaining * len(weekly) / sum(weekly)) + 16)


def _work(weekly: Sequence[int], remaining: int) -> int:
    """Return about how many words `exact` adds."""
    weeks = _looked_at(weekly, remaining)
    words = remaining * int(len(weekly) ** weeks).bit_length() // _WORD
    return weeks * len(set(weekly)) * words


def _within(weekly: Sequence[int], remaining: int, weeks: int) -> dict[int, float]:
    """Return the chance of being done by week, of so many weeks at most.

    A number holds, in slots of so many bits, in how many ways each count of items below `remaining` is done;
    with the ways of one week it becomes that of a week more. What overflows `remaining` is done.
    """
    slot = (len(weekly) ** weeks).bit_length() + 1
    one_week = [(slot * done, count) for done, count in Counter(weekly).items() if done < remaining]
    kept, ones = (1 << (slot * remaining)) - 1, (1 << slot) - 1
    ways, left = 1, 1
    cdf: dict[int, float] = {}
    for week in range(1, weeks + 1):
        left = sum(left * count << moved for moved, count in one_week) & kept
        ways *= len(weekly)
        cdf[week] = (ways - left % ones) / ways  # modulo adds up the slots
        if cdf[week] >= _SURE:
            break
    return cdf


def simulated(weekly: Sequence[int], remaining: int, seed: int, runs: int) -> dict[int, float]:
    """Return the chance of being done by week, as drawn `runs` times."""
    drawn = random.Random(seed)  # noqa: S311 - weeks are drawn, not secrets
    ended: Counter[int] = Counter()
    if remaining <= _HORIZON * max(weekly):  # else no draw can end in time
        at_once = ceil(_looked_at(weekly, remaining) / 2)  # about as many weeks as it takes, in one go
        ended.update(_one_run(drawn, weekly, remaining, at_once) for _ in range(runs))
        del ended[_HORIZON + 1]
    cdf: dict[int, float] = {}
    reached = 0
    for week in range(min(ended, default=0), max(ended, default=-1) + 1):
        reached += ended[week]
        cdf[week] = reached / runs
    return cdf


def _one_run(drawn: random.Random, weekly: Sequence[int], remaining: int, at_once: int) -> int:
    """Draw weeks until nothing remains; return how many, one past the horizon where it was not enough."""
    done, week = 0, 0
    while week < _HORIZON:
        sums = list(accumulate(drawn.choices(weekly, k=at_once), initial=done))
        if sums[-1] >= remaining:
            return min(week + bisect_left(sums, remaining), _HORIZON + 1)
        done, week = sums[-1], week + at_once
    return _HORIZON + 1


def _first(cdf: Mapping[int, float], share: float) -> int | None:
    return next((week for week, chance in cdf.items() if chance >= share), None)
