"""Work items keep the keys they once had, and comments and work logs reach their tables."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, text

from sync.keys import resolve
from tests.support.jira_clients import ANCHOR
from tests.support.sandbox_sources import block, configure, pull
from tests.support.sandboxes import Sandbox, running

LA = ["LA", "LB"]


@pytest.fixture(scope="module")
def tracker() -> Iterator[Sandbox]:
    with running("jira-cloud", anchor=ANCHOR, issues=80) as sandbox:
        yield sandbox


def item(engine: Engine, key: str) -> list[str]:
    """The keys that the items a key leads to have now."""
    with engine.connect() as connection:
        ids = resolve(connection, [key]).get(key, [])
        found = connection.scalars(text("SELECT key FROM work_item WHERE id = ANY(:ids)"), {"ids": ids})
        return list(found)


def test_an_old_key_leads_to_its_item_after_a_move_seen_and_one_from_before_our_time(
    engine: Engine, tracker: Sandbox
) -> None:
    before = tracker.control("edit", {"do": "move", "key": "LA-1", "to": "LB"})["key"]
    configure(engine, block(tracker, "jira", projects=LA, read=["comments", "worklogs"]))
    tracker.control("edit", {"do": "comment", "key": "LA-3", "text": "Noted.", "times": 21})
    tracker.control("edit", {"do": "log_work", "key": "LA-3", "hours": 2})
    assert pull(engine, "jira")[1] == "succeeded"
    between = tracker.control("edit", {"do": "move", "key": "LA-2", "to": "LB"})["key"]
    again = tracker.control("edit", {"do": "move", "key": before, "to": "LA"})["key"]
    assert pull(engine, "jira")[1] == "succeeded"

    assert item(engine, "LA-2") == item(engine, between) == [between]
    assert item(engine, "LA-1") == item(engine, before) == item(engine, again) == [again]
    assert item(engine, "LA-4") == ["LA-4"]
    assert item(engine, "LA-9999") == []
    with engine.connect() as connection:
        said = connection.execute(
            text(
                "SELECT count(*), min(c.author), min(c.text) FROM comment c JOIN work_item w"
                " ON w.source_id = c.source_id AND w.external_id = c.item_external_id WHERE w.key = 'LA-3'"
            )
        ).one()
        logged = connection.scalars(text("SELECT hours FROM worklog")).all()
    assert tuple(said) == (21, "Muster sync", "Noted.")
    assert logged == [2.0]


def test_a_key_that_is_another_than_at_the_last_reading_is_kept_also_without_a_word_in_the_history(
    engine: Engine, tracker: Sandbox
) -> None:
    configure(engine, block(tracker, "jira", projects=LA))
    assert pull(engine, "jira")[1] == "succeeded"
    with engine.begin() as connection:  # as an upsert does where a project's key was changed
        connection.execute(text("UPDATE work_item SET key = 'NEW-5' WHERE key = 'LA-5'"))
        connection.execute(text("UPDATE work_item SET key = 'NEW-5', title = 'Same' WHERE key = 'NEW-5'"))
        kept = connection.execute(text("SELECT key, says FROM work_item_key WHERE key LIKE 'LA-5'")).all()

    assert [row.key for row in kept] == ["LA-5"]
    assert item(engine, "LA-5") == ["NEW-5"]
