"""Programmes, sources and numbers that are not for somebody's eyes: named on no page, and told apart by no answer."""

from collections.abc import Iterator
from types import SimpleNamespace

import pytest
from sqlalchemy import Engine, text
from starlette.testclient import TestClient

from api.app import create_app
from config.database import open_engine
from sync.accounts import Grant
from tests.support.databases import cloned
from tests.support.portfolio_rows import seed
from tests.support.rights import account, add_programme, browser, cookie_of, token_of

V1 = "/api/v1"
HIDDEN, CIVIC = "Operation Nightfall", "Civic"
_TAILORED = text(
    "INSERT INTO tailoring (template, applies, changes, because, asked_by, asked_at) VALUES ('monthly-status',"
    " CAST(:applies AS jsonb), '{}', :because, 'Ada', now()) RETURNING id"
)


def tailored(engine: Engine, applies: str, because: str) -> int:
    with engine.begin() as connection:
        return int(connection.execute(_TAILORED, {"applies": applies, "because": because}).scalar_one())


@pytest.fixture(scope="module")
def office(template_url: str) -> Iterator[SimpleNamespace]:
    """The demo's portfolio with a programme of PORTAL, one of LEDGER that is hidden, and tailorings of both."""
    with cloned(template_url) as url:
        engine = open_engine(url)
        seed(engine)
        add_programme(engine, CIVIC, "PORTAL")
        add_programme(engine, HIDDEN, "LEDGER")
        secret = tailored(engine, f'{{"programmes": ["{HIDDEN}", "{CIVIC}"]}}', f"for {HIDDEN}")
        tailored(engine, f'{{"programmes": ["{CIVIC}"]}}', "for ours")
        tailored(engine, '{"tiers": [3]}', "for the small ones")
        accounts = {
            "reader": account(engine, "reader", Grant("reader", "project", "PORTAL")),
            "specialist": account(engine, "specialist", Grant("specialist", "programme", CIVIC)),
            "head": account(engine, "head", Grant("pmo_head", "programme", CIVIC)),
            "all": account(engine, "all", Grant("pmo_head")),
        }
        yield SimpleNamespace(engine=engine, accounts=accounts, secret=secret)
        engine.dispose()


def asking(office: SimpleNamespace, name: str) -> TestClient:
    token = token_of(office.engine, f"{name} asks {id(object())}", office.accounts[name])
    return TestClient(create_app(office.engine), headers={"Authorization": f"Bearer {token}"})


@pytest.mark.parametrize("name", ["reader", "specialist", "head"])
def test_no_tailoring_names_a_programme_of_which_one_sees_nothing(office: SimpleNamespace, name: str) -> None:
    few = asking(office, name)
    told = few.get(f"{V1}/tailorings").json()["items"]
    assert [each["because"] for each in told] == ["for the small ones", "for ours"]
    assert HIDDEN not in few.get("/templates").text
    whole = asking(office, "all")
    assert len(whole.get(f"{V1}/tailorings").json()["items"]) == 3
    assert whole.get("/templates").text.count(f'<option value="{HIDDEN}"') == 1


@pytest.mark.parametrize("name", ["specialist", "head"])
def test_whoever_is_not_of_the_whole_office_is_offered_no_step_that_is(
    office: SimpleNamespace, name: str
) -> None:
    visit = browser(office.engine, cookie_of(office.engine, office.accounts[name]))
    page = visit.get("/templates").text
    assert "/templates/new" not in page
    assert 'name="programme"' not in page


def test_the_head_of_one_programme_changes_no_rules_of_all_projects(office: SimpleNamespace) -> None:
    few = asking(office, "head")
    answer = few.post(f"/templates/tailorings/{office.secret}", data={"act": "approve"})
    assert answer.status_code == 403
    assert HIDDEN not in answer.text
    with office.engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM tailoring WHERE approved_at IS NOT NULL")) == 0


def test_what_a_run_read_of_the_whole_source_is_told_to_whoever_sees_all_of_it(
    office: SimpleNamespace,
) -> None:
    whole = ("requests", "retries", "bytes_fetched", "waited_s")
    few = asking(office, "reader").get(f"{V1}/runs").json()["runs"]
    everything = asking(office, "all").get(f"{V1}/runs").json()["runs"]
    assert few
    assert {each[name] for each in few for name in whole} == {None}
    assert all(each[name] is not None for each in everything for name in whole)
