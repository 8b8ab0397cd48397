"""Sheets of contracts, benefits, roles, utilisation and quality reviews."""

from datetime import date
from typing import Any

import pytest

from connectors.excel.layout import Holds, Refused
from tests.support.workbooks import kept, records_of, xlsx

DAY, LATER = date(2025, 7, 1), date(2026, 6, 30)


@pytest.mark.parametrize(
    ("holds", "rows", "expected"),
    [
        (
            "contracts",
            [
                ["Contract ref", "Project ID", "Contract", "Supplier", "Status", "Start", "Expiry date",
                 "Contract value (GBP)", "Invoiced to date"],
                ["C-1", "APOLLO", "Build", "Acme", "In force", DAY, LATER, 900000, 630000],
            ],
            {"key": "C-1", "project_ref": "APOLLO", "title": "Build", "supplier": "Acme", "state": "in force",
             "starts_on": "2025-07-01", "ends_on": "2026-06-30", "value": "900000", "invoiced": "630000",
             "currency": "GBP"},
        ),
        (
            "benefits",
            [
                ["Benefit ref", "Project", "Benefit", "Target", "Forecast", "Unit"],
                ["B-1", "APOLLO", "Fewer calls", 12000, 9000, "calls a month"],
            ],
            {"key": "B-1", "project_ref": "APOLLO", "title": "Fewer calls", "target": "12000", "forecast": "9000",
             "unit": "calls a month"},
        ),
        (
            "roles",
            [
                ["Project", "Role", "Held by", "Key role", "Vacant since"],
                ["APOLLO", "Architect", "vacant", "yes", DAY],
            ],
            {"project_ref": "APOLLO", "role": "Architect", "key_role": True,
             "vacant_since": "2025-07-01"},
        ),
        (
            "utilisation",
            [
                ["Project", "Team", "Week commencing", "Booked hours", "Available hours"],
                ["APOLLO", None, DAY, 220, 200],
            ],
            {"project_ref": "APOLLO", "week": "2025-07-01", "booked_hours": 220, "capacity_hours": 200},
        ),
        (
            "reviews",
            [
                ["Review ID", "Project", "Quality review", "Planned date", "Date held", "Outcome", "Criteria failed"],
                ["Q-1", "APOLLO", "Design", DAY, LATER, "Passed with actions", 2],
            ],
            {"key": "Q-1", "project_ref": "APOLLO", "title": "Design", "due": "2025-07-01", "held_on": "2026-06-30",
             "result": "passed with actions", "open_criteria": 2},
        ),
        (
            "baselines",
            [
                ["Project", "Baseline no", "Approved on", "Approved by", "Change request", "Reason", "Start", "Finish",
                 "Budget (GBP)", "Points"],
                ["APOLLO", 2, DAY, "Programme board", "CR-007", "Supplier change", DAY, LATER, 1200000, 400],
            ],
            {"project_ref": "APOLLO", "number": 2, "approved_on": "2025-07-01", "approved_by": "Programme board",
             "change_request": "CR-007", "reason": "Supplier change", "start": "2025-07-01", "finish": "2026-06-30",
             "budget": "1200000", "points": 400, "currency": "GBP"},
        ),
    ],
)  # fmt: skip
def test_a_sheet_is_understood_by_its_usual_headers(
    holds: Holds, rows: list[list[Any]], expected: dict[str, Any]
) -> None:
    [found] = kept(xlsx(rows), holds)

    assert found == expected


def test_each_contract_has_the_currency_of_its_own_cells() -> None:
    rows = [
        ["Ref", "Project", "Contract", "Value", "Invoiced"],
        ["C-1", "A", "x", 5, 4],
        ["C-2", "A", "y", 7, 6],
    ]
    shown = {"D2": "£#,##0", "E2": "£#,##0", "D3": "[$€-2] #,##0", "E3": "[$€-2] #,##0"}

    assert [each["currency"] for each in kept(xlsx(rows, formats=shown), "contracts")] == ["GBP", "EUR"]


