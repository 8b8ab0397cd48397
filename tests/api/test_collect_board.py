"""The pages of collection: which cycles there are, and who owes what in one."""

import pytest
from sqlalchemy import Engine

from tests.support.api_client import client
from tests.support.cycles import MANAGER, OFFICER, REPORT, Office, office

PAGE = {"accept": "text/html"}


@pytest.fixture
def apollo(engine: Engine) -> Office:
    found = office(engine)
    found.project("APOLLO")
    found.project("BORA", name="<script>alert(1)</script>", manager=None)
    found.open()
    return found


def test_the_cycles_are_listed_with_how_far_they_are(apollo: Office) -> None:
    text = client(apollo.engine).get("/collect", headers=PAGE).text
    assert ">2026-10<" not in text
    assert ", 2026-10</a>" in text
    assert "Fri 6 Nov 2026" in text


def test_a_cycle_says_who_owes_what_and_who_is_missing(apollo: Office) -> None:
    apollo.answer(REPORT)
    apollo.move("submit", MANAGER)
    assert apollo.cycle is not None
    path = f"/collect/{apollo.cycle.id}"
    text = client(apollo.engine).get(path, headers=PAGE).text
    assert "nobody on record" in text
    assert "&lt;script&gt;" in text
    assert "<script>alert" not in text
    assert "the office" in text
    late = client(apollo.engine, name="two").get(f"{path}?show=late", headers=PAGE).text
    assert "APOLLO</span>" not in late
    mine = client(apollo.engine, name="olu", speaks_for=(OFFICER.name, ["project_officer"]))
    assert "1 submissions shown" in mine.get(f"{path}?show=mine", headers=PAGE).text


def test_an_officer_closes_a_cycle_and_others_may_not(apollo: Office) -> None:
    assert apollo.cycle is not None
    path = f"/collect/{apollo.cycle.id}"
    manager = client(apollo.engine, name="mira", speaks_for=(MANAGER.name, []))
    assert "Close this cycle" not in manager.get(path, headers=PAGE).text
    assert manager.post(f"{path}/close", headers=PAGE).status_code == 403
    officer = client(apollo.engine, name="olu", speaks_for=(OFFICER.name, ["project_officer"]))
    assert officer.post(f"{path}/close", headers=PAGE).status_code == 303
    assert "Closed" in officer.get(path, headers=PAGE).text


def test_a_cycle_nobody_knows_is_a_page_that_says_so(apollo: Office) -> None:
    answer = client(apollo.engine).get("/collect/999", headers=PAGE)
    assert answer.status_code == 404
    assert "there is no cycle 999" in answer.text


def test_an_officer_opens_a_cycle_and_opens_a_closed_one_again(apollo: Office) -> None:
    officer = client(apollo.engine, name="olu", speaks_for=(OFFICER.name, ["project_officer"]))
    assert "Open the cycle" in officer.get("/collect", headers=PAGE).text
    assert apollo.cycle is not None
    sent = {"template": "monthly-status", "period": "2026-10"}
    twice = officer.post("/collect/open", data=sent, headers=PAGE)
    assert (twice.status_code, "open already" in twice.text, 'value="2026-10"' in twice.text) == (
        409,
        True,
        True,
    )
    wrong = officer.post("/collect/open", data=sent | {"period": "next month"}, headers=PAGE)
    assert (wrong.status_code, "next month" in wrong.text) == (400, True)
    done = officer.post("/collect/open", data={"template": "raid-log"}, headers=PAGE)
    assert done.status_code == 303, done.text
    path = f"/collect/{apollo.cycle.id}"
    officer.post(f"{path}/close", headers=PAGE)
    assert officer.post(f"{path}/open", headers=PAGE).status_code == 303
    assert "Close this cycle" in officer.get(path, headers=PAGE).text
    manager = client(apollo.engine, name="mira", speaks_for=(MANAGER.name, []))
    assert "Open the cycle" not in manager.get("/collect", headers=PAGE).text
    assert manager.post("/collect/open", data=sent, headers=PAGE).status_code == 403
