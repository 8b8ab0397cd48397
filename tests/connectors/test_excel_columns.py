"""Columns decided on their own evidence: dates that Excel swapped, currencies, months, ids, and rows without one."""

import random
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.excel import dates
from connectors.excel.dates import NotADate
from connectors.excel.layout import Refused
from connectors.excel.package import address
from tests.support.workbooks import kept, records_of, xlsx

FINISH = ["Project ID", "Name", "Forecast finish"]
RISK = ["Risk", "Owner", "Probability"]


def finishes(*cells: Any, **layout: Any) -> tuple[list[str | None], list[str]]:
    rows = [FINISH, *[[f"P{number}", "x", cell] for number, cell in enumerate(cells)]]
    records, told = records_of(xlsx(rows), **layout)
    return [record.payload["values"].get("forecast_finish") for record in records], told.warnings


def swapped(day: date) -> date | str:
    """Return what Excel makes of a date typed day first where it expects the month first."""
    return date(day.year, day.day, day.month) if day.day <= 12 else day.strftime("%d/%m/%Y")


TYPED = [date(2026, 1, 9), date(2026, 2, 3), date(2026, 3, 24), date(2026, 4, 5), date(2026, 5, 30),
         date(2026, 6, 7), date(2026, 7, 11), date(2026, 8, 19)]  # fmt: skip


def test_dates_that_excel_swapped_are_swapped_back_where_the_column_proves_it() -> None:
    read, warnings = finishes(*map(swapped, TYPED))

    assert read == [day.isoformat() for day in TYPED]
    assert "day and month were swapped back: C2 shows 2026-09-01 and was read as 2026-01-09" in warnings[0]
    assert "If that is wrong, set swapped: false" in warnings[0]


def test_the_configuration_has_the_last_word_on_swapped_dates() -> None:
    as_shown = [day.isoformat() if isinstance(day, date) else "" for day in map(swapped, TYPED)]

    read, warnings = finishes(*map(swapped, TYPED), swapped=False)

    assert [value for value, shown in zip(read, as_shown, strict=True) if shown] == list(
        filter(None, as_shown)
    )
    assert warnings == []


def test_too_few_dates_prove_no_swap_and_are_reported_as_they_stand() -> None:
    read, warnings = finishes(date(2026, 2, 5), date(2026, 7, 11), "24/06/2026", "30/03/2026")

    assert read[:2] == ["2026-02-05", "2026-07-11"]
    assert (
        "may have swapped day and month: check them, and set swapped: true or swapped: false" in warnings[0]
    )


def test_a_column_of_nothing_but_ambiguous_real_dates_is_named_in_a_warning() -> None:
    early = [date(2026, month, 13 - month) for month in range(1, 8)]

    read, warnings = finishes(*early)

    assert read == [day.isoformat() for day in early]
    [warning] = warnings
    assert warning.startswith(
        "register.xlsx!Projects: column 'Forecast finish': all its 7 real dates have a day up to 12, so nothing tells"
    )
    assert warning.endswith("set swapped: true or swapped: false")


@pytest.mark.parametrize("days", [[1, 1, 1, 1, 1, 1, 1], [3, 4, 5, 6, 7, 8, 25], [2, 9]])
def test_a_column_whose_early_dates_are_no_surprise_is_not_warned_of(days: list[int]) -> None:
    assert finishes(*(date(2026, month, day) for month, day in enumerate(days, start=1)))[1] == []


def test_a_few_ambiguous_dates_beside_a_swapped_column_are_named_with_it() -> None:
    swapped_days = [date(2026, month, day) for month, day in [(3, 1), (4, 2), (5, 3), (6, 4), (7, 5)]]
    rows: list[list[object]] = [["Project ID", "Name", "Forecast finish", "Baseline finish"]]
    rows += [[f"P{n}", "x", day, date(2026, 5, 9)] for n, day in enumerate(swapped_days)]
    rows += [["Q", "y", "24/06/2026", None], ["R", "z", "30/07/2026", None]]

    _, told = records_of(xlsx(rows))

    assert any(
        "column 'Baseline finish': all its 5 real dates have a day up to 12, and those of column 'Forecast finish' "
        "were swapped" in line
        for line in told.warnings
    )


def test_first_days_of_months_beside_texts_are_no_proof_of_a_swap() -> None:
    firsts = [date(2026, month, 1) for month in range(1, 8)]

    assert finishes(*firsts, "24/06/2026", "30/03/2026")[0][:7] == [day.isoformat() for day in firsts]


