"""What is left to do, and when it will be done; nothing of it once a project has finished."""

from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from uuid import uuid4

from config import shipped
from sync.facts import ProjectFacts
from sync.facts_work import Work
from sync.measures.measure import Measure
from sync.measures.work import of_work

AS_OF = date(2026, 11, 22)
LIMITS = shipped.policy().limits


def measured(**values: date) -> dict[str, Measure]:
    project = ProjectFacts(uuid4(), "ARCHIVE", "Records archive", None, datetime(2026, 1, 1, tzinfo=UTC))
    project.values = {  # type: ignore[assignment]  # only the value is looked at
        name: SimpleNamespace(value=value) for name, value in values.items()
    }
    mondays = [date(2026, 11, 16) - timedelta(days=7 * back) for back in range(1, 15)]
    weeks = {monday: (3, number, f"A-{number}") for number, monday in enumerate(mondays)}
    project.work = Work(remaining=9, began=mondays[-1], weeks=weeks)
    return {each.name: each for each in of_work(project, AS_OF, LIMITS)}


def test_a_project_that_has_finished_forecasts_no_day_and_keeps_its_counts() -> None:
    assert measured()["done_p50"].value is not None
    assert measured(actual_finish=AS_OF + timedelta(days=1))["done_p50"].value is not None
    found = measured(actual_finish=date(2026, 11, 12))
    for name in ("done_p50", "done_p85", "done_p95"):
        assert found[name].value is None
        assert found[name].says == "the project finished on 2026-11-12, so that there is nothing to forecast"
    assert (found["items_left"].value, found["throughput"].value) == (9, measured()["throughput"].value)
