from datetime import date, datetime

import pytest

from connectors.excel.layout import Refused
from tests.support.workbooks import kept, records_of, with_sheet_xml, xlsx

HEADER = ["Project ID", "Project name", "Forecast finish", "Budget"]
APOLLO = ["APO", "Apollo", date(2026, 12, 18), 1200000]
BELLONA = ["BEL", "Bellona", date(2027, 1, 5), 80000.5]


def test_a_register_is_read_with_the_cell_of_each_value() -> None:
    records, told = records_of(xlsx([HEADER, APOLLO]))

    [record] = records
    assert record.external_id == "APO"
    assert record.locator == "register.xlsx!Projects!A2"
    assert record.payload == {
        "values": {"key": "APO", "name": "Apollo", "forecast_finish": "2026-12-18", "budget": "1200000"},
        "columns": {
            "Project ID": "APO",
            "Project name": "Apollo",
            "Forecast finish": "2026-12-18",
            "Budget": 1200000,
        },
        "cells": {"key": "A2", "name": "B2", "forecast_finish": "C2", "budget": "D2"},
        "file": "register.xlsx",
        "sheet": "Projects",
        "row": 2,
    }
    assert told.header_row == 1
    assert told.warnings == []


@pytest.mark.parametrize("above", [1, 2, 5, 14])
def test_the_header_is_found_under_title_rows(above: int) -> None:
    titles = [["Project register of the change portfolio"], *[[] for _ in range(above - 1)]]

    records, told = records_of(xlsx([*titles, HEADER, APOLLO], merges=["A1:D1"]))

    assert told.header_row == above + 1
    assert [record.external_id for record in records] == ["APO"]


def test_headers_are_understood_by_their_words_not_their_spelling() -> None:
    [values] = kept(
        xlsx([["PROJECT_ID", "Project\nName", " % Complete ", "Programme:"], ["A", "B", 40, "C"]])
    )

    assert values == {"key": "A", "name": "B", "percent_complete": 40, "programme": "C"}


def test_the_configuration_names_columns_the_office_calls_otherwise() -> None:
    body = xlsx([["Vorhaben", "Titel", "Kosten"], ["A-1", "Umzug", 5]])

    [values] = kept(body, key=("Vorhaben",), columns={"name": "Titel", "budget": "Kosten"})

    assert values == {"key": "A-1", "name": "Umzug", "budget": "5"}


def test_a_configured_column_that_is_not_there_is_refused_with_those_that_are() -> None:
    with pytest.raises(
        Refused, match=r"no column 'Kosten' for budget; row 1 has 'Project ID', 'Project name'"
    ):
        records_of(xlsx([HEADER, APOLLO]), columns={"budget": "Kosten"})


def test_a_key_column_that_is_not_there_is_refused() -> None:
    with pytest.raises(Refused, match=r"register\.xlsx!Projects has no key column 'Ref'; row 1 has"):
        records_of(xlsx([HEADER, APOLLO]), key=("Ref",))


def test_a_sheet_of_another_kind_is_refused_with_what_was_understood() -> None:
    with pytest.raises(
        Refused, match="does not look like a sheet of raid: no column says what the risk or issue is"
    ):
        records_of(xlsx([HEADER, APOLLO]), "raid")


def test_a_row_without_a_key_is_rejected_with_its_cell() -> None:
    records, _ = records_of(xlsx([HEADER, [None, "Nameless", date(2026, 1, 1), 5], APOLLO]))

    assert [record.external_id for record in records] == ["row 2", "APO"]
    assert records[0].locator == "register.xlsx!Projects!A2"
    assert records[0].unreadable is not None
    assert records[0].unreadable.startswith("no Project ID in A2")


def test_two_rows_with_the_same_key_are_reported_and_it_is_said_which_one_is_kept() -> None:
    records, told = records_of(xlsx([HEADER, APOLLO, BELLONA, ["APO", "Apollo again", None, 7]]))

    assert [record.unreadable is None for record in records] == [True, True, False]
    assert records[2].unreadable == (
        "Project ID 'APO' is also in row 2, which is kept; row 4 is not. Give one of them another Project ID or "
        "delete it"
    )
    assert records[2].external_id not in {"APO", "BEL"}
    assert told.warnings == [f"register.xlsx!Projects!A4: {records[2].unreadable}"]


