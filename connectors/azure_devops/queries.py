"""Saved queries: the condition out of a statement that somebody wrote in the browser."""

import re
from typing import Final

_FLAT: Final = re.compile(r"^\s*select\b.*?\bfrom\s+workitems\b", re.IGNORECASE | re.DOTALL)
_WHERE: Final = re.compile(r"\s*where\b", re.IGNORECASE)
_END: Final = re.compile(r"\border\s+by\b|\basof\b|\bmode\s*\(", re.IGNORECASE)
_QUOTED: Final = re.compile(r"'(?:[^']|'')*'|\"[^\"]*\"|\[[^\]]*\]")
_PROJECT: Final = re.compile(r"@project\b", re.IGNORECASE)


class NotFlat(ValueError):
    """The statement is not a flat list of work items."""


def condition(statement: str, project: str) -> str:
    """Return what stands between WHERE and the order of a flat query, its macro for the project written out.

    >>> condition("Select [System.Id] From WorkItems Where [System.State] = 'A order by' Order By [System.Id]", "'P'")
    "[System.State] = 'A order by'"

    Raises:
        NotFlat: It is a query of links, or none at all.
    """
    plain = _blanked(statement)
    head = _FLAT.match(plain)
    if head is None:
        raise NotFlat(statement)
    end = _END.search(plain, head.end())
    where = _WHERE.match(plain, head.end())
    if where is None:
        return "[System.Id] > 0"
    stop = end.start() if end else len(statement)
    text = statement[where.end() : stop].strip()
    hidden = _blanked(text)
    for found in reversed(list(_PROJECT.finditer(hidden))):
        text = text[: found.start()] + project + text[found.end() :]
    return text


def _blanked(text: str) -> str:
    """Replace what stands in quotes or brackets, so that words are looked for only outside them."""
    return _QUOTED.sub(lambda found: "_" * len(found[0]), text)
