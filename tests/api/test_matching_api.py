"""Matching and conflicts through the API and the pages: who may, what is said, what follows at once."""

from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, text
from starlette.testclient import TestClient

from sync.consolidate import consolidate
from tests.support.api_client import client
from tests.support.rows import T0, Rows
from tests.support.store import ask

HTML = {"Accept": "text/html"}
OFFICER = ("Ada Byron", ["project_officer"])
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.fixture
def rows(engine: Engine) -> Rows:
    """One project with a conflict, a loose tracker project that may be its, and a hostile name."""
    rows = Rows(engine)
    rows.source("jira-cloud", "jira")
    rows.source("pmo-files", "excel")
    rows.scope("jira-cloud", "APO", name="Apollo front")
    rows.scope("jira-cloud", "CPX", name="Citizen <script>alert(1)</script> Portal")
    rows.item("jira-cloud", "APO", hub_type="epic", due=date(2027, 1, 12), key="APO-114")
    rows.register("pmo-files", "APOLLO", name="Apollo", forecast_finish="2026-12-18", bind_jira="APO")
    rows.register("pmo-files", "PORTAL", name="Citizen script alert 1 script Portal", row=9)
    consolidate(engine, as_of=T0.date(), known_at=T0 + timedelta(seconds=1))
    return rows


def officer(engine: Engine, name: str = "office") -> TestClient:
    return client(engine, name=name, speaks_for=OFFICER)


def only(answer: Any) -> dict[str, Any]:
    [found] = answer.json()["items"]
    return dict(found)


def test_proposals_are_listed_with_reasons_and_decided_by_an_officer(rows: Rows) -> None:
    asking = officer(rows.engine)
    found = only(asking.get("/api/v1/match-proposals", params={"state": "open"}))
    assert found["kind"] == "scope"
    assert sum(reason["weight"] for reason in found["reasons"]) == pytest.approx(found["confidence"])
    path = f"/api/v1/match-proposals/{found['id']}"
    done = asking.post(f"{path}/confirm", json={"because": "asked"}).json()
    assert (done["state"], done["counts_now"]) == ("confirmed", True)
    scopes = asking.get("/api/v1/scopes", params={"source": "jira-cloud"}).json()["items"]
    assert {scope["key"]: scope["project"] for scope in scopes} == {"APO": "APOLLO", "CPX": "PORTAL"}
    again = asking.post(f"{path}/refuse", json={"because": "no"})
    assert again.status_code == 409
    assert "confirmed by Ada Byron" in again.json()["detail"]
    assert asking.post(f"{path}/undo", json={"because": "wrong"}).json()["state"] == "open"
    decisions = asking.get(path).json()["decisions"]
    assert [(each["act"], each["by"]) for each in decisions] == [
        ("confirmed", "Ada Byron"), ("undone", "Ada Byron")
    ]  # fmt: skip
    scopes = asking.get("/api/v1/scopes", params={"bound": False}).json()["items"]
    assert [scope["key"] for scope in scopes] == ["CPX"]


def test_deciding_takes_a_person_an_officers_role_and_sight_of_everything(rows: Rows) -> None:
    [number] = [row["id"] for row in ask(rows.engine, "SELECT id FROM match_proposal WHERE kind = 'scope'")]
    path, why = f"/api/v1/match-proposals/{number}/confirm", {"because": "asked"}
    said = {
        "nobody": client(rows.engine, name="a"),
        "manager": client(rows.engine, name="b", speaks_for=("Maya", ())),
        "some": client(rows.engine, name="c", projects=["APOLLO"], speaks_for=OFFICER),
    }
    refusals = {who: asking.post(path, json=why) for who, asking in said.items()}
    assert {answer.status_code for answer in refusals.values()} == {403}
    assert "speaks for no person" in refusals["nobody"].json()["detail"]
    assert (
        "project officer or the head of the office; Maya is neither" in refusals["manager"].json()["detail"]
    )
    assert client(rows.engine, token=False).post(path, json=why).status_code == 401
    assert said["some"].get("/api/v1/match-proposals").status_code == 403
    assert officer(rows.engine).post(path, json={"because": ""}).status_code == 422
    assert ask(rows.engine, "SELECT * FROM match_decision") == []


