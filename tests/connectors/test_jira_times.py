"""Instants in JQL: whatever the zone, the night and the clock, no change before them is left out."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from connectors.jira import jql
from connectors.jira.config import JiraConfig
from connectors.jira.connector import Jira
from connectors.jira.position import MOST_KNOWN, Clocks, Position
from connectors.jira.times import Times
from tests.support.fake_jira import FakeServer, issue
from tests.support.jira_clients import ANCHOR
from tests.support.jira_mirror import Mirror
from tests.support.sandboxes import running

ZONES = ("Europe/Helsinki", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "America/Sao_Paulo", "UTC",
         "Africa/Casablanca", "Asia/Tehran")  # fmt: skip
INSTANTS = st.datetimes(datetime(2005, 1, 1), datetime(2035, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - bounds are naive
PUT_BACK = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)  # 03:30 in Helsinki, for the first of two times


def read_as(literal: str, zone: ZoneInfo, fold: int) -> datetime:
    """Read a literal as a server in this zone may, which takes either of two equal local times."""
    local = datetime.strptime(literal.partition('"')[2].rstrip('"'), "%Y/%m/%d %H:%M")  # noqa: DTZ007 - zone follows
    return local.replace(tzinfo=zone, fold=fold).astimezone(UTC)


@given(INSTANTS, st.sampled_from(ZONES))
@example(PUT_BACK, "Europe/Helsinki")
@example(PUT_BACK + timedelta(hours=1), "Europe/Helsinki")
@example(datetime(2026, 3, 29, 1, 0, tzinfo=UTC), "Europe/Helsinki")
@example(datetime(2026, 4, 4, 15, 10, tzinfo=UTC), "Australia/Lord_Howe")
def test_a_minute_in_a_zone_is_never_later_than_the_instant_however_it_is_read(
    at: datetime, name: str
) -> None:
    zone = ZoneInfo(name)
    literal = jql.updated_since_minute(at, zone)

    for fold in (0, 1):
        found = read_as(literal, zone, fold)
        assert at - timedelta(hours=2, minutes=1) < found <= at
        local = found.astimezone(zone)
        assert f"{local:%Y/%m/%d %H:%M}" in literal, "no local time is written that the night leaves out"


@given(INSTANTS)
def test_milliseconds_are_exact(at: datetime) -> None:
    at = at.replace(microsecond=at.microsecond // 1000 * 1000)
    assert jql.from_epoch_ms(jql.epoch_ms(at)) == at


@given(INSTANTS, st.integers(-80, 80), st.integers(0, 200), st.integers(0, 48))
def test_the_next_reading_begins_before_anything_dated_since(
    ours: datetime, ahead: int, later: int, put_back: int
) -> None:
    """Whatever the server's clock was ahead by, and put back by since, an edit made after the walk is asked for."""
    then = Clocks(ours, ours + timedelta(hours=ahead))
    walk = Position(since=then.theirs, began=then)
    cursor = walk.finished(timedelta(hours=12))
    now = Clocks(ours + timedelta(hours=later), then.theirs + timedelta(hours=later - put_back))
    begins = Position.of(cursor).reads_from(timedelta(hours=12), now)

    first_edit = then.theirs - timedelta(hours=put_back)  # right after the walk, by the clock put back
    assert begins is not None
    assert begins <= first_edit - timedelta(hours=12)


def test_a_cursor_of_before_is_read_and_one_of_now_comes_back_as_it_was() -> None:
    at = datetime(2026, 2, 1, 12, tzinfo=UTC)
    old = Position.of(
        {"since": at.isoformat(), "walk": {"began": at.isoformat(), "after": 7, "newest": None}}
    )
    assert (old.since, old.began, old.after) == (at, Clocks(at, at), 7)

    walk = Position(began=Clocks(at, at)).stored(9, {8: at - timedelta(hours=1), 9: at})
    new = Position.of(walk.finished(timedelta(hours=12)))
    assert new.since == at
    assert new.known == {8: jql.epoch_ms(at - timedelta(hours=1))}, (
        "what is a moment old may change again unseen"
    )
    assert Position.of(walk.cursor()).after == 9


def test_a_cursor_remembers_only_so_many_changes_and_those_the_newest() -> None:
    at = datetime(2026, 2, 1, 12, tzinfo=UTC)
    walk = Position(began=Clocks(at, at))
    for start in range(0, 3 * MOST_KNOWN, 500):
        changes = {one: at - timedelta(hours=6) + timedelta(seconds=one) for one in range(start, start + 500)}
        walk = walk.stored(start + 499, changes)
    known = Position.of(walk.finished(timedelta(hours=12))).known

    assert len(known) == MOST_KNOWN
    assert min(known) == 3 * MOST_KNOWN - MOST_KNOWN


def times_of(fake: FakeServer) -> Times:
    config = {"base_url": "https://jira.example.com", "auth": {"type": "pat", "token": "secret-token"}}
    connector = Jira(JiraConfig.model_validate(config), source="tracker", transport=fake.transport)
    return Times(connector._site)


def test_a_server_that_takes_the_number_for_minutes_is_asked_by_the_minute() -> None:
    fake = FakeServer(issue(10001))

    def minutes(request: httpx.Request, body: Any) -> httpx.Response | None:
        if request.url.path.endswith("/search") and "updated >= 9" in body.get("jql", ""):
            return httpx.Response(200, json={"startAt": 0, "maxResults": 1, "total": 0, "issues": []})
        return None

    fake.rules.append(minutes)
    assert times_of(fake).updated_since(PUT_BACK) == 'updated >= "2026/10/25 11:30"'  # Sydney, UTC+11


def test_an_account_that_hides_its_zone_is_asked_for_more_than_a_day_earlier() -> None:
    fake = FakeServer(issue(10001))
    fake.takes_epoch = False
    fake.rules.append(
        lambda request, _body: (
            httpx.Response(200, json={"name": "sync", "active": True})
            if request.url.path.endswith("/myself")
            else None
        )
    )
    assert times_of(fake).updated_since(PUT_BACK) == 'updated >= "2026/10/23 22:30"'


@pytest.mark.slow
@pytest.mark.parametrize("fold", [0, 1])
@pytest.mark.parametrize(("day", "hours"), [("2026-11-01", 4.0), ("2027-03-14", 5.0)])
def test_no_edit_of_a_night_in_which_clocks_are_turned_is_lost(fold: int, day: str, hours: float) -> None:
    """Edits every quarter of an hour around the turn in New York, and a run after each, without any overlap."""
    with running("jira-dc", anchor=ANCHOR, issues=16) as tracker:
        tracker.control("jql", {"epoch": False, "fold": fold})
        tracker.control("clock", {"date": day, "skew_s": hours * 3600})
        mirror = Mirror(tracker, {"projects": ["LA"], "overlap_hours": 0})
        mirror.run()
        for quarter in range(1, 14):
            tracker.control("clock", {"skew_s": hours * 3600 + quarter * 900})
            tracker.control(
                "edit", {"key": f"LA-{1 + quarter % 2}", "fields": {"summary": f"Quarter {quarter}"}}
            )
            mirror.run()
            assert mirror.differences(lambda one: one["project"] == "LA") == {}
