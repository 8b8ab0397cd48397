"""Pages prepared in processes of their own: the same as here, and nothing is lost when one dies."""

import os
import signal
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import orjson
import psutil
import pytest

from config import shipped
from connectors.base import Detached, Part, RawRecord
from connectors.jira.reading import IssueReader
from connectors.jira.transforms import TRANSFORMS
from connectors.stopping import Interrupted
from sync.compiling import CompiledMapping
from sync.mapping import compile_stream, parse_mapping
from sync.prepare import UnreadablePage, prepare
from sync.prepare_pool import Preparing

READ = IssueReader("https://jira.example.com", {"3": "doing"})
KILL = Part("GET https://jira.example.com/kill", b"kill")


@dataclass(frozen=True, slots=True)
class Deadly(Detached):
    """Reads pages, and ends its process at one of them, as want of memory would."""

    inner: IssueReader
    here: int

    def __call__(self, parts: Sequence[Part]) -> Iterator[RawRecord]:
        if parts[0].body == KILL.body and os.getpid() != self.here:
            os.kill(os.getpid(), signal.SIGKILL)
        yield from self.inner(parts)


@dataclass(frozen=True, slots=True)
class Faulty(Detached):
    """Reads pages, and meets a fault of the program at one of them."""

    inner: IssueReader

    def __call__(self, parts: Sequence[Part]) -> Iterator[RawRecord]:
        if parts[0].body == KILL.body:
            _ = 1 // 0
        yield from self.inner(parts)


@dataclass(frozen=True, slots=True)
class Endless(Detached):
    """Reads pages, and never comes to the end of one of them."""

    inner: IssueReader

    def __call__(self, parts: Sequence[Part]) -> Iterator[RawRecord]:
        while parts[0].body == KILL.body:
            time.sleep(0.1)
        yield from self.inner(parts)


def mapping() -> CompiledMapping:
    spec = parse_mapping(shipped.mapping("jira"), where="jira.yaml")
    return compile_stream(spec, "issues", TRANSFORMS, {})


def issue(number: int, **fields: Any) -> Mapping[str, Any]:
    status = {"id": "3", "name": "In Progress", "statusCategory": {"key": "indeterminate"}}
    history = {
        "id": str(number),
        "created": "2026-11-02T19:10:04.837+0200",
        "author": {"accountId": "a", "displayName": "Ann"},
        "items": [
            {
                "field": "status",
                "fieldId": "status",
                "from": "1",
                "fromString": "To\tDo",
                "to": "3",
                "toString": None,
            }
        ],
    }
    return {
        "id": str(number), "key": f"A-{number}",
        "changelog": {"total": 1, "histories": [history]},
        "fields": {
            "summary": f"line one\nline two {number}", "status": status, "project": {"id": "1"},
            "issuetype": {"name": "Task"}, "updated": "2026-11-02T19:10:04.837+0200", **fields,
        },
    }  # fmt: skip


def page(*numbers: int) -> tuple[Part, ...]:
    body = orjson.dumps({"issues": [issue(number) for number in numbers]})
    return (Part("POST https://jira.example.com/rest/api/3/issue/bulkfetch {}", body),)


def test_a_page_prepared_beside_is_what_it_would_be_here() -> None:
    pages = [page(one, one + 1) for one in range(0, 24, 2)]
    here = [prepare(7, READ, mapping(), parts) for parts in pages]
    with closing(Preparing(7, READ, mapping(), processes=2)) as preparing, ThreadPoolExecutor(4) as threads:
        beside = list(threads.map(preparing.prepare, pages))
        assert len(psutil.Process().children()) >= 1
    assert beside == here


def test_a_page_that_cannot_be_read_says_so_and_the_next_one_is_read() -> None:
    with closing(Preparing(7, READ, mapping(), processes=1)) as preparing:
        for number in range(3):
            preparing.prepare(page(number))
        with pytest.raises(UnreadablePage, match="not of the shape"):
            preparing.prepare((Part("POST https://jira.example.com/x", b"{nonsense"),))
        assert preparing.prepare(page(9)).batch.ids == ["9"]


def test_a_process_that_dies_is_replaced_and_the_page_it_dies_of_is_named() -> None:
    read = Deadly(READ, os.getpid())
    with closing(Preparing(7, read, mapping(), processes=1)) as preparing:
        for number in range(3):
            preparing.prepare(page(number))
        with pytest.raises(UnreadablePage, match="ended twice"):
            preparing.prepare((KILL,))
        assert preparing.prepare(page(9)).batch.ids == ["9"]


def test_a_page_that_a_process_hangs_over_is_broken_off_and_named_and_the_next_one_is_read() -> None:
    with closing(Preparing(7, Endless(READ), mapping(), processes=1, longest_s=2)) as preparing:
        for number in range(3):
            preparing.prepare(page(number))
        began = time.monotonic()
        with pytest.raises(UnreadablePage, match="did not end within 2 seconds"):
            preparing.prepare((KILL,))
        assert 2 <= time.monotonic() - began < 30
        assert preparing.prepare(page(9)).batch.ids == ["9"]


def test_whoever_waits_for_a_process_is_let_go_when_the_run_has_failed() -> None:
    with (
        closing(Preparing(7, Endless(READ), mapping(), processes=1, longest_s=60)) as preparing,
        ThreadPoolExecutor(1) as threads,
    ):
        for number in range(3):
            preparing.prepare(page(number))
        waiting = threads.submit(preparing.prepare, (KILL,))
        time.sleep(0.3)
        preparing.halt()
        with pytest.raises(Interrupted):
            waiting.result(timeout=30)


def test_a_fault_of_our_own_in_a_process_is_raised_with_its_traceback() -> None:
    read = Faulty(READ)
    with closing(Preparing(7, read, mapping(), processes=1)) as preparing:
        for number in range(3):
            preparing.prepare(page(number))
        with pytest.raises(RuntimeError, match="ZeroDivisionError"):
            preparing.prepare((KILL,))
        assert preparing.prepare(page(9)).batch.ids == ["9"]


def test_processes_end_with_their_run() -> None:
    before = set(psutil.Process().children())
    preparing = Preparing(7, READ, mapping(), processes=2)
    for number in range(6):
        preparing.prepare(page(number))
    assert set(psutil.Process().children()) - before
    preparing.close()
    assert set(psutil.Process().children()) == before


def test_few_pages_start_no_process() -> None:
    before = set(psutil.Process().children())
    with closing(Preparing(7, READ, mapping(), processes=2)) as preparing:
        preparing.prepare(page(1))
        assert set(psutil.Process().children()) == before


def test_many_small_pages_start_no_process_until_they_are_much_together() -> None:
    before = set(psutil.Process().children())
    size = sum(len(part.body) for part in page(1))
    with closing(Preparing(7, READ, mapping(), processes=2, alone=6 * size)) as preparing:
        for _ in range(6):
            preparing.prepare(page(1))
        assert set(psutil.Process().children()) == before
        preparing.prepare(page(1))
        assert set(psutil.Process().children()) - before


def test_half_a_surrogate_pair_in_a_title_is_read_as_a_replacement_character() -> None:
    body = orjson.dumps({"issues": [issue(1, summary="HALF")]}).replace(b"HALF", rb"half \ud83d done")
    batch = prepare(7, READ, mapping(), (Part("POST https://jira.example.com/x", body),)).batch
    assert batch.lines is not None
    assert "half � done" in batch.lines.rows.decode()
