"""What an office keeps as numbers: bad rows give no number and a reason, and never a green."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest

from config import shipped
from model.policy import Limits
from model.status.colour import Colour
from sync.dimensions import dimensions
from sync.facts import ProjectFacts
from sync.measures import measures
from sync.measures.measure import Measure

AS_OF = date(2026, 11, 22)
LIMITS: Limits = shipped.policy().limits
_COLUMNS = {
    "contract": "contract_id title supplier state owner starts_on ends_on value invoiced currency",
    "benefit": "benefit_id title target forecast currency unit counted_in",
    "project_role": "role holder key_role held_from held_to vacant_since empty_since",
    "utilisation": "team week percent booked_hours capacity_hours",
    "quality_review": "review_id title reviewer due held_on result open_criteria closed_on",
    "gate_criterion": "criterion_id criterion result",
}


def project(values: Mapping[str, Any] | None = None, **rows: list[dict[str, Any]]) -> ProjectFacts:
    found = ProjectFacts(uuid4(), "APOLLO", "Apollo", None, datetime(2026, 1, 1, tzinfo=UTC))
    claims = {
        name: SimpleNamespace(value=value, winner=SimpleNamespace(unit=unit))
        for name, (value, unit) in (values or {}).items()
    }
    found.values = claims  # type: ignore[assignment]  # only value and unit are looked at
    common = ("id", "external_id", "locator", "source_id")
    found.kept = {
        table: [dict.fromkeys((*common, *_COLUMNS[table].split())) | row for row in given]  # type: ignore[misc]  # a mapping does for a row
        for table, given in rows.items()
    }
    return found


def measured(given: ProjectFacts, name: str) -> Measure:
    return measures(given, AS_OF, LIMITS)[name]


WORTH = "Build does not say what it is worth and how much of it was invoiced"
DATES = "Build does not say when it starts and, after that, ends"


@pytest.mark.parametrize(
    ("contract", "name", "says"),
    [
        ({"value": Decimal(0), "invoiced": Decimal(5)}, "contract_burn", WORTH),
        ({"value": Decimal(9), "invoiced": Decimal(-5)}, "contract_burn", WORTH),
        ({"value": Decimal(9)}, "contract_burn", WORTH),
        ({"starts_on": date(2026, 5, 1), "ends_on": date(2026, 4, 1)}, "contract_elapsed", DATES),
        ({"starts_on": date(2026, 5, 1)}, "contract_gap", "Build does not say when it ends"),
        ({"ends_on": date(2026, 5, 1)}, "contract_gap", "nobody says when the project is to finish"),
    ],
)
def test_a_contract_that_cannot_be_so_gives_no_number_and_says_so(
    contract: dict[str, Any], name: str, says: str
) -> None:
    found = measured(project(contract=[contract | {"title": "Build"}]), name)

    assert (found.value, found.says) == (None, says)


def test_contracts_that_have_ended_cover_nothing() -> None:
    over = {"title": "Build", "state": "ended", "ends_on": date(2027, 1, 1)}
    found = measured(
        project({"forecast_finish": (date(2026, 12, 1), None)}, contract=[over]), "contract_renewal"
    )

    assert (found.value, found.says) == (None, "no running contract is on record")


def test_a_contract_is_held_against_the_actual_finish_once_there_is_one() -> None:
    given = {"forecast_finish": (date(2027, 3, 1), None), "actual_finish": (date(2026, 11, 1), None)}
    rows = [{"title": "Build", "ends_on": date(2026, 11, 5)}]

    assert measured(project(given, contract=rows), "contract_gap").value == 0


def test_a_finish_that_is_only_promised_is_no_finish() -> None:
    given = {"forecast_finish": (date(2027, 3, 1), None), "actual_finish": (AS_OF + timedelta(days=1), None)}
    found = measured(
        project(given, contract=[{"title": "Build", "ends_on": date(2027, 2, 1)}]), "contract_gap"
    )

    assert (found.value, found.attributes) == (28, ("forecast_finish",))


def test_money_and_other_units_of_benefits_are_never_added_up() -> None:
    values = {"benefit_target": (Decimal(100), "GBP"), "benefit_forecast": (Decimal(100), "GBP")}
    rows = [
        {"title": "Savings", "target": Decimal(100), "forecast": Decimal(100), "counted_in": "GBP"},
        {"title": "Euros", "target": Decimal(100), "forecast": Decimal(50), "counted_in": "EUR"},
    ]
    found = dimensions(project(values, benefit=rows), AS_OF, LIMITS)["benefit"]

    assert found.computed.colour is Colour.RED
    assert found.rules[0]["inputs"]["unit"] == "EUR"
    told = measured(project(values, benefit=rows), "benefit_variance")
    assert (told.value, told.says) == (-50, "forecast benefit 50.0 % below the target (in EUR)")


def test_target_and_forecast_in_two_currencies_without_a_rate_are_grey() -> None:
    values = {"benefit_target": (Decimal(100), "GBP"), "benefit_forecast": (Decimal(100), "USD")}

    assert dimensions(project(values), AS_OF, LIMITS)["benefit"].computed.colour is Colour.GREY
    assert measured(project(values), "benefit_variance").value is None


@pytest.mark.parametrize(
    "week",
    [
        {"percent": -5.0},
        {"booked_hours": 20.0},
        {"booked_hours": 20.0, "capacity_hours": 0.0},
        {"booked_hours": -20.0, "capacity_hours": 10.0},
    ],
)
def test_hours_that_cannot_be_are_unknown(week: dict[str, Any]) -> None:
    found = measured(project(utilisation=[week | {"week": date(2026, 11, 16)}]), "utilisation")

    assert (found.value, found.says) == (None, "no utilisation of the last two weeks is on record")


ROLE = {"role": "Project  Manager", "empty_since": date(2026, 10, 1)}


@pytest.mark.parametrize(
    ("row", "colour", "says"),
    [
        (ROLE, Colour.RED, "manager has been vacant for 52 days"),
        (ROLE | {"vacant_since": date(2026, 11, 20)}, Colour.AMBER, "manager has been vacant for 2 days"),
        (
            ROLE | {"holder": "Ada", "held_to": date(2026, 11, 1)},
            Colour.RED,
            "manager has been vacant for 20 days",
        ),
        (ROLE | {"vacant_since": date(2027, 1, 1)}, Colour.AMBER, "manager is vacant"),
        (ROLE | {"holder": "Ada"}, Colour.GREY, "sponsor unknown"),
    ],
)
def test_a_role_is_vacant_since_the_list_says_so_or_its_holder_left(
    row: dict[str, Any], colour: Colour, says: str
) -> None:
    found = dimensions(project(project_role=[row]), AS_OF, LIMITS)["resource"].computed

    assert (found.colour, found.reasons[0].text) == (colour, says)


def test_a_manager_whom_a_project_names_is_not_vacant_because_a_list_is_behind() -> None:
    values = {"manager": ("Maya", None), "sponsor": ("Owen", None)}
    found = dimensions(project(values, project_role=[ROLE]), AS_OF, LIMITS)["resource"].computed

    assert found.colour is Colour.GREEN


def test_a_key_role_of_which_nobody_speaks_leaves_the_number_of_vacant_ones_unknown() -> None:
    held = measured(project({"manager": ("Maya", None)}), "vacant_roles")
    assert (held.value, held.says) == (None, "sponsor unknown")
    vacant = measured(project(project_role=[ROLE]), "vacant_roles")
    assert (vacant.value, vacant.says) == (None, "sponsor unknown; vacant: manager")
    both = project({"manager": ("Maya", None), "sponsor": ("Owen", None)})
    assert measured(both, "vacant_roles").value == 0


def test_the_receipts_of_utilisation_list_the_weeks_that_decided_of_every_team() -> None:
    monday = date(2026, 11, 16)
    weeks = [
        {"week": monday + timedelta(days=7 * ahead), "team": team, "percent": 100.0 + ahead}
        for ahead in range(-6, 3)
        for team in ("Web", "Data")
    ]
    given = project({"manager": ("Maya", None), "sponsor": ("Owen", None)}, utilisation=weeks)
    number = measured(given, "utilisation")
    colour = dimensions(given, AS_OF, LIMITS)["resource"]
    decided = [
        f"{team}, week of {monday - timedelta(days=7 * back)}"
        for back in range(LIMITS.resource.utilisation_weeks)
        for team in ("Web", "Data")
    ]

    assert number.inputs["weeks"] == [97, 98, 99, 100]
    assert [each["name"] for each in number.records] == decided
    assert [each["name"] for each in colour.records] == decided


def test_failed_gates_count_with_what_failed_in_reviews() -> None:
    gates = [
        {"criterion_id": f"G-{n}", "result": result} for n, result in enumerate(("met", "not_met", "not_met"))
    ]
    review = {"title": "Design", "held_on": date(2026, 11, 1), "result": "failed"}
    found = measured(project(gate_criterion=gates, quality_review=[review]), "criteria_failed")

    assert found.value == 3
    assert [record["entity"] for record in found.records] == [
        "quality_review",
        "gate_criterion",
        "gate_criterion",
    ]


def test_a_project_of_which_nothing_is_kept_has_no_numbers_and_reasons_for_each() -> None:
    names = ("benefit_variance", "utilisation", "vacant_roles", "reviews_overdue", "criteria_failed", "contract_gap",
             "risk_emv", "issues_open")  # fmt: skip
    for name in names:
        found = measured(project(), name)
        assert found.value is None
        assert found.says
