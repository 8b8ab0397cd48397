"""Parts of a file (RFC 9110, 14): what was asked for, and whether it can be given."""

import re
from dataclasses import dataclass
from typing import Final

_RANGE: Final = re.compile(r"bytes=\s*(\d*)-(\d*)\s*")


class Unsatisfiable(ValueError):
    """The part begins behind the end."""


@dataclass(frozen=True, slots=True)
class Part:
    """From the first byte to the last, both included."""

    first: int
    last: int

    @property
    def length(self) -> int:
        """How many bytes it has."""
        return self.last - self.first + 1


def part(wanted: str | None, if_range: str | None, *, tag: str, length: int) -> Part | None:
    """Return the part that is to be sent; None: the whole.

    Several parts at once, other units and what is no range at all are answered with the whole, as RFC 9110 allows.
    So is the rest from a byte on without a word of which file it is the rest of: its beginning may be of an older one.

    Args:
        wanted: The `Range` header.
        if_range: The `If-Range` or `If-Match` header: another tag, or a date, asks for the whole.
        tag: The file's entity tag, in quotes.
        length: The file's.

    Raises:
        Unsatisfiable: Nothing of it is there.
    """
    found = _RANGE.fullmatch(wanted or "")
    if found is None or (if_range is not None and if_range.strip() != tag):
        return None
    first, last = found[1], found[2]
    if not first:
        if not last:
            return None
        if int(last) == 0 or length == 0:
            raise Unsatisfiable
        return Part(max(0, length - int(last)), length - 1)
    if last and int(last) < int(first):
        return None
    if int(first) >= length:
        raise Unsatisfiable
    if if_range is None and not last and int(first) > 0:
        return None
    return Part(int(first), min(int(last), length - 1) if last else length - 1)
