"""The sandbox Jira Cloud has the traps of the real one."""

import base64
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest

from tests.support.jira_clients import ANCHOR, cloud, search, search_all, whole
from tests.support.sandboxes import Sandbox, kept, running

API = "/rest/api/3"


@pytest.fixture
def sandbox() -> Sandbox:
    return kept("jira-cloud", anchor=ANCHOR)


@pytest.fixture
def client(sandbox: Sandbox) -> Iterator[httpx.Client]:
    with cloud(sandbox) as client:
        yield client


def refusal(answer: httpx.Response) -> str:
    """The message of an error answer."""
    document = answer.json()
    assert document["errors"] == {}
    return str(document["errorMessages"][0])


def test_search_gives_ids_alone_unless_fields_are_asked_for(client: httpx.Client) -> None:
    page = search(client, "project = POR", maxResults=3)
    assert [set(issue) for issue in page["issues"]] == [{"id"}] * 3
    assert set(page) == {"issues", "nextPageToken", "isLast"}


def test_named_fields_and_exclusions_are_what_comes_back(client: httpx.Client) -> None:
    (issue,) = whole(client, "POR-200", fields=("summary", "status"))
    assert set(issue["fields"]) == {"summary", "status"}
    (issue,) = whole(client, "POR-200", fields=("*all", "-comment"))
    assert "worklog" in issue["fields"]
    assert "comment" not in issue["fields"]
    answer = client.post(f"{API}/issue/bulkfetch", json={"issueIdsOrKeys": ["POR-200"]}).json()
    assert "worklog" not in answer["issues"][0]["fields"]  # *navigable is the default here


def test_token_pages_hold_every_issue_once_and_some_are_short(client: httpx.Client, sandbox: Sandbox) -> None:
    pages = search_all(
        client, "project = POR ORDER BY updated ASC, id ASC", fields=["updated"], maxResults=100
    )
    ids = [issue["id"] for page in pages for issue in page]
    truth = {one["id"] for one in sandbox.control("truth")["issues"] if one["key"].startswith("POR-")}
    assert len(ids) == len(set(ids)) == 900
    assert set(ids) == truth
    assert any(len(page) < 100 for page in pages[:-1])
    updated = [datetime.fromisoformat(issue["fields"]["updated"]) for page in pages for issue in page]
    assert updated == sorted(updated)


def test_a_page_is_at_most_a_hundred_issues_but_five_thousand_ids(client: httpx.Client) -> None:
    assert len(search(client, "project = POR", fields=["summary"], maxResults=5000)["issues"]) == 100
    assert len(search(client, "project = POR", fields=["id", "key"], maxResults=5000)["issues"]) == 900


def test_start_at_is_ignored_on_get_and_refused_in_a_body(client: httpx.Client) -> None:
    first = client.get(f"{API}/search/jql", params={"jql": "project = POR"}).json()["issues"]
    again = client.get(f"{API}/search/jql", params={"jql": "project = POR", "startAt": "50"}).json()["issues"]
    assert first == again
    assert client.post(f"{API}/search/jql", json={"jql": "project = POR", "startAt": 0}).status_code == 400


def test_a_token_belongs_to_its_query(client: httpx.Client) -> None:
    token = search(client, "project = POR")["nextPageToken"]
    for body in (
        {"jql": "project = SSO", "nextPageToken": token},
        {"jql": "project = POR", "nextPageToken": "x"},
    ):
        assert client.post(f"{API}/search/jql", json=body).status_code == 400


@pytest.mark.parametrize("jql", ["", "ORDER BY created"])
def test_unbounded_queries_are_refused(client: httpx.Client, jql: str) -> None:
    answer = client.post(f"{API}/search/jql", json={"jql": jql})
    assert answer.status_code == 400
    assert refusal(answer).startswith("Unbounded JQL queries are not allowed here.")
    assert client.post(f"{API}/search/approximate-count", json={"jql": jql}).status_code == 400


def test_a_project_that_cannot_be_seen_gives_an_empty_page_and_not_an_error(client: httpx.Client) -> None:
    assert search(client, "project = NOPE") == {"issues": [], "isLast": True}
    assert client.get(f"{API}/project/NOPE").status_code == 404


def test_the_old_search_is_gone(client: httpx.Client) -> None:
    for answer in (
        client.get(f"{API}/search"),
        client.post("/rest/api/2/search", json={"jql": "project = POR"}),
    ):
        assert answer.status_code == 410
        assert "/search/jql" in refusal(answer)


