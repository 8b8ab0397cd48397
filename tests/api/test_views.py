"""Saved views, through the pages."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, text
from starlette.testclient import TestClient

from api.signin.tokens import create_token
from config.database import open_engine
from sync.views import _ours  # the rule itself: which addresses stay here
from tests.support.api_client import client
from tests.support.databases import cloned
from tests.support.pages import assert_runs_nothing

HOSTILE = '<script>alert(1)</script>"><img src=x onerror=alert(2)>'


@pytest.fixture(scope="module")
def store(template_url: str) -> Iterator[Engine]:
    with cloned(template_url) as url:
        engine = open_engine(url)
        yield engine
        engine.dispose()


@pytest.fixture(scope="module")
def ada(store: Engine) -> TestClient:
    return client(store, name="ada", speaks_for=("Ada", ()))


@pytest.fixture(scope="module")
def bob(store: Engine, ada: TestClient) -> TestClient:
    made = create_token(store, "bob", projects=None, scopes=("read",))
    return TestClient(ada.app, headers={"Authorization": f"Bearer {made}"}, follow_redirects=False)


def keep(who: TestClient, name: str, address: str = "/risks?show=critical", shared: str = "") -> int:
    return int(who.post("/views", data={"name": name, "address": address, "shared": shared}).status_code)


def test_a_view_is_its_owners_until_it_is_shared(ada: TestClient, bob: TestClient) -> None:
    assert keep(ada, "Critical risks") == 303
    assert "Critical risks" in ada.get("/views").text
    assert "Critical risks" not in bob.get("/views").text
    assert keep(ada, "Critical risks", "/risks?show=high", shared="1") == 303
    page = bob.get("/views").text
    assert 'href="/risks?show=high"' in page
    assert "Throw away" not in page


def test_only_its_owner_throws_a_view_away(store: Engine, ada: TestClient, bob: TestClient) -> None:
    keep(ada, "To go", shared="1")
    with store.begin() as connection:
        number = connection.scalar(text("SELECT id FROM saved_view WHERE name = 'To go'"))
    assert bob.post(f"/views/{number}/forget").status_code == 404
    assert ada.post(f"/views/{number}/forget").status_code == 303
    assert "To go" not in ada.get("/views").text


@pytest.mark.parametrize(
    "address",
    [
        "https://evil.example/",
        "//evil.example",
        "/\\evil.example",
        "javascript:alert(1)",
        "",
        "/\tx",
        "risks",
    ],
)
def test_a_view_leads_nowhere_but_here(ada: TestClient, address: str) -> None:
    assert not _ours(address)
    assert keep(ada, "Elsewhere", address) == 422
    assert "Elsewhere</a>" not in ada.get("/views").text


def test_a_name_is_only_text_and_must_be_there(ada: TestClient) -> None:
    assert keep(ada, HOSTILE) == 303
    assert_runs_nothing(ada.get("/views").text)
    assert "<script>alert" not in ada.get("/views").text
    assert keep(ada, "   ") == 422
    assert keep(ada, "x" * 200) == 422


def test_no_other_site_keeps_a_view_and_nobody_without_signing_in(ada: TestClient) -> None:
    sent = ada.post("/views", data={"name": "a", "address": "/"}, headers={"Origin": "https://evil.example"})
    assert sent.status_code == 403
    assert TestClient(ada.app).get("/views").status_code == 401


def test_who_only_reads_shares_nothing(bob: TestClient) -> None:
    assert keep(bob, "Mine alone") == 303
    assert 'name="shared"' not in bob.get("/views?address=/risks").text
    answer = bob.post("/views", data={"name": "For all", "address": "/risks", "shared": "1"})
    assert answer.status_code == 403
    assert "project officer" in answer.text


SAID = {
    "/projects/PORTAL?as_of=2026-11-01": True, "/projects/SIGNON": False, "/projects/%53IGNON/receipt/cost": False,
    "/risks?project=PORTAL": True, "/risks?project=SIGNON": False, "/risks?show=high": True,
    "/portfolio?programme=Digital": True, "/portfolio?programme=Secret+plans": False, "/findings?q=anything": False,
    "/findings/17": False, "/money?sort=signon": False, "/policies/default": True, "/search": True,
    "/portfolio?programme=Nowhere": False,
}  # fmt: skip


PROJECTS = (
    "INSERT INTO portfolio (key, name, timezone, currency) VALUES ('main', 'Main', 'UTC', 'EUR')",
    (
        "INSERT INTO programme (portfolio_id, name)"
        " SELECT id, unnest(ARRAY['Digital', 'Secret plans']) FROM portfolio"
    ),
    (
        "INSERT INTO project (id, key, name, portfolio_id, programme_id, origin, created_at)"
        " SELECT gen_random_uuid(), w.key, w.name, g.portfolio_id, g.id, 'register', now() FROM programme g JOIN"
        " (VALUES ('PORTAL', 'Portal', 'Digital'), ('SIGNON', 'One door for all', 'Secret plans'))"
        " AS w (key, name, programme) ON w.programme = g.name"
    ),
)


def test_a_shared_view_tells_nobody_of_a_project_they_may_not_see(store: Engine, ada: TestClient) -> None:
    with store.begin() as connection:
        for statement in PROJECTS:
            connection.execute(text(statement))
    for number, address in enumerate(SAID):
        assert keep(ada, f"View {number}", address, shared="1") == 303
    assert keep(ada, "One door for all, at last", "/risks", shared="1") == 303
    made = create_token(store, "few", projects=["PORTAL"])
    headers = {"Authorization": f"Bearer {made}"}
    page = TestClient(ada.app, headers=headers).get("/views").text
    assert {address: f">View {number}<" in page for number, address in enumerate(SAID)} == SAID
    assert "One door" not in page
    with store.connect() as connection:
        query = "SELECT detail FROM audit_event WHERE action = 'view.saved' AND subject = 'view View 1'"
        assert connection.scalar(text(query)) == {"address": "/projects/SIGNON", "shared": True}


def test_a_view_is_renamed_by_its_owner_and_to_no_name_that_is_taken(
    store: Engine, ada: TestClient, bob: TestClient
) -> None:
    keep(ada, "Old name")
    keep(ada, "Taken")
    with store.begin() as connection:
        number = connection.scalar(text("SELECT id FROM saved_view WHERE name = 'Old name'"))
    assert bob.post(f"/views/{number}/rename", data={"name": "Mine now"}).status_code == 404
    refused = ada.post(f"/views/{number}/rename", data={"name": " Taken "})
    assert refused.status_code == 422
    assert "Another view of yours is called Taken." in refused.text
    assert ada.post(f"/views/{number}/rename", data={"name": " New   name "}).status_code == 303
    page = ada.get("/views").text
    assert "New name" in page
    assert "Old name" not in page
    with store.begin() as connection:
        said = connection.execute(
            text("SELECT action, subject, detail FROM audit_event ORDER BY seq DESC LIMIT 1")
        ).one()
    assert tuple(said) == ("view.saved", "view New name", {"was": "Old name"})


def test_programs_keep_list_rename_and_throw_views_away(ada: TestClient, bob: TestClient) -> None:
    asked = {"name": "By a program", "address": "/risks?show=critical", "shared": True}
    made = ada.post("/api/v1/views", json=asked)
    assert made.status_code == 201, made.text
    view = made.json()
    assert view["mine"] is True
    told = next(
        each for each in bob.get("/api/v1/views?limit=1000").json()["items"] if each["id"] == view["id"]
    )
    assert (told["mine"], told["address"]) == (False, "/risks?show=critical")
    first = ada.get("/api/v1/views?limit=1").json()
    assert (len(first["items"]), first["next"] is not None) == (1, True)
    path = f"/api/v1/views/{view['id']}"
    assert bob.post(f"{path}/rename", json={"name": "x"}).status_code == 404
    assert ada.post(f"{path}/rename", json={"name": "Other"}).json()["name"] == "Other"
    assert ada.post("/api/v1/views", json={**asked, "address": "//evil.example"}).status_code == 422
    assert bob.post(f"{path}/forget").status_code == 404
    assert ada.post(f"{path}/forget").json()["name"] == "Other"
    assert "Other" not in ada.get("/api/v1/views?limit=1000").text


def test_a_page_that_is_not_there_keeps_the_way_on_of_who_is_signed_in(ada: TestClient) -> None:
    looking = {"Accept": "text/html"}
    for path, status in (("/no-such-page", 404), ("/projects/NONE", 404)):
        answer = ada.get(path, headers=looking)
        assert answer.status_code == status
        assert 'aria-label="Parts"' in answer.text, path
        assert "Sign out" in answer.text, path
    nobody = ada.get("/no-such-page", headers={**looking, "Authorization": "Bearer none"})
    assert nobody.status_code == 404
    assert 'aria-label="Parts"' not in nobody.text
