"""Real issues whose history is newer than their `updated`: it is kept, and what joins it silently is found."""

import csv
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, Final

import orjson
import pytest

from tests.support.jira_mirror import Mirror
from tests.support.sandboxes import Sandbox, running
from tests.support.shared import SHARED, needs_shared

pytestmark = needs_shared
FOLDER: Final = SHARED / "data" / "jira-cloud" / "raw_tables"
MOMENT: Final = timedelta(
    seconds=1
)  # Jira dates the history of any change some milliseconds after the change
FIELDS: Final = {"story_points": "customfield_10024", "sprint": "customfield_10020"}


@pytest.fixture(scope="module")
def tracker() -> Iterator[Sandbox]:
    with running("jira-cloud", recorded=FOLDER) as sandbox:
        yield sandbox


@pytest.fixture(scope="module")
def recorded() -> dict[str, Any]:
    csv.field_size_limit(sys.maxsize)
    with (FOLDER / "_raw_jira_api_issues.csv").open(encoding="utf-8") as file:
        found = [orjson.loads(row["data"]) for row in csv.DictReader(file) if row["data"]]
    return {str(one["id"]): one for one in found}


def test_history_newer_than_updated_is_kept_of_every_real_issue(
    tracker: Sandbox, recorded: dict[str, Any]
) -> None:
    mirror = Mirror(tracker, {"fields": FIELDS})
    mirror.run()

    newer = 0
    assert mirror.live.keys() == recorded.keys()
    for one, issue in recorded.items():
        histories = (issue.get("changelog") or {}).get("histories") or []
        stored = {row[0]: row[1] for row in mirror.live[one].children["transitions"]}
        assert {history["id"] for history in histories} == {change.partition(":")[0] for change in stored}
        assert len(stored) == sum(len(history["items"]) for history in histories)
        updated = datetime.fromisoformat(issue["fields"]["updated"])
        newer += any(at > updated + MOMENT for at in stored.values())
    assert newer == 29


def test_a_migration_that_leaves_updated_alone_is_missed_by_the_cursor_and_found_by_the_look_through_all(
    tracker: Sandbox,
) -> None:
    mirror = Mirror(tracker, {"fields": FIELDS})
    mirror.run()
    one = min(mirror.live)
    before = len(mirror.live[one].children["transitions"])
    tracker.control("edit", {"id": one, "fields": {"labels": ["migrated"]}, "silent": True})
    tracker.control("clock", {"skew_s": 24 * 3600})
    mirror.run()
    assert (mirror.fetched, len(mirror.live[one].children["transitions"])) == (0, before)
    tracker.control("clock", {"skew_s": 8 * 24 * 3600})
    mirror.run()

    assert (mirror.fetched, len(mirror.live[one].children["transitions"])) == (1, before + 1)
