"""Month columns: one field, one value a month."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.declaration import InvalidDeclaration
from model.template.months import Repeat
from model.template.template import load
from model.template.values import is_absent
from tests.support.template_samples import checked

COSTS = """\
template: {id: costs, version: 1.0.0, title: Costs, record: cost_forecast, owner_role: specialist}
fields:
  - {id: period, label: Month, type: period, fill: ask, required: always}
  - {id: total, label: Total, type: money, fill: ask}
  - {id: forecast, label: Forecast, type: money, min: 0, fill: ask, required: always, repeat: {months: 3, from: period}}
checks:
  - {id: S1, dim: consistency, severity: warn, expr: "sum(forecast) == total", says: Does not add up}
  - {id: S2, dim: consistency, severity: warn, expr: "sum(known(forecast)) <= total", says: Over the total}
submit_gate: {missing_required: block, invalid: block}
scoring: {weights: {completeness: 0.5, validity: 0.25, timeliness: 0, consistency: 0.25, uniqueness: 0, accuracy: 0}}
"""
FULL: dict[str, Any] = {
    "period": "2025-11",
    "total": 60,
    "forecast": {"2025-11": 10, "2025-12": 20, "2026-01": "30.00"},
}


@pytest.mark.parametrize(
    ("repeat", "period", "first", "last"),
    [
        (Repeat(months=3), "2025-11", "2025-11", "2026-01"),
        (Repeat(months=1, from_="period + 2"), "2025-11", "2026-01", "2026-01"),
        (Repeat(months=6, from_="period - 11"), "2025-11", "2024-12", "2025-05"),
        (Repeat(months=12, from_="year"), "2025-11", "2025-01", "2025-12"),
        (Repeat(months=12, from_="year", year_starts=4), "2025-11", "2025-04", "2026-03"),
        (Repeat(months=12, from_="year", year_starts=4), "2026-03", "2025-04", "2026-03"),
        (Repeat(months=3), "2025-Q4", "2025-10", "2025-12"),
        (Repeat(months=1), "2025", "2025-01", "2025-01"),
        (Repeat(months=1), "2026-W01", "2026-01", "2026-01"),
        (Repeat(months=1), "2020-W53", "2020-12", "2020-12"),
    ],
)
def test_the_months_follow_from_the_period(repeat: Repeat, period: str, first: str, last: str) -> None:
    asked = repeat.asked(period)
    assert asked is not None
    assert (asked[0], asked[-1], len(asked)) == (first, last, repeat.months)


@pytest.mark.parametrize("period", [None, "soon", 2025, "2025-13", "2025-W53", "0001-01", "9999-12"])
def test_a_period_that_cannot_be_read_asks_for_no_months(period: object) -> None:
    assert Repeat(months=24, from_="period - 12").asked(period) is None


def test_a_record_with_all_its_months_scores_full_marks() -> None:
    found = checked(COSTS, **FULL)
    assert (found.score, found.findings, found.not_run) == (100, (), ())


def test_empty_months_are_named_and_an_incomplete_sum_is_not_run() -> None:
    found = checked(COSTS, **FULL | {"forecast": {"2025-11": 10, "2025-12": None}})
    assert [finding.says for finding in found.findings] == ["Forecast is required for 2025-12, 2026-01"]
    assert found.not_run == ("S1",)  # what two months will cost is unknown, not nothing


def test_no_months_at_all_are_one_missing_field() -> None:
    for nothing in (None, {}, {"2025-11": None, "2025-12": ""}):
        found = checked(COSTS, **FULL | {"forecast": nothing})
        assert found.missing == ("forecast",)
        assert found.not_run == ("S1", "S2")


@pytest.mark.parametrize(
    ("forecast", "says"),
    [
        ({"2025-11": -1, "2025-12": 5, "2026-01": 5}, "2025-11: at least 0, is -1"),
        ({"2025-11": "ten", "2025-12": -2}, "2025-11: expected an amount, is 'ten'; 2025-12: at least 0, is -2"),
        ({"November": 1}, "expected months like 2025-06, is 'November'"),
        (12, "expected a value for each month, is '12'"),
        (
            {"2025-10": 1, "2025-11": 1, "2025-12": 1, "2026-01": 1},
            "asked for 2025-11 to 2026-01, is given for 2025-10",
        ),
    ],
)  # fmt: skip
def test_a_wrong_month_is_invalid_and_says_which(forecast: object, says: str) -> None:
    assert checked(COSTS, **FULL | {"forecast": forecast}).invalid == {"forecast": says}


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("months: 3", "months: 0", "must be at least 1"),
        ("from: period}", "from: today}", "expected period, period . 1, period - 3 or year"),
        ("type: money, min: 0, fill", "type: money, unique_within: project, fill", "cannot have unique_within"),
        ("type: money, min: 0, fill", "type: list_ref, fill", "a list cannot repeat by month"),
    ],
)  # fmt: skip
def test_what_cannot_repeat_is_refused(old: str, new: str, says: str) -> None:
    assert old in COSTS
    with pytest.raises(InvalidDeclaration, match=says):
        load(COSTS.replace(old, new), "costs.yaml")


@given(
    st.dictionaries(st.dates().map(lambda day: f"{day:%Y-%m}") | st.text(max_size=7), st.none() | st.floats())
)
def test_whatever_months_arrive_are_judged_and_never_raise(forecast: dict[str, float | None]) -> None:
    found = checked(COSTS, **FULL | {"forecast": forecast})
    assert json.loads(json.dumps(found.to_json())) == found.to_json()


@pytest.mark.parametrize("value", [{}, {"2025-07": None}, {"2025-07": " ", "2025-08": None}])
def test_months_that_are_all_empty_are_no_value(value: dict[str, Any]) -> None:
    assert is_absent(value)
