"""Templates as pages: what is shown to whom, and the steps that can be taken there."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine
from starlette.testclient import TestClient

from api.app import create_app
from api.signin.tokens import create_token
from model.collection.roles import Actor
from sync.collection.template_steps import send_back, submit, write
from sync.collection.templates import kept_version
from sync.collection.waivers import Wish, ask, waivers
from tests.support.portfolio_rows import seed
from tests.support.template_samples import SMALL

NOW = datetime.now(UTC)
IDA = Actor("Ida Lindqvist", frozenset(["specialist"]))
PATH = "/templates/small/1.0.0"
HTML = {"Accept": "text/html"}
HOSTILE = "<script>alert(1)</script>"


def asking(engine: Engine, person: str | None, *roles: str, projects: Any = None) -> TestClient:
    speaks_for = (person, roles)
    token = create_token(engine, f"t{person}{projects}", projects=projects, speaks_for=speaks_for)
    headers = {"Authorization": f"Bearer {token}", **HTML}
    return TestClient(create_app(engine), headers=headers, follow_redirects=False)


@pytest.fixture
def reviewed(engine: Engine) -> Engine:
    """A small version in review, on the seeded portfolio."""
    seed(engine)
    text = SMALL.replace("label: Name,", f'label: "Name {HOSTILE}",')
    with engine.begin() as connection:
        write(connection, text, where="small.yaml", actor=IDA, now=NOW)
        submit(connection, "small", "1.0.0", actor=IDA, now=NOW)
    return engine


def waiting(engine: Engine, key: str = "PORTAL") -> int:
    wish = Wish(key, "monthly-status", "budget", f"Set in March {HOSTILE}", (NOW + timedelta(days=60)).date())
    with engine.begin() as connection:
        return ask(connection, wish, actor=Actor("Maya"), now=NOW)


def state(engine: Engine) -> str:
    with engine.connect() as connection:
        return kept_version(connection, "small", "1.0.0").state


def test_the_templates_are_shown_with_the_version_that_judges_today(reviewed: Engine) -> None:
    shown = asking(reviewed, None).get("/templates").text
    assert "monthly-status" in shown
    assert 'href="/templates/raid-log/2.0.0"' in shown
    assert "in review" in shown


def test_what_people_wrote_is_text_on_the_page(reviewed: Engine) -> None:
    waiting(reviewed)
    ole = asking(reviewed, "Ole", "pmo_head")
    for path in ("/templates", PATH):
        shown = ole.get(path).text
        assert HOSTILE not in shown
        assert "&lt;script&gt;" in shown


def test_a_version_is_tried_and_approved_on_its_page(reviewed: Engine) -> None:
    ole = asking(reviewed, "Ole Brandt", "pmo_head")
    assert "Not tried yet" in ole.get(PATH).text
    untried = ole.post(f"{PATH}/approve", data={"from": ""})
    assert (untried.status_code, "was not tried on the projects yet" in untried.text) == (409, True)
    assert ole.post(f"{PATH}/try").status_code == 303
    assert "projects would fail" in ole.get(PATH).text
    assert ole.post(f"{PATH}/approve", data={"from": "", "because": "Tried"}).status_code == 303
    assert state(reviewed) == "approved"
    assert "approved by Ole Brandt" in ole.get(PATH).text
    assert ole.post(f"{PATH}/retire", data={"because": "Done"}).status_code == 303
    assert state(reviewed) == "retired"


def test_who_wrote_a_version_is_told_that_somebody_else_approves_it(reviewed: Engine) -> None:
    ida = asking(reviewed, "ida  lindqvist", "pmo_head")
    assert "Somebody other than Ida Lindqvist, who wrote it" in ida.get(PATH).text
    ida.post(f"{PATH}/try")
    answer = ida.post(f"{PATH}/approve", data={"from": ""})
    assert (answer.status_code, "somebody else has to approve it" in answer.text) == (409, True)
    assert state(reviewed) == "review"


def test_the_page_names_everybody_who_drafted_a_text(reviewed: Engine) -> None:
    with reviewed.begin() as connection:
        send_back(connection, "small", "1.0.0", because="Shorter", actor=IDA, now=NOW)
        ann = Actor("Ann Okafor", frozenset(["specialist"]))
        again = SMALL.replace("label: Name,", "label: Its name,")
        write(connection, again, where="small.yaml", actor=ann, now=NOW)
        submit(connection, "small", "1.0.0", actor=ann, now=NOW)
    ole = asking(reviewed, "Ole Brandt", "pmo_head")
    assert "Somebody other than Ida Lindqvist, Ann Okafor, who wrote its texts" in ole.get(PATH).text
    ida = asking(reviewed, "Ida Lindqvist", "pmo_head")
    ida.post(f"{PATH}/try")
    tried = ole.get(PATH).text
    assert "No version of it judges today." in tried
    assert "pass today" not in tried
    assert "Ida Lindqvist wrote small@1.0.0" in ida.post(f"{PATH}/approve", data={"from": ""}).text


@pytest.mark.parametrize(
    ("person", "roles", "says"),
    [("Maya", (), "may not approve templates"), (None, (), "speaks for no person")],
)
def test_who_may_not_is_told_so_and_sees_no_button(
    reviewed: Engine, person: str | None, roles: tuple[str, ...], says: str
) -> None:
    client = asking(reviewed, person, *roles)
    assert f'action="{PATH}/approve"' not in client.get(PATH).text
    answer = client.post(f"{PATH}/approve", data={"from": ""})
    assert answer.status_code in (403, 409)
    assert says in answer.text


def test_a_form_of_another_site_changes_nothing(reviewed: Engine) -> None:
    ole = asking(reviewed, "Ole Brandt", "pmo_head")
    answer = ole.post(f"{PATH}/return", data={"because": "x"}, headers={"Origin": "https://evil.example"})
    assert answer.status_code == 403
    assert state(reviewed) == "review"


def test_a_version_is_sent_back_with_what_is_to_be_changed(reviewed: Engine) -> None:
    ole = asking(reviewed, "Ole Brandt", "pmo_head")
    assert ole.post(f"{PATH}/return", data={"because": " "}).status_code == 409
    assert ole.post(f"{PATH}/return", data={"because": "Say what a cost is"}).status_code == 303
    assert "Say what a cost is" in ole.get(PATH).text


def test_a_waiver_is_granted_on_the_page_by_an_officer_who_did_not_ask(reviewed: Engine) -> None:
    number = waiting(reviewed)
    maya = asking(reviewed, "Maya", "project_officer")
    own = maya.post(f"/templates/waivers/{number}", data={"act": "grant"})
    assert (own.status_code, "somebody else has to grant it" in own.text) == (409, True)
    otto = asking(reviewed, "Otto", "project_officer")
    assert otto.post(f"/templates/waivers/{number}", data={"act": "grant"}).status_code == 303
    with reviewed.connect() as connection:
        assert [each["approved_by"] for each in waivers(connection)] == ["Otto"]


def test_a_waiver_of_a_hidden_project_is_neither_shown_nor_granted(reviewed: Engine) -> None:
    number = waiting(reviewed, "LEDGER")
    otto = asking(reviewed, "Otto", "project_officer", projects=["PORTAL"])
    assert "LEDGER" not in otto.get("/templates").text
    assert otto.post(f"/templates/waivers/{number}", data={"act": "grant"}).status_code == 404


@pytest.mark.parametrize(
    "path", ["/templates/waivers/1x", "/templates/waivers/999999", "/templates/nonsense/1", f"{PATH}/burn"]
)
def test_a_step_that_is_none_is_refused(reviewed: Engine, path: str) -> None:
    ole = asking(reviewed, "Ole Brandt", "pmo_head")
    assert ole.post(path, data={"act": "grant"}).status_code in (404, 409)
