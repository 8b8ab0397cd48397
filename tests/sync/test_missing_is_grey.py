"""What is not known never makes a dimension green."""

from datetime import UTC, date, datetime
from itertools import combinations
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest

from config import shipped
from model.status.colour import Colour
from sync.dimension import Dimension
from sync.dimensions import dimensions, milestone_facts
from sync.facts import ProjectFacts

TODAY = date(2026, 11, 22)
LIMITS = shipped.policy().for_tier(2)
NEEDED: dict[str, dict[str, Any]] = {
    "schedule": {
        "baseline_start": date(2026, 1, 1), "baseline_finish": date(2026, 12, 1),
        "forecast_finish": date(2026, 12, 1),
    },
    "cost": {"budget": 100, "forecast_cost": 100},
    "scope": {
        "baseline_points": 100, "added_points_approved": 0, "added_points_unapproved": 0, "removed_points": 0,
    },
    "benefit": {"benefit_target": 100, "benefit_forecast": 100},
    "resource": {"sponsor": "Owen", "manager": "Maya"},
}  # fmt: skip


def project(values: dict[str, Any], raid: list[dict[str, Any]] | None = None) -> ProjectFacts:
    found = ProjectFacts(uuid4(), "APOLLO", "Apollo", None, datetime(2026, 1, 1, tzinfo=UTC))
    claims = {
        name: SimpleNamespace(value=value, winner=SimpleNamespace(unit=None))
        for name, value in values.items()
    }
    found.values = claims  # type: ignore[assignment]  # only value and unit are looked at
    found.raid = [_item(each) for each in raid or ()]  # type: ignore[misc]  # a mapping does for a row
    return found


def _item(given: dict[str, Any]) -> dict[str, Any]:
    names = (
        "id", "item_id", "title", "locator", "external_id", "kind", "probability", "impact", "chance",
        "cost_impact", "days_impact", "owner", "action_due", "reviewed_on", "state", "likelihood", "severity",
        "raised_on", "closed_on", "due", "currency", "rating", "schedule_likelihood", "schedule_severity",
        "schedule_rating",
    )  # fmt: skip
    return dict.fromkeys(names) | {"title": "One", "state": "open"} | given


def coloured(dimension: str, values: dict[str, Any], raid: list[dict[str, Any]] | None = None) -> Dimension:
    return dimensions(project(values, raid), TODAY, LIMITS)[dimension]


@pytest.mark.parametrize("dimension", NEEDED)
def test_all_that_is_needed_makes_green_and_anything_less_grey(dimension: str) -> None:
    needed = NEEDED[dimension]
    assert coloured(dimension, needed).computed.colour is Colour.GREEN
    for count in range(len(needed)):
        for known in combinations(needed, count):
            found = coloured(dimension, {name: needed[name] for name in known})
            assert found.computed.colour is Colour.GREY, known


def test_a_role_that_nobody_ever_spoke_of_is_named() -> None:
    assert coloured("resource", {"manager": "Maya"}).computed.reasons[0].text == "sponsor unknown"


RATED = {"kind": "risk", "probability": 2, "impact": 2, "owner": "Maya", "reviewed_on": TODAY}
ISSUE = {"kind": "issue", "raised_on": date(2026, 11, 20), "due": date(2026, 12, 20)}


def test_an_open_risk_that_nobody_rated_is_never_green_whatever_the_issues_say() -> None:
    assert coloured("risk", {}, [RATED]).computed.colour is Colour.GREEN
    assert coloured("risk", {}, [RATED, ISSUE]).computed.colour is Colour.GREEN
    for missing in ("probability", "impact"):
        unrated = RATED | {missing: None}
        for raid in ([unrated], [unrated, ISSUE], [unrated, RATED, ISSUE]):
            assert coloured("risk", {}, raid).computed.colour is Colour.GREY


def test_issues_without_dates_and_no_raid_at_all_are_never_green() -> None:
    undated = ISSUE | {"raised_on": None, "due": None}
    for raid in ([undated], [undated, ISSUE], [undated, RATED], [undated, ISSUE, RATED]):
        assert coloured("risk", {}, raid).computed.colour is Colour.GREY
    assert coloured("risk", {}, []).computed.colour is Colour.GREY


def test_an_item_of_unknown_kind_does_not_colour() -> None:
    grave = RATED | {"kind": None, "probability": 5, "impact": 5, "owner": None}
    assert coloured("risk", {}, [grave]).computed.colour is Colour.GREY


def test_a_version_that_is_only_a_number_is_named_with_its_project() -> None:
    found = project({})
    row = dict.fromkeys(("baseline", "forecast", "actual", "weight", "critical", "state"))
    names = (("2.0", "PAY"), ("Go live", "PAY"), ("3", None))
    found.milestones = [row | {"name": name, "scope_key": key} for name, key in names]  # type: ignore[misc]  # a mapping does for a row
    assert [each.name for each in milestone_facts(found)] == ["PAY 2.0", "Go live", "3"]
