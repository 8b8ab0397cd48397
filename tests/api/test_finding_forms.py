"""What people are asked is put right in the form that asks them, not in the register's row."""

from typing import Any

from sqlalchemy import Engine
from starlette.testclient import TestClient

from tests.support.api_client import client
from tests.support.cycles import MANAGER, REPORT, Office, office
from tests.support.findings import number_of, speaking

HTML = {"Accept": "text/html"}


def small_office(engine: Engine) -> Office:
    found = office(engine)
    found.project("APOLLO", budget=None)
    found.known()
    return found


def finding(asking: TestClient, number: int) -> dict[str, Any]:
    return dict(asking.get(f"/api/v1/findings/{number}").json())


def test_a_finding_on_what_people_are_asked_leads_to_its_field_in_the_open_form(engine: Engine) -> None:
    found = small_office(engine)
    number, asking = number_of(engine, "rag_overall"), speaking(engine, "Mira Manager")
    before = finding(asking, number)
    assert (before["asked"], before["form"], before["url"]) == (True, None, None)
    page = asking.get(f"/findings/{number}", headers=HTML)
    assert "none is open now" in page.text
    assert "Open the source" not in page.text
    found.open()
    form = finding(asking, number)["form"]
    assert form == f"/submissions/{found.head().id}#f-rag_overall"
    again = asking.get(f"/findings/{number}", headers={**HTML, "If-None-Match": page.headers["etag"]})
    assert again.status_code == 200
    assert f'<a href="{form}">' in again.text
    assert "Open the source" not in again.text
    assert f'<a href="{form}">' in asking.get("/findings", headers=HTML).text
    assert 'id="f-rag_overall"' in asking.get(form.partition("#")[0], headers=HTML).text


def test_a_form_that_was_handed_in_is_none_to_answer_in(engine: Engine) -> None:
    found = small_office(engine)
    found.open()
    found.answer(REPORT | {"budget": "1000"}, because="As approved")
    found.move("submit", MANAGER)
    assert finding(client(engine), number_of(engine, "rag_overall"))["form"] is None


def test_a_finding_on_what_a_source_gives_still_leads_to_the_source(engine: Engine) -> None:
    found = small_office(engine)
    found.open()
    shown = finding(client(engine), number_of(engine, "budget"))
    assert (shown["asked"], shown["form"]) == (False, None)
    assert shown["url"]