def test_totals_empty_rows_repeated_headers_and_lone_keys_are_filtered_by_a_named_rule() -> None:
    rows = [
        HEADER,
        APOLLO,
        [None, " \u00a0"],
        HEADER,
        ["NEW"],
        BELLONA,
        ["Grand total", None, None, 1280000.5],
    ]

    records, told = records_of(xlsx(rows))

    assert [record.filtered_by for record in records] == [
        None,
        "empty row",
        "repeated header",
        "only the key is filled",
        None,
        "total row",
    ]
    assert (told.records, told.kept) == (6, 2)


def test_a_project_whose_name_begins_with_total_is_no_total_row() -> None:
    assert [values["name"] for values in kept(xlsx([HEADER, ["T-1", "Total redesign", None, 1]]))] == [
        "Total redesign"
    ]


def test_formatted_rows_without_content_give_no_records_but_a_warning() -> None:
    def format_rows(book: object, page: object) -> None:
        boxed = book.add_format({"border": 1})  # type: ignore[attr-defined]
        for row in range(1, 22):
            page.write_blank(row, 0, None, boxed)  # type: ignore[attr-defined]

    records, told = records_of(
        xlsx([["Id", "Risk", "Probability"]], sheet="Risk Log", edit=format_rows), "raid"
    )

    assert records == []
    [warning] = told.warnings
    assert warning.startswith("register.xlsx!Risk Log: 0 risks, issues, assumptions or dependencies")
    assert warning.endswith("there is a header in row 1 and no usable row under it")


def test_ids_lose_excels_fraction_and_keep_the_leading_zeros_of_their_format() -> None:
    rows = [HEADER, [1001.0, "Plain", None, None], [42, "Padded", None, None]]

    assert [values["key"] for values in kept(xlsx(rows, formats={"A3": "00000"}))] == ["1001", "00042"]


def test_hard_and_zero_width_spaces_are_trimmed() -> None:
    [values] = kept(xlsx([HEADER, ["\u200bAPO\u00a0", "\u00a0Apollo\u200b ", None, None]]))

    assert (values["key"], values["name"]) == ("APO", "Apollo")


@pytest.mark.parametrize(
    ("cells", "formats", "expected"),
    [
        ([0.45, 1], {"C2": "0%", "C3": "0%"}, [45, 100]),
        ([45, 100], {}, [45, 100]),
        (["45 %", "100%"], {}, [45, 100]),
        ([0.45, 1], {}, [45, 100]),
    ],
)
def test_percents_are_read_by_their_format_their_sign_or_their_column(
    cells: list[object], formats: dict[str, str], expected: list[int]
) -> None:
    rows = [["Project ID", "Name", "Progress"], *[[f"P{n}", "x", cell] for n, cell in enumerate(cells)]]

    assert [values["percent_complete"] for values in kept(xlsx(rows, formats=formats))] == expected


@pytest.mark.parametrize(
    ("cells", "formats", "expected"),
    [
        ([0.5, "45%", "50 %"], {}, [None, 45, 50]),
        (["0.5", "45%", "50 %"], {}, [None, 45, 50]),
        ([0.5, 1, 0.45], {"C4": "0%"}, [None, None, 45]),
        ([0.5, 45, 0, 100], {}, [None, 45, 0, 100]),
        ([1, "45%"], {}, [1, 45]),
        (["0.5", "0.25"], {}, [50, 25]),
    ],
)
def test_a_fraction_among_percents_is_ambiguous_unless_the_whole_column_is_of_shares(
    cells: list[object], formats: dict[str, str], expected: list[int | None]
) -> None:
    rows = [["Project ID", "Name", "Progress"], *[[f"P{n}", "x", cell] for n, cell in enumerate(cells)]]

    records, told = records_of(xlsx(rows, formats=formats))

    assert [record.payload["values"].get("percent_complete") for record in records] == expected
    unknown = [
        record.payload["row"] for record in records if "percent_complete" not in record.payload["values"]
    ]
    for row in unknown:
        assert any(f"Projects!C{row}: " in line and " may be " in line for line in told.warnings)


def test_an_error_cell_leaves_its_value_unknown_and_is_named() -> None:
    body = with_sheet_xml(
        xlsx([HEADER, APOLLO]),
        lambda xml: xml.replace('<c r="D2"><v>1200000</v></c>', '<c r="D2" t="e"><v>#REF!</v></c>'),
    )

    records, told = records_of(body)

    assert "budget" not in records[0].payload["values"]
    assert records[0].payload["columns"]["Budget"] == "#REF!"
    assert told.warnings == [
        "register.xlsx!Projects!D2: the error #REF!; correct its formula; budget stays unknown there"
    ]


