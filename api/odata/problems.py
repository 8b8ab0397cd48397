"""What can be wrong with a request: each knows its status, and where in the text it was found."""

from collections.abc import Iterator
from contextlib import contextmanager


class Problem(Exception):
    """A request that is answered with an error.

    `target` names the part of the request (`$filter`, `path`), `at` the character in it, from 0; None where there
    is no one place.
    """

    status = 400
    code = "BadRequest"

    def __init__(self, message: str, *, target: str | None = None, at: int | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.target = target
        self.at = at


@contextmanager
def within(target: str, *, over: bool = False) -> Iterator[None]:
    """Say of what goes wrong which part of the request it is in.

    Args:
        target: The option whose text places are counted in.
        over: Whether this is so even where a part of it says another, as `$select` inside `$expand` does.
    """
    try:
        yield
    except Problem as problem:
        if problem.target is None or (over and problem.at is not None and problem.target != target):
            said = problem.message.removeprefix(f"{problem.target}, ")
            placed = said.startswith("character ")
            problem.message = f"{target}, {said}" if placed else said
            problem.target = target
            problem.args = (problem.message,)
        raise


class Malformed(Problem):
    """The text does not follow the grammar."""

    code = "SyntaxError"


class TooComplex(Problem):
    """The text follows the grammar and is deeper or longer than is taken."""

    code = "TooComplex"


class Unsupported(Problem):
    """The text is right and asks for what this service does not do."""

    status = 501
    code = "NotImplemented"
