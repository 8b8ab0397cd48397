"""What counts as a value, how long it is, and what a schema says of it."""

import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from config.shipped import template
from model.declaration import InvalidDeclaration
from model.template.check import check
from model.template.schema import record_schema
from model.template.seen import of_length, seen
from model.template.template import Template, load
from model.template.values import is_absent
from tests.support.template_samples import SMALL, changed

ZERO_WIDTH, JOINER, FILLER = "\u200b", "\u200d", "\u3164"


def loaded(old: str, new: str) -> Template:
    return load(changed(old, new), "small.yaml")


def schema_of(rules: Template, field: str) -> Draft202012Validator:
    return Draft202012Validator(record_schema(rules)["properties"][field])


@pytest.mark.parametrize("value", [{"x": None}, {"2025-07": None}, {"x": {"y": None}}, ["", " "], [None]])
@pytest.mark.parametrize("field", ["name", "stage", "tier", "cost", "start", "owner"])
def test_a_map_or_list_in_a_field_that_has_none_is_invalid_whatever_is_in_it(field: str, value: Any) -> None:
    rules = load(SMALL, "small.yaml")
    assert field in check(rules, {field: value}, {}, {}).invalid
    assert not schema_of(rules, field).is_valid(value)


@pytest.mark.parametrize(
    "text", [ZERO_WIDTH * 40, "\ufeff \u2060\t", FILLER * 5, "\u2800" * 9, "\xad\x00", "\U000e0041" * 9]
)
def test_a_text_in_which_nothing_can_be_seen_is_no_value(text: str) -> None:
    rules = loaded("missing_required: warn", "missing_required: block")
    assert is_absent(text)
    assert "name" in check(rules, {"name": text}, {}, {}).missing
    assert not schema_of(rules, "name").is_valid(text)


def test_what_cannot_be_seen_has_no_length_and_stays_as_it_was_written() -> None:
    rules = load(SMALL, "small.yaml")
    family = f"\U0001f469{JOINER}\U0001f467"
    assert (
        check(rules, {"name": "ab" + ZERO_WIDTH * 40}, {}, {}).invalid["name"]
        == "at least 3 characters, has 2"
    )
    assert "name" not in check(rules, {"name": "abcdefghi" + ZERO_WIDTH * 40}, {}, {}).invalid
    assert rules.fields[0].read(f"x{family}").value == f"x{family}"


def test_a_list_of_blanks_is_empty() -> None:
    rules = loaded("label: Owner, type: person, must_be: active_person, fill: ask",
                   "label: Owner, type: list_ref, of: decision, fill: ask, required: always")  # fmt: skip
    for blanks in (["", "", " "], [ZERO_WIDTH]):
        assert "owner" in check(rules, {"owner": blanks}, {}, {}).missing
    assert rules.fields[7].read(["D-1", ""]).value == ["D-1"]


CHARACTERS = st.text(alphabet=["a", "b", " ", "\n", ZERO_WIDTH, JOINER, "\xa0", "\ufe0f", "é"], max_size=9)


@settings(max_examples=300, deadline=None)
@given(CHARACTERS, st.integers(0, 5), st.integers(0, 5))
def test_the_schemas_patterns_count_as_the_check_does(text: str, least: int, most: int) -> None:
    length = len(seen(text))
    assert all(re.search(each, text) for each in of_length(least, None)) == (length >= least)
    assert all(re.search(each, text) for each in of_length(None, most)) == (length <= most)


@pytest.mark.parametrize(
    ("id_", "field", "value"),
    [
        ("raid-log", "item_id", "R-014\n"),
        ("raid-log", "title", "Vendor   " + " " * 9),
        ("monthly-status", "milestones_due", 10**400),
        ("monthly-status", "period", "2025-06\n"),
        ("monthly-status", "forecast_finish", "2025-06-30\n"),
        ("monthly-status", "actual_cost", "12.50\n"),
    ],
)
def test_what_the_check_finds_wrong_in_one_value_the_schema_refuses(id_: str, field: str, value: Any) -> None:
    assert field in check(template(id_), {field: value}, {}, {}).invalid
    assert not schema_of(template(id_), field).is_valid(value)


