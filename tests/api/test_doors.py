"""How programs sign in, whichever way their tool sends the key, and how often they may ask."""

import base64
import logging
from collections.abc import Iterator
from types import SimpleNamespace

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine
from starlette.testclient import TestClient

from api.access.doors import Limits
from api.access.limits import Rate
from api.app import create_app
from api.signin.tokens import create_token
from config.database import open_engine
from tests.support.databases import cloned
from tests.support.served import served
from tests.support.signing import form_token

PATHS = (
    "/api/v1/projects",
    "/odata/v1/Projects",
    "/odata/v1/$metadata",
    "/files/v1/Projects.csv",
    "/metrics",
)


def basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


@pytest.fixture(scope="module")
def signed(template_url: str) -> Iterator[SimpleNamespace]:
    with cloned(template_url) as url:
        engine = open_engine(url)
        token = create_token(engine, "bi")
        yield SimpleNamespace(engine=engine, token=token, web=TestClient(create_app(engine)))
        engine.dispose()


def web_with(engine: Engine, limits: Limits) -> TestClient:
    return TestClient(create_app(engine, limits=limits), raise_server_exceptions=False)


@pytest.mark.parametrize("path", PATHS)
def test_a_key_is_taken_however_a_tool_sends_it(signed: SimpleNamespace, path: str) -> None:
    token = signed.token
    asked = [
        signed.web.get(path, headers=headers, params=params)
        for headers, params in (
            ({"Authorization": f"Bearer {token}"}, {}),
            ({"Authorization": f"bearer {token}"}, {}),
            ({"Authorization": basic("anybody", token)}, {}),
            ({"Authorization": basic(token, "")}, {}),
            ({"X-Api-Key": token}, {}),
            ({}, {"apikey": token}),
            ({}, {"ApiKey": token}),
        )
    ]
    assert [answer.status_code for answer in asked] == [200] * 7
    assert len({answer.content for answer in asked}) == 1


@pytest.mark.parametrize("path", PATHS)
def test_whoever_has_no_good_key_is_told_how_to_sign_in(signed: SimpleNamespace, path: str) -> None:
    for headers, params in (
        ({}, {}),
        ({}, {"apikey": ""}),
        ({}, {"apikey": "x\r\nX-Api-Key: y"}),
        ({}, {"apikey": "a\u00e9"}),
        ({"X-Api-Key": "mst_nobody"}, {}),
        ({"Authorization": basic("anybody", "mst_nobody")}, {}),
        ({"Authorization": basic("", "")}, {}),
        ({"Authorization": "Basic %%%"}, {}),
        ({"Authorization": "Digest x"}, {}),
        ({"Authorization": "Basic x", "X-Api-Key": signed.token}, {}),
    ):
        answer = signed.web.get(path, headers=headers, params=params)
        assert answer.status_code == 401, (path, headers, params)
        first = "Basic" if path.startswith(("/odata", "/files")) else "Bearer"
        assert answer.headers["www-authenticate"].startswith(f'{first} realm="Muster"')
        assert "Bearer" in answer.headers["www-authenticate"]
        assert "Basic" in answer.headers["www-authenticate"]


@pytest.mark.parametrize("root", ["/odata/v1", "/odata/projectdata", "/files/v1"])
def test_a_root_is_answered_without_the_slash_at_its_end_too(signed: SimpleNamespace, root: str) -> None:
    headers = {"X-Api-Key": signed.token}
    bare = signed.web.get(root, headers=headers, follow_redirects=False)
    assert bare.status_code == 200
    assert bare.content == signed.web.get(f"{root}/", headers=headers).content
    assert signed.web.get(root).status_code == 401


def test_a_script_of_a_page_does_not_make_the_browser_ask_for_a_password(signed: SimpleNamespace) -> None:
    answer = signed.web.get("/api/v1/projects", headers={"Sec-Fetch-Mode": "cors"})
    assert answer.headers["www-authenticate"] == 'Bearer realm="Muster"'


def test_a_password_that_a_browser_kept_is_of_no_use_to_another_site(signed: SimpleNamespace) -> None:
    headers = {"Authorization": basic("x", signed.token), "Origin": "https://elsewhere.example"}
    assert signed.web.post("/api/v1/outbox/delivered", headers=headers, json={}).status_code == 403
    assert signed.web.get("/api/v1/projects", headers=headers).status_code == 200


def test_a_page_is_not_opened_by_a_key_in_its_address(signed: SimpleNamespace) -> None:
    answer = signed.web.get("/findings", params={"apikey": signed.token}, follow_redirects=False)
    assert answer.status_code == 401


def test_a_key_in_the_query_stands_in_no_link_and_no_error(signed: SimpleNamespace) -> None:
    for path in ("/odata/v1/Nothing", "/odata/v1/", "/api/v1/projects?wrong=1", "/api/v1/nothing"):
        answer = signed.web.get(path, params={"apikey": signed.token})
        assert signed.token not in answer.text + str(answer.headers), path


