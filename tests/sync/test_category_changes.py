"""A status that counts otherwise from now on: what is stored follows, and stays what a replay of all pages gives."""

from collections.abc import Iterator
from datetime import date
from typing import Any, Final

import pytest
from sqlalchemy import Engine

from sync.meanings import altered, carried_over
from sync.registry import utc_now
from sync.replay import replay
from tests.support.sandbox_sources import block, configure
from tests.support.sandboxes import Sandbox, running
from tests.support.store import ask, pulled
from tests.support.stored_model import empty, model_rows

ANCHOR: Final = date(2026, 11, 22)
PROGRESS: Final = "3"


@pytest.fixture(params=["jira-cloud", pytest.param("jira-dc", marks=pytest.mark.slow)])
def tracker(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    with running(request.param, anchor=ANCHOR, issues=60) as sandbox:
        yield sandbox


def begun(engine: Engine) -> dict[str, Any]:
    rows = ask(
        engine,
        "SELECT external_id, started_at, done_at FROM work_item WHERE status_id <> :progress AND external_id IN"
        " (SELECT item_external_id FROM transition WHERE from_id = :progress)",
        progress=PROGRESS,
    )
    return {row["external_id"]: (row["started_at"], row["done_at"]) for row in rows}


def test_items_that_went_through_it_follow_at_once_and_a_replay_changes_nothing(
    engine: Engine, tracker: Sandbox
) -> None:
    configure(engine, block(tracker, name="tracker", projects=["LA", "LB"], lists_minutes=0))
    pulled(engine, "tracker", full=True)
    before = begun(engine)
    gone = next(iter(before))
    tracker.control("edit", {"do": "delete", "id": gone})
    pulled(engine, "tracker", full=True)
    tracker.control("edit", {"do": "set_status", "id": PROGRESS, "category": "new"})

    run = pulled(engine, "tracker")
    live, standing, after = model_rows(engine), model_rows(engine, ids=True), begun(engine)

    [told] = [each for each in run.warnings if "worked out anew" in each]
    assert "what 'In Progress' mean was changed there" in told
    assert {one for one in before if after[one] != before[one]} > {gone}
    assert replay(engine, "tracker", now=utc_now()).changes == 0
    assert model_rows(engine, ids=True) == standing
    empty(engine)
    replay(engine, "tracker", now=utc_now())
    assert model_rows(engine) == live


def test_a_renamed_custom_field_reaches_every_item_that_has_it_and_a_replay_changes_nothing(
    engine: Engine, tracker: Sandbox
) -> None:
    stream = "customfield_10131"
    for key in ("LA-2", "LA-5"):
        value = {"id": "1", "value": "Payments"}
        tracker.control("edit", {"key": key, "fields": {stream: value}})
    configure(
        engine, block(tracker, name="tracker", projects=["LA"], lists_minutes=0, custom_fields=[stream])
    )
    pulled(engine, "tracker", full=True)
    names = "SELECT custom -> :field ->> 'name' AS name FROM work_item WHERE custom ? :field"
    before = ask(engine, names, field=stream)
    tracker.control("edit", {"do": "rename_field", "id": stream, "name": "Value chain"})

    run = pulled(engine, "tracker")

    assert before == [{"name": "Value stream"}] * 2
    assert ask(engine, names, field=stream) == [{"name": "Value chain"}] * 2
    assert any("2 records were worked out anew" in each and "'Value chain'" in each for each in run.warnings)
    assert replay(engine, "tracker", now=utc_now()).changes == 0


def test_what_a_status_that_is_listed_no_more_counted_as_is_kept() -> None:
    was = {"status_categories": "1:todo 3:doing 9:done", "status_overrides": "9:done", "site_url": "x"}
    now = {"status_categories": "1:todo", "site_url": "x"}

    assert carried_over(was, now) == {"status_categories": "1:todo 3:doing", "site_url": "x"}
    assert carried_over({}, now) == now
    assert carried_over(was, {"site_url": "x"}) == {"site_url": "x"}


def test_what_is_altered_is_told_by_status_by_field_and_by_meaning() -> None:
    was = {
        "status_categories": "1:todo 3:doing",
        "custom_fields": '[{"id":"c1","name":"A"},{"id":"c2"}]',
        "a": "b",
    }
    now = {
        "status_categories": "1:todo 3:done 4:doing",
        "custom_fields": '[{"id":"c1","name":"B"},{"id":"c2"}]',
    }

    assert not altered(was, was)
    found = altered(was, now)
    assert (found.statuses, found.fields, found.others) == (("3", "4"), ("c1",), ("a",))
