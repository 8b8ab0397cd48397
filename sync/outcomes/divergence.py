"""Reported against computed, month by month: how many watermelons, how long they last, who reports rosier."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any, Final

from model.outcome import OutcomeTerms
from model.status.colour import counted
from model.status.watermelon import RULE, WATERMELON, agreement, bias, divergence, spells
from sync.outcomes.history import OVERALL, REPORTED, Published

DIMENSIONS: Final = (OVERALL, *REPORTED)


def watermelons(published: Sequence[Published], terms: OutcomeTerms) -> dict[str, Any]:
    """Say for each dimension and month how reports differ from what is computed, and by whom."""
    months = _months(published)
    by_period: dict[str, list[Published]] = defaultdict(list)
    for each in published:
        by_period[each.period].append(each)
    return {
        "rule": RULE,
        "periods": [
            _period(name, month, by_period[month], by_period.get(before or "", []))
            for name in DIMENSIONS
            for before, month in zip([None, *months], months, strict=False)
        ],
        "spells": _spells(published, months),
        "reporters": reporters(published, terms),
    }


def _months(published: Sequence[Published]) -> list[str]:
    """Return every month from the first to the last, those without a snapshot too."""
    known = sorted({each.period for each in published})
    if not known:
        return []
    (year, month), (last_year, last_month) = (
        (int(part) for part in each.split("-")) for each in (known[0], known[-1])
    )
    numbers = range(12 * year + month - 1, 12 * last_year + last_month)
    return [f"{number // 12:04d}-{number % 12 + 1:02d}" for number in numbers]


def _period(name: str, month: str, found: Sequence[Published], before: Sequence[Published]) -> dict[str, Any]:
    pairs = {each.project: each.pairs[name] for each in found}
    agreed = agreement(pairs)
    earlier = {each.project for each in before if divergence(*each.pairs[name]) == WATERMELON}
    named = sorted(agreed.watermelons)
    return {
        "dimension": name,
        "period": month,
        "projects": len(found),
        "scored": agreed.scored,
        "watermelons": len(named),
        "share": len(named) / agreed.scored if agreed.scored else None,
        "persisting": sum(each in earlier for each in named),
        "optimistic": agreed.optimistic_rate,
        "pessimistic": agreed.pessimistic_rate,
        "bias": agreed.mean_bias,
        "kappa": agreed.kappa,
        "stale_reports": sum(each.stale and pairs[each.project][0] is not None for each in found),
        "watermelon_projects": named,
    }


def _spells(published: Sequence[Published], months: Sequence[str]) -> list[dict[str, Any]]:
    """Return each unbroken stretch of months as a watermelon; the longest first."""
    at = {month: number for number, month in enumerate(months)}
    flags: dict[tuple[str, str], list[bool]] = defaultdict(lambda: [False] * len(months))
    for each in published:
        for name, pair in each.pairs.items():
            if divergence(*pair) == WATERMELON:
                flags[each.project, name][at[each.period]] = True
    found = [
        {
            "project": project,
            "dimension": name,
            "first": months[began],
            "last": months[began + lasted - 1],
            "periods": lasted,
            "standing": began + lasted == len(months),
        }
        for (project, name), months_so in sorted(flags.items())
        for began, lasted in spells(months_so)
    ]
    return sorted(found, key=lambda each: -int(str(each["periods"])))


def reporters(published: Sequence[Published], terms: OutcomeTerms) -> list[dict[str, Any]]:
    """Say by how many colours each person reports rosier than computed; an old report counts no second time."""
    told: dict[str, list[tuple[str, int]]] = defaultdict(list)
    for each in published:
        apart = divergence(*each.pairs[OVERALL])
        if each.reporter is not None and apart is not None and not each.stale:
            told[each.reporter].append((each.project, apart))
    return [_reporter(name, reports, terms) for name, reports in sorted(told.items())]


def _reporter(name: str, reports: Sequence[tuple[str, int]], terms: OutcomeTerms) -> dict[str, Any]:
    found = bias([apart for _, apart in reports], least=terms.least_reports)
    if found is None:
        says = f"{counted(len(reports), 'report')}, at least {terms.least_reports} are needed"
    elif not found:
        says = f"as computed, on average over {counted(len(reports), 'report')}"
    else:
        way = "rosier" if found > 0 else "gloomier"
        says = f"{abs(found):.2f} colours {way} than computed, over {counted(len(reports), 'report')}"
    return {
        "reporter": name,
        "projects": sorted({project for project, _ in reports}),
        "reports": len(reports),
        "bias": found,
        "watermelons": sum(apart == WATERMELON for _, apart in reports),
        "says": says,
    }
