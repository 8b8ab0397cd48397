"""A template's rules changed for some projects."""

import json
import re
from functools import lru_cache
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.shipped import template
from model.declaration import Declaration, InvalidDeclaration
from model.template.check import check
from model.template.language import Document
from model.template.result import Result
from model.template.tailoring import tailored
from model.template.template import Template
from tests.support.shared import ROOT
from tests.support.template_samples import loaded

LESS = ", which asks for less"
FULL: dict[str, Any] = {"name": "Apollo", "stage": "deliver", "tier": 1, "cost": 50, "start": "2025-01-01"}


def listed(changes: dict[str, Any]) -> list[str]:
    return [str(change) for change in tailored(loaded(), changes).changes]


def judged(changes: dict[str, Any], **record: Any) -> Result:
    context = {"as_of": "2025-06-30", "tier": 1, "stage": "deliver"}
    return check(_tailored(json.dumps(changes)), record, {}, context)


@lru_cache(maxsize=16)
def _tailored(changes: str) -> Template:
    return tailored(loaded(), json.loads(changes))


def test_nothing_changed_is_the_same_template_judging_the_same() -> None:
    small = loaded()
    made = tailored(small, {})
    assert made.document == small.document
    assert made.changes == ()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"fields": {"owner": {"required": "always"}}}, "fields.owner.required: from nothing to 'always'"),
        ({"fields": {"name": {"required": None}}}, "fields.name.required: from 'always' to nothing" + LESS),
        ({"fields": {"name": {"min_len": 2}}}, "fields.name.min_len: from 3 to 2" + LESS),
        ({"fields": {"name": {"min_len": 5}}}, "fields.name.min_len: from 3 to 5"),
        ({"fields": {"name": {"max_len": None}}}, "fields.name.max_len: from 9 to nothing" + LESS),
        ({"fields": {"tier": {"max": 2}}}, "fields.tier.max: from 3.0 to 2.0"),
        ({"fields": {"name": {"weight": 1}}}, "fields.name.weight: from 3.0 to 1.0" + LESS),
        ({"fields": {"cost": {"required": {"tiers": [1, 2]}}}}, "fields.cost.required: from tiers 1 to tiers 1 2"),
        ({"fields": {"cost": {"required": {"tiers": [2]}}}}, "fields.cost.required: from tiers 1 to tiers 2" + LESS),
        ({"fields": {"budget": {"fresh": {"within": "P30D"}}}},
         "fields.budget.fresh: from within 'P7D', grace 'P7D' to within 'P30D', grace 'P0D'" + LESS),
        ({"fields": {"owner": {"must_be": None}}}, "fields.owner.must_be: from 'active_person' to nothing" + LESS),
        ({"fields": {"name": {"help": "As there"}}}, "fields.name.help: from nothing to 'As there'"),
        ({"checks": {"K1": {"severity": "warn"}}}, "checks.K1.severity: from 'block' to 'warn'" + LESS),
        ({"checks": {"K2": {"severity": "block"}}}, "checks.K2.severity: from 'warn' to 'block'"),
        ({"checks": {"K1": {"off": True}}}, "checks.K1: from 'Over the budget' to nothing" + LESS),
        ({"add": {"fields": [{"id": "more", "label": "More", "type": "text", "fill": "ask"}]}},
         "fields.more: from nothing to 'More'"),
        ({"add": {"checks": [{"id": "K9", "dim": "validity", "severity": "warn", "expr": "tier < 3", "says": "X"}]}},
         "checks.K9: from nothing to 'X'"),
    ],
)  # fmt: skip
def test_every_change_is_listed_and_says_whether_it_asks_for_less(changes: dict[str, Any], said: str) -> None:
    assert listed(changes) == [said]


def test_a_tailored_template_judges_by_its_changes() -> None:
    assert judged({"fields": {"owner": {"required": "always"}}}, **FULL).missing == ("owner",)
    assert judged({"checks": {"K3": {"off": True}}}, **FULL | {"start": "2025-07-01"}).failed == {}
    extra = {"id": "K9", "dim": "validity", "severity": "block", "expr": "more > cost", "says": "More"}
    more = {"id": "more", "label": "More", "type": "money", "fill": "ask", "required": "always"}
    found = judged({"add": {"fields": [more], "checks": [extra]}}, **FULL, more=3)
    assert found.failed == {"K9": "block"}


