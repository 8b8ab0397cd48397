"""Tokens that rotate: exchanged in time, stored before they are used, never spent twice, lost in words."""

import threading
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from connectors.errors import AccessDenied, MisconfiguredSource, SourceUnavailable
from connectors.grants import Grant
from connectors.oauth import OAuthToken
from tests.support.authority import NOW, Clock, MemoryStore, Rotating, authority


def signed_in(rotating: Rotating | None = None) -> tuple[OAuthToken, MemoryStore, Clock]:
    clock, store = Clock(), MemoryStore(Grant("refresh-0"))
    return OAuthToken(authority(rotating or Rotating()), store, clock), store, clock


def calling(token: OAuthToken, *statuses: int, body: Any = None) -> list[str]:
    """Call a service that answers with these statuses in turn; returns the tokens it saw."""
    seen: list[str] = []
    left = list(statuses)

    def service(request: httpx.Request) -> httpx.Response:
        seen.append(request.headers["Authorization"])
        return httpx.Response(left.pop(0) if left else 200, json=body)

    with httpx.Client(auth=token, transport=httpx.MockTransport(service)) as client:
        client.get("https://api.example.com/x")
    return seen


def test_the_next_token_is_stored_before_it_is_used() -> None:
    token, store, _ = signed_in()

    assert calling(token) == ["Bearer access-1"]
    assert store.log == ["begin", "stored refresh-1"]
    assert store.grant == Grant("refresh-1", "access-1", store.grant.expires_at if store.grant else None)


def test_a_token_is_used_until_a_minute_before_its_end() -> None:
    token, store, clock = signed_in()

    assert token.token() == "access-1"
    clock.forward(minutes=58)
    assert token.token() == "access-1"
    clock.forward(minutes=1)
    assert token.token() == "access-2"
    assert store.log.count("begin") == 2


def test_a_token_that_is_refused_is_exchanged_once_and_not_for_ever() -> None:
    token, store, clock = signed_in()
    token.token()
    clock.forward(minutes=5)

    assert calling(token, 401, 401) == ["Bearer access-1", "Bearer access-2"]
    assert calling(token, 401) == ["Bearer access-2"], "it is new: its age is not what is wrong with it"
    assert store.log.count("begin") == 2


def test_a_refusal_for_a_scope_spends_no_refresh_token() -> None:
    token, store, clock = signed_in()
    token.token()
    clock.forward(minutes=5)

    seen = calling(token, 401, body={"code": 401, "message": "Unauthorized; scope does not match"})

    assert seen == ["Bearer access-1"]
    assert store.log.count("begin") == 1


