"""What people type into a form is what an API client would send."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.collection.cases import same_value
from model.collection.numbers import loads_exactly
from model.collection.typed import plain, typed, written
from model.template.language import FieldRule
from model.template.template import Field
from model.template.values import exactly, reader


def rule(type_: str) -> FieldRule:
    values = ("open", "closed") if type_ == "enum" else ()
    return FieldRule.model_validate(
        {"id": "field", "label": "Field", "type": type_, "fill": "ask", "values": values}
    )


@pytest.mark.parametrize(
    ("type_", "text", "value"),
    [
        ("int", "4", 4),
        ("int", " 4 ", 4),
        ("int", "+4", 4),
        ("int", "−4", -4),
        ("number", "4.50", 4.5),
        ("money", "1 250 000", 1250000),
        ("money", "1,250,000", 1250000),
        ("money", "1,250.75", 1250.75),
        ("percent", "42 %", 42),
        ("bool", "Yes", True),
        ("bool", "false", False),
        ("date", " 2025-06-30 ", "2025-06-30"),
        ("rag", "GREEN", "GREEN"),
        ("list_ref", "D-1\r\n\r\n D-2 ", ["D-1", "D-2"]),
        ("text", "one\r\ntwo ", "one\ntwo "),
        ("text", " \r\n", None),
        ("int", "", None),
    ],
)
def test_what_is_typed_becomes_the_value_it_means(type_: str, text: str, value: Any) -> None:
    found = typed(rule(type_), text)
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize(
    ("type_", "text"),
    [
        ("int", "four"),
        ("money", "1,000"),  # a thousand here, one elsewhere
        ("money", "1.000,50"),
        ("money", "£100"),
        ("number", "1e999"),
        ("number", "9" * 5000),
        ("bool", "perhaps"),
        ("date", "30/06/2025"),
        ("rag", "greenish"),
    ],
)
def test_what_cannot_be_read_stays_as_it_was_typed(type_: str, text: str) -> None:
    assert typed(rule(type_), text) == text


@given(st.integers(-(10**14), 10**14) | st.floats(-1e15, 1e15, allow_nan=False).map(lambda n: round(n, 4)))
def test_a_number_comes_back_as_the_number_it_was(number: float) -> None:
    assert typed(rule("number"), written(rule("number"), number)) == number


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_a_text_comes_back_character_for_character_but_for_line_ends(text: str) -> None:
    found = typed(rule("text"), written(rule("text"), text))
    assert found == (plain(text) if text.strip() else None)


@given(st.from_regex(r"-?(0|[1-9][0-9]{0,12})(\.[0-9]{1,4})?", fullmatch=True))
def test_a_number_is_read_as_a_program_would_send_it(text: str) -> None:
    found, sent = typed(rule("number"), text), loads_exactly(text)
    assert (found, type(found)) == (sent, type(sent))


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ((5, 5.0, Decimal("5.00"), Decimal(5)), "5"),
        ((-5.5, Decimal("-5.50")), "-5.5"),
        ((0, -0.0, Decimal("0.00")), "0"),
        ((1e-7, Decimal("1E-7")), "0.0000001"),
        ((1e300, 10**300, Decimal("1E300")), "1E+300"),
        ((10**5000,), "a number of thousands of digits"),
        ((True,), "True"),
        (
            ({"2025-07": 1.0, "2025-06": None, "2025-08": "n/a"}, {"2025-08": "n/a", "2025-07": 1}),
            "2025-07: 1, 2025-08: n/a",
        ),
    ],
)
def test_a_message_writes_a_number_the_same_however_it_came(values: tuple[Any, ...], said: str) -> None:
    assert [exactly(value) for value in values] == [said] * len(values)


@pytest.mark.parametrize(
    ("type_", "one", "other", "same"),
    [
        ("bool", True, False, False),
        ("bool", True, True, True),
        ("int", 1, 1.0, True),
        ("money", "480000.00", 480000, True),
        ("text", "a  b ", "a b", True),
        ("text", None, " ", True),
        ("int", "soon", 1, False),
    ],
)
def test_values_are_compared_as_their_field_reads_them(type_: str, one: Any, other: Any, same: bool) -> None:  # noqa: FBT001 - a table
    found = rule(type_)
    assert same_value(Field(found, reader(found), None, False, None, None, None), one, other) is same