def test_a_column_that_goes_back_in_time_only_when_swapped_is_left_alone() -> None:
    rising = [
        date(2026, 1, 3),
        date(2026, 1, 12),
        date(2026, 2, 1),
        date(2026, 2, 11),
        date(2026, 3, 2),
        date(2026, 4, 4),
    ]

    assert finishes(*rising, "24/06/2026", "30/07/2026")[0][:6] == [day.isoformat() for day in rising]


@settings(max_examples=30, deadline=None)
@given(
    typed=st.lists(st.dates(date(2020, 1, 1), date(2030, 12, 28)), min_size=1, max_size=25),
    wrong=st.booleans(),
)
def test_no_date_is_ever_read_as_another_without_a_word(*, typed: list[date], wrong: bool) -> None:
    cells = [swapped(day) for day in typed] if wrong else list(typed)

    column = dates.decide("Finish", [(address(n, 2), c) for n, c in enumerate(cells)], None, from_1904=False)

    read = []
    for cell in cells:
        try:
            read.append(column.read(cell))
        except NotADate:
            read.append(None)
    others = [(one, day) for one, day in zip(read, typed, strict=True) if one not in (None, day)]
    if not column.notes and wrong:
        # Without a word only as many swapped dates are read as stand as come about by chance.
        early = [cell for cell in cells if isinstance(cell, date)]
        assert len(others) < 5 or len({cell.day for cell in early}) < 3
        assert len(others) < 2 or len(cells) - len(early) < 2
    elif not column.notes:
        assert others == []
    if column.swapped:
        assert wrong
        assert column.notes
        assert read == typed


@pytest.mark.parametrize(
    "text",
    ["01/05/2026, 02/06/2026", "18/12/2026 (was 01/11/2026)", "2026-05-01 2026-06-01", "2026-05-01\n2026-06-01",
     "18 Dec 2026 or later", "18/12/2026 to 20/12/2026"],
)  # fmt: skip
def test_a_cell_with_several_dates_or_a_date_and_words_is_refused_and_not_cut(text: str) -> None:
    read, warnings = finishes(text)

    assert read == [None]
    assert "Projects!C2:" in warnings[0]


def test_amounts_in_several_currencies_are_not_added_up() -> None:
    rows = [["Project ID", "Name", "Budget"], ["A", "x", "€5"], ["B", "y", "£6"], ["C", "z", "€7"]]

    records, told = records_of(xlsx(rows))

    assert [record.payload["values"].get("budget") for record in records] == ["5", None, "7"]
    assert (
        "column 'Budget' holds amounts in several currencies: EUR (2 cells), GBP (1 cell)" in told.warnings[0]
    )
    assert "C3: '£6' is in GBP, most of its column in EUR" in told.warnings[1]


def test_each_amount_of_a_cost_sheet_keeps_its_own_currency() -> None:
    rows = [["Project", "Category", "Type", "Jan 2026"], ["A", "x", "Actual", "€5"], ["A", "y", "Actual", 7]]

    values = kept(xlsx(rows, formats={"D3": "[$£-809]#,##0.00"}), "costs")

    assert [(value["amount"], value["currency"]) for value in values] == [("5", "EUR"), ("7", "GBP")]


def test_a_currency_that_only_some_amounts_name_is_theirs_alone() -> None:
    rows = [["Project", "Category", "Type", "Jan 2026"], ["A", "x", "Actual", "£5"], ["A", "y", "Actual", 7]]

    records, told = records_of(xlsx(rows), "costs")

    assert [record.payload["values"].get("currency") for record in records] == ["GBP", None]
    assert "only some of its 2 amounts name a currency: GBP (1 cell)" in told.warnings[0]


def test_the_currency_of_a_number_format_counts_as_one() -> None:
    rows = [["Project", "Category", "Type", "Jan 2026"], ["A", "x", "Actual", 5]]

    assert kept(xlsx(rows, formats={"D2": '#,##0.00 "EUR"'}), "costs")[0]["currency"] == "EUR"