def test_a_formula_never_calculated_is_unknown_and_says_recalculate_and_save() -> None:
    body = with_sheet_xml(
        xlsx([HEADER, APOLLO, BELLONA]),
        lambda xml: xml.replace('<c r="D2"><v>1200000</v></c>', '<c r="D2"><f>SUM(E2:F2)</f><v></v></c>'),
    )

    records, told = records_of(body)

    assert "budget" not in records[0].payload["values"]
    assert records[1].payload["values"]["budget"] == "80000.5"
    [warning] = told.warnings
    assert warning.startswith(
        "register.xlsx!Projects!D2: a formula that was never calculated; open the workbook in Excel"
    )


def test_a_zero_that_a_writer_put_in_a_formulas_place_is_unknown_not_zero() -> None:
    def add_formula(_book: object, page: object) -> None:
        page.write_formula("D2", "=1+1")  # type: ignore[attr-defined]

    [values] = kept(xlsx([HEADER, ["APO", "Apollo", None, None]], edit=add_formula))

    assert "budget" not in values


def test_a_calculated_formula_is_read_and_one_that_gives_an_empty_text_is_blank() -> None:
    body = with_sheet_xml(
        xlsx([HEADER, APOLLO]),
        lambda xml: xml.replace(
            '<c r="D2"><v>1200000</v></c>',
            '<c r="D2"><f>1+1</f><v>2</v></c><c r="E2" t="str"><f>""</f><v></v></c>',
        ),
    )

    records, told = records_of(body)

    assert records[0].payload["values"]["budget"] == "2"
    assert told.warnings == []


def test_a_key_that_is_a_formula_never_calculated_rejects_its_row() -> None:
    body = with_sheet_xml(
        xlsx([HEADER, [1, "One", None, None]]),
        lambda xml: xml.replace('<c r="A2"><v>1</v></c>', '<c r="A2"><f>ROW()</f></c>'),
    )

    [record] = records_of(body)[0]

    assert record.unreadable is not None
    assert "A2 holds a formula that was never calculated" in record.unreadable


def test_cells_merged_downwards_count_for_every_row() -> None:
    rows = [
        ["Project", "Milestone", "Baseline"],
        ["APO", "Design", date(2026, 1, 1)],
        [None, "Build", date(2026, 2, 1)],
        ["BEL", "Build", date(2026, 3, 1)],
    ]

    values = kept(xlsx(rows, merges=["A2:A3"]), "milestones")

    assert [(value["project_ref"], value["name"]) for value in values] == [
        ("APO", "Design"),
        ("APO", "Build"),
        ("BEL", "Build"),
    ]


def test_a_row_merged_all_across_heads_a_section_and_is_no_record() -> None:
    records, _ = records_of(xlsx([HEADER, ["Programme North"], APOLLO], merges=["A2:D2"]))

    assert [record.filtered_by for record in records] == ["section heading", None]


def test_blanks_filled_down_by_configuration() -> None:
    rows = [
        ["Project", "Milestone", "Baseline"],
        ["APO", "Design", date(2026, 1, 1)],
        [None, "Build", date(2026, 2, 1)],
    ]

    values = kept(xlsx(rows), "milestones", fill_down=("Project",))

    assert [value["project_ref"] for value in values] == ["APO", "APO"]


def test_milestones_of_the_same_name_in_two_projects_are_two() -> None:
    rows = [
        ["Project", "Milestone", "Forecast"],
        ["A", "Go live", date(2026, 1, 1)],
        ["B", "Go live", date(2026, 2, 1)],
    ]

    records, _ = records_of(xlsx(rows), "milestones", key=("Milestone",))

    assert [record.external_id for record in records] == ["A|Go live", "B|Go live"]


def test_a_workbook_counting_from_1904_has_the_dates_people_see() -> None:
    body = xlsx([HEADER, APOLLO], date_1904=True)

    assert kept(body)[0]["forecast_finish"] == "2026-12-18"


def test_duplicate_headers_hide_nothing() -> None:
    [record] = records_of(xlsx([[*HEADER, "Note", "Note"], [*APOLLO, "first", "second"]]))[0]

    assert record.payload["columns"]["Note"] == "first"
    assert record.payload["columns"]["Note (2)"] == "second"


