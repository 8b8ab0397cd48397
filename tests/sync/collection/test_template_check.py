"""A record as programs hand it in: judged by the version of its day, whatever stands in it."""

import re
from datetime import date
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from sqlalchemy import Engine

from config.document import in_words
from model.collection.roles import Actor
from model.template.context import CONTEXT as CONTEXT_NAMES
from sync.collection.tailoring import Where, approve, ask, parse
from sync.collection.template_check import RecordContext, RecordDocument, check_record, judge_of
from sync.collection.templates import NoSuchTemplate, shipped_versions
from tests.support.rows import T0

DAY = date(2025, 6, 30)
TEMPLATES = [each.loaded() for each in shipped_versions()]
SCALARS = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
    | st.sampled_from(["2025-06-30", "GREEN", "deliver", "2025-06", "R-001", "risk", "12.5"])
)  # fmt: skip
ANYTHING = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
CONTEXT = st.sampled_from(
    ["tier", "stage", "period", "computed", "previous", "report", "finance", "taken", "active_people", "age_days",
     "score_changes", "linked_issue", "similar_open_items"]
)  # fmt: skip


def test_without_a_store_the_shipped_version_of_the_day_judges() -> None:
    found = [judge_of(None, "monthly-status", None, day, Where()).label for day in (DAY, T0.date())]
    assert found == ["monthly-status@3.1.0", "monthly-status@3.2.0"]
    assert judge_of(None, "monthly-status", "3.2.0", DAY, Where()).label == "monthly-status@3.2.0"


@pytest.mark.parametrize(("named", "version"), [("weekly", None), ("raid-log", "9.9.9")])
def test_what_is_not_there_is_named_with_what_is(engine: Engine, named: str, version: str | None) -> None:
    with engine.connect() as connection:
        for store in (None, connection):
            with pytest.raises(NoSuchTemplate, match="there are"):
                judge_of(store, named, version, DAY, Where())


def test_the_records_own_stage_and_tier_say_how_it_is_tailored(engine: Engine) -> None:
    written = {"template": "monthly-status", "applies": {"tiers": [3]}, "because": "Small ones",
               "changes": {"checks": {"C06": {"off": True}}}}  # fmt: skip
    late = {"stage": "deliver", "forecast_finish": "2026-01-01"}
    with engine.begin() as connection:
        number = ask(
            connection, parse(written, where="t"), actor=Actor("Ida", frozenset(["specialist"])), now=T0
        )
        approve(connection, number, actor=Actor("Ole", frozenset(["pmo_head"])), now=T0)
        found = {}
        for tier in (1, 3):
            document = RecordDocument(record={**late, "tier": tier})
            judge = judge_of(connection, "monthly-status", None, T0.date(), document.where())
            found[tier] = [each["field"] for each in check_record(judge, document, T0.date())["findings"]]
    assert ["C06" in found[1], "C06" in found[3]] == [True, False]


@pytest.mark.parametrize(
    ("context", "says"),
    [
        ({"tier": 0}, "context.tier: .*greater than or equal to 1"),
        ({"tier": 7}, "context.tier: .*less than or equal to 3"),
        ({"stage": "delivr"}, "context.stage: .*'define', 'deliver' or 'close'"),
        ({"programe": "Digital"}, "no rule knows 'programe'; a context has any of as_of, tier, stage"),
    ],
)
def test_a_context_that_cannot_be_is_refused_in_words(context: dict[str, Any], says: str) -> None:
    with pytest.raises(ValidationError) as refused:
        RecordDocument.model_validate({"record": {}, "context": context})
    assert re.search(says, in_words(refused.value))


def test_every_name_that_expressions_may_use_can_be_given_as_context() -> None:
    assert set(RecordContext.model_fields) >= CONTEXT_NAMES


@settings(max_examples=100)
@given(st.data())
def test_whatever_stands_in_a_record_is_judged_or_refused_in_words(data: st.DataObject) -> None:
    template = data.draw(st.sampled_from(TEMPLATES))
    ids = [each.rule.id for each in template.fields]
    named = st.sampled_from([*ids, "overall", "eac", "period"])
    context = ANYTHING | st.dictionaries(named, ANYTHING, max_size=3)
    document: dict[str, Any] = {
        "record": data.draw(
            st.dictionaries(st.sampled_from(ids) | st.text(max_size=3), ANYTHING, max_size=8)
        ),
        "ages_days": data.draw(st.dictionaries(st.sampled_from(ids), st.none() | st.floats(), max_size=3)),
        "context": data.draw(st.dictionaries(CONTEXT, context, max_size=4)),
    }
    try:
        given_ = RecordDocument.model_validate(document)
    except ValidationError:
        return
    found = check_record(template, given_, DAY)
    assert set(found.get("not_asked", ())) == set(document["record"]) - set(ids)
    assert orjson.dumps(found)
    assert found["score"] is None or 0 <= found["score"] <= 100
