"""What a fuzzed part may do instead of succeeding: refuse, in words."""

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def in_words(refusal: type[Exception], beginning: str = "") -> Iterator[None]:
    """Let a block end by this refusal, whose message must begin so and say something; by no other exception."""
    said = None
    try:
        yield
    except refusal as error:
        said = str(error)
    assert said is None or (
        said.startswith(beginning) and len(said) > len(beginning) and "Traceback" not in said
    )
