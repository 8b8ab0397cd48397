import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from html import unescape

import pytest
from sqlalchemy import select, update
from starlette.testclient import TestClient

from api.access.csrf import SESSION
from api.signin.tokens import account_link, create_token
from model.tables import AccountSession, ApiToken, AuditEvent
from sync.accounts import Grant, disable, enable, give_role, number_of, take_role
from sync.store import unit_of_work
from tests.support.portfolio_rows import seed
from tests.support.signing import PASSWORD, Shop, follow, post_form, shop_on, sign_in, type_in

PAGE = {"Accept": "text/html"}
NOW = datetime.now(UTC)
_MADE = re.compile(r'value="(mst_[^"]+)"')


@pytest.fixture(scope="module")
def shop(template_url: str) -> Iterator[Shop]:
    with shop_on(template_url) as found:
        seed(found.engine)
        yield found


@pytest.fixture(scope="module")
def picky(shop: Shop) -> TestClient:
    shop.add("picky")
    return shop.signed_in("picky")


def bearer(shop: Shop, token: str, path: str = "/api/v1/projects") -> int:
    return shop.visit().get(path, headers={"Authorization": f"Bearer {token}"}).status_code


def made(visitor: TestClient, **fields: str) -> str:
    """Make a token by the form and return it."""
    answer = post_form(visitor, "/tokens", "/tokens", **({"days": "90", "may": "read"} | fields))
    assert answer.status_code == 200, answer.text
    assert answer.headers["cache-control"] == "no-store"
    found = _MADE.search(answer.text)
    assert found is not None
    return found.group(1)


def test_ones_sessions_are_listed_and_can_be_ended(shop: Shop) -> None:
    shop.add("lister")
    here, phone = shop.visit(), shop.visit()
    type_in(here, "lister")
    phone.headers["User-Agent"] = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Safari/604.1"
    type_in(phone, "lister")
    page = here.get("/account", headers=PAGE).text
    assert "Safari, iPhone" in page
    assert "this one" in page
    number = re.findall(r'name="session" value="([0-9]+)"', page)
    assert len(number) == 1
    assert post_form(here, "/account", "/account/sessions", session=number[0]).status_code == 303
    assert phone.get("/account", headers=PAGE).status_code == 401
    assert here.get("/account", headers=PAGE).status_code == 200


def test_nobody_ends_a_session_of_somebody_else(shop: Shop) -> None:
    shop.add("owner")
    shop.add("stranger")
    owner, stranger = shop.signed_in("owner"), shop.signed_in("stranger")
    for number in range(1, 40):
        post_form(stranger, "/account", "/account/sessions", session=str(number))
    assert owner.get("/account", headers=PAGE).status_code == 200


def test_a_password_is_changed_with_the_present_one_and_ends_all_other_sessions(shop: Shop) -> None:
    shop.add("changer")
    here, there = shop.signed_in("changer"), shop.signed_in("changer")
    new = "orbit candle piano"
    change = "/account", "/account/password"
    wrong = post_form(here, *change, password="not the present one", new=new, again=new)
    assert (wrong.status_code, "not your present password" in wrong.text) == (409, True)
    short = post_form(here, *change, password=PASSWORD, new="short", again="short")
    assert "at least 12 characters" in short.text
    other = post_form(here, *change, password=PASSWORD, new=new, again=new + "x")
    assert "not the same" in other.text
    assert new not in other.text
    assert there.get("/account", headers=PAGE).status_code == 200
    done = post_form(here, *change, password=PASSWORD, new=new, again=new)
    assert (done.status_code, done.headers["location"]) == (303, "/account?done=password")
    assert here.get("/account", headers=PAGE).status_code == 200
    assert there.get("/account", headers=PAGE).status_code == 401
    assert type_in(shop.visit(), "changer").status_code == 401
    assert type_in(shop.visit(), "changer", new).status_code == 303


