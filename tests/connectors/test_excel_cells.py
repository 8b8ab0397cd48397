from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.excel import dates, numbers
from connectors.excel.dates import NotADate, month_of
from connectors.excel.numbers import NotANumber
from connectors.excel.package import address, column_letters, column_number
from connectors.excel.words import normal
from tests.support.workbooks import records_of, xlsx


def column_of(*texts: Any, order: str | None = None) -> dates.DateColumn:
    cells = [(f"C{row}", text) for row, text in enumerate(texts, start=2)]
    return dates.decide("Finish", cells, order, from_1904=False)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-12-18", date(2026, 12, 18)),
        ("2026/12/18", date(2026, 12, 18)),
        ("2022-05-09T01:00:00-0500", date(2022, 5, 9)),
        ("2016-05-25 17:00:00", date(2016, 5, 25)),
        ("18/12/2026", date(2026, 12, 18)),
        ("12/18/2026", date(2026, 12, 18)),
        ("18.12.26", date(2026, 12, 18)),
        ("30/03/2016 5:00:00 PM", date(2016, 3, 30)),
        ("18 Dec 2026", date(2026, 12, 18)),
        ("18-Dec-26", date(2026, 12, 18)),
        ("Fri, 18 December 2026", date(2026, 12, 18)),
        ("December 18, 2026", date(2026, 12, 18)),
        ("Dec 18th, 2026", date(2026, 12, 18)),
        ("7/7/2026", date(2026, 7, 7)),
        (46374.0, date(2026, 12, 18)),
        ("TBC", None),
        (" n/a ", None),
    ],
)
def test_a_date_is_read_however_it_is_written(text: Any, expected: date | None) -> None:
    assert column_of().read(text) == expected


@pytest.mark.parametrize("text", ["31/02/2026", "soon", "Q3 2026", "2026-13-01", "99/99/2026", 5.0, 1e9])
def test_what_is_no_date_is_refused_and_not_guessed(text: Any) -> None:
    with pytest.raises(NotADate, match="no date"):
        column_of().read(text)


def test_a_number_that_is_no_date_is_shown_as_it_stands_in_its_cell() -> None:
    with pytest.raises(NotADate, match="the number 99999999 is no date"):
        column_of().read(99999999.0)


def test_one_date_that_can_only_be_day_first_decides_its_column() -> None:
    column = column_of("05/02/2016", "24/06/2016")

    assert column.read("05/02/2016") == date(2016, 2, 5)
    assert column.notes == []


def test_one_date_that_can_only_be_month_first_decides_its_column() -> None:
    assert column_of("05/02/2016", "06/24/2016").read("05/02/2016") == date(2016, 5, 2)


def test_a_column_that_nothing_decides_is_reported_and_left_unknown() -> None:
    column = column_of("05/02/2016", "03/04/2016")

    assert "2 text dates could be day first or month first and nothing tells" in column.notes[0]
    with pytest.raises(NotADate, match="set date_order"):
        column.read("05/02/2016")


def test_two_orders_in_one_column_are_reported_and_only_the_certain_ones_read() -> None:
    column = column_of("24/06/2016", "06/25/2016", "05/02/2016")

    assert (
        "text dates in two orders, C2 '24/06/2016' day first and C3 '06/25/2016' month first"
        in column.notes[0]
    )
    assert column.read("24/06/2016") == date(2016, 6, 24)
    assert column.read("06/25/2016") == date(2016, 6, 25)
    with pytest.raises(NotADate, match="dates in both orders"):
        column.read("05/02/2016")


def test_the_configured_order_decides_what_evidence_cannot() -> None:
    assert column_of("05/02/2016", order="mdy").read("05/02/2016") == date(2016, 5, 2)
    assert column_of("05/02/2016", order="dmy").read("05/02/2016") == date(2016, 2, 5)


def test_real_dates_beside_texts_that_are_all_late_in_the_month_look_swapped() -> None:
    column = column_of(date(2016, 2, 5), date(2016, 7, 11), "24/06/2016", "30/03/2016")

    assert "Excel may have swapped day and month" in column.notes[0]


