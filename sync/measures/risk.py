"""F6 and F7 as numbers: what the open risks may cost, what covers it, and the issues that wait."""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any, Final

from model.policy import Limits
from model.status.colour import counted, facts
from model.status.issues import RULE as F6
from model.status.risk import Risk
from model.status.risk_exposure import RULE as F7
from sync.dimension import RECORDS
from sync.dimension_risk import Raid, issue_records, judged, risk_records
from sync.facts import ProjectFacts
from sync.measures.measure import Measure, unknown

_COST: Final = ("risk_emv", "risk_cover")
_OTHERS: Final = {"risk_delay": "days", "risks_unowned": "risks", "risks_overdue": "risks"}
_ISSUES: Final = {"issues_open": "issues", "issues_overdue": "issues", "issue_age": "days"}


def of_risks(project: ProjectFacts, as_of: date, limits: Limits) -> Iterator[Measure]:
    """Yield the exposure by the risks, and how long the issues have waited."""
    found = judged(project, as_of, limits)
    yield from _exposure(project, found)
    if not found.open_issues.inputs.get("issues"):
        yield from unknown(_ISSUES, F6, "no issue is on record")
        return
    log = found.open_issues
    rows = tuple(issue_records(found)[:RECORDS])
    inputs = facts(
        as_of=as_of, issues=log.inputs["issues"], open=log.open, overdue=[days for _, days in log.overdue]
    )
    yield Measure(
        "issues_open", log.open, "issues", F6, inputs, (), rows, f"{counted(log.open, 'issue')} open"
    )
    says = (
        f"{log.overdue[0][0].name} by {counted(log.overdue[0][1], 'day')}"
        if log.overdue
        else "none is overdue"
    )
    yield Measure("issues_overdue", len(log.overdue), "issues", F6, inputs, (), rows, says)
    age = log.median_age_days
    said = "no open issue says when it was raised" if age is None else "half of the open issues are older"
    yield Measure("issue_age", age, "days", F6, inputs, (), rows, said)


def _exposure(project: ProjectFacts, found: Raid) -> Iterator[Measure]:
    currency = project.unit("contingency") or _currency(project, found)
    units = {"risk_emv": currency, "risk_cover": "ratio", **_OTHERS}
    if not found.risks:
        yield from unknown(units, F7, "no risk is on record")
        return
    exposure = found.exposure
    records = tuple(risk_records(found)[:RECORDS])
    priced = [
        facts(chance=item.chance, probability=item.probability, cost=item.cost_impact, days=item.days_impact)
        for item in found.risks if item.is_open and (item.cost_impact is not None or item.days_impact is not None)
    ]  # fmt: skip
    inputs = facts(
        risks=len(found.risks), open=len(exposure.rated), priced=priced, contingency=project.value("contingency"),
        unowned=len(exposure.unowned), overdue=len(exposure.overdue),
    )  # fmt: skip
    wrong = "; ".join(each.text for each in exposure.wrong)
    values: dict[str, tuple[Any, str]] = {
        "risk_emv": (
            exposure.emv,
            "expected cost of the open risks"
            if exposure.emv is not None else found.mixed or _unpriced(exposure, wrong),
        ),
        "risk_cover": (
            exposure.cover,
            "of the expected cost covered by the contingency"
            if exposure.cover is not None else found.mixed or _uncovered(exposure, wrong),
        ),
        "risk_delay": (
            exposure.expected_delay_days,
            "expected delay by the open risks, ignoring float"
            if exposure.expected_delay_days is not None else
            wrong or "the open risks do not all say both how likely they are and how long they would delay",
        ),
        "risks_unowned": (len(exposure.unowned), f"of {counted(len(exposure.rated), 'open risk')} without an owner"),
        "risks_overdue": (len(exposure.overdue), "with a response that is overdue"),
    }  # fmt: skip
    for name, (value, says) in values.items():
        names = ("contingency",) if name == "risk_cover" else ()
        yield Measure(name, value, units[name], F7, inputs, names, records, says)


def _unpriced(exposure: Risk, wrong: str) -> str:
    """Say why no expected cost is known, and what it is at least."""
    if not exposure.unpriced:
        return "no open risk says both how likely it is and what it would cost"
    why = wrong or f"{counted(len(exposure.unpriced), 'open risk')} with a cost and without a chance"
    rest = exposure.emv_at_least
    return why if rest is None else f"{why}; the others come to {rest:,.2f}"


def _uncovered(exposure: Risk, wrong: str) -> str:
    if not exposure.unpriced:
        return "without contingency or expected cost there is no cover"
    most = exposure.cover_at_most
    known = "" if most is None else f"; it is {most:.2f} at most"
    return _unpriced(exposure, wrong) + known


def _currency(project: ProjectFacts, found: Raid) -> str | None:
    """Return the one currency of the risks' costs, the portfolio's where they name none; None of several."""
    given = {
        item.ref["currency"] or project.currency
        for item in found.risks
        if item.cost_impact and isinstance(item.ref, Mapping)
    }
    return given.pop() if len(given) == 1 else None
