"""Compose: one project's entry of the status document, and the receipt of every number in it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

from model.policy import Limits, Policy
from model.status.colour import Colour, Reason, plain
from model.status.hysteresis import Held, held_reason, hold
from model.status.milestones import next_milestone
from model.status.overall import Overall, overall
from model.status.watermelon import WATERMELON, divergence
from sync import precedence
from sync.belonging import belongs_to
from sync.dimension import Dimension
from sync.dimensions import milestone_facts
from sync.facts import Facts, ProjectFacts
from sync.measures import measures, receipts_of
from sync.measures.behaviour import of_behaviour
from sync.policy.place import holding_of
from sync.report_age import is_to_come, report_of
from sync.sight import flags_of, told_of

_ORDERED: Final = (Colour.GREEN, Colour.AMBER, Colour.RED)


@dataclass(frozen=True, slots=True)
class Quality:
    """The data quality of a project: a score of 0 to 100 over its templates; None where none applied.

    `parts` has for each template its version, score, grade, dimensions and number of records. `because` says why
    no template applied.
    """

    score: float | None = None
    grade: str | None = None
    parts: Mapping[str, Any] = field(default_factory=dict)
    because: str | None = None


@dataclass(frozen=True, slots=True)
class Status:
    """What a snapshot stores."""

    overall: str
    health: float | None
    reported: str | None
    watermelon: int | None
    document: dict[str, Any]
    receipt: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Shown:
    """A dimension as it is shown after hysteresis."""

    dimension: Dimension
    held: Held
    reasons: tuple[Reason, ...]


def shown(project: ProjectFacts, found: Mapping[str, Dimension], limits: Limits) -> dict[str, Shown]:
    """Hold better colours back until they were computed often enough in a row."""
    before = project.earlier[0].held if project.earlier else {}
    result = {}
    for name, dimension in found.items():
        last = Held.from_json(before[name]) if name in before else None
        held = hold(last, dimension.computed.colour, needed=limits.hysteresis)
        why = held_reason(held, dimension.computed.colour, needed=limits.hysteresis)
        reasons = dimension.computed.reasons
        result[name] = Shown(dimension, held, reasons if why is None else (why, *reasons))
    return result


def joined(
    project: ProjectFacts,
    dims: Mapping[str, Shown],
    quality: float | None,
    facts: Facts,
    limits: Limits,
    *,
    unmeasured: str | None = None,
) -> Overall:
    """Join the shown dimensions to the overall colour."""
    return overall(
        {name: each.held.shown for name, each in dims.items()},
        data_quality=quality,
        limits=limits,
        finished_on=project.finished_on(facts.as_of),
        unmeasured=unmeasured,
    )


def compose(
    project: ProjectFacts, dims: Mapping[str, Shown], quality: Quality, facts: Facts, policy: Policy
) -> Status:
    """Write the document and the receipt of one project."""
    held_to = holding_of(policy, project, facts.as_of)
    limits = held_to.limits
    belongs = belongs_to(project)
    whole = joined(project, dims, quality.score, facts, limits, unmeasured=quality.because)
    reported = project.value("rag_overall")
    apart = divergence(None if reported is None else Colour(reported), whole.colour)
    health = None if whole.health is None else round(whole.health, 2)
    upcoming = next_milestone(milestone_facts(project), facts.as_of)
    measured = measures(project, facts.as_of, limits)
    measured |= {
        each.name: each
        for each in of_behaviour(project, facts.as_of, limits, computed=whole.colour, reported=reported)
    }
    document: dict[str, Any] = {
        "key": project.key,
        "name": project.value("name") or project.name,
        "programme": belongs[0].name if belongs else None,
        "programmes": [each.to_json() for each in belongs],
        **{name: project.value(name) for name in ("tier", "stage", "manager", "sponsor")},
        "overall": whole.colour.value,
        "health": health,
        "reported": reported,
        "watermelon": apart,
        "overall_reasons": [reason.to_json() for reason in whole.reasons],
        "dimensions": {name: _dimension(each) for name, each in dims.items()},
        "data_quality": _quality(quality),
        "next_milestone": None
        if upcoming is None
        else {
            "name": upcoming.name,
            "forecast": plain(upcoming.forecast),
            "baseline": plain(upcoming.baseline),
            "critical": upcoming.critical,
        },
        "sources": _sources(project, facts),
        "figures": _figures(project),
        "measures": {name: each.to_json() for name, each in measured.items()},
        "report": report_of(project, facts.as_of),
        "conflicts": _conflicts(project),
        "trend": _trend(project, facts.as_of, whole.colour.value, health),
        "watermelon_since": _since(project, facts.as_of, apart),
        "flags": [
            *_flags(project, dims, facts, apart),
            *(["contract_renewal"] if measured["contract_renewal"].value else []),
            *(["baseline_apart"] if measured["baseline_apart"].value else []),
            *measured["behaviour"].value,
        ],
        **told_of(project.sight),
    }
    receipt = {
        "attributes": _attributes(project),
        "colours": _colours(project, dims, whole, quality, policy, reported, apart),
        "measures": receipts_of(measured, policy.label, project.values),
        "held": {name: each.held.to_json() for name, each in dims.items()},
        "policy": held_to.to_json(),
    }
    return Status(whole.colour.value, health, reported, apart, document, receipt)


def _dimension(each: Shown) -> dict[str, Any]:
    return {
        "colour": each.held.shown.value,
        "computed": each.dimension.computed.colour.value,
        "reasons": [reason.to_json() for reason in each.reasons],
    }


def _quality(quality: Quality) -> dict[str, Any]:
    score = None if quality.score is None else round(quality.score, 2)
    found = {"score": score, "grade": quality.grade, "templates": dict(quality.parts)}
    return found | ({"because": quality.because} if quality.because else {})


_FIGURES: Final = (
    "baseline_start", "baseline_finish", "forecast_finish", "actual_finish", "budget", "actual_cost",
    "forecast_cost", "contingency", "percent_complete",
)  # fmt: skip


def _figures(project: ProjectFacts) -> dict[str, Any]:
    found = {name: precedence.plain(project.value(name)) for name in _FIGURES}
    return found | {"currency": project.unit("budget") or project.unit("forecast_cost")}


def _sources(project: ProjectFacts, facts: Facts) -> list[dict[str, Any]]:
    found = [facts.sources[each] for each in project.sources if each in facts.sources]
    ordered = sorted(found, key=lambda each: (each.position, each.name))
    # When each was last read stands beside the document (`sync.synced`): to be read again is no news of a project.
    return [{"name": each.name} | ({"overdue": True} if each.overdue else {}) for each in ordered]


def _conflicts(project: ProjectFacts) -> list[dict[str, Any]]:
    return [
        {
            "attribute": name,
            "value": precedence.plain(found.value),
            "source": found.winner.source,
            "because": found.because,
            "others": [
                {"source": claim.source, "value": precedence.plain(claim.value), "locator": claim.locator}
                for claim in found.conflicting
            ],
        }
        for name, found in sorted(project.values.items())
        if found.conflicting
    ]


def _trend(project: ProjectFacts, as_of: date, colour: str, health: float | None) -> list[dict[str, Any]]:
    """The last twelve snapshots with this one, oldest first."""
    earlier = [(each.as_of, each.overall, each.health) for each in reversed(project.earlier)]
    return [
        {"as_of": plain(day), "overall": shown_then, "health": then}
        for day, shown_then, then in (*earlier, (as_of, colour, health))
    ]


def _since(project: ProjectFacts, as_of: date, apart: int | None) -> str | None:
    """Return the day from which it has been a watermelon in every snapshot since; None if it is none."""
    if apart != WATERMELON:
        return None
    since = as_of
    for each in project.earlier:
        if each.watermelon != WATERMELON:
            break
        since = each.as_of
    return since.isoformat()


def _flags(project: ProjectFacts, dims: Mapping[str, Shown], facts: Facts, apart: int | None) -> list[str]:
    flags = [flag for each in dims.values() for flag in each.dimension.flags]
    if apart == WATERMELON:
        flags.append("watermelon")
    if report_of(project, facts.as_of)["stale"]:
        flags.append("stale_report")
    if is_to_come(project, facts.as_of):
        flags.append("report_to_come")
    # What a person or a rule settled stays to be seen, but asks for nothing more.
    if any(each.conflicting and each.settled_by == "precedence" for each in project.values.values()):
        flags.append("conflict")
    late = any(facts.sources[each].overdue for each in project.sources if each in facts.sources)
    return [*flags, *flags_of(project.sight, stale=late)]


def _attributes(project: ProjectFacts) -> dict[str, Any]:
    return {
        name: {
            "value": precedence.plain(found.value),
            "unit": found.winner.unit,
            "claims": [claim.id for claim in found.claims],
            "because": found.because,
        }
        for name, found in sorted(project.values.items())
    }


def _colours(
    project: ProjectFacts,
    dims: Mapping[str, Shown],
    whole: Overall,
    quality: Quality,
    policy: Policy,
    reported: str | None,
    apart: int | None,
) -> dict[str, Any]:
    def entry(value: Any, rule: str, inputs: Mapping[str, Any], names: Any = (), records: Any = ()) -> Any:
        said = {"id": rule, "policy": policy.label, "inputs": dict(inputs)}
        return {"value": value, "rule": said, "from": list(names), "records": list(records)}

    def rules_of(each: Shown) -> list[dict[str, Any]]:
        return [
            {
                **rule,
                "policy": policy.label,
                "from": [name for name in rule["from"] if name in project.values],
            }
            for rule in each.dimension.rules
        ]

    found = {
        name: entry(
            each.held.shown.value,
            each.dimension.rule,
            each.dimension.inputs,
            [attribute for attribute in each.dimension.attributes if attribute in project.values],
            each.dimension.records,
        )
        | {"rules": rules_of(each)}
        for name, each in dims.items()
    }
    telling = [name for name, each in dims.items() if each.held.shown in (Colour.RED, Colour.AMBER)]
    asked = telling or [name for name, each in dims.items() if each.held.shown is not Colour.GREY]
    asked.sort(
        key=lambda name: -_ORDERED.index(dims[name].held.shown) if dims[name].held.shown in _ORDERED else 0
    )
    names = list(dict.fromkeys(attribute for name in asked for attribute in found[name]["from"]))
    records = [record for name in asked for record in found[name]["records"]]
    reason = whole.reasons[0]
    health = None if whole.health is None else round(whole.health, 2)
    scored: dict[str, Any] = {"templates": {name: part["score"] for name, part in quality.parts.items()}}
    if quality.because:
        scored |= {"because": quality.because, "tier": project.value("tier"), "stage": project.value("stage")}
    return found | {
        "overall": entry(whole.colour.value, reason.rule, whole.inputs, names, records),
        "health": entry(health, reason.rule, whole.inputs, names, records),
        "data_quality": entry(
            None if quality.score is None else round(quality.score, 2), "F12", scored
        ),
        "watermelon": entry(
            apart, "F14", {"reported": reported, "computed": whole.colour.value},
            [name for name in ("rag_overall",) if name in project.values],
        ),
    }  # fmt: skip
