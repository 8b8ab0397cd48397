"""An answer becomes a claim that reads back as what was answered."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.attributes import REGISTER
from sync.collection.publish_records import claimed
from sync.precedence import typed

TEXTS = st.text(min_size=1).map(str.strip).filter(bool)
ANSWERS: dict[str, st.SearchStrategy[Any]] = {
    "text": TEXTS,
    "enum": TEXTS,
    "date": st.dates(),
    "money": st.decimals(
        allow_nan=False, allow_infinity=False, places=2, min_value=-(10**12), max_value=10**12
    ),
    "int": st.integers(-(10**6), 10**6),
    "number": st.integers(-(10**6), 10**6) | st.floats(-1e6, 1e6).map(lambda each: round(each, 3)),
    "percent": st.floats(0, 100).map(lambda each: round(each, 2)),
    "rag": st.sampled_from(["GREEN", "AMBER", "RED"]),
}
ATTRIBUTES = [each for each in REGISTER["project"].values() if each.path]


@given(st.data())
def test_a_claim_reads_back_as_the_answer(data: st.DataObject) -> None:
    attribute = data.draw(st.sampled_from(ATTRIBUTES))
    answer = data.draw(ANSWERS[attribute.type])
    assert typed(attribute.name, claimed(attribute.name, answer)) == answer


@given(st.sampled_from(ATTRIBUTES))
def test_a_value_that_was_taken_away_is_claimed_as_none(attribute: Any) -> None:
    assert claimed(attribute.name, None) is None


@pytest.mark.parametrize(
    ("attribute", "answer", "claim"),
    [
        ("budget", 1000.1, "1000.10"),
        ("budget", Decimal("0.125"), "0.125"),
        ("decisions_needed", ["Buy or build", "Who hosts it"], "Buy or build; Who hosts it"),
        ("green_by", date(2026, 12, 1), "2026-12-01"),
        ("milestones_due", 3, 3),
    ],
)
def test_claims_are_written_in_the_type_of_their_attribute(attribute: str, answer: Any, claim: Any) -> None:
    assert claimed(attribute, answer) == claim
