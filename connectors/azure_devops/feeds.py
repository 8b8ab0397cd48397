"""The feeds of an organisation or a project: revisions, links, and ids by query."""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qs, urlsplit

from connectors.azure_devops.calls import BAD_REQUEST, MOST_PAGES, Calls, below, content
from connectors.base import Json, Part
from connectors.http import Answer, HttpDenied, HttpError

QUERY_LIMIT: Final = 20_000  # the most ids one query returns


@dataclass(frozen=True, slots=True)
class Batch:
    """One answer of a reporting feed. `token` is the place to go on from, also after the last batch."""

    part: Part
    values: list[Json]
    token: str | None
    last: bool


class Feeds(Calls):
    """The calls that list what changed, and what there is."""

    def revisions(self, project: str | None, fields: list[str], token: str | None) -> Iterator[Batch]:
        """Read the feed of revisions from `token` on (None: from the first), project None is everywhere.

        A field the server does not know is left out of `fields`, for later callers too.

        Raises:
            HttpUnavailable: With status 500, of a batch that the server cannot put together.
        """
        path = below(project, "/_apis/wit/reporting/workitemrevisions")
        seen: set[str] = set()
        for _ in range(MOST_PAGES):
            place = {"continuationToken": token} if token else {}
            batch = _batch(self._revisions_once(path, fields, place))
            if batch.last:
                yield batch
                return
            if batch.token is None or batch.token in seen:
                break
            seen.add(batch.token)
            yield batch
            token = batch.token
        raise self.loops(path)

    def token_at(self, project: str | None, fields: list[str], since: str) -> str | None:
        """Return the token of the feed of revisions at an instant of the server's clock."""
        path = below(project, "/_apis/wit/reporting/workitemrevisions")
        return _batch(self._revisions_once(path, fields, {"startDateTime": since})).token

    def reads_everywhere(self) -> bool:
        """Say whether the feed of the whole organisation may be read.

        Raises:
            ConnectorError: For another reason than a missing permission.
        """
        params = {"$maxPageSize": 1, "fields": "System.Id"}
        try:
            self.get("/_apis/wit/reporting/workitemrevisions", params)
        except (HttpDenied, HttpError) as error:
            if error.status in (403, 404):
                return False
            raise
        return True

    def links(
        self, project: str | None, token: str | None = None, since: str | None = None
    ) -> Iterator[Batch]:
        """Read the feed of changed links from `token` on, else from `since` on, else from its beginning."""
        path = below(project, "/_apis/wit/reporting/workitemlinks")
        seen: set[str] = set()
        for _ in range(MOST_PAGES):
            # A start and a token may not be given together.
            place = {"continuationToken": token} if token else {"startDateTime": since} if since else {}
            batch = _batch(self.get(path, place))
            yield batch
            if batch.last:
                return
            if batch.token is None or batch.token in seen:
                break
            seen.add(batch.token)
            token = batch.token
        raise self.loops(path)

    def ids(self, where: str, project: str | None = None) -> Iterator[tuple[Part, list[int]]]:
        """List the ids a condition picks, in order, however many there are."""
        path, last = below(project, "/_apis/wit/wiql"), 0
        for _ in range(MOST_PAGES):
            query = (
                f"SELECT [System.Id] FROM WorkItems WHERE ({where}) AND [System.Id] > {last} "
                "ORDER BY [System.Id]"
            )
            params = {"timePrecision": "true", "$top": QUERY_LIMIT}
            answer = self.post(path, {"query": query}, params)
            found = sorted(int(item["id"]) for item in content(answer).get("workItems") or ())
            if not found:
                return
            if found[0] <= last:
                break
            yield answer.part(), found
            last = found[-1]
        raise self.loops(path)

    def server_time(self) -> str | None:
        """Return the instant by the server's own clock, as a query says it."""
        query = "SELECT [System.Id] FROM WorkItems WHERE [System.Id] = 0"
        answer = self.post("/_apis/wit/wiql", {"query": query}, {"timePrecision": "true", "$top": 1})
        at = content(answer).get("asOf")
        return str(at) if at else None

    def _revisions_once(self, path: str, fields: list[str], place: Mapping[str, str]) -> Answer:
        while True:
            body = {"fields": list(fields), "includeIdentityRef": True, "includeDeleted": True}
            try:
                return self.post(path, body, place)
            except HttpError as error:
                unknown = [name for name in fields if name.encode() in error.body]
                if error.status != BAD_REQUEST or not unknown or len(unknown) == len(fields):
                    raise
                for name in unknown:
                    with suppress(ValueError):  # another project's thread found it, too
                        fields.remove(name)


def _batch(answer: Answer) -> Batch:
    body = content(answer)
    token = body.get("continuationToken")
    if not token and body.get("nextLink"):
        token = parse_qs(urlsplit(body["nextLink"]).query).get("continuationToken", [None])[0]
    return Batch(answer.part(), body.get("values") or [], token, bool(body.get("isLastBatch")))
