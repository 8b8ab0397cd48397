"""The generated load is the same each time, plausible, and made only as far as it is asked for."""

import time
from datetime import timedelta

from sandbox.jira.jql import parse
from sandbox.jira.load import FIRST_ISSUE, load
from sandbox.jira.world import World
from sandbox.options import Options
from tests.support.jira_clients import ANCHOR, cloud, search_all, whole
from tests.support.sandboxes import kept


def world(count: int) -> World:
    """A generated world without a server."""
    options = Options("jira-cloud", ANCHOR, ANCHOR, issues=count)
    catalogue, shelf = load(options, cloud=True)
    return World(catalogue, shelf, ANCHOR, "UTC", strict=False)


def test_every_issue_is_in_one_project_and_its_key_leads_to_it() -> None:
    where = world(1003)
    assert sum(where.counts().values()) == 1003
    for id_ in (FIRST_ISSUE, FIRST_ISSUE + 500, FIRST_ISSUE + 1002):
        state = where.state(id_)
        assert state is not None
        assert where.find(state.key) is state
    assert where.state(FIRST_ISSUE + 1003) is None


def test_what_search_is_told_is_what_the_issue_says() -> None:
    where = world(300)
    for id_ in range(FIRST_ISSUE, FIRST_ISSUE + 300):
        row, state = where.shelf.row(id_), where.state(id_)
        assert row is not None
        assert state is not None
        assert (row.status, row.type) == (state.fields["status"], state.fields["type"])
        assert row.updated == round(state.updated.timestamp() * 1000)
        assert row.created == round(state.created.timestamp() * 1000)
        assert state.key.endswith(f"-{row.number}")


def test_an_issue_has_about_four_histories() -> None:
    where = world(500)
    counted = [
        len(state.histories) for id_ in range(FIRST_ISSUE, FIRST_ISSUE + 500) if (state := where.state(id_))
    ]
    assert 3 <= sum(counted) / len(counted) <= 5


def test_a_million_issues_are_searched_without_being_made() -> None:
    began = time.monotonic()
    where = world(1_000_000)
    text = "project = LC AND updated >= -7d"
    found = where.search(text, parse(text, where.asker()))
    assert 100 < len(found) < 10_000
    assert not where._states
    assert time.monotonic() - began < 20


def test_the_load_is_served_in_full_pages() -> None:
    with cloud(kept("jira-cloud", anchor=ANCHOR, issues=800)) as client:
        pages = search_all(client, "project in (LA, LB, LC) ORDER BY id", fields=["summary"], maxResults=100)
        assert [len(page) for page in pages] == [100, 100, 100]
        (issue,) = whole(client, "LA-1")
        assert issue["changelog"]["total"] == len(issue["changelog"]["histories"])
        assert ANCHOR - timedelta(days=721) < ANCHOR
