"""What hosts say of their limits, and what a process makes of it."""

import gzip
import socket
import threading
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.address import origin_of
from connectors.base import Budget, Traffic
from connectors.errors import BudgetSpent, MisconfiguredSource, SourceUnavailable
from connectors.http import ATTEMPTS_REFUSED, Http, HttpDenied, HttpError, HttpUnavailable
from connectors.limits import seconds_asked, soft_delay
from connectors.pace import Pace, Share, TooLong, shared_pace
from connectors.stopping import Interrupted, stopping

ADDRESS = "https://tracker.example.com"


def nothing(_: float) -> None:
    """Wait for nothing."""


class Naps:
    def __init__(self) -> None:
        self.taken: list[float] = []

    def __call__(self, seconds: float) -> None:
        self.taken.append(seconds)


def ahead(**span: float) -> str:
    return (datetime.now(UTC) + timedelta(**span)).strftime("%Y-%m-%dT%H:%M:%SZ")


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ({}, 0.0),
        ({"x-ratelimit-limit": "350", "x-ratelimit-remaining": "349"}, 0.0),  # Jira Cloud in calm weather
        ({"retry-after": "0"}, 0.0),  # Data Center says it on every answer
        ({"retry-after": "3.2", "x-ratelimit-delay": "1.5"}, 3.2),  # Azure DevOps
        ({"x-ratelimit-delay": "0.45"}, 0.45),
        ({"ratelimit": '"global-app-quota";r=600;t=1200'}, 2.0),  # Jira Cloud's points
        ({"beta-ratelimit": '"tenant-quota"; r=0; t=1800'}, 30.0),  # a right answer never stops us for long
        ({"ratelimit-limit": "1200", "ratelimit-remaining": "100", "ratelimit-reset": "5"}, 0.05),  # Graph
        ({"ratelimit-limit": "1200", "ratelimit-remaining": "0", "ratelimit-reset": "5"}, 5.0),
        (
            {
                "x-ratelimit-limit": "100",
                "x-ratelimit-remaining": "10",
                "x-ratelimit-fillrate": "50",
                "x-ratelimit-interval-seconds": "60",
            },
            1.2,  # Data Center's bucket: fifty a minute
        ),
        ({"x-ratelimit-nearlimit": "true", "x-ratelimit-remaining": "30", "x-ratelimit-reset": "60"}, 2.0),
        ({"x-ratelimit-limit": "many", "x-ratelimit-remaining": "few", "x-ratelimit-reset": "soon"}, 0.0),
    ],
)
def test_a_right_answer_slows_us_down_as_far_as_it_asks(said: dict[str, str], seconds: float) -> None:
    assert soft_delay(httpx.Headers(said)) == pytest.approx(seconds, abs=0.01)


@pytest.mark.parametrize(
    ("said", "low", "high"),
    [
        ({"retry-after": "7"}, 7, 7),
        ({"retry-after": "0"}, 0, 0),
        ({"retry-after": " Mon, 02 Mar 2020 09:00:00 GMT"}, 0, 0),
        ({"x-ratelimit-reset": "30"}, 30, 30),
        ({"x-ratelimit-reset": str(int((time.time() + 5000) * 1000))}, 4000, 5000),  # milliseconds
        ({"ratelimit-reset": "12"}, 12, 12),
        ({"ratelimit": '"tenant";r=0;t=900'}, 900, 900),
        ({"x-ratelimit-reset": ahead(seconds=5000)}, 4000, 5000),
    ],
)
def test_a_refusal_says_for_how_long(said: dict[str, str], low: float, high: float) -> None:
    asked = seconds_asked(httpx.Headers(said))
    assert asked is not None
    assert low <= asked <= high


@given(
    st.dictionaries(
        st.sampled_from(
            ["retry-after", "x-ratelimit-reset", "x-ratelimit-remaining", "x-ratelimit-limit", "ratelimit",
             "ratelimit-reset", "x-ratelimit-delay", "x-ratelimit-nearlimit", "x-ratelimit-fillrate",
             "x-ratelimit-interval-seconds", "ratelimit-remaining"]
        ),
        st.one_of(
            st.text(st.characters(codec="ascii"), max_size=20),
            st.floats().map(str), st.integers().map(str), st.just("true"),
        ),
    )
)  # fmt: skip
def test_whatever_a_host_says_is_a_wait_of_some_length_or_none(said: dict[str, str]) -> None:
    asked, slowed = seconds_asked(said), soft_delay(said)

    assert asked is None or 0 <= asked < float("inf")
    assert 0 <= slowed < float("inf")


