"""Templates applied to records."""

import json
import time
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from config.shipped import template
from model.template.check import check
from model.template.template import load
from tests.support.shared import SHARED, needs_shared
from tests.support.template_samples import SMALL, changed, checked

FULL: dict[str, Any] = {"name": "Apollo", "stage": "deliver", "tier": 1, "cost": 50, "start": "2025-01-01"}


def samples() -> dict[str, Any]:
    path = SHARED / "templates" / "expected.json"
    return dict(json.loads(path.read_text(encoding="utf-8")))


@needs_shared
@pytest.mark.parametrize(("sample", "id_"), [("monthly_status", "monthly-status"), ("raid_log", "raid-log")])
@pytest.mark.parametrize("shipped", [True, False], ids=["shipped", "as worked out"])
def test_the_worked_records_score_to_the_digit(sample: str, id_: str, *, shipped: bool) -> None:
    case = samples()[sample]
    worked = SHARED / "templates" / f"{id_}.yaml"
    rules = template(id_) if shipped else load(worked.read_text(encoding="utf-8"), worked.name)
    found = check(rules, case["record"], case["ages_days"], case["context"])
    document = found.to_json()
    expected = case["expected"]
    assert list(found.missing) == expected["missing"]
    assert list(found.invalid) == expected["invalid"]
    assert found.failed == expected["failed"]
    assert document["dimensions"] == expected["dims"]
    assert document["escalates"] == case.get("escalates", [])
    for name in ("required", "not_measured", "score", "grade", "can_submit"):
        assert document[name] == expected[name]


@needs_shared
def test_the_document_has_the_shape_other_programs_rely_on() -> None:
    contract = json.loads((SHARED / "contract" / "template-check.json").read_text(encoding="utf-8"))
    case = samples()["monthly_status"]
    found = check(template("monthly-status"), case["record"], case["ages_days"], case["context"]).to_json()
    assert contract.keys() <= found.keys()
    assert [finding.keys() for finding in found["findings"]] == [part.keys() for part in contract["findings"]]
    assert {name: found[name] for name in contract if name != "findings"} == {
        name: value for name, value in contract.items() if name != "findings"
    }
    assert found["findings"][1] == contract["findings"][1]


def test_a_record_that_holds_all_that_is_asked_scores_full_marks() -> None:
    found = checked(**FULL)
    assert (found.score, found.grade, found.can_submit, found.findings) == (100, "A", True, ())
    assert found.required == 4


def test_a_missing_value_costs_its_weight() -> None:
    found = checked(**FULL | {"name": "  "})
    assert found.missing == ("name",)
    assert found.dimensions["completeness"] == pytest.approx(3 / 6)
    assert found.findings[0].says == "Name is required"


def test_a_gate_that_blocks_lets_no_incomplete_record_through() -> None:
    blocking = changed("missing_required: warn", "missing_required: block")
    assert checked(**FULL | {"name": None}).can_submit
    assert not checked(blocking, **FULL | {"name": None}).can_submit


def test_a_blocking_check_that_fails_holds_the_record_back() -> None:
    found = checked(**FULL | {"cost": 60, "budget": 50})
    assert found.failed == {"K1": "block"}
    assert not found.can_submit


def test_a_condition_makes_a_field_required() -> None:
    assert checked(**FULL | {"cost": 101}).missing == ("budget",)


def test_a_condition_that_nobody_can_decide_asks_for_nothing_and_is_listed() -> None:
    found = checked(**FULL | {"cost": None})
    assert found.missing == ("cost",)
    assert found.undecided == ("budget",)


def test_stage_and_tier_must_both_hold_for_a_field_to_be_required() -> None:
    record: dict[str, Any] = {"name": "Apollo", "stage": "define", "tier": 1, "cost": 5}
    assert checked(**record).missing == ()
    assert checked(**record | {"stage": "deliver"}).missing == ("start",)
    assert checked(**record | {"stage": "deliver", "tier": 3}).missing == ()


def test_stage_and_tier_come_from_the_context_where_the_record_has_none() -> None:
    found = checked(context={"tier": None}, name="Apollo", stage="deliver", cost=1)
    assert found.undecided == ("cost", "start")  # nobody knows the tier


def test_a_check_without_its_input_is_not_run_and_counts_neither_way() -> None:
    found = checked(**FULL)
    assert found.not_run == (
        "K1",
        "K2",
        "K4",
    )  # no budget, no ledger, nobody knows whether there was a report
    assert "accuracy" in found.not_measured
    ran = checked(**FULL, context={"as_of": "2025-06-30", "previous": None, "finance": {"eac": 50}})
    assert ran.not_run == ("K1",)
    assert ran.dimensions["accuracy"] == 1


