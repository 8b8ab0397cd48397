"""How sure each discovered meaning is, what was passed over, and what the configuration may overrule."""

from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from connectors.base import Confidence, Discovery, Json
from connectors.jira.config import JiraConfig
from connectors.jira.connector import Jira
from sync.proposal import described, proposal_text
from sync.versions import parse_proposal
from tests.support.fake_jira import STATUSES, FakeCloud, FakeJira, FakeServer, issue

FLOAT = "com.atlassian.jira.plugin.system.customfieldtypes:float"


def jira(fake: FakeJira, **options: Any) -> Jira:
    config = JiraConfig.model_validate(
        {
            "base_url": "https://example.atlassian.net",
            "auth": {"type": "basic", "username": "sync@example.com", "token": "secret-token"},
            **options,
        }
    )
    return Jira(config, source="tracker", transport=fake.transport)


def estimating(fake: FakeJira, *fields: str) -> FakeJira:
    """Give the site a board for each field, that estimates by it."""
    fake.boards = [{"id": number, "type": "scrum"} for number, _ in enumerate(fields, 1)]
    for number, name in enumerate(fields, 1):
        fake.estimation[number] = {"type": "field", "field": {"fieldId": name, "displayName": "Points"}}
    return fake


def test_what_all_boards_estimate_by_is_sure_and_the_rest_is_named() -> None:
    fake = estimating(FakeCloud(), "customfield_10026", "customfield_10026")
    fake.fields.append(
        {"id": "customfield_9", "name": "Story points (old)", "schema": {"type": "number", "custom": FLOAT}}
    )

    found = jira(fake).discover()

    assert found.semantics["story_points"] == "customfield_10026"
    assert found.confidence["story_points"] is Confidence.HIGH
    first, second = found.alternatives["story_points"]
    assert first.startswith("customfield_10016 'Story point estimate'")
    assert "read where the first holds nothing" in first
    assert second.startswith("customfield_9 'Story points (old)'")


def test_boards_that_disagree_make_it_less_sure() -> None:
    found = jira(estimating(FakeCloud(), "customfield_10026", "customfield_10016")).discover()

    assert {found.semantics["story_points"], found.semantics["story_points_other"]} == {
        "customfield_10026",
        "customfield_10016",
    }
    assert found.confidence["story_points"] is Confidence.MEDIUM


def test_a_name_alone_is_hardly_sure() -> None:
    fake = FakeCloud()
    fake.fields = [each for each in fake.fields if each["id"] != "customfield_10016"]

    found = jira(fake).discover()

    assert found.semantics["story_points"] == "customfield_10026"
    assert found.confidence["story_points"] is Confidence.LOW
    assert jira(FakeCloud()).discover().confidence["story_points"] is Confidence.MEDIUM


def test_a_field_that_boards_estimate_by_but_the_list_leaves_out_is_told() -> None:
    found = jira(estimating(FakeCloud(), "customfield_777")).discover()

    assert found.semantics["story_points"] == "customfield_777"
    assert "not among the fields listed" in found.evidence["story_points"]


def test_what_the_configuration_overrules_stays_visible() -> None:
    found = jira(FakeCloud(), fields={"story_points": "customfield_10026"}).discover()

    assert found.confidence["story_points"] is Confidence.HIGH
    assert found.alternatives["story_points"][0].startswith("customfield_10016: its type is")
    assert found.alternatives["story_points"][0].endswith("(overruled)")


def test_an_overridden_status_counts_as_told_in_every_place() -> None:
    moved = issue(10001, changes=2)  # Open, In Progress, Open, and now In Progress
    source = jira(FakeCloud(moved), status_categories={3: "done", "1": "doing"})
    found = source.discover()
    stream = source.streams(found.semantics, [])[-1]
    [page] = list(stream.pull(stream.slices()[0], None))

    [record] = stream.read(page.parts)

    transforms = source.transforms()
    assert transforms["jira_status_category"](record.payload["fields"]["status"]) == "done"
    assert transforms["jira_started_at"](record.payload).isoformat() == "2025-12-01T09:00:00+11:00"
    assert transforms["jira_done_at"](record.payload).isoformat() == "2026-01-01T00:00:00+11:00"
    assert found.semantics["status_overrides"] == "3:done 1:doing"
    assert "'In Progress' (3) counts as done instead of doing" in found.evidence["status_overrides"]


@pytest.mark.parametrize(
    ("given", "done"), [("doing", None), ("dropped", None), ("done", "2026-01-05T09:00:00+11:00")]
)
def test_a_resolution_does_not_make_done_what_the_configuration_says_is_not(
    given: str, done: str | None
) -> None:
    resolved = issue(10001, changes=0, resolutiondate="2026-01-05T09:00:00.000+1100")
    source = jira(FakeCloud(resolved), status_categories={"3": given})
    stream = source.streams(source.discover().semantics, [])[-1]
    [page] = list(stream.pull(stream.slices()[0], None))
    [record] = stream.read(page.parts)

    at = source.transforms()["jira_done_at"](record.payload)

    assert (at.isoformat() if at else None) == done


