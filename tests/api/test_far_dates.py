"""Dates and instants at the calendar's ends, in trackers and in addresses, take no page down."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session
from starlette.testclient import TestClient

from api.audit_query import AuditQuery
from api.policy_documents import policy_heads
from config.database import open_engine
from model.days import in_zone, moved
from model.status.phased import cumulative, months_before
from sync.audit import record_alone
from sync.facts_work import work_of
from sync.policy.kept import APPROVED, Kept
from sync.transforms import instant
from tests.support.api_client import client
from tests.support.databases import cloned
from tests.support.portfolio_rows import seed

FAR = (date(1, 1, 1), date(9999, 12, 31))
PAGES = (
    "/", "/changes", "/rollup", "/rollup/receipt/worst", "/portfolio", "/milestones", "/risks", "/money", "/trend",
    "/projects/PORTAL", "/projects/PORTAL/receipt/overall",
)  # fmt: skip
ZONES = ("America/New_York", "Asia/Tokyo")
DAYS = ("0001-01-01", "9999-12-31")
INSTANTS = ("0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z")


@pytest.fixture(scope="module")
def engine(template_url: str) -> Iterator[Engine]:
    """An engine on the demo's projects, some of whose dates are of the years 1 and 9999."""
    with cloned(template_url) as url:
        engine = open_engine(url)
        seed(engine)
        with engine.begin() as connection:
            for index, day in enumerate(FAR):
                for table, column in (
                    ("milestone", "baseline"),
                    ("milestone", "forecast"),
                    ("cost_line", "period"),
                ):
                    connection.execute(
                        text(
                            f"UPDATE {table} SET {column} = :day WHERE id = (SELECT r.id FROM {table} r JOIN project p"
                            " ON p.id = r.project_id WHERE p.key = 'PORTAL' ORDER BY r.id DESC LIMIT 1 OFFSET :skip)"
                        ),
                        {"day": day, "skip": index},
                    )
        record_alone(engine, "source.changed", "source s1", {"changes": ["x"]})
        yield engine
        engine.dispose()


@pytest.fixture(scope="module")
def asking(engine: Engine) -> TestClient:
    return client(engine, name="far", scopes=("read", "admin"))


def fine(asking: TestClient, path: str, zone: str = "UTC") -> str:
    answer = asking.get(path, headers={"Cookie": f"muster_preferences=zone={zone}"})
    assert answer.status_code in (200, 404), (path, zone, answer.text[:300])
    assert len(answer.content) < 600_000
    return answer.text


def test_milestones_of_the_years_1_and_9999_are_named_and_not_drawn(asking: TestClient) -> None:
    for path in (
        "/projects/PORTAL",
        "/milestones?span=whole",
        "/milestones?sort=date",
        "/milestones?span=quarter",
    ):
        page = fine(asking, path)
        assert "31 Dec 9999" in page
        assert "not drawn" in page
    assert ">Jan 27<" in fine(asking, "/milestones?span=whole")  # months fit: the scale is that of the others


def test_months_of_the_years_1_and_9999_are_named_and_in_no_sum(asking: TestClient) -> None:
    page = fine(asking, "/money")
    assert "The amounts of 2 months are left out" in page
    assert "Dec 9999" in page
    assert len(page) < 200_000


@pytest.mark.parametrize("zone", ZONES)
def test_no_page_fails_for_a_clock_at_the_calendars_end(asking: TestClient, zone: str) -> None:
    place = ZONES.index(zone)  # the end that has no date there
    for page in PAGES:
        fine(asking, f"{page}?as_of={DAYS[place]}", zone)
        fine(asking, f"{page}?known_at={INSTANTS[place]}", zone)
    for query in ("milestones?span=quarter&as_of=", "milestones?span=whole&as_of=", "changes?since=", "compare?from=",
                  "compare?to=", "trend?by=month&as_of=", "audit?since=", "audit?until=", "audit/export?until=",
                  "audit/export?since="):  # fmt: skip
        fine(asking, f"/{query}{DAYS[place]}", zone)
    fine(asking, f"/portfolio?pack=1&known_at={INSTANTS[place]}", zone)


