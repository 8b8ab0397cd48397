"""Projects, users, sprints and versions."""

from typing import Any

import httpx
import pytest

from connectors.base import RawRecord
from connectors.errors import SliceUnreadable, SourceUnavailable
from connectors.jira.config import JiraConfig
from connectors.jira.connector import Jira
from tests.support.fake_jira import FakeCloud, FakeJira, FakeServer


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
