"""What decides a source's scope in the tracker, and what of it an account cannot see."""

from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.base import Fingerprinted
from connectors.jira import jql
from connectors.jira.config import JiraConfig
from connectors.jira.connector import Jira
from tests.support.fake_jira import FakeCloud, FakeJira, FakeServer, issue
from tests.support.jira_clients import ANCHOR
from tests.support.jira_mirror import jira as of_sandbox
from tests.support.sandboxes import running

FILTERS = {
    "10010": {"id": "10010", "name": "Programme", "jql": 'filter = "Core work" AND type = Epic'},
    "10020": {"id": "10020", "name": "Core work", "jql": "project = PMO AND filter != 10010"},
}


def jira(fake: FakeJira, **options: Any) -> Jira:
    base = "https://jira.example.com" if isinstance(fake, FakeServer) else "https://example.atlassian.net"
    config = {"base_url": base, "auth": {"type": "pat", "token": "secret-token"}, **options}
    return Jira(JiraConfig.model_validate(config), source="tracker", transport=fake.transport)


def filters(request: httpx.Request, _body: Any) -> httpx.Response | None:
    path = request.url.path.partition("/filter/")[2]
    if path in FILTERS:
        return httpx.Response(200, json=FILTERS[path])
    if path == "search":
        wanted = request.url.params["filterName"].strip('"')
        return httpx.Response(
            200, json={"values": [one for one in FILTERS.values() if one["name"] == wanted]}
        )
    if path == "favourite":
        return httpx.Response(200, json=list(FILTERS.values()))
    return httpx.Response(404, json={"errorMessages": ["not available"]}) if path else None


@pytest.mark.parametrize("kind", [FakeCloud, FakeServer])
def test_every_saved_filter_behind_a_query_is_part_of_the_scope(kind: type[FakeJira]) -> None:
    fake = kind()
    fake.rules.append(filters)
    query = "filter in (10010) ORDER BY rank"
    connector = jira(fake, query=query)

    assert isinstance(connector, Fingerprinted)
    assert connector.scope_fingerprint() == {
        "query": query,
        "filter 10010": FILTERS["10010"]["jql"],
        "filter Core work": FILTERS["10020"]["jql"],
    }


def test_a_filter_that_cannot_be_seen_is_left_out_and_the_check_says_so() -> None:
    fake = FakeCloud(issue(10001))
    fake.rules.append(filters)
    connector = jira(fake, query="filter = 777 AND project = NOPE")

    assert connector.scope_fingerprint() == {"query": "filter = 777 AND project = NOPE"}
    found = {one.what: one for one in connector.check()}
    assert not found["filter 777"].ok
    assert not found["project NOPE"].ok
    assert "account cannot see" in found["filter 777"].says


def test_without_a_query_the_tracker_decides_nothing() -> None:
    assert jira(FakeCloud()).scope_fingerprint() == {}


def test_a_filter_changed_in_the_tracker_is_another_fingerprint_and_kanban_boards_are_told_of() -> None:
    with running("jira-cloud", anchor=ANCHOR) as tracker:
        tracker.control("edit", {"do": "set_filter", "id": 10300, "jql": "project = POR"})
        connector = of_sandbox(tracker, query="filter = 10300")
        before = connector.scope_fingerprint()
        tracker.control("edit", {"do": "set_filter", "id": 10300, "jql": "project = POR AND type = Epic"})
        after = connector.scope_fingerprint()
        told = [one for one in connector.check() if "sub-filter" in one.says]
        connector.close()

    assert before["query"] == after["query"]
    assert (before["filter 10300"], after["filter 10300"]) == (
        "project = POR",
        "project = POR AND type = Epic",
    )
    assert told
    assert all(one.ok for one in told)


@pytest.mark.parametrize(
    ("query", "named", "projects"),
    [
        ("filter = 123", ["123"], []),
        ('project = ABC and filter in (1, "My filter")', ["1", "My filter"], ["ABC"]),
        ('summary ~ "filter = 9" and savedfilter != 7', ["7"], []),
        ("project in (A, 'B c', \"D\") or project not in (X)", [], ["A", "B c", "D"]),
        ("project in projectsLeadByUser() and x = 1", [], []),
        ('filter="Q3 \\"x\\" (y)" order by z', ['Q3 "x" (y)'], []),
    ],
)
def test_filters_and_projects_are_read_out_of_a_query(
    query: str, named: list[str], projects: list[str]
) -> None:
    assert (jql.saved_filters(query), jql.named_projects(query)) == (named, projects)


@given(st.text(max_size=60))
def test_no_query_whatever_makes_reading_it_fail(query: str) -> None:
    jql.saved_filters(query)
    jql.named_projects(query)
    assert (
        jql.without_order(f"{query} order by key") == jql.without_order(query) or '"' in query or "'" in query
    )
