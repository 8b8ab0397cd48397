from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Event
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest
from argon2 import PasswordHasher
from pydantic import SecretStr
from sqlalchemy import Engine, func, select
from starlette.testclient import TestClient

from api.access.csrf import SESSION
from api.access.doors import Limits
from api.app import create_app
from api.signin.oidc import Person, Provider, ProviderUnusable, provider_of
from api.signin.oidc_metadata import Metadata, ProviderAway
from api.signin.oidc_token import SignInRefused
from api.signin.passwords import Passwords
from api.signin.ways_in import WaysIn
from config.database import open_engine
from config.settings import Settings
from model.tables import Account, AccountRole, AuditEvent
from sync.accounts import NewAccount, add_account, disable
from sync.provider_accounts import AccountRefused, parsed
from sync.sessions import NewSession, begin_in
from sync.store import unit_of_work
from tests.support.databases import cloned
from tests.support.identity_provider import ISSUER, IdentityProvider, key

LOADED = datetime.now(UTC)  # long before a test may run

BACK = "https://muster.example/sign-in/callback"
PAGE = {"Accept": "text/html"}


def now() -> datetime:
    return datetime.now(UTC)


def signed_in(there: IdentityProvider, provider: Provider, at: datetime | None = None) -> Person:
    at = at or now()
    began = provider.begin(BACK, "/projects/PORTAL", at)
    person, going = provider.finish(BACK, there.authorize(began.url), began.sealed, at)
    assert going == "/projects/PORTAL"
    return person


def test_whoever_comes_back_is_known_by_issuer_and_subject() -> None:
    there = IdentityProvider()
    there.claims |= {"name": "Mira Manager", "email": "mira@example.org"}
    person = signed_in(there, there.provider())
    assert (person.issuer, person.subject) == (ISSUER, "248289761001")
    assert (person.name, person.shown) == ("mira", "Mira Manager")


def claim(name: str, value: Any) -> Callable[[dict[str, Any]], None]:
    def spoil(claims: dict[str, Any]) -> None:
        if value is None:
            del claims[name]
        else:
            claims[name] = value

    return spoil


@pytest.mark.parametrize(
    "spoil",
    [
        claim("nonce", "another"), claim("nonce", None), claim("aud", "somebody-else"), claim("aud", None),
        claim("iss", "https://evil.example"), claim("iss", None), claim("sub", None), claim("exp", None),
        claim("exp", int(LOADED.timestamp()) - 3600), claim("nbf", int(LOADED.timestamp()) + 86_400),
        claim("azp", "somebody-else"), claim("at_hash", "AAAAAAAAAAAAAAAAAAAAAA"),
    ],
)  # fmt: skip
def test_a_token_that_is_not_for_this_sign_in_signs_nobody_in(
    spoil: Callable[[dict[str, Any]], None],
) -> None:
    there = IdentityProvider(spoil=spoil)
    with pytest.raises(SignInRefused):
        signed_in(there, there.provider())


def test_a_token_that_another_key_signed_signs_nobody_in() -> None:
    there = IdentityProvider(key=key("stranger"))
    with pytest.raises(SignInRefused, match="not signed by a key it publishes"):
        signed_in(there, there.provider())


def test_a_key_that_was_changed_is_looked_for_once_a_minute_at_most() -> None:
    there = IdentityProvider()
    provider = there.provider()
    signed_in(there, provider)
    there.key = key("two")
    there.published = [key("two")]
    with pytest.raises(SignInRefused):
        signed_in(there, provider)
    assert signed_in(there, provider, now() + timedelta(minutes=2)).subject
    assert there.asked.count("/keys") == 2


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"state": "another"}, "not to the sign-in"),
        ({"state": "caf\u00e9"}, "not to the sign-in"),
        ({"code": ""}, "no code"),
        ({"code": "code-made-up"}, "did not take its own code"),
        ({"error": "access_denied"}, "access was denied"),
        ({"error": "<script>"}, "gave no code"),
        ({"iss": "https://evil.example"}, "another issuer"),
    ],
)
def test_an_answer_that_was_not_asked_for_signs_nobody_in(change: dict[str, str], why: str) -> None:
    there = IdentityProvider()
    provider = there.provider()
    began = provider.begin(BACK, "/", now())
    with pytest.raises(SignInRefused, match=why):
        provider.finish(BACK, there.authorize(began.url) | change, began.sealed, now())


