"""The order of colours and the joining of formulas."""

from datetime import date
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from model.status.colour import Colour, Computed, Reason, better_than, order, plain, worse, worse_of

COLOURS = st.sampled_from(Colour)


@given(COLOURS, COLOURS, COLOURS)
def test_the_worse_colour_does_not_depend_on_order_or_grouping(a: Colour, b: Colour, c: Colour) -> None:
    assert worse(a, b) is worse(b, a)
    assert worse(worse(a, b), c) is worse(a, worse(b, c))
    assert worse(a, a) is a


@given(COLOURS)
def test_grey_loses_against_any_colour(colour: Colour) -> None:
    assert worse(colour, Colour.GREY) is colour


def test_nothing_to_choose_from_is_grey() -> None:
    assert worse() is Colour.GREY


def test_green_is_before_amber_is_before_red_and_the_rest_has_no_place() -> None:
    assert [order(colour) for colour in (Colour.GREEN, Colour.AMBER, Colour.RED)] == [0, 1, 2]
    assert order(Colour.GREY) is order(Colour.BLUE) is order(None) is None
    assert better_than(Colour.AMBER, Colour.RED)
    assert not better_than(Colour.GREY, Colour.RED)


def test_a_joined_dimension_has_the_worst_colour_and_its_reasons_first() -> None:
    green = Computed(colour=Colour.GREEN, reasons=(Reason("F1", "on time"),), inputs={"a": 1, "same": 1})
    red = Computed(colour=Colour.RED, reasons=(Reason("F5", "overdue"),), inputs={"b": 2, "same": 2})
    found = worse_of([green, red])
    assert found.colour is Colour.RED
    assert [reason.rule for reason in found.reasons] == ["F5", "F1"]
    assert found.inputs == {"a": 1, "b": 2, "same": 2}


def test_facts_become_plain_json() -> None:
    given_ = {"day": date(2025, 1, 2), "money": Decimal("1.50"), "whole": Decimal("2.00"), "c": [Colour.RED]}
    assert plain(given_) == {"day": "2025-01-02", "money": 1.5, "whole": 2, "c": ["RED"]}
