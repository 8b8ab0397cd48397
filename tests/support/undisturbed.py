"""A request that nobody disturbed: other tests write on the same server, which makes its state another one."""

from collections.abc import Callable
from typing import Any, TypeVar

Given = TypeVar("Given")
_TRIES = 60


def fewest(statements: list[Any], ask: Callable[[], Given]) -> tuple[Given, list[Any]]:
    """Ask again and again; return the answer that took the fewest statements, with these.

    `statements` is the list that an event puts each statement into.
    """
    best: tuple[Given, list[Any]] | None = None
    for _ in range(_TRIES):
        statements.clear()
        answer = ask()
        if best is None or len(statements) < len(best[1]):
            best = answer, [*statements]
    assert best is not None
    return best
