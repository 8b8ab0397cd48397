"""The sandbox Jiras serve recorded issues word for word."""

import csv
import json
import sys
from typing import Any

from tests.support.jira_clients import ANCHOR, cloud, search_all, server, whole
from tests.support.sandboxes import kept, running
from tests.support.shared import SHARED, needs_shared

FOLDER = SHARED / "data" / "jira-cloud" / "raw_tables"


def records(name: str) -> dict[str, dict[str, Any]]:
    """The recorded issues of a table, by id."""
    csv.field_size_limit(sys.maxsize)
    with (FOLDER / name).open(encoding="utf-8", newline="") as file:
        return {(record := json.loads(row["data"]))["id"]: record for row in csv.DictReader(file)}


@needs_shared
def test_every_recorded_cloud_issue_is_found_and_comes_back_as_it_was() -> None:
    recorded = records("_raw_jira_api_issues.csv")
    with cloud(kept("jira-cloud", anchor=ANCHOR, recorded=FOLDER)) as client:
        projects = [one["key"] for one in client.get("/rest/api/3/project/search").json()["values"]]
        assert {"EE", "K5"} <= set(projects)
        pages = search_all(client, "project in (EE, K5) ORDER BY id ASC", fields=["updated"], maxResults=20)
        ids = [issue["id"] for page in pages for issue in page]
        assert sorted(ids) == sorted(recorded)
        assert len(ids) == 33
        for issue in whole(client, *ids):
            expected = recorded[issue["id"]]
            assert issue["fields"] == expected["fields"]
            histories = issue["changelog"]["histories"]
            assert sorted(one["id"] for one in histories) == sorted(
                one["id"] for one in expected["changelog"]["histories"]
            )


@needs_shared
def test_a_field_list_is_derived_from_what_the_issues_hold() -> None:
    with cloud(kept("jira-cloud", anchor=ANCHOR, recorded=FOLDER)) as client:
        fields = {one["id"]: one for one in client.get("/rest/api/3/field").json()}
        assert fields["customfield_10020"]["schema"]["custom"] == "com.pyxis.greenhopper.jira:gh-sprint"
        assert fields["customfield_10024"]["name"] == "Field 10024"
        assert len(client.get("/rest/api/3/status").json()) == 53
        assert len(client.get("/rest/api/3/users/search?maxResults=1000").json()) >= 30
        boards = client.get("/rest/agile/1.0/board").json()["values"]
        assert {one["location"]["projectKey"] for one in boards} == {"EE", "K5"}
        for board in boards:
            configuration = client.get(f"/rest/agile/1.0/board/{board['id']}/configuration").json()
            assert configuration["ranking"] == {"rankCustomFieldId": 10019}
        versions = client.get("/rest/api/3/project/EE/versions").json()
        assert "v2.7.0" in {one["name"] for one in versions}
        sprints = client.get("/rest/agile/1.0/board/8/sprint").json()
        assert (
            sprints["total"] == 30
        )  # sprint 15 is owned by board 13, but it was recorded from this board's list


@needs_shared
def test_a_recorded_issue_can_be_edited() -> None:
    with running("jira-cloud", anchor=ANCHOR, recorded=FOLDER) as sandbox, cloud(sandbox) as client:
        sandbox.control("edit", {"do": "set", "key": "EE-1", "fields": {"summary": "Edited"}})
        (issue,) = whole(client, "EE-1")
        assert issue["fields"]["summary"] == "Edited"
        assert issue["fields"]["updated"] > "2026"
        assert issue["changelog"]["histories"][0]["items"][0]["toString"] == "Edited"


@needs_shared
def test_the_recorded_server_issues_come_with_their_links() -> None:
    recorded = records("_raw_jira_api_issue_relationships.csv")
    with server(kept("jira-dc", anchor=ANCHOR, recorded=FOLDER)) as client:
        parameters = {"jql": "project = DZFNK0168 ORDER BY id", "fields": "*all", "expand": "changelog"}
        issues = client.get("/rest/api/2/search", params=parameters).json()["issues"]
        assert [issue["fields"] for issue in issues] == [recorded[issue["id"]]["fields"] for issue in issues]
        assert len(issues) == 22
        links = [link["id"] for issue in issues for link in issue["fields"]["issuelinks"]]
        assert (len(links), len(set(links))) == (16, 11)  # five have both of their ends here