def test_a_token_is_shown_once_and_does_what_its_account_may_now(shop: Shop) -> None:
    number = shop.add("maker", "reader", "bi")
    visitor = shop.signed_in("maker")
    token = made(visitor, name="Power BI", may="all")
    assert token not in visitor.get("/tokens", headers=PAGE).text
    assert bearer(shop, token) == 200
    assert bearer(shop, token, "/odata/v1/Projects") == 200
    assert post_form(shop.visit(), "/sign-in", "/sign-in", token=token).status_code == 303
    with unit_of_work(shop.engine) as connection:
        take_role(connection, number, Grant("bi"), at=NOW)
    assert (bearer(shop, token), bearer(shop, token, "/odata/v1/Projects")) == (200, 403)
    with unit_of_work(shop.engine) as connection:
        disable(connection, number, at=NOW)
    assert bearer(shop, token) == 401
    assert post_form(shop.visit(), "/sign-in", "/sign-in", token=token).status_code == 401
    with unit_of_work(shop.engine) as connection:
        enable(connection, number, at=NOW)
    assert bearer(shop, token) == 200


def test_a_token_ends_on_its_day_and_when_it_is_revoked(shop: Shop) -> None:
    shop.add("ender")
    visitor = shop.signed_in("ender")
    first, second = made(visitor, name="first"), made(visitor, name="second", projects="PORTAL")
    with shop.engine.begin() as connection:
        row = connection.execute(select(ApiToken).where(ApiToken.name == "first")).mappings().one()
        assert timedelta(days=89) < row["expires_at"] - NOW < timedelta(days=91)
        past = update(ApiToken).where(ApiToken.name == "first").values(expires_at=NOW)
        connection.execute(past)
        other = connection.scalar(select(ApiToken.id).where(ApiToken.name == "second"))
    assert bearer(shop, first) == 401
    assert bearer(shop, second, "/api/v1/projects/PORTAL") == 200
    assert bearer(shop, second, "/api/v1/projects/LEDGER") == 404
    assert post_form(visitor, "/tokens", f"/tokens/{other}/revoke").status_code == 303
    assert bearer(shop, second) == 401
    with shop.engine.connect() as connection:
        events = connection.execute(select(AuditEvent.action, AuditEvent.actor)).all()
    assert ("token.revoked", "ender") in {tuple(row) for row in events}


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"name": "a:b"}, "without a colon"),
        ({"name": "a" * 5_000}, "1 to 200 characters"),
        ({"name": "a\ufffe"}, "1 to 200 characters"),
        ({"name": "ok", "projects": "NOPE"}, "no such project: NOPE"),
        ({"name": "ok", "days": "9999"}, "how long it works"),
        ({"name": "ok", "may": "admin"}, "what it may"),
        ({"name": "ok", "may": "sync"}, "what it may"),
    ],
)
def test_a_token_that_cannot_be_is_refused_in_words(
    picky: TestClient, fields: dict[str, str], says: str
) -> None:
    answer = post_form(picky, "/tokens", "/tokens", **({"days": "90", "may": "read"} | fields))
    assert answer.status_code == 409
    assert says in answer.text


def test_nobody_sees_or_revokes_the_tokens_of_others_but_administrators(shop: Shop) -> None:
    shop.add("alice")
    shop.add("bob")
    shop.add("root", "administrator")
    token = made(shop.signed_in("alice"), name="of alice")
    with shop.engine.connect() as connection:
        number = connection.scalar(select(ApiToken.id).where(ApiToken.name == "of alice"))
    bob, root = shop.signed_in("bob"), shop.signed_in("root")
    assert "of alice" not in bob.get("/tokens", headers=PAGE).text
    assert post_form(bob, "/tokens", f"/tokens/{number}/revoke").status_code == 404
    assert bearer(shop, token) == 200
    assert "of alice" in root.get("/tokens", headers=PAGE).text
    assert post_form(root, "/tokens", f"/tokens/{number}/revoke").status_code == 303
    assert bearer(shop, token) == 401
    program = made(root, name="nightly", whose="program", may="sync")
    assert bearer(shop, program) == 403  # it may start syncs, and look at nothing
    refused = post_form(bob, "/tokens", "/tokens", name="x", days="30", whose="program", may="sync")
    assert refused.status_code == 409


