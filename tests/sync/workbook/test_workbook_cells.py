"""Values into cells and back: what nobody touched comes back as it was, whatever it is."""

import string
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from config import shipped
from connectors.excel.written import from_line, read_written, to_line
from model.collection.cases import Filled, RecordCase
from model.template.language import FieldRule
from sync.workbook.book import Book, Identity
from sync.workbook.cells import Part, Returned, Unfit, as_read, from_cell, is_too_long, same, to_cell
from sync.workbook.columns import Shape
from sync.workbook.identify import identify
from sync.workbook.layout import Asked, base_of, shaped, sheets_of
from sync.workbook.merging import merged
from sync.workbook.read import read_back
from sync.workbook.render import render

TOKEN = "0123456789abcdef01234567"
MONTHLY = shipped.template("monthly-status")
RAID = shipped.template("raid-log")
texts = some.text(alphabet=string.printable + "äß€–_x0041_\x01\x0b", max_size=60)
money = some.decimals(-(10**12), 10**12, places=2, allow_nan=False).map(str) | some.integers(
    -(10**16), 10**16
)
junk = (
    texts | some.integers(-5, 10**9) | some.floats(-1e6, 1e6, allow_nan=False) | some.booleans() | some.none()
)


def rule(type_: str, **more: Any) -> FieldRule:
    return FieldRule(id="x", label="X", type=type_, fill="ask", **more)  # type: ignore[arg-type]


def identity() -> Identity:
    return Identity(TOKEN, "t", "1.0.0", "P", "2025-06", "2025-07-02T09:00:00Z")


def there_and_back(template: Any, records: list[RecordCase]) -> Any:
    """Render records, read the file, and merge what came back with what stands: nobody touched it."""
    sheets = sheets_of(Asked(template, records, "2025-06"), TOKEN)
    body = render(Book(identity(), "title", "hint", "about", sheets))
    written = read_written("b.xlsx", body)
    assert identify("b.xlsx", written).identity == identity()
    found = shaped(template, base_of(records), "2025-06")
    back = read_back("b.xlsx", written, Shape(found.kind, found.columns, found.rows, found.witness, TOKEN))
    return merged(template, records, base_of(records), back, kind=found.kind)


def record(ref: str, values: dict[str, Any]) -> RecordCase:
    return RecordCase(
        ref, {name: Filled(value, None, None, None, None) for name, value in values.items()}, {}, {}
    )


@settings(max_examples=40)
@given(some.dictionaries(some.sampled_from([each.rule.id for each in MONTHLY.fields]), junk | money))
def test_a_form_of_anything_at_all_comes_back_untouched(values: dict[str, Any]) -> None:
    found = there_and_back(MONTHLY, [record("", values)])
    assert (found.placed, found.outcomes, found.notes) == ([], [], [])


@settings(max_examples=30)
@given(
    some.lists(
        some.dictionaries(
            some.sampled_from([each.rule.id for each in RAID.fields if each.rule.id != "item_id"]), junk
        ),
        max_size=4,
    )
)
def test_a_list_of_anything_at_all_comes_back_untouched(rows: list[dict[str, Any]]) -> None:
    records = [record(f"R-{n}", {**values, "item_id": f"R-{n}"}) for n, values in enumerate(rows)]
    found = there_and_back(RAID, records)
    assert (found.placed, found.outcomes, found.notes) == ([], [], [])


@given(
    some.sampled_from(["money", "number", "int", "percent"]),
    some.decimals(allow_nan=False, allow_infinity=False),
)
def test_a_number_keeps_every_digit_or_stays_a_text(type_: str, number: Decimal) -> None:
    content = to_cell(rule(type_), str(number))
    if isinstance(content, int | float):
        assert Decimal(repr(content)) == number
    assert same(rule(type_), as_read(rule(type_), str(number)), str(number))


def test_what_excel_makes_of_things_is_read_for_what_it_is_or_not_at_all() -> None:
    assert from_cell(rule("percent"), Returned(0.45, percent=True)) == 45
    assert from_cell(rule("period"), Returned(date(2025, 6, 1))) == "2025-06"
    assert from_cell(rule("date"), Returned(datetime(2025, 6, 30, tzinfo=None))) == "2025-06-30"  # noqa: DTZ001 -- as read
    assert from_cell(rule("text"), Returned(42.0)) == "42"
    assert from_cell(rule("int"), Returned(3.0)) == 3
    assert from_cell(rule("bool"), Returned(True)) is True
    assert from_cell(rule("bool"), Returned("No")) is False
    assert from_cell(rule("list_ref", of="decision"), Returned("D-1\nD-2")) == ["D-1", "D-2"]
    assert from_cell(rule("date"), Returned(datetime(2025, 6, 30, 12, tzinfo=None))) == "2025-06-30T12:00:00"  # noqa: DTZ001
    for type_, content, percent in (
        ("text", date(2025, 2, 1), False), ("number", 0.45, True), ("enum", time(9), False),
        ("text", timedelta(1), False),
    ):  # fmt: skip
        values = {"values": ("a",)} if type_ == "enum" else {}
        with pytest.raises(Unfit, match="expected"):
            from_cell(rule(type_, **values), Returned(content, percent=percent))


def test_a_text_longer_than_a_cell_is_shown_cut_and_locked_and_comes_back_untouched() -> None:
    long = "word " * 9000
    assert is_too_long(to_cell(rule("text"), long))
    found = there_and_back(MONTHLY, [record("", {"achievements": long, "stage": "deliver"})])
    assert (found.placed, found.outcomes) == ([], [])


def test_months_have_a_cell_each_and_a_changed_one_leaves_the_others() -> None:
    assert Part.of("cost@2025-06") == Part("cost", "2025-06")
    assert Part("cost", "2025-06").value({"cost": {"2025-06": 5}}) == 5
    assert Part("cost", "2025-06").value({"cost": None}) is None


def test_a_sheet_read_in_a_child_is_the_same_as_one_read_here() -> None:
    values = {"achievements": "=1+1", "green_by": "2025-09-30", "budget": "5.5"}
    sheets = sheets_of(Asked(MONTHLY, [record("", values)], "2025-06"), TOKEN)
    body = render(Book(identity(), "title", "hint", "about", sheets))
    for sheet in read_written("b.xlsx", body):
        assert from_line(to_line(sheet)) == sheet


def test_the_same_book_gives_the_same_bytes() -> None:
    sheets = sheets_of(Asked(RAID, [record("R-001", {"item_id": "R-001"})], "2025-06"), TOKEN)
    first, second = (render(Book(identity(), "title", "hint", "about", sheets)) for _ in range(2))
    assert first == second
