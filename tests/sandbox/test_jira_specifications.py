"""Every answer of the sandbox Jiras that a connector reads is what the vendor specifies, and looks like its samples."""

import json
from typing import Any, Final

import pytest

from tests.support.jira_clients import ANCHOR, cloud, server
from tests.support.sandboxes import kept
from tests.support.shared import SHARED, needs_shared
from tests.support.specs import keys_of, load

SPECS: Final = SHARED / "data" / "specs" / "jira"
PLATFORM, SOFTWARE, SERVER = (
    "jira-cloud-swagger-v3.v3.2025-09.json",
    "jira-software-swagger.v3.json",
    "jira-software-dc-10.3-openapi.json",
)
BULK = {"issueIdsOrKeys": ["POR-8", "POR-200", "NTF-20"], "fields": ["*all"], "expand": ["changelog"]}

# What the live services are known to answer although the specification does not say so.
EMPTY = "live changelogs have null where there was no value; so does the vendor's own sample"
BEYOND: Final = {
    "StatusDetails.untranslatedName": "recorded from a live site",
    "IssueTypeDetails.untranslatedName": "recorded from a live site",
    "ChangeDetails.from": EMPTY,
    "ChangeDetails.fromString": EMPTY,
    "ChangeDetails.to": EMPTY,
    "ChangeDetails.toString": EMPTY,
    ".location.key": "the vendor's own example of a board's configuration has it",
    ".location.id": "the vendor's own example of a board's configuration has it",
    ".location.name": "the vendor's own example of a board's configuration has it",
    ".location.self": "the vendor's own example of a board's configuration has it",
}
BULK_BEYOND: Final = BEYOND | {
    "Changelog.created": "epoch milliseconds here, measured live; the schema says a string"
}
SERVER_BEYOND: Final = {
    "IssueBean.expand": "every recorded Server issue has it",
    "IssueBean.fields.*": "the specification calls every field's value an object",
    "ChangeItemBean.from": EMPTY,
    "ChangeItemBean.fromString": EMPTY,
    "ChangeItemBean.to": EMPTY,
    "ChangeItemBean.toString": EMPTY,
    "SimpleListWrapperGroupJsonBean.items": "the wrapper's list, left out of the specification",
    "SimpleListWrapperApplicationRoleBean.items": "the wrapper's list, left out of the specification",
}

API = "/rest/api/3"
CLOUD_READS: Final[list[tuple[str, str, dict[str, Any] | None]]] = [
    ("GET", f"{API}/myself", None),
    ("GET", f"{API}/serverInfo", None),
    ("GET", f"{API}/project/search?maxResults=2", None),
    ("GET", f"{API}/project/POR", None),
    ("GET", f"{API}/project/NTF", None),
    ("GET", f"{API}/project/POR/versions", None),
    ("GET", f"{API}/project/POR/version", None),
    ("GET", f"{API}/project/NTF/statuses", None),
    ("GET", f"{API}/field", None),
    ("GET", f"{API}/status", None),
    ("GET", f"{API}/statuses?id=3&id=10101", None),
    ("GET", f"{API}/issuetype", None),
    ("GET", f"{API}/priority", None),
    ("GET", f"{API}/priority/search", None),
    ("GET", f"{API}/resolution", None),
    ("GET", f"{API}/issueLinkType", None),
    ("GET", f"{API}/users/search", None),
    ("GET", f"{API}/user/bulk?accountId=5d0000000000000000000001", None),
    ("GET", f"{API}/issue/POR-20?expand=changelog", None),
    ("GET", f"{API}/issue/POR-20/changelog", None),
    ("GET", f"{API}/issue/POR-246/worklog", None),
    ("GET", f"{API}/search/jql?jql=project=POR&fields=*all&expand=changelog&maxResults=100", None),
    ("GET", f"{API}/search/jql?jql=project=NTF&fields=*all&expand=changelog&maxResults=100", None),
    ("POST", f"{API}/search/jql", {"jql": "project = SSO", "fields": ["summary"], "expand": "names"}),
    ("POST", f"{API}/search/approximate-count", {"jql": "project = SSO"}),
    ("POST", f"{API}/issue/bulkfetch", BULK),
]
AGILE_READS: Final = (
    "/rest/agile/1.0/board",
    "/rest/agile/1.0/board/20",
    "/rest/agile/1.0/board/20/configuration",
    "/rest/agile/1.0/board/24/configuration",
)
SERVER_READS: Final = (
    ("/api/2/myself", False),
    ("/api/2/serverInfo", False),
    ("/api/2/project", True),
    ("/api/2/project/LED", False),
    ("/api/2/project/LED/versions", True),
    ("/api/2/project/LED/statuses", True),
    ("/api/2/field", True),
    ("/api/2/status", True),
    ("/api/2/issuetype", True),
    ("/api/2/priority", True),
    ("/api/2/issueLinkType", False),
    ("/api/2/user/search?username=.", True),
    ("/api/2/issue/LED-20?expand=changelog", False),
    ("/api/2/issue/LED-20/worklog", False),
    ("/api/2/search?jql=project=LED&fields=*all&expand=changelog&maxResults=1000", False),
    ("/agile/1.0/board/20", False),
    ("/agile/1.0/board/20/configuration", False),
    ("/agile/1.0/sprint/2001", False),
)


