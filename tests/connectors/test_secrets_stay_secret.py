"""Secrets that a host says back, that an exception holds, that a log line quotes: none is ever seen."""

import base64
import logging
import sys
import threading
import traceback
from collections.abc import Callable
from typing import Any, Final
from urllib.parse import quote, quote_plus

import httpx
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.errors import ConnectorError
from connectors.grants import Grant
from connectors.http import Answer, Http
from connectors.oauth import OAuthToken
from connectors.redaction import forms_of, remember, scrubbed
from sync.failures import in_words
from sync.scrubbing import Scrubbing, scrub_crashes
from tests.support.authority import Clock, MemoryStore, Rotating, authority

ADDRESS = "https://tracker.example.com"
MARKERS = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=8, max_size=40).map(
    "mk".__add__
)
STATUSES = [200, 203, 301, 302, 400, 401, 403, 404, 407, 409, 410, 429, 500, 502, 503]

# How a host, a proxy or a library may say a secret back.
ECHOES: Final[dict[str, Callable[[str], str]]] = {
    "plain": str,
    "in an address": lambda secret: f"{ADDRESS}/x?next={quote(secret, safe='')}",
    "in a form": lambda secret: f"password={quote_plus(secret)}",
    "in JSON": lambda secret: orjson.dumps({"message": f"bad token {secret}"}).decode(),
    "in Jira's JSON": lambda secret: orjson.dumps(
        {"errorMessages": [secret], "errors": {"x": secret}}
    ).decode(),
    "as Basic": lambda secret: f"Authorization: Basic {base64.b64encode(f'me:{secret}'.encode()).decode()}",
    "as Bearer": lambda secret: f"Authorization: Bearer {secret}",
    "as base64": lambda secret: base64.b64encode(secret.encode()).decode(),
    "in a page": lambda secret: f"<!DOCTYPE html><p>Sorry, {secret}</p>",
}


def holds(text: str, secret: str) -> bool:
    """Whether a text shows a secret in any form a person could use."""
    pair = base64.b64encode(f"me:{secret}".encode()).decode()
    return any(form in text for form in (*forms_of(secret), pair))


def client(handler: Any, kind: str, secret: str) -> Http:
    ways: dict[str, dict[str, Any]] = {
        "basic": {"auth": ("me", secret)},
        "bearer": {"headers": {"Authorization": f"Bearer {secret}"}},
        "private header": {"headers": {"X-Api-Key": secret}},
    }
    return Http(
        "src", base_url=ADDRESS, transport=httpx.MockTransport(handler), sleep=lambda _: None, **ways[kind]
    )


def everything(error: BaseException) -> str:
    """All that could be printed of an exception: itself, its chain, its fields, its words for an officer."""
    fields = {name: value for name, value in vars(error).items() if name != "headers"}
    return "\n".join([*traceback.format_exception(error), repr(error), repr(fields), in_words(error)])


@pytest.mark.parametrize("kind", ["basic", "bearer", "private header"])
@given(
    secret=MARKERS,
    status=st.sampled_from(STATUSES),
    echo=st.sampled_from(sorted(ECHOES)),
    where=st.sampled_from(["body", "location", "www-authenticate", "retry-after", "content-type", "reason"]),
)
def test_a_host_that_says_our_secret_back_is_not_quoted_with_it(
    kind: str, secret: str, status: int, echo: str, where: str
) -> None:
    said = ECHOES[echo](secret)

    def handler(_: httpx.Request) -> httpx.Response:
        if where == "body":
            return httpx.Response(status, text=said)
        if where == "reason":
            return httpx.Response(status, extensions={"reason_phrase": said.encode("ascii", "replace")})
        return httpx.Response(status, headers={where: said})

    http = client(handler, kind, secret)
    calls: tuple[Callable[[], Answer], ...] = (
        lambda: http.get("/x", {"q": secret, "token": secret}),
        lambda: http.post("/x", {"jql": secret}),
    )
    for call in calls:
        try:
            answer = call()
            assert not holds(answer.request, secret)
            assert not holds(repr(answer), secret)
            answer.json()
        except ConnectorError as error:
            assert not holds(everything(error), secret)  # noqa: PT017 - whether it fails is not the point
    http.close()


@given(
    secret=MARKERS,
    make=st.sampled_from(
        [
            httpx.ConnectError,
            httpx.ReadTimeout,
            httpx.ProxyError,
            httpx.RemoteProtocolError,
            httpx.DecodingError,
        ]
    ),
)
def test_a_library_that_quotes_our_secret_is_not_quoted(secret: str, make: Any) -> None:
    def handler(request: httpx.Request) -> httpx.Response:
        raise make(f"cannot reach http://me:{secret}@proxy.example.com with {secret}", request=request)

    http = client(handler, "basic", secret)
    with pytest.raises(ConnectorError) as caught:
        http.get("/x")
    assert not holds(everything(caught.value), secret)
    http.close()


@given(secret=MARKERS, status=st.sampled_from([400, 401, 403]), echo=st.sampled_from(sorted(ECHOES)))
def test_an_authority_that_says_tokens_back_is_not_quoted_with_them(
    secret: str, status: int, echo: str
) -> None:
    rotating = Rotating()
    body = {"error": "invalid_grant", "error_description": ECHOES[echo](secret)}
    rotating.answers = [httpx.Response(status, json=body)]
    token = OAuthToken(authority(rotating), MemoryStore(Grant(secret)), Clock())

    with pytest.raises(ConnectorError) as caught:
        token.token()
    assert not holds(everything(caught.value), secret)


@given(
    secret=MARKERS,
    before=st.text(max_size=10),
    after=st.text(max_size=10),
    echo=st.sampled_from(sorted(ECHOES)),
)
def test_a_secret_once_known_is_starred_wherever_it_turns_up(
    secret: str, before: str, after: str, echo: str
) -> None:
    remember(secret)

    assert not holds(scrubbed(before + ECHOES[echo](secret) + after).replace("as Basic", ""), secret)


def test_a_log_line_and_its_traceback_are_starred() -> None:
    remember("marker-in-a-log")
    lines: list[str] = []

    class Keeping(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(self.format(record))

    handler = Keeping()
    handler.setFormatter(Scrubbing(logging.Formatter("%(message)s")))
    log = logging.Logger("of this test")  # noqa: LOG001 - it belongs to nobody else
    log.addHandler(handler)
    error = ValueError("held marker-in-a-log")
    log.error("saw %s", "marker-in-a-log", exc_info=error)

    assert "ValueError: held ***" in lines[0]
    assert "marker" not in lines[0]


def test_a_crash_is_printed_without_secrets_in_any_thread(capsys: pytest.CaptureFixture[str]) -> None:
    remember("marker-of-a-crash")
    kept = sys.excepthook, threading.excepthook
    scrub_crashes()
    try:
        error = RuntimeError("held marker-of-a-crash")
        sys.excepthook(type(error), error, None)
        threading.excepthook(threading.ExceptHookArgs((type(error), error, None, None)))
    finally:
        sys.excepthook, threading.excepthook = kept

    said = capsys.readouterr().err
    assert said.count("RuntimeError: held ***") == 2
    assert "marker" not in said
