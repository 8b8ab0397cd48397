"""monthly-status 3.1.0 by hand."""

from collections.abc import Mapping
from typing import Any

from benchmarks.templates_plain import (
    BAD,
    Plain,
    Test,
    Three,
    before,
    both,
    colour,
    day,
    each,
    is_,
    names,
    not_,
    number,
    one_of,
    period,
    text,
    where,
)
from model.template.language import Document
from model.template.narrative import mentions_other_period, similarity


def _overridden(v: Mapping[str, Any]) -> Three:
    reported, computed = v["rag_overall"], v["computed"]["overall"]
    return both(None if reported is BAD else reported != computed, computed != "GREY")


def _varies(v: Mapping[str, Any]) -> Three:
    budget, forecast = v["budget"], v["forecast_cost"]
    if budget in (None, BAD):
        return None
    if not budget > 0:
        return False
    if forecast in (None, BAD):
        return None
    return bool(abs(float(forecast) - float(budget)) / float(budget) > 0.05)


def _c01(v: Mapping[str, Any]) -> Three:
    start, finish = v["baseline_start"], v["baseline_finish"]
    return True if start is None or finish is None else before(start, finish)


def _c02(v: Mapping[str, Any]) -> Three:
    met, due = v["milestones_met"], v["milestones_due"]
    return True if met is None or due is None else None if met is BAD or due is BAD else met <= due


def _c03(v: Mapping[str, Any]) -> Three:
    actual, forecast = v["actual_cost"], v["forecast_cost"]
    if actual is None or forecast is None:
        return True
    return None if actual is BAD or forecast is BAD else float(actual) <= float(forecast)


def _c04(v: Mapping[str, Any]) -> Three:
    colours = [v[f"rag_{name}"] for name in ("schedule", "cost", "scope", "risk", "benefit")]
    red = None if BAD in colours else "RED" in colours
    return not_(both(is_(v["rag_overall"], "GREEN"), red))


def _c05(v: Mapping[str, Any]) -> Three:
    ahead = before(v["as_of"], v["forecast_finish"])
    return not_(both(is_(v["percent_complete"], 100), is_(v["stage"], "deliver"), ahead))


def _c06(v: Mapping[str, Any]) -> Three:
    finish = v["forecast_finish"]
    if finish is None or is_(v["stage"], "close"):
        return True
    if finish is BAD:
        return None
    return True if finish >= v["as_of"] else None if v["stage"] is BAD else False


def _c07(v: Mapping[str, Any]) -> Three:
    previous, said = v["previous"], v["achievements"]
    if previous is None:
        return True
    before = previous.get("achievements")
    return similarity(said, before) < 0.8 if isinstance(said, str) and isinstance(before, str) else None


def _c08(v: Mapping[str, Any]) -> Three:
    said, period = v["achievements"], v["period"]
    known = isinstance(said, str) and isinstance(period, str)
    return not mentions_other_period(said, period) if known else None


def _c09(v: Mapping[str, Any]) -> Three:
    return True if v["green_by"] is None else before(v["as_of"], v["green_by"])


def _c10(v: Mapping[str, Any]) -> Three:
    forecast, eac = v["forecast_cost"], v["finance"]["eac"]
    if forecast is None or eac is None:
        return True
    return None if forecast is BAD else abs(float(forecast) - float(eac)) <= 0.01 * float(eac)


def monthly_status(document: Document) -> Plain:
    """Return monthly-status by hand."""
    delivered = where(["deliver", "close"])
    money, count = number(0, money=True), number(0, whole=True)
    tests: dict[str, Test] = {
        "period": period, "stage": one_of("define", "deliver", "close"), "tier": number(1, 3, whole=True),
        "baseline_start": day, "baseline_finish": day, "forecast_finish": day,
        "budget": money, "actual_cost": money, "forecast_cost": money, "percent_complete": number(0, 100),
        "milestones_due": count, "milestones_met": count,
        **{f"rag_{name}": colour for name in ("schedule", "cost", "scope", "risk", "benefit", "overall")},
        "override_reason": text(40), "path_to_green": text(40), "green_by": day, "variance_narrative": text(40),
        "achievements": text(20), "next_period": text(20), "decisions_needed": names,
    }  # fmt: skip
    always = ("period", "stage", "tier", "forecast_finish", "rag_schedule", "rag_scope", "rag_risk", "rag_overall",
              "achievements", "next_period")  # fmt: skip
    required = each(always, True) | {
        **each(("baseline_start", "baseline_finish", "milestones_due", "milestones_met"), delivered),
        **each(("budget", "forecast_cost", "rag_cost"), where(tiers=[1, 2])),
        **each(["actual_cost"], where(["deliver", "close"], [1, 2])),
        **each(["percent_complete"], where(["deliver"])),
        **each(["rag_benefit"], where(tiers=[1])),
        **each(["override_reason"], _overridden),
        **each(["path_to_green", "green_by"], lambda v: is_(v["rag_overall"], "AMBER", "RED")),
        **each(["variance_narrative"], _varies),
        **each(["decisions_needed"], lambda v: is_(v["rag_overall"], "RED")),
    }
    checks = {"C01": _c01, "C02": _c02, "C03": _c03, "C04": _c04, "C05": _c05, "C06": _c06, "C07": _c07, "C08": _c08,
              "C09": _c09, "C10": _c10}  # fmt: skip
    return Plain(document, tests, required, checks, computed=("period", lambda v: v["report"]["period"]))
