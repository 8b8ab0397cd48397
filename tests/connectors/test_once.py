"""A looked-up value under threads: asked for once, and by nobody else's leave."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from connectors.once import once


class Place:
    def __init__(self, *failures: Exception) -> None:
        self.failures = list(failures)
        self.asked = 0
        self.go_on = threading.Event()
        self.go_on.set()

    @once
    def kind(self) -> str:
        self.asked += 1
        self.go_on.wait(5)
        if self.failures:
            raise self.failures.pop()
        return f"answer {self.asked}"

    @once
    def name(self) -> str:
        return f"{self.kind}, by name"


def test_eight_threads_get_one_answer_that_was_asked_for_once() -> None:
    place = Place()
    place.go_on.clear()

    with ThreadPoolExecutor(8) as threads:
        found = [threads.submit(lambda: place.kind) for _ in range(8)]
        place.go_on.set()

        assert {each.result() for each in found} == {"answer 1"}
    assert (place.asked, place.name) == (1, "answer 1, by name")


def test_a_slow_answer_of_one_holds_no_other_up() -> None:
    slow, quick = Place(), Place()
    slow.go_on.clear()

    with ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(lambda: slow.kind)
        assert quick.kind == "answer 1"
        slow.go_on.set()
        assert waiting.result() == "answer 1"


def test_a_failure_is_not_kept() -> None:
    place = Place(OSError("away"))

    with pytest.raises(OSError, match="away"):
        _ = place.kind

    assert place.kind == "answer 2"
