"""F17 as dates: when the remaining items will be done, by the weeks that were."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any, Final
from zlib import crc32

from model.policy import Limits
from model.status.colour import counted, facts
from model.status.throughput import FEW_WEEKS, MIN_WEEKS, Throughput, forecast
from sync.facts import ProjectFacts
from sync.facts_work import Work
from sync.measures.measure import Measure, unknown

RULE: Final = "F17"
RUNS: Final = 10_000
_SHOWN: Final = 12  # weeks whose rows a receipt lists
_DATES: Final = {"done_p50": 0.5, "done_p85": 0.85, "done_p95": 0.95}


def of_work(project: ProjectFacts, as_of: date, limits: Limits) -> Iterator[Measure]:  # noqa: ARG001  (one shape)
    """Yield items left, items a week, and the days by which all is done with a chance of 50, 85 and 95 %."""
    work = project.work
    dates: dict[str, str | None] = dict.fromkeys(_DATES, "date")
    if work is None:
        yield from unknown({"items_left": "items", "throughput": "items a week"} | dates, RULE, "no tracker")
        return
    history = work.history(as_of)
    records = _records(work, history)
    inputs: dict[str, Any] = facts(as_of=as_of, remaining=work.remaining, weekly=list(history.values()))
    inputs |= facts(first_week=min(history)) if history else {}
    inputs |= facts(unknown=work.unknown) if work.unknown else {}
    yield Measure("items_left", work.remaining, "items", RULE, inputs, (), records, _left(work))
    why = _too_little(history)
    ended = project.finished_on(as_of)
    if ended is not None:
        why = f"the project finished on {ended}, so that there is nothing to forecast"
    mean = sum(history.values()) / len(history) if history else None
    if mean is None:
        too_little = _too_little(history) or ""
        yield from unknown({"throughput": "items a week"}, RULE, too_little, **inputs)
    else:
        says = f"items done a week, over {counted(len(history), 'week')}"
        yield Measure("throughput", mean, "items a week", RULE, inputs, (), records, says)
    if work.unknown and ended is None:
        why = f"{counted(work.unknown, 'item')} of unknown state, so that nobody can say what is left"
    if why is not None:
        yield from unknown(dates, RULE, why, **inputs)
        return
    seed = crc32(f"{project.key} {as_of}".encode())
    found = forecast(list(history.values()), work.remaining, seed=seed, runs=RUNS)
    if found is None:
        yield from unknown(dates, RULE, "too little history", **inputs)
        return
    inputs |= facts(seed=found.seed, runs=RUNS if found.seed is not None else None)
    for name, share in _DATES.items():
        day, says = _by(found, share, as_of)
        yield Measure(name, day, "date", RULE, inputs, (), records, says)


def _left(work: Work) -> str:
    more = f", beside {counted(work.unknown, 'item')} of unknown state" if work.unknown else ""
    return f"{counted(work.remaining, 'item')} to do or in hand{more}"


def _too_little(history: dict[date, int]) -> str | None:
    if len(history) < MIN_WEEKS:
        return f"{counted(len(history), 'whole week')} of history, at least {MIN_WEEKS} are needed"
    if not any(history.values()):
        return f"nothing was done in the last {len(history)} weeks"
    return None


def _by(found: Throughput, share: float, as_of: date) -> tuple[date | None, str]:
    weeks = found.quantiles[share]
    if weeks is None:
        return (
            None,
            f"not within ten years with a chance of {100 * share:.0f} %, at {found.mean:.1f} items a week",
        )
    how = "computed exactly" if found.seed is None else f"simulated with the seed {found.seed}"
    few = f"; a guess, of fewer than {FEW_WEEKS} weeks" if found.few else ""
    says = f"all {found.remaining} done with a chance of {100 * share:.0f} %, in {counted(weeks, 'week')}, {how}{few}"
    return as_of + timedelta(days=7 * weeks), says


def _records(work: Work, history: dict[date, int]) -> tuple[dict[str, Any], ...]:
    """Return one item done in each of the last weeks, and one that is left."""
    weeks = [(monday, work.weeks[monday]) for monday in sorted(history) if monday in work.weeks]
    found = [
        _record(item, key, f"{key}: one of {counted(done, 'item')} done in the week of {monday}")
        for monday, (done, item, key) in weeks[-_SHOWN:]
    ]
    if work.left is not None:
        item, key = work.left
        found.append(_record(item, key, f"{key}: one of {counted(work.remaining, 'item')} left"))
    return tuple(found)


def _record(item: int, key: str, name: str) -> dict[str, Any]:
    return {"entity": "work_item", "id": item, "name": name, "locator": key}