@needs_shared
@pytest.mark.parametrize(("method", "path", "body"), CLOUD_READS)
def test_cloud_answers_as_its_specification_says(method: str, path: str, body: dict[str, Any] | None) -> None:
    with cloud(kept("jira-cloud", anchor=ANCHOR)) as client:
        answer = client.request(method, path, json=body)
    assert answer.status_code == 200, answer.text
    problems = load(SPECS / PLATFORM).problems(method, path.partition("?")[0], answer.json(), beyond=BEYOND)
    assert problems == []


@needs_shared
def test_clouds_bulk_changelog_differs_from_its_specification_in_the_date_alone() -> None:
    path = f"{API}/changelog/bulkfetch"
    with cloud(kept("jira-cloud", anchor=ANCHOR)) as client:
        answer = client.post(path, json={"issueIdsOrKeys": ["POR-20", "POR-200"]})
    assert answer.json()["issueChangeLogs"]
    assert load(SPECS / PLATFORM).problems("POST", path, answer.json(), beyond=BULK_BEYOND) == []


@needs_shared
@pytest.mark.parametrize("path", AGILE_READS)
def test_boards_answer_as_their_specification_says(path: str) -> None:
    with cloud(kept("jira-cloud", anchor=ANCHOR)) as client:
        answer = client.get(path)
    assert load(SPECS / SOFTWARE).problems("GET", path, answer.json(), beyond=BEYOND) == []


@needs_shared
@pytest.mark.parametrize(("path", "listed"), SERVER_READS)
def test_data_center_answers_as_its_specification_says(path: str, *, listed: bool) -> None:
    with server(kept("jira-dc", anchor=ANCHOR)) as client:
        answer = client.get(f"/rest{path}")
    assert answer.status_code == 200, answer.text
    spec = load(SPECS / SERVER)
    problems = spec.problems(
        "GET", path.partition("?")[0], answer.json(), beyond=SERVER_BEYOND, listed=listed
    )
    assert problems == []


