"""Each published colour held to what became of the project: by who gave it, and by which policy."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from model.outcome import RATED, Outcome, OutcomeTerms
from model.status.calibration import Rated, calibration, chances, warned
from model.status.colour import Colour, counted, plain
from sync.outcomes.history import OVERALL, Published

By = Literal["reported", "reporter", "computed", "policy"]


@dataclass(frozen=True, slots=True)
class Case:
    """A month of a project, and what became of it after."""

    published: Published
    outcome: Outcome

    def ratings(self) -> Iterable[tuple[By, str | None, Colour]]:
        """Yield who gave which colour: the reporter, if the report was new, and the policy."""
        reported, computed = self.published.pairs[OVERALL]
        if reported in RATED and not self.published.stale:
            yield "reported", None, reported
            if self.published.reporter is not None:
                yield "reporter", self.published.reporter, reported
        if computed in RATED:
            yield "computed", None, computed
            yield "policy", self.published.policy, computed

    def to_json(self) -> dict[str, Any]:
        """Return the case as it is told."""
        reported, computed = self.published.pairs[OVERALL]
        return {
            "project": self.published.project,
            "as_of": plain(self.published.at.day),
            "reporter": self.published.reporter,
            "reported": None if reported is None else reported.value,
            "stale": self.published.stale,
            "computed": None if computed is None else computed.value,
            "policy": self.published.policy,
            "adverse": self.outcome.adverse,
            "on": plain(self.outcome.on),
            "because": self.outcome.because,
        }


def scored(cases: Sequence[Case], terms: OutcomeTerms) -> dict[str, Any]:
    """Score every rater's colours of the cases that are decided."""
    decided = [case for case in cases if case.outcome.adverse is not None]
    given: dict[tuple[By, str | None], dict[Colour, list[bool]]] = defaultdict(lambda: defaultdict(list))
    for case in decided:
        for by, name, colour in case.ratings():
            given[by, name][colour].append(bool(case.outcome.adverse))
    order = {"reported": 0, "computed": 1, "policy": 2, "reporter": 3}
    raters = sorted(given, key=lambda rater: (order[rater[0]], rater[1] or ""))
    return {
        "rule": "F15",
        "published": len(cases),
        "decided": len(decided),
        "adverse": sum(bool(case.outcome.adverse) for case in decided),
        "undecided": len(cases) - len(decided),
        "in_hindsight": sum(case.published.hindsight for case in decided),
        "raters": [_rater(by, name, given[by, name], terms) for by, name in raters],
    }


def _rater(
    by: By, name: str | None, given: Mapping[Colour, Sequence[bool]], terms: OutcomeTerms
) -> dict[str, Any]:
    implied = terms.chances.model_dump()
    ratings = [
        Rated(colour.value, len(given.get(colour, ())), sum(given.get(colour, ())), implied[colour.value])
        for colour in RATED
    ]
    count = sum(each.count for each in ratings)
    head: dict[str, Any] = {"by": by, "rater": name, "count": count}
    if by == "reporter" and count < terms.least_reports:
        says = f"{counted(count, 'report')} with an outcome, at least {terms.least_reports} are needed"
        return head | dict.fromkeys(_SCORES) | {"colours": [], "says": says}
    found = calibration(ratings)
    warnings = warned(ratings, {colour.value for colour in RATED if terms.warns(colour)})
    learnt = chances(ratings)
    return head | {
        "adverse": found.adverse,
        "base_rate": found.base_rate,
        "hit_rate": warnings.hit_rate,
        "false_alarm_rate": warnings.false_alarm_rate,
        "brier": found.brier,
        "brier_base": found.brier_base,
        "skill": found.skill,
        "auc": found.auc,
        "colours": [
            {
                "colour": each.rating,
                "count": each.count,
                "adverse": each.adverse,
                "chance": each.implied,
                "chance_by_history": learnt[each.rating],
            }
            for each in ratings
        ],
        "says": _says(found.skill, found.auc),
    }


_SCORES: Final = (
    "adverse",
    "base_rate",
    "hit_rate",
    "false_alarm_rate",
    "brier",
    "brier_base",
    "skill",
    "auc",
)


def _says(skill: float | None, auc: float | None) -> str:
    if skill is None or auc is None:
        return "all ended alike: nothing can be told of the colours yet"
    worth = "better than" if skill > 0 else "no better than"
    return f"{worth} always saying the base rate; ranks a bad end worse than a good one in {auc:.0%} of pairs"
