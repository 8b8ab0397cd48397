"""The sandbox Jira Data Center has the traps of the real one."""

import re
from collections.abc import Iterator

import httpx
import pytest

from tests.support.jira_clients import ANCHOR, server
from tests.support.sandboxes import Sandbox, kept

API = "/rest/api/2"


@pytest.fixture
def sandbox() -> Sandbox:
    return kept("jira-dc", anchor=ANCHOR)


@pytest.fixture
def client(sandbox: Sandbox) -> Iterator[httpx.Client]:
    with server(sandbox) as client:
        yield client


def test_max_results_is_cut_and_the_answer_says_to_what(client: httpx.Client) -> None:
    page = client.post(
        f"{API}/search", json={"jql": "project = LED ORDER BY id ASC", "maxResults": 1000}
    ).json()
    assert (page["maxResults"], len(page["issues"]), page["total"], page["startAt"]) == (100, 100, 760, 0)


def test_offset_pages_hold_every_issue_once(client: httpx.Client) -> None:
    ids: list[str] = []
    while True:
        parameters = {"jql": "project = PAY ORDER BY id ASC", "startAt": str(len(ids)), "fields": "summary"}
        page = client.get(f"{API}/search", params=parameters | {"maxResults": "500"}).json()
        if not page["issues"]:
            break
        ids += [issue["id"] for issue in page["issues"]]
    assert len(ids) == len(set(ids)) == 430


def test_successful_answers_carry_a_retry_after_of_zero(client: httpx.Client) -> None:
    answer = client.get(f"{API}/myself")
    assert (answer.status_code, answer.headers["Retry-After"]) == (200, "0")


def test_nothing_answers_outside_the_context_path(sandbox: Sandbox) -> None:
    headers = {"Authorization": "Bearer sandbox-pat"}
    assert httpx.get(f"{sandbox.url}{API}/myself", headers=headers, trust_env=False).status_code == 404


@pytest.mark.parametrize(
    ("header", "status"), [(None, 401), ("Bearer wrong", 401), ("Basic c3luYzpzYW5kYm94", 403)]
)
def test_wrong_credentials_are_refused_and_passwords_not_taken(
    sandbox: Sandbox, header: str | None, status: int
) -> None:
    headers = {"Authorization": header} if header else {}
    answer = httpx.get(f"{sandbox.url}/jira{API}/search?jql=", headers=headers, trust_env=False)
    assert answer.status_code == status


def test_sprints_are_text_in_a_changing_order_and_names_hold_separators(client: httpx.Client) -> None:
    texts: list[str] = []
    for start in range(0, 760, 100):
        parameters = {
            "jql": "project = LED",
            "fields": "customfield_10105",
            "startAt": str(start),
            "maxResults": "100",
        }
        for issue in client.get(f"{API}/search", params=parameters).json()["issues"]:
            texts += issue["fields"]["customfield_10105"] or []
    assert all(text.startswith("com.atlassian.greenhopper.service.sprint.Sprint@") for text in texts)
    assert {re.search(r"\[(\w+)=", text).group(1) for text in texts if re.search(r"\[(\w+)=", text)} == {  # type: ignore[union-attr]
        "id",
        "rapidViewId",
    }
    assert any("close [A]=final," in text for text in texts)
    assert any("=<null>" in text for text in texts)


def test_epics_are_linked_by_key_and_only_sub_tasks_have_parents(client: httpx.Client) -> None:
    parameters = {"jql": "project = LED", "fields": "customfield_10101,parent,issuetype", "maxResults": "100"}
    issues = client.get(f"{API}/search", params=parameters).json()["issues"]
    for issue in issues:
        fields = issue["fields"]
        assert ("parent" in fields) == fields["issuetype"]["subtask"]
    assert any(str(issue["fields"]["customfield_10101"]).startswith("LED-") for issue in issues)


def test_expanded_changelogs_are_whole_and_name_no_field_ids(client: httpx.Client) -> None:
    issue = client.get(f"{API}/issue/LED-8", params={"expand": "changelog"}).json()
    assert len(issue["changelog"]["histories"]) == issue["changelog"]["total"] > 100
    assert not any("fieldId" in item for one in issue["changelog"]["histories"] for item in one["items"])
    assert client.get(f"{API}/issue/LED-8/changelog").status_code == 404


def test_what_only_cloud_has_is_not_here(client: httpx.Client) -> None:
    for path in ("project/search", "search/jql", "users/search"):
        assert client.get(f"{API}/{path}").status_code == 404
    assert client.post(f"{API}/issue/bulkfetch", json={"issueIdsOrKeys": ["LED-1"]}).status_code == 404


def test_projects_are_one_array_and_users_need_a_name_to_search_for(client: httpx.Client) -> None:
    assert {one["key"] for one in client.get(f"{API}/project").json()} == {"LED", "PAY", "CLD"}
    assert client.get(f"{API}/user/search").status_code == 400
    users = client.get(f"{API}/user/search", params={"username": ".", "maxResults": "1000"}).json()
    assert len(users) > 30
    assert "accountId" not in users[0]


def test_values_that_do_not_exist_are_refused(client: httpx.Client) -> None:
    answer = client.get(f"{API}/search", params={"jql": "project = NOPE"})
    assert answer.status_code == 400
    assert answer.json()["errorMessages"] == ["The value 'NOPE' does not exist for the field 'project'."]
    assert (
        client.get(f"{API}/search", params={"jql": ""}).json()["total"] == 1580
    )  # unbounded is allowed here