def test_the_log_is_read_from_the_first_day_of_any_zone(asking: TestClient) -> None:
    assert "source s1" in fine(asking, "/audit?since=0001-01-01&until=9999-12-31", "Asia/Tokyo")


def test_rest_takes_the_calendars_ends(asking: TestClient) -> None:
    for path in (
        "status",
        "rollup",
        "milestones",
        "costs",
        "history",
        "trend",
        "changes",
        "audit-events",
        "findings",
    ):
        for name, values in (("as_of", DAYS), ("known_at", INSTANTS), ("since", (*DAYS, *INSTANTS)),
                             ("until", (*DAYS, *INSTANTS)), ("changed_since", INSTANTS)):  # fmt: skip
            for value in values:
                answer = asking.get(f"/api/v1/{path}", params={name: value})
                assert answer.status_code < 500, (path, name, value, answer.text[:300])


@pytest.mark.parametrize("zone", ZONES)
def test_whole_days_of_the_log_end_with_the_calendar(zone: str) -> None:
    wanted = AuditQuery(since=date.min, until=date.max).wanted(ZoneInfo(zone))
    assert wanted.until is None
    assert wanted.since is None or wanted.since.year == 1
    day = AuditQuery(since=date(2026, 11, 22), until=date(2026, 11, 22)).wanted(ZoneInfo("Asia/Tokyo"))
    assert (day.since, day.until) == (
        datetime(2026, 11, 21, 15, tzinfo=UTC), datetime(2026, 11, 22, 15, tzinfo=UTC),
    )  # fmt: skip


def test_a_day_moves_as_far_as_the_calendar_goes() -> None:
    assert moved(date(9999, 12, 30), timedelta(days=9)) == date.max
    assert moved(date(1, 1, 3), timedelta(days=-9)) == date.min
    last = datetime.max.replace(tzinfo=UTC)
    assert in_zone(last, ZoneInfo("Asia/Tokyo")) == last


def test_money_of_the_calendars_last_month_is_added_up() -> None:
    months = {date(9999, 10, 1): Decimal(1), date(9999, 12, 1): Decimal(2)}
    assert cumulative(months) == [1, 1, 3]
    assert months_before(date(1, 1, 31), 3) == date.min


def test_a_trackers_instant_before_the_year_1_is_a_value_to_refuse() -> None:
    with pytest.raises(ValueError, match="from the year 1 to 9999"):
        instant("0001-01-01T00:00:00+02:00")


def test_an_event_that_was_tampered_with_is_shown_and_marked(engine: Engine, asking: TestClient) -> None:
    for detail in ("[1, {}]", '"=cmd"', "null", '{"by": [1]}', "7"):
        with engine.begin() as connection:
            connection.execute(text("SET LOCAL session_replication_role = replica"))
            connection.execute(
                text("UPDATE audit_event SET detail = CAST(:detail AS jsonb) WHERE subject = 'source s1'"),
                {"detail": detail},
            )
        page = fine(asking, "/audit")
        assert "source s1" in page
        assert ("run muster audit verify" in page) == (detail[0] != "{")
        assert fine(asking, "/audit/export")
        assert fine(asking, "/api/v1/audit-events")


def test_a_policy_that_holds_to_the_calendars_end_is_told_like_any_other() -> None:
    kept = Kept("default", "1.0.0", APPROVED, "", "", date.min, date.max)
    assert policy_heads([kept], kept.label)[0]["holds"] == [{"from": "0001-01-01", "to": None}]


def test_work_that_a_tracker_says_began_in_the_year_1_began_nobody_knows_when(engine: Engine) -> None:
    now = datetime(2026, 11, 22, 12, tzinfo=UTC)
    with Session(engine) as session:
        session.execute(text("UPDATE work_item SET started_at = '0001-01-01T00:00:00Z', done_at = NULL"))
        bound = {"as_of": date(2026, 11, 22), "known_at": now, "projects": None}
        found = work_of(session, bound, "America/New_York")
        session.rollback()
    assert {work.began for work in found.values()} == {None}