def test_a_key_in_the_query_stands_in_no_log_not_even_the_servers_own(
    signed: SimpleNamespace, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO), served(create_app(signed.engine)) as base:
        for path in ("/odata/v1/Projects?$top=1&apikey=", "/api/v1/projects?API%6Bey=", "/nothing?apikey="):
            httpx.get(base + path + signed.token)
    written = "\n".join(each.getMessage() for each in caplog.records if not each.name.startswith("http"))
    assert "/odata/v1/Projects?$top=1 HTTP" in written
    assert signed.token not in written


def test_one_token_asking_too_often_is_told_when_to_come_back(signed: SimpleNamespace) -> None:
    other = create_token(signed.engine, "other")
    web = web_with(signed.engine, Limits.a_minute(3, 20))
    headers = {"X-Api-Key": signed.token}
    assert [web.get("/api/v1/projects", headers=headers).status_code for _ in range(4)] == [200] * 3 + [429]
    refused = web.get("/odata/v1/Projects", headers=headers)
    assert refused.status_code == 429
    assert 1 <= int(refused.headers["retry-after"]) <= 20
    assert refused.json()["error"]["code"] == "TooManyRequests"
    assert web.get("/api/v1/projects", headers={"X-Api-Key": other}).status_code == 200
    problem = web.get("/api/v1/projects", headers=headers)
    assert problem.headers["content-type"] == "application/problem+json"
    assert problem.json()["type"] == "urn:muster:problem:too-many-requests"


def test_wrong_keys_are_stopped_and_good_ones_of_the_same_address_are_not(signed: SimpleNamespace) -> None:
    web = web_with(signed.engine, Limits.a_minute(0, 3))
    good = {"X-Api-Key": signed.token}
    assert web.get("/api/v1/projects", headers=good).status_code == 200
    tried = [web.get("/api/v1/projects", headers={"X-Api-Key": f"mst_{n}"}).status_code for n in range(5)]
    assert tried == [401, 401, 401, 429, 429]
    assert web.get("/api/v1/projects", headers=good).status_code == 200
    fresh = {"X-Api-Key": create_token(signed.engine, "not used yet")}
    assert web.get("/api/v1/projects", headers=fresh).status_code == 200
    assert web.get("/api/v1/projects", headers={"X-Api-Key": "mst_9"}).status_code == 429
    form = web.post("/sign-in", data={"token": "mst_guess"})
    assert form.status_code == 429
    assert form.headers["retry-after"]
    assert web.get("/healthz").status_code == 200


def test_a_key_that_is_none_does_not_excuse_who_tries_to_sign_in(signed: SimpleNamespace) -> None:
    """Where no key is asked for any is answered well: that makes it none that was let in."""
    web = web_with(signed.engine, Limits.a_minute(0, 3))
    csrf, tried = form_token(web), []
    for n in range(5):
        other = {"Authorization": f"Bearer r{n}"}
        assert web.get("/healthz", headers=other).status_code in {200, 429}
        assert web.post("/sign-in", data={"token": "x"}, headers=other).status_code in {403, 429}
        guess = {"token": f"mst_{n}", "csrf": csrf}
        tried.append(web.post("/sign-in", data=guess, headers=other).status_code)
    assert tried == [401] * 3 + [429] * 2
    tried = [
        web.get("/api/v1/projects", headers={"Authorization": f"Bearer r{n}"}).status_code for n in range(5)
    ]
    assert tried == [429] * 5


def test_a_token_has_one_rate_however_it_is_written(signed: SimpleNamespace) -> None:
    web = web_with(signed.engine, Limits.a_minute(3, 20))
    forms = ("Bearer {}", "bearer {}", "bEARER {}", "Bearer  {}", "Bearer {} ", "BEARER \t{}")
    tried = [
        web.get("/api/v1/projects", headers={"Authorization": each.format(signed.token)}).status_code
        for each in forms
    ]
    assert tried == [200] * 3 + [429] * 3


@settings(max_examples=20)
@given(
    rate=st.integers(1, 50),
    gaps=st.lists(st.floats(0, 30, allow_nan=False), min_size=1, max_size=80),
)
def test_no_minute_holds_more_than_twice_the_rate_and_waiting_as_told_is_enough(
    rate: int, gaps: list[float]
) -> None:
    held, now, taken = Rate(rate), 0.0, []
    for gap in gaps:
        now += gap
        if (seconds := held.take("x", now)) == 0:
            taken.append(now)
        else:
            assert held.take("x", now + seconds + 1e-6) == 0
            now += seconds + 1e-6
            taken.append(now)
    assert all(sum(at <= other < at + 60 for other in taken) <= 2 * rate for at in taken)


def test_a_rate_of_nought_is_none() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        Rate(0)
