"""A better colour needs two better computations in a row."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.status.colour import Colour, better_than
from model.status.hysteresis import Held, held_reason, hold

LETTERS = {"G": Colour.GREEN, "A": Colour.AMBER, "R": Colour.RED, "-": Colour.GREY, "B": Colour.BLUE}


def shown(computed: str, needed: int = 2) -> str:
    """Return what is shown after each of the computations."""
    held: Held | None = None
    letters = ""
    for letter in computed:
        held = hold(held, LETTERS[letter], needed=needed)
        letters += next(key for key, colour in LETTERS.items() if colour is held.shown)
    return letters


@pytest.mark.parametrize(
    ("computed", "expected"),
    [
        ("G", "G"),
        ("GAR", "GAR"),  # worse is shown at once
        ("RG", "RR"),
        ("RGG", "RRG"),
        ("RGRGG", "RRRRG"),  # the run starts again after a relapse
        ("RAG", "RRA"),  # as far as both computations agree
        ("RAGG", "RRAG"),
        ("RRAAAGG", "RRRAAAG"),
        ("R-GG", "R-RG"),  # grey is shown, and neither resets nor shortens the way back
        ("RG-GG", "RR-RG"),
        ("-G", "-G"),
        ("RB", "RB"),
    ],
)
def test_a_return_to_a_better_colour_needs_two_computations(computed: str, expected: str) -> None:
    assert shown(computed) == expected


def test_with_one_needed_every_computation_is_shown() -> None:
    assert shown("RGAGR", needed=1) == "RGAGR"


def test_a_held_colour_says_why_it_is_shown() -> None:
    held = hold(hold(None, Colour.RED, needed=2), Colour.AMBER, needed=2)
    reason = held_reason(held, Colour.AMBER, needed=2)
    assert reason is not None
    assert reason.text == "computed AMBER 1 time, RED stays until 2 in a row"
    assert held_reason(held, Colour.RED, needed=2) is None


@given(st.lists(st.sampled_from(Colour), min_size=1), st.integers(1, 4))
def test_what_is_shown_is_never_better_than_what_was_computed(computed: list[Colour], needed: int) -> None:
    held = hold(None, computed[0], needed=needed)
    for colour in computed[1:]:
        held = hold(held, colour, needed=needed)
    assert not better_than(held.shown, computed[-1])
    assert Held.from_json(held.to_json()) == held
