"""A run that fails for good ends at once: its other threads neither ask again nor wait out a pause."""

import threading
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import httpx
import pytest
from sqlalchemy import Engine

from config.document import SourceBlock
from connectors.base import Json, Page, Slice, Traffic
from connectors.errors import SourceUnavailable
from connectors.http import Http
from connectors.stopping import Interrupted
from sync.mapping import parse_mapping
from sync.registry import Opened
from sync.run import execute_run, start_run
from tests.support.fake_source import MAPPING, T0, FakeConnector, FakeStream, FakeTracker, configure, issue
from tests.support.store import ask


class Limited(FakeStream):
    """Its slice B is told to wait for long; A fails for good once B waits."""

    def __init__(self, tracker: FakeTracker, clock: Callable[[], datetime], traffic: Traffic) -> None:
        super().__init__(tracker, clock)
        self.asked = threading.Event()
        self.http = Http(
            "fake", base_url="https://limited.example", auth=("a", "b"), traffic=traffic,
            transport=httpx.MockTransport(self._answer),
        )  # fmt: skip

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.asked.set()
        return httpx.Response(429, headers={"Retry-After": "100"}, request=request)

    def pull(self, slice_: Slice, cursor: Json | None) -> Iterator[Page]:
        if slice_.name == "B":
            self.http.get("/issues")
        assert self.asked.wait(20)
        raise SourceUnavailable("the tracker is down", source="fake")
        yield from super().pull(slice_, cursor)


class LimitedConnector(FakeConnector):
    def streams(self, semantics: Any, fields: Any) -> list[FakeStream]:
        del semantics, fields
        return [Limited(self.tracker, self.clock, self.traffic)]


def test_a_run_that_has_failed_does_not_wait_for_the_pauses_of_its_other_threads(engine: Engine) -> None:
    configure(engine)
    tracker = FakeTracker({"A": [issue(1)], "B": [issue(2)]})

    def opener(block: SourceBlock, *, connections: int, clock: Callable[[], datetime]) -> Opened:
        del block, connections
        return Opened(LimitedConnector(tracker, clock), parse_mapping(MAPPING, where="fake"))

    run = start_run(engine, "fake", full=False, now=T0)
    assert run is not None
    began = time.monotonic()
    state = execute_run(engine, run, connections=2, clock=lambda: T0, opener=opener)

    assert state == "failed"
    assert time.monotonic() - began < 30
    [told] = ask(engine, "SELECT error FROM run WHERE id = :run", run=run)
    assert "the tracker is down" in told["error"]


def test_nothing_is_asked_after_a_run_was_halted() -> None:
    traffic = Traffic()
    seen: list[httpx.Request] = []
    http = Http(
        "src", base_url="https://tracker.example", auth=("a", "b"), traffic=traffic,
        transport=httpx.MockTransport(lambda request: seen.append(request) or httpx.Response(200)),
    )  # fmt: skip
    traffic.halted.set()

    with pytest.raises(Interrupted):
        http.get("/x")
    assert not seen
