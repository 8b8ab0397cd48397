"""What changed since a day: news told apart from what was rewritten of the past."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any, Final
from urllib.parse import urlencode

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from api.cli.read import status_csv
from sync.changes import changes
from sync.changes_records import (
    benefit_changes,
    contract_changes,
    milestone_changes,
    raid_changes,
    review_changes,
    utilisation_changes,
)
from sync.consolidate import consolidate
from sync.receipts import status_document
from tests.support.api_client import client
from tests.support.rows import T0, Rows
from tests.support.two_days import LATER, TODAY, two_days

DAY = timedelta(days=1)


@pytest.fixture(scope="module")
def rows(template_url: str) -> Iterator[Rows]:
    """Two days; before the second the register takes back what it said of the first, and adds a project."""
    with two_days(template_url) as rows:
        with rows.engine.begin() as connection:
            scope = connection.execute(text("SELECT id FROM scope WHERE kind = 'register_row'")).scalar_one()
        # A report of the first day, which nobody had read when it ended, with another budget and colour.
        rows.rewrite(scope, budget="1200000", rag_overall="AMBER", reported_on=TODAY)
        rows.raid("pmo-files", "APOLLO", item_id="I-1", kind="issue", at=LATER + DAY)
        with rows.engine.begin() as connection:
            connection.execute(
                text("UPDATE cost_line SET known_to = :at WHERE period = '2026-09-01'"), {"at": LATER + DAY}
            )
        rows.cost("pmo-files", "APOLLO", "actual", "900", period=date(2026, 9, 1), at=LATER + DAY)
        rows.run("pmo-files", at=LATER + DAY)
        rows.register("pmo-files", "GEMINI", row=9, name="Gemini")
        consolidate(rows.engine, as_of=LATER.date() + DAY, known_at=LATER + DAY)
        yield rows


def since_the_first_day(rows: Rows) -> dict[str, Any]:
    with Session(rows.engine) as session:
        return changes(session, since=TODAY, now=LATER + 2 * DAY)


def test_a_value_given_later_is_news_and_one_changed_for_the_past_is_rewritten_history(rows: Rows) -> None:
    (project,) = since_the_first_day(rows)["projects"]
    told = {(each["attribute"], each["kind"]): (each["was"], each["is"]) for each in project["values"]}
    assert told["budget", "rewritten"] == ("1000000.00", "1200000.00")
    assert told["rag_overall", "rewritten"] == ("GREEN", "AMBER")
    assert told["percent_complete", "news"] == (75, 100)
    assert ("budget", "news") not in told


def test_colours_measures_and_records_that_changed_are_named(rows: Rows) -> None:
    found = since_the_first_day(rows)
    (project,) = found["projects"]
    status = {each["name"]: (each["was"], each["is"]) for each in project["status"]}
    assert status["items_left"] == (1, 0)
    assert status["reported"] == ("GREEN", "AMBER")
    assert ("Go live", "forecast", "news") in {
        (e["name"], e["what"], e["kind"]) for e in project["milestones"]
    }
    assert {(each["name"], each["what"]) for each in project["raid"]} == {("R-014", "gone"), ("I-1", "new")}
    assert [each["key"] for each in found["new"]] == ["GEMINI"]
    assert found["closed"] == []


def test_an_edited_baseline_or_actual_day_is_rewritten_and_a_first_actual_day_is_news() -> None:
    def row(**more: Any) -> dict[str, Any]:
        dates = {"baseline": date(2026, 1, 1), "forecast": date(2026, 1, 9), "actual": None}
        return {
            "name": "Go",
            "external_id": "1",
            "locator": "A1",
            "url": None,
            "state": "planned",
            **dates,
            **more,
        }

    def kinds(was: dict[str, Any], now: dict[str, Any]) -> list[tuple[str, str]]:
        return [(each["what"], each["kind"]) for each in milestone_changes({1: was}, {1: now})]

    assert kinds(row(), row()) == []
    assert kinds(row(), row(forecast=date(2026, 2, 1))) == [("forecast", "news")]
    assert kinds(row(), row(actual=date(2026, 1, 8))) == [("actual", "news")]
    met = row(actual=date(2026, 1, 8))
    assert kinds(met, row(actual=date(2026, 1, 3))) == [("actual", "rewritten")]
    assert kinds(row(), row(baseline=date(2026, 1, 9))) == [("baseline", "rewritten")]
    closed = {**row(state="closed"), "item_id": "R-1"}
    assert [each["what"] for each in raid_changes({1: row(state="open")}, {1: closed})] == ["closed"]


def test_money_of_a_past_month_that_was_edited_is_rewritten_history_and_what_rests_on_it_says_so(
    rows: Rows,
) -> None:
    found = since_the_first_day(rows)
    (project,) = found["projects"]
    (line,) = [each for each in project["records"] if each["entity"] == "cost_line"]
    assert (line["name"], line["kind"], line["was"], line["is"]) == (
        "actual 2026-09", "rewritten", "1200.50", "900",
    )  # fmt: skip
    told = {each["attribute"]: each["kind"] for each in project["values"] if each["kind"] != "rewritten"}
    assert (told["actual_cost"], told["percent_complete"]) == ("both", "news")
    status = {each["name"]: each["kind"] for each in project["status"]}
    assert (status["spent_value"], status["items_left"]) == ("both", "news")
    assert found["rewritten"] == project["rewritten"] >= 4


def test_an_earlier_day_to_compare_with_knows_nothing_of_what_came_after_it(rows: Rows) -> None:
    with Session(rows.engine) as session:
        found = changes(session, since=TODAY, as_of=TODAY + DAY, now=LATER + 2 * DAY)
    assert [
        (each["milestones"], each["raid"], each["records"]) for each in found["projects"] if each["key"] == "APOLLO"
    ] == [([], [], [])]  # fmt: skip


AT: Final = {"locator": "A1", "url": None, "external_id": "1"}


def kinds_of(compare: Any, was: dict[str, Any], now: dict[str, Any], *since: date) -> list[tuple[str, str]]:
    found = compare({1: {**AT, **was}}, {1: {**AT, **was, **now}}, *since)
    return [(each["what"], each["kind"]) for each in found]


def test_what_was_edited_of_the_past_of_risks_benefits_contracts_reviews_and_weeks_is_told_from_news() -> (
    None
):
    day = date(2026, 11, 1)
    risk = {"title": "R", "state": "closed", "closed_on": day, "raised_on": day, "owner": "Ann", "impact": 1}
    assert kinds_of(raid_changes, risk, {"state": "open"}) == [("opened again", "news")]
    rated = {**risk, "state": "open"}
    assert kinds_of(raid_changes, rated, {"impact": 5, "owner": None}) == [
        ("owner", "news"),
        ("impact", "news"),
    ]
    assert kinds_of(raid_changes, risk, {"closed_on": day - DAY}) == [("closed_on", "rewritten")]
    go = {"name": "Go", "baseline": day, "forecast": day, "actual": None, "critical": True}
    assert kinds_of(milestone_changes, go, {"critical": False}) == [("critical", "rewritten")]
    benefit = {"title": "B", "target": 12, "forecast": 12, "actual": 3, "due": day}
    assert kinds_of(benefit_changes, benefit, {"target": 10}, day) == [("target", "rewritten")]
    assert kinds_of(benefit_changes, benefit, {"actual": 4}, day) == [("actual", "news")]
    contract = {"title": "C", "value": 9, "ends_on": day, "state": "active", "supplier": "S", "starts_on": day,
                "invoiced": 8}  # fmt: skip
    assert kinds_of(contract_changes, contract, {"invoiced": 1}, day) == [("invoiced", "rewritten")]
    assert kinds_of(contract_changes, contract, {"invoiced": 9}, day) == [("invoiced", "news")]
    review = {"title": "Q", "held_on": day, "result": "failed", "open_criteria": 3, "due": day}
    edited = {"result": "passed", "open_criteria": 0}
    assert kinds_of(review_changes, review, edited, day) == [
        ("result", "rewritten"),
        ("open_criteria", "rewritten"),
    ]
    assert kinds_of(review_changes, review, {"open_criteria": 2}, day) == [("open_criteria", "news")]
    assert kinds_of(review_changes, review, {**edited, "held_on": day + DAY}, day)[0] == ("result", "news")
    week = {"team": "T", "week": day, "percent": None, "booked_hours": 236, "capacity_hours": 240}
    assert kinds_of(utilisation_changes, week, {"booked_hours": 100}, day) == [("booked_hours", "rewritten")]
    assert kinds_of(utilisation_changes, week, {"booked_hours": 9}, day - DAY) == [("booked_hours", "news")]


def test_the_changes_are_served_and_shown_and_an_earlier_instant_knows_of_none(rows: Rows) -> None:
    with client(rows.engine) as api:
        served = api.get("/api/v1/changes", params={"since": TODAY.isoformat()})
        assert [each["key"] for each in served.json()["projects"]] == ["APOLLO"]
        then = api.get(
            "/api/v1/changes", params={"since": TODAY.isoformat(), "known_at": "2026-11-02T12:00:00Z"}
        )
        assert then.json()["projects"] == []
        shown = api.get("/changes", params={"since": TODAY.isoformat()})
        assert shown.status_code == 200
        assert "rewritten history" in shown.text
        assert api.get("/api/v1/changes", params={"since": "soon"}).status_code == 422
        assert api.get("/changes", params={"since": "1793664000"}).status_code == 422
    with client(rows.engine, projects=["GEMINI"], name="gemini") as api:
        assert api.get("/api/v1/changes", params={"since": TODAY.isoformat()}).json()["projects"] == []


READS = (
    "/api/v1/status", "/api/v1/projects/APOLLO/explain/overall", "/api/v1/projects/APOLLO/explain/budget",
    "/api/v1/portfolio", "/", "/projects/APOLLO", "/projects/APOLLO/receipt/budget", "/api/v1/programmes",
    "/api/v1/portfolio/status", "/api/v1/portfolio/explain/cost", "/rollup", "/rollup/receipt/cost?programme=Air",
)  # fmt: skip


def with_clocks(path: str, clocks: dict[str, str]) -> str:
    return f"{path}{'&' if '?' in path else '?'}{urlencode(clocks)}"


def csv_of(rows: Rows, as_of: date, known_at: datetime) -> bytes:
    """Return what `muster status --format csv` writes at two clocks."""
    with Session(rows.engine) as session:
        written = status_csv(status_document(session, as_of=as_of, known_at=known_at)).encode()
    assert b"APOLLO" in written
    return written


def test_a_read_of_the_first_day_is_byte_for_byte_what_it_was_after_corrections(rows: Rows) -> None:
    clocks = {"as_of": TODAY.isoformat(), "known_at": f"{TODAY}T12:00:00Z"}
    later = LATER + 2 * DAY
    with client(rows.engine, name="again") as api:
        before = {path: api.get(with_clocks(path, clocks)) for path in READS}
        csv = csv_of(rows, TODAY, T0 + timedelta(hours=10))
        assert {answer.status_code for answer in before.values()} == {200}
        with rows.engine.connect() as connection:
            scope = connection.execute(
                text("SELECT id FROM scope WHERE kind = 'register_row' AND key = 'APOLLO'")
            ).scalar_one()
        rows.rewrite(scope, budget="1300000", forecast_finish="2025-12-19")
        rows.run("pmo-files", at=later)
        assert consolidate(rows.engine, as_of=later.date(), known_at=later).snapshots
        consolidate(rows.engine, as_of=TODAY, known_at=later)
        after = {path: api.get(with_clocks(path, clocks)) for path in READS}
        assert csv_of(rows, TODAY, T0 + timedelta(hours=10)) == csv
        assert csv_of(rows, TODAY, later) != csv
        assert [path for path in READS if after[path].content != before[path].content] == []
        assert after["/"].headers["etag"] != api.get("/").headers["etag"]


@pytest.mark.parametrize(
    ("since", "as_of"), [(TODAY + 9 * DAY, TODAY), (date.max, None), (date.max, date.min)]
)
def test_a_day_after_the_status_is_said_to_be_so_and_closes_no_project(
    rows: Rows, since: date, as_of: date | None
) -> None:
    with Session(rows.engine) as session:
        found = changes(session, since=since, as_of=as_of, now=LATER + 2 * DAY)
    assert (found["new"], found["closed"], found["projects"]) == ([], [], [])
    assert found["note"].endswith("comes after it; ask since an earlier day")
    assert (found["unchanged"], found["rewritten"]) == (None, None)


def test_the_first_day_there_is_finds_every_project_new(rows: Rows) -> None:
    with Session(rows.engine) as session:
        found = changes(session, since=date.min, now=LATER + 2 * DAY)
    assert found["since_known_at"].startswith("0001-01-0")
    assert found["closed"] == []
    assert found["note"] == "there is no snapshot of 0001-01-01 or before, as known at its end"