def test_an_override_may_say_dropped_and_only_speak_of_ids() -> None:
    source = jira(FakeCloud(), status_categories={"5": "dropped", "404": "todo"})

    found = source.discover()

    assert "5:dropped" in found.semantics["status_categories"]
    assert any("lists no status 404" in warning for warning in found.warnings)
    with pytest.raises(ValidationError, match="no status id"):
        jira(FakeCloud(), status_categories={"Done": "done"})


def test_a_status_that_contradicts_itself_makes_categories_less_sure_until_it_is_overridden() -> None:
    fake = FakeCloud()
    fake.statuses = [*STATUSES, {"id": "9", "name": "Odd", "statusCategory": {"id": 3, "key": "new"}}]

    assert jira(fake).discover().confidence["status_categories"] is Confidence.MEDIUM
    settled = jira(fake, status_categories={"9": "done"}).discover()
    assert settled.confidence["status_categories"] is Confidence.HIGH
    assert settled.warnings == []


def test_a_cancelled_status_among_the_done_ones_is_pointed_out() -> None:
    fake = FakeCloud()
    fake.statuses = [*STATUSES, {"id": "9", "name": "Cancelled", "statusCategory": {"id": 3, "key": "done"}}]

    found = jira(fake).discover()

    assert any('{"9": dropped}' in other for other in found.alternatives["status_categories"])


@pytest.mark.parametrize(("kind", "sure"), [(FakeCloud, Confidence.HIGH), (FakeServer, Confidence.MEDIUM)])
def test_types_are_placed_by_level_and_parents_by_what_the_site_has(
    kind: type[FakeJira], sure: Confidence
) -> None:
    fake = kind()
    levels = {"hierarchyLevel": 2} if kind is FakeCloud else {}
    fake.types = [
        {"id": "1", "name": "Initiative", **levels},
        {"id": "2", "name": "Epic", **({"hierarchyLevel": 1} if levels else {})},
        {"id": "3", "name": "Zadanie", **({"hierarchyLevel": 0} if levels else {})},
        {"id": "4", "name": "Sub-task", "subtask": True, **({"hierarchyLevel": -1} if levels else {})},
    ]

    found = jira(fake).discover()

    assert found.evidence["hierarchy"].startswith(
        "level 2: Initiative (initiative); level 1: Epic (epic); level 0: Zadanie; level -1: Sub-task (task)"
    )
    assert found.confidence["hierarchy"] is sure
    assert "Zadanie" in found.alternatives["hierarchy"][0]
    assert ("epic link" in found.evidence["parent"]) is True


def test_a_look_for_drift_costs_three_requests_besides_the_sign_in() -> None:
    fake = FakeCloud()

    found = jira(fake).look()

    assert len(found.fields) == len(fake.fields)
    assert [each["name"] for each in found.states] == ["Open", "In Progress", "Closed"]
    asked = {path.rpartition("/")[2] for path in fake.seen}
    assert asked == {"serverInfo", "myself", "field", "status", "issuetype"}


def test_what_fields_mean_under_another_configuration_needs_no_call() -> None:
    fake = FakeCloud()
    known = jira(fake).discover()
    calls = sum(fake.seen.values())
    other = jira(
        fake, status_categories={"3": "todo"}, custom_fields=["Flagged"], fields={"sprint": "customfield_1"}
    )

    found = other.reconsider(known)

    assert found["status_categories"] == "1:todo 3:todo 5:done"
    assert found["status_overrides"] == "3:todo"
    assert found["sprint"] == "customfield_1"
    assert "customfield_10021" in found["custom_fields"]
    assert sum(fake.seen.values()) == calls
    assert "status_overrides" not in jira(fake).reconsider(
        Discovery(fields=known.fields, states=known.states, semantics=dict(found))
    )


def test_the_proposal_pins_what_was_found_with_its_reasons_and_is_taken_back_in() -> None:
    found = jira(estimating(FakeCloud(), "customfield_10026"), status_categories={"3": "done"}).discover()

    text = proposal_text("tracker", found)

    assert "  # high: 1 board(s) estimate by it" in text
    assert "  # not chosen: customfield_10016" in text
    settings: Json = parse_proposal(text, where="a file", source="tracker").settings()
    assert settings["fields"]["story_points"] == "customfield_10026"
    assert settings["status_categories"] == {"3": "done"}
    JiraConfig.model_validate(
        {"base_url": "https://example.atlassian.net", "auth": {"type": "pat", "token": "t"}, **settings}
    )
    assert yaml.safe_load(text)["source"] == "tracker"
    assert any(line == "  story_points = customfield_10026  [high]" for line in described("tracker", found))


def test_sprints_of_the_printed_form_are_read_with_commas_brackets_and_line_breaks() -> None:
    text = (
        "com.atlassian.greenhopper.service.sprint.Sprint@1[rapidViewId=3,state=ACTIVE,name=Pay [v2], a=b, c,"
        "goal=first\nsecond, with id=9 inside,startDate=2026-01-01T00:00:00.000Z,endDate=<null>,sequence=4,id=7]"
    )
    read = jira(FakeServer()).transforms()["jira_sprints"]

    assert read([text, {"id": 8, "name": "Eight", "state": "future"}, None]) == [
        ("7", "Pay [v2], a=b, c", "current"),
        ("8", "Eight", "future"),
    ]