def test_ambiguous_text_dates_in_a_sheet_are_named_by_cell() -> None:
    rows = [["Project ID", "Name", "Forecast finish"], ["A", "x", "05/02/2016"], ["B", "y", "03/04/2016"]]

    records, told = records_of(xlsx(rows))

    assert "forecast_finish" not in records[0].payload["values"]
    assert (
        records[0]
        .payload["problems"]["forecast_finish"]
        .startswith("C2: '05/02/2016' may be day first or month first")
    )
    assert any("register.xlsx!Projects!C3" in line for line in told.warnings)


@given(st.dates(min_value=date(1955, 1, 1), max_value=date(2090, 1, 1)), st.sampled_from(["dmy", "mdy"]))
def test_a_date_written_in_a_known_order_is_read_back(day: date, order: str) -> None:
    text = day.strftime("%d/%m/%Y" if order == "dmy" else "%m/%d/%Y")

    assert column_of(text, order=order).read(text) == day


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("Jan 2026", date(2026, 1, 1)),
        ("Jan-26", date(2026, 1, 1)),
        ("January '26", date(2026, 1, 1)),
        ("2026-01", date(2026, 1, 1)),
        ("2026M01", date(2026, 1, 1)),
        ("01/2026", date(2026, 1, 1)),
        ("2026-01-31", date(2026, 1, 1)),
        (date(2026, 1, 31), date(2026, 1, 1)),
        ("Jan", None),
        ("Total", None),
        ("2026", None),
    ],
)
def test_a_month_is_read_out_of_a_header(header: Any, expected: date | None) -> None:
    assert month_of(header) == expected


def test_a_month_without_a_year_takes_the_configured_one() -> None:
    assert month_of("Sept", year=2026) == date(2026, 9, 1)


def number_column(*texts: Any, header: str = "Budget", decimal: str | None = None) -> numbers.NumberColumn:
    return numbers.decide(header, [(f"D{row}", text) for row, text in enumerate(texts, start=2)], decimal)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1,234.50", "1234.50"),
        ("1 234.50", "1234.50"),
        ("1\u00a0234\u202f567", "1234567"),
        ("£1,200", "1200"),
        ("EUR 1200", "1200"),
        ("(1,200)", "-1200"),
        ("-5", "-5"),
        ("1200-", "-1200"),
        ("2.4m", "2400000.0"),
        ("350k", "350000"),
        ("1'234'567", "1234567"),
        (0.1, "0.1"),
        (5, "5"),
    ],
)
def test_a_number_is_read_through_spaces_signs_and_brackets(text: Any, expected: str) -> None:
    assert number_column().read(text) == Decimal(expected)


@pytest.mark.parametrize("text", ["about 5", "12 or 13", "$24-$56 Million", "1-2", True])
def test_what_is_no_number_is_refused(text: Any) -> None:
    with pytest.raises(NotANumber, match="no number"):
        number_column().read(text)


def test_a_decimal_comma_anywhere_in_a_column_decides_it() -> None:
    column = number_column("1.234,50", "1.500", "12,5")

    assert [column.read(text) for text in ("1.234,50", "1.500", "12,5")] == [
        Decimal("1234.50"),
        1500,
        Decimal("12.5"),
    ]


@pytest.mark.parametrize(
    ("column", "text"),
    [
        (["£1,000.50", "1.234,56"], "1.234,56"),
        (["£1,000.50"], "12,34"),
        (["£1,000.50"], "1,23,456.00"),
        (["£1,000.50"], "1.234.567"),
        (["£1,000.50"], "12 34"),
        (["1.000,50"], "1,234.56"),
        (["1.000,50"], "12.34"),
        (["1,000.50", "1.000,50"], "1.234"),
        (["1,000.50", "1.000,50"], "1,234"),
    ],
)
def test_a_number_of_another_notation_is_refused_and_not_read_as_another_number(
    column: list[str], text: str
) -> None:
    with pytest.raises(NotANumber, match="no number"):
        number_column(*column).read(text)


