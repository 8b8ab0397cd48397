"""Every real workbook and CSV: its records counted, or the reason it is refused."""

from collections import Counter
from typing import Any

import pytest

from connectors.excel.layout import MAIN, Holds, Layout, Limits, Refused
from connectors.excel.reading import Told, read
from tests.support.shared import SHARED, needs_shared

pytestmark = needs_shared

PACKT = "workbooks/packt-tpm"
APM = "workbooks/nchaulagai-apm"
DOMAIN = "domain"


def read_file(
    path: str, holds: Holds, sheet: str | None = None, currency: str | None = None
) -> tuple[list[dict[str, Any]], Counter[str], Told]:
    body = (SHARED / "data" / path).read_bytes()
    told, counted, kept = Told(), Counter[str](), []
    for record in read(Layout(holds, path.rsplit("/", 1)[1], sheet, currency=currency), body, Limits(), told):
        counted[record.filtered_by or ("rejected" if record.unreadable else "kept")] += 1
        if not record.filtered_by and not record.unreadable:
            kept.append(record.payload["values"])
    return kept, counted, told


@pytest.mark.parametrize(
    ("path", "sheet", "holds", "header", "expected"),
    [
        (f"{APM}/Issue_Register.xlsx", None, "raid", 1, {"kept": 5}),
        (f"{APM}/Risk_Register.xlsx", None, "raid", 1, {"kept": 3, "only the key is filled": 3}),
        (f"{PACKT}/Risk_Log.xlsx", None, "raid", 1, {}),
        (f"{PACKT}/Project_Plan.xlsx", None, "milestones", 1, {"kept": 39}),
        (f"{PACKT}/Tables.xlsx", "Project Plan", "milestones", 3, {"kept": 33}),
        (f"{PACKT}/Tables.xlsx", "Project Plan w Relays", "milestones", 1, {"kept": 39}),
        (f"{PACKT}/Tables.xlsx", "Risk Register", "raid", 1, {"kept": 4}),
        # Rows 14, 22 and 23 repeat the ids of rows 2 to 4 under a second header in row 13.
        (
            f"{PACKT}/Tables.xlsx",
            "Risk Log",
            "raid",
            1,
            {"kept": 6, "rejected": 3, "empty row": 12, "repeated header": 1},
        ),
        (f"{DOMAIN}/melbourne_water_capital_projects.csv", None, "projects", 1, {"kept": 445}),
        # PMM-3 and REGEN-9 come twice.
        (f"{DOMAIN}/usace_risks.csv", None, "raid", 1, {"kept": 57, "rejected": 2}),
    ],
)
def test_a_real_file_gives_the_records_a_person_counts(
    path: str, sheet: str | None, holds: Holds, header: int, expected: dict[str, int]
) -> None:
    _, counted, told = read_file(path, holds, sheet)

    assert counted == expected
    assert told.header_row == header


@pytest.mark.parametrize(
    "path",
    [
        f"{PACKT}/Communication_Plan.xlsx",
        f"{PACKT}/RACI.xlsx",
        f"{PACKT}/Stakeholders.xlsx",
        f"{DOMAIN}/jira_cycle_times.csv",
        f"{DOMAIN}/usace_actions.csv",
        f"{DOMAIN}/usace_decisions.csv",
        f"{DOMAIN}/usace_escalation_events.csv",
        f"{DOMAIN}/usace_raid_links.csv",
    ],
)
def test_a_real_file_of_none_of_the_four_kinds_is_refused_as_each_with_where_and_why(path: str) -> None:
    for holds in MAIN:
        with pytest.raises(Refused) as caught:
            read_file(path, holds)

        assert path.rsplit("/", 1)[1] in str(caught.value)
        assert f"does not look like a sheet of {holds}" in str(caught.value)


def test_every_real_workbook_and_csv_is_spoken_for() -> None:
    there = {f"{path.parent.name}/{path.name}" for path in (SHARED / "data" / "workbooks").glob("*/*.xlsx")}
    there |= {f"domain/{path.name}" for path in (SHARED / "data" / "domain").glob("*.csv")}

    assert len(there) == 15