def test_a_sign_in_of_another_browser_or_of_long_ago_is_refused() -> None:
    there = IdentityProvider()
    provider = there.provider()
    began = provider.begin(BACK, "/", now())
    answer = there.authorize(began.url)
    for sealed, at in (("", now()), ("x" * 100, now()), (began.sealed, now() + timedelta(minutes=11))):
        with pytest.raises(SignInRefused):
            provider.finish(BACK, answer, sealed, at)
    assert "248289761001" not in began.sealed


def test_a_code_is_worth_one_sign_in() -> None:
    there = IdentityProvider()
    provider = there.provider()
    began = provider.begin(BACK, "/", now())
    answer = there.authorize(began.url)
    provider.finish(BACK, answer, began.sealed, now())
    with pytest.raises(SignInRefused):
        provider.finish(BACK, answer, began.sealed, now())


def test_a_document_of_another_issuer_or_none_at_all_is_no_provider() -> None:
    for there in (
        IdentityProvider(away=True),
        IdentityProvider(metadata={"issuer": "https://evil.example"}),
        IdentityProvider(metadata={"token_endpoint": None}),
        IdentityProvider(metadata={"token_endpoint": "http://id.example/token"}),
    ):
        with pytest.raises(ProviderAway):
            there.provider().begin(BACK, "/", now())


def test_of_an_issuer_of_many_tenants_only_those_that_are_named_may_come() -> None:
    tenant = "11111111-2222-3333-4444-555555555555"
    there = IdentityProvider(
        issuer=f"{ISSUER}/{tenant}/v2.0", metadata={"issuer": f"{ISSUER}/{{tenantid}}/v2.0"}
    )
    there.claims["tid"] = tenant

    def back(provider: Provider) -> Person:
        began = provider.begin(BACK, "/", now())
        answer = there.authorize(began.url)
        del answer["iss"]  # Entra ID sends none
        return provider.finish(BACK, answer, began.sealed, now())[0]

    common = f"{ISSUER}/common/v2.0"
    assert back(there.provider(issuer=common, tenants=(tenant,))).issuer == there.issuer
    with pytest.raises(SignInRefused, match="tenant"):
        back(there.provider(issuer=common, tenants=("99999999",)))
    there.claims["tid"] = "99999999"  # says one tenant, is issued by another
    with pytest.raises(SignInRefused):
        back(there.provider(issuer=common, tenants=("99999999",)))


def test_claims_stand_for_roles_and_a_claim_that_was_left_out_for_its_length_for_none() -> None:
    there = IdentityProvider()
    provider = there.provider(roles_claim="groups", roles={"g-1": "reader", "g-2": "bi"})
    there.claims["groups"] = ["g-2", "g-9", "g-1"]
    assert signed_in(there, provider).roles == ("bi", "reader")
    there.claims["groups"] = "g-1"
    assert signed_in(there, provider).roles == ("reader",)
    del there.claims["groups"]
    assert signed_in(there, provider).roles == ()
    there.claims["_claim_names"] = {"groups": "src1"}
    assert signed_in(there, provider).roles is None
    assert signed_in(there, there.provider()).roles is None


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"oidc_client_id": None}, "CLIENT_ID"),
        ({"oidc_issuer": "http://id.example"}, "https"),
        ({"oidc_issuer": "https://login.microsoftonline.com/common/v2.0"}, "TENANT"),
        ({"oidc_client_secret": SecretStr("file:/no/such/file")}, "refers to file"),
    ],
)
def test_settings_that_cannot_be_are_refused_in_words(given: dict[str, Any], why: str) -> None:
    settings = Settings(**{"oidc_issuer": ISSUER, "oidc_client_id": "muster", **given})
    with pytest.raises(ProviderUnusable, match=why):
        provider_of(settings)


def test_a_role_of_the_settings_is_read_with_what_it_is_of() -> None:
    assert str(parsed("project_manager of project PORTAL")) == "project_manager of project PORTAL"
    assert str(parsed("reader")) == "reader"
    with pytest.raises(AccountRefused, match="expected ROLE"):
        parsed("reader of everything")


@pytest.fixture(scope="module")
def there() -> IdentityProvider:
    return IdentityProvider()


@pytest.fixture(scope="module")
def store(template_url: str) -> Iterator[Engine]:
    with cloned(template_url) as url:
        engine = open_engine(url)
        yield engine
        engine.dispose()