def test_blanks_around_a_text_count_neither_in_the_schema_nor_in_the_check() -> None:
    rules, padded = load(SMALL, "small.yaml"), "  abcdefghi \n"
    assert schema_of(rules, "name").is_valid(padded)
    assert "name" not in check(rules, {"name": padded}, {}, {}).invalid


@pytest.mark.parametrize("again", ["N-001", "n-001 ", f" N-{ZERO_WIDTH}001"])
def test_one_reference_is_the_same_whatever_its_case_and_the_blanks_around_it(again: str) -> None:
    rules = loaded('pattern: "^N-[0-9]+$", ', "")
    found = check(rules, {"number": again}, {}, {"taken": {"number": ["N-001", 7]}})
    assert "used more than once" in found.invalid["number"]
    assert check(rules, {"number": "N-002"}, {}, {"taken": {"number": ["N-001", 7]}}).invalid == {}


@pytest.mark.parametrize("share", [250, -3, 100.5])
def test_a_percentage_without_limits_goes_from_nothing_to_all(share: float) -> None:
    rules = load(SMALL.replace("type: number, fill: auto, expr: cost / 2.0", "type: percent, fill: ask")
                 .replace("half > 1000", "half > 90"), "small.yaml")  # fmt: skip
    assert "half" in check(rules, {"half": share}, {}, {}).invalid
    assert not schema_of(rules, "half").is_valid(share)
    assert check(rules, {"half": 100}, {}, {}).invalid == {}


def test_a_percentage_may_be_less_than_nothing_where_its_least_says_so() -> None:
    rules = load(SMALL.replace("type: number, fill: auto, expr: cost / 2.0", "type: percent, min: -50, fill: ask")
                 .replace("half > 1000", "half > 90"), "small.yaml")  # fmt: skip
    assert check(rules, {"half": -3}, {}, {}).invalid == {}


def test_a_colours_message_names_every_colour_there_is() -> None:
    found = check(load(SMALL.replace("type: person, must_be: active_person", "type: rag"), "small.yaml"),
                  {"owner": "PURPLE"}, {}, {})  # fmt: skip
    assert found.invalid["owner"] == "expected one of GREEN, AMBER, RED, GREY, BLUE, is 'PURPLE'"


@pytest.mark.parametrize(
    ("grades", "says"),
    [
        ("{A: 95}", "the last grade, A, must start at 0: below 95 there is none"),
        ("{A: 95, E: 300}", "a grade starts at a score of 0 to 100"),
        ("{A: .nan, E: 0}", "a grade starts at a score of 0 to 100"),
        ("{A: 95, B: 95, C: 0}", "must fall from grade to grade"),
        ("{A: 50, B: 70, C: 0}", "must fall from grade to grade"),
        ("{A: '95', E: 0}", "expected a number"),
    ],
)
def test_grades_fall_from_the_best_to_one_that_starts_at_nothing(grades: str, says: str) -> None:
    with pytest.raises(InvalidDeclaration, match=says):
        loaded("scoring:\n", f"scoring:\n  grades: {grades}\n")


@pytest.mark.parametrize("weight", [".inf", "1e308", "'3'", ".nan", "true"])
def test_a_weight_is_a_number_of_which_sums_can_be_made(weight: str) -> None:
    with pytest.raises(InvalidDeclaration, match="weight"):
        loaded("weight: 3", f"weight: {weight}")


def test_weights_that_are_off_by_little_are_not_said_to_be_one() -> None:
    with pytest.raises(InvalidDeclaration, match="must add up to 1, and are 2e-06 over it"):
        loaded("completeness: 0.25", "completeness: 0.250002")
