"""Numbers are written one way, and what cannot be kept is said in words."""

from decimal import Decimal
from typing import Any

import pytest

from model.collection.numbers import alike, unkept
from model.template.language import FieldRule

AMOUNT = FieldRule(id="cost", label="Cost", type="money", fill="ask")
NUMBER = FieldRule(id="points", label="Points", type="number", fill="ask")


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ((3.0, 2, 3), ["3", "2", "3"]),
        (("480000.00", 500000, None), ["480000", "500000", "nothing"]),
        (("007", "7"), ["'007'", "'7'"]),
        ((True, 1), ["True", "1"]),
    ],
)
def test_numbers_that_stand_for_one_another_are_written_one_way(
    values: tuple[Any, ...], said: list[str]
) -> None:
    assert alike(*values) == said


def test_an_amount_keeps_digits_that_another_number_cannot() -> None:
    long = Decimal("12345678901234567.89")
    assert unkept(AMOUNT, long) is None
    assert unkept(AMOUNT, {"2025-06": [long]}) is None
    assert str(unkept(NUMBER, long)).startswith("has more digits than can be kept")
    assert unkept(NUMBER, Decimal("0.1")) is None
    assert unkept(NUMBER, Decimal("1e390")) == "is larger than any number that can be kept"
    assert unkept(AMOUNT, "1e-999999999") == unkept(NUMBER, 10**400) == "has more than 400 digits"
