"""The one way to call a tracker: what is tried again, what is waited for, what is refused and in which words."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from connectors.base import Traffic
from connectors.errors import AccessDenied, MisconfiguredSource, SourceUnavailable
from connectors.http import ATTEMPTS, Http, HttpDenied, HttpError, HttpUnavailable
from connectors.pace import seconds_asked

Handler = Callable[[httpx.Request], httpx.Response]


class Naps:
    """A sleep that only remembers."""

    def __init__(self) -> None:
        self.taken: list[float] = []

    def __call__(self, seconds: float) -> None:
        self.taken.append(seconds)


def http(handler: Handler, naps: Naps | None = None, **options: Any) -> Http:
    options = {"base_url": "https://tracker.example.com/ctx", "auth": ("me", "secret-token"), **options}
    return Http("src", transport=httpx.MockTransport(handler), sleep=naps or Naps(), **options)


def then_fine(*answers: httpx.Response | Exception) -> tuple[Handler, list[httpx.Request]]:
    """Answer with these in turn, and with an empty object from then on."""
    left = list(answers)
    seen: list[httpx.Request] = []

    def handler(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        answer = left.pop(0) if left else httpx.Response(200, json={})
        if isinstance(answer, Exception):
            raise answer
        return answer

    return handler, seen


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504, 522])
def test_a_passing_failure_is_tried_again(status: int) -> None:
    handler, seen = then_fine(httpx.Response(status), httpx.Response(status))
    naps, traffic = Naps(), Traffic()

    http(handler, naps, traffic=traffic).get("/x")

    assert len(seen) == 3
    assert (traffic.requests, traffic.retries) == (3, 2)
    assert 0 < naps.taken[0] < naps.taken[1] < 5


@pytest.mark.parametrize(
    "error",
    [
        httpx.ConnectTimeout("slow"),
        httpx.ReadTimeout("slow"),
        httpx.ReadError("reset"),
        httpx.RemoteProtocolError("peer closed connection without sending complete message body"),
    ],
)
def test_a_broken_connection_is_tried_again(error: Exception) -> None:
    handler, seen = then_fine(error)

    http(handler).post("/search", {"jql": "x"})

    assert len(seen) == 2
    assert seen[1].content == b'{"jql":"x"}'


@pytest.mark.parametrize("status", [400, 404, 409, 410, 412, 423])
def test_what_repeating_does_not_change_is_asked_once(status: int) -> None:
    handler, seen = then_fine(
        httpx.Response(status, json={"errorMessages": ["Unbounded JQL queries are not allowed"]})
    )

    with pytest.raises(HttpError, match="Unbounded JQL") as caught:
        http(handler).get("/x")

    assert caught.value.status == status
    assert b"Unbounded" in caught.value.body
    assert isinstance(caught.value, MisconfiguredSource)
    assert len(seen) == 1


def test_a_caller_may_take_a_refusal_as_an_answer() -> None:
    handler, _ = then_fine(httpx.Response(404, json={"errorMessages": ["no"]}))

    assert http(handler).get("/x", ok=(200, 404)).status == 404


def test_a_host_that_goes_on_failing_is_given_up_in_words() -> None:
    handler, seen = then_fine(*[httpx.Response(502)] * 20)

    with pytest.raises(HttpUnavailable, match="last: HTTP 502") as caught:
        http(handler).get("/x")

    assert len(seen) == ATTEMPTS
    assert caught.value.status == 502


def test_retry_after_is_waited_for_in_seconds_as_a_date_and_as_zero() -> None:
    soon = format_datetime(datetime.now(UTC) + timedelta(seconds=40), usegmt=True)
    for value, low, high in (("7", 6.9, 8.0), (soon, 38.0, 42.0), ("0", 0.0, 0.0)):  # and never less
        handler, seen = then_fine(httpx.Response(429, headers={"Retry-After": value}))
        naps = Naps()

        http(handler, naps).get("/x")

        assert len(seen) == 2
        assert low <= max(naps.taken, default=0.0) <= high


def test_without_retry_after_the_reset_time_is_waited_for() -> None:
    later = (datetime.now(UTC) + timedelta(seconds=100)).strftime("%Y-%m-%dT%H:%MZ")  # as Jira writes it

    assert 0 <= (seconds_asked({"x-ratelimit-reset": later}) or 0) <= 100
    assert seconds_asked({"x-ratelimit-reset": str(time.time() + 50)}) == pytest.approx(50, abs=1)
    assert seconds_asked({"x-ratelimit-reset": "30"}) == 30
    assert seconds_asked({"retry-after": "nonsense"}) is None
    assert seconds_asked({}) is None


def test_a_wait_longer_than_two_minutes_is_left_to_the_schedule() -> None:
    handler, seen = then_fine(httpx.Response(429, headers={"Retry-After": "1847"}))
    naps = Naps()

    with pytest.raises(SourceUnavailable, match="1847 seconds") as caught:
        http(handler, naps).get("/x")

    assert caught.value.retry_after_s == pytest.approx(1847, abs=1)
    assert len(seen) == 1
    assert naps.taken == []


def test_a_delay_asked_for_on_success_holds_up_the_next_call_to_that_host() -> None:
    handler, _ = then_fine(httpx.Response(200, json={}, headers={"X-RateLimit-Delay": "3"}))
    naps, traffic = Naps(), Traffic()
    client = http(handler, naps, traffic=traffic)

    client.get("/x")
    assert naps.taken == []
    client.get("/x")

    assert naps.taken == [pytest.approx(3.15, abs=0.25)]
    assert traffic.waited_s == naps.taken[0]


def test_retry_after_zero_on_success_holds_nobody_up() -> None:
    handler, _ = then_fine(httpx.Response(200, json={}, headers={"Retry-After": "0"}))
    naps = Naps()
    client = http(handler, naps)

    client.get("/x")
    client.get("/x")

    assert naps.taken == []


def test_a_pause_holds_for_every_client_of_the_same_identity_on_the_same_host() -> None:
    handler, _ = then_fine(httpx.Response(200, json={}, headers={"Retry-After": "5"}))
    transport = httpx.MockTransport(handler)
    naps, others = Naps(), Naps()
    address = "https://tracker.example.com"
    first = Http("a", base_url=address, auth=("me", "token"), transport=transport, sleep=naps)
    same = Http("b", base_url=address, auth=("me", "token"), transport=transport, sleep=naps)
    other = Http("c", base_url=address, auth=("you", "token"), transport=transport, sleep=others)

    first.get("/x")
    other.get("/x")
    same.get("/x")

    assert others.taken == []
    assert naps.taken == [pytest.approx(5.25, abs=0.35)]


def test_no_more_requests_are_under_way_at_once_than_agreed_also_by_several_clients() -> None:
    now, most = 0, 0
    lock = threading.Lock()

    def handler(_request: httpx.Request) -> httpx.Response:
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
        time.sleep(0.01)
        with lock:
            now -= 1
        return httpx.Response(200, json={})

    transport = httpx.MockTransport(handler)
    clients = [
        Http(
            "s", base_url="https://tracker.example.com", auth=("me", "t"), transport=transport, connections=3
        )
        for _ in range(2)
    ]
    threads = [threading.Thread(target=clients[index % 2].get, args=("/x",)) for index in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert most == 3


@pytest.mark.parametrize("status", [401, 403, 407])
def test_refused_credentials_say_what_to_do_and_are_not_tried_again(status: int) -> None:
    handler, seen = then_fine(httpx.Response(status, json={"message": "for secret-token: no"}))

    with pytest.raises(HttpDenied) as caught:
        http(handler, login_hint="Make a new token.").get("/x")

    words = {401: "Make a new token", 403: "ask the owner for the permission", 407: "proxy"}
    assert words[status] in str(caught.value)
    assert "secret-token" not in str(caught.value)
    assert isinstance(caught.value, AccessDenied)
    assert len(seen) == 1


def test_a_host_that_limits_by_refusing_is_waited_for() -> None:
    handler, seen = then_fine(httpx.Response(401, headers={"Retry-After": "2"}))

    http(handler).get("/x")

    assert len(seen) == 2


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (httpx.Response(203, html="<html>Sign in</html>"), "203.*sign-in page"),
        (httpx.Response(302, headers={"Location": "https://login.example.com/sso?x=1"}), "sign-in page"),
        (httpx.Response(302, headers={"Location": "/login.jsp?os_destination=x"}), "sign-in page"),
        (httpx.Response(200, html="<!DOCTYPE html><p>Welcome"), "web page instead of data"),
    ],
)
def test_a_sign_in_page_in_any_disguise_is_a_refusal(answer: httpx.Response, words: str) -> None:
    handler, _ = then_fine(answer)

    with pytest.raises(AccessDenied, match=words):
        http(handler).get("/x").json()


def test_a_moved_address_is_named() -> None:
    handler, _ = then_fine(httpx.Response(301, headers={"Location": "https://new.example.com/ctx/x"}))

    with pytest.raises(MisconfiguredSource, match=r"https://new\.example\.com/ctx/x.*base_url"):
        http(handler).get("/x")


def test_what_is_not_json_is_told() -> None:
    handler, _ = then_fine(httpx.Response(200, text="oops", headers={"Content-Type": "text/plain"}))

    with pytest.raises(MisconfiguredSource, match="text/plain that is not JSON"):
        http(handler).get("/x").json()


def test_credentials_go_to_no_other_origin() -> None:
    handler, seen = then_fine()
    client = http(handler)

    client.get("https://tracker.example.com/ctx/next?page=2")
    with pytest.raises(MisconfiguredSource, match="another host"):
        client.get("https://evil.example.com/next")
    with pytest.raises(MisconfiguredSource, match="another host"):
        client.get("http://tracker.example.com/ctx/next")

    assert [str(one.url) for one in seen] == ["https://tracker.example.com/ctx/next?page=2"]


def test_the_raw_page_holds_the_request_and_no_secret() -> None:
    handler, _ = then_fine()
    client = http(handler)

    plain = client.post("/search", {"jql": "a = b", "nextPageToken": "p2"}).part()
    starred = client.get("/x", {"access_token": "abc123", "q": "secret-token", "nextPageToken": "p3"}).part()

    assert plain.request == (
        'POST https://tracker.example.com/ctx/search {"jql":"a = b","nextPageToken":"p2"}'
    )
    assert plain.body == b"{}"
    assert "abc123" not in starred.request
    assert "secret-token" not in starred.request
    assert "p3" in starred.request


@pytest.mark.parametrize(
    "address",
    ["tracker.example.com", "ftp://tracker.example.com", "https://me:secret-token@tracker.example.com"],
)
def test_an_address_that_cannot_be_meant_is_refused(address: str) -> None:
    with pytest.raises(MisconfiguredSource, match="base_url") as caught:
        Http("src", base_url=address)
    if "@" in address:
        assert "secret-token" not in str(caught.value)


def test_a_certificate_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    broken = tmp_path / "ca.pem"
    broken.write_text("no certificate")

    for path in (broken, tmp_path / "missing.pem"):
        with pytest.raises(MisconfiguredSource, match=path.name):
            Http("src", base_url="https://tracker.example.com", ca_bundle=str(path))


@contextmanager
def answering(*answers: bytes) -> Iterator[str]:
    """Serve raw bytes on loopback, one answer a connection, and hang up."""
    server = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        for answer in answers:
            connection, _ = server.accept()
            connection.recv(65536)
            connection.sendall(answer)
            connection.close()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"
    finally:
        server.close()
        thread.join(5)


def test_a_body_cut_off_on_the_wire_is_fetched_again() -> None:
    cut = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 11\r\n\r\n{"
    whole = b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 11\r\n\r\n{"whole":1}'
    traffic = Traffic()

    with answering(cut, b"", whole) as address:
        client = Http("src", base_url=address, traffic=traffic, sleep=Naps())
        assert client.get("/x").json() == {"whole": 1}
        client.close()

    assert traffic.retries == 2


def test_a_port_nobody_listens_on_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    client = Http("src", base_url=f"http://127.0.0.1:{port}", sleep=Naps())

    with pytest.raises(SourceUnavailable, match="refuses connections"):
        client.get("/x")
    client.close()


def test_a_proxy_nobody_listens_at_is_told_and_not_the_tracker_blamed() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    proxy = f"http://me:secret-of-proxy@127.0.0.1:{port}"
    client = Http("src", base_url="http://tracker.invalid", proxy=proxy, sleep=Naps())

    with pytest.raises(
        SourceUnavailable, match=rf"127\.0\.0\.1:{port} refuses.*the port in proxy is wrong"
    ) as caught:
        client.get("/x")
    assert "secret-of-proxy" not in str(caught.value)
    client.close()


def test_http_spoken_where_https_is_expected_is_told() -> None:
    with answering(b"HTTP/1.1 400 Bad Request\r\n\r\n") as address:
        client = Http("src", base_url=address.replace("http://", "https://"), sleep=Naps())
        with pytest.raises(SourceUnavailable, match="Check whether base_url is https or http"):
            client.get("/x")
        client.close()


def test_a_private_authority_is_trusted_when_it_is_given_and_named_when_it_is_not(tmp_path: Path) -> None:
    import ssl

    import trustme

    authority = trustme.CA()
    bundle = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(bundle)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    server = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        for _ in range(2):
            plain, _ = server.accept()
            try:
                with context.wrap_socket(plain, server_side=True) as connection:
                    connection.recv(65536)
                    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
            except ssl.SSLError:
                plain.close()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    address = f"https://127.0.0.1:{server.getsockname()[1]}"
    stranger = Http("src", base_url=address, sleep=Naps())
    friend = Http("src", base_url=address, ca_bundle=str(bundle), sleep=Naps())
    with pytest.raises(SourceUnavailable, match=r"not trusted.*ca_bundle"):
        stranger.get("/x")
    assert friend.get("/x").status == 200
    for client in (stranger, friend):
        client.close()
    thread.join(5)
    server.close()
