"""Comments and work logs of issues, whole: an answer shows about twenty of each and says how many there are.

Jira's bulk calls for them (`comment/list`, `worklog/list`) take their own ids, and nothing lists those by issue:
`worklog/updated` names the whole site's, whatever project they belong to, and for comments there is no such list.
So what an answer cuts off is asked for by its issue, in pages as large as the site gives: one request, nearly always.
"""

from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

from connectors.jira.site import Site
from connectors.jira.survey import Given

KINDS: Final = {"comments": "comment", "worklogs": "worklog"}  # an option's word -> the field, and its path
_A_PAGE: Final = 5000  # what Cloud gives of work logs; a site that gives fewer is asked for the rest
_MOST_PAGES: Final = 1000


class _List(msgspec.Struct, gc=False):
    total: int | None = None
    comments: list[msgspec.Raw] | None = None
    worklogs: list[msgspec.Raw] | None = None

    def is_short(self) -> bool:
        rows = self.comments if self.comments is not None else self.worklogs
        return self.total is not None and self.total > len(rows or ())


class _Fields(msgspec.Struct, gc=False):
    comment: _List | None = None
    worklog: _List | None = None


class _Issue(msgspec.Struct, gc=False):
    id: str
    fields: _Fields


class _Issues(msgspec.Struct, gc=False):
    issues: list[_Issue] | None = None


_decode = msgspec.json.Decoder(_Issues).decode
_decode_one = msgspec.json.Decoder(_Issue).decode


class Remarks:
    """What is asked of issues beside their fields, and fetched whole where an answer cuts it short."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self.fields = tuple(field for word, field in KINDS.items() if word in site.config.read)

    def rest(self, given: Sequence[Given]) -> list[Given]:
        """Fetch the whole lists of those issues that show only a part of theirs."""
        if not self.fields:
            return []
        short = [
            (issue.id, field)
            for one in given
            if one.issues
            for issue in _issues(one)
            for field in self.fields
            if (rows := getattr(issue.fields, field)) is not None and rows.is_short()
        ]
        return [page for issue_id, field in short for page in self._pages(issue_id, field)]

    def _pages(self, issue_id: str, field: str) -> Iterator[Given]:
        """Fetch a list from its beginning: what is shown in the issue may have shifted since."""
        path = f"{self._site.api}/issue/{issue_id}/{field}"
        start = 0
        for _ in range(_MOST_PAGES):
            answer = self._site.http.get(path, {"startAt": start, "maxResults": _A_PAGE})
            yield Given(answer.part())
            body = answer.json()
            rows = body.get(f"{field}s") or ()
            start += len(rows)
            if not rows or start >= int(body.get("total") or 0):
                return


def _issues(given: Given) -> list[_Issue]:
    try:
        found = _decode(given.part.body).issues
        return found if found is not None else [_decode_one(given.part.body)]
    except msgspec.DecodeError:  # of another shape: what it shows is all there is to be had
        return []
