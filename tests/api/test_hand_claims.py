"""Claims by hand: what somebody of the office states counts, with its reason, until it is withdrawn."""

from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from sync.hand_claims import CannotState, read_value
from sync.precedence import read_values
from tests.support.store import ask
from tests.support.submissions import Opened, open_submission, speaking_for

PAGE = {"Accept": "text/html"}
WORD = {"attribute": "forecast_finish", "value": "2027-03-31", "because": "The board moved it"}


@pytest.fixture
def at(engine: Engine) -> Opened:
    return open_submission(engine)


def officer(engine: Engine, **options: Any) -> Any:
    return speaking_for(engine, "Olu", roles=("project_officer",), name="olu", scopes=("read",), **options)


def counts(engine: Engine, at: Opened, attribute: str = "forecast_finish") -> tuple[str, str, str]:
    """Return what counts, whose it is, and by what."""
    with Session(engine) as session:
        now = datetime.now(UTC)
        found = read_values(session, as_of=now.date(), known_at=now)[at.project][attribute]
    return str(found.value), found.winner.source, found.settled_by


def test_what_is_stated_counts_before_what_sources_say_until_it_is_withdrawn(
    engine: Engine, at: Opened
) -> None:
    olu = officer(engine)
    assert counts(engine, at) == ("2026-01-30", "jira", "precedence")
    made = olu.post("/api/v1/hand-claims", json={"project": at.key, **WORD})
    assert made.status_code == 200, made.text
    assert made.json()["then"] == "forecast_finish of PORTAL is 2027-03-31, as Olu says"
    assert counts(engine, at) == ("2027-03-31", "collection", "person")
    [listed] = olu.get("/api/v1/hand-claims").json()["items"]
    assert listed["instead"] == [{"source": "jira", "value": "2026-01-30", "unit": None}]
    assert (listed["by"], listed["because"], listed["ended_at"]) == ("Olu", WORD["because"], None)
    gone = olu.post(f"/api/v1/hand-claims/{listed['id']}/withdraw", json={"because": "Moved back"})
    assert gone.status_code == 200, gone.text
    assert counts(engine, at) == ("2026-01-30", "jira", "precedence")
    again = olu.post(f"/api/v1/hand-claims/{listed['id']}/withdraw", json={"because": "Twice"})
    assert again.status_code == 404
    assert olu.get("/api/v1/hand-claims?ended=false").json()["items"] == []
    said = ask(
        engine, "SELECT action, actor, subject FROM audit_event WHERE action LIKE 'claim.%' ORDER BY seq"
    )
    assert [each["action"] for each in said] == ["claim.stated", "claim.withdrawn"]
    assert {each["subject"] for each in said} == {"project PORTAL"}


def test_what_is_stated_anew_takes_the_place_of_the_older_and_withdrawn_leaves_what_was_answered(
    engine: Engine, at: Opened
) -> None:
    olu = officer(engine)
    for value in ("1250000.50", "1300000"):
        given = {"project": at.key, "attribute": "budget", "value": value, "because": "Approved"}
        assert olu.post("/api/v1/hand-claims", json=given).status_code == 200
    new, old = olu.get("/api/v1/hand-claims").json()["items"]
    assert (old["ended_because"], new["ended_at"]) == ("stated anew: Approved", None)
    assert counts(engine, at, "budget") == ("1300000.00", "collection", "person")
    olu.post(f"/api/v1/hand-claims/{new['id']}/withdraw", json={"because": "Not approved after all"})
    assert counts(engine, at, "budget")[:2] == ("1000000", "jira")


def test_a_value_that_is_none_of_its_attribute_is_refused_in_words(engine: Engine, at: Opened) -> None:
    olu = officer(engine)
    for attribute, value, says in (
        ("forecast_finish", "soon", "expected a day as 2026-11-23"),
        ("budget", "a lot", "expected a number such as 1250000.50"),
        ("budget", "NaN", "expected a number"),
        ("rag_overall", "PINK", "expected GREEN, AMBER, RED"),
        ("stage", "nowhere", "expected one of define, deliver, close"),
        ("key", "OTHER", "there is no attribute 'key'"),
    ):
        with pytest.raises(CannotState, match=says):
            read_value(attribute, value)
        given = {"project": at.key, "attribute": attribute, "value": value, "because": "x"}
        refused = olu.post("/api/v1/hand-claims", json=given)
        assert (refused.status_code, says in refused.json()["detail"]) == (400, True), refused.text
    assert ask(engine, "SELECT count(*) FROM hand_claim") == [{"count": 0}]