def test_every_complaint_halves_what_is_in_flight_and_calm_widens_it_again() -> None:
    pace = Pace(spread=lambda: 0.0)
    share = Share(pace, 8)
    with share.turn(nothing, nothing):
        assert pace.room == 8
    pace.pause(0)
    pace.pause(0)
    assert pace.room == 2
    pace.pause(1, complaint=False)
    assert pace.room == 2, "a soft delay is no complaint"
    for _ in range(20 * 6):
        pace.answered()
    assert pace.room == 8


def test_those_who_waited_a_pause_out_come_back_one_after_the_other_and_never_early() -> None:
    draws = iter([0.0, 0.5, 0.999])
    pace = Pace(spread=lambda: next(draws))
    naps = Naps()
    for _ in range(3):
        pace.pause(10)
        with Share(pace, 4).turn(naps, nothing):
            pass

    assert [round(each, 1) for each in naps.taken] == [10.0, 10.5, 11.0]


def test_a_pause_asked_for_while_another_is_slept_out_is_slept_as_well() -> None:
    pace = Pace(spread=lambda: 0.0)
    taken: list[float] = []

    def sleep(seconds: float) -> None:
        taken.append(seconds)
        if len(taken) == 1:
            pace.pause(seconds + 5)

    pace.pause(10)
    with Share(pace, 4).turn(sleep, nothing):
        pass

    assert taken == [pytest.approx(10, abs=0.1), pytest.approx(5, abs=0.1)]


