"""What a source no longer is, in words, before its records are read; until it is as before or accepted."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, text

from config.document import SourceBlock
from connectors.base import Discovery, Json, Page, Slice
from sync.drift import Open, accept, drifted
from sync.mapping import parse_mapping
from sync.registry import Opened
from sync.run import execute_run, start_run
from sync.shape import differences, shape_of
from tests.support.fake_source import (
    MAPPING,
    T0,
    FakeStream,
    FakeTracker,
    WatchedConnector,
    configure,
    issue,
    run_once,
)
from tests.support.store import ask

POINTS: Json = {"id": "points", "name": "Story Points", "type": "number"}
UPDATED: Json = {"id": "updated", "name": "Updated", "type": "datetime"}


def look(**changes: Any) -> Discovery:
    """Return what the source is made of: two fields, two statuses, a type, a process."""
    return Discovery(
        fields=changes.get("fields", [POINTS, UPDATED, {"id": "other", "name": "Other", "type": "string"}]),
        states=changes.get(
            "states",
            [
                {"id": "1", "name": "Open", "category": "todo"},
                {"id": "3", "name": "Doing", "category": "doing"},
            ],
        ),
        types=changes.get("types", [{"id": "10", "name": "Story", "level": 0}]),
        shape=changes.get("shape", {"process of project": {"Apollo": "Agile"}}),
        semantics={"story_points": "points"},
    )


def says(before: Discovery, after: Discovery) -> dict[str, str]:
    found = differences(shape_of(before), shape_of(after), {"points", "updated"}, {"points": "points"})
    return {each.subject: each.says for each in found}


def test_what_is_as_it_was_has_not_drifted() -> None:
    assert says(look(), look()) == {}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"states": [*look().states, {"id": "9", "name": "QA", "category": "doing"}]},
         {"status 9": "a new status: 'QA' (9); it counts as doing"}),
        ({"states": [*look().states, {"id": "9", "name": "QA", "category": None}]},
         {"status 9": "a new status: 'QA' (9); what it counts as is unknown"}),
        ({"states": [look().states[0]]}, {"status 3": "the status 'Doing' (3) is no longer listed"}),
        ({"states": [look().states[0], {"id": "3", "name": "Working", "category": "doing"}]},
         {"status 3": "the status 'Doing' (3) is now called 'Working'"}),
        ({"states": [look().states[0], {"id": "3", "name": "Doing", "category": "done"}]},
         {"status 3": "the status 'Doing' (3) counted as doing and now counts as done"}),
        ({"states": [look().states[0], {"id": "3", "name": "Closed", "category": "done"}]},
         {"status 3": "the status 'Doing' (3) is now called 'Closed'; it counted as doing and now counts as done"}),
        ({"fields": [{**POINTS, "name": "Size"}, UPDATED]},
         {"field points": "the field 'Story Points' (points) is now called 'Size'; it gives points"}),
        ({"fields": [{**POINTS, "type": "string"}, UPDATED]},
         {"field points": "the field 'Story Points' (points) was number and is now string; it gives points"}),
        ({"fields": [UPDATED]},
         {"field points": "the field 'Story Points' (points) is no longer there, or not to be seen;"
                          " it gives points"}),
        ({"fields": [POINTS, UPDATED]}, {}),  # nobody reads the one that went
        ({"fields": [*look().fields, {"id": "new", "name": "story points", "type": "number"}]},
         {"field new": "a second field is called 'story points' (new); the mapping reads points"}),
        ({"types": [*look().types, {"id": "11", "name": "Spike", "level": 0}]},
         {"type 11": "a new type of item: 'Spike' (11)"}),
        ({"types": [{"id": "10", "name": "Story", "level": 1}]},
         {"type 10": "the type 'Story' (10) stood at level 0 and now at 1"}),
        ({"types": []}, {"type 10": "the type 'Story' (10) is no longer listed"}),
        ({"shape": {"process of project": {"Apollo": "Scrum"}}},
         {"process of project Apollo": "process of project Apollo: was Agile and is now Scrum"}),
        ({"shape": {"process of project": {}}},
         {"process of project Apollo": "process of project Apollo: no longer there; it was Agile"}),
        ({"shape": {"process of project": {"Apollo": "Agile"}, "columns of a.xlsx": {"C": "Owner"}}}, {}),
        ({"shape": {**look().shape, "unknown type of field": {"f": "any (com.vendor:x)"}}},
         {"unknown type of field f": "the field f is of a type that nobody documents (any (com.vendor:x));"
                                     " its values are kept as they come"}),
    ],
)  # fmt: skip
def test_each_change_is_told_in_words(changes: dict[str, Any], expected: dict[str, str]) -> None:
    assert says(look(), look(**changes)) == expected


def standing(engine: Engine) -> list[Open]:
    with engine.connect() as connection:
        return drifted(connection)


def test_a_run_tells_drift_and_goes_on_and_what_went_back_is_closed(engine: Engine) -> None:
    configure(engine)
    tracker = FakeTracker({"A": [issue(1, points=3)]}, shape=look())
    run_once(engine, tracker)
    assert standing(engine) == []

    tracker.shape = look(fields=[{**POINTS, "name": "Size"}, UPDATED])
    run, state = run_once(engine, tracker, at=T0 + timedelta(days=1))
    [found] = standing(engine)
    run_once(engine, tracker, at=T0 + timedelta(days=2))
    [still] = standing(engine)
    tracker.shape = look()
    run_once(engine, tracker, at=T0 + timedelta(days=3))

    assert state == "succeeded"
    [warnings] = ask(engine, "SELECT warnings FROM run WHERE id = :run", run=run)
    assert warnings["warnings"] == [f"drift: {found.says}; {found.todo}"]
    assert (found.was, found.now) == ("Story Points (number)", "Size (number)")
    assert (still.id, still.first_seen, still.last_seen) == (
        found.id,
        T0 + timedelta(days=1),
        T0 + timedelta(days=2),
    )
    assert standing(engine) == []


class Late(WatchedConnector):
    """One whose tracker is given another status after the run's look at it, while its items are read."""

    def streams(self, semantics: Any, fields: Any) -> list[Any]:
        del semantics, fields
        later = look(states=[*look().states, {"id": "9", "name": "QA", "category": "doing"}])

        class Stream(FakeStream):
            def pull(self, slice_: Slice, cursor: Json | None) -> Iterator[Page]:
                self.tracker.shape = later
                return super().pull(slice_, cursor)

        return [Stream(self.tracker, self.clock)]