@pytest.fixture(scope="module")
def visit(store: Engine, there: IdentityProvider) -> Callable[[], TestClient]:
    roles = {"office": "reader", "chiefs": "pmo_head", "gone": "project_manager of project NOPE"}
    provider = there.provider(roles_claim="groups", roles=roles)
    ways = WaysIn(passwords=Passwords(PasswordHasher(1, 8, 1)), provider=provider)
    app = create_app(store, ways_in=ways)
    return lambda: TestClient(app, raise_server_exceptions=False, follow_redirects=False)


def come_back(visitor: TestClient, there: IdentityProvider, going: str = "/account") -> Any:
    away = visitor.get(f"/sign-in/provider?next={going}")
    assert away.status_code == 303
    return visitor.get("/sign-in/callback", params=there.authorize(away.headers["location"]))


def test_the_first_sign_in_makes_an_account_and_each_holds_its_roles_to_the_claims(
    store: Engine, there: IdentityProvider, visit: Callable[[], TestClient]
) -> None:
    there.claims = {"sub": "s-1", "preferred_username": "Mira@Example.org", "name": "Mira", "groups": []}
    visitor = visit()
    back = come_back(visitor, there)
    assert (back.status_code, back.headers["location"]) == (303, "/account")
    assert visitor.cookies[SESSION]
    assert visitor.get("/", headers=PAGE).status_code == 403  # an account without roles may nothing
    there.claims["groups"] = ["office", "chiefs", "gone", "unknown"]
    come_back(visitor, there)
    assert visitor.get("/", headers=PAGE).status_code == 200
    there.claims["groups"] = ["office"]
    come_back(visitor, there)
    with store.connect() as connection:
        row = connection.execute(select(Account).where(Account.subject == "s-1")).mappings().one()
        assert (row["name"], row["shown"], row["issuer"]) == ("mira@example.org", "Mira", ISSUER)
        roles = connection.scalars(select(AccountRole.role).where(AccountRole.account_id == row["id"]))
        assert set(roles) == {"reader"}
        told = connection.scalars(
            select(AuditEvent.action).where(AuditEvent.subject == "account mira@example.org")
        )
        assert {"account.added", "account.role_given", "account.role_taken", "session.signed_in"} <= set(told)


def test_another_subject_with_the_same_name_gets_an_account_of_its_own(
    store: Engine, there: IdentityProvider, visit: Callable[[], TestClient]
) -> None:
    for subject in ("s-10", "s-11"):
        there.claims = {"sub": subject, "preferred_username": "same", "groups": ["office"]}
        come_back(visit(), there)
    with store.connect() as connection:
        names = connection.scalars(select(Account.name).where(Account.subject.in_(("s-10", "s-11"))))
        assert set(names) == {"same", "same~2"}


def test_an_account_that_waits_for_somebody_is_theirs_unless_the_name_may_be_anybodys(
    store: Engine, there: IdentityProvider, visit: Callable[[], TestClient]
) -> None:
    with unit_of_work(store) as connection:
        awaited = {
            name: add_account(connection, NewAccount(name), at=now()) for name in ("ada@x.org", "eve@x.org")
        }
    there.claims = {"sub": "s-30", "preferred_username": "Ada@x.org", "name": "Ada"}
    come_back(visit(), there)
    there.claims = {"sub": "s-31", "preferred_username": "ada@x.org", "name": "Another"}
    come_back(visit(), there)
    there.claims = {"sub": "s-32", "email": "eve@x.org", "name": "Not Eve"}  # says so herself
    come_back(visit(), there)
    with store.connect() as connection:
        found = {row.subject: row.id for row in connection.execute(select(Account.subject, Account.id))}
    assert found["s-30"] == awaited["ada@x.org"]
    assert found["s-31"] not in awaited.values()
    assert found["s-32"] not in awaited.values()


def test_an_account_that_was_shut_is_told_so_and_signs_nobody_in(
    store: Engine, there: IdentityProvider, visit: Callable[[], TestClient]
) -> None:
    there.claims = {"sub": "s-20", "preferred_username": "shut", "groups": ["office"]}
    visitor = visit()
    come_back(visitor, there)
    with unit_of_work(store) as connection:
        number = connection.scalar(select(Account.id).where(Account.subject == "s-20"))
        assert number is not None
        disable(connection, number, at=now())
    assert visitor.get("/", headers=PAGE).status_code == 401
    back = come_back(visit(), there)
    assert back.status_code == 403
    assert "was shut" in back.text
    assert SESSION not in back.headers.get("set-cookie", "").split("=")[0]


