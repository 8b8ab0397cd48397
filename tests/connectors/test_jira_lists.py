"""Projects, users, sprints and versions."""

from typing import Any

import httpx
import pytest

from connectors.base import RawRecord
from connectors.errors import ConnectorError, SliceUnreadable, SourceUnavailable
from connectors.jira.config import JiraConfig
from connectors.jira.connector import Jira
from tests.support.fake_jira import FakeCloud, FakeJira, FakeServer, issue


def jira(fake: FakeJira, **options: Any) -> Jira:
    base = "https://jira.example.com" if isinstance(fake, FakeServer) else "https://example.atlassian.net"
    config = JiraConfig.model_validate(
        {"base_url": base, "auth": {"type": "pat", "token": "secret-token"}, **options}
    )
    return Jira(config, source="tracker", transport=fake.transport)


def records(connector: Jira, name: str) -> list[RawRecord]:
    stream = next(one for one in connector.streams({}, []) if one.name == name)
    return [
        record
        for slice_ in stream.slices()
        for page in stream.pull(slice_, None)
        for record in stream.read(page.parts)
    ]


@pytest.mark.parametrize("kind", [FakeCloud, FakeServer])
def test_all_projects_come_by_their_ids(kind: type[FakeJira]) -> None:
    found = records(jira(kind(projects=("PMO", "OPS", "LAW"))), "projects")

    assert [(one.external_id, one.locator) for one in found] == [
        ("10000", "PMO"), ("10001", "OPS"), ("10002", "LAW"),
    ]  # fmt: skip


def test_named_projects_come_one_by_one_so_that_a_bad_one_is_its_own_problem() -> None:
    stream = jira(FakeCloud(projects=("PMO",)), projects=["PMO", "NOPE"]).streams({}, [])[0]
    good, bad = stream.slices()

    assert len(list(stream.pull(good, None))) == 1
    with pytest.raises(SliceUnreadable, match="NOPE"):
        list(stream.pull(bad, None))


@pytest.mark.parametrize(("kind", "first"), [(FakeCloud, "a-0"), (FakeServer, "JIRAUSER0")])
def test_users_are_listed_until_a_page_is_empty(kind: type[FakeJira], first: str) -> None:
    found = records(jira(kind()), "users")

    assert len(found) == 3
    assert found[0].external_id == first


def test_users_that_may_not_be_listed_are_one_problem_in_words() -> None:
    fake = FakeCloud()
    fake.rules.append(
        lambda request, _body: httpx.Response(403, json={}) if "users" in request.url.path else None
    )

    with pytest.raises(SliceUnreadable, match="Browse Users and Groups"):
        records(jira(fake), "users")


def test_sprints_come_from_every_board_that_may_have_them_and_kanban_is_not_asked() -> None:
    fake = FakeCloud()
    fake.boards = [
        {"id": 1, "name": "Scrum", "type": "scrum"},
        {"id": 2, "name": "Kanban", "type": "kanban"},
        {"id": 3, "name": "Simple without sprints", "type": "simple"},
    ]
    fake.sprints[1] = [
        {"id": number, "name": f"Sprint {number}", "state": "closed"} for number in range(1, 121)
    ]

    found = records(jira(fake), "sprints")

    assert len(found) == 120  # three pages, capped at 50 by the server
    assert fake.seen["/rest/agile/1.0/board/2/sprint"] == 0
    assert fake.seen["/rest/agile/1.0/board/3/sprint"] == 1


def test_a_board_that_may_not_be_seen_is_a_rejected_record_and_not_silence() -> None:
    fake = FakeCloud()
    fake.boards = [{"id": 1, "name": "Secret", "type": "scrum"}]
    fake.rules.append(
        lambda request, _body: (
            httpx.Response(403, json={"errorMessages": ["no"]})
            if request.url.path.endswith("/board/1/sprint")
            else None
        )
    )

    (found,) = records(jira(fake), "sprints")

    assert found.locator == "board 1"
    assert "may not see the board" in str(found.unreadable)


def test_a_site_without_jira_software_is_one_problem_in_words() -> None:
    fake = FakeCloud()
    fake.rules.append(
        lambda request, _body: httpx.Response(404, json={}) if "agile" in request.url.path else None
    )

    with pytest.raises(SliceUnreadable, match="no Jira Software here"):
        records(jira(fake), "sprints")


