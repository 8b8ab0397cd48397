"""Issues of Jira Data Center: ids by offset, then the issues themselves by lists of ids."""

from collections.abc import Sequence
from typing import Any, Final

from connectors.base import Json
from connectors.errors import SourceUnavailable
from connectors.http import Answer, HttpError
from connectors.jira.site import Site
from connectors.jira.survey import Given, alone, given

IDS_A_PAGE: Final = 1000  # the server's own default limit; it cuts down what is more, without a word
_LISTINGS: Final = 3


class ServerIssues:
    """How Data Center lists and gives issues."""

    def __init__(self, site: Site, fields: Sequence[str]) -> None:
        self._site = site
        self._fields = list(fields)
        self._history = site.config.changelog

    def list_ids(self, jql: str) -> tuple[list[int], Answer]:
        """List all ids a query finds, ascending, and give the first answer.

        An issue deleted meanwhile shifts the later pages, so that the list lacks one: it is then listed anew.

        Raises:
            SourceUnavailable: The list never agrees with the server's own count.
        """
        found: list[int] = []
        total = 0
        for _ in range(_LISTINGS):
            found, total, answer = self._list_once(f"{jql} ORDER BY id ASC")
            if len(set(found)) >= total:
                return sorted(set(found)), answer
        raise SourceUnavailable(
            f"the search for issues gives {len(set(found))} of the {total} it counts, again and again; the next run "
            "tries again. If it lasts, have the server's search index rebuilt.",
            source=self._site.source,
        )

    def _list_once(self, jql: str) -> tuple[list[int], int, Answer]:
        """List the rows in overlapping stretches; what comes after a break between two of them is left out.

        Each stretch begins with the last row of the one before, so that a shift shows.
        """
        first = self._search(jql, 0, IDS_A_PAGE, ["id"])
        body = first.json()
        found, total = _ids(body), int(body["total"])
        stride = len(found)
        if stride == 0 or stride >= total:
            return found, total, first
        step = max(1, stride - 1)
        starts = list(range(step, total, step))
        stops = [min(start + stride, total) for start in starts]
        for answers in self._site.pool.map(self._stretch, [jql] * len(starts), starts, stops):
            rows = [one for answer in answers for one in _ids(answer.json())]
            if step < stride and rows[:1] != found[-1:]:
                return found, max(total, len(found) + 1), first
            found += rows[1:] if step < stride else rows
            total = int(answers[-1].json()["total"])
        return found, total, first

    def _stretch(self, jql: str, start: int, stop: int) -> list[Answer]:
        """List the rows from `start` to `stop` in as many pages as the server makes of them."""
        answers = [self._search(jql, start, stop - start, ["id"])]
        while (count := len(answers[-1].json()["issues"])) and (start := start + count) < stop:
            answers.append(self._search(jql, start, stop - start, ["id"]))
        return answers

    def count(self, jql: str) -> int:
        """Give the server's count of what a query finds."""
        return int(self._search(jql, 0, 1, ["id"]).json()["total"])

    def fetch(self, ids: Sequence[int]) -> list[Given]:
        """Fetch issues with their whole history, where it is read at all.

        One id that no longer exists may make the server refuse the whole list: it is then halved.
        """
        jql = f"id in ({', '.join(map(str, ids))}) ORDER BY id ASC"
        found: list[Given] = []
        start = 0
        while start < len(ids):
            try:
                answer = self._search(jql, start, len(ids) - start, self._fields, lenient=True)
            except HttpError as error:
                if error.status != 400:  # noqa: PLR2004 - bad request
                    raise
                if len(ids) == 1:
                    return []
                middle = len(ids) // 2
                return self.fetch(ids[:middle]) + self.fetch(ids[middle:])
            page = given(answer)
            found.append(page)
            start += page.rows
            if page.rows == 0 or page.total is None or start >= page.total:
                break
        return found

    def one(self, external_id: int, ok: Sequence[int]) -> tuple[int, list[Given]]:
        """Ask for a single issue by itself; returns the status and the answers."""
        params = {"fields": ",".join(self._fields)} | ({"expand": "changelog"} if self._history else {})
        answer = self._site.http.get(f"/rest/api/2/issue/{external_id}", params, ok=ok)
        return answer.status, [alone(answer)]

    def _search(
        self, jql: str, start: int, limit: int, fields: Sequence[str], *, lenient: bool = False
    ) -> Answer:
        body: Json = {"jql": jql, "startAt": start, "maxResults": limit, "fields": list(fields)}
        if lenient:
            body |= {"expand": ["changelog"] if self._history else [], "validateQuery": False}
        return self._site.http.post("/rest/api/2/search", body)


def _ids(body: Any) -> list[int]:
    return [int(issue["id"]) for issue in body["issues"]]
