"""The queue and one finding as pages: what they show, the forms on them, and hostile text."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine, text

from tests.support.api_client import client
from tests.support.findings import found_portfolio, number_of, speaking

AHEAD = str((datetime.now(UTC) + timedelta(days=300)).date())
HTML = {"Accept": "text/html"}


def test_the_queue_shows_the_worst_first_with_owner_rule_and_the_place_to_fix(engine: Engine) -> None:
    found_portfolio(engine)
    html = client(engine).get("/findings", headers=HTML).text
    assert html.index(">blocks<") < html.index(">warns<")
    assert 'href="https://pmo-files.example/raid.xlsx"' in html
    assert "nobody on record" in html
    assert re.search(r'<option value="monthly-status:budget">Budget, monthly-status \(\d+\)', html)


def test_each_filter_of_the_page_narrows_it_and_nothing_matching_says_so(engine: Engine) -> None:
    found_portfolio(engine)
    asking = client(engine)
    lena = asking.get("/findings", params={"owner": "Lena"}, headers=HTML).text
    assert "R-001" in lena
    assert "BOREALIS</a>" not in lena
    none = asking.get("/findings", params={"owner": "Eve"}, headers=HTML).text
    assert "No finding matches" in none
    assert asking.get("/findings", params={"colour": "red"}).status_code in (400, 422)
    assert asking.get("/findings", params={"state": "waived"}, headers=HTML).status_code == 200


def test_pages_of_the_queue_lead_to_each_other(engine: Engine) -> None:
    found_portfolio(engine)
    asking = client(engine)
    first = asking.get("/findings", headers=HTML).text
    links = re.findall(r'href="(/findings\?page=2[^"]*)"', first)
    total = asking.get("/api/v1/findings/counts", params={"by": "severity"}).json()["total"]
    assert bool(links) == (total > 50)
    assert asking.get("/findings", params={"page": 9999}, headers=HTML).status_code == 200


def test_a_finding_is_worked_by_forms_and_says_what_was_done(engine: Engine) -> None:
    found_portfolio(engine)
    number = number_of(engine, "C06")
    maya = speaking(engine, "Maya")
    before = maya.get(f"/findings/{number}", headers=HTML).text
    assert f'action="/findings/{number}/accept"' in before
    answer = maya.post(f"/findings/{number}/accept", data={"due": "", "because": "next week"})
    assert (answer.status_code, answer.headers["location"]) == (303, f"/findings/{number}?did=accept")
    after = maya.get(answer.headers["location"], headers=HTML).text
    assert "Accepted. It closes by itself" in after
    assert "<strong>Maya</strong> (project manager) accepted it: next week" in after


def test_what_is_refused_is_said_on_the_findings_page_and_what_was_typed_stands(engine: Engine) -> None:
    found_portfolio(engine)
    number = number_of(engine, "C06")
    eve = speaking(engine, "Eve")
    answer = eve.post(f"/findings/{number}/dispute", data={"because": "not <mine>"}, headers=HTML)
    assert answer.status_code == 403
    assert 'role="alert"' in answer.text
    assert "Eve cannot dispute it" in answer.text
    assert "not &lt;mine&gt;</textarea>" in answer.text


def test_a_waiver_and_a_dispute_are_answered_on_the_page(engine: Engine) -> None:
    found_portfolio(engine)
    late, budget = number_of(engine, "C06"), number_of(engine, "budget")
    ada, bob = speaking(engine, "Ada", "project_officer"), speaking(engine, "Bob", "pmo_head")
    ada.post(f"/findings/{budget}/waive", data={"because": "books close", "until": AHEAD})
    waits = bob.get(f"/findings/{budget}", headers=HTML).text
    [grant] = re.findall(rf'action="(/findings/{budget}/waivers/\d+/grant)"', waits)
    assert bob.post(grant).headers["location"] == f"/findings/{budget}?did=grant"
    ada.post(f"/findings/{late}/dispute", data={"because": "it moved"})
    own = ada.get(f"/findings/{late}", headers=HTML).text
    assert "Somebody else of the office answers it" in own
    assert "/uphold" not in own
    page = bob.get(f"/findings/{late}", headers=HTML).text
    [refuse] = re.findall(rf'formaction="(/findings/{late}/disputes/\d+/refuse)"', page)
    assert bob.post(refuse, data={"because": "the plan says so"}).status_code == 303
    after = bob.get(f"/findings/{late}", headers=HTML).text
    assert "Refused by Bob" in after


def test_a_form_of_another_site_or_of_nobody_does_nothing(engine: Engine) -> None:
    found_portfolio(engine)
    number = number_of(engine, "C06")
    maya = speaking(engine, "Maya")
    foreign = maya.post(f"/findings/{number}/accept", headers={"Origin": "https://evil.example"})
    assert foreign.status_code == 403
    nobody = client(engine, name="nobody").post(f"/findings/{number}/accept")
    assert nobody.status_code == 403
    assert maya.get(f"/api/v1/findings/{number}").json()["state"] == "new"
    assert maya.post(f"/findings/{number}/burn").status_code == 404
    assert maya.post(f"/findings/{number}/disputes/1/burn").status_code == 404


def test_a_token_that_speaks_for_nobody_sees_no_form_and_is_told_why(engine: Engine) -> None:
    found_portfolio(engine)
    html = client(engine).get(f"/findings/{number_of(engine, 'C06')}", headers=HTML).text
    assert "/accept" not in html
    assert "muster token create NAME --person" in html


def test_a_finding_of_a_hidden_project_is_not_there(engine: Engine) -> None:
    found_portfolio(engine)
    number = number_of(engine, "C06")
    hidden = client(engine, projects=["BOREALIS"])
    assert hidden.get(f"/findings/{number}", headers=HTML).status_code == 404
    assert "APOLLO" not in hidden.get("/findings", headers=HTML).text


@pytest.mark.parametrize("path", ["/findings?state=all", "/findings/{number}"])
def test_hostile_text_is_shown_as_text(engine: Engine, path: str) -> None:
    found_portfolio(engine)
    number = number_of(engine, "C06")
    hostile = "<script>alert(1)</script>"
    with engine.begin() as connection:
        connection.execute(
            text(
                "UPDATE finding SET says = :h, owner = :h, record_ref = :h, closed_because = :h, locator = :h,"
                " evidence = jsonb_build_object(CAST(:h AS text), CAST(:h AS text)) WHERE id = :id"
            ),
            {"h": hostile, "id": number},
        )
    html = client(engine).get(path.format(number=number), headers=HTML).text
    assert "&lt;script&gt;alert(1)" in html
    assert hostile not in html


def test_the_projects_page_leads_to_its_findings_and_shows_disputes_beside_their_values(
    engine: Engine,
) -> None:
    found_portfolio(engine)
    maya = speaking(engine, "Maya")
    disputed = {
        "project": "APOLLO", "template": "monthly-status", "field": "percent_complete", "value": 40,
        "proposed": 31, "because": "counted <twice>",
    }  # fmt: skip
    maya.post("/api/v1/disputes", json=disputed)
    html = maya.get("/projects/APOLLO", headers=HTML).text
    assert "Maya: counted &lt;twice&gt;; it ought to be 31" in html
    assert f'<a href="/findings/{number_of(engine, "C06")}">' in html
