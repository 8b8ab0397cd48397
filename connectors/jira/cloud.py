"""Issues of Jira Cloud: ids in large pages by token, then the issues themselves in bulk."""

from collections.abc import Iterator, Sequence
from typing import Final

from connectors.base import Json
from connectors.errors import SourceUnavailable
from connectors.http import Answer, HttpError
from connectors.jira.reading import extra_histories
from connectors.jira.site import Site
from connectors.jira.survey import Given, alone, given

IDS_A_PAGE: Final = 5000
CHANGES_A_PAGE: Final = 10_000
_EMPTY_PAGES: Final = 20  # in a row; a search that goes on like that is broken
_GONE: Final = (400, 404, 405, 410)


class CloudIssues:
    """How Cloud lists and gives issues."""

    def __init__(self, site: Site, fields: Sequence[str]) -> None:
        self._site = site
        self._fields = list(fields)
        self._history = site.config.changelog

    def list_ids(self, jql: str) -> tuple[list[int], Answer]:
        """List all ids a query finds, ascending, and give the first answer.

        Pages are as long as the server likes; only its own word ends the list.

        Raises:
            SourceUnavailable: The token chain runs in a circle or breaks off.
        """
        found: set[int] = set()
        first: Answer | None = None
        for answer, issues in self._listed(jql, "id"):
            first = first or answer
            found.update(int(issue["id"]) for issue in issues)
        assert first is not None  # noqa: S101 - a list has a first page
        return sorted(found), first

    def list_keys(self, jql: str) -> tuple[dict[int, str], Answer]:
        """List the key of each issue that a query finds, by its id, and give the first answer.

        Raises:
            SourceUnavailable: As `list_ids`.
        """
        found: dict[int, str] = {}
        first: Answer | None = None
        for answer, issues in self._listed(jql, "key"):
            first = first or answer
            found.update((int(issue["id"]), str(issue["key"])) for issue in issues)
        assert first is not None  # noqa: S101 - a list has a first page
        return found, first

    def _listed(self, jql: str, what: str) -> Iterator[tuple[Answer, list[Json]]]:
        body: Json = {"jql": f"{jql} ORDER BY created ASC", "maxResults": IDS_A_PAGE, "fields": [what]}
        tokens: set[str] = set()
        empty = 0
        while True:
            answer = self._site.http.post("/rest/api/3/search/jql", body)
            page = answer.json()
            issues = page.get("issues") or []
            yield answer, issues
            token = page.get("nextPageToken")
            if page.get("isLast") is True or (
                not token and page.get("isLast") is None and "total" not in page
            ):
                return
            empty = 0 if issues else empty + 1
            if not token or token in tokens or empty > _EMPTY_PAGES:
                raise self._broken(token, repeated=token in tokens)
            tokens.add(token)
            body = {**body, "nextPageToken": token}

    def _broken(self, token: str | None, *, repeated: bool) -> SourceUnavailable:
        what = (
            "says there is more but not where"
            if not token
            else "runs in a circle"
            if repeated
            else "only gives empty pages"
        )
        return SourceUnavailable(
            f"the search for issues {what}; nothing was taken from it, the next run tries again. If it lasts, a proxy "
            "in between may answer in Jira's old form.",
            source=self._site.source,
        )

    def count(self, jql: str) -> int:
        """Give the tracker's own estimate of how many issues a query finds."""
        answer = self._site.http.post("/rest/api/3/search/approximate-count", {"jql": jql})
        return int(answer.json().get("count") or 0)

    def fetch(self, ids: Sequence[int]) -> list[Given]:
        """Fetch issues with their history, where it is read at all; what the tracker leaves out is simply missing."""
        body: Json = {"issueIdsOrKeys": [str(one) for one in ids], "fields": self._fields}
        if self._history:
            body["expand"] = ["changelog"]
        found = given(self._site.http.post("/rest/api/3/issue/bulkfetch", body))
        short = [issue.id for issue in found.issues if issue.short and self._history]
        return [found, *self._changelogs(short)] if short else [found]

    def one(self, external_id: int, ok: Sequence[int]) -> tuple[int, list[Given]]:
        """Ask for a single issue by itself; its history follows where it is longer than fits.

        Returns the status and the answers.
        """
        params = {"fields": ",".join(self._fields)} | ({"expand": "changelog"} if self._history else {})
        answer = self._site.http.get(f"/rest/api/3/issue/{external_id}", params, ok=ok)
        found = alone(answer)
        short = [issue.id for issue in found.issues if issue.short and self._history]
        return answer.status, [found, *self._changelogs(short)] if short else [found]

    def _changelogs(self, ids: Sequence[str]) -> list[Given]:
        """Fetch whole histories, many issues a call; one issue's may be spread over several pages."""
        body: Json = {"issueIdsOrKeys": list(ids), "maxResults": CHANGES_A_PAGE}
        found: list[Given] = []
        complete: set[str] = set()
        tokens: set[str] = set()
        while True:
            try:
                answer = self._site.http.post("/rest/api/3/changelog/bulkfetch", body)
            except HttpError as error:
                if error.status not in _GONE:
                    raise
                return self._changelogs_singly(ids)
            page = answer.json()
            found.append(Given(answer.part()))
            complete.update(issue_id for issue_id, _ in extra_histories(answer.request, page))
            token = page.get("nextPageToken")
            if not token:
                break
            if token in tokens:
                raise SourceUnavailable(
                    "the list of changes runs in a circle; the next run tries again.",
                    source=self._site.source,
                )
            tokens.add(token)
            body = {**body, "nextPageToken": token}
        return found + self._changelogs_singly([one for one in ids if one not in complete])

    def _changelogs_singly(self, ids: Sequence[str]) -> list[Given]:
        pages = (
            answer
            for one in ids
            for answer in self._site.pages(f"/rest/api/3/issue/{one}/changelog", {"maxResults": 100})
        )
        return [Given(answer.part()) for answer in pages]