def test_a_repeated_text_is_found_by_comparing_with_the_previous_record() -> None:
    found = checked(**FULL, context={"previous": {"name": "apollo!", "start": "31/01/2025"}})
    assert found.failed == {"K4": "info"}


@pytest.mark.parametrize(
    ("record", "says"),
    [
        ({"name": "ab"}, "at least 3 characters, has 2"),
        ({"name": "a" * 10}, "at most 9 characters, has 10"),
        ({"name": 7}, "expected a text, is '7'"),
        ({"stage": "done"}, "one of define, deliver, close, is 'done'"),
        ({"tier": 0}, "at least 1, is 0"),
        ({"tier": 4.0}, "at most 3, is 4"),
        ({"tier": 1.5}, "expected a whole number, is '1.5'"),
        ({"tier": True}, "expected a number, is 'True'"),
        ({"cost": "ten"}, "expected an amount, is 'ten'"),
        ({"cost": float("nan")}, "expected a number, is 'nan'"),
        ({"cost": -1}, "at least 0, is -1"),
        ({"start": "30.06.2025"}, "expected a date like 2025-06-30, is '30.06.2025'"),
        ({"start": 45000}, "expected a date like 2025-06-30, is '45000'"),
        ({"name": "Ap\ud800o"}, "expected a text, has half a character in 'Ap?o'"),
        ({"start": "2025-06-\ud800"}, "expected a date like 2025-06-30, is '2025-06-?'"),
        ({"number": "N-1\n"}, "like ^N-[0-9]+$, is 'N-1\\n'"),
        ({"number": "X-1"}, "like ^N-[0-9]+$, is 'X-1'"),
        ({"number": "N" * 60}, "like ^N-[0-9]+$, is '" + "N" * 39 + "…'"),
    ],
)
def test_a_wrong_value_is_invalid_and_says_what_is_asked(record: dict[str, Any], says: str) -> None:
    found = checked(**FULL | record)
    assert found.invalid == {next(iter(record)): says}
    assert found.missing == ()


@pytest.mark.parametrize("start", [date(2025, 1, 1), datetime(2025, 1, 1, 9, 0), "2025-01-01"])  # noqa: DTZ001  workbooks give these
def test_dates_arrive_as_dates_or_as_text(start: object) -> None:
    assert checked(**FULL | {"start": start}).findings == ()
    assert checked(**FULL | {"start": "2025-07-01"}).failed == {"K3": "warn"}


def test_money_arrives_as_a_number_a_decimal_or_text() -> None:
    for cost in (50, 50.0, Decimal("50.00"), "50.00"):
        assert checked(**FULL | {"cost": cost}).findings == ()


def test_a_value_that_cannot_be_read_fails_its_own_test_and_no_other() -> None:
    found = checked(**FULL | {"start": "soon"})
    assert list(found.invalid) == ["start"]
    assert "K3" in found.not_run


def test_a_computed_field_is_filled_in_and_can_be_used_by_rules() -> None:
    found = checked(**FULL | {"cost": 3000, "budget": 5000})
    assert found.escalates == ("programme_board", "sponsor")
    stated = checked(**FULL | {"cost": 50, "half": 2000})
    assert stated.escalates == ("programme_board",)


@pytest.mark.parametrize(("age", "mark"), [(0, 1), (7, 1), (10.5, 0.5), (14, 0), (99, 0)])
def test_a_value_fades_through_its_grace(age: float, mark: float) -> None:
    found = checked(**FULL | {"budget": 60}, ages={"budget": age, "name": 1000})
    assert found.dimensions["timeliness"] == mark
    assert found.stale == (("budget",) if mark == 0 else ())


def test_a_sensitive_value_fades_faster_at_first() -> None:
    steep = changed("grace: P1W", "grace: P1W, sensitivity: 2")
    found = checked(steep, ages={"budget": 10.5}, **FULL | {"budget": 60})
    assert found.dimensions["timeliness"] == 0.25


def test_the_age_of_a_missing_value_or_an_unknown_age_is_not_measured() -> None:
    assert "timeliness" in checked(**FULL, ages={"budget": 99}).not_measured
    assert "timeliness" in checked(**FULL | {"budget": 60}, ages={"budget": None}).not_measured


def test_freshness_by_tier_takes_the_strictest_where_the_tier_is_unknown() -> None:
    by_tier = changed("within: P7D, grace: P1W", "by_tier: {1: P7D, 2: P14D, 3: P30D}, grace: P10D")
    record = {"name": "Apollo", "stage": "deliver", "budget": 60}
    ages: dict[str, float | None] = {"budget": 12}
    marks = [
        checked(by_tier, ages=ages, context={"tier": tier}, **record).dimensions["timeliness"]
        for tier in (1, 3, None)
    ]
    assert marks == [0.5, 1, 0.5]


