"""Counting all ids, asking what became of those that are missing, and fetching single issues."""

from typing import Any

import httpx
import pytest

from connectors.base import Censused, Fate, Retrying, Stream
from connectors.errors import SliceUnreadable
from connectors.jira.config import JiraConfig
from connectors.jira.connector import Jira
from connectors.jira.glance import Glance
from tests.support.fake_jira import FakeCloud, FakeJira, FakeServer, issue
from tests.support.jira_clients import ANCHOR
from tests.support.jira_mirror import Mirror
from tests.support.sandboxes import running


def jira(fake: FakeJira, **options: Any) -> Jira:
    base = "https://jira.example.com" if isinstance(fake, FakeServer) else "https://example.atlassian.net"
    config = {
        "base_url": base,
        "auth": {"type": "pat", "token": "secret-token"},
        "projects": ["PMO"],
        **options,
    }
    return Jira(JiraConfig.model_validate(config), source="tracker", transport=fake.transport)


def issues_of(fake: FakeJira, **options: Any) -> Stream:
    return next(one for one in jira(fake, **options).streams({}, []) if one.name == "issues")


@pytest.mark.parametrize(("kind", "said"), [(FakeCloud, None), (FakeServer, 9)])
def test_a_census_lists_ids_and_gives_the_trackers_count_where_there_is_one(
    kind: type[FakeJira], said: int | None
) -> None:
    fake = kind(*(issue(10000 + n) for n in range(1, 10)))
    stream = issues_of(fake)
    assert isinstance(stream, Censused)
    (slice_,) = stream.slices()
    fake.bodies.clear()

    census = stream.census(slice_)

    assert (census.ids, census.said) == (frozenset(str(10000 + n) for n in range(1, 10)), said)
    assert not any("bulkfetch" in path for path, _ in fake.bodies)


def test_an_empty_census_of_a_project_that_is_out_of_sight_is_no_census() -> None:
    fake = FakeCloud(issue(10001))
    stream = issues_of(fake)
    assert isinstance(stream, Censused)
    (slice_,) = stream.slices()
    fake.projects.clear()
    fake.issues.clear()  # so Cloud's search answers: 200, and nothing

    with pytest.raises(SliceUnreadable, match="no such project, or this account does not see it"):
        stream.census(slice_)


@pytest.mark.parametrize("kind", [FakeCloud, FakeServer])
def test_single_issues_are_fetched_again_and_what_is_not_given_is_left_out(kind: type[FakeJira]) -> None:
    fake = kind(*(issue(10000 + n) for n in range(1, 5)))
    fake.gone = {10003}
    stream = issues_of(fake)
    assert isinstance(stream, Retrying)
    (slice_,) = stream.slices()

    pages = list(stream.retry(slice_, ["10001", "10003", "board:7"]))

    assert [record.locator for page in pages for record in stream.read(page.parts)] == ["PMO-1"]
    assert all(page.cursor is None and not page.complete and not page.vanished for page in pages)


@pytest.mark.parametrize("kind", ["jira-cloud", "jira-dc"])
def test_an_issue_that_leaves_the_query_is_out_of_scope_and_not_deleted(kind: str) -> None:
    with running(kind, anchor=ANCHOR, issues=80) as tracker:
        mirror = Mirror(tracker, {"query": 'project = LA AND status in ("To Do", "In Progress")'})
        mirror.run()
        before = set(mirror.live)
        leaves, goes = sorted(before)[:2]
        tracker.control("edit", {"id": leaves, "fields": {"status": "Done"}})
        tracker.control("edit", {"do": "delete", "id": goes})
        mirror.run()
        mirror.census()

        assert mirror.fates == {leaves: Fate.OUT_OF_SCOPE, goes: Fate.DELETED}
        assert set(mirror.live) == before - {leaves, goes}


def test_a_site_that_takes_but_a_hundred_ids_is_asked_a_hundred_at_a_time() -> None:
    fake = FakeCloud(*(issue(10000 + n) for n in range(1, 251)))

    def old(request: httpx.Request, body: Any) -> httpx.Response | None:
        if request.url.path.endswith("issue/bulkfetch") and len(body["issueIdsOrKeys"]) > 100:
            return httpx.Response(400, json={"errorMessages": ["exceeds the limit of 100"]})
        return None

    fake.rules.append(old)
    glance = Glance(jira(fake)._site)

    assert len(glance.updated(range(10001, 10251))) == 250
    assert len(glance.updated(range(10001, 10251))) == 250
    assert fake.seen["/rest/api/3/issue/bulkfetch"] == 1 + 3 + 3


def test_a_site_without_bulk_histories_has_every_issue_read_again() -> None:
    fake = FakeCloud(*(issue(10000 + n) for n in range(1, 4)))
    fake.rules.append(
        lambda request, _body: (
            httpx.Response(404, json={"errorMessages": ["no such resource"]})
            if request.url.path.endswith("changelog/bulkfetch")
            else None
        )
    )
    site = jira(fake)._site

    assert Glance(site).grown([10001, 10002, 10003], site.clock()) == [10001, 10002, 10003]
