"""Lists by offset, page by page; where the tracker fails on a page, the one row it fails on is left out."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final
from urllib.parse import urlencode

from connectors.base import Part, RawRecord
from connectors.errors import SourceUnavailable
from connectors.http import Http, HttpError, HttpUnavailable

MOST_LOST: Final = 3  # rows of one list that the tracker may fail on before the list counts as down
NO_ANSWER: Final = b""  # the body of a part whose request never succeeded

Rows = Callable[[Any], list[Any]]


class SameAgain(SourceUnavailable):
    """A list gives one page again and again."""


def values(body: Any) -> list[Any]:
    """Take the rows out of the envelope that most lists have."""
    return list(body.get("values") or ())


def is_poison(error: HttpUnavailable | HttpError) -> bool:
    """Whether one row may be the cause: 500 again and again, or an answer that cannot be parsed."""
    return error.status in (200, 500)


def pages(http: Http, path: str, params: Mapping[str, Any], size: int, rows: Rows = values) -> Iterator[Part]:
    """Fetch a list. Goes on by what arrived, ends by the list's own word or an empty page.

    A page that the tracker fails on is asked for in halves, until the row it fails on is alone; that becomes a
    part without a body.

    Raises:
        SameAgain: It gives one page for ever.
        SourceUnavailable: It fails on more than a few rows, or altogether.
    """
    start, limit, lost = 0, size, 0
    before = b""
    while True:
        asked = {**params, "maxResults": limit, "startAt": start}
        try:
            answer = http.get(path, asked)
            body = answer.json()
        except (HttpUnavailable, HttpError) as error:
            if not is_poison(error) or lost >= MOST_LOST:
                raise
            if limit > 1:
                limit //= 2
                continue
            lost += 1
            yield Part(f"GET {http.base_url}{path}?{urlencode(asked, doseq=True)}", NO_ANSWER)
            start, limit = start + 1, size
            continue
        found = rows(body)
        if start and found and answer.content == before:
            raise SameAgain(
                f"{path} gives the same page again and again; the next run tries again.", source=http.source
            )
        before = answer.content
        yield answer.part()
        start += len(found)
        if _is_last(body, found, start):
            return


def _is_last(body: Any, found: list[Any], reached: int) -> bool:
    if not found:
        return True
    if not isinstance(body, dict):
        return False
    if "isLast" in body:
        return body["isLast"] is True
    total = body.get("total")
    return total is not None and reached >= total


def lost(part: Part, what: str) -> RawRecord | None:
    """Make the record that says that the tracker fails on a row of a list; None when it does not."""
    if part.body != NO_ANSWER:
        return None
    place = part.request.rpartition("startAt=")[2].partition("&")[0]
    number = int(place) + 1 if place.isdigit() else 0
    where = f"{what} {number}" if number else what
    return RawRecord("", {}, f"{where} of its list", unreadable="the tracker fails whenever it is asked for")
