"""F22: repeated texts, and texts that speak of another month."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.template.narrative import edit_similarity, mentions_other_period, similarity
from tests.support.oracles import oracle
from tests.support.shared import needs_shared


@needs_shared
def test_the_worked_texts_come_out_to_the_digit() -> None:
    case = oracle("F22_narrative")
    first, second, third = case["inp"]
    assert round(similarity(first, second), 6) == case["out"]["jaccard_1_2"]
    assert similarity(first, third) == case["out"]["jaccard_1_3"]


def test_case_and_punctuation_do_not_tell_texts_apart() -> None:
    assert similarity("Build done, test next.", "build DONE test next") == 1


def test_short_texts_are_compared_as_a_whole_and_no_text_is_like_nothing() -> None:
    assert similarity("Done", "done!") == 1
    assert similarity("Done", "Not done") == 0
    assert similarity("", "…") == 0


@given(st.text(), st.text())
def test_similarity_is_symmetric_and_between_0_and_1(one: str, other: str) -> None:
    assert 0 <= similarity(one, other) <= 1
    assert similarity(one, other) == similarity(other, one)


@pytest.mark.parametrize(
    ("text", "other"),
    [
        ("Test environment handed over.", False),
        ("Finished in June.", False),
        ("Finished in May.", True),
        ("We may march on.", False),
        ("Finished in June 2024.", True),
        ("Finished June, 2025.", False),
        ("Finished Jun 2025 and reported Sept. 2025.", True),
        ("Finished 2025-06-12.", False),
        ("Finished 2025-05-31.", True),
        ("Closed the Q2 actions.", False),
        ("Closed the Q1 2025 actions.", True),
        ("Jan handed it to April.", True),
        ("Delivered in Sept", True),
        ("Delivered in Jun", False),
        ("Handed over by Jan.", False),
        ("Jan. told us in person", True),
        ("Oct. figures are in", True),
        ("Figures of 10/2026", True),
        ("Figures of 06/2025 and 6/2025", False),
        ("Signed on 12/10/2026", False),
    ],
)
def test_a_text_speaks_of_another_month_than_june_2025(text: str, *, other: bool) -> None:
    assert mentions_other_period(text, "2025-06") is other


def test_a_quarter_and_a_year_hold_their_months() -> None:
    assert not mentions_other_period("Done in April and May", "2025-Q2")
    assert mentions_other_period("Done in July", "2025-Q2")
    assert not mentions_other_period("Done in July", "2025")


def test_a_period_that_cannot_be_read_is_refused() -> None:
    with pytest.raises(ValueError, match="expected a period like 2025-06"):
        mentions_other_period("Done in July", "June")


def test_one_word_changed_in_a_short_text_is_a_repeat_by_edit_distance_only() -> None:
    before, now = (
        "Server racks one to five were delivered to site.",
        "Server racks six to nine were delivered to site.",
    )
    assert similarity(before, now) < 0.8
    assert edit_similarity(before, now) > 0.8


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [("kitten", "sitting", 4 / 7), ("Done!", "done", 1), ("", "", 0), ("a", "", 0), ("ab", "cd", 0)],
)
def test_the_edit_distance_is_levenshteins_over_the_longer_text(
    one: str, other: str, expected: float
) -> None:
    assert edit_similarity(one, other) == pytest.approx(expected)


@given(st.text(), st.text())
def test_edit_similarity_is_symmetric_and_between_0_and_1(one: str, other: str) -> None:
    assert 0 <= edit_similarity(one, other) <= 1
    assert edit_similarity(one, other) == edit_similarity(other, one)