def test_a_list_that_gives_one_page_for_ever_is_an_error() -> None:
    fake = FakeCloud()
    page = {"values": [{"id": 1, "type": "scrum"}], "isLast": False}
    fake.rules.append(
        lambda request, _body: httpx.Response(200, json=page) if request.url.path.endswith("/board") else None
    )

    with pytest.raises(SourceUnavailable, match="same page again"):
        records(jira(fake), "sprints")


def test_versions_are_milestones_of_their_project() -> None:
    (found,) = records(jira(FakeCloud(projects=("PMO",)), projects=["PMO"]), "versions")

    assert found.payload["projectId"] == 10000
    assert found.payload["projectKey"] == "PMO"
    assert found.url == "https://example.atlassian.net/projects/PMO/versions/1"


def poisoned(fake: FakeJira, path: str, rows: str, bad: int) -> None:
    """Let the tracker fail on every page of a list that holds one row; the fake lists 1 to 120."""

    def rule(request: httpx.Request, _body: Any) -> httpx.Response | None:
        if not request.url.path.endswith(path):
            return None
        start = int(request.url.params.get("startAt", 0))
        size = min(50, int(request.url.params["maxResults"]))
        found = [number for number in range(1, 121) if start < number <= start + size]
        if bad in found:
            return httpx.Response(
                200, content=b'{"values": [{"id"', headers={"Content-Type": "application/json"}
            )
        made = [
            {"id": number, "name": f"Row {number}", "state": "closed", "type": "scrum"} for number in found
        ]
        return httpx.Response(200, json={rows: made, "startAt": start, "isLast": start + size >= 120})

    fake.rules.append(rule)


def test_the_one_sprint_a_board_fails_on_is_isolated() -> None:
    fake = FakeCloud()
    fake.boards = [{"id": 1, "name": "Scrum", "type": "scrum"}]
    poisoned(fake, "/board/1/sprint", "values", 77)

    found = records(jira(fake), "sprints")

    (bad,) = [one for one in found if one.unreadable]
    assert {one.external_id for one in found if not one.unreadable} == {
        str(number) for number in range(1, 121) if number != 77
    }
    assert bad.locator == "board 1 sprint 77 of its list"


def test_a_board_whose_list_fails_altogether_leaves_the_others_and_nothing_is_taken_for_deleted() -> None:
    fake = FakeCloud()
    fake.boards = [{"id": 1, "type": "scrum"}, {"id": 2, "type": "scrum"}]
    fake.sprints[2] = [{"id": 5, "name": "Sprint 5", "state": "active"}]
    fake.rules.append(
        lambda request, _body: (
            httpx.Response(200, content=b'{"val') if request.url.path.endswith("/board/1/sprint") else None
        )
    )
    stream = next(one for one in jira(fake).streams({}, []) if one.name == "sprints")
    (slice_,) = stream.slices()
    pages = list(stream.pull(slice_, None))
    found = [record for page in pages for record in stream.read(page.parts)]

    assert {one.external_id: bool(one.unreadable) for one in found} == {"board:1": True, "5": False}
    assert not any(page.complete for page in pages)


def test_sprints_that_no_board_shows_any_more_are_found_by_a_complete_list() -> None:
    fake = FakeCloud()
    fake.boards = [{"id": 1, "type": "scrum"}]
    fake.sprints[1] = [{"id": 5, "name": "Sprint 5", "state": "active"}]
    stream = next(one for one in jira(fake).streams({}, []) if one.name == "sprints")
    (slice_,) = stream.slices()

    (page,) = stream.pull(slice_, None)

    assert page.complete


def test_a_version_list_that_fails_is_read_page_by_page() -> None:
    fake = FakeCloud(projects=("PMO",))
    fake.rules.append(
        lambda request, _body: (
            httpx.Response(200, content=b'[{"id"') if request.url.path.endswith("/versions") else None
        )
    )
    poisoned(fake, "/project/PMO/version", "values", 3)

    found = records(jira(fake, projects=["PMO"]), "versions")

    assert len([one for one in found if not one.unreadable]) == 119
    assert [one.locator for one in found if one.unreadable] == ["PMO version 3 of its list"]