def test_changes_add_up_when_a_template_is_tailored_twice() -> None:
    small = loaded()
    once = tailored(small, {"fields": {"name": {"min_len": 2}}})
    twice = tailored(once, {"fields": {"name": {"max_len": 20}}})
    assert [change.where for change in twice.changes] == ["fields.name.min_len", "fields.name.max_len"]
    assert (small.document.fields[0].min_len, small.document.fields[0].max_len) == (3, 9)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"fields": {"nmae": {"weight": 2}}}, "tailoring of small@1.0.0: fields.nmae: there is none; there are name"),
        ({"fields": {"name": {"type": "int"}}}, "fields.name.type: cannot be tailored; label, help, required"),
        ({"fields": {"name": {"weight": 0}}}, "fields.name.weight: must be more than 0"),
        ({"fields": {"name": {"min_len": 99}}}, "fields.name: min_len is over max_len"),
        ({"fields": {"name": {"required": {"when": "cost > start"}}}},
         "fields.name.required.when: a number and a date cannot be compared by >"),
        ({"checks": {"K7": {"off": True}}}, "checks.K7: there is none; there are K1, K2, K3, K4"),
        ({"checks": {"K1": {"off": "yes"}}}, "checks.K1.off: expected true or false"),
        ({"checks": {"K1": {"expr": "tier > 1"}}}, "checks.K1.expr: cannot be tailored; severity, off, says can"),
        ({"add": {"checks": [{"id": "K1", "dim": "validity", "severity": "warn", "expr": "tier > 1", "says": "x"}]}},
         "checks.K1.id: 'K1' is given twice"),
        ({"add": {"fields": [{"id": "more"}]}}, "fields.more.label: is required"),
        ({"feilds": {}}, "feilds: is not a known setting"),
    ],
)  # fmt: skip
def test_what_cannot_be_tailored_is_refused_and_says_where(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(InvalidDeclaration) as caught:
        tailored(loaded(), changes)
    assert said in str(caught.value)


def test_all_that_is_wrong_with_a_tailoring_is_said_at_once() -> None:
    with pytest.raises(InvalidDeclaration) as caught:
        tailored(loaded(), {"fields": {"nmae": {}, "name": {"id": "x"}}, "checks": {"K7": {}}})
    assert len(caught.value.complaints) == 3


@pytest.mark.parametrize("id_", ["monthly-status", "raid-log"])
def test_a_document_written_out_reads_back_the_same(id_: str) -> None:
    document = template(id_).document
    assert (
        Document.model_validate(document.model_dump(mode="json", by_alias=True, exclude_unset=True))
        == document
    )
    assert Document.model_validate(document.model_dump(mode="json", by_alias=True)) == document


RECORDS = st.fixed_dictionaries(
    {},
    optional={
        "name": st.text(max_size=12),
        "cost": st.integers(-5, 200),
        "tier": st.integers(0, 4),
        "budget": st.integers(0, 100),
        "start": st.dates().map(str),
    },
)


@given(RECORDS, st.sampled_from(["K1", "K3", "K4"]))
def test_a_check_that_is_off_takes_its_finding_away_and_nothing_else(
    record: dict[str, Any], id_: str
) -> None:
    before = judged({}, **record)
    after = judged({"checks": {id_: {"off": True}}}, **record)
    assert after.findings == tuple(finding for finding in before.findings if finding.field != id_)
    assert after.not_run == tuple(rule for rule in before.not_run if rule != id_)


def test_the_manuals_tailoring_is_listed_as_the_manual_says() -> None:
    manual = (ROOT / "docs" / "templates.md").read_text(encoding="utf-8")
    changes = re.search(r"```yaml\n(fields:\n  variance_narrative.*?)```", manual, re.DOTALL)
    said = re.search(r"```text\n(fields.variance_narrative.*?)```", manual, re.DOTALL)
    assert changes is not None
    assert said is not None
    found = [
        str(each)
        for each in tailored(
            template("monthly-status"), Declaration(changes[1], "tailoring.yaml").data
        ).changes
    ]
    assert set(said[1].splitlines()) <= set(found)
    assert [each.split(":")[0] for each in found] == [
        "fields.rag_benefit.required", "fields.variance_narrative.required", "fields.variance_narrative.min_len",
        "checks.C03.severity", "checks.C08", "checks.X01",
    ]  # fmt: skip
