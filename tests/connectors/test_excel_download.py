"""Downloads by themselves: what they count, and when they give up."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from connectors.base import Budget, Traffic
from connectors.errors import BudgetSpent, SliceUnreadable, SourceUnavailable
from connectors.excel import files
from connectors.excel.download import Downloads
from connectors.stopping import Interrupted, stopping

ADDRESS = "https://files.example/download?tempauth=very-secret"


class Dripping(httpx.SyncByteStream):
    """A body that comes byte by byte, without end."""

    def __init__(self) -> None:
        self.given = 0

    def __iter__(self) -> Iterator[bytes]:
        while self.given < 10_000:
            time.sleep(0.01)
            self.given += 1
            yield b"x"


class Flooding(httpx.SyncByteStream):
    def __iter__(self) -> Iterator[bytes]:
        piece = bytes(8 << 20)
        for _ in range(files.MOST_BYTES // len(piece) + 1):
            yield piece


def downloads(transport: httpx.BaseTransport, traffic: Traffic, longest_s: float = 60.0) -> Downloads:
    return Downloads(transport, source="pmo", traffic=traffic, sleep=lambda _: None, longest_s=longest_s)


def test_a_body_that_drips_is_given_up_and_its_address_is_not_told() -> None:
    drip, traffic = Dripping(), Traffic()
    given = downloads(httpx.MockTransport(lambda _: httpx.Response(200, stream=drip)), traffic, 0.1)

    with pytest.raises(SourceUnavailable, match=r"plan\.xlsx could not be downloaded: ReadTimeout") as caught:
        given.fetch(ADDRESS, 100, "plan.xlsx")

    assert "very-secret" not in str(caught.value)
    assert drip.given < 100
    assert traffic.requests == 1, "there is no time for another try"


def test_a_body_larger_than_a_workbook_may_be_concerns_its_own_sheet_only() -> None:
    given = downloads(httpx.MockTransport(lambda _: httpx.Response(200, stream=Flooding())), Traffic())

    with pytest.raises(
        SliceUnreadable, match=r"plan\.xlsx: sends more than 200 MB, though it says 100 bytes"
    ):
        given.fetch(ADDRESS, 100, "plan.xlsx")


def test_a_process_that_is_stopping_ends_a_download_under_way_and_starts_none() -> None:
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        stopping.set()
        return httpx.Response(200, stream=Dripping())

    given = downloads(httpx.MockTransport(answer), Traffic())
    try:
        for _ in range(2):
            with pytest.raises(Interrupted):
                given.fetch(ADDRESS, 100, "plan.xlsx")
    finally:
        stopping.clear()

    assert len(seen) == 1


def test_downloads_at_once_keep_within_the_budget_and_are_counted_each() -> None:
    traffic, seen, arrived = Traffic(budget=Budget(requests=3)), list[int](), threading.Barrier(3)

    def answer(_: httpx.Request) -> httpx.Response:
        seen.append(1)
        arrived.wait(10)  # all of them are under way before the first is answered
        return httpx.Response(200, content=b"body")

    given = downloads(httpx.MockTransport(answer), traffic)

    def one(_: int) -> bytes | None:
        try:
            return given.fetch(ADDRESS, 4, "plan.xlsx")
        except BudgetSpent:
            return None

    with ThreadPoolExecutor(8) as pool:
        bodies = list(pool.map(one, range(8)))

    assert (bodies.count(b"body"), bodies.count(None), len(seen)) == (3, 5, 3)
    assert (traffic.sent, traffic.requests, traffic.bytes_fetched) == (3, 3, 12)


def test_a_download_that_fails_on_its_way_counts_as_a_request_too() -> None:
    traffic = Traffic()

    def answer(_: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("no")

    with pytest.raises(SourceUnavailable, match="ConnectError"):
        downloads(httpx.MockTransport(answer), traffic).fetch(ADDRESS, 4, "plan.xlsx")

    assert (traffic.requests, traffic.retries) == (4, 4)


def test_a_pause_that_outlasts_the_budget_is_not_waited_for() -> None:
    traffic = Traffic(budget=Budget(seconds=30))
    answer = httpx.MockTransport(lambda _: httpx.Response(503, headers={"Retry-After": "60"}))

    with pytest.raises(BudgetSpent):
        downloads(answer, traffic).fetch(ADDRESS, 4, "plan.xlsx")

    assert traffic.waited_s == 0
