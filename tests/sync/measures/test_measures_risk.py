"""What the risks may cost, as numbers: never a sum that leaves one out without a word."""

from datetime import UTC, date, datetime
from decimal import Decimal
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest

from config import shipped
from model.status.colour import Colour
from sync.dimension_risk import of_risk
from sync.facts import ProjectFacts
from sync.measures.measure import Measure
from sync.measures.risk import of_risks

AS_OF = date(2026, 11, 22)
LIMITS = shipped.policy().for_tier(2)
_COLUMNS = (
    "id", "item_id", "title", "locator", "external_id", "kind", "probability", "impact", "chance", "cost_impact",
    "days_impact", "owner", "action_due", "reviewed_on", "state", "likelihood", "severity", "raised_on", "closed_on",
    "due", "currency", "rating", "schedule_likelihood", "schedule_severity", "schedule_rating",
)  # fmt: skip


def measured(contingency: int, *risks: dict[str, Any]) -> dict[str, Measure]:
    return {each.name: each for each in of_risks(of(contingency, *risks), AS_OF, LIMITS)}


def of(contingency: int, *risks: dict[str, Any], currency: str = "GBP") -> ProjectFacts:
    opened = datetime(2026, 1, 1, tzinfo=UTC)
    project = ProjectFacts(uuid4(), "APOLLO", "Apollo", None, opened, currency="GBP")
    money = SimpleNamespace(value=Decimal(contingency), winner=SimpleNamespace(unit=currency))
    project.values = {"contingency": money}  # type: ignore[dict-item]  # only value and unit are looked at
    common = {"kind": "risk", "state": "open", "probability": 1, "impact": 1, "reviewed_on": AS_OF}
    empty = dict.fromkeys(_COLUMNS)
    project.raid = [empty | common | given for given in risks]  # type: ignore[misc]  # a mapping does for a row
    return project


PRICED = {"item_id": "R1", "chance": 0.5, "cost_impact": Decimal(1000), "owner": "Maya"}


@pytest.mark.parametrize(
    ("contingency", "risk"), [("GBP", "EUR"), ("EUR", None)], ids=["the risk's own", "the portfolio's"]
)
def test_costs_in_two_currencies_are_never_green_and_said_to_be(contingency: str, risk: str | None) -> None:
    project = of(1, PRICED | {"currency": risk}, currency=contingency)
    found = of_risk(project, AS_OF, LIMITS).computed
    assert (found.colour, found.reasons[0].text) == (
        Colour.GREY, "no expected cost: amounts are in EUR and GBP",
    )  # fmt: skip


def test_a_risk_that_names_no_currency_is_in_the_portfolios_and_a_closed_one_in_none() -> None:
    closed = PRICED | {"currency": "USD", "state": "closed"}
    found = of_risk(of(1, PRICED, closed), AS_OF, LIMITS).computed
    assert (found.colour, found.reasons[0].inputs["cover"]) == (Colour.RED, 0.002)


def test_a_risk_with_a_cost_and_no_chance_leaves_expected_cost_and_cover_unknown() -> None:
    small = {"item_id": "R2", "chance": 0.1, "cost_impact": Decimal(10)}
    found = measured(100, {"item_id": "R1", "cost_impact": Decimal(10**9)}, small)
    assert (found["risk_emv"].value, found["risk_cover"].value) == (None, None)
    assert found["risk_emv"].says == "1 open risk with a cost and without a chance; the others come to 1.00"
    assert found["risk_cover"].says == f"{found['risk_emv'].says}; it is 100.00 at most"


def test_a_gain_covers_no_risk() -> None:
    found = measured(100, {"item_id": "R1", "chance": 0.5, "cost_impact": Decimal(-1000)})
    assert (found["risk_emv"].value, found["risk_cover"].value) == (None, None)
    assert (
        found["risk_cover"].says == "risk R1 costs -1,000.00, less than nothing: a gain covers no other risk"
    )
