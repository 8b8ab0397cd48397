"""History left out on purpose: nothing of it is asked for, and nothing is made up in its place."""

from collections.abc import Iterator

import pytest

from connectors.jira.transforms import started_at
from tests.support.jira_clients import ANCHOR
from tests.support.jira_mirror import Mirror
from tests.support.sandboxes import Sandbox, running


@pytest.fixture(scope="module", params=["jira-cloud", "jira-dc"])
def tracker(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    with running(request.param, anchor=ANCHOR, issues=80) as sandbox:
        yield sandbox


def test_no_history_is_asked_for_and_what_it_alone_tells_is_unknown(tracker: Sandbox) -> None:
    whole, bare = (
        Mirror(tracker, {"projects": ["LA"]}),
        Mirror(tracker, {"projects": ["LA"], "changelog": False}),
    )
    whole.run()
    bare.run()

    assert bare.live.keys() == whole.live.keys()
    assert bare.requests <= whole.requests
    assert any(kept.children["transitions"] for kept in whole.live.values())
    assert not any(kept.children["transitions"] for kept in bare.live.values())
    assert any(kept.row["started_at"] for kept in whole.live.values())
    assert {kept.row["started_at"] for kept in bare.live.values()} == {None}
    for one, kept in bare.live.items():
        assert kept.row["done_at"] in (None, whole.live[one].row["done_at"])
        same = {name for name in kept.row if name not in {"started_at", "done_at", "content_hash"}}
        assert {name: kept.row[name] for name in same} == {name: whole.live[one].row[name] for name in same}


def test_a_later_run_reads_what_changed_and_looks_through_no_history(tracker: Sandbox) -> None:
    mirror = Mirror(tracker, {"projects": ["LA"], "changelog": False, "history_repair_days": 0.00001})
    mirror.run()
    tracker.control("edit", {"key": "LA-3", "fields": {"status": "Done"}})
    mirror.run()

    assert mirror.fetched == 1
    assert mirror.live[mirror.keys["LA-3"]].row["status"] == "Done"


def test_an_issue_without_its_history_is_not_taken_to_have_begun_when_it_was_created() -> None:
    doing = {"id": "3", "name": "In Progress", "statusCategory": {"key": "indeterminate", "id": 4}}
    issue = {"fields": {"status": doing, "created": "2026-11-02T19:10:04.837+0200"}, "statusCategories": {}}

    assert started_at(issue) is None
    assert started_at({**issue, "changelog": {"histories": []}}) is not None
