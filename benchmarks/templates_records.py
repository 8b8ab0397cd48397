"""Generated projects and RAID items, as messy as real ones: gaps, wrong values, old ones, repeated texts."""

import random
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any, Final

Case = tuple[dict[str, Any], dict[str, float | None], dict[str, Any]]  # record, ages, context
AS_OF: Final = date(2025, 6, 30)
_COLOURS: Final = ("GREEN", "GREEN", "GREEN", "AMBER", "AMBER", "RED")
_WORDS: Final = tuple(
    "payments module build continued and test environment was handed over to the vendor who starts "  # noqa: SIM905  longer as a list
    "integration of the interfaces with the data team next week after the review in May June July".split()
)


def reports(count: int, *, seed: int = 1) -> Iterator[Case]:
    """Yield the monthly reports of projects."""
    draw = random.Random(seed)  # noqa: S311  made-up records
    for _ in range(count):
        tier, stage = draw.choice((1, 2, 2, 3, 3)), draw.choice(("define", "deliver", "deliver", "close"))
        start = AS_OF - timedelta(draw.randrange(30, 700))
        finish = start + timedelta(draw.randrange(100, 1000))
        budget = draw.randrange(50, 5000) * 1000
        due = draw.randrange(6)
        said = _words(draw, 12)
        record: dict[str, Any] = {
            "period": "2025-06",
            "stage": stage,
            "tier": tier,
            "baseline_start": str(start),
            "baseline_finish": str(finish),
            "forecast_finish": str(finish + timedelta(draw.randrange(-20, 90))),
            "budget": budget,
            "actual_cost": round(budget * draw.random(), 2),
            "forecast_cost": round(budget * draw.uniform(0.9, 1.2), 2),
            "percent_complete": draw.randrange(101),
            "milestones_due": due,
            "milestones_met": draw.randrange(due + 1),
            **{
                f"rag_{name}": draw.choice(_COLOURS)
                for name in ("schedule", "cost", "scope", "risk", "benefit")
            },
            "rag_overall": draw.choice(_COLOURS),
            "override_reason": draw.choice(("", None, _words(draw, 10))),
            "path_to_green": draw.choice((None, _words(draw, 9))),
            "green_by": draw.choice((None, str(AS_OF + timedelta(draw.randrange(-10, 90))))),
            "variance_narrative": draw.choice((None, _words(draw, 3), _words(draw, 12))),
            "achievements": said,
            "next_period": _words(draw, draw.randrange(1, 9)),
            "decisions_needed": draw.choice((None, ["D-1"])),
        }
        known = (None, record["forecast_cost"], budget)
        _spoil(draw, record, ("soon", -1, None, 12.5, "x", "2025-13-01", True))
        ages: dict[str, float | None] = {
            name: draw.choice((None, 0.0, float(draw.randrange(90))))
            for name in ("forecast_finish", "actual_cost", "percent_complete")
        }
        context: dict[str, Any] = {
            "as_of": AS_OF,
            "tier": tier,
            "stage": stage,
            "period": "2025-06",
            "report": {"period": "2025-06"},
            "computed": {"overall": draw.choice((*_COLOURS, "GREY"))},
            "finance": {"eac": draw.choice(known)},
            "previous": draw.choice((None, {"achievements": said}, {"achievements": _words(draw, 12)})),
        }
        yield record, ages, context


def items(count: int, *, seed: int = 2) -> Iterator[Case]:
    """Yield RAID items."""
    draw = random.Random(seed)  # noqa: S311  made-up records
    for number in range(count):
        raised = AS_OF - timedelta(draw.randrange(-2, 400))
        probability, impact = draw.randrange(1, 6), draw.randrange(1, 6)
        record: dict[str, Any] = {
            "item_id": f"R-{number % 1000:03}",
            "kind": draw.choice(("risk", "risk", "risk", "assumption", "issue", "dependency")),
            "title": _words(draw, draw.randrange(1, 9)),
            "cause": draw.choice((None, _words(draw, 6))),
            "effect": draw.choice((None, _words(draw, 6))),
            "owner": draw.choice(("Ada", "Grace", "Linus", None)),
            "state": draw.choice(("open", "open", "responding", "closed", "occurred", "rejected")),
            "raised_on": str(raised),
            "reviewed_on": str(AS_OF - timedelta(draw.randrange(60))),
            "probability": probability,
            "impact": impact,
            "score": draw.choice((None, probability * impact)),
            "cost_impact": draw.choice((None, draw.randrange(10**6))),
            "days_impact": draw.choice((None, draw.randrange(90))),
            "proximity": draw.choice((None, str(AS_OF + timedelta(draw.randrange(200))))),
            "response": draw.choice(("avoid", "reduce", "accept", None)),
            "action": draw.choice((None, _words(draw, 5))),
            "action_due": draw.choice((None, str(AS_OF + timedelta(draw.randrange(-40, 60))))),
            "gives": draw.choice((None, "apollo")),
            "needed_by": draw.choice((None, str(AS_OF + timedelta(draw.randrange(100))))),
            "offered_by": draw.choice((None, str(AS_OF + timedelta(draw.randrange(100))))),
        }
        number_taken = record["item_id"]
        _spoil(draw, record, ("soon", 9, None, 2.5, "x", ["a"]))
        context: dict[str, Any] = {
            "as_of": AS_OF,
            "tier": draw.choice((1, 2, 3, None)),
            "stage": "deliver",
            "age_days": (AS_OF - raised).days,
            "score_changes": draw.choice((0, 0, 2)),
            "linked_issue": draw.choice((None, "I-007")),
            "similar_open_items": draw.choice((0, 0, 0, 1)),
            "taken": {"item_id": draw.choice(((), (number_taken,)))},
            "active_people": frozenset({"Ada", "Grace"}),
        }
        yield record, {"reviewed_on": draw.choice((None, float(draw.randrange(60))))}, context


def _words(draw: random.Random, count: int) -> str:
    return " ".join(draw.choice(_WORDS) for _ in range(count)).capitalize()


def _spoil(draw: random.Random, record: dict[str, Any], wrong: tuple[Any, ...]) -> None:
    """Put something wrong in place of a value or two of every third record, and leave some out."""
    for name in draw.sample([*record], 2) if draw.random() < 1 / 3 else ():
        record[name] = draw.choice(wrong)
    if draw.random() < 1 / 3:
        del record[draw.choice([*record])]
