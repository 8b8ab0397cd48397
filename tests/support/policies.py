"""A short history of three projects to hold policies to: one slips, one slipped once, one is on time."""

from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

from sqlalchemy import Engine

from config import shipped
from sync.consolidate import consolidate
from tests.support.rows import Rows

START: Final = datetime(2025, 11, 3, 2, 0, tzinfo=UTC)  # long past: the API goes by the clock on the wall
WEEK: Final = timedelta(days=7)
WEEKS: Final = 5
FINISH: Final = date(2025, 12, 18)
LAST: Final = START + (WEEKS - 1) * WEEK
TODAY: Final = LAST.date()
SLIPS: Final = (0, 10, 20, 31, 45)  # days late in each week: red by the shipped policy in the fourth
STRICT: Final = (("amber_days: 14, red_days: 30", "amber_days: 5, red_days: 15"),)


def written(*changes: tuple[str, str], version: str = "1.1.0", begins: date = TODAY, more: str = "") -> str:
    """Return the shipped policy with some of its text changed, as another version."""
    text = shipped.text("policies", "default")
    for old, new in (("1.0.0", version), ("2000-01-01", begins.isoformat()), *changes):
        assert old in text
        text = text.replace(old, new, 1)
    return text + more


def tolerance(key: str, limits: str, because: str = "agreed by the board") -> str:
    """Return a tolerance of one project, as a policy's text ends with it."""
    return f"tolerances:\n  - {{project: {key}, because: {because}, limits: {limits}}}\n"


def row(name: str, tier: int, **values: Any) -> dict[str, Any]:
    """Return a register row of a project on time and within its budget."""
    return {
        "name": name, "programme": "Space", "tier": tier, "stage": "deliver", "manager": "Maya", "sponsor": "Owen",
        "baseline_start": "2025-01-05", "baseline_finish": FINISH.isoformat(),
        "forecast_finish": FINISH.isoformat(), "budget": "1000000", "actual_cost": "400000",
        "forecast_cost": "1000000", "percent_complete": 60, "baseline_points": 400, "added_points_approved": 0,
        "added_points_unapproved": 0, "removed_points": 0, "rag_schedule": "GREEN", "rag_cost": "GREEN",
        "rag_scope": "GREEN", "rag_risk": "GREEN", "rag_benefit": "GREEN", "rag_overall": "GREEN",
        "achievements": f"The service of {name} was moved to the new platform and handed over to support.",
        "next_period": f"Finish the end-to-end test of {name} with all interfaces.",
        "reported_on": START.date().isoformat(),
    } | values  # fmt: skip


def history(engine: Engine) -> Rows:
    """Fill a database: five weeks, each consolidated on its day."""
    rows = Rows(engine)
    rows.source("pmo-files", "excel", at=START)
    slips = rows.register("pmo-files", "SLIPS", row=8, **row("Slipping", 1))
    once = rows.register("pmo-files", "ONCE", row=9, **row("Once late", 2))
    rows.register("pmo-files", "STEADY", row=10, **row("Steady", 3))
    for week, days in enumerate(SLIPS):
        now = START + week * WEEK
        rows.rewrite(slips, forecast_finish=(FINISH + timedelta(days=days)).isoformat())
        if week == 1:
            rows.rewrite(once, forecast_finish=(FINISH + timedelta(days=20)).isoformat())
        consolidate(engine, as_of=now.date(), known_at=now)
    return rows