def test_threads_that_need_a_token_at_once_spend_one_refresh_token() -> None:
    rotating = Rotating()
    token, _, _ = signed_in(rotating)
    found: list[str] = []
    threads = [threading.Thread(target=lambda: found.append(token.token())) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert found == ["access-1"] * 8
    assert len(rotating.asked) == 1


def test_what_another_process_has_exchanged_is_taken_over() -> None:
    rotating = Rotating()
    token, store, clock = signed_in(rotating)
    token.token()
    clock.forward(hours=2)
    rotating.number = 7
    store.grant = Grant("refresh-7", "access-7", clock.now.replace(hour=12))

    assert token.token() == "access-7"
    assert len(rotating.asked) == 1


def test_an_authority_that_does_not_rotate_leaves_the_refresh_token_as_it_is() -> None:
    rotating = Rotating()
    rotating.answers = [httpx.Response(200, json={"access_token": "only", "expires_in": 3600})]
    token, store, _ = signed_in(rotating)

    assert token.token() == "only"
    assert store.log[-1] == "stored refresh-0"


def test_nobody_signed_in_yet_is_told_with_the_command() -> None:
    token = OAuthToken(authority(Rotating()), MemoryStore(), Clock())

    with pytest.raises(AccessDenied, match="muster source login delivery"):
        token.token()


def test_without_a_store_no_token_is_ever_spent() -> None:
    rotating = Rotating()

    with pytest.raises(MisconfiguredSource, match="no store"):
        OAuthToken(authority(rotating), None, Clock()).token()
    assert rotating.asked == []


def test_a_refresh_token_that_ended_is_told_without_it_and_asked_for_once() -> None:
    rotating = Rotating()
    rotating.number = 3
    token, store, _ = signed_in(rotating)

    for _ in range(3):
        with pytest.raises(AccessDenied, match=r"revoked.*muster source login delivery") as caught:
            token.token()
        assert "refresh-0" not in str(caught.value)
    assert len(rotating.asked) == 1
    assert store.left_off_at is None, "the authority answered: nothing was lost on the way"


def test_a_crash_between_exchange_and_store_is_survived_while_the_authority_takes_the_old_token() -> None:
    token, store, clock = signed_in()
    store.begin(clock.now)  # and then its process died; this authority never saw the token

    assert token.token() == "access-1"
    assert store.left_off_at is None


def test_a_token_lost_in_a_crash_is_told_with_the_time_of_the_crash() -> None:
    rotating = Rotating()
    rotating.number = 1
    token, store, clock = signed_in(rotating)
    store.begin(clock.now)
    clock.forward(minutes=25)

    with pytest.raises(
        AccessDenied, match=r"began at 2026-03-02 09:00 UTC, 25 minutes ago, was never stored"
    ):
        token.token()


def test_an_authority_out_of_reach_is_no_refusal_and_may_be_asked_again() -> None:
    rotating = Rotating()
    rotating.answers = [httpx.Response(503)] * 6
    token, store, _ = signed_in(rotating)

    with pytest.raises(SourceUnavailable, match=r"auth\.example\.com"):
        token.token()
    assert token.token() == "access-1"
    assert store.log == ["begin", "begin", "stored refresh-1"]


def test_a_lost_answer_is_asked_for_again_for_it_may_be_given_twice() -> None:
    rotating = Rotating()
    rotating.answers = [httpx.ReadError("reset")]
    token, _, _ = signed_in(rotating)

    assert token.token() == "access-1"
    assert [asked["refresh_token"] for asked in rotating.asked] == ["refresh-0", "refresh-0"]


@pytest.mark.parametrize(("status", "error"), [(401, "access_denied"), (400, "invalid_client")])
def test_a_wrong_client_secret_is_told(status: int, error: str) -> None:
    rotating = Rotating()
    rotating.answers = [
        httpx.Response(status, json={"error": error, "error_description": "app-secret-value"})
    ]
    token, _, _ = signed_in(rotating)

    with pytest.raises(AccessDenied, match="check client_id and client_secret") as caught:
        token.token()
    assert "app-secret-value" not in str(caught.value)


def test_a_service_account_gets_its_token_by_itself_and_keeps_it_in_memory() -> None:
    rotating = Rotating()
    token = OAuthToken(authority(rotating), None, Clock(), service=True)

    assert (token.token(), token.token()) == ("access-1", "access-1")
    assert [asked["grant_type"] for asked in rotating.asked] == ["client_credentials"]


def test_the_page_of_consent_names_scopes_callback_and_state() -> None:
    url = urlsplit(authority(Rotating()).consent_url("state-1"))
    asked = {name: values[0] for name, values in parse_qs(url.query).items()}

    assert url.path == "/authorize"
    assert asked == {
        "audience": "api.atlassian.com",
        "client_id": "app-1",
        "scope": "read:jira-work offline_access",
        "redirect_uri": "http://127.0.0.1:8976/callback",
        "state": "state-1",
        "response_type": "code",
        "prompt": "consent",
    }


def test_a_code_is_redeemed_for_the_first_grant_and_one_without_a_refresh_token_is_refused() -> None:
    rotating = Rotating()
    assert authority(rotating).redeem("code-1", NOW).refresh == "refresh-1"
    assert rotating.asked[0]["redirect_uri"] == "http://127.0.0.1:8976/callback"

    rotating.answers = [httpx.Response(200, json={"access_token": "a"})]
    with pytest.raises(AccessDenied, match="offline_access"):
        authority(rotating).redeem("code-2", NOW)


def test_a_data_center_is_asked_with_a_form() -> None:
    seen: list[str] = []

    def server(request: httpx.Request) -> httpx.Response:
        seen.append(request.content.decode())
        return httpx.Response(200, json={"access_token": "a", "refresh_token": "r", "expires_in": 7200})

    authority(server, form=True).exchange("refresh-0", NOW, None)

    asked = {name: values[0] for name, values in parse_qs(seen[0]).items()}
    assert asked["grant_type"] == "refresh_token"
    assert asked["redirect_uri"] == "http://127.0.0.1:8976/callback"


def test_a_grant_shows_no_token_when_it_is_printed() -> None:
    assert "refresh-0" not in repr(Grant("refresh-0", "access-0"))
    assert "access-0" not in repr(Grant("refresh-0", "access-0"))
