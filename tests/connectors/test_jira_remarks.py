"""Comments and work logs: only where asked for, and then all of them."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.jira_clients import ANCHOR
from tests.support.jira_mirror import Mirror
from tests.support.sandboxes import Sandbox, running

BOTH = ["comments", "worklogs"]


@pytest.fixture(scope="module", params=["jira-cloud", "jira-dc"])
def tracker(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    with running(request.param, anchor=ANCHOR, issues=80) as sandbox:
        for times, key in ((45, "LA-1"), (3, "LA-2")):
            sandbox.control(
                "edit", {"do": "comment", "key": key, "text": f"*Bold* and {times}", "times": times}
            )
            sandbox.control("edit", {"do": "log_work", "key": key, "hours": 1.5, "times": times})
        yield sandbox


def rows(mirror: Mirror, key: str, name: str) -> list[tuple[Any, ...]]:
    return mirror.live[mirror.keys[key]].children[name]


def test_they_are_left_alone_unless_the_source_asks_for_them(tracker: Sandbox) -> None:
    mirror = Mirror(tracker, {"projects": ["LA"]})
    mirror.run()

    assert rows(mirror, "LA-1", "comments") == rows(mirror, "LA-1", "worklogs") == []


def test_all_of_them_come_also_where_the_issue_shows_but_some(tracker: Sandbox) -> None:
    mirror = Mirror(tracker, {"projects": ["LA"], "read": BOTH})
    mirror.run()

    for key, count in (("LA-1", 45), ("LA-2", 3), ("LA-3", 0)):
        assert [len(rows(mirror, key, name)) for name in BOTH] == [count, count]
    _, author, author_id, created, _, text = rows(mirror, "LA-1", "comments")[-1]
    assert (author, created.year) == ("Muster sync", 2026)
    assert author_id
    assert "Bold and 45" in text
    _, _, _, started, hours, *_ = rows(mirror, "LA-1", "worklogs")[-1]
    assert (hours, started.tzinfo is not None) == (1.5, True)


def test_a_long_list_costs_as_few_requests_as_the_site_allows(tracker: Sandbox) -> None:
    tracker.control("edit", {"do": "log_work", "key": "LB-1", "hours": 1, "times": 230})
    plain, whole = (
        Mirror(tracker, {"projects": ["LB"]}),
        Mirror(tracker, {"projects": ["LB"], "read": ["worklogs"]}),
    )
    plain.run()
    whole.run()
    long = [kept for kept in whole.live.values() if len(kept.children["worklogs"]) > 20]

    assert len(rows(whole, "LB-1", "worklogs")) == 230
    assert whole.requests - plain.requests == len(long)


def test_one_that_was_taken_back_goes_and_the_rest_stay(tracker: Sandbox) -> None:
    mirror = Mirror(tracker, {"projects": ["LA"], "read": ["comments"]})
    mirror.run()
    before = {row[0] for row in rows(mirror, "LA-1", "comments")}
    tracker.control("edit", {"do": "uncomment", "key": "LA-1"})
    mirror.run()
    after = {row[0] for row in rows(mirror, "LA-1", "comments")}

    assert after < before
    assert len(before - after) == 1
    assert rows(mirror, "LA-1", "worklogs") == []