def test_what_goes_wrong_there_is_said_on_the_sign_in_page(visit: Callable[[], TestClient]) -> None:
    visitor = visit()
    away = visitor.get("/sign-in/provider")
    state = dict(parse_qsl(urlsplit(away.headers["location"]).query))["state"]
    told = visitor.get("/sign-in/callback", params={"state": state, "error": "access_denied"})
    assert told.status_code == 401
    assert "access was denied there" in told.text
    unasked = visit().get("/sign-in/callback", params={"state": state, "code": "code-0"})
    assert unasked.status_code == 401
    assert visit().get("/sign-in/provider?next=https://evil.example").status_code == 303
    assert "Continue with Example ID" in visitor.get("/sign-in").text


def test_what_nobody_here_began_is_answered_and_not_written_into_the_log_for_ever(
    store: Engine, there: IdentityProvider, visit: Callable[[], TestClient]
) -> None:
    with store.connect() as connection:
        before = connection.scalar(select(func.count()).select_from(AuditEvent))
    visitor = visit()
    for params in ({}, {"state": "x", "code": "y"}, {"error": "access_denied"}):
        assert visit().get("/sign-in/callback", params=params).status_code == 401
        visitor.get("/sign-in/provider")
        assert visitor.get("/sign-in/callback", params=params).status_code == 401
    with store.connect() as connection:
        assert connection.scalar(select(func.count()).select_from(AuditEvent)) == before
    away = visitor.get("/sign-in/provider")
    visitor.get("/sign-in/callback", params=there.authorize(away.headers["location"]) | {"code": "made-up"})
    with store.connect() as connection:
        assert connection.scalar(select(func.count()).select_from(AuditEvent)) == before + 1


def test_coming_back_over_and_over_is_counted_as_a_try(store: Engine, there: IdentityProvider) -> None:
    app = create_app(store, ways_in=WaysIn(provider=there.provider()), limits=Limits.a_minute(0, 3))
    visitor = TestClient(app, raise_server_exceptions=False)
    tried = [visitor.get("/sign-in/callback?state=x&code=y").status_code for _ in range(5)]
    assert tried == [401] * 3 + [429] * 2


def test_an_account_that_somebody_came_into_by_a_link_is_not_given_to_a_namesake(
    store: Engine, there: IdentityProvider, visit: Callable[[], TestClient]
) -> None:
    with unit_of_work(store) as connection:
        number = add_account(connection, NewAccount("linked@x.org"), at=now())
        begin_in(
            connection, NewSession("h" * 64, "link", now() + timedelta(days=1), account=number), at=now()
        )
    there.claims = {"sub": "s-40", "preferred_username": "linked@x.org", "name": "Lin\u202eked\x07"}
    for _ in range(2):
        come_back(visit(), there)
    with store.connect() as connection:
        row = connection.execute(select(Account.id, Account.shown).where(Account.subject == "s-40")).one()
    assert row.id != number
    assert row.shown == "Linked", "as on the first sign-in, so on those that follow"


def test_a_provider_that_is_away_is_asked_once_in_a_while() -> None:
    there = IdentityProvider(away=True)
    metadata = there.provider().metadata
    for seconds in (0, 1, 14):
        with pytest.raises(ProviderAway, match="does not answer as expected"):
            metadata.get(LOADED + timedelta(seconds=seconds))
    assert len(there.asked) == 1
    there.away = False
    assert metadata.get(LOADED + timedelta(seconds=40))["issuer"] == ISSUER


def test_few_wait_for_a_provider_that_does_not_answer_and_the_others_are_told_so() -> None:
    """Else all threads of the server would."""
    answers, asked = Event(), Event()

    def slowly(_request: httpx.Request) -> httpx.Response:
        asked.set()
        assert answers.wait(30)
        raise httpx.ReadTimeout("too late")

    metadata = Metadata(ISSUER, httpx.MockTransport(slowly))
    with ThreadPoolExecutor(12) as threads:
        first = [threads.submit(metadata.get, LOADED) for _ in range(8)]
        assert asked.wait(30)
        while metadata._waiting._value:
            pass
        with pytest.raises(ProviderAway, match="is being asked at the moment"):
            metadata.get(LOADED)
        answers.set()
        assert {type(each.exception()) for each in first} == {ProviderAway}


def test_signing_out_offers_to_sign_out_there_too(visit: Callable[[], TestClient]) -> None:
    out = visit().get("/sign-in?out=provider")
    assert "https://id.example/out?client_id=muster" in out.text
    assert "https://id.example/out" not in visit().get("/sign-in?out=password").text
