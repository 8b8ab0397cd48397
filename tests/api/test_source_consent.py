"""Letting Muster in to a Jira on the pages: asked for once, answered in the same browser, sealed, sent nowhere else."""

import html
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from sqlalchemy import Engine, text
from starlette.testclient import TestClient

from config.settings import settings
from sync.credentials import StoredTokens
from sync.draft_consent import ask, consent_of, site_for
from sync.draft_tokens import DraftTokens
from sync.drafts import DraftRefused, draft
from sync.registry import utc_now
from tests.support.api_client import client
from tests.support.sandboxes import PLAIN, Sandbox, kept

APP = {"consent.client": "muster-sandbox-app", "consent.secret": "sandbox-app-secret", "sign_in": "consent"}
HERE = "http://testserver"


@pytest.fixture
def officer(engine: Engine, home: Path) -> Iterator[TestClient]:
    """Somebody who may configure sources, in a home of this test's own."""
    del home
    settings.cache_clear()
    yield client(engine, scopes=["admin"])
    settings.cache_clear()


@pytest.fixture(scope="module")
def center() -> Sandbox:
    """A Data Center that is only read."""
    return kept("jira-dc")


def sent(officer: TestClient, path: str, step: str, **form: str) -> str:
    """Send a step as its page would; return where it leads, or the page that says what is wrong."""
    page = officer.get(f"{path}/{step}", follow_redirects=True).text
    version = page.partition('name="version" value="')[2].partition('"')[0]
    answer = officer.post(f"{path}/{step}", data={"version": version, **form}, files={})
    return (
        str(answer.headers["location"]) if answer.status_code == httpx.codes.SEE_OTHER else str(answer.text)
    )


def begun(officer: TestClient, way: str, **form: str) -> str:
    """Go as far as the question whether somebody lets Muster in; return the beginning of the steps' addresses."""
    started = officer.post("/sources/new", data={"way": way}).headers["location"]
    path: str = started.removesuffix("/access")
    assert sent(officer, path, "access", name="delivery", **APP, **form) == f"{path}/consent"
    return path


def asked(officer: TestClient, path: str) -> str:
    """Return the address that the page sends a person to."""
    found = re.search(r'class="button" href="([^"]+)"', officer.get(f"{path}/consent").text)
    assert found is not None
    return html.unescape(found[1])


def answered(url: str) -> str:
    """Go there, and return where one is sent back to."""
    back = httpx.get(url, trust_env=False, verify=PLAIN).headers["location"]
    assert back.startswith(f"{HERE}/sources/consent?")
    return str(back.removeprefix(HERE))


def seen(engine: Engine, path: str) -> dict[str, Any]:
    with engine.connect() as connection:
        return dict(draft(connection, int(path.rpartition("/")[2])).seen)


def test_a_consent_becomes_the_source_s_when_it_is_saved_and_only_who_asked_can_redeem_it(
    engine: Engine, officer: TestClient, center: Sandbox
) -> None:
    path = begun(officer, "jira_server", address=center.info["base_url"])
    page = officer.get(f"{path}/consent").text
    assert f"{HERE}/sources/consent" in page
    assert urlsplit(center.url).netloc in page
    url = asked(officer, path)
    assert parse_qs(urlsplit(url).query)["code_challenge_method"] == ["S256"]
    code = parse_qs(urlsplit(answered(url)).query)["code"][0]
    stolen = {"grant_type": "authorization_code", "code": code, "redirect_uri": f"{HERE}/sources/consent",
              "client_id": APP["consent.client"], "client_secret": APP["consent.secret"]}  # fmt: skip
    token = f"{center.info['base_url']}/rest/oauth2/latest/token"
    assert httpx.post(token, data=stolen, trust_env=False, verify=PLAIN).status_code == httpx.codes.FORBIDDEN

    # It ends at once, for it is exchanged a minute early.
    exchanges = center.control("oauth", {"access_s": 60})["exchanges"]
    back = answered(url)
    assert officer.get(back).headers["location"] == f"{path}/scopes"
    told = center.control("oauth", {"access_s": 3600})
    assert (told["exchanges"] > exchanges, told["twice"]) == (True, 0)
    assert "not the answer to what was asked" in officer.get(back).text, "it counts once"
    grant = seen(engine, path)["grant"]
    kept_one = DraftTokens(engine, grant).load()
    assert kept_one is not None
    assert "Somebody has let Muster in already" in officer.get(f"{path}/access").text
    assert str(kept_one.refresh) not in officer.get(f"{path}/access").text
    again = {"name": "delivery", "address": center.info["base_url"], **APP, "consent.secret": ""}
    assert sent(officer, path, "access", **again) == f"{path}/scopes"
    assert sent(officer, path, "access", **again, act="consent") == f"{path}/consent"
    assert officer.get(answered(asked(officer, path))).headers["location"] == f"{path}/scopes"
    newest = DraftTokens(engine, seen(engine, path)["grant"]).load()
    assert newest != kept_one
    sent(officer, path, "scopes", which="every")
    for step in ("mapping", "template"):
        sent(officer, path, step)
    sent(officer, path, "schedule", preset="0 2 * * *")
    more = {"portfolio": "All", "timezone": "UTC", "currency": "GBP"}
    assert sent(officer, path, "review", act="save", **more) == "/sources/delivery"
    assert StoredTokens(engine, "delivery").load() == newest
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM kept_secret")) == 1, (
            "the application's secret alone"
        )
        events = connection.scalars(text("SELECT action FROM audit_event")).all()
    assert "source.signed_in" in events
    assert "Muster was let in" in officer.get("/sources/delivery").text
    changing = officer.post("/sources/delivery/change", data={"step": "access"}).headers["location"]
    path = changing.removesuffix("/access")
    again.pop("name")
    assert sent(officer, path, "access", **again) == f"{path}/scopes", (
        "what it has is used, and not asked for again"
    )
    elsewhere = {**again, "address": f"{center.url}/another", "consent.secret": APP["consent.secret"]}
    assert sent(officer, path, "access", **elsewhere) == f"{path}/consent", "and sent nowhere else"
    assert "Nobody has let Muster in there yet" in sent(officer, path, "scopes", act="look")
    assert "Nobody has let Muster in to delivery yet" in sent(officer, path, "review", act="save")


