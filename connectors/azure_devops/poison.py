"""Records that break the call they are asked for with: found by halving, and left out by name."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final

from connectors.http import ATTEMPTS, Answer, HttpDenied, HttpError, HttpUnavailable

Broken = dict[int, str]  # id -> why it cannot be read
MOST: Final = 10  # in one call; where more fail, it is the server and not they
_OURS: Final = frozenset({500, 502, 504})  # what a record can make a server answer
_ONCE_MORE: Final = 2


def broke(error: HttpUnavailable) -> bool:
    """Say whether a record may be what made the server fail, rather than its own state."""
    return error.status in _OURS


@contextmanager
def tolerated(problems: list[str], what: str) -> Iterator[None]:
    """Note that something cannot be read, and go on; a host that is away is not gone on without."""
    try:
        yield
    except (HttpDenied, HttpError) as error:
        problems.append(f"{what}: {error.message}")
    except HttpUnavailable as error:
        if not broke(error):
            raise
        problems.append(f"{what}: Azure DevOps fails on it (HTTP {error.status})")


def bisected(
    ids: Sequence[int], ask: Callable[[Sequence[int], int], list[Answer]]
) -> tuple[list[Answer], Broken]:
    """Ask for records together; where that fails for good, for each half, down to the ones that fail.

    Args:
        ids: At least one.
        ask: Called with ids and how often to try.

    Raises:
        HttpUnavailable: It is not a record's doing, or that of too many.
    """
    broken: Broken = {}
    answers: list[Answer] = []
    pending: list[tuple[Sequence[int], int]] = [(ids, ATTEMPTS)]
    first: HttpUnavailable | None = None
    while pending:
        some, attempts = pending.pop()
        try:
            answers += ask(some, attempts)
        except HttpUnavailable as error:
            if not broke(error):
                raise
            first = first or error
            if len(some) > 1:
                half = len(some) // 2
                pending += [(some[half:], _ONCE_MORE), (some[:half], _ONCE_MORE)]
                continue
            broken[some[0]] = reason(error)
            if len(broken) > MOST:
                raise first from None
    return answers, broken


def merged(found: Iterable[Broken]) -> Broken:
    """Put what several calls found together."""
    return {id_: why for broken in found for id_, why in broken.items()}


def reason(error: HttpUnavailable) -> str:
    """Say why a record is left out, and what becomes of it."""
    return (
        f"Azure DevOps fails whenever this item is asked for (HTTP {error.status}), and gives the others. It is "
        "asked for again on every run; if it stays so, open it in the browser and see what is odd about it."
    )