@pytest.mark.parametrize(
    ("project", "fate"),
    [({"archived": True, "archivedDate": "2026-02-01"}, "archived"), ({"deleted": True}, "deleted")],
)
def test_an_archived_or_binned_project_is_told_as_such(project: dict[str, Any], fate: str) -> None:
    fake = FakeCloud()
    rows = [
        {"id": "10000", "key": "PMO", "name": "PMO"},
        {"id": "10001", "key": "OLD", "name": "Old", **project},
    ]
    fake.rules.append(
        lambda request, _body: (
            httpx.Response(200, json={"values": rows, "isLast": True})
            if request.url.path.endswith("project/search")
            else None
        )
    )
    streams = jira(fake).streams({}, [])
    (slice_,) = streams[0].slices()
    (page,) = streams[0].pull(slice_, None)

    assert page.vanished == ("10001",)
    assert page.fates["10001"].fate.value == fate
    assert "OLD" in page.fates["10001"].says
    assert [one.filtered_by for one in streams[0].read(page.parts)] == [None, f"{fate} projects"]
    assert [one.label for one in streams[-1].slices()] == ["PMO"]


@pytest.mark.parametrize("failing", ["search/jql", "issue/bulkfetch"])
def test_a_project_the_tracker_fails_on_is_one_problem_and_the_others_land(failing: str) -> None:
    fake = FakeCloud(issue(10001), issue(10002, "OPS", 10001), projects=("PMO", "OPS"))

    def broken(request: httpx.Request, body: Any) -> httpx.Response | None:
        if not request.url.path.endswith(failing):
            return None
        its_own = "PMO" in body.get("jql", "") or "10001" in body.get("issueIdsOrKeys", ())
        return httpx.Response(200, content=b'{"iss') if its_own else None

    fake.rules.append(broken)
    stream = jira(fake, projects=["PMO", "OPS"]).streams({}, [])[-1]
    got, problems = [], []
    for slice_ in stream.slices():
        try:
            got += [one for page in stream.pull(slice_, None) for one in stream.read(page.parts)]
        except SliceUnreadable as error:
            problems.append(str(error))

    read = [one.locator for one in got if not one.unreadable]
    assert read == ["OPS-2"]
    assert len(problems) + len([one for one in got if one.unreadable]) == 1


def test_a_tracker_that_fails_on_every_project_is_down() -> None:
    keys = tuple(f"P{number}" for number in range(6))
    fake = FakeCloud(projects=keys)
    fake.rules.append(
        lambda request, _body: (
            httpx.Response(200, content=b'{"iss') if request.url.path.endswith("search/jql") else None
        )
    )
    stream = jira(fake).streams({}, [])[-1]
    ends = []
    for slice_ in stream.slices():
        try:
            list(stream.pull(slice_, None))
        except ConnectorError as error:
            ends.append(type(error) is SliceUnreadable)

    assert ends == [True, True, True, False, False, False]


def test_the_one_project_the_list_fails_on_leaves_the_others_and_none_is_taken_for_deleted() -> None:
    fake = FakeCloud()

    def rule(request: httpx.Request, _body: Any) -> httpx.Response | None:
        if not request.url.path.endswith("project/search"):
            return None
        start, size = int(request.url.params["startAt"]), int(request.url.params["maxResults"])
        found = list(range(start, min(start + size, 9)))
        if 4 in found:
            return httpx.Response(200, content=b'{"values": [{"id"')
        made = [{"id": str(10000 + number), "key": f"P{number}", "name": "P"} for number in found]
        return httpx.Response(200, json={"values": made, "isLast": start + size >= 9})

    fake.rules.append(rule)
    streams = jira(fake).streams({}, [])
    (slice_,) = streams[0].slices()
    pages = list(streams[0].pull(slice_, None))
    found = [record for page in pages for record in streams[0].read(page.parts)]

    assert [one.locator for one in found if one.unreadable] == ["project 5 of its list"]
    assert len([one for one in found if not one.unreadable]) == 8
    assert not any(page.complete for page in pages)
    assert [one.label for one in streams[-1].slices()] == [f"P{number}" for number in range(9) if number != 4]