def test_who_said_no_or_comes_too_late_or_from_another_browser_is_told_what_to_do(
    engine: Engine, officer: TestClient, center: Sandbox
) -> None:
    path = begun(officer, "jira_server", address=center.info["base_url"])
    back = answered(asked(officer, path))
    somebody = client(engine, scopes=["admin"], name="somebody")
    assert "begun in another browser" in somebody.get(back).text
    reader = client(engine, scopes=["read"], name="reader")
    assert reader.get(back).status_code == httpx.codes.FORBIDDEN
    assert officer.get("/sources/consent?code=x&state=0").status_code == httpx.codes.NOT_FOUND
    assert officer.get("/sources/consent?code=x").status_code == httpx.codes.BAD_REQUEST
    number = path.rpartition("/")[2]
    assert "not the answer" in officer.get(f"/sources/consent?code=x&state={number}.guessed").text
    assert seen(engine, path)["consent"], "a guess takes nothing from whoever asked"

    center.control("oauth", {"refuse": True})
    try:
        refused = answered(asked(officer, path))
    finally:
        center.control("oauth", {"refuse": False})
    assert officer.get(refused).headers["location"] == f"{path}/consent"
    page = officer.get(f"{path}/consent").text
    assert "The consent was refused there" in page
    assert "Ask again" in page
    assert sent(officer, path, "consent") == f"{path}/consent"
    with engine.connect() as connection:
        known = draft(connection, int(number))
    late = consent_of(engine, known, now=utc_now() + timedelta(minutes=16))
    assert late is not None
    assert late.is_over
    assert ask(known, bound_to="b", now=utc_now())["sealed"] != known.seen["consent"]["sealed"]


@pytest.mark.slow  # a second tracker to start
def test_on_cloud_the_site_that_was_typed_must_be_among_those_that_were_opened(
    engine: Engine, officer: TestClient
) -> None:
    cloud = kept("jira-cloud")
    gateway = cloud.info["gateway_url"]
    path = begun(officer, "jira_cloud", address=gateway, **{"consent.authority": cloud.url})
    assert "read:jira-work" in officer.get(f"{path}/consent").text
    url = asked(officer, path)
    assert "code_challenge" not in url, "Atlassian's cloud takes none"
    assert officer.get(answered(url)).headers["location"] == f"{path}/scopes"
    assert "Casework platform" in officer.get(f"{path}/scopes").text
    other = begun(officer, "jira_cloud", address=f"{gateway}0", **{"consent.authority": cloud.url})
    assert officer.get(answered(asked(officer, other))).headers["location"] == f"{other}/consent"
    assert "choose the other site there" in officer.get(f"{other}/consent").text
    assert "grant" not in seen(engine, other)


def test_a_site_is_found_by_its_own_address_and_by_the_gateway_s() -> None:
    sites = [
        {"id": "a-1", "url": "https://one.atlassian.net"},
        {"id": "b-2", "url": "https://two.atlassian.net"},
    ]
    for typed in ("https://Two.atlassian.net/", "https://api.atlassian.com/ex/jira/b-2"):
        assert site_for(sites, typed) == "b-2"
    with pytest.raises(
        DraftRefused, match=r"given for https://one.atlassian.net, https://two.atlassian.net, and not"
    ):
        site_for(sites, "https://three.atlassian.net")