def test_pauses_set_by_many_threads_end_with_the_longest() -> None:
    for _ in range(20):
        pace = Pace(spread=lambda: 0.0)
        threads = [threading.Thread(target=pace.pause, args=(seconds,)) for seconds in range(1, 60)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        naps = Naps()
        with Share(pace, 1).turn(naps, nothing):
            pass
        assert naps.taken == [pytest.approx(59, abs=0.5)]


def test_a_client_that_only_looks_at_a_configuration_narrows_nobody() -> None:
    wide, narrow = shared_pace("host-a:443", "me", 8, 1), shared_pace("host-a:443", "me", 1, 1)
    with wide.turn(nothing, nothing):
        assert wide.pace.room == 8
    with narrow.turn(nothing, nothing):
        assert wide.pace.room == 1, "it calls, so it counts"
    narrow.close()
    assert wide.pace.room == 8


def test_a_pause_outlives_the_client_it_was_asked_of() -> None:
    first = shared_pace("host-b:443", "me", 8)
    first.pace.pause(30)
    first.close()
    del first
    naps = Naps()

    with shared_pace("host-b:443", "me", 8).turn(naps, nothing):
        pass

    assert 29 < naps.taken[0] < 33


def test_a_host_that_wants_to_be_left_alone_for_a_day_is_asked_again_after_an_hour() -> None:
    pace = Pace(spread=lambda: 0.0)
    pace.pause(86_400)

    with pytest.raises(TooLong) as caught, Share(pace, 1).turn(nothing, nothing):
        pass

    assert caught.value.seconds == pytest.approx(3600, abs=1)


def test_who_waits_for_a_place_is_let_go_when_the_process_stops() -> None:
    share = Share(Pace(), 1)
    ended: list[str] = []

    def wait() -> None:
        try:
            with share.turn(nothing, nothing):
                ended.append("went on")
        except Interrupted:
            ended.append("stopped")

    with share.turn(nothing, nothing):
        thread = threading.Thread(target=wait)
        thread.start()
        stopping.set()
        try:
            thread.join(5)
        finally:
            stopping.clear()

    assert ended == ["stopped"]


def test_a_limit_without_a_word_on_how_long_holds_up_everybody_and_longer_each_time() -> None:
    answers = [httpx.Response(429), httpx.Response(503), httpx.Response(429)]

    def handler(_: httpx.Request) -> httpx.Response:
        return answers.pop(0) if answers else httpx.Response(200, json={})

    transport = httpx.MockTransport(handler)
    naps, others = Naps(), Naps()
    mine = Http("a", base_url=ADDRESS, auth=("me", "token"), transport=transport, sleep=naps)
    also = Http("b", base_url=ADDRESS, auth=("ME", "a newer token"), transport=transport, sleep=others)

    mine.get("/x")
    also.get("/x")

    assert 0.4 < naps.taken[0] < naps.taken[1] < naps.taken[2] < 4
    assert others.taken == [], "all of the pause was slept out already"


def test_retry_after_zero_that_is_said_again_and_again_is_not_believed() -> None:
    def handler(_: httpx.Request) -> httpx.Response:
        return httpx.Response(429, headers={"Retry-After": "0"})

    naps = Naps()
    with pytest.raises(HttpUnavailable, match="HTTP 429"):
        Http("a", base_url=ADDRESS, transport=httpx.MockTransport(handler), sleep=naps).get("/x")

    assert sum(naps.taken) > 5


def test_a_closed_port_is_told_within_two_seconds_but_a_host_that_answered_before_is_waited_for() -> None:
    def refused(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        if len(seen) == 1 and answers_first:
            return httpx.Response(200, json={})
        raise httpx.ConnectError("refused") from ConnectionRefusedError()

    for answers_first, attempts in ((False, ATTEMPTS_REFUSED), (True, 6)):
        seen: list[httpx.Request] = []
        naps = Naps()
        client = Http("a", base_url=ADDRESS, transport=httpx.MockTransport(refused), sleep=naps)
        if answers_first:
            client.get("/x")
        with pytest.raises(SourceUnavailable, match=r"nobody listens there.*the port in base_url is wrong"):
            client.get("/x")
        assert len(seen) - answers_first == attempts
        assert answers_first or sum(naps.taken) < 3


@pytest.mark.parametrize("status", [400, 401, 404])
def test_a_session_that_ended_is_opened_anew_once_and_other_refusals_are_not_asked_again(status: int) -> None:
    named, nobody = {"X-AUSERNAME": "sync", "Set-Cookie": "JSESSIONID=1"}, {"X-AUSERNAME": "anonymous"}
    answers = [
        httpx.Response(200, json={}, headers=named),
        httpx.Response(status, json={}, headers=nobody),
        httpx.Response(status, json={}, headers=nobody),
    ]
    cookies: list[str | None] = []

    def handler(request: httpx.Request) -> httpx.Response:
        cookies.append(request.headers.get("cookie"))
        return answers.pop(0)

    client = Http("a", base_url=ADDRESS, transport=httpx.MockTransport(handler), sleep=nothing)
    client.get("/x")
    with pytest.raises((HttpDenied, HttpError)):
        client.get("/x")

    assert cookies == [None, "JSESSIONID=1", None]


@pytest.mark.parametrize(
    "same",
    [
        "https://TRACKER.example.com/ctx/next",
        "https://tracker.example.com:443/ctx/next",
        "HTTPS://tracker.Example.com/ctx/next",
    ],
)
def test_the_same_host_written_otherwise_is_the_same_host(same: str) -> None:
    client = Http(
        "a",
        base_url="https://Tracker.Example.com/ctx",
        transport=httpx.MockTransport(lambda _: httpx.Response(200)),
    )

    assert client.get(same).status == 200
    assert origin_of(same) == ("https", "tracker.example.com", 443)


@pytest.mark.parametrize(
    "other",
    [
        "https://tracker.example.com:8443/x",
        "http://tracker.example.com/x",
        "https://tracker.example.com.evil.example/x",
        "https://tracker.example.com@evil.example/x",
        "https://me:pw@tracker.example.com/x",
        "//evil.example/x?u=https://tracker.example.com://",
    ],
)
def test_credentials_go_nowhere_else(other: str) -> None:
    asked: list[str] = []

    def handler(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.host)
        return httpx.Response(200)

    client = Http("a", base_url="https://tracker.example.com", transport=httpx.MockTransport(handler))
    with suppress(MisconfiguredSource):
        client.get(other)
    assert set(asked) <= {"tracker.example.com"}


@contextmanager
def serving(*answers: bytes) -> Iterator[str]:
    """Serve raw bytes on loopback, one answer a connection."""
    server = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        for answer in answers:
            connection, _ = server.accept()
            try:
                connection.recv(65536)
                connection.sendall(answer)
            except OSError:  # hung up on: it had read enough
                pass
            finally:
                connection.close()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"
    finally:
        server.close()
        thread.join(5)


def packed(content: bytes, encoding: str) -> bytes:
    return b"HTTP/1.1 200 OK\r\nContent-Encoding: %s\r\nContent-Length: %d\r\n\r\n%s" % (
        encoding.encode(), len(content), content,
    )  # fmt: skip


BODY = b'{"issues":[' + b",".join(b'{"id":"%d"}' % number for number in range(20_000)) + b"]}"
_RAW = zlib.compressobj(wbits=-15)
RAW_DEFLATE = _RAW.compress(BODY) + _RAW.flush()


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        (BODY, "identity"),
        (gzip.compress(BODY), "gzip"),
        (gzip.compress(BODY[:1000]) + gzip.compress(BODY[1000:]), "gzip"),
        (zlib.compress(BODY), "deflate"),
        (RAW_DEFLATE, "deflate"),
    ],
)
def test_a_body_arrives_whole_however_it_is_packed(content: bytes, encoding: str) -> None:
    with serving(packed(content, encoding)) as address:
        client = Http("a", base_url=address, sleep=nothing)
        assert client.get("/x").content == BODY
        client.close()


