"""The templates judge messy records exactly as the same rules do that were written by hand in Python."""

import json
from collections.abc import Callable

import pytest

from benchmarks.templates import Generated
from benchmarks.templates_monthly import monthly_status
from benchmarks.templates_plain import Plain
from benchmarks.templates_raid import raid_log
from benchmarks.templates_records import items, reports
from config import shipped
from model.template.check import check
from model.template.language import Document
from model.template.template import Template, load


def compiled(name: str) -> Template:
    return load(shipped.text("templates", name), name)


@pytest.mark.parametrize(
    ("name", "by_hand", "generated"),
    [("monthly-status", monthly_status, reports), ("raid-log", raid_log, items)],
)
def test_a_template_and_the_same_rules_in_python_judge_every_record_the_same(
    name: str, by_hand: Callable[[Document], Plain], generated: Generated
) -> None:
    template = compiled(name)
    plain = by_hand(template.document)
    kinds = set()
    for case in generated(1_500):
        found = check(template, *case).to_json()
        assert found == plain(*case), json.dumps(case, default=str)
        kinds |= {finding["kind"] for finding in found["findings"]}
    assert kinds == {"missing", "invalid", "failed", "stale"}  # the records are as messy as they should be


def test_the_generated_records_are_the_same_each_time() -> None:
    assert list(reports(20)) == list(reports(20))
    assert list(items(20)) == list(items(20))


def test_a_rule_that_was_changed_is_noticed() -> None:
    text = shipped.text("templates", "monthly-status").replace("> 0.05", "> 0.15")
    other = load(text, "other.yaml")
    plain = monthly_status(compiled("monthly-status").document)
    assert any(check(other, *case).to_json() != plain(*case) for case in reports(300))