# Sample, request, and what the sample has that the sandbox leaves out, each for a reason.
USERS = {"key", "name"}  # gone since the privacy changes; the examples keep them empty
SAMPLES: Final[list[tuple[str, str, str, dict[str, Any] | None, set[str]]]] = [
    ("cloud_myself", "GET", f"{API}/myself", None, USERS),
    # Addresses of other products; the locale is in the sample only.
    ("cloud_serverInfo", "GET", f"{API}/serverInfo", None,
     {"defaultLocale", "displayUrl", "displayUrlConfluence", "displayUrlServicedeskHelpCenter", "serverTimeZone"}),
    # Only with expand=insight, and only where projects have categories.
    ("cloud_project_search", "GET", f"{API}/project/search?maxResults=2", None, {"insight", "projectCategory"}),
    # Only with expand=issuesstatus.
    ("cloud_project_version", "GET", f"{API}/project/POR/version?maxResults=3", None,
     {"issuesStatusForFixVersion", "overdue"}),
    ("cloud_field", "GET", f"{API}/field", None, set()),
    ("cloud_status", "GET", f"{API}/status", None, set()),
    ("cloud_statuscategory", "GET", f"{API}/statuscategory", None, set()),
    ("cloud_issuetype", "GET", f"{API}/issuetype", None, {"entityId"}),
    ("cloud_priority", "GET", f"{API}/priority", None, set()),
    ("cloud_priority_search", "GET", f"{API}/priority/search", None, set()),
    ("cloud_users_search", "GET", f"{API}/users/search", None, USERS),
    ("cloud_issue_changelog", "GET", f"{API}/issue/POR-1/changelog?maxResults=1", None, set()),
    ("cloud_issue_worklog", "GET", f"{API}/issue/POR-246/worklog", None, {"visibility"}),
    ("cloud_issueLinkType", "GET", f"{API}/issueLinkType", None, set()),
    ("cloud_approximate_count", "POST", f"{API}/search/approximate-count", {"jql": "project = POR"}, set()),
    ("search_jql_default_fields", "GET", f"{API}/search/jql?jql=project=POR", None, set()),
    # Custom field ids differ from site to site, and the documents' inline marks from text to text.
    ("search_jql_page1", "GET", f"{API}/search/jql?jql=project=POR&fields=*all&expand=changelog&maxResults=100", None,
     {"customfield_10015", "customfield_10016", "customfield_10019", "customfield_10020", "entityId", "attrs"}),
    ("cloud_changelog_bulkfetch", "POST", f"{API}/changelog/bulkfetch",
     {"issueIdsOrKeys": ["POR-1"], "maxResults": 1}, set()),
    ("cloud_agile_board", "GET", "/rest/agile/1.0/board", None, set()),
    ("cloud_agile_board_sprint", "GET", "/rest/agile/1.0/board/20/sprint", None, set()),
    ("cloud_agile_sprint", "GET", "/rest/agile/1.0/sprint/2001", None, set()),
    ("cloud_agile_board_configuration", "GET", "/rest/agile/1.0/board/20/configuration", None, {"min", "max"}),
]  # fmt: skip


@needs_shared
@pytest.mark.parametrize(("name", "method", "path", "body", "without"), SAMPLES)
def test_cloud_has_every_key_of_the_vendors_sample(
    name: str, method: str, path: str, body: dict[str, Any] | None, without: set[str]
) -> None:
    sample = json.loads((SHARED / "data" / "samples" / "jira" / f"{name}.json").read_bytes())["response"][
        "body"
    ]
    with cloud(kept("jira-cloud", anchor=ANCHOR)) as client:
        answer = client.request(method, path, json=body).json()
    missing = keys_of(sample, depth=7) - keys_of(answer, depth=7)
    assert sorted(one for one in missing if not without & set(one.split("."))) == []


@needs_shared
def test_data_center_has_every_key_of_the_sample_search() -> None:
    sample = json.loads((SHARED / "data" / "samples" / "jira" / "dc_search.json").read_bytes())["response"][
        "body"
    ]
    with server(kept("jira-dc", anchor=ANCHOR)) as client:
        path = "/rest/api/2/search?jql=project=LED&fields=*all&expand=changelog&maxResults=1000"
        answer = client.get(path).json()
    # Cloud's keys, which the hand-written sample has on Server's objects.
    without = {"entityId", "hierarchyLevel", "simplified", "projectTypeKey"}
    missing = keys_of(sample, depth=7) - keys_of(answer, depth=7)
    assert sorted(one for one in missing if not without & set(one.split("."))) == []
