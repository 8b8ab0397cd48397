"""What a snapshot of a made-up project holds: its colours, its document and its receipt."""

from datetime import date, datetime, timedelta
from typing import Any, Protocol

from sandbox.story import WEEKS, DemoProject

POLICY = "default@1.0.0"
SLIPS = ("GREEN", "AMBER", "RED")
Claimed = tuple[Any, str | None, list[int]]  # value, unit, claim ids


class Clock(Protocol):
    """The day asked about, and when it was known."""

    as_of: date
    known_at: datetime


def _overdue(project: DemoProject, week: int) -> bool:
    return project.overdue_milestone is not None and week > WEEKS - 4


def colours_of(project: DemoProject, week: int) -> dict[str, str]:
    slip, cost = project.slip[week], project.cost_pct[week]
    planned = project.finish - project.start
    late = 100 * slip / planned
    critical = _overdue(project, week)
    return {
        "schedule": "RED"
        if critical or late > 10 or slip > 30
        else "AMBER"
        if late > 5 or slip > 14
        else "GREEN",
        "cost": "GREY"
        if project.budget is None
        else "RED"
        if cost > 10
        else "AMBER"
        if cost > 5
        else "GREEN",
        "scope": "RED" if project.uncontrolled_points_pct > 10 else "GREEN",
        "risk": "RED" if project.unowned_critical_risk else "AMBER" if project.tier == 1 else "GREEN",
    }


def overall_of(colours: dict[str, str]) -> tuple[str, float | None]:
    weights = {"schedule": 30, "cost": 25, "scope": 15, "risk": 15}
    penalty = {"GREEN": 0, "AMBER": 50, "RED": 100}
    scored = {name: colour for name, colour in colours.items() if colour != "GREY"}
    total = sum(weights[name] for name in scored)
    health = 100 - sum(weights[name] * penalty[colour] for name, colour in scored.items()) / total
    reds = sum(colour == "RED" for colour in scored.values())
    if "RED" in (colours["schedule"], colours["cost"]) or reds > 1 or health < 50:
        return "RED", health
    return ("AMBER" if reds or health < 80 else "GREEN"), health


def reported_by(project: DemoProject, week: int) -> str | None:
    said = [colour for colour in project.reported[: week + 1] if colour]
    return said[-1] if said else None


def document_of(done: Clock, project: DemoProject, week: int, colours: dict[str, str]) -> dict[str, Any]:
    baseline = done.as_of + timedelta(days=project.finish)
    slip = project.slip[week]
    cost = project.cost_pct[week]
    share = round(100 * slip / (project.finish - project.start), 4)
    texts: dict[str, list[tuple[str, str, dict[str, Any]]]] = {
        "schedule": [("F1", f"{slip} days late, {share:.1f} % of the plan", {"slip_days": slip, "slip_pct": share})],
        "cost": [
            ("F4", "no approved budget", {"budget": None})
            if project.budget is None
            else (
                "F4",
                f"forecast {abs(cost):.1f} % {'over' if cost > 0 else 'under'} the budget",
                {"budget": str(project.budget), "variance_pct": cost},
            )
        ],
        "scope": [
            ("F9", f"{project.uncontrolled_points_pct} % of the baseline added without an approved change",
             {"uncontrolled_pct": project.uncontrolled_points_pct})
        ],
        "risk": [("F7",
                  "critical risk R-001 has no owner" if project.unowned_critical_risk else "6 open risks, none high",
                  {"critical_unowned": int(project.unowned_critical_risk), "cover": 0.94})],
    }  # fmt: skip
    if _overdue(project, week):
        texts["schedule"].append(
            ("F5", "critical milestone Cut-over is 21 days overdue", {"overdue_days": 21})
        )
    stale = project.reported[week] is None
    score = 66.2 if stale else 96.4 - 3.1 * (len(project.key) % 4)
    grade = "D" if score < 70 else "C" if score < 85 else "B" if score < 95 else "A"
    upcoming = baseline - timedelta(days=round((project.finish - project.start) * 0.08))
    missing = {
        name: {"colour": "GREY", "computed": "GREY", "reasons": [{"rule": rule, "text": words, "inputs": {}}]}
        for name, rule, words in (
            ("benefit", "F8", "no benefit target"),
            ("resource", "F10", "nobody says who holds the key roles"),
        )
    }
    past = [overall_of(colours_of(project, each)) for each in range(week + 1)]
    trend = [
        {
            "as_of": (done.as_of - timedelta(days=7 * (WEEKS - 1 - each))).isoformat(),
            "overall": found,
            "health": health,
        }
        for each, (found, health) in enumerate(past)
    ]
    last = past[-1][1]
    overall_text = (
        f"nothing red or amber, health {last:.1f}" if last else "the data quality has not been measured"
    )
    names = ["pmo-files", *dict.fromkeys(tracked.source for tracked in project.tracked)]
    return {
        "key": project.key, "name": project.name, "programme": project.programme, "tier": project.tier,
        "stage": project.stage,
        "dimensions": {
            name: {"colour": colour, "computed": colour, "reasons": [
                {"rule": rule, "text": words, "inputs": inputs} for rule, words, inputs in texts[name]]}
            for name, colour in colours.items()
        } | missing,
        "overall_reasons": [{"rule": "F13", "text": overall_text, "inputs": {}}],
        "trend": trend,
        "report": {"reported_on": None, "age_days": 56 if stale else 6, "stale": stale},
        "figures": {"budget": project.budget, "currency": "GBP"}, "conflicts": [], "flags": [],
        "watermelon_since": None,
        "data_quality": {"score": score, "grade": grade},
        "next_milestone": None if project.finish < 0 else {
            "name": "Cut-over", "forecast": (upcoming + timedelta(days=slip)).isoformat(),
            "baseline": upcoming.isoformat(),
        },
        "sources": [
            {"name": name, "synced_at": (done.known_at - timedelta(minutes=3)).strftime("%Y-%m-%dT%H:%M:%SZ")}
            for name in names
        ],
    }  # fmt: skip


def receipt_of(document: dict[str, Any], claims: dict[str, Claimed], row: int) -> dict[str, Any]:
    because = "precedence: pmo-files before jira-cloud"
    from_ = {
        "schedule": ["baseline_start", "baseline_finish", "forecast_finish"],
        "cost": ["budget", "forecast_cost"],
    }
    records = {
        "schedule": [
            {"entity": "milestone", "id": row, "name": "Cut-over", "locator": "plan.xlsx!Milestones!B5"}
        ],
        "risk": [{"entity": "raid_item", "id": row, "name": "R-001", "locator": "raid.xlsx!RAID!A2"}],
    }
    colours = {
        name: {
            "value": found["colour"],
            "rule": {
                "id": found["reasons"][0]["rule"],
                "policy": POLICY,
                "inputs": found["reasons"][0]["inputs"],
            },
            "from": [attribute for attribute in from_.get(name, []) if attribute in claims],
            "records": records.get(name, []),
        }
        for name, found in document["dimensions"].items()
    }
    colours["overall"] = {
        "value": document["overall"],
        "rule": {"id": "F13", "policy": POLICY, "inputs": {"health": document["health"]}},
        "from": [], "records": [],
    }  # fmt: skip
    return {
        "attributes": {
            name: {"value": value, "unit": unit, "claims": ids, "because": because}
            for name, (value, unit, ids) in claims.items()
        },
        "colours": colours,
    }