def test_a_decision_of_which_nobody_says_why_is_wrongly_asked_and_no_contradiction(rows: Rows) -> None:
    asking = officer(rows.engine)
    number = only(asking.get("/api/v1/match-proposals", params={"state": "open"}))["id"]
    hand = {"kind": "scope", "subject": "jira-cloud:CPX", "target": "PORTAL", "because": "  "}
    answers = [
        asking.post(f"/api/v1/match-proposals/{number}/confirm", json={"because": "  "}),
        asking.post("/api/v1/match-links", json=hand),
        asking.post(f"/matching/{number}", content="act=confirm&because=+", headers=FORM),
    ]
    assert [answer.status_code for answer in answers] == [400, 400, 400]
    assert "say who decides it and why" in answers[0].json()["detail"]
    assert ask(rows.engine, "SELECT * FROM match_decision") == []


def test_a_link_by_hand_says_what_there_is_when_it_is_not_understood(rows: Rows) -> None:
    asking = officer(rows.engine)

    def linked(**given: Any) -> Any:
        return asking.post("/api/v1/match-links", json={"kind": "scope", "because": "known"} | given)

    assert "sources are: jira-cloud, pmo-files" in linked(subject="CPX", target="PORTAL").json()["detail"]
    assert "it has: CPX, APO" in linked(subject="jira-cloud:ZZZ", target="PORTAL").json()["detail"]
    assert "there are: APOLLO, PORTAL" in linked(subject="jira-cloud:CPX", target="NONE").json()["detail"]
    done = linked(subject="jira-cloud:CPX", target="APOLLO")
    assert done.json()["then"].startswith("what jira-cloud CPX")
    scopes = asking.get("/api/v1/scopes", params={"source": "jira-cloud"}).json()["items"]
    assert {scope["project"] for scope in scopes} == {"APOLLO"}


def test_a_conflict_shows_both_values_with_their_receipts_and_is_settled_at_once(rows: Rows) -> None:
    asking = officer(rows.engine)
    found = only(asking.get("/api/v1/conflicts"))
    told = [(claim["value"], claim["source"], claim["raw"]["locator"]) for claim in found["claims"]]
    assert told == [
        ("2026-12-18", "pmo-files", "register.xlsx!Projects!C8"),
        ("2027-01-12", "jira-cloud", "APO-114 duedate"),
    ]
    assert all(claim["raw"]["sha256"] and claim["raw"]["page"] for claim in found["claims"])
    path = f"/api/v1/conflicts/{found['id']}"
    chosen = {"claim": found["claims"][1]["id"], "because": "the board moved it"}
    assert asking.post(f"{path}/settle", json=chosen).json()["counts_now"] is True
    settled = asking.get(path).json()
    assert (settled["settled_by"], settled["claims"][0]["value"]) == ("person", "2027-01-12")
    assert settled["word"]["by"] == "Ada Byron"
    value = asking.get("/api/v1/projects/APOLLO/explain/forecast_finish").json()["value"]
    assert value == "2027-01-12"
    asking.post(f"{path}/reopen", json={"because": "not approved"})
    assert asking.get(path).json()["settled_by"] == "precedence"
    assert asking.post(f"{path}/settle", json={"claim": 999, "because": "x"}).status_code == 400


def test_a_value_counted_from_many_rows_says_from_which_and_leads_to_them(rows: Rows) -> None:
    for number, category in enumerate(["done", "todo", "todo"]):
        rows.item("jira-cloud", "APO", status_category=category, key=f"APO-{number}")
    [row] = ask(rows.engine, "SELECT id FROM scope WHERE key = 'APOLLO' AND kind = 'register_row'")
    rows.rewrite(row["id"], percent_complete="90")
    consolidate(rows.engine, as_of=T0.date(), known_at=T0 + timedelta(seconds=2))
    asking = officer(rows.engine)
    found = only(asking.get("/api/v1/conflicts", params={"attribute": "percent_complete"}))
    typed, counted = sorted(found["claims"], key=lambda claim: claim["computed"] is not None)
    assert (typed["source"], typed["computed"]) == ("pmo-files", None)
    assert typed["raw"]["sha256"]
    assert counted["computed"]["from"] == "work items"
    assert counted["computed"]["says"] == "APO: 1 of 3 items done"
    items = asking.get(counted["computed"]["rows"]).json()["items"]
    assert {"APO-0", "APO-1", "APO-2"} <= {item["key"] for item in items}
    explained = asking.get(counted["computed"]["explained"]).json()
    assert {claim["value"] for claim in explained["claims"]} == {typed["value"], counted["value"]}
    page = asking.get("/conflicts", headers=HTML).text
    assert 'computed from its <a href="/api/v1/work-items?project=APOLLO&amp;source=jira-cloud' in page


