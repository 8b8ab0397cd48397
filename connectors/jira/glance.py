"""Cheap looks at many issues: when they were last changed, when their history last grew, where they are now."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, Final

from connectors.base import Json
from connectors.errors import SourceUnavailable
from connectors.http import HttpError
from connectors.jira.reading import issues_in
from connectors.jira.site import Site
from connectors.jira.transforms import instant

_PLAIN_A_CALL: Final = 1000  # issues of a bulk fetch that asks for a few single-valued fields
_OLD_LIMIT: Final = 100  # and what sites take that do not know that yet
_SERVER_A_CALL: Final = 500
_HISTORIES_A_CALL: Final = 1000
_CHANGES_A_PAGE: Final = 10_000
_SERVER_HISTORIES_A_CALL: Final = 100
_BAD_REQUEST: Final = 400
_GONE: Final = (400, 404, 405, 410)


class Glance:
    """Looks at issues by their ids, a thousand a call where the site allows it. Safe for threads."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._most = _PLAIN_A_CALL

    def updated(self, ids: Sequence[int]) -> dict[int, datetime]:
        """Give the last change of each issue, not from the search index; what is not given is left out."""
        found = {}
        for one, fields in self.fields(ids, ["updated"]).items():
            if fields.get("updated"):
                found[one] = instant(fields["updated"])
        return found

    def fields(self, ids: Sequence[int], names: Sequence[str]) -> dict[int, Json]:
        """Give some single-valued fields of each issue, its key as `key`; what is not given is left out."""
        found: dict[int, Json] = {}
        look = self._in_bulk if self._site.cloud else self._by_search
        size = self._most if self._site.cloud else _SERVER_A_CALL
        stretches = [ids[start : start + size] for start in range(0, len(ids), size)]
        for issues in self._site.pool.map(look, stretches, [names] * len(stretches)):
            for issue in issues:
                found[int(issue["id"])] = {**(issue.get("fields") or {}), "key": issue.get("key")}
        return found

    def _in_bulk(self, ids: Sequence[int], names: Sequence[str]) -> list[Json]:
        body = {"issueIdsOrKeys": [str(one) for one in ids], "fields": list(names)}
        try:
            return issues_in(self._site.http.post("/rest/api/3/issue/bulkfetch", body).json())
        except HttpError as error:
            if error.status != _BAD_REQUEST or len(ids) <= _OLD_LIMIT:
                raise
        self._most = _OLD_LIMIT
        starts = range(0, len(ids), _OLD_LIMIT)
        return [one for start in starts for one in self._in_bulk(ids[start : start + _OLD_LIMIT], names)]

    def _by_search(self, ids: Sequence[int], names: Sequence[str], expand: Sequence[str] = ()) -> list[Json]:
        """Search by ids, in as many pages as the server makes of it.

        One id that is gone may make it refuse the whole list: it is then halved.
        """
        body: Json = {
            "jql": f"id in ({', '.join(map(str, ids))}) ORDER BY id ASC", "fields": list(names),
            "validateQuery": False, "expand": list(expand),
        }  # fmt: skip
        found: list[Json] = []
        while len(found) < len(ids):
            asked = {**body, "startAt": len(found), "maxResults": len(ids) - len(found)}
            try:
                page = self._site.http.post("/rest/api/2/search", asked).json()
            except HttpError as error:
                if error.status != _BAD_REQUEST:
                    raise
                middle = len(ids) // 2
                if middle == 0:
                    return []
                return [
                    *self._by_search(ids[:middle], names, expand), *self._by_search(ids[middle:], names, expand)
                ]  # fmt: skip
            issues = issues_in(page)
            found += issues
            if not issues or len(found) >= int(page.get("total") or 0):
                break
        return found

    def grown(self, ids: Sequence[int], since: datetime) -> list[int]:
        """List the issues whose history holds a change of later than `since`, whatever their `updated` says."""
        size = _HISTORIES_A_CALL if self._site.cloud else _SERVER_HISTORIES_A_CALL
        look = self._grown_in_bulk if self._site.cloud else self._grown_by_search
        stretches = [ids[start : start + size] for start in range(0, len(ids), size)]
        found = self._site.pool.map(look, stretches, [since] * len(stretches))
        return sorted(one for some in found for one in some)

    def _grown_in_bulk(self, ids: Sequence[int], since: datetime) -> set[int]:
        try:
            return {
                int(entry["issueId"])
                for page in self._histories(ids)
                for entry in page.get("issueChangeLogs") or ()
                if _newer(entry.get("changeHistories"), since)
            }
        except HttpError as error:
            if error.status not in _GONE:
                raise
            return set(ids)  # a site without this call: each is read again

    def _histories(self, ids: Sequence[int]) -> Iterator[Any]:
        body: Json = {"issueIdsOrKeys": [str(one) for one in ids], "maxResults": _CHANGES_A_PAGE}
        tokens: set[str] = set()
        while True:
            page = self._site.http.post("/rest/api/3/changelog/bulkfetch", body).json()
            yield page
            token = page.get("nextPageToken")
            if not token:
                return
            if token in tokens:
                raise SourceUnavailable(
                    "the list of changes runs in a circle; the next run tries again.",
                    source=self._site.source,
                )
            tokens.add(token)
            body = {**body, "nextPageToken": token}

    def _grown_by_search(self, ids: Sequence[int], since: datetime) -> set[int]:
        return {
            int(issue["id"])
            for issue in self._by_search(ids, ["updated"], ["changelog"])
            if _newer((issue.get("changelog") or {}).get("histories"), since)
        }


def _newer(histories: Any, since: datetime) -> bool:
    """Whether one of these changes is later; one without a readable time counts as later."""
    for history in histories or ():
        try:
            if instant(history["created"]) > since:
                return True
        except (KeyError, ValueError, TypeError):
            return True
    return False
