"""What makes a real Jira hard to follow, on request: lagging search, wrong clocks, hidden and archived things."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import httpx
import pytest

from tests.support.jira_clients import ANCHOR, cloud, search, server, whole
from tests.support.sandboxes import Sandbox, running


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with running("jira-cloud", anchor=ANCHOR, issues=80) as sandbox:
        yield sandbox


@pytest.fixture(scope="module")
def datacenter() -> Iterator[Sandbox]:
    with running("jira-dc", anchor=ANCHOR, issues=80) as sandbox:
        yield sandbox


@pytest.fixture
def client(sandbox: Sandbox) -> Iterator[httpx.Client]:
    with cloud(sandbox) as client:
        yield client


@pytest.fixture
def dc(datacenter: Sandbox) -> Iterator[httpx.Client]:
    with server(datacenter) as client:
        yield client


def told(sandbox: Sandbox, id_: str) -> dict[str, Any]:
    found: dict[str, Any] = next(one for one in sandbox.control("truth")["issues"] if one["id"] == id_)
    return found


def test_an_edit_is_held_back_from_search_until_it_is_released(
    sandbox: Sandbox, client: httpx.Client
) -> None:
    sandbox.control("lag", {"hold": True})
    made = sandbox.control("edit", {"do": "create", "project": "LA"})
    for _ in range(3):
        assert search(client, f"id in ({made['id']})")["issues"] == []
    sandbox.control("lag", {"release": True})
    assert search(client, f"id in ({made['id']})")["issues"] == [{"id": made["id"]}]


def test_a_clock_that_is_off_dates_edits_and_answers_alike(sandbox: Sandbox, client: httpx.Client) -> None:
    sandbox.control("clock", {"skew_s": 7200})
    sandbox.control("edit", {"key": "LA-1", "fields": {"summary": "Ahead"}})
    answer = client.get("/rest/api/3/serverInfo")
    sandbox.control("clock", {"skew_s": 0})
    (issue,) = whole(client, "LA-1")

    said = parsedate_to_datetime(answer.headers["date"])
    assert abs(datetime.fromisoformat(issue["fields"]["updated"]) - said) < timedelta(minutes=1)
    behind = parsedate_to_datetime(client.get("/rest/api/3/serverInfo").headers["date"])
    assert timedelta(minutes=119) < said - behind < timedelta(minutes=121)


def test_silent_history_is_newer_than_updated(sandbox: Sandbox, client: httpx.Client) -> None:
    (before,) = whole(client, "LA-2")
    sandbox.control("edit", {"key": "LA-2", "fields": {"summary": "Migrated"}, "silent": True})
    (after,) = whole(client, "LA-2")

    assert after["fields"]["updated"] == before["fields"]["updated"]
    assert after["changelog"]["total"] == before["changelog"]["total"] + 1
    assert told(sandbox, after["id"])["summary"] == "Migrated"


def test_a_hidden_issue_is_404_on_cloud_and_403_on_data_center(
    sandbox: Sandbox, client: httpx.Client, datacenter: Sandbox, dc: httpx.Client
) -> None:
    for tracker, who, api, status in ((sandbox, client, 3, 404), (datacenter, dc, 2, 403)):
        id_ = who.get(f"/rest/api/{api}/issue/LA-3").json()["id"]
        tracker.control("edit", {"do": "hide", "id": id_})
        assert who.get(f"/rest/api/{api}/issue/{id_}").status_code == status
        assert {"id": id_, "key": "LA-3", "fate": "hidden"} in tracker.control("truth")["gone"]
        tracker.control("edit", {"do": "show", "id": id_})
        assert who.get(f"/rest/api/{api}/issue/{id_}").status_code == 200


def test_an_archived_issue_is_found_by_its_link_alone_and_says_since_when(
    datacenter: Sandbox, dc: httpx.Client
) -> None:
    datacenter.control("edit", {"do": "archive", "key": "LA-4"})
    issue = dc.get("/rest/api/2/issue/LA-4").json()
    assert issue["fields"]["archiveddate"]
    listed = dc.post("/rest/api/2/search", json={"jql": "project = LA", "maxResults": 1000, "fields": ["id"]})
    assert issue["id"] not in {one["id"] for one in listed.json()["issues"]}
    datacenter.control("edit", {"do": "unarchive", "id": issue["id"]})
    assert "archiveddate" not in dc.get("/rest/api/2/issue/LA-4").json()["fields"]


def test_projects_are_archived_trashed_and_hidden(sandbox: Sandbox, client: httpx.Client) -> None:
    states = {}
    for state in ("archived", "trashed", "hidden", "live"):
        sandbox.control("edit", {"do": "project_state", "key": "LB", "state": state})
        listed = client.get("/rest/api/3/project/search", params={"status": ["live", "archived", "deleted"]})
        row = next((one for one in listed.json()["values"] if one["key"] == "LB"), None)
        states[state] = (
            client.get("/rest/api/3/project/LB").status_code,
            row and (row.get("archived"), row.get("deleted")),
            len(search(client, "project = LB", maxResults=5000)["issues"]),
        )
    assert states == {
        "archived": (200, (True, None), 0),
        "trashed": (404, (None, True), 0),
        "hidden": (404, None, 0),
        "live": (200, (None, None), 10),
    }


def test_comments_and_work_logs_are_cut_in_the_issue_and_whole_in_their_own_lists(
    sandbox: Sandbox, client: httpx.Client
) -> None:
    sandbox.control("edit", {"do": "comment", "key": "LA-5", "text": "Noted.", "times": 25})
    sandbox.control("edit", {"do": "log_work", "key": "LA-5", "hours": 2, "times": 23})
    (issue,) = whole(client, "LA-5")
    for field, rows, total in (("comment", "comments", 25), ("worklog", "worklogs", 23)):
        page = issue["fields"][field]
        assert (len(page[rows]), page["total"]) == (20, total)
        rest = client.get(f"/rest/api/3/issue/LA-5/{field}", params={"startAt": 20}).json()
        assert (len(rest[rows]), rest["total"]) == (total - 20, total)


def test_a_saved_filter_can_be_asked_for_and_used(sandbox: Sandbox, client: httpx.Client) -> None:
    sandbox.control("edit", {"do": "set_filter", "id": 77, "jql": "project = LC"})
    assert client.get("/rest/api/3/filter/77").json()["jql"] == "project = LC"
    assert len(search(client, "filter = 77", maxResults=5000)["issues"]) == 10
    assert client.get("/rest/api/3/filter/78").status_code == 404


def test_a_closed_or_renamed_sprint_leaves_its_issues_as_they_were_dated(
    sandbox: Sandbox, client: httpx.Client
) -> None:
    (before,) = whole(client, "LD-1")
    sprint = before["fields"]["customfield_10121"][0]["id"]
    sandbox.control("edit", {"do": "rename_sprint", "id": sprint, "name": "Renamed, twice"})
    (after,) = whole(client, "LD-1")
    assert after["fields"]["customfield_10121"][0]["name"] == "Renamed, twice"
    assert after["fields"]["updated"] == before["fields"]["updated"]
    found = {one["id"] for one in search(client, f"sprint in ({sprint})", maxResults=5000)["issues"]}
    assert before["id"] in found


def test_a_server_that_refuses_milliseconds_says_so(datacenter: Sandbox, dc: httpx.Client) -> None:
    query = {"jql": "updated >= 946684800000", "maxResults": 1}
    assert dc.post("/rest/api/2/search", json=query).json()["total"] == 80
    datacenter.control("jql", {"epoch": False})
    assert dc.post("/rest/api/2/search", json=query).status_code == 400
    datacenter.control("jql", {"epoch": True})


@pytest.mark.parametrize(("fold", "found"), [(0, 1), (1, 0)])
def test_a_local_time_that_a_night_has_twice_means_what_the_server_likes(fold: int, found: int) -> None:
    with running("jira-dc", anchor=ANCHOR, issues=8) as tracker, server(tracker) as own:
        # New York put its clocks back on 1 November 2026 at 06:00 UTC; 05:30 UTC was the first 01:30.
        tracker.control("clock", {"date": "2026-11-01", "skew_s": 5.6 * 3600})
        made = tracker.control("edit", {"do": "create", "project": "LA"})
        tracker.control("jql", {"fold": fold})
        query = {"jql": f'id = {made["id"]} AND updated >= "2026/11/01 01:30"', "maxResults": 1}
        assert own.post("/rest/api/2/search", json=query).json()["total"] == found
