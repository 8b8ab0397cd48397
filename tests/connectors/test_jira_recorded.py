"""Recorded issues of real sites: all arrive whole, and what another system says of them agrees."""

import csv
import sys
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import Any, Final

import orjson
import pytest

from config import shipped
from connectors.base import Part, RawRecord
from connectors.jira.config import JiraConfig
from connectors.jira.connector import Jira
from sync.mapping import CompiledMapping, compile_stream, parse_mapping
from tests.support.shared import SHARED, needs_shared

pytestmark = needs_shared
csv.field_size_limit(sys.maxsize)

RECORDED: Final = SHARED / "data" / "jira-cloud"
# The site's list of fields was not recorded, so the source says which they are.
FIELDS: Final = {
    "story_points": "customfield_10024", "sprint": "customfield_10020", "epic_link": "customfield_10014",
}  # fmt: skip
Attributes = dict[str, Any]


def rows(table: str) -> list[dict[str, str]]:
    with (RECORDED / f"{table}.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def raw(table: str) -> list[dict[str, Any]]:
    return [orjson.loads(row["data"]) for row in rows(f"raw_tables/{table}")]


def connector() -> Jira:
    auth = {"type": "pat", "token": "secret-token"}
    config = JiraConfig.model_validate(
        {"base_url": "https://example.atlassian.net", "auth": auth, "fields": FIELDS}
    )
    return Jira(config, source="recorded")


def compiled(semantics: Mapping[str, str]) -> CompiledMapping:
    spec = parse_mapping(shipped.mapping("jira"), where="shipped")
    return compile_stream(spec, "issues", connector().transforms(), semantics)


def read(issues: list[dict[str, Any]]) -> Iterator[tuple[RawRecord, Attributes]]:
    """Put issues through the stream's own reading and the shipped mapping."""
    mapping = compiled(FIELDS)
    stream = connector().streams(FIELDS, mapping.fields)[-1]
    part = Part(
        "POST https://example.atlassian.net/rest/api/3/issue/bulkfetch {}", orjson.dumps({"issues": issues})
    )
    for record in stream.read([part]):
        assert record.unreadable is None
        scalars, nested = mapping.read(record.payload)
        yield (
            record,
            {
                **dict(zip(mapping.columns, scalars, strict=True)),
                **dict(zip(mapping.row_columns, nested, strict=True)),
            },
        )


@pytest.fixture(scope="module")
def cloud() -> dict[str, Attributes]:
    return {record.external_id: found for record, found in read(raw("_raw_jira_api_issues"))}


@pytest.fixture(scope="module")
def told() -> dict[str, dict[str, str]]:
    """What the other system made of 30 of them, by issue id."""
    return {row["issue_id"]: row for row in rows("snapshot_tables/_tool_jira_issues")}


def test_all_33_cloud_issues_arrive_with_every_item_of_their_history(cloud: dict[str, Attributes]) -> None:
    recorded = {
        issue["id"]: sum(len(history["items"]) for history in issue["changelog"]["histories"])
        for issue in raw("_raw_jira_api_issues")
    }

    assert len(cloud) == 33
    assert {key: len(found["transitions"]) for key, found in cloud.items()} == recorded
    assert sum(recorded.values()) == 714


def test_the_other_system_has_thirty_of_them(
    cloud: dict[str, Attributes], told: dict[str, dict[str, str]]
) -> None:
    # The three of project K5 were recorded from another board, which that snapshot leaves out.
    assert {cloud[one]["key"] for one in cloud.keys() - told.keys()} == {"K5-2", "K5-3", "K5-4"}
    assert told.keys() <= cloud.keys()


@pytest.mark.parametrize(
    ("attribute", "column"),
    [
        ("key", "issue_key"),
        ("title", "summary"),
        ("type", "type"),
        ("status", "status_name"),
        ("scope_external_id", "project_id"),
        ("priority", "priority_name"),
        ("assignee_id", "assignee_account_id"),
        ("assignee", "assignee_display_name"),
        ("parent_key", "parent_key"),
    ],
)
def test_the_other_systems_texts_agree(
    cloud: dict[str, Attributes], told: dict[str, dict[str, str]], attribute: str, column: str
) -> None:
    # EE-4's title ends in a NUL character, which that system's export and every PostgreSQL leave out.
    ours = {one: (cloud[one][attribute] or "").replace("\0", "") for one in told}
    assert ours == {one: row[column] for one, row in told.items()}


@pytest.mark.parametrize(
    ("attribute", "column"),
    [("created_at", "created"), ("updated_at", "updated"), ("done_at", "resolution_date")],
)
def test_the_other_systems_instants_agree(
    cloud: dict[str, Attributes], told: dict[str, dict[str, str]], attribute: str, column: str
) -> None:
    assert {one: cloud[one][attribute] for one in told} == {
        one: datetime.fromisoformat(row[column]) for one, row in told.items()
    }


def test_parents_agree_by_id(cloud: dict[str, Attributes], told: dict[str, dict[str, str]]) -> None:
    assert {one: cloud[one]["parent_external_id"] or "0" for one in told} == {
        one: row["parent_id"] for one, row in told.items()
    }


def test_status_categories_agree_also_where_key_and_id_disagree(
    cloud: dict[str, Attributes], told: dict[str, dict[str, str]]
) -> None:
    words = {"new": "todo", "indeterminate": "doing", "done": "done"}

    assert {one: cloud[one]["status_category"] for one in told} == {
        one: words[row["status_key"]] for one, row in told.items()
    }
    # The recording's authors changed the key of five (their id and colour still say done): the key stands,
    # in both systems.
    edited = [issue["id"] for issue in raw("_raw_jira_api_issues") if _odd(issue)]
    assert len(edited) == 5
    assert {cloud[one]["status_category"] for one in edited} == {"todo"}


def _odd(issue: dict[str, Any]) -> bool:
    category = issue["fields"]["status"]["statusCategory"]
    return bool(category["key"] == "new" and category["id"] == 3)


def test_points_agree_but_for_unknown_being_zero_there(
    cloud: dict[str, Attributes], told: dict[str, dict[str, str]]
) -> None:
    different = {
        one: (cloud[one]["points"], row["story_point"])
        for one, row in told.items()
        if cloud[one]["points"] is None or cloud[one]["points"] != float(row["story_point"])
    }

    # Jira holds no points for 28 of 30; the other system writes 0, here unknown stays unknown.
    assert len(different) == 28
    assert set(different.values()) == {(None, "0")}
    assert (cloud["10063"]["points"], cloud["10064"]["points"]) == (
        -1.0,
        2.0,
    )  # one was recorded as the text "-1"


def test_due_dates_agree_but_for_the_other_systems_midnight_in_the_sites_zone(
    cloud: dict[str, Attributes], told: dict[str, dict[str, str]]
) -> None:
    assert {one: cloud[one]["due"] for one in told if cloud[one]["due"]} == {"10063": date(2025, 3, 9)}
    # 2025-03-09 00:00 +0800, which is how the other system stores a day; its date in UTC is the 8th.
    assert {one: row["due_date"] for one, row in told.items() if row["due_date"]} == {
        "10063": "2025-03-08T16:00:00.000+00:00"
    }


def test_sprints_agree(cloud: dict[str, Attributes], told: dict[str, dict[str, str]]) -> None:
    theirs = {(row["issue_id"], row["sprint_id"]) for row in rows("snapshot_tables/_tool_jira_sprint_issues")}
    ours = {(one, sprint[0]) for one in told for sprint in cloud[one]["iterations"]}

    assert ours == theirs
    assert {sprint[2] for one in told for sprint in cloud[one]["iterations"]} == {"past"}


def test_every_change_agrees_in_issue_author_and_time(
    cloud: dict[str, Attributes], told: dict[str, dict[str, str]]
) -> None:
    ours = {
        (change[0].partition(":")[0], one, change[3], change[1])
        for one in told
        for change in cloud[one]["transitions"]
    }
    theirs = {
        (
            row["changelog_id"],
            row["issue_id"],
            row["author_account_id"],
            datetime.fromisoformat(row["created"]),
        )
        for row in rows("snapshot_tables/_tool_jira_issue_changelogs")
    }

    assert ours == theirs
    assert len(theirs) == 517


def test_every_item_agrees_and_here_none_is_folded_into_another(
    cloud: dict[str, Attributes], told: dict[str, dict[str, str]]
) -> None:
    ours: dict[tuple[str, str], list[tuple[str, ...]]] = {}
    for one in told:
        for change in cloud[one]["transitions"]:
            values = tuple(value or "" for value in (change[5], *change[6:]))
            ours.setdefault((change[0].partition(":")[0], change[4]), []).append(values)
    theirs = {
        (row["changelog_id"], row["field"]): (
            row["field_id"], row["from_value"], row["from_string"], row["to_value"], row["to_string"],
        )
        for row in rows("snapshot_tables/_tool_jira_issue_changelog_items")
    }  # fmt: skip

    assert ours.keys() == theirs.keys()
    assert all(theirs[name] in ours[name] for name in theirs)
    assert (sum(map(len, ours.values())), len(theirs)) == (709, 689)
    # The other system keeps one item a field and change: of 20 changes that took one version away and added
    # another it has lost the first.
    folded = {name[1] for name, items in ours.items() if len(items) > 1}
    assert folded == {"Fix Version"}


def test_resolutions_are_there_for_exactly_the_resolved(
    cloud: dict[str, Attributes], told: dict[str, dict[str, str]]
) -> None:
    resolved = {one for one, row in told.items() if row["resolution_date"]}

    assert {one for one in told if cloud[one]["resolution"]} == resolved
    assert len(resolved) == 30


def test_the_22_server_issues_arrive_with_their_16_links() -> None:
    found = {record.external_id: values for record, values in read(raw("_raw_jira_api_issue_relationships"))}
    ours = {
        (one, link[1], link[2], link[3], link[4], link[5])
        for one, values in found.items()
        for link in values["links"]
    }
    theirs = {
        (
            row["issue_id"],
            "outward",
            row["type_name"],
            row["outward"],
            row["outward_issue_id"],
            row["outward_issue_key"],
        )
        if row["outward_issue_id"] != "0"
        else (
            row["issue_id"],
            "inward",
            row["type_name"],
            row["inward"],
            row["inward_issue_id"],
            row["inward_issue_key"],
        )
        for row in rows("snapshot_tables/_tool_jira_issue_relationships")
    }

    assert len(found) == 22
    assert ours == theirs
    assert len(ours) == 16


def test_hub_types_follow_level_and_name_also_in_chinese(cloud: dict[str, Attributes]) -> None:
    assert {(found["type"], found["hub_type"]) for found in cloud.values()} == {
        ("故事", "story"), ("任务", "task"), ("子任务", "task"), ("缺陷", "bug"), ("Test Execution", "other"),
        ("Story", "story"), ("Epic", "epic"),
    }  # fmt: skip


def test_recorded_sprints_projects_and_people_are_read_whole() -> None:
    spec = parse_mapping(shipped.mapping("jira"), where="shipped")
    streams = {stream.name: stream for stream in connector().streams(FIELDS, [])}
    for name, table, body in (
        ("sprints", "_raw_jira_api_sprints", lambda found: {"values": found}),
        ("projects", "_raw_jira_api_projects", lambda found: found),
        ("users", "_raw_jira_api_users", lambda found: found),
    ):
        recorded = raw(table)
        mapping = compile_stream(spec, name, connector().transforms(), FIELDS)
        part = Part(
            "GET https://example.atlassian.net/rest/agile/1.0/board/8/sprint", orjson.dumps(body(recorded))
        )
        found = [mapping.read(record.payload) for record in streams[name].read([part])]
        assert len(found) == len(recorded) > 0
        assert mapping.unmapped == {}


def test_the_recorded_statuses_are_told_apart_by_id_where_their_names_repeat() -> None:
    from connectors.jira.transforms import category_of

    statuses = raw("_raw_jira_api_status")

    assert len(statuses) == 53
    assert len({status["name"] for status in statuses}) < 53
    assert {category_of(status) for status in statuses} == {"todo", "doing", "done"}
