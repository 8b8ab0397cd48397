from datetime import date
from typing import Any

import pytest

from connectors.excel.layout import Refused
from connectors.excel.records import Record
from tests.support.workbooks import kept, records_of, xlsx

FIXED = ["Project ID", "Category", "Type"]


def amounts(body: bytes, **layout: Any) -> list[tuple[Any, ...]]:
    return [
        tuple(values.get(name) for name in ("project_ref", "category", "kind", "period", "amount"))
        for values in kept(body, "costs", **layout)
    ]


@pytest.mark.parametrize(
    "months",
    [
        [date(2026, 1, 1), date(2026, 2, 1)],
        ["Jan 2026", "Feb 2026"],
        ["Jan-26", "Feb-26"],
        ["2026-01", "2026-02"],
        ["01/2026", "02/2026"],
    ],
)
def test_month_columns_become_one_amount_a_month(months: list[Any]) -> None:
    body = xlsx([[*FIXED, *months, "Total"], ["APO", "Staff", "Forecast", 100, 250.5, 350.5]])

    assert amounts(body) == [
        ("APO", "Staff", "forecast", "2026-01-01", "100"),
        ("APO", "Staff", "forecast", "2026-02-01", "250.5"),
    ]


def test_an_amount_is_known_by_project_category_kind_and_month_and_has_its_own_cell() -> None:
    records, told = records_of(
        xlsx([[*FIXED, "Jan 2026", "Feb 2026"], ["APO", "Staff", "Actuals", 1, 2]]), "costs"
    )

    assert [record.external_id for record in records] == [
        "APO|Staff|actual|2026-01",
        "APO|Staff|actual|2026-02",
    ]
    assert [record.locator for record in records] == [
        "register.xlsx!Projects!D2",
        "register.xlsx!Projects!E2",
    ]
    assert records[1].payload["columns"] == {
        "Project ID": "APO",
        "Category": "Staff",
        "Type": "Actuals",
        "Feb 2026": 2,
    }
    assert told.recognised["Jan 2026"] == "amount of 2026-01"


def test_the_kind_may_stand_before_the_month() -> None:
    body = xlsx([["Project", "Category", "Forecast Jan 2026", "Actual Jan 2026"], ["APO", "Staff", 5, 4]])

    assert amounts(body) == [
        ("APO", "Staff", "forecast", "2026-01-01", "5"),
        ("APO", "Staff", "actual", "2026-01-01", "4"),
    ]


def test_the_kind_or_the_year_may_stand_over_the_months() -> None:
    months = ["Jan 2026", "Feb 2026"]
    kinds = xlsx(
        [
            ["", "", "Baseline", "", "Actual", ""],
            ["Project", "Category", *months, *months],
            ["A", "x", 1, 2, 3, 4],
        ]
    )
    years = xlsx(
        [["", "", "2025", "2026"], ["Project", "Category", "Dec", "Jan"], ["A", "x", 1, 2]], sheet="Actuals"
    )

    assert [(kind, period) for _, _, kind, period, _ in amounts(kinds)] == [
        ("baseline", "2026-01-01"),
        ("baseline", "2026-02-01"),
        ("actual", "2026-01-01"),
        ("actual", "2026-02-01"),
    ]
    assert [(kind, period) for _, _, kind, period, _ in amounts(years)] == [
        ("actual", "2025-12-01"),
        ("actual", "2026-01-01"),
    ]


def test_columns_of_whole_life_amounts_have_a_kind_and_no_month() -> None:
    body = xlsx([["Project", "Category", "Budget", "Forecast", "Variance"], ["APO", "Staff", 10, 12, 2]])

    assert amounts(body) == [
        ("APO", "Staff", "baseline", None, "10"),
        ("APO", "Staff", "forecast", None, "12"),
    ]


def test_months_in_rows_are_read_as_they_are() -> None:
    rows = [
        ["Project", "Category", "Kind", "Month", "Amount"],
        ["APO", "Staff", "Actual", "Mar 2026", "£1,200.50"],
    ]

    [values] = kept(xlsx(rows), "costs")

    assert (values["period"], values["amount"], values["kind"]) == ("2026-03-01", "1200.5", "actual")


