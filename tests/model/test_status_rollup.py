"""F19: roll-ups."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.status.colour import Colour, order
from model.status.rollup import Part, roll_up
from tests.support.oracles import oracle
from tests.support.shared import needs_shared

PARTS = st.lists(
    st.builds(
        Part,
        key=st.text("abc", min_size=1),
        colour=st.sampled_from(Colour),
        cost=st.none() | st.decimals(0, 10**9, places=2),
    ),
    max_size=12,
)


@needs_shared
def test_the_worked_roll_up_comes_out_to_the_digit() -> None:
    case = oracle("F19_rollup")
    found = roll_up([Part(row["id"], Colour(row["rag"]), Decimal(row["cost"])) for row in case["inp"]])
    assert found.worst == case["out"]["worst_of"]
    assert found.weighted == case["out"]["cost_weighted"]
    assert {colour: float(found.share[Colour(colour)]) for colour in case["out"]["share"]} == case["out"][
        "share"
    ]
    assert {colour: found.count[Colour(colour)] for colour in case["out"]["count"]} == case["out"]["count"]


def test_a_critical_project_that_is_red_makes_the_whole_red_however_small() -> None:
    parts = [Part("big", Colour.GREEN, Decimal(1000)), Part("core", Colour.RED, Decimal(1), critical=True)]
    found = roll_up(parts)
    assert found.weighted is Colour.RED
    assert found.reason.text == "core is critical and red"


def test_much_that_nobody_knows_is_never_green() -> None:
    found = roll_up([Part("a", Colour.GREEN, Decimal(70)), Part("b", Colour.GREY, Decimal(30))])
    assert found.weighted is Colour.GREY


def test_projects_without_a_cost_count_and_are_named_but_weigh_nothing() -> None:
    found = roll_up([Part("a", Colour.RED, None), Part("b", Colour.GREEN, Decimal(1))])
    assert found.unweighed == ("a",)
    assert found.count[Colour.RED] == 1
    assert found.worst is Colour.RED
    assert found.share[Colour.RED] == 0


def test_green_never_rests_on_few_projects_of_many() -> None:
    known = [Part(f"k{n}", Colour.GREEN, Decimal(10)) for n in range(7)]
    unknown = [Part(f"u{n}", Colour.GREEN, None) for n in range(3)]
    assert roll_up([*known, *unknown[:2]]).weighted is Colour.GREEN
    found = roll_up([*known, *unknown])
    assert (found.weighted, found.reason.text) == (
        Colour.GREY, "30.0 % of the projects have no cost to weigh them by",
    )  # fmt: skip
    red = Part("red", Colour.RED, Decimal(70))
    assert roll_up([red, *known, *unknown]).weighted is Colour.RED


@pytest.mark.parametrize("parts", [[], [Part("a", Colour.GREEN, None)]])
def test_a_group_that_nothing_weighs_is_grey(parts: list[Part]) -> None:
    assert roll_up(parts).weighted is Colour.GREY


def test_all_of_it_complete_is_complete() -> None:
    assert roll_up([Part("a", Colour.BLUE, Decimal(1))]).weighted is Colour.BLUE


def test_a_negative_cost_is_refused() -> None:
    with pytest.raises(ValueError, match="a cost is negative: a"):
        roll_up([Part("a", Colour.GREEN, Decimal(-1))])


@given(parts=PARTS)
def test_shares_add_up_and_every_project_counts(parts: list[Part]) -> None:
    found = roll_up(parts)
    assert sum(found.count.values()) == len(parts)
    assert not found.share or abs(sum(found.share.values(), Decimal(0)) - 1) < Decimal("1e-9")


@given(parts=PARTS, cost=st.decimals(1, 10**9, places=2))
def test_a_project_that_turns_from_green_to_red_never_makes_the_whole_better(
    parts: list[Part], cost: Decimal
) -> None:
    before = roll_up([*parts, Part("x", Colour.GREEN, cost)])
    after = roll_up([*parts, Part("x", Colour.RED, cost)])
    one, other = order(before.weighted), order(after.weighted)
    assert one is None or other is None or one <= other