def test_a_contract_with_two_currencies_in_one_row_keeps_no_amount_and_says_where() -> None:
    rows = [
        ["Ref", "Project", "Contract", "Value", "Invoiced"],
        ["C-1", "A", "x", 5, 4],
        ["C-2", "A", "y", 7, 6],
    ]
    shown = {"D2": "£#,##0", "E2": "[$€-2] #,##0", "D3": "£#,##0", "E3": "£#,##0"}
    records, told = records_of(xlsx(rows, formats=shown), "contracts")

    assert "value" not in records[0].payload["values"]
    assert records[1].payload["values"]["value"] == "7"
    assert [line for line in told.warnings if "!D2: one row has amounts in EUR and GBP" in line]


@pytest.mark.parametrize(
    ("holds", "rows", "kept_one", "left_out"),
    [
        ("contracts", [["Ref", "Project", "Contract", "Value (GBP)", "Invoiced (EUR)"], ["C-1", "A", "x", 5, 4]],
         "value", "invoiced"),
        ("projects", [["Project ID", "Name", "Budget (GBP)", "Actual cost (EUR)"], ["A", "x", 5, 4]],
         "budget", "actual_cost"),
    ],
)  # fmt: skip
def test_columns_in_two_currencies_are_not_taken_for_one(
    holds: Holds, rows: list[list[Any]], kept_one: str, left_out: str
) -> None:
    [record], told = records_of(xlsx(rows), holds)
    values = record.payload["values"]

    assert (values[kept_one], values.get(left_out), values["currency"]) == ("5", None, "GBP")
    [line] = [line for line in told.warnings if "a row has one currency" in line]
    assert f"{left_out} stays unknown" in line


def test_a_register_says_the_currency_of_its_amounts_by_header_by_column_or_by_configuration() -> None:
    head = ["Project ID", "Name"]
    by_header = kept(xlsx([[*head, "Budget (EUR)"], ["A", "x", 5], ["B", "y", None]]))
    by_column = kept(xlsx([[*head, "Budget", "Currency"], ["A", "x", 5, "EUR"], ["B", "y", 5, "USD"]]))
    configured = kept(xlsx([[*head, "Budget"], ["A", "x", 5]]), currency="EUR")

    assert [values.get("currency") for values in by_header] == ["EUR", None]
    assert [values["currency"] for values in by_column] == ["EUR", "USD"]
    assert configured[0]["currency"] == "EUR"


def test_cost_columns_keep_a_currency_each() -> None:
    rows = [["Project", "Category", "Budget", "Actual"], ["A", "Staff", 5, 4]]
    body = xlsx(rows, formats={"C2": "£#,##0", "D2": "[$€-2] #,##0"})
    found = {values["kind"]: (values["amount"], values["currency"]) for values in kept(body, "costs")}

    assert found == {"baseline": ("5", "GBP"), "actual": ("4", "EUR")}


def test_a_benefit_counted_in_a_currency_is_money_and_in_calls_is_not() -> None:
    rows = [
        ["Ref", "Project", "Benefit", "Target", "Forecast", "Unit"],
        ["B-1", "A", "Savings", 5, 4, "EUR"],
        ["B-2", "A", "Fewer calls", 5, 4, "calls"],
    ]
    money, calls = kept(xlsx(rows), "benefits", currency="GBP")

    assert (money.get("currency"), money.get("unit")) == ("EUR", None)
    assert (calls.get("currency"), calls.get("unit")) == (None, "calls")


def test_a_role_that_a_project_has_twice_needs_a_reference() -> None:
    rows = [["Project", "Role", "Held by"], ["A", "Developer", "Ada"], ["A", "Developer", "Bo"]]
    records, _ = records_of(xlsx(rows), "roles")

    assert records[0].external_id == "A|Developer"
    assert "is also in row 2" in str(records[1].unreadable)


@pytest.mark.parametrize(
    ("holds", "missing"),
    [
        ("contracts", "no column holds an end date or a value"),
        ("benefits", "no column says what the benefit is"),
        ("roles", "no column names the role"),
        ("utilisation", "no column holds the week"),
        ("reviews", "no column holds the day a review is due or was held"),
    ],
)
def test_a_sheet_of_something_else_is_refused_with_what_it_lacks(holds: Holds, missing: str) -> None:
    with pytest.raises(Refused, match=missing):
        kept(xlsx([["Ref", "Colour"], ["1", "blue"]]), holds)
