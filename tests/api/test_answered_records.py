"""Records that people answered, as the API lists them."""

from datetime import date, timedelta

import pytest
from sqlalchemy import Engine

from tests.support.api_client import client
from tests.support.cycles import OPENED, REPORT, Office, office

WEEK = timedelta(days=7)
PUBLISH = ("submit", "review", "approve", "publish")
REQUEST = {
    "title": "Pay by instalments", "reason": "The regulator asks for it from January on.", "state": "raised",
    "raised_by": "Ada Obi", "approver": "Sam Sponsor", "decide_by": "2026-12-01", "cost_impact": 5000,
}  # fmt: skip


@pytest.fixture
def published(engine: Engine) -> Office:
    found = office(engine)
    found.project("APOLLO")
    found.project("GEMINI")
    found.open("change-request")
    for key in ("APOLLO", "GEMINI"):
        found.answer(REQUEST, key, ref="new-1")
        found.through(*PUBLISH, key=key)
    return found


def test_change_requests_are_listed_with_what_was_answered_and_where(published: Office) -> None:
    asking = client(published.engine)
    answer = asking.get("/api/v1/change-requests", params={"project": "APOLLO"}).json()
    assert answer["next"] is None
    [row] = answer["items"]
    assert (row["source"], row["request_id"], row["project"]) == ("collection", "CR-001", "APOLLO")
    assert (row["cost_impact"], row["currency"], row["decide_by"]) == (5000.0, "GBP", "2026-12-01")
    assert row["decided_on"] is None
    assert row["locator"] == "change-request 2026-10 CR-001"
    assert (row["amends"], row["answered"]) == (None, None)


def test_they_may_be_narrowed_and_asked_of_an_instant(published: Office) -> None:
    asking = client(published.engine)
    states = {
        state: len(asking.get("/api/v1/change-requests", params={"state": state}).json()["items"])
        for state in ("raised", "approved")
    }
    assert states == {"raised": 2, "approved": 0}
    before = {"known_at": (OPENED - timedelta(hours=1)).isoformat()}
    assert asking.get("/api/v1/change-requests", params=before).json()["items"] == []
    assert asking.get("/api/v1/change-requests", params={"state": "perhaps"}).status_code == 422


def test_a_token_for_one_project_sees_the_records_of_that_one(published: Office) -> None:
    asking = client(published.engine, projects=["GEMINI"])
    rows = asking.get("/api/v1/change-requests").json()["items"]
    assert [row["project"] for row in rows] == ["GEMINI"]


@pytest.mark.parametrize("noun", ["change-requests", "decisions", "gate-criteria", "work-plan"])
def test_every_list_answers_and_is_empty_where_nobody_answered(engine: Engine, noun: str) -> None:
    answer = client(engine).get(f"/api/v1/{noun}")
    assert (answer.status_code, answer.json()) == (200, {"items": [], "next": None})


def test_decisions_asked_of_the_board_are_listed(engine: Engine) -> None:
    found = office(engine)
    found.project("APOLLO")
    found.open()
    found.answer(REPORT | {"decisions_needed": ["Buy or build the gateway"]})
    found.through(*PUBLISH)
    [row] = client(engine).get("/api/v1/decisions", params={"state": "needed"}).json()["items"]
    assert (row["decision_id"], row["title"], row["requested_by"]) == (
        "D-001", "Buy or build the gateway", "Mira Manager",
    )  # fmt: skip


def test_the_project_page_shows_a_record_once_with_what_was_answered_about_it(engine: Engine) -> None:
    found = office(engine)
    found.project("APOLLO")
    found.known()
    project = found.rows.project_id("APOLLO")
    found.rows.raid(
        "pmo-files", "APOLLO", item_id="R-001", title="The supplier is late again", state="open", probability=2,
        impact=4, owner="Ada Obi", cause="Two engineers left them", effect="The test begins four weeks late",
        raised_on=date(2026, 9, 1), reviewed_on=date(2026, 10, 30), project_id=project,
    )  # fmt: skip
    found.rows.milestone(
        "pmo-files", "APOLLO", "Go live", state="planned", baseline=date(2026, 12, 1), external_id="M-1",
        forecast=date(2026, 12, 1), project_id=project,
    )  # fmt: skip
    for template, ref, answers in (
        ("raid-log", "R-001", {"owner": "Bo Ek"}),
        ("milestone-plan", "M-1", {"forecast": "2026-12-18"}),
    ):
        found.open(template)
        found.answer(answers, ref=ref, because="Agreed in the review")
        found.through(*PUBLISH)
    found.known(OPENED + WEEK)
    page = client(engine).get("/projects/APOLLO", headers={"Accept": "text/html"}).text
    assert page.count("The supplier is late again") == 1
    assert "owner as answered in raid-log 2026-10 R-001" in page
    assert ">Bo Ek<" in page
    assert "forecast as answered in milestone-plan 2026-10 M-1" in page
    assert "18 Dec 2026" in page
    rows = client(engine, name="rows").get("/api/v1/raid-items").json()["items"]
    assert [(row["source"], row["amends"], row["answered"]) for row in rows] == [
        ("pmo-files", None, None),
        ("collection", rows[0]["external_id"], ["owner"]),
    ]
