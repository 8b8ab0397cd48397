import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from argon2 import PasswordHasher
from sqlalchemy import select
from starlette.testclient import TestClient

from api.access.csrf import GUEST, SESSION
from api.cli.account_password import make_administrator
from api.signin.attempts import Attempts
from api.signin.passwords import Passwords
from model.tables import Account, AuditEvent
from sync.accounts import disable, enable
from sync.passwords import hash_of, set_password
from sync.store import unit_of_work
from tests.support.command_line import CommandLine
from tests.support.signing import PASSWORD, QUICK, Shop, form_token, shop_on, type_in

PAGE = {"Accept": "text/html"}
NOW = datetime.now(UTC)


@pytest.fixture(scope="module")
def shop(template_url: str) -> Iterator[Shop]:
    with shop_on(template_url) as found:
        found.numbers["mira"] = found.add("mira@example.org")
        yield found


def sign_in(
    visitor: TestClient, name: str = "mira@example.org", password: str = PASSWORD, going: str = "/"
) -> Any:
    return type_in(visitor, name, password, going)


def test_a_name_and_a_password_sign_in_and_go_where_one_was_headed(shop: Shop) -> None:
    visitor = shop.visit()
    answer = sign_in(visitor, " Mira@Example.ORG ", going="/findings?state=open")
    assert (answer.status_code, answer.headers["location"]) == (303, "/findings?state=open")
    assert "HttpOnly" in answer.headers["set-cookie"]
    assert visitor.get("/", headers=PAGE).status_code == 200
    with shop.engine.connect() as connection:
        assert connection.scalar(select(Account.last_signed_in_at).where(Account.id == shop.numbers["mira"]))


@pytest.mark.parametrize(
    "going", ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:alert(1)"]
)
def test_one_goes_on_to_these_pages_only(shop: Shop, going: str) -> None:
    assert sign_in(shop.visit(), going=going).headers["location"] == "/"


def test_a_wrong_password_and_an_unknown_name_are_answered_alike(shop: Shop) -> None:
    answers = [
        sign_in(shop.visit(), *typed)
        for typed in (
            ("mira@example.org", "wrong tractor violet"),
            ("nobody@example.org", "wrong tractor violet"),
            ("not a name", PASSWORD),
            ("", ""),
        )
    ]
    assert {answer.status_code for answer in answers} == {401}
    assert all("The name or the password is wrong" in answer.text for answer in answers)
    assert not any(SESSION in answer.headers.get("set-cookie", "") for answer in answers)
    assert not any("wrong tractor" in answer.text for answer in answers)
    with shop.engine.connect() as connection:
        told = connection.execute(
            select(AuditEvent.subject, AuditEvent.detail).where(AuditEvent.action == "session.refused")
        ).all()
    assert {row.subject for row in told} >= {"account mira@example.org", "an unknown account"}
    assert not any("nobody@" in str(row) or "wrong tractor" in str(row) for row in told)


def test_an_unknown_name_takes_as_long_as_a_wrong_password() -> None:
    passwords = Passwords(PasswordHasher(4, 8192, 1))
    known = passwords.made(PASSWORD)
    passwords.fits(None, "x")

    def quickest(hash_: str | None) -> float:
        taken = []
        for _ in range(5):
            begun = time.perf_counter()
            assert not passwords.fits(hash_, "wrong tractor violet")
            taken.append(time.perf_counter() - begun)
        return min(taken)

    assert quickest(None) == pytest.approx(quickest(known), rel=0.5)


def test_tries_at_the_same_moment_are_counted_before_the_first_of_them_is_found_wrong() -> None:
    attempts = Attempts(lambda: 0.0)
    with ThreadPoolExecutor(8) as threads:
        waits = list(threads.map(lambda _: attempts.take("tried", "192.0.2.1"), range(40)))
    assert waits.count(0) == 10
    assert all(seconds >= 60 for seconds in waits if seconds)
    attempts.fitted("tried", "192.0.2.1")
    assert attempts.take("tried", "192.0.2.1") == 0, "a password that fits is no try"


def test_too_many_tries_for_a_name_have_to_wait_even_with_the_right_password(shop: Shop) -> None:
    shop.add("tried")
    tried = [sign_in(shop.visit(), "tried", f"guess number {n}").status_code for n in range(12)]
    assert tried == [401] * 10 + [429] * 2
    right = sign_in(shop.visit(), "tried")
    assert right.status_code == 429
    assert int(right.headers["retry-after"]) >= 60
    assert sign_in(shop.visit()).status_code == 303  # somebody else is not held up
    shop.now += 120
    assert sign_in(shop.visit(), "tried").status_code == 303


def test_a_shut_account_signs_nobody_in_and_its_sessions_end_at_once(shop: Shop) -> None:
    number = shop.add("leaver")
    visitor = shop.visit()
    sign_in(visitor, "leaver")
    assert visitor.get("/", headers=PAGE).status_code == 200
    with unit_of_work(shop.engine) as connection:
        disable(connection, number, at=NOW)
    assert visitor.get("/", headers=PAGE).status_code == 401
    assert sign_in(shop.visit(), "leaver").status_code == 401
    with unit_of_work(shop.engine) as connection:
        enable(connection, number, at=NOW)
    assert visitor.get("/", headers=PAGE).status_code == 401


