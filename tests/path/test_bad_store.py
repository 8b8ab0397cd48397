"""Mappings and records that do not hold, and a database that gives out: words, and nothing lost."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import pytest
from sqlalchemy import Engine, text

from connectors.errors import MisconfiguredSource
from tests.support.command_line import CommandLine
from tests.support.no_tracker import closed_port
from tests.support.sandbox_sources import block, configure
from tests.support.sandboxes import kept, running
from tests.support.store import ask, count, pulled

POINTS: Final = "customfield_10116"


def mapped(**attributes: Any) -> dict[str, Any]:
    return block(kept("jira-cloud"), projects=["PIT"], mapping={"issues": attributes})


@pytest.mark.parametrize(
    ("mapping", "phrases"),
    [
        ({"issues": {"story_size": "fields.x"}}, ("'story_size'", "points", "title")),
        (
            {"issues": {"points": {"path": "fields.x", "transform": "numbr"}}},
            ("'numbr'", "number", "jira_points"),
        ),
        ({"tickets": {"points": "fields.x"}}, ("'tickets'", "issues", "versions")),
        ({"issues": {"points": {"paht": "fields.x"}}}, ("paht",)),
    ],
    ids=["attribute", "transform", "stream", "key"],
)
def test_a_mapping_that_names_what_does_not_exist_is_refused_at_apply_with_what_does(
    engine: Engine, mapping: dict[str, Any], phrases: tuple[str, ...]
) -> None:
    with pytest.raises(MisconfiguredSource) as caught:
        configure(engine, block(kept("jira-cloud"), mapping=mapping))

    assert str(caught.value).startswith("jira-cloud: ")
    for phrase in phrases:
        assert phrase in str(caught.value)
    assert count(engine, "source") == 0


def test_a_path_to_a_field_no_issue_has_leaves_the_attribute_unknown(engine: Engine) -> None:
    configure(engine, mapped(points={"path": "fields.customfield_99999", "transform": "jira_points"}))

    assert pulled(engine, "jira-cloud").state == "succeeded"
    assert ask(engine, "SELECT count(*) AS n, count(points) AS known FROM work_item") == [
        {"n": 120, "known": 0}
    ]


def test_a_record_that_cannot_be_normalised_is_rejected_with_its_reason_and_its_page_lands(
    engine: Engine,
) -> None:
    with running("jira-cloud") as tracker:
        [key] = [one["key"] for one in tracker.control("truth")["issues"] if one["key"].startswith("PIT-")][
            :1
        ]
        tracker.control("edit", {"do": "set", "key": key, "fields": {POINTS: "many"}})
        configure(engine, block(tracker, projects=["PIT"]))

        found = pulled(engine, "jira-cloud")
        tracker.control("edit", {"do": "set", "key": key, "fields": {POINTS: 3}})
        mended = pulled(engine, "jira-cloud")

    assert found.state == "succeeded"
    assert found.counts("issues") == (119, 1, 0)
    [(locator, reason)] = found.rejected.items()
    assert locator == key
    assert reason.startswith(f"points (from fields.{POINTS}")
    assert "'many': expected a number" in reason
    assert mended.rejected == {}
    assert count(engine, "work_item") == 120
    assert ask(engine, "SELECT count(*) AS n FROM rejected_record WHERE resolved_at IS NULL") == [{"n": 0}]


@contextmanager
def spoilt(
    engine: Engine, act: str, *, pages: int = 0, table: str = "raw_page", verb: str = "INSERT"
) -> Iterator[None]:
    """Have the database itself act so when a table is written to, once so many pages are there."""
    name = f"spoil_{table}"
    with engine.begin() as connection:
        connection.exec_driver_sql(
            f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
            f" IF (SELECT count(*) FROM raw_page) >= {pages} THEN {act}; END IF; RETURN NEW; END $$"
        )
        connection.exec_driver_sql(
            f"CREATE TRIGGER {name} BEFORE {verb} ON {table} FOR EACH ROW EXECUTE FUNCTION {name}()"
        )
    try:
        yield
    finally:
        with engine.begin() as connection:
            connection.exec_driver_sql(f"DROP FUNCTION {name} CASCADE")


DISK_FULL: Final = "RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = '53100'"
GO_AWAY: Final = (
    "PERFORM pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
    " ORDER BY pid = pg_backend_pid()"
)


@pytest.mark.parametrize("pages", [0, 3])
def test_a_full_disk_is_said_in_words_and_the_next_run_goes_on(engine: Engine, pages: int) -> None:
    configure(engine, block(kept("jira-cloud"), projects=["PIT"]))

    with spoilt(engine, DISK_FULL, pages=pages):
        found = pulled(engine, "jira-cloud")

    assert found.state == "failed"
    assert found.error == (
        "the database's disk is full; free some space, then run the sync again: it goes on where it stopped"
    )
    assert count(engine, "raw_page") == pages
    rows = sum(count(engine, each) for each in ("scope", "identity", "iteration", "milestone", "work_item"))
    assert (rows > 0) == (pages > 0)
    assert pulled(engine, "jira-cloud").state == "succeeded"
    assert count(engine, "work_item") == 120


def test_a_disk_so_full_that_not_even_the_end_of_the_run_can_be_written_leaves_it_to_be_carried_on(
    engine: Engine,
) -> None:
    configure(engine, block(kept("jira-cloud"), projects=["PIT"]))

    with spoilt(engine, DISK_FULL), spoilt(engine, DISK_FULL, table="run", verb="UPDATE OF finished_at"):
        found = pulled(engine, "jira-cloud")

    assert found.state == "running"  # a worker takes it up again
    assert pulled(engine, "jira-cloud").state == "succeeded"


def test_a_database_that_goes_away_mid_run_is_said_in_words_and_the_next_run_has_everything(
    engine: Engine,
) -> None:
    configure(engine, block(kept("jira-cloud"), projects=["PIT"]))

    with spoilt(engine, GO_AWAY, pages=3):
        found = pulled(engine, "jira-cloud")

    assert found.state == "failed"
    assert "run the sync again: it goes on where it stopped" in found.error
    assert "database was shut down" in found.error or "connection to the database was lost" in found.error
    assert count(engine, "raw_page") == 3
    again = pulled(engine, "jira-cloud")
    assert again.state == "succeeded"
    assert count(engine, "work_item") == 120
    with engine.connect() as connection:
        twice = connection.scalar(
            text(
                "SELECT count(*) FROM (SELECT 1 FROM work_item GROUP BY external_id HAVING count(*) > 1) AS two"
            )
        )
    assert twice == 0


def test_a_database_that_is_not_there_is_one_sentence_and_exit_code_1(tmp_path: Path) -> None:
    address = closed_port().removeprefix("http://")
    muster = CommandLine(
        f"postgresql://muster:db-pass-w0rd@{address}/muster", tmp_path, {"NOT_SHOWN": "db-pass-w0rd"}
    )

    said = muster("status")

    assert said.code == 1
    assert said.out == ""
    assert said.err.startswith("muster: the database at 127.0.0.1, port ")
    assert len(said.err.splitlines()) == 1
