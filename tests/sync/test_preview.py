"""A mapping tried on the stored pages: what it fills, misses and changes, colours included; and nothing stays."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, text

from connectors.base import Json
from connectors.errors import MisconfiguredSource
from sync.compiling import MappingError
from sync.preview import Preview, plain, preview
from sync.replay import NothingToReplay
from tests.support.fake_source import T0, FakeTracker, configure, fake_opener, issue, run_once
from tests.support.stored_model import model_rows

LATER = T0 + timedelta(days=1)
DOING: Json = {"id": "3", "name": "Doing", "statusCategory": {"key": "indeterminate"}}


def tried(engine: Engine, tracker: FakeTracker, attributes: Json | None = None, **more: Any) -> Preview:
    settings = {"mapping": {"issues": attributes}} if attributes else None
    return preview(engine, "fake", settings, now=LATER, opener=fake_opener(tracker), **more)


def stored(engine: Engine, *issues: Json) -> FakeTracker:
    configure(engine)
    tracker = FakeTracker({"A": list(issues)})
    run_once(engine, tracker)
    return tracker


def test_the_present_mapping_would_change_nothing(engine: Engine) -> None:
    tracker = stored(engine, issue(1, points=3), issue(2))

    found = tried(engine, tracker)

    assert (found.rebuilt.pages, found.rebuilt.records["issues"]) == (1, 2)
    assert not found.changes
    assert all(each.added == each.changed == each.removed == 0 for each in found.tables.values())
    [points] = [each for each in found.fills if each.attribute == "points"]
    assert (points.now, points.now_of, points.then, points.then_of) == (1, 2, 1, 2)


def test_fill_rates_and_changed_values_are_shown_before_anything_is_saved(engine: Engine) -> None:
    tracker = stored(engine, issue(1, points=3, effort=8), issue(2, effort=5))
    before = model_rows(engine, ids=True)

    found = tried(engine, tracker, {"points": "fields.effort"})

    [points] = [each for each in found.fills if each.attribute == "points"]
    assert (points.now, points.then, points.then_of) == (1, 2, 2)
    assert found.changes == {("work_item", "points"): 2}
    assert [(each.record, each.now, each.then) for each in found.changed] == [
        ("APO-1", 3.0, 8.0),
        ("APO-2", None, 5.0),
    ]
    assert found.tables["work_item"].changed == 2
    assert found.missing == ["effort"]  # no run has asked the tracker for it
    assert model_rows(engine, ids=True) == before
    assert plain(found)["changes"] == [["work_item", "points", 2]]


def test_values_without_a_place_are_counted_and_bad_ones_have_their_locators(engine: Engine) -> None:
    tracker = stored(
        engine, issue(1, size="L"), issue(2, size="8"), issue(3, size="8", issuetype={"name": "Bug"})
    )

    found = tried(
        engine,
        tracker,
        {"points": "fields.size", "hub_type": {"path": "fields.issuetype.name", "values": {"Bug": "bug"}}},
    )

    assert found.rebuilt.unmapped == {("issues", "hub_type", "Story"): 2}
    [(where, rejected)] = found.rebuilt.rejected.items()
    assert where == ("issues", "1")
    assert rejected.rejection.locator == "APO-1"
    assert rejected.rejection.reason == "points (from fields.size): 'L': expected a number"
    assert found.tables["work_item"].removed == 0  # it keeps what it had


def test_projects_that_would_change_colour_are_named(engine: Engine) -> None:
    configure(engine, mapping={"issues": {"due": "fields.due"}})
    tracker = FakeTracker({"A": [issue(1, due="2026-11-20", wish="2028-11-20", status=DOING)]})
    run_once(engine, tracker)
    with engine.begin() as connection:  # a register that has approved a finish, and the tracker's own project
        connection.execute(
            text(
                "INSERT INTO scope (source_id, external_id, kind, key, name, attributes)"
                " SELECT id, e, k, 'APO', 'Apollo', CAST(a AS jsonb) FROM source,"
                " (VALUES ('10000', 'jira_project', '{}'), ('r1', 'register_row', :given)) AS rows(e, k, a)"
            ),
            {
                "given": '{"baseline_start": {"value": "2026-01-01"}, "baseline_finish": {"value": "2026-12-01"}}'
            },
        )

    found = tried(engine, tracker, {"due": "fields.wish"})
    same = tried(engine, tracker)

    assert found.coloured
    assert [(each.project, each.what, each.now, each.then) for each in found.colours] == [
        ("APO", "schedule", "GREEN", "RED"),
    ]
    assert same.colours == []
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM snapshot")) == 0
        assert connection.scalar(text("SELECT count(*) FROM project")) == 0


def test_a_look_at_the_newest_pages_only_gives_rates_without_differences(engine: Engine) -> None:
    tracker = stored(engine, *(issue(number, points=1) for number in range(1, 7)))

    found = tried(engine, tracker, newest_pages=1)

    assert found.rebuilt.pages == 1
    [points] = [each for each in found.fills if each.attribute == "points"]
    assert points.then_of == 3
    assert not found.tables
    assert plain(found)["colours"] is None


def test_without_pages_it_says_what_to_do(engine: Engine) -> None:
    configure(engine)

    with pytest.raises(NothingToReplay, match="muster sync fake"):
        tried(engine, FakeTracker({"A": []}))


def test_while_a_run_reads_the_source_it_waits_for_its_end(engine: Engine) -> None:
    tracker = stored(engine, issue(1))
    with engine.begin() as connection:
        connection.execute(text("UPDATE run SET state = 'running'"))

    with pytest.raises(LookupError, match="try again when it is over"):
        tried(engine, tracker)


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({"mapping": 5}, "mapping: expected names with values"),
        ({"mapping": {"bugs": {"points": "a"}}}, "no stream 'bugs'; it has: issues"),
        ({"mapping": {"issues": {"size": "a"}}}, "work_item has no attribute 'size'"),
    ],
)
def test_settings_that_do_not_hold_are_refused_in_words(
    engine: Engine, settings: Json, complaint: str
) -> None:
    tracker = stored(engine, issue(1))

    with pytest.raises((MisconfiguredSource, MappingError), match=complaint):
        preview(engine, "fake", settings, now=LATER, opener=fake_opener(tracker))


def test_records_that_would_be_rejected_are_a_difference_and_their_other_attributes_still_count(
    engine: Engine,
) -> None:
    tracker = stored(
        engine, issue(1, points=3, size="L"), issue(2, points=5, size="8"), issue(3, points="many")
    )

    found = tried(engine, tracker, {"points": "fields.size"})

    assert sorted(found.newly) == [("issues", "1")]
    fills = {each.attribute: each for each in found.fills}
    assert (fills["points"].then, fills["points"].then_of, fills["points"].failed) == (1, 3, 1)
    assert (fills["title"].now_of, fills["title"].then, fills["title"].failed) == (2, 3, 0)
    assert plain(found)["newly_rejected"] == [
        ["issues", "APO-1", "points (from fields.size): 'L': expected a number"]
    ]
    assert not tried(engine, tracker).newly, "a reject of before is none of the mapping's"


def test_a_value_without_a_place_counts_once_a_record_and_not_once_a_page(engine: Engine) -> None:
    tracker = stored(engine, issue(1), issue(2), issue(3))
    run_once(engine, tracker, full=True, at=LATER)
    tracker.issues["A"][2] = issue(3, issuetype={"name": "Bug"})
    run_once(engine, tracker, full=True, at=LATER + timedelta(days=1))

    found = tried(engine, tracker, {"hub_type": {"path": "fields.issuetype.name", "values": {"Bug": "bug"}}})

    assert found.rebuilt.pages == 3
    assert found.rebuilt.unmapped == {("issues", "hub_type", "Story"): 2}


def test_an_empty_list_counts_as_not_filled(engine: Engine) -> None:
    configure(engine, mapping={"issues": {"labels": "fields.labels"}})
    tracker = FakeTracker(
        {"A": [issue(1, labels=[]), issue(2, labels=["x"]), issue(3, labels=[], points="many")]}
    )
    run_once(engine, tracker)

    [labels] = [each for each in tried(engine, tracker).fills if each.attribute == "labels"]

    assert (labels.now, labels.now_of, labels.then, labels.then_of) == (1, 2, 1, 3)
