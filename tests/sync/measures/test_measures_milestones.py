"""Punctuality as numbers: what they count is what their sentence says."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

from config import shipped
from sync.facts import ProjectFacts
from sync.measures.measure import Measure
from sync.measures.milestones import of_milestones

AS_OF = date(2026, 11, 22)
LIMITS = shipped.policy().limits
DUE = AS_OF - timedelta(days=30)


def measured(*milestones: dict[str, Any]) -> dict[str, Measure]:
    project = ProjectFacts(uuid4(), "APOLLO", "Apollo", None, datetime(2026, 1, 1, tzinfo=UTC))
    empty = dict.fromkeys(
        ("id", "name", "baseline", "forecast", "actual", "weight", "critical", "state", "source_id",
         "external_id", "locator", "scope_key")
    )  # fmt: skip
    rows = [empty | {"name": f"M{n}", "baseline": DUE} | given for n, given in enumerate(milestones)]
    project.milestones = rows  # type: ignore[assignment]  # a mapping does for a row
    return {each.name: each for each in of_milestones(project, AS_OF, LIMITS)}


def test_the_share_met_on_time_and_its_sentence_are_of_the_same_milestones() -> None:
    met, late, somewhen = {"actual": DUE}, {"actual": DUE + timedelta(days=3)}, {"state": "met"}
    found = measured(met, late, somewhen)["milestones_on_time"]
    assert (found.value, found.says) == (
        0.5, "1 of 2 due milestones met on time; 1 more met on a day that nobody knows",
    )  # fmt: skip
    assert measured(met, late)["milestones_on_time"].says == "1 of 2 due milestones met on time"


def test_milestones_that_are_due_and_met_nobody_knows_when_are_not_said_to_be_still_to_come() -> None:
    found = measured({"state": "met"}, {"state": "met"})["milestones_on_time"]
    assert (found.value, found.says) == (None, "no milestone that is due says on which day it was met")
    later = measured({"baseline": AS_OF + timedelta(days=1)})["milestones_on_time"]
    assert (later.value, later.says) == (None, "no milestone is due yet")