def test_a_new_password_ends_the_sessions_of_the_old_one(shop: Shop) -> None:
    number = shop.add("changes")
    visitor = shop.visit()
    sign_in(visitor, "changes")
    with unit_of_work(shop.engine) as connection:
        assert set_password(connection, number, QUICK.made("another tractor violet"), at=NOW) == 1
    assert visitor.get("/", headers=PAGE).status_code == 401
    assert sign_in(shop.visit(), "changes").status_code == 401


def test_a_hash_of_yesterdays_cost_is_made_anew_when_its_password_is_typed(shop: Shop) -> None:
    number = shop.add("costly")
    old = PasswordHasher(2, 8, 1).hash(PASSWORD)
    with unit_of_work(shop.engine) as connection:
        set_password(connection, number, old, at=NOW)
    assert sign_in(shop.visit(), "costly").status_code == 303
    with shop.engine.connect() as connection:
        found = hash_of(connection, "costly")
    assert found is not None
    assert found[2] != old


def test_every_form_that_changes_something_needs_the_token_of_its_session(shop: Shop) -> None:
    visitor = shop.visit()
    typed = {"name": "mira@example.org", "password": PASSWORD}
    assert visitor.post("/sign-in", data=typed).status_code == 403  # nobody was shown the form
    before = form_token(visitor)
    assert visitor.cookies[GUEST]
    assert visitor.post("/sign-in", data={**typed, "csrf": "x" * 43}).status_code == 403
    assert visitor.post("/sign-in", data={**typed, "csrf": before}).status_code == 303
    mine = form_token(visitor, "/")
    assert mine != before
    other = shop.visit()
    sign_in(other)
    for token in (None, "", before, form_token(other, "/"), "caf\u00e9"):
        fields = {} if token is None else {"csrf": token}
        refused = visitor.post("/sign-out", data=fields, headers=PAGE)
        assert refused.status_code == 403
        assert "load the page again" in refused.text
    assert visitor.get("/", headers=PAGE).status_code == 200
    parts = {"csrf": (None, mine), "file": ("a.txt", b"x" * 200_000)}
    assert visitor.post("/sign-out", files=parts).status_code == 303
    assert visitor.get("/", headers=PAGE).status_code == 401


def test_the_rest_interface_takes_a_session_only_with_the_token(shop: Shop) -> None:
    visitor = shop.visit()
    sign_in(visitor)
    assert visitor.post("/api/v1/outbox/delivered").status_code == 403
    token = {"X-CSRF-Token": form_token(visitor, "/")}
    assert (
        visitor.post("/api/v1/outbox/delivered", headers=token).json()["type"]
        != "urn:muster:problem:form-out-of-date"
    )


def test_a_kept_page_holds_each_readers_own_name_and_token(shop: Shop) -> None:
    shop.add("second")
    pages = []
    for name in ("mira@example.org", "second"):
        visitor = shop.visit()
        sign_in(visitor, name)
        plain = visitor.get("/", headers={**PAGE, "Accept-Encoding": "identity"})
        packed = visitor.get("/", headers={**PAGE, "Accept-Encoding": "gzip"})
        assert packed.headers["content-encoding"] == "gzip"
        assert packed.text == plain.text
        same = {**PAGE, "If-None-Match": plain.headers["etag"]}
        assert visitor.get("/", headers=same).status_code == 304
        assert name in plain.text
        pages.append(plain)
    assert pages[0].headers["etag"] != pages[1].headers["etag"]
    assert "second" not in pages[0].text


def test_over_https_the_cookie_is_of_this_host_alone(shop: Shop) -> None:
    visitor = shop.visit("https://testserver")
    answer = sign_in(visitor)
    cookie = next(each for each in answer.headers.get_list("set-cookie") if SESSION in each)
    assert cookie.startswith(f"__Host-{SESSION}=")
    assert all(part in cookie for part in ("Secure", "HttpOnly", "Path=/", "SameSite=lax"))
    stolen = {**PAGE, "Cookie": f"{SESSION}={visitor.cookies[f'__Host-{SESSION}']}"}
    assert shop.visit("https://testserver").get("/", headers=stolen).status_code == 401


def test_whoever_lost_every_way_in_is_made_an_administrator_again(shop: Shop) -> None:
    number = shop.add("lost")
    with unit_of_work(shop.engine) as connection:
        disable(connection, number, at=NOW)
        again = make_administrator(connection, " Lost ", QUICK.made("orbit candle piano"), at=NOW)
    assert again == number
    visitor = shop.visit()
    assert sign_in(visitor, "lost", "orbit candle piano").status_code == 303
    assert visitor.get("/accounts", headers=PAGE).status_code == 200


@pytest.mark.slow
def test_the_first_administrator_is_made_on_the_command_line(shop: Shop, tmp_path: Path) -> None:
    made = CommandLine(shop.url, tmp_path, {"MUSTER_PASSWORD": PASSWORD})("account", "admin", "Root.Admin")
    assert made.code == 0, made.err
    assert sign_in(shop.visit(), "root.admin").status_code == 303
    common = CommandLine(shop.url, tmp_path, {"MUSTER_PASSWORD": "password1234"})
    refused = common("account", "admin", "root.admin")
    assert refused.code == 2
    assert "many people use" in refused.err


def test_behind_a_proxy_that_ends_tls_cookies_are_kept_to_https_all_the_same(shop: Shop) -> None:
    shop.app.state.public_url = "https://muster.example.org"
    try:
        answer = shop.visit().get("/sign-in")
        cookie = answer.headers["set-cookie"]
    finally:
        shop.app.state.public_url = None
    assert cookie.startswith(f"__Host-{GUEST}=")
    assert "Secure" in cookie