def test_the_sheets_of_tables_that_hold_none_of_the_four_kinds_are_refused() -> None:
    refused = [
        "Mercury Windows", "Stakeholders", "RACI", "Tech RACI", "Specializations", "Comm Plan", "Scorecard",
        "Requirements", "Use Cases", "Tasks", "Burndown Chart", "Features", "PM Tools", "Buffer Scorecard",
        "Resourcing",
    ]  # fmt: skip
    for sheet in refused:
        for holds in MAIN:
            with pytest.raises(Refused, match=r"Tables\.xlsx!"):
                read_file(f"{PACKT}/Tables.xlsx", holds, sheet)


def test_the_empty_risk_log_is_0_risks_and_a_warning() -> None:
    kept, _, told = read_file(f"{PACKT}/Risk_Log.xlsx", "raid")

    assert kept == []
    assert "0 risks" in told.warnings[0]


def test_a_gantt_of_months_without_a_year_gives_no_amounts_and_says_why() -> None:
    _, counted, told = read_file(f"{PACKT}/Tables.xlsx", "costs", "Mercury Simple")

    assert counted == {"no amount in the row": 25}
    assert "month 'Jan' has no year" in told.warnings[0]


def test_the_plan_has_30_dated_tasks_and_9_that_only_head_others() -> None:
    kept, _, _ = read_file(f"{PACKT}/Project_Plan.xlsx", "milestones")

    undated = [values["key"] for values in kept if "forecast" not in values]
    assert undated == ["1", "5", "6", "11", "16", "21", "25", "29", "31"]
    assert kept[1] == {"key": "2", "name": "Design Network", "forecast": "2023-02-13"}


def test_the_risk_register_keeps_its_ranges_as_words_and_its_money_as_money() -> None:
    kept, _, told = read_file(f"{APM}/Risk_Register.xlsx", "raid", currency="AUD")

    assert [values["likelihood"] for values in kept] == ["75% to 100%", "50% to 75%", "50% to 75%"]
    assert [values["cost_impact"] for values in kept] == ["15000", "20000", "15000"]
    assert {values["kind"] for values in kept} == {"risk"}  # its sheet is called Issue Register
    assert {values["currency"] for values in kept} == {"AUD"}
    assert "P2: 'This month' is no date" in told.warnings[0]


def test_the_risk_registers_dollars_are_of_no_known_currency_until_one_is_named() -> None:
    kept, _, told = read_file(f"{APM}/Risk_Register.xlsx", "raid")

    assert not any("cost_impact" in values for values in kept)
    assert "O2: the currency of 15000 is shown only as '$'" in told.warnings[0]


def test_the_engineers_risks_keep_the_words_of_their_scales() -> None:
    kept, _, _ = read_file(f"{DOMAIN}/usace_risks.csv", "raid")

    assert Counter(values.get("likelihood") for values in kept)["Unlikely"] > 20
    assert {values.get("severity") for values in kept} == {
        "Negligible",
        "Marginal",
        "Significant",
        "Crisis",
        None,
    }
    assert Counter(values["state"] for values in kept) == {"open": 53, "closed": 4}


def test_the_water_companys_projects_keep_their_final_cost_exactly() -> None:
    kept, _, _ = read_file(f"{DOMAIN}/melbourne_water_capital_projects.csv", "projects")

    assert kept[0] == {"key": "Q05388", "forecast_cost": "2359288.62", "programme": "Major Works - Framework"}
    assert kept[1]["forecast_cost"] == "2066075.59"  # the file says 2066075.5899999999


def test_a_real_plan_that_is_only_painted_is_refused_for_its_colours() -> None:
    with pytest.raises(
        Refused, match=r"Tables\.xlsx!Mercury Simple .*Its bars are only colours, in F2:M2[0-9]"
    ):
        read_file(f"{PACKT}/Tables.xlsx", "milestones", "Mercury Simple")


def test_the_levels_of_a_real_plan_are_read_from_its_leading_spaces() -> None:
    body = (SHARED / "data" / PACKT / "Project_Plan.xlsx").read_bytes()

    records = list(read(Layout("milestones", "Project_Plan.xlsx"), body, Limits(), Told()))

    design = next(record.payload for record in records if record.payload["values"]["name"] == "Design")
    assert design["under"] == ["Relay Servers", "Setup Relay Servers"]
    assert sum("heads" in record.payload for record in records) == 9
