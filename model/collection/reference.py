"""References that last: what a new risk, change request or decision is called from then on."""

import re
from collections.abc import Iterable, Iterator
from typing import Any

from model.template.template import Field

_NUMBER = re.compile(r"(\d+)$")
_DIGITS = 3


def next_reference(record: str, kind: Any, taken: Iterable[str], field: Field) -> str | None:
    """Return the next free reference that its field accepts; None where no form of it is accepted.

    By the kind's first letter (risk: R-001), else the initials of what the record is (change_request: CR-001).
    """
    used = set(taken)
    for prefix in _prefixes(record, kind):
        highest = max(
            (
                int(found[1])
                for each in used
                if each.startswith(f"{prefix}-") and (found := _NUMBER.search(each))
            ),
            default=0,
        )
        made = f"{prefix}-{highest + 1:0{_DIGITS}}"
        if field.read(made).problem is None:
            return made
    return None


def _prefixes(record: str, kind: Any) -> Iterator[str]:
    if isinstance(kind, str) and kind[:1].isascii() and kind[:1].isalpha():
        yield kind[0].upper()
    words = record.split("_")
    yield "".join(word[0] for word in words).upper()
    yield words[0][0].upper()
    yield "R"