def test_one_conflict_has_a_page_of_its_own_also_when_it_is_over(rows: Rows) -> None:
    asking = officer(rows.engine)
    [number] = [row["id"] for row in ask(rows.engine, "SELECT id FROM claim_conflict")]
    shown = asking.get(f"/conflicts/{number}", headers=HTML)
    assert shown.status_code == 200
    assert f"<h1>Conflict {number}</h1>" in shown.text
    assert "APO-114 duedate" in shown.text
    assert f'action="/conflicts/{number}"' in shown.text
    assert f'href="/conflicts/{number}"' in asking.get("/conflicts", headers=HTML).text
    with rows.engine.begin() as connection:
        connection.execute(text("UPDATE claim_conflict SET closed_at = now(), closed_because = 'they agree'"))
    over = asking.get(f"/conflicts/{number}", headers=HTML).text
    assert "they agree" in over
    assert f'action="/conflicts/{number}"' not in over
    some = client(rows.engine, name="some", projects=["PORTAL"], speaks_for=OFFICER)
    assert some.get(f"/conflicts/{number}", headers=HTML).status_code == 404
    assert asking.get("/conflicts/999", headers=HTML).status_code == 404


def test_a_rule_is_tried_made_listed_and_ended(rows: Rows) -> None:
    asking = officer(rows.engine)
    rule = {"attribute": "forecast_finish", "prefer": "latest", "because": "plan for the worst"}
    effect = asking.post("/api/v1/settling-rules/try", json=rule).json()
    assert effect == {
        "conflicts": 1, "settles": 1,
        "changes": ["APOLLO: 2027-01-12 of jira-cloud instead of 2026-12-18 of pmo-files"],
    }  # fmt: skip
    assert asking.get("/api/v1/settling-rules").json()["items"] == []
    number = asking.post("/api/v1/settling-rules", json=rule).json()["id"]
    assert (
        only(asking.get("/api/v1/conflicts", params={"settled_by": "rule"}))["claims"][0]["value"]
        == "2027-01-12"
    )
    assert only(asking.get("/api/v1/settling-rules"))["says"] == "the latest date"
    assert asking.post(f"/api/v1/settling-rules/{number}/end", json={"because": "over"}).status_code == 200
    assert only(asking.get("/api/v1/conflicts"))["settled_by"] == "precedence"
    wrong = asking.post("/api/v1/settling-rules", json=rule | {"attribute": "budget"})
    assert (wrong.status_code, "for date, not for money" in wrong.json()["detail"]) == (400, True)


def test_a_token_for_other_projects_sees_no_conflict_of_this_one(rows: Rows) -> None:
    asking = client(rows.engine, name="some", projects=["PORTAL"], speaks_for=OFFICER)
    assert asking.get("/api/v1/conflicts").json()["items"] == []
    [number] = [row["id"] for row in ask(rows.engine, "SELECT id FROM claim_conflict")]
    answers = [
        asking.get(f"/api/v1/conflicts/{number}"),
        asking.post(f"/api/v1/conflicts/{number}/settle", json={"claim": 1, "because": "x"}),
        asking.get("/api/v1/conflicts/999"),
    ]
    assert [answer.status_code for answer in answers] == [404, 404, 404]
    assert "APOLLO" not in asking.get("/conflicts", headers=HTML).text


def test_people_are_listed_without_addresses(rows: Rows) -> None:
    asking = client(rows.engine)
    answer = asking.get("/api/v1/people")
    assert answer.status_code == 200
    assert "email" not in answer.text


