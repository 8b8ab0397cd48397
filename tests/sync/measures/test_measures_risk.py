"""What the risks may cost, as numbers: never a sum that leaves one out without a word."""

from datetime import UTC, date, datetime
from decimal import Decimal
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

from config import shipped
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
    project = ProjectFacts(uuid4(), "APOLLO", "Apollo", None, datetime(2026, 1, 1, tzinfo=UTC))
    money = SimpleNamespace(value=Decimal(contingency), winner=SimpleNamespace(unit="GBP"))
    project.values = {"contingency": money}  # type: ignore[dict-item]  # only value and unit are looked at
    common = {"kind": "risk", "state": "open", "probability": 1, "impact": 1, "reviewed_on": AS_OF}
    empty = dict.fromkeys(_COLUMNS)
    project.raid = [empty | common | given for given in risks]  # type: ignore[misc]  # a mapping does for a row
    return {each.name: each for each in of_risks(project, AS_OF, LIMITS)}


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