@pytest.mark.parametrize(
    "answer",
    [
        packed(b"no gzip at all", "gzip"),
        packed(gzip.compress(BODY)[:-20], "gzip"),
        packed(b"anything", "zstd"),
    ],
)
def test_a_body_packed_wrongly_is_asked_for_again(answer: bytes) -> None:
    with serving(answer, packed(gzip.compress(b"{}"), "gzip")) as address:
        client = Http("a", base_url=address, sleep=nothing)
        assert client.get("/x").json() == {}
        client.close()


def test_a_small_body_that_unpacks_to_a_giant_is_refused_before_it_fills_the_memory() -> None:
    import tracemalloc

    squeezer = zlib.compressobj(9, wbits=31)
    zeros = bytes(1 << 22)
    bomb = b"".join(squeezer.compress(zeros) for _ in range(40)) + squeezer.flush()  # 160 MB in 160 kB
    from connectors.body import read_whole

    response = httpx.Response(200, headers={"Content-Encoding": "gzip"}, stream=_Stream(bomb))
    response.request = httpx.Request("GET", ADDRESS)
    tracemalloc.start()
    with pytest.raises(MisconfiguredSource, match="larger than 32 MB"):
        read_whole(response, source="a", most=32 << 20, seconds=60)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert most < 48 << 20


class _Stream(httpx.SyncByteStream):
    def __init__(self, content: bytes) -> None:
        self._content = content

    def __iter__(self) -> Iterator[bytes]:
        yield self._content


@pytest.mark.parametrize(
    ("budget", "calls", "words"),
    [
        (Budget(requests=3), 3, "3 requests"),
        (Budget(bytes=25), 3, "25 bytes"),
        (Budget(seconds=0.0001), 0, "0.0001 seconds"),
    ],
)
def test_a_budget_stops_before_the_request_that_would_go_beyond_it(
    budget: Budget, calls: int, words: str
) -> None:
    seen: list[httpx.Request] = []

    def handler(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, content=b"0123456789")

    traffic = Traffic(budget=budget)
    client = Http("a", base_url=ADDRESS, transport=httpx.MockTransport(handler), traffic=traffic)
    time.sleep(0.001)

    def call_on() -> None:
        while True:
            client.get("/x")

    with pytest.raises(BudgetSpent, match=f"budget of {words} a run is spent"):
        call_on()
    assert len(seen) == calls


def test_no_pause_is_waited_for_that_the_budget_has_no_time_for() -> None:
    naps = Naps()
    transport = httpx.MockTransport(lambda _: httpx.Response(429, headers={"Retry-After": "60"}))
    client = Http(
        "a", base_url=ADDRESS, transport=transport, traffic=Traffic(budget=Budget(seconds=10)), sleep=naps
    )

    with pytest.raises(BudgetSpent, match="10 seconds"):
        client.get("/x")
    assert naps.taken == []
