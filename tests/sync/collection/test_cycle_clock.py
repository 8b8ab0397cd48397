"""Cycles by the clock: they open, remind and close by themselves, each thing once."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, text

from sync.collection.cycles import cycles, find_cycle
from sync.collection.ladder import tick
from tests.support.cycles import MANAGER, OFFICER, REPORT, Office, office

BEFORE = datetime(
    2026, 10, 28, 23, 59, tzinfo=UTC
)  # October opens on the 29th, London's clocks just gone back
OPENS = datetime(2026, 10, 29, 0, 1, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture
def apollo(engine: Engine) -> Office:
    found = office(engine, since=BEFORE - DAY)
    found.project("APOLLO")
    found.known(BEFORE - DAY)
    return found


def monthly(office: Office) -> dict[str, str]:
    with office.engine.connect() as connection:
        return {each.period: each.state for each in cycles(connection, template="monthly-status")}


def told(office: Office, *kinds: str) -> list[Any]:
    with office.engine.connect() as connection:
        rows = connection.execute(
            text(
                "SELECT e.kind, e.role, e.person, e.says, e.payload FROM outbox_event e"
                " JOIN submission s ON s.id = e.submission_id JOIN cycle c ON c.id = s.cycle_id"
                " WHERE c.template = 'monthly-status' AND c.period = '2026-10' ORDER BY e.id"
            )
        )
        return [row for row in rows if row.kind in kinds]


def take(office: Office, period: str = "2026-10") -> None:
    with office.engine.connect() as connection:
        office.cycle = find_cycle(connection, "monthly-status", period)


def test_a_cycle_opens_on_its_day_and_not_before(apollo: Office) -> None:
    tick(apollo.engine, BEFORE)
    assert monthly(apollo) == {}
    tick(apollo.engine, OPENS)
    assert monthly(apollo) == {"2026-10": "open", "2026-11": "planned"}


def test_two_nodes_that_tick_together_open_and_tell_once(apollo: Office) -> None:
    for _ in range(3):
        tick(apollo.engine, OPENS)
    assert [(row.kind, row.role, row.person) for row in told(apollo, "opened")] == [
        ("opened", "project_manager", MANAGER.name)
    ]


def test_a_template_nobody_has_a_project_for_opens_nothing(engine: Engine) -> None:
    empty = office(engine)
    done = tick(empty.engine, OPENS)
    assert (done.opened, done.warnings) == ([], [])


def test_the_ladder_climbs_from_the_manager_to_the_head_of_the_office(apollo: Office) -> None:
    tick(apollo.engine, OPENS)
    climbed = []
    for day in range(3, 15):  # 1 to 12 November; October is due by the end of the 6th
        tick(apollo.engine, datetime(2026, 10, 29, 8, 30, tzinfo=UTC) + DAY * day)
        climbed.append([row.role for row in told(apollo, "reminder", "overdue")])
    assert climbed[2] == []
    assert climbed[3] == ["project_manager"]
    assert climbed[5] == ["project_manager", "project_manager", "project_officer"]
    assert climbed[7][3:] == ["sponsor"]
    assert climbed[-1][4:] == ["pmo_head"]
    last = told(apollo, "overdue")[-1]
    assert last.payload["mark"] == "missing"
    assert "its deadline has passed" in last.says


def test_who_handed_in_is_not_reminded(apollo: Office) -> None:
    tick(apollo.engine, OPENS)
    take(apollo)
    at = OPENS + DAY
    apollo.answer(REPORT, at=at)
    apollo.move("submit", MANAGER, at=at)
    for day in range(2, 14):
        tick(apollo.engine, OPENS + DAY * day)
    assert told(apollo, "reminder", "overdue") == []


def test_what_came_back_is_not_chased_for_days_before_it_came_back(apollo: Office) -> None:
    tick(apollo.engine, OPENS)
    take(apollo)
    apollo.answer(REPORT, at=OPENS)
    apollo.move("submit", MANAGER, at=OPENS)
    apollo.move("review", OFFICER, at=OPENS)
    late = datetime(2026, 11, 9, 12, 0, tzinfo=UTC)
    apollo.move("return", OFFICER, at=late, because="Which test?")
    tick(apollo.engine, late)
    assert told(apollo, "reminder", "overdue") == []
    tick(apollo.engine, late + DAY * 3)
    assert [row.role for row in told(apollo, "overdue")] == ["pmo_head"]


def test_after_days_without_a_clock_everybody_hears_of_it_once(apollo: Office) -> None:
    tick(apollo.engine, OPENS)
    late = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
    tick(apollo.engine, late)
    tick(apollo.engine, late + DAY)
    assert sorted(row.role for row in told(apollo, "reminder", "overdue")) == [
        "pmo_head", "project_manager", "project_officer", "sponsor",
    ]  # fmt: skip


def test_a_reminder_to_a_role_nobody_holds_says_so(engine: Engine) -> None:
    found = office(engine, since=BEFORE - DAY)
    found.project("ORPHAN", manager=None)
    found.known(OPENS - DAY)
    tick(found.engine, OPENS)
    [row] = told(found, "opened")
    assert row.person is None
    assert "nobody is on record as project_manager of ORPHAN" in row.says


def test_a_cycle_closes_when_everything_is_published(apollo: Office) -> None:
    tick(apollo.engine, OPENS)
    take(apollo)
    apollo.answer(REPORT, at=OPENS)
    apollo.through("submit", "review", "approve", "publish", at=OPENS)
    tick(apollo.engine, OPENS + DAY)
    assert monthly(apollo)["2026-10"] == "closed"


def test_a_cycle_closes_when_the_next_one_opens(apollo: Office) -> None:
    tick(apollo.engine, OPENS)
    tick(apollo.engine, datetime(2026, 11, 28, 0, 1, tzinfo=UTC))
    assert monthly(apollo)["2026-10"] == "closed"
    assert monthly(apollo)["2026-11"] == "open"


def test_who_owes_hears_of_it_also_when_the_clock_stood_until_the_next_one_opened(apollo: Office) -> None:
    tick(apollo.engine, OPENS)
    tick(apollo.engine, datetime(2026, 11, 28, 0, 1, tzinfo=UTC))
    assert monthly(apollo)["2026-10"] == "closed"
    assert {row.role for row in told(apollo, "overdue")} >= {"project_manager", "pmo_head"}


def test_what_sources_say_by_now_is_filled_in_anew_each_day_and_answers_stay(apollo: Office) -> None:
    tick(apollo.engine, OPENS)
    take(apollo)
    apollo.answer({"achievements": REPORT["achievements"]}, at=OPENS)
    apollo.rows.rewrite(apollo.registered["APOLLO"], forecast_finish="2027-01-29")
    apollo.known(OPENS + DAY)
    tick(apollo.engine, OPENS + DAY)
    record = apollo.case(at=OPENS + DAY).records[0]
    assert record.filled["forecast_finish"].value == "2027-01-29"
    assert record.answers["achievements"].value == REPORT["achievements"]