@pytest.mark.parametrize(
    "heads",
    [
        ["01/01/2026", "01/02/2026", "01/03/2026"],
        ["31/01/2026", "28/02/2026", "31/03/2026"],
        ["01/31/2026", "02/28/2026", "03/31/2026"],
        ["31.01.2026", "28.02.2026", "31.03.2026"],
        ["1 Jan 2026", "1 Feb 2026", "1 Mar 2026"],
        ["Jan-26", "Feb-26", "Mar-26"],
        ["2026-01", "2026-02", "2026-03"],
        ["January 2026", "February 2026", "March 2026"],
        [date(2026, 1, 31), date(2026, 2, 28), date(2026, 3, 31)],
    ],
)
def test_months_over_costs_are_read_in_every_form(heads: list[Any]) -> None:
    values = kept(xlsx([["Project", "Category", *heads], ["A", "x", 1, 2, 3]], sheet="Actual"), "costs")

    assert [value["period"] for value in values] == ["2026-01-01", "2026-02-01", "2026-03-01"]


def test_a_month_as_a_date_that_could_be_two_is_reported_with_its_cell() -> None:
    records, told = records_of(
        xlsx([["Project", "Category", "02/01/2026"], ["A", "x", 1]], sheet="Actual"), "costs"
    )

    assert [record.filtered_by for record in records] == ["no amount in the row"]
    assert "Actual!C1: '02/01/2026' may be day first or month first" in told.warnings[0]


def test_ids_that_a_program_wrote_as_floats_are_read_without_the_fraction() -> None:
    assert [v["key"] for v in kept(xlsx([["Project ID", "Name"], ["12345.0", "x"], ["12346.0", "y"]]))] == [
        "12345",
        "12346",
    ]
    assert [v["key"] for v in kept(xlsx([["Project ID", "Name"], ["1.0", "x"], ["1.1", "y"]]))] == [
        "1.0",
        "1.1",
    ]


def test_an_id_that_excel_has_shortened_is_refused() -> None:
    [record] = records_of(xlsx([["Project ID", "Name"], ["1.23E+15", "x"]]))[0]

    assert record.unreadable == "Excel has shortened the Project ID in A2 to '1.23E+15'; write it as text"


def test_keys_that_differ_only_in_case_are_one_project_and_said() -> None:
    records, told = records_of(xlsx([["Project ID", "Name"], ["APO", "x"], ["apo", "y"]]))

    assert [record.unreadable is None for record in records] == [True, False]
    assert (
        "Project ID 'apo' is also in row 2, there as 'APO', which is kept; row 3 is not" in told.warnings[0]
    )


def test_risks_without_a_reference_are_known_by_what_they_say() -> None:
    rows = [["Fire", "Ann", 3], ["Flood", "Bob", 4], ["Fire", "Cid", 2]]
    shuffled = random.Random(7).sample([*rows, ["Theft", "Dan", 1]], 4)  # noqa: S311 -- no secret

    before = {r.payload["values"]["owner"]: r.external_id for r in records_of(xlsx([RISK, *rows]), "raid")[0]}
    after = {
        r.payload["values"]["owner"]: r.external_id for r in records_of(xlsx([RISK, *shuffled]), "raid")[0]
    }

    assert {owner: after[owner] for owner in before} == before
    assert len(set(after.values())) == 4
    assert before["Bob"] == "Flood"


def test_two_rows_word_for_word_alike_are_one_record() -> None:
    records, told = records_of(xlsx([RISK, ["Fire", "Ann", 3], ["Fire", "Ann", 3]]), "raid")

    assert [record.unreadable is None for record in records] == [True, False]
    assert "row 3 says word for word what row 2 says, which is kept" in told.warnings[1]


def test_a_list_of_names_is_no_risk_register_for_want_of_references() -> None:
    with pytest.raises(Refused, match="no column holds a reference"):
        records_of(xlsx([["Name", "Project", "Role"], ["Ann", "Apollo", "Lead"]]), "raid")


@pytest.mark.parametrize("nothing", ["None", "N/A", "-", "TBC", "tbd", "?", "#N/A", " n/a "])
def test_words_for_nothing_are_unknown_everywhere(nothing: str) -> None:
    rows = [
        ["Project ID", "Name", "Budget", "Forecast finish", "Progress", "Sponsor"],
        ["A", "x", *[nothing] * 4],
    ]

    records, told = records_of(xlsx(rows))

    assert records[0].payload["values"] == {"key": "A", "name": "x"}
    assert told.warnings == []
    assert records_of(xlsx([["Project ID", "Name"], [nothing, "x"]]))[0][0].unreadable is not None