def test_the_sheets_name_or_the_configuration_says_the_kind_where_no_column_does() -> None:
    rows = [["Project", "Category", "Jan 2026"], ["APO", "Staff", 1]]

    assert amounts(xlsx(rows, sheet="Forecast"))[0][2] == "forecast"
    assert amounts(xlsx(rows, sheet="Money"), kind="committed")[0][2] == "committed"


def test_a_kind_that_nothing_says_stays_unknown_with_a_warning() -> None:
    records, told = records_of(
        xlsx([["Project", "Category", "Jan 2026"], ["APO", "Staff", 1]], sheet="Money"), "costs"
    )

    assert records[0].payload["values"]["kind"] is None
    assert "Set `kind` for this workbook" in told.warnings[0]


def test_an_empty_month_is_no_record_and_a_zero_is_one() -> None:
    assert amounts(xlsx([[*FIXED, "Jan 2026", "Feb 2026"], ["APO", "Staff", "Actual", None, 0]])) == [
        ("APO", "Staff", "actual", "2026-02-01", "0")
    ]


def test_totals_are_left_out_and_counted() -> None:
    rows = [
        [*FIXED, "Jan 2026"],
        ["APO", "Staff", "Actual", 1],
        ["APO", "Total", "Actual", 1],
        ["Total", None, None, 1],
        ["BEL", "Staff", "Actual", None],
    ]

    rules = [record.filtered_by for record in records_of(xlsx(rows), "costs")[0]]

    assert rules == [None, "total row", "total row", "no amount in the row"]


def test_an_amount_given_twice_is_reported_and_the_first_kept() -> None:
    rows = [[*FIXED, "Jan 2026"], ["APO", "Staff", "Actual", 1], ["APO", "Staff", "Actual", 2]]

    records, told = records_of(xlsx(rows), "costs")

    assert [record.unreadable is None for record in records] == [True, False]
    assert "also in row 2, which is kept; row 3 is not" in told.warnings[0]


def rejected(records: list[Record]) -> list[str]:
    return [record.unreadable for record in records if record.unreadable]


def test_an_amount_that_is_no_number_is_rejected_with_its_cell() -> None:
    rows = [[*FIXED, "Jan 2026", "Feb 2026"], ["APO", "Staff", "Actual", "a lot", 5]]

    records, _ = records_of(xlsx(rows), "costs")

    assert [(record.locator, record.unreadable) for record in records if record.unreadable] == [
        ("register.xlsx!Projects!D2", "'a lot' is no number")
    ]
    assert len(records) == 2


def test_a_cost_row_without_a_project_is_rejected_with_its_cell() -> None:
    records, _ = records_of(xlsx([[*FIXED, "Jan 2026"], [None, "Staff", "Actual", 1]]), "costs")

    assert rejected(records) == ["no Project ID in A2; say whose cost it is"]


def test_a_workbook_of_one_project_needs_no_project_column() -> None:
    body = xlsx([["Category", "Jan 2026"], ["Staff", 1]], sheet="Actual")

    assert amounts(body, project="APO") == [("APO", "Staff", "actual", "2026-01-01", "1")]
    with pytest.raises(Refused, match="no column names the project, and `project` is not set"):
        records_of(body, "costs")


def test_a_month_without_a_year_is_not_guessed() -> None:
    records, told = records_of(xlsx([["Project", "Category", "Jan"], ["APO", "Staff", 1]]), "costs")

    assert [record.filtered_by for record in records] == ["no amount in the row"]
    assert "month 'Jan' has no year" in told.warnings[0]


def test_a_title_that_counts_in_thousands_scales_all_amounts() -> None:
    rows = [["Costs by month (£k)"], [*FIXED, "Jan 2026"], ["APO", "Staff", "Actual", 1.5]]

    assert amounts(xlsx(rows))[0][4] == "1500"
