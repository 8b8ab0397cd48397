"""Drift by the API and on the sources page: what stands, in words, with what to do."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import Engine, text

from sync.drift import OF_SHAPE, accept, record
from sync.shape import Difference
from tests.support.api_client import client
from tests.support.fake_source import FakeTracker, configure, issue, run_once
from tests.support.portfolio_rows import seed

AT = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)
RENAMED = Difference(
    "changed", "field customfield_1", "Points (number)", "Size (number)",
    "the field 'Points' (customfield_1) is now called 'Size'", "see whether it still holds the same",
)  # fmt: skip
NEW = Difference("new", "status 9", None, "QA (doing)", "a new status: 'QA' (9)", "accept it")


def drifted(engine: Engine, *found: Difference, at: datetime = AT) -> None:
    with engine.begin() as connection:
        source = connection.scalar(text("SELECT id FROM source"))
        assert source is not None
        record(connection, source, None, found, kinds=OF_SHAPE, now=at)


def test_what_has_drifted_is_listed_until_it_went_or_was_accepted(engine: Engine) -> None:
    configure(engine)
    drifted(engine, RENAMED, NEW)
    asking = client(engine)

    first = asking.get("/api/v1/drift").json()["items"]
    drifted(engine, RENAMED, at=AT + timedelta(days=1))
    second = asking.get("/api/v1/drift?source=fake").json()["items"]
    accept(engine, "fake", [second[0]["id"]], by="Ada", now=AT + timedelta(days=2))
    closed = asking.get("/api/v1/drift?resolved=true").json()["items"]

    assert [each["subject"] for each in first] == ["status 9", "field customfield_1"]
    assert [(each["subject"], each["last_seen"]) for each in second] == [
        ("field customfield_1", "2026-11-23T02:00:00Z")
    ]
    assert asking.get("/api/v1/drift").json()["items"] == []
    assert [(each["subject"], each["resolved_by"]) for each in closed] == [
        ("status 9", None),
        ("field customfield_1", "Ada"),
    ]


def test_the_sources_page_says_what_has_drifted_and_what_to_do(engine: Engine) -> None:
    configure(engine)
    asking = client(engine)
    assert "Drift" not in asking.get("/sources").text

    drifted(engine, RENAMED)

    html = asking.get("/sources").text
    assert "is now called" in html
    assert "see whether it still holds the same" in html
    assert "or accepted on the page of its source" in html


def test_a_token_of_some_projects_sees_no_drift(engine: Engine) -> None:
    seed(engine)
    with engine.connect() as connection:
        key = connection.scalar(text("SELECT key FROM project LIMIT 1"))

    assert client(engine, projects=[str(key)]).get("/api/v1/drift").status_code == 403


def test_a_run_says_which_version_of_the_mapping_it_read_by(engine: Engine) -> None:
    configure(engine)
    run, _ = run_once(engine, FakeTracker({"A": [issue(1)]}))

    [found] = client(engine).get("/api/v1/runs").json()["runs"]

    assert (found["id"], found["mapping_version"]) == (run, 1)
    shown = client(engine, name="other").get(f"/runs/{run}").text
    assert "<dt>Mapping</dt><dd>version 1</dd>" in shown