def test_wrong_credentials_find_nothing_instead_of_being_refused(sandbox: Sandbox) -> None:
    with cloud(sandbox, token="wrong") as client:
        answer = client.post(f"{API}/search/jql", json={"jql": "project = POR"})
        assert answer.json() == {"issues": [], "isLast": True}
        assert answer.headers["X-Seraph-LoginReason"] == "AUTHENTICATED_FAILED"
        assert client.get(f"{API}/project/search").json()["values"] == []
        assert (
            client.post(f"{API}/issue/bulkfetch", json={"issueIdsOrKeys": ["POR-1"]}).json()["issues"] == []
        )
        assert client.get(f"{API}/serverInfo").status_code == 200
        assert client.get(f"{API}/myself").status_code == 401
        assert client.get("/rest/agile/1.0/board").status_code == 401


def test_query_times_are_minutes_in_the_callers_zone_and_answers_carry_its_offset(
    client: httpx.Client,
) -> None:
    zone = ZoneInfo(client.get(f"{API}/myself").json()["timeZone"])
    assert zone.key != "UTC"
    issues = [
        issue
        for page in search_all(client, "project = SSO AND updated >= 0", fields=["updated"], maxResults=100)
        for issue in page
    ]
    moments = sorted(datetime.fromisoformat(issue["fields"]["updated"]) for issue in issues)
    middle = moments[len(moments) // 2]
    assert middle.utcoffset() == middle.astimezone(zone).utcoffset()
    minute = middle.astimezone(zone).replace(second=0, microsecond=0)
    literal = f'project = SSO AND updated >= "{minute:%Y-%m-%d %H:%M}"'
    epoch = f"project = SSO AND updated >= {round(middle.timestamp() * 1000)}"
    assert count(client, literal) == sum(one >= minute for one in moments)
    assert count(client, epoch) == sum(one >= middle for one in moments)
    utc = f'project = SSO AND updated >= "{minute.astimezone(UTC):%Y-%m-%d %H:%M}"'
    assert count(client, utc) >= count(client, literal)


def count(client: httpx.Client, jql: str) -> int:
    """How many issues a query finds."""
    return int(client.post(f"{API}/search/approximate-count", json={"jql": jql}).json()["count"])


def test_bulk_fetch_is_by_ascending_id_any_case_and_silent_about_what_is_gone(client: httpx.Client) -> None:
    issues = whole(client, "por-9", "POR-2", "POR-99999", "POR-2")
    assert [issue["key"] for issue in issues] == ["POR-2", "POR-9"]
    assert int(issues[0]["id"]) < int(issues[1]["id"])


def test_bulk_fetch_takes_a_hundred_and_a_thousand_only_of_plain_fields(client: httpx.Client) -> None:
    keys = [f"POR-{number}" for number in range(1, 202)]
    plain = {"issueIdsOrKeys": keys, "fields": ["summary", "status"]}
    assert len(client.post(f"{API}/issue/bulkfetch", json=plain).json()["issues"]) == 201
    for more in ({"expand": ["changelog"]}, {"fields": ["*all"]}, {"fields": ["labels"]}, {"fields": None}):
        assert client.post(f"{API}/issue/bulkfetch", json=plain | more).status_code == 400
    one_too_many = plain | {"issueIdsOrKeys": [str(number) for number in range(1001)]}
    assert client.post(f"{API}/issue/bulkfetch", json=one_too_many).status_code == 400


def test_an_expanded_changelog_stops_at_forty_and_says_how_many_there_are(client: httpx.Client) -> None:
    (issue,) = whole(client, "POR-8")
    shown = issue["changelog"]["histories"]
    assert len(shown) == 40 < issue["changelog"]["total"]
    assert [one["created"] for one in shown] == sorted((one["created"] for one in shown), reverse=True)
    first = client.get(f"{API}/issue/POR-8/changelog", params={"maxResults": "1000"}).json()
    assert first["maxResults"] == len(first["values"]) == 100
    rest = client.get(first["nextPage"]).json()
    assert rest["isLast"]
    everything = first["values"] + rest["values"]
    assert len(everything) == first["total"] == issue["changelog"]["total"]
    assert {one["id"] for one in shown} == {one["id"] for one in everything[-40:]}


def test_bulk_changelogs_are_by_date_with_numbers_for_dates_and_split_across_pages(
    client: httpx.Client,
) -> None:
    body: dict[str, Any] = {"issueIdsOrKeys": ["POR-8", "POR-43"], "maxResults": 50}
    seen: dict[str, list[str]] = {}
    dates: list[int] = []
    pages = 0
    while True:
        page = client.post(f"{API}/changelog/bulkfetch", json=body).json()
        pages += 1
        for log in page["issueChangeLogs"]:
            seen.setdefault(log["issueId"], []).extend(one["id"] for one in log["changeHistories"])
            dates += [one["created"] for one in log["changeHistories"]]
        if "nextPageToken" not in page:
            break
        body["nextPageToken"] = page["nextPageToken"]
    issues = whole(client, "POR-8", "POR-43")
    assert pages > 2
    assert all(isinstance(one, int) for one in dates)
    assert {id_: len(set(ids)) for id_, ids in seen.items()} == {
        issue["id"]: issue["changelog"]["total"] for issue in issues
    }
    only = client.post(
        f"{API}/changelog/bulkfetch", json={"issueIdsOrKeys": ["POR-8"], "fieldIds": ["status"]}
    )
    fields = {
        item["field"] for one in only.json()["issueChangeLogs"][0]["changeHistories"] for item in one["items"]
    }
    assert fields == {"status"}
    assert client.post(f"{API}/changelog/bulkfetch", json={"issueIdsOrKeys": ["1"] * 1001}).status_code == 400


def test_boards_and_sprints_come_fifty_a_page_and_a_kanban_board_has_none(client: httpx.Client) -> None:
    boards = client.get("/rest/agile/1.0/board", params={"maxResults": "100"}).json()
    assert boards["maxResults"] == 50
    kanban = next(one["id"] for one in boards["values"] if one["type"] == "kanban")
    answer = client.get(f"/rest/agile/1.0/board/{kanban}/sprint")
    assert (answer.status_code, refusal(answer)) == (400, "The board does not support sprints")
    assert client.get("/rest/agile/1.0/sprint/999999").status_code == 404
    active = client.get("/rest/agile/1.0/board/20/sprint", params={"state": "active"}).json()["values"]
    assert [one["state"] for one in active] == ["active"]


def test_the_estimation_of_a_board_tells_which_field_holds_the_points(client: httpx.Client) -> None:
    por = client.get("/rest/agile/1.0/board/20/configuration").json()["estimation"]
    assert por == {"type": "field", "field": {"fieldId": "customfield_10128", "displayName": "Story Points"}}
    fields = client.get(f"{API}/field").json()
    named = [one["id"] for one in fields if one["name"].startswith("Story")]
    assert len(named) == 3  # the right one, the team-managed one, and a leftover of an old tool


def test_agile_issue_lists_answer_until_they_are_switched_off() -> None:
    with running("jira-cloud", anchor=ANCHOR, issues=50) as sandbox, cloud(sandbox) as client:
        assert client.get("/rest/agile/1.0/board/500/issue").status_code == 200
        sandbox.control("agile", {"issue_lists": False})
        assert client.get("/rest/agile/1.0/board/500/issue").status_code == 410


def test_version_two_has_wiki_text_where_version_three_has_documents(client: httpx.Client) -> None:
    three = client.get(f"{API}/issue/POR-200", params={"fields": "description"}).json()["fields"][
        "description"
    ]
    two = client.get("/rest/api/2/issue/POR-200", params={"fields": "description"}).json()["fields"][
        "description"
    ]
    assert three["type"] == "doc"
    assert two.startswith("*")


def test_names_repeat_between_team_managed_projects_and_some_are_translated(client: httpx.Client) -> None:
    statuses = client.get(f"{API}/status").json()
    assert sum(one["name"] == "To Do" for one in statuses) == 3
    done = next(one for one in statuses if one.get("untranslatedName") == "Done")
    assert (done["name"], done["statusCategory"]["key"], done["scope"]["type"]) == (
        "Erledigt",
        "done",
        "PROJECT",
    )
    types = client.get(f"{API}/issuetype").json()
    assert {one["untranslatedName"] for one in types if "untranslatedName" in one} == {"Sub-task", "Task"}


def test_a_moved_issue_keeps_its_id_and_its_old_key_still_leads_to_it(client: httpx.Client) -> None:
    pages = search_all(client, "project = NTF", fields=["*all"], expand="changelog", maxResults=100)
    moved = next(
        issue
        for page in pages
        for issue in page
        if any(item["field"] == "Key" for one in issue["changelog"]["histories"] for item in one["items"])
    )
    item = next(
        item for one in moved["changelog"]["histories"] for item in one["items"] if item["field"] == "Key"
    )
    assert "fieldId" not in item
    old = client.get(f"{API}/issue/{item['fromString']}").json()
    assert (old["id"], old["key"]) == (moved["id"], moved["key"])
    assert item["fromString"].startswith("PIT-")


def test_the_clock_ticks_on_from_midnight(client: httpx.Client) -> None:
    now = datetime.fromisoformat(client.get(f"{API}/serverInfo").json()["serverTime"])
    midnight = datetime(ANCHOR.year, ANCHOR.month, ANCHOR.day, tzinfo=UTC)
    assert midnight <= now < midnight + timedelta(hours=1)


def test_a_basic_header_is_read_as_such(sandbox: Sandbox) -> None:
    given = base64.b64encode(b"sync@example.com:sandbox-token").decode()
    answer = httpx.get(
        f"{sandbox.url}{API}/myself", headers={"Authorization": f"Basic {given}"}, trust_env=False
    )
    assert answer.json()["emailAddress"] == "sync@example.com"