def test_a_number_used_twice_is_not_unique() -> None:
    record = FULL | {"number": "N-7"}
    assert "uniqueness" in checked(**record).not_measured
    found = checked(**record, context={"taken": {"number": {"N-7", "N-8"}}})
    assert found.dimensions["uniqueness"] == 0
    assert found.invalid == {"number": "'N-7' is used more than once in the project"}


def test_what_is_known_to_be_nothing_is_compared_with_nothing() -> None:
    found = checked(
        **FULL | {"number": "N-7", "owner": "Ada"}, context={"taken": None, "active_people": None}
    )
    assert found.findings == ()


def test_an_owner_who_has_left_is_invalid_where_the_active_people_are_known() -> None:
    record = FULL | {"owner": "Ada"}
    assert checked(**record).findings == ()
    found = checked(**record, context={"active_people": {"Grace"}})
    assert found.invalid == {"owner": "'Ada' is nobody who is active"}


def test_validity_counts_one_test_a_value_and_computed_values_too() -> None:
    found = checked(**FULL | {"name": "ab"})  # six values, `half` among them
    assert found.dimensions["validity"] == pytest.approx(5 / 6)


def test_a_template_that_measures_nothing_gives_no_score() -> None:
    optional = SMALL.replace("required: always", "required: {stages: [close]}")
    found = checked(optional.replace("start == null || ", ""), context={"stage": "define"})
    assert (found.score, found.grade, found.required) == (None, None, 0)
    assert found.to_json()["score"] is None


def test_an_empty_record_is_answered_field_by_field_and_never_raises() -> None:
    found = check(template("monthly-status"), {}, {}, {})
    assert {"period", "stage", "tier", "forecast_finish"} <= set(found.missing)
    assert found.grade == "E"
    assert not found.can_submit


def test_a_dependency_offered_too_late_goes_to_both_managers_and_the_board() -> None:
    record = {"kind": "dependency", "needed_by": "2025-08-01", "offered_by": "2025-08-02", "state": "open"}
    found = check(template("raid-log"), record, {}, {"as_of": date(2025, 6, 30), "tier": 2})
    assert found.escalates == ("both_project_managers", "programme_board")
    assert found.failed == {"R04": "warn"}
    assert "R07" in found.not_run


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers(-10, 10**20) | st.floats() | st.text(max_size=8) | st.dates()
    | st.decimals(allow_nan=None) | st.sampled_from(["GREEN", "RED", "deliver", "2025-06", "2025-06-30"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=3,
)  # fmt: skip
MONTHLY = [field.rule.id for field in template("monthly-status").fields]


@settings(max_examples=60, deadline=None)
@given(
    st.dictionaries(st.sampled_from(MONTHLY), ANYTHING),
    st.dictionaries(st.sampled_from(MONTHLY), st.none() | st.floats(0, 10**4)),
    st.dictionaries(
        st.sampled_from(["computed", "previous", "finance", "tier", "stage", "report"]), ANYTHING
    ),
)
def test_whatever_arrives_is_scored_between_0_and_100_and_never_raises(
    record: dict[str, Any], ages: dict[str, float | None], context: dict[str, Any]
) -> None:
    found = check(template("monthly-status"), record, ages, context)
    assert found.score is None or -1e-9 <= found.score <= 100 + 1e-9
    assert all(0 <= mark <= 1 for mark in found.dimensions.values())
    assert set(found.missing).isdisjoint(found.invalid)
    assert json.loads(json.dumps(found.to_json())) == found.to_json()


@given(st.sets(st.sampled_from(sorted(FULL))), st.sampled_from(sorted(FULL)))
def test_taking_away_a_value_nothing_else_depends_on_never_makes_a_record_more_complete(
    gone: set[str], another: str
) -> None:
    only = {"name", "start"}  # the others decide what is required
    before = {name: value for name, value in FULL.items() if name not in gone & only}
    after = {name: value for name, value in before.items() if name != another or another not in only}
    assert checked(**after).dimensions["completeness"] <= checked(**before).dimensions["completeness"]


def test_a_pattern_that_would_take_for_ever_takes_no_time() -> None:
    slow = changed('pattern: "^N-[0-9]+$"', 'pattern: "(a+)+$"')
    started = time.perf_counter()
    assert checked(slow, **FULL | {"number": "a" * 50_000 + "b"}).invalid.keys() == {"number"}
    assert time.perf_counter() - started < 5