def test_a_token_makes_no_tokens_and_changes_no_account(shop: Shop) -> None:
    token = create_token(shop.engine, "program", scopes=["admin"])
    visitor = shop.visit()
    sign_in(visitor, token)
    assert visitor.cookies[SESSION]
    assert visitor.get("/account", headers=PAGE).status_code == 200
    assert post_form(visitor, "/account", "/tokens", name="more", days="30", may="read").status_code == 409
    headers = {"Authorization": f"Bearer {token}"}
    assert shop.visit().post("/account/password", headers=headers).status_code == 409
    assert shop.visit().post("/tokens", data={"name": "more"}, headers=headers).status_code == 409


def test_an_administrator_gives_somebody_a_way_in_by_a_link_that_works_once(shop: Shop) -> None:
    shop.add("keeper", "administrator")
    keeper = shop.signed_in("keeper")
    post_form(keeper, "/accounts", "/accounts", name="newcomer")
    with unit_of_work(shop.engine) as connection:
        number = number_of(connection, "newcomer")
        give_role(connection, number, Grant("reader"), by="test", at=NOW)
    page = post_form(keeper, f"/accounts/{number}", f"/accounts/{number}/link")
    assert page.headers["cache-control"] == "no-store"
    link = unescape(re.findall(r'value="(http[^"]+token=[^"]+)"', page.text)[0])
    assert link.endswith("next=%2Faccount")
    newcomer = shop.visit()
    assert "as <strong>newcomer</strong>" in newcomer.get(link).text
    assert follow(newcomer, link).headers["location"] == "/account"
    assert shop.visit().get(link).status_code == 401
    new = "orbit candle piano"
    done = post_form(newcomer, "/account", "/account/password", new=new, again=new)
    assert done.status_code == 303
    assert type_in(shop.visit(), "newcomer", new).status_code == 303
    assert "by a link" not in newcomer.get("/tokens", headers=PAGE).text
    assert post_form(newcomer, "/account", f"/accounts/{number}/link").status_code == 403


def test_a_token_of_an_account_gives_no_role_that_would_outlive_it(shop: Shop) -> None:
    number = shop.add("chief", "administrator", "pmo_head")
    token = create_token(shop.engine, "chiefs own", scopes=["admin"], account=number)
    program = create_token(shop.engine, "keeping accounts", scopes=["admin"])
    role = {"role": "reader", "scope": "everything"}
    for path in (
        f"/api/v1/accounts/{number}/roles/give",
        f"/api/v1/accounts/{number}/enable",
        "/api/v1/accounts",
    ):
        given = {"name": "made-by-token"} if path.endswith("accounts") else role if "roles" in path else None
        headers = {"Authorization": f"Bearer {token}"}
        assert shop.visit().post(path, json=given, headers=headers).status_code == 409, path
        headers = {"Authorization": f"Bearer {program}"}
        assert shop.visit().post(path, json=given, headers=headers).status_code in {200, 201}, path
    headers = {"Authorization": f"Bearer {token}"}
    assert (
        shop.visit().post(f"/accounts/{number}", data={"act": "disable"}, headers=headers).status_code == 409
    )


def test_a_link_sets_one_password_within_half_an_hour_and_no_other_later(shop: Shop) -> None:
    number = shop.add("lender")
    by_link, new = shop.visit(), "orbit candle piano"
    follow(by_link, account_link(shop.engine, "http://testserver", number))
    change = "/account", "/account/password"
    assert post_form(by_link, *change, new=new, again=new).status_code == 303
    assert (
        post_form(by_link, *change, new="violet melon tractor", again="violet melon tractor").status_code
        == 409
    )
    late = shop.visit()
    follow(late, account_link(shop.engine, "http://testserver", number))
    with shop.engine.begin() as connection:
        connection.execute(
            update(AccountSession)
            .where(AccountSession.way == "link")
            .values(began_at=NOW - timedelta(minutes=31))
        )
    assert "Present password" in late.get("/account", headers=PAGE).text
    assert (
        post_form(late, *change, new="violet melon tractor", again="violet melon tractor").status_code == 409
    )
    assert type_in(shop.visit(), "lender", new).status_code == 303


def test_a_session_by_password_sets_no_password_without_the_present_one(shop: Shop) -> None:
    shop.add("careful")
    visitor = shop.signed_in("careful")
    new = "orbit candle piano"
    assert post_form(visitor, "/account", "/account/password", new=new, again=new).status_code == 409
    assert type_in(shop.visit(), "careful").status_code == 303