def test_the_pages_show_reasons_and_take_decisions_and_escape_what_trackers_say(rows: Rows) -> None:
    asking = officer(rows.engine)
    page = asking.get("/matching", headers=HTML).text
    assert "<script>alert" not in page
    assert "Citizen &lt;script&gt;" in page
    assert "+93" in page
    number = ask(rows.engine, "SELECT id FROM match_proposal WHERE kind = 'scope'")[0]["id"]
    sent = asking.post(f"/matching/{number}", content="act=confirm&because=asked", headers=FORM)
    assert (sent.status_code, sent.headers["location"]) == (303, f"/matching?did={number}#told")
    assert "is confirmed" in asking.get(sent.headers["location"], headers=HTML).text
    again = asking.post(f"/matching/{number}", content="act=refuse&because=changed+my+mind", headers=FORM)
    assert again.status_code == 409
    assert "undo that first" in again.text
    assert "changed my mind" in again.text
    elsewhere = asking.post(
        f"/matching/{number}",
        content="act=undo&because=x",
        headers={**FORM, "Origin": "https://elsewhere.example"},
    )
    assert elsewhere.status_code == 403
    looking = client(rows.engine, name="looks").get("/matching", headers=HTML)
    assert (looking.status_code, 'name="act"' in looking.text) == (200, False)


def test_the_page_of_conflicts_settles_tries_rules_and_keeps_what_was_typed(rows: Rows) -> None:
    asking = officer(rows.engine)
    page = asking.get("/conflicts", headers=HTML).text
    assert "register.xlsx!Projects!C8" in page
    assert "APO-114 duedate" in page
    found = ask(rows.engine, "SELECT id, claims FROM claim_conflict")[0]
    path = f"/conflicts/{found['id']}"
    nothing = asking.post(path, content="because=typed+this", headers=FORM)
    assert (nothing.status_code, "choose which value" in nothing.text) == (400, True)
    assert "typed this" in nothing.text
    sent = asking.post(path, content=f"claim={found['claims'][1]}&because=board", headers=FORM)
    assert sent.headers["location"] == f"/conflicts#conflict-{found['id']}"
    page = asking.get("/conflicts", headers=HTML).text
    assert "Settled by Ada Byron" in page
    assert "Take the word back" in page
    rule = "attribute=forecast_finish&prefer=latest&because=worst"
    tried = asking.post("/conflicts/rules/new", content=f"{rule}&act=try", headers=FORM)
    assert "Of 1 open conflicts it would settle 0" in tried.text
    assert asking.post(path, content="act=reopen&because=no", headers=FORM).status_code == 303
    made = asking.post("/conflicts/rules/new", content=f"{rule}&act=make", headers=FORM)
    assert made.headers["location"] == "/conflicts#rule-1"
    assert "Rule 1 of Ada Byron: the latest date (worst)" in asking.get("/conflicts", headers=HTML).text
    ended = asking.post("/conflicts/rules/1", content="because=over", headers=FORM)
    assert ended.headers["location"] == "/conflicts#rules"


def test_several_proposals_are_decided_at_once_and_what_cannot_be_is_named(rows: Rows) -> None:
    asking = officer(rows.engine)
    found = only(asking.get("/api/v1/match-proposals", params={"state": "open"}))
    number = found["id"]
    nothing = asking.post("/matching/many", data={"act": "confirm", "because": "seen"}, headers=HTML)
    assert (nothing.status_code, "tick what is to be decided" in nothing.text) == (400, True)
    ticked = {f"p.{number}": "1", "p.999999": "1", "act": "confirm"}
    unsaid = asking.post("/matching/many", data=ticked, headers=HTML)
    assert unsaid.status_code == 400
    done = asking.post("/matching/many", data=ticked | {"because": "seen in both"}, headers=HTML)
    assert done.status_code == 200
    assert "1 decided." in done.text
    assert "there is no proposal 999999" in done.text
    assert asking.get(f"/api/v1/match-proposals/{number}").json()["because"] == "seen in both"
    other = client(rows.engine, name="maya", speaks_for=("Maya", []))
    assert other.post("/matching/many", data=ticked | {"because": "x"}, headers=HTML).status_code == 403