def test_a_hidden_sheet_is_read_when_named_and_never_chosen() -> None:
    def add_hidden(book: object, page: object) -> None:
        hidden = book.add_worksheet("Old")  # type: ignore[attr-defined]
        hidden.write_row(0, 0, HEADER)
        hidden.write_row(1, 0, ["OLD", "Old one", "", 1])
        hidden.hide()
        page.activate()  # type: ignore[attr-defined]

    body = xlsx([HEADER, APOLLO], edit=add_hidden)

    assert [values["key"] for values in kept(body)] == ["APO"]
    assert [values["key"] for values in kept(body, sheet="old")] == ["OLD"]


def test_money_in_thousands_is_multiplied_as_its_header_says() -> None:
    records, told = records_of(xlsx([["Project ID", "Name", "Budget (£k)"], ["A", "Apollo", 12.5]]))

    assert records[0].payload["values"]["budget"] == "12500"
    assert "multiplied by 1,000" in told.warnings[0]


def test_a_raid_log_keeps_words_grades_and_shares_apart() -> None:
    rows = [
        ["Ref", "Risk", "Probability", "Impact"],
        ["R-1", "Words", "High", "Medium"],
        ["R-2", "Numbers", 4, 5],
        ["R-3", "Share", 0.4, "3 - Moderate"],
        ["R-4", "Range", "50% to 75%", 15000],
    ]

    records, told = records_of(xlsx(rows, formats={"C4": "0%"}), "raid")

    chosen = ("probability", "impact", "chance", "likelihood", "severity")
    values = [{name: record.payload["values"].get(name) for name in chosen} for record in records]
    assert [tuple(value.values()) for value in values] == [
        (None, None, None, "High", "Medium"),
        (4, 5, None, None, None),
        (None, 3, 0.4, None, "3 - Moderate"),
        (None, None, None, "50% to 75%", None),
    ]
    assert all(record.payload["values"]["kind"] == "risk" for record in records)
    assert "D5: 15000 is not on the scale from 1 to 5" in told.warnings[0]


def test_a_raid_log_of_several_kinds_takes_the_kind_from_its_column() -> None:
    rows = [
        ["Ref", "Type", "Title"],
        ["1", "Risk", "a"],
        ["2", "Issue", "b"],
        ["3", "D", "c"],
        ["4", "Supplier", "d"],
    ]

    assert [values.get("kind") for values in kept(xlsx(rows, sheet="RAID"), "raid")] == [
        "risk",
        "issue",
        "dependency",
        None,
    ]


def test_binding_columns_are_lists() -> None:
    [values] = kept(
        xlsx([["Project ID", "Name", "Jira projects", "ADO projects"], ["A", "x", "POR, PAY;\nLED", "Hub"]])
    )

    assert values["bind_jira"] == ["POR", "PAY", "LED"]
    assert values["bind_ado"] == ["Hub"]


def test_times_and_odd_values_travel_as_text() -> None:
    [record] = records_of(xlsx([[*HEADER, "Seen"], [*APOLLO, datetime(2026, 1, 2, 9, 30)]]))[0]  # noqa: DTZ001 -- cells have no zone

    assert record.payload["columns"]["Seen"].startswith("2026-01-02")


def test_a_kind_that_is_none_stays_unknown_and_is_reported_with_its_cell() -> None:
    rows = [
        ["Ref", "Type", "Title", "Probability"],
        ["1", "Risk", "a", 3],
        ["2", "Banana", "b", 3],
        ["3", None, "c", 3],
    ]

    records, told = records_of(xlsx(rows, sheet="Log"), "raid")

    assert [record.payload["values"].get("kind") for record in records] == ["risk", None, "risk"]
    assert any("!B3: 'banana' is no risk" in line and "kind stays unknown" in line for line in told.warnings)


def test_a_column_of_categories_does_not_take_a_risk_registers_kind_away() -> None:
    rows = [["Ref", "Category", "Risk", "Probability"], ["1", "Technical", "a", 3], ["2", "Supplier", "b", 3]]

    assert [values.get("kind") for values in kept(xlsx(rows), "raid")] == ["risk", "risk"]


def test_a_tier_with_a_fraction_loses_its_cell_as_a_word_does_and_not_its_row() -> None:
    header = ["Project ID", "Project name", "Tier"]
    records, told = records_of(
        xlsx([header, ["P1", "Portal", 2.5], ["P2", "Ledger", "gold"], ["P3", "Cloud", 2]])
    )
    assert [each.payload["values"].get("tier") for each in records] == [None, None, 2]
    assert all(each.unreadable is None for each in records)
    assert told.warnings[0].startswith("register.xlsx!Projects!C2: 2.5 is no whole number")
