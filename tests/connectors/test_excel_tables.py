"""Sheets with more than one table, more than one header row, and more than rows in them."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from connectors.excel.layout import Refused
from connectors.excel.records import Record
from tests.support.workbooks import kept, records_of, xlsx

RISKS: list[list[Any]] = [["Ref", "Risk", "Probability"], ["R-1", "Fire", 3], ["R-2", "Flood", 4]]
COSTS: list[list[Any]] = [["Project ID", "Category", "Jan 2026", "Feb 2026"], ["APO", "Staff", 3, 4]]
REGISTER: list[list[Any]] = [
    ["Project ID", "Project name", "Budget"],
    ["APO", "Apollo", 5],
    ["BEL", "Bellona", 6],
]


def ids(records: list[Record]) -> list[str]:
    return [record.external_id for record in records if not record.filtered_by and not record.unreadable]


def test_two_tables_of_one_kind_below_each_other_are_both_read_each_by_its_own_header() -> None:
    issues = [["Issues"], ["Ref", "Owner", "Issue", "Status"], ["I-1", "Ann", "Leak", "Open"]]

    records, told = records_of(xlsx([["Risks"], *RISKS, [], *issues], sheet="RAID"), "raid")

    assert ids(records) == ["R-1", "R-2", "issue I-1"]
    assert [record.locator.rsplit("!", 1)[1] for record in records] == ["A3", "A4", "A8"]
    assert [record.payload["values"]["kind"] for record in records] == ["risk", "risk", "issue"]
    assert records[2].payload["values"]["title"] == "Leak"
    assert told.records == 3


def test_the_references_of_a_second_table_of_another_kind_do_not_collide() -> None:
    risks = [["Risks"], ["Ref", "Risk", "Probability"], ["1", "Fire", 3]]
    issues = [["Issues"], ["Ref", "Issue", "Status"], ["1", "Leak", "Open"]]

    assert ids(records_of(xlsx([*risks, [], *issues], sheet="RAID"), "raid")[0]) == ["1", "issue 1"]


def test_a_table_of_another_kind_below_is_not_read_as_records_and_said() -> None:
    records, told = records_of(xlsx([*RISKS, [], *COSTS], sheet="Log"), "raid")

    assert ids(records) == ["R-1", "R-2"]
    assert [record.filtered_by for record in records[2:]] == ["row of another table"] * 2
    assert told.warnings[0].startswith(
        "register.xlsx!Log: from A5 on is another table, which looks like costs"
    )
    assert "holds: costs and table: A5" in told.warnings[0]


def test_the_other_table_is_read_as_the_warning_says() -> None:
    body = xlsx([*RISKS, [], *COSTS], sheet="Log")

    assert ids(records_of(body, "costs", table="A5", kind="actual")[0]) == [
        "APO|Staff|actual|2026-01",
        "APO|Staff|actual|2026-02",
    ]


@pytest.mark.parametrize("holds", ["raid", "projects"])
def test_tables_side_by_side_are_told_apart(holds: Any) -> None:
    rows = [[*risk, None, *project] for risk, project in zip(RISKS, REGISTER, strict=True)]

    records, told = records_of(xlsx(rows), holds)

    assert ids(records) == (["R-1", "R-2"] if holds == "raid" else ["APO", "BEL"])
    assert "beside it, is another table" in told.warnings[0]
    assert len(records[0].payload["columns"]) == 3


def test_a_table_further_right_and_further_down_is_reported() -> None:
    wide: list[list[Any]] = [[*row, None, None] for row in RISKS]
    beside: list[list[Any]] = [[None] * 5 for _ in range(2)] + [[None] * 5 + row for row in REGISTER]
    rows = [
        [
            left if left is not None else right
            for left, right in zip([*one, *[None] * 5], [*two, *[None] * 8], strict=False)
        ]
        for one, two in zip([*wide, *[[None] * 5] * 2], beside, strict=True)
    ]

    records, told = records_of(xlsx(rows), "raid")

    assert ids(records) == ["R-1", "R-2"]
    assert "from F3 on, beside it, is another table, which looks like projects" in told.warnings[0]


def test_an_empty_column_inside_a_table_parts_nothing() -> None:
    rows = [["Project ID", None, "Project name", "Budget"], ["APO", None, "Apollo", 5]]

    assert kept(xlsx(rows)) == [{"key": "APO", "name": "Apollo", "budget": "5"}]


@pytest.mark.parametrize("table", ["A8:C10", "a8", "Register", "Zone"])
def test_a_table_is_cut_out_by_area_name_or_title(table: str) -> None:
    def name(book: Any, page: Any) -> None:
        book.define_name("Zone", "=Projects!$A$8:$C$10")
        del page

    body = xlsx([*RISKS, [], [], [], ["Register"], *REGISTER], edit=name)

    assert [values["key"] for values in kept(body, table=table)] == ["APO", "BEL"]


def test_excels_own_table_is_cut_out_by_its_name_without_its_total_row() -> None:
    def make(_book: Any, page: Any) -> None:
        page.add_table(
            "A8:C11", {"name": "Tbl", "total_row": True, "columns": [{"header": h} for h in REGISTER[0]]}
        )
        for number, row in enumerate(REGISTER[1:], start=8):
            page.write_row(number, 0, row)

    assert [values["key"] for values in kept(xlsx(RISKS, edit=make), table="tbl")] == ["APO", "BEL"]


def test_a_table_that_is_not_there_is_refused_with_what_was_looked_for() -> None:
    with pytest.raises(Refused, match=r"register\.xlsx!Projects has no table 'Nowhere'.*Correct `table`"):
        records_of(xlsx(REGISTER), table="Nowhere")


def test_a_header_of_two_rows_is_read_as_one() -> None:
    rows = [
        ["Project ID", "Name", "Baseline", None, "Forecast", None],
        [None, None, "Start", "Finish", "Start", "Finish"],
        ["A", "x", date(2026, 1, 1), date(2026, 2, 1), date(2026, 1, 3), date(2026, 3, 1)],
    ]

    [record] = records_of(xlsx(rows))[0]

    assert record.payload["values"] == {
        "key": "A", "name": "x", "baseline_start": "2026-01-01", "baseline_finish": "2026-02-01",
        "forecast_finish": "2026-03-01",
    }  # fmt: skip
    assert list(record.payload["columns"]) == [
        "Project ID", "Name", "Baseline Start", "Baseline Finish", "Forecast Start", "Forecast Finish",
    ]  # fmt: skip


def test_a_milestone_sheet_with_dates_under_baseline_and_forecast_is_no_record_short() -> None:
    rows = [
        ["Milestone", "Baseline", "Forecast"],
        [None, "Date", "Date"],
        ["Go live", date(2026, 1, 1), date(2026, 2, 1)],
    ]

    records, told = records_of(xlsx(rows), "milestones")

    assert (told.header_row, ids(records)) == (2, ["Go live"])


def test_two_columns_of_one_name_are_said_and_the_other_can_be_named() -> None:
    body = xlsx([["Project ID", "Name", "Budget", "Budget"], ["A", "x", 5, 7]])

    assert kept(body)[0]["budget"] == "5"
    assert (
        "register.xlsx!Projects: columns C and D are all called 'Budget'; C was read as budget"
        in records_of(body)[1].warnings[0]
    )
    assert kept(body, columns={"budget": "Budget (2)"})[0]["budget"] == "7"


def test_a_total_row_is_kept_out_and_becomes_the_control_total() -> None:
    _, told = records_of(xlsx([*REGISTER, ["Total", None, 11]]))

    assert told.controls == {"budget": "11"}
    assert told.warnings == []


def test_a_total_that_its_rows_do_not_give_is_said_with_both_numbers() -> None:
    _, told = records_of(xlsx([*REGISTER, ["Total", None, 12.5]]))

    assert told.controls == {"budget": "12.5"}
    [warning] = told.warnings
    assert warning.startswith(
        "register.xlsx!Projects!C4: the sheet's own total of 'Budget' is 12.5, its rows give 11"
    )


@pytest.mark.parametrize(
    ("rows", "control"),
    [
        ([("A", 5), ("B", 6), ("Total", 11)], "11"),
        ([("Total", 11), ("A", 5), ("B", 6)], "11"),
        ([("A", 5), ("Subtotal", 5), ("B", 6), ("Subtotal", 6), ("Total", 11)], "11"),
        ([("A", 5), ("Total", 5), ("B", 6), ("Total", 6), ("Grand total", 11)], "11"),
        ([("A", 5), ("Total", 5), ("B", 6), ("Total", 6)], "11"),
        ([("A", 5), ("Total", 5), ("B", 6)], None),
        ([("A", 5), ("B", 6), ("Total North", 11)], None),
    ],
)
def test_only_the_total_of_all_rows_is_a_control(rows: list[tuple[str, int]], control: str | None) -> None:
    body = xlsx(
        [["Project ID", "Name", "Budget"], *[[key, "x" if len(key) == 1 else None, n] for key, n in rows]]
    )

    told = records_of(body)[1]

    assert told.controls.get("budget") == control
    assert told.warnings == []


def test_the_total_of_costs_runs_over_all_months_and_rejected_cells_show_in_it() -> None:
    head = ["Project", "Category", "Type", "Jan 2026", "Feb 2026"]
    rows = [head, ["A", "x", "Actual", 5, "soon"], ["A", "y", "Actual", 1, 1], ["Total", None, None, 6, 7]]

    records, told = records_of(xlsx(rows), "costs")

    stored = sum(
        Decimal(one.payload["values"]["amount"])
        for one in records
        if not one.unreadable and not one.filtered_by
    )
    assert (told.controls, stored) == ({"amount": "13"}, Decimal(7))
    assert "E4: the sheet's own total of 'Feb 2026' is 7, its rows give 1" in told.warnings[0]


def test_what_stands_above_the_table_is_read_as_what_it_says() -> None:
    rows = [
        ["Register of the portfolio"],
        ["Status date: 31/05/2026"],
        ["Prepared by:", "Ann"],
        [],
        *REGISTER,
    ]

    [record, _] = records_of(xlsx(rows))[0]

    assert record.payload["preamble"] == {"Status date": "31/05/2026", "Prepared by": "Ann"}
    assert record.payload["values"]["reported_on"] == "2026-05-31"
    assert record.payload["cells"]["reported_on"] == "A2"


def test_a_status_date_that_could_be_either_is_reported_and_stays_unknown() -> None:
    records, told = records_of(xlsx([["Status date: 05/06/2026"], *REGISTER]))

    assert "reported_on" not in records[0].payload["values"]
    assert "Projects!A1: '05/06/2026' may be day first or month first" in told.warnings[0]


def test_project_and_currency_above_a_cost_table_hold_for_its_rows() -> None:
    rows = [
        ["Project:", "APO", "Currency:", "EUR"],
        [],
        ["Category", "Type", "Jan 2026"],
        ["Staff", "Actual", 5],
    ]

    records, told = records_of(xlsx(rows), "costs")

    assert ids(records) == ["APO|Staff|actual|2026-01"]
    assert records[0].payload["values"]["currency"] == "EUR"
    assert "B1: no column names the project, so all rows belong to 'APO'" in told.warnings[0]


def test_a_header_of_words_with_colons_is_no_preamble() -> None:
    assert kept(xlsx([["Project ID:", "Name:", "Budget:"], ["A", "x", 5]])) == [
        {"key": "A", "name": "x", "budget": "5"}
    ]


PLAN = ["Task", "End Date"]


@pytest.mark.parametrize("how", ["spaces", "outline", "indent", "wbs"])
def test_levels_are_read_from_spaces_groups_indents_or_numbers(how: str) -> None:
    tasks = [("Phase 1", 0, "1"), ("Test", 1, "1.1"), ("Phase 2", 0, "2"), ("Test", 1, "2.1")]
    rows: list[list[Any]] = [["WBS", *PLAN] if how == "wbs" else PLAN]
    for name, level, number in tasks:
        shown = "   " * level + name if how == "spaces" else name
        rows.append([*([number] if how == "wbs" else []), shown, date(2026, 1, 1)])

    def edit(book: Any, page: Any) -> None:
        for number, (name, level, _) in enumerate(tasks, start=1):
            if how == "outline":
                page.set_row(number, None, None, {"level": level})
            if how == "indent":
                page.write(number, 0, name, book.add_format({"indent": level}))

    records, _ = records_of(xlsx(rows, sheet="Plan", edit=edit), "milestones")

    assert ids(records) == ["Phase 1", "Phase 1/Test", "Phase 2", "Phase 2/Test"]
    assert records[1].payload["under"] == ["Phase 1"]
    assert records[0].payload["heads"]
    assert records[1].payload["values"]["name"] == "Test"


def test_a_cost_row_that_only_sums_up_those_indented_under_it_is_not_counted_twice() -> None:
    head = ["Project", "Category", "Type", "Jan 2026"]
    rows = [head, ["A", "Staff", "Actual", 30], ["A", "  Own", "Actual", 10], ["A", "  Hired", "Actual", 20],
            ["A", "Travel", "Actual", 7], ["A", "  Rail", "Actual", 5]]  # fmt: skip

    records, told = records_of(xlsx(rows), "costs")

    assert [record.filtered_by for record in records] == ["sum of the rows under it", None, None, None, None]
    assert (
        "D5: row 5 has rows under it by leading spaces, but is not their sum, so both were read"
        in told.warnings[0]
    )


def test_a_plan_that_is_only_painted_is_refused_in_words() -> None:
    def paint(book: Any, page: Any) -> None:
        colour = book.add_format({"bg_color": "#00FF00"})
        for row in range(1, 4):
            for column in range(row + 1, row + 4):
                page.write_blank(row, column, None, colour)

    rows = [["ID", "Milestone", "Jan", "Feb", "Mar", "Apr"], *[[n, f"Task {n}"] for n in range(1, 4)]]

    with pytest.raises(
        Refused, match=r"Its bars are only colours, in C2:G4: a colour says neither a day"
    ) as caught:
        records_of(xlsx(rows, edit=paint), "milestones")

    assert "start and finish as dates" in str(caught.value)