def test_a_number_of_another_notation_is_left_unknown_with_its_cell() -> None:
    rows = [["Project ID", "Name", "Budget"], ["A", "x", "£1,000.50"], ["B", "y", "1.234,56"]]

    records, told = records_of(xlsx(rows))

    assert [record.payload["values"].get("budget") for record in records] == ["1000.5", None]
    assert records[1].payload["problems"]["budget"].startswith("C3: '1.234,56' is no number as this column")
    assert any("Projects!C3: '1.234,56'" in line for line in told.warnings)


def test_groups_of_thousands_and_amounts_in_millions_prove_the_decimal_mark() -> None:
    assert number_column("1.234.567", "1.500").read("1.500") == 1500
    assert number_column("2,4m").read("2,4m") == 2_400_000


@given(st.text("0123456789.,' ", min_size=1, max_size=9), st.sampled_from([".", ","]))
def test_whatever_is_read_as_a_number_keeps_its_marks_in_their_places(text: str, decimal: str) -> None:
    try:
        read = number_column(decimal=decimal).read(text)
    except NotANumber:
        return
    if read is None:
        return
    whole, _, part = " ".join(text.split()).partition(decimal)
    assert read == Decimal("".join(filter(str.isdigit, whole)) + "." + (part or "0"))
    groups = "".join(one if one.isdigit() else " " for one in whole).split()
    assert all(len(one) == 3 for one in groups[1:])


def test_a_number_that_could_be_a_thousand_or_a_decimal_is_reported() -> None:
    column = number_column("1,234", "7")

    assert column.read("1,234") == 1234
    assert "D2 could be a thousand or a decimal" in column.notes[0]


@pytest.mark.parametrize(
    ("header", "scale"),
    [
        ("Budget", 1),
        ("Budget (£k)", 1000),
        ("Budget (k€)", 1000),
        ("Budget £000", 1000),
        ("Budget ('000)", 1000),
        ("Budget (£m)", 1_000_000),
        ("Cost per m of pipe", 1),
        ("Milestones (met)", 1),
    ],
)
def test_a_header_says_in_what_its_money_is_counted(header: str, scale: int) -> None:
    assert number_column(header=header).scale == scale


@given(st.decimals(min_value=-(10**12), max_value=10**12, places=2), st.sampled_from([".", ","]))
def test_an_amount_written_with_either_decimal_sign_is_read_back(amount: Decimal, decimal: str) -> None:
    text = f"{amount:,.2f}"
    if decimal == ",":
        text = text.translate(str.maketrans(",.", ".,"))

    assert number_column(decimal=decimal).read(text) == amount


@given(st.integers(min_value=0, max_value=16383))
def test_column_letters_and_numbers_are_each_others_inverse(number: int) -> None:
    assert column_number(column_letters(number)) == number


def test_the_last_cell_of_a_sheet_is_xfd1048576() -> None:
    assert address(1048575, 16383) == "XFD1048576"


@pytest.mark.parametrize(
    ("header", "expected"),
    [("RISK_NO", "risk no"), ("% Complete", "percent complete"), ("Impact\n(monetary)", "impact monetary")],
)
def test_a_header_is_compared_by_its_words(header: str, expected: str) -> None:
    assert normal(header) == expected


@pytest.mark.parametrize("amount", ["9" * 40, 1e300])
def test_a_number_longer_than_any_amount_costs_its_cell_alone(amount: Any) -> None:
    book = xlsx([["Project ID", "Name", "Budget"], ["P1", "One", amount], ["P2", "Two", 250_000.5]])
    records, told = records_of(book, holds="projects")
    first, second = (each.payload for each in records)
    assert "budget" not in first["values"]
    assert "C2: a number of" in first["problems"]["budget"]
    assert second["values"]["budget"] == "250000.5"
    assert any("C2: a number of" in each for each in told.warnings)