@pytest.mark.parametrize(
    ("attribute", "value", "says"),
    [
        ("percent_complete", "-3", "percent_complete: expected 0 to 100, not -3"),
        ("budget", -5, "budget: expected an amount of at least 0, not -5.00"),
        ("tier", 9, "tier: expected one of 1, 2, 3, the tiers of the policy and the templates, not 9"),
        ("milestones_due", "-1", "milestones_due: expected a count of at least 0, not -1"),
    ],
)
def test_a_number_that_no_source_may_say_is_refused(
    engine: Engine, at: Opened, attribute: str, value: Any, says: str
) -> None:
    given = {"project": at.key, "attribute": attribute, "value": value, "because": "x"}
    refused = officer(engine).post("/api/v1/hand-claims", json=given)
    assert (refused.status_code, says in refused.json()["detail"]) == (400, True), refused.text


def test_what_contradicts_another_value_counts_and_is_said_to(engine: Engine, at: Opened) -> None:
    olu = officer(engine)
    said = []
    for attribute, value in (
        ("baseline_start", "2026-03-01"),
        ("baseline_finish", "2026-02-01"),
        ("budget", 0),
    ):
        given = {"project": at.key, "attribute": attribute, "value": value, "because": "x"}
        made = olu.post("/api/v1/hand-claims", json=given)
        assert made.status_code == 200, made.text
        said.append(made.json()["warnings"])
    assert "baseline_start 2026-03-01 is after baseline_finish 2026-02-01" in said[1]
    assert said[2] == ["the budget is 0, so no cost variance can be computed"]
    assert (
        "baseline_start 2026-03-01 is after baseline_finish 2026-02-01"
        in olu.get("/hand-claims", headers=PAGE).text
    )


@pytest.mark.parametrize(
    ("attribute", "value", "says"),
    [
        ("budget", None, '"150"'),
        ("stage", True, '"150"'),
        ("stage", 5, '"5"'),
        ("budget", 12345678901234567, "as"),
    ],
)
def test_a_value_that_is_no_text_is_told_how_to_be_sent(
    engine: Engine, at: Opened, attribute: str, value: Any, says: str
) -> None:
    given = {"project": at.key, "attribute": attribute, "value": value, "because": "x"}
    refused = officer(engine).post("/api/v1/hand-claims", json=given)
    assert refused.status_code == 422
    assert refused.json()["detail"].startswith("value must be a text in quotes")
    assert says in refused.json()["detail"]


def test_an_empty_reason_is_said_to_be_empty(engine: Engine) -> None:
    given = {"project": "PORTAL", "attribute": "tier", "value": "1", "because": ""}
    refused = officer(engine).post("/api/v1/hand-claims", json=given)
    assert (refused.status_code, refused.json()["detail"]) == (422, "because must not be empty")


def test_a_body_that_is_not_utf_8_is_told_where(engine: Engine) -> None:
    body = '{"project": "ä'.encode() + b'\xff"}'
    refused = officer(engine).post(
        "/api/v1/hand-claims", content=body, headers={"Content-Type": "application/json"}
    )
    says = "The body is no JSON: the byte 0xff is not UTF-8, at character 15"
    assert (refused.status_code, refused.json()["detail"]) == (422, says)


def test_only_an_officer_states_and_only_of_projects_they_see(engine: Engine, at: Opened) -> None:
    other = open_submission(engine, key="LEDGER", name="Ledger")
    few = officer(engine, projects=[other.key])
    assert few.post("/api/v1/hand-claims", json={"project": at.key, **WORD}).status_code == 404
    assert few.post("/api/v1/hand-claims", json={"project": other.key, **WORD}).status_code == 200
    reader = speaking_for(engine, "Rea", name="rea", roles=("reader",), projects=[at.key])
    assert reader.post("/api/v1/hand-claims", json={"project": at.key, **WORD}).status_code == 403
    assert reader.get("/api/v1/hand-claims").json()["items"] == []
    page = reader.get("/hand-claims", headers=PAGE)
    assert page.status_code == 200
    assert "LEDGER" not in page.text
    assert "State a value" not in page.text


def test_the_page_states_shows_and_withdraws_and_keeps_what_was_typed_wrongly(
    engine: Engine, at: Opened
) -> None:
    olu = officer(engine)
    asked = {"project": at.key, **WORD}
    wrong = olu.post("/hand-claims", data={**asked, "value": "soon <b>"}, headers=PAGE)
    assert wrong.status_code == 400
    assert 'value="soon &lt;b&gt;"' in wrong.text
    assert olu.post("/hand-claims", data=asked, headers=PAGE).headers["location"] == "/hand-claims#claim-1"
    page = olu.get("/hand-claims", headers=PAGE).text
    for word in ("The board moved it", "stated by Olu", "Instead of", "(jira)"):
        assert word in page, word
    assert olu.post("/hand-claims/1", data={"because": "Moved back"}, headers=PAGE).status_code == 303
    assert "Ended because: Moved back" in olu.get("/hand-claims?show=ended", headers=PAGE).text
    with engine.connect() as connection:
        body = connection.execute(text("SELECT stream, slice FROM raw_page ORDER BY id DESC LIMIT 1")).one()
    assert tuple(body) == ("by-hand", "PORTAL forecast_finish")
