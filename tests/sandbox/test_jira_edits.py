"""Issues of the sandbox Jiras can be changed behind a reader's back, as users of the tracker would."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import httpx
import pytest

from tests.support.jira_clients import ANCHOR, cloud, search, server, whole
from tests.support.sandboxes import Sandbox, running

API = "/rest/api/3"


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with running("jira-cloud", anchor=ANCHOR) as sandbox:
        yield sandbox


@pytest.fixture
def client(sandbox: Sandbox) -> Iterator[httpx.Client]:
    with cloud(sandbox) as client:
        yield client


def updated(issue: dict[str, Any]) -> datetime:
    """When an issue says it was last changed."""
    return datetime.fromisoformat(issue["fields"]["updated"])


def test_a_set_field_is_dated_now_bumps_updated_and_is_in_the_changelog(
    sandbox: Sandbox, client: httpx.Client
) -> None:
    (before,) = whole(client, "POR-300")
    fields = {
        "summary": "Renamed",
        "duedate": "2027-01-31",
        "customfield_10128": 21.0,
        "assignee": "Zoe Laurent",
    }
    sandbox.control("edit", {"do": "set", "key": "POR-300", "fields": fields})
    (after,) = whole(client, "POR-300")
    assert (after["fields"]["summary"], after["fields"]["duedate"]) == ("Renamed", "2027-01-31")
    assert (after["fields"]["customfield_10128"], after["fields"]["assignee"]["displayName"]) == (
        21.0,
        "Zoe Laurent",
    )
    assert updated(after) > updated(before)
    changed = {item["field"] for item in after["changelog"]["histories"][0]["items"]}
    assert changed == {"summary", "duedate", "Story Points", "assignee"}
    literal = round(updated(after).timestamp() * 1000)
    assert search(client, f"updated >= {literal}")["issues"] == [{"id": after["id"]}]


def test_a_status_set_by_name_sets_category_and_resolution(sandbox: Sandbox, client: httpx.Client) -> None:
    sandbox.control("edit", {"do": "set", "key": "NTF-30", "fields": {"status": "To Do"}})
    sandbox.control("edit", {"do": "set", "key": "NTF-30", "fields": {"status": "Done"}})
    (issue,) = whole(client, "NTF-30")
    assert issue["fields"]["status"]["id"] == "10103"
    assert issue["fields"]["resolution"]["name"] == "Done"
    assert issue["fields"]["resolutiondate"] == issue["fields"]["statuscategorychangedate"]


def test_a_deleted_issue_is_gone_without_a_trace(sandbox: Sandbox, client: httpx.Client) -> None:
    (issue,) = whole(client, "POR-301")
    sandbox.control("edit", {"do": "delete", "id": issue["id"]})
    assert whole(client, "POR-301", issue["id"]) == []
    assert client.get(f"{API}/issue/{issue['id']}").status_code == 404
    assert search(client, f"id in ({issue['id']})")["issues"] == []


def test_an_archived_issue_vanishes_from_search(sandbox: Sandbox, client: httpx.Client) -> None:
    sandbox.control("edit", {"do": "archive", "key": "POR-302"})
    assert search(client, "key = POR-302") == {"issues": [], "isLast": True}


def test_a_moved_issue_has_a_new_key_and_is_found_in_its_new_project_alone(
    sandbox: Sandbox, client: httpx.Client
) -> None:
    (before,) = whole(client, "POR-303")
    told = sandbox.control("edit", {"do": "move", "key": "POR-303", "to": "SSO"})
    (after,) = whole(client, "POR-303")
    assert after["id"] == before["id"] == told["id"]
    assert after["key"] == told["key"]
    assert after["key"].startswith("SSO-")
    assert after["fields"]["project"]["key"] == "SSO"
    assert search(client, f"project = SSO AND id in ({before['id']})")["issues"] == [{"id": before["id"]}]
    assert search(client, f"project = POR AND id in ({before['id']})")["issues"] == []
    ids = [one["id"] for one in search(client, "project = SSO", fields=["id"], maxResults=5000)["issues"]]
    assert before["id"] in ids


def test_a_created_issue_is_the_newest(sandbox: Sandbox, client: httpx.Client) -> None:
    told = sandbox.control("edit", {"do": "create", "project": "SSO", "fields": {"summary": "Brand-new"}})
    newest = search(client, "project = SSO ORDER BY created DESC", fields=["summary"], maxResults=1)[
        "issues"
    ][0]
    assert (newest["id"], newest["fields"]["summary"]) == (told["id"], "Brand-new")


def test_search_lags_behind_edits_when_told_to(sandbox: Sandbox, client: httpx.Client) -> None:
    sandbox.control("lag", {"searches": 2})
    sandbox.control("edit", {"do": "set", "key": "POR-304", "fields": {"summary": "Late news"}})
    sandbox.control("lag", {"searches": 0})
    assert whole(client, "POR-304")[0]["fields"]["summary"] == "Late news"
    seen = [
        search(client, "key = POR-304", fields=["summary"])["issues"][0]["fields"]["summary"]
        for _ in range(3)
    ]
    assert [one == "Late news" for one in seen] == [False, False, True]


def test_the_callers_time_zone_can_change(sandbox: Sandbox, client: httpx.Client) -> None:
    sandbox.control("profile", {"timeZone": "Asia/Tokyo"})
    assert client.get(f"{API}/myself").json()["timeZone"] == "Asia/Tokyo"
    assert whole(client, "POR-1")[0]["fields"]["created"].endswith("+0900")
    sandbox.control("profile", {"timeZone": "Europe/Helsinki"})


@pytest.mark.parametrize(
    "change",
    [{"do": "paint"}, {"do": "set", "key": "POR-1", "fields": {"votes": 3}}, {"do": "delete", "id": "1"}],
)
def test_an_edit_that_cannot_be_made_is_refused(sandbox: Sandbox, change: dict[str, Any]) -> None:
    with pytest.raises(AssertionError, match="_sandbox/edit"):
        sandbox.control("edit", change)


def test_a_generated_issue_can_be_edited_moved_and_deleted_too() -> None:
    with running("jira-dc", anchor=ANCHOR, issues=400) as sandbox, server(sandbox) as client:
        sandbox.control("edit", {"do": "set", "key": "LA-7", "fields": {"summary": "Edited"}})
        moved = sandbox.control("edit", {"do": "move", "key": "LA-8", "to": "LB"})
        sandbox.control("edit", {"do": "delete", "key": "LA-9"})
        created = sandbox.control("edit", {"do": "create", "project": "LC"})
        assert sandbox.control("truth")["projects"] == {
            "LA": 48, "LB": 51, "LC": 51, "LD": 50, "LE": 50, "LF": 50, "LG": 50, "LH": 50
        }  # fmt: skip
        assert client.get("/rest/api/2/issue/LA-7").json()["fields"]["summary"] == "Edited"
        assert client.get("/rest/api/2/issue/LA-8").json()["key"] == moved["key"]
        assert client.get("/rest/api/2/issue/LA-9").status_code == 404
        found = client.get("/rest/api/2/search", params={"jql": "project = LC ORDER BY created DESC"}).json()
        assert found["issues"][0]["id"] == created["id"]