@pytest.mark.parametrize("status", ["9", "3"])
def test_a_status_that_turns_up_in_an_item_is_told_by_the_run_that_reads_it(
    engine: Engine, status: str
) -> None:
    configure(engine, mapping={"issues": {"status_id": "fields.status.id"}})
    status_of = {"id": status, "name": "QA", "statusCategory": {"key": "indeterminate"}}
    tracker = FakeTracker({"A": [issue(1), issue(2, status=status_of)]}, shape=look())

    def opener(block: SourceBlock, *, connections: int, clock: Any) -> Opened:
        del connections
        return Opened(Late(tracker, clock), parse_mapping(MAPPING, where="fake", overrides=block.mapping))

    run = start_run(engine, "fake", full=False, now=T0)
    assert run is not None
    execute_run(engine, run, clock=lambda: T0, opener=opener)

    says, told = "a new status: 'QA' (9); it counts as doing", status == "9"
    assert [each.says for each in standing(engine)] == ([says] if told else [])
    [row] = ask(engine, "SELECT warnings FROM run WHERE id = :run", run=run)
    assert any(says in each for each in row["warnings"]) is told


def test_another_field_for_a_meaning_is_told_unless_it_is_pinned(engine: Engine) -> None:
    configure(engine)
    tracker = FakeTracker({"A": [issue(1)]}, shape=look())
    run_once(engine, tracker)
    tracker.shape = look()
    tracker.shape.semantics["story_points"] = "size"

    run_once(engine, tracker, full=True, at=T0 + timedelta(days=1))

    [found] = standing(engine)
    assert found.says == "story_points was found in points and is now found in size"
    accept(engine, "fake", [found.id], by="Ada", now=T0 + timedelta(days=1))
    run_once(engine, tracker, full=True, at=T0 + timedelta(days=2))
    assert standing(engine) == []


def test_what_is_accepted_is_how_it_is_from_then_on(engine: Engine) -> None:
    configure(engine)
    tracker = FakeTracker({"A": [issue(1)]}, shape=look())
    run_once(engine, tracker)
    tracker.shape = look(
        states=[*look().states, {"id": "9", "name": "QA", "category": "doing"}],
        shape={"process of project": {"Apollo": "Scrum"}},
    )
    run_once(engine, tracker, at=T0 + timedelta(days=1))
    [status, process] = standing(engine)

    accept(engine, "fake", [status.id], by="Ada", now=T0 + timedelta(days=1))
    run_once(engine, tracker, at=T0 + timedelta(days=2))
    [left] = standing(engine)
    accept(engine, "fake", [], by="Ada", now=T0 + timedelta(days=2))
    run_once(engine, tracker, at=T0 + timedelta(days=3))

    assert left.subject == process.subject == "process of project Apollo"
    assert standing(engine) == []
    with pytest.raises(LookupError, match="muster drift fake"):
        accept(engine, "fake", [status.id], by="Ada", now=T0)


def test_a_value_without_a_place_in_its_map_stands_until_a_full_run_sees_it_no_more(engine: Engine) -> None:
    configure(engine)
    tracker = FakeTracker({"A": [issue(1, issuetype={"name": "Spike"})]})
    run_once(engine, tracker)
    [found] = standing(engine)

    run_once(engine, tracker, at=T0 + timedelta(days=1))
    assert [each.id for each in standing(engine)] == [found.id]
    tracker.issues["A"] = [issue(1)]
    run_once(engine, tracker, full=True, at=T0 + timedelta(days=2))

    assert found.says == "work_item hub_type: no mapping for 'Spike' (1 times)"
    assert standing(engine) == []
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT hub_type FROM work_item")) == "story"


def test_values_of_another_shape_than_their_fields_type_are_told_with_an_example(engine: Engine) -> None:
    configure(engine, mapping={"issues": {"custom": "fields.custom"}})
    odd = {"name": "Size", "type": "number", "value": "XL", "raw": True, "why": "expected a number"}
    tracker = FakeTracker({"A": [issue(1, custom={"customfield_1": odd}), issue(2)]})
    run, _ = run_once(engine, tracker)

    [found] = standing(engine)

    assert found.says == (
        "1 values of 'Size' (customfield_1) are not of its type: expected a number; e.g. APO-1"
    )
    [row] = ask(engine, "SELECT warnings FROM run WHERE id = :run", run=run)
    assert any(found.says in each for each in row["warnings"])
    tracker.issues["A"] = [issue(1), issue(2)]
    run_once(engine, tracker, full=True, at=T0 + timedelta(days=1))
    assert standing(engine) == []
