"""Whoever asks again for what changed misses nothing, whatever is written while they read."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import orjson
from sqlalchemy import Engine, event, text
from starlette.testclient import TestClient

ITEM = 6


@contextmanager
def written_behind(
    seeded: Engine, reading: int, when: str = "after_cursor_execute", says: str = "set_config"
) -> Iterator[None]:
    """Write in a transaction that begins before whoever reads, and ends when they have begun for so many times.

    `when` and `says` are the event and the statement by which it is known that they have.
    """
    begun = 0
    with seeded.connect() as writer:
        before = writer.execute(
            text("SELECT priority, changed_at FROM work_item WHERE id = :id"), {"id": ITEM}
        ).one()
        writer.execute(text("UPDATE work_item SET priority = 'late' WHERE id = :id"), {"id": ITEM})

        def end(_connection: Any, _cursor: Any, statement: str, *_more: Any) -> None:
            nonlocal begun
            if says in statement:
                begun += 1
                if begun == reading:
                    writer.commit()

        event.listen(seeded, when, end)
        try:
            yield
        finally:
            event.remove(seeded, when, end)
            writer.rollback()
            with (
                seeded.begin() as connection
            ):  # as if nothing had been: other tests look at when rows changed
                connection.execute(text("SET LOCAL session_replication_role = replica"))
                connection.execute(
                    text(
                        "UPDATE work_item SET priority = :priority, changed_at = :changed_at WHERE id = :id"
                    ),
                    {"id": ITEM, **before._asdict()},
                )
    assert begun >= reading


def test_a_delta_link_tells_of_what_was_committed_just_behind_the_reading(
    seeded: Engine, web: TestClient
) -> None:
    asked = "/odata/v1/WorkItems?$select=WorkItemId,Priority&$orderby=WorkItemId"
    prefer = {"Prefer": "odata.track-changes,maxpagesize=10000"}
    # The transaction of an answer begins, and sees its state, before anything is asked in it.
    with written_behind(seeded, 1, "before_cursor_execute", '"WorkItemId"'):
        first = web.get(asked, headers=prefer).json()
        assert "late" not in {row["Priority"] for row in first["value"]}
        link = urlsplit(first["@odata.deltaLink"])
        then = web.get(f"{link.path}?{link.query}").json()["value"]
        assert {"WorkItemId": ITEM, "Priority": "late"} in then


def test_a_file_says_from_when_on_it_misses_what_was_committed_just_behind_its_reading(
    seeded: Engine, web: TestClient
) -> None:
    def rows(asked: str) -> tuple[list[dict[str, Any]], str]:
        answer = web.get(asked, headers={"accept-encoding": "identity"})
        assert answer.status_code == 200, answer.text
        found = [orjson.loads(line) for line in answer.content.splitlines()]
        return found, answer.headers["Muster-Changed-Since"]

    with written_behind(seeded, 2):  # the first time it only looks for the file's tag
        whole, since = rows("/files/v1/WorkItems.ndjson")
        assert "late" not in {row["Priority"] for row in whole}
        then, _ = rows(f"/files/v1/WorkItems.ndjson?changed_since={since}")
        assert [row["Priority"] for row in then if row["WorkItemId"] == ITEM] == ["late"]
