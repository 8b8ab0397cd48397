"""Every call to Azure DevOps that Muster makes; all of them read.

Paths are built from the configured address. Links in answers name projects by id and may name another
host, so they are never followed: only the token in a `nextLink` is read.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import parse_qs, quote, urlsplit

import orjson

from connectors.azure_devops.poison import Broken, bisected, merged
from connectors.base import Json, Part
from connectors.errors import MisconfiguredSource
from connectors.http import ATTEMPTS, Answer, Http, HttpDenied, HttpError

BATCH: Final = 200  # the most ids workitemsbatch takes, and the most updates a page of them holds
QUERY_LIMIT: Final = 20_000  # the most ids one query returns
DEEPEST: Final = 20  # levels of iterations asked for at once
_MOST_PAGES: Final = 100_000  # a guard against servers that page for ever
_BAD_REQUEST: Final = 400


def decoded(body: bytes) -> Any:
    """Parse a body; some of them begin with a byte order mark.

    Raises:
        ValueError: It is not JSON.
    """
    return orjson.loads(body.removeprefix(b"\xef\xbb\xbf"))


def content(answer: Answer) -> Any:
    """Parse an answer, explaining one that is not JSON."""
    try:
        return decoded(answer.content)
    except ValueError:
        return answer.json()


def quoted(value: str) -> str:
    """Write a string as WIQL does: in single quotes, a quote inside doubled."""
    return "'" + value.replace("'", "''") + "'"


@dataclass(frozen=True, slots=True)
class Batch:
    """One answer of a reporting feed. `token` is the place to go on from, also after the last batch."""

    part: Part
    values: list[Json]
    token: str | None
    last: bool


class Api:
    """One organisation or collection."""

    def __init__(self, http: Http, *, version: str, connections: int) -> None:
        self.http = http
        self.source = http.source
        self.base_url = http.base_url
        self.version = version
        self.connections = connections
        self._preview: set[str] = set()  # kinds of call that exist only as a preview on this server

    def project_pages(self, state: str = "wellFormed") -> Iterator[Answer]:
        """List the projects we may see; the token of the next page is in a header."""
        token: str | None = None
        for _ in range(_MOST_PAGES):
            params = {"stateFilter": state, "$top": 100}
            yield (answer := self._projects_page(params | ({"continuationToken": token} if token else {})))
            following = answer.headers.get("x-ms-continuationtoken")
            if not following:
                return
            if following == token:
                break
            token = following
        raise self._loops("/_apis/projects")

    def _projects_page(self, params: Mapping[str, Any]) -> Answer:
        try:
            return self._get("/_apis/projects", params)
        except HttpError as error:
            if error.status != 404 or b"typeKey" in error.body:  # noqa: PLR2004 - its own 404s carry a typeKey
                raise
            raise MisconfiguredSource(
                "the address answers, but not as an Azure DevOps does. Check base_url: it ends with the organisation "
                "(https://dev.azure.com/example) or the collection (https://server/tfs/DefaultCollection).",
                source=self.http.source,
            ) from None

    def project_once_named(self, name: str) -> Json | None:
        """Return the project that has or once had this name; None where there is none to be seen."""
        try:
            found = content(self._get(f"/_apis/projects/{_in(name)}", {"includeHistory": "true"}))
        except (HttpDenied, HttpError):
            return None
        return found if isinstance(found, dict) and found.get("id") else None

    def process_of(self, project: str) -> Json:
        """Return the process template of a project: its name and type id; nothing where it is not said."""
        found = content(self._get(f"/_apis/projects/{_in(project)}", {"includeCapabilities": "true"}))
        template = ((found or {}).get("capabilities") or {}).get("processTemplate")
        return template if isinstance(template, dict) else {}

    def saved_query(self, project: str, id_: str) -> Json:
        """Return a saved query with its statement."""
        found = content(self._get(f"/{_in(project)}/_apis/wit/queries/{_in(id_)}", {"$expand": "wiql"}))
        return found if isinstance(found, dict) else {}

    def server_time(self) -> str | None:
        """Return the instant by the server's own clock, as a query says it."""
        query = "SELECT [System.Id] FROM WorkItems WHERE [System.Id] = 0"
        answer = self._post("/_apis/wit/wiql", {"query": query}, {"timePrecision": "true", "$top": 1})
        at = content(answer).get("asOf")
        return str(at) if at else None

    def who(self) -> str | None:
        """Return the name this server knows us by, None where it does not say."""
        try:
            body = content(self._get("/_apis/connectionData", kind="connectionData"))
        except HttpError:
            return None
        user = body.get("authenticatedUser") if isinstance(body, dict) else None
        user = user if isinstance(user, dict) else {}
        name = user.get("providerDisplayName") or user.get("customDisplayName")
        return str(name) if name else None

    def fields(self) -> list[Json]:
        """List the fields of the organisation."""
        return _rows(content(self._get("/_apis/wit/fields")))

    def types(self, project: str) -> list[Json]:
        """List a project's work item types."""
        return _rows(content(self._get(f"/{_in(project)}/_apis/wit/workitemtypes")))

    def categories(self, project: str) -> list[Json]:
        """List which types a project counts as bugs, requirements, tasks, features and epics."""
        return _rows(content(self._get(f"/{_in(project)}/_apis/wit/workitemtypecategories")))

    def states(self, project: str, type_: str) -> list[Json]:
        """List the states of a type with their categories."""
        path = f"/{_in(project)}/_apis/wit/workitemtypes/{_in(type_)}/states"
        return _rows(content(self._get(path, kind="states")))

    def backlog(self, project: str) -> Json:
        """Return the backlog levels, and which field holds the effort, of a project's default team."""
        found = content(self._get(f"/{_in(project)}/_apis/work/backlogconfiguration"))
        return found if isinstance(found, dict) else {}

    def nodes(self, project: str, tree: str) -> Iterator[Answer]:
        """Yield the tree of areas or iterations, then the branches deeper than one answer goes."""
        path = f"/{_in(project)}/_apis/wit/classificationnodes"
        answer = self._get(f"{path}/{tree}", {"$depth": DEEPEST})
        yield answer
        asked: set[int] = set()
        while deeper := [id_ for id_ in _cut_off(content(answer)) if id_ not in asked]:
            asked |= set(deeper)
            ids = ",".join(map(str, deeper[:BATCH]))
            answer = self._get(path, {"ids": ids, "$depth": DEEPEST, "errorPolicy": "omit"})
            yield answer

    def revisions(self, project: str | None, fields: list[str], token: str | None) -> Iterator[Batch]:
        """Read the feed of revisions from `token` on (None: from the first), project None is everywhere.

        A field the server does not know is left out of `fields`, for later callers too.

        Raises:
            HttpUnavailable: With status 500, of a batch that the server cannot put together.
        """
        path = _below(project, "/_apis/wit/reporting/workitemrevisions")
        seen: set[str] = set()
        for _ in range(_MOST_PAGES):
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
        raise self._loops(path)

    def token_at(self, project: str | None, fields: list[str], since: str) -> str | None:
        """Return the token of the feed of revisions at an instant of the server's clock."""
        path = _below(project, "/_apis/wit/reporting/workitemrevisions")
        return _batch(self._revisions_once(path, fields, {"startDateTime": since})).token

    def reads_everywhere(self) -> bool:
        """Say whether the feed of the whole organisation may be read.

        Raises:
            ConnectorError: For another reason than a missing permission.
        """
        params = {"$maxPageSize": 1, "fields": "System.Id"}
        try:
            self._get("/_apis/wit/reporting/workitemrevisions", params)
        except (HttpDenied, HttpError) as error:
            if error.status in (403, 404):
                return False
            raise
        return True

    def links(self, project: str | None, token: str | None, since: str) -> Iterator[Batch]:
        """Read the feed of changed links from `token` on, or from `since` where there is no token yet."""
        path = _below(project, "/_apis/wit/reporting/workitemlinks")
        seen: set[str] = set()
        for _ in range(_MOST_PAGES):
            # A start and a token may not be given together.
            place = {"continuationToken": token} if token else {"startDateTime": since}
            batch = _batch(self._get(path, place))
            yield batch
            if batch.last:
                return
            if batch.token is None or batch.token in seen:
                break
            seen.add(batch.token)
            token = batch.token
        raise self._loops(path)

    def current(self, ids: Sequence[int]) -> tuple[list[Answer], Broken]:
        """Fetch items with their relations, 200 a call; one that is gone or hidden is null in its answer.

        One that breaks the call is asked for apart, and given with the reason.
        """
        chunks = [ids[at : at + BATCH] for at in range(0, len(ids), BATCH)]
        with ThreadPoolExecutor(max_workers=self.connections) as pool:
            found = list(pool.map(lambda chunk: bisected(chunk, self._batch_of), chunks))
        return [answer for answers, _ in found for answer in answers], merged(broken for _, broken in found)

    def newest_revisions(self, ids: Sequence[int]) -> dict[int, int]:
        """Return the revision each item has now; one that cannot be read is left out."""
        revs: dict[int, int] = {}
        for at in range(0, len(ids), BATCH):
            answers, _ = bisected(ids[at : at + BATCH], self._revs_of)
            rows = (one for answer in answers for one in content(answer)["value"] if one)
            revs |= {int(one["id"]): int(one["rev"]) for one in rows}
        return revs

    def updates(self, wanted: Mapping[int, int]) -> tuple[dict[int, list[Answer]], Broken]:
        """Fetch the history of items, id -> its newest revision, until that revision is reached."""
        with ThreadPoolExecutor(max_workers=self.connections) as pool:
            found = list(pool.map(lambda id_: bisected([id_], self._updates_in(wanted)), wanted))
        histories = {id_: answers for id_, (answers, broken) in zip(wanted, found, strict=True) if not broken}
        return histories, merged(broken for _, broken in found)

    def ids(self, where: str, project: str | None = None) -> Iterator[tuple[Part, list[int]]]:
        """List the ids a condition picks, in order, however many there are."""
        path, last = _below(project, "/_apis/wit/wiql"), 0
        for _ in range(_MOST_PAGES):
            query = (
                f"SELECT [System.Id] FROM WorkItems WHERE ({where}) AND [System.Id] > {last} "
                "ORDER BY [System.Id]"
            )
            params = {"timePrecision": "true", "$top": QUERY_LIMIT}
            answer = self._post(path, {"query": query}, params)
            found = sorted(int(item["id"]) for item in content(answer).get("workItems") or ())
            if not found:
                return
            if found[0] <= last:
                break
            yield answer.part(), found
            last = found[-1]
        raise self._loops(path)

    def recycled(self, project: str) -> frozenset[int]:
        """List the ids in a project's recycle bin; nothing where it may not be read."""
        try:
            return recycled_ids(content(self._get(f"/{_in(project)}/_apis/wit/recyclebin")))
        except HttpError:
            return frozenset()

    def _batch_of(self, ids: Sequence[int], attempts: int) -> list[Answer]:
        body = {"ids": list(ids), "$expand": "relations", "errorPolicy": "omit"}
        return [self._post("/_apis/wit/workitemsbatch", body, attempts=attempts)]

    def _revs_of(self, ids: Sequence[int], attempts: int) -> list[Answer]:
        body = {"ids": list(ids), "fields": ["System.Id", "System.Rev"], "errorPolicy": "omit"}
        return [self._post("/_apis/wit/workitemsbatch", body, attempts=attempts)]

    def _updates_in(self, wanted: Mapping[int, int]) -> Callable[[Sequence[int], int], list[Answer]]:
        def ask(ids: Sequence[int], attempts: int) -> list[Answer]:
            return self._updates_of(ids[0], wanted[ids[0]], attempts)

        return ask

    def _updates_of(self, id_: int, rev: int, attempts: int) -> list[Answer]:
        answers: list[Answer] = []
        received = 0
        for _ in range(_MOST_PAGES):
            params = {"$top": BATCH, "$skip": received}
            try:
                answer = self._get(f"/_apis/wit/workItems/{id_}/updates", params, attempts=attempts)
            except HttpError as error:
                if error.status == 404:  # noqa: PLR2004 - destroyed since it was listed
                    return answers
                raise
            rows = _rows(content(answer))
            answers.append(answer)
            received += len(rows)
            if not rows or max(int(row["rev"]) for row in rows) >= rev:
                return answers
        raise self._loops(f"/_apis/wit/workItems/{id_}/updates")

    def _revisions_once(self, path: str, fields: list[str], place: Mapping[str, str]) -> Answer:
        while True:
            body = {"fields": list(fields), "includeIdentityRef": True, "includeDeleted": True}
            try:
                return self._post(path, body, place)
            except HttpError as error:
                unknown = [name for name in fields if name.encode() in error.body]
                if error.status != _BAD_REQUEST or not unknown or len(unknown) == len(fields):
                    raise
                for name in unknown:
                    with suppress(ValueError):  # another project's thread found it, too
                        fields.remove(name)

    def _get(
        self,
        path: str,
        params: Mapping[str, Any] | None = None,
        *,
        kind: str | None = None,
        attempts: int = ATTEMPTS,
    ) -> Answer:
        def call(version: str) -> Answer:
            return self.http.get(path, params={**(params or {}), "api-version": version}, attempts=attempts)

        return self._versioned(kind or path, call)

    def _post(
        self, path: str, body: Json, params: Mapping[str, Any] | None = None, *, attempts: int = ATTEMPTS
    ) -> Answer:
        def call(version: str) -> Answer:
            asked = {**(params or {}), "api-version": version}
            return self.http.post(path, body, params=asked, attempts=attempts)

        return self._versioned(path, call)

    def _versioned(self, kind: str, call: Callable[[str], Answer]) -> Answer:
        version = f"{self.version}-preview" if kind in self._preview else self.version
        try:
            return call(version)
        except HttpError as error:
            if error.status == _BAD_REQUEST and b"-preview" in error.body and kind not in self._preview:
                self._preview.add(kind)
                return self._versioned(kind, call)
            if b"VersionOutOfRange" in error.body:
                raise MisconfiguredSource(
                    f"this server is too old for version {self.version} of the interface. Set api_version to "
                    "'7.0' (Server 2022), '6.0' (Server 2020), '5.1' or '5.0' (Server 2019).",
                    source=self.source,
                ) from None
            raise

    def _loops(self, path: str) -> MisconfiguredSource:
        return MisconfiguredSource(
            f"{self.base_url}{path} gives the same page again and again. Something between Muster and Azure "
            "DevOps, such as a proxy, changes its answers.",
            source=self.source,
        )


def recycled_ids(body: Any) -> frozenset[int]:
    """Read the recycle bin, whose ids are text, with or without the usual envelope."""
    rows = body if isinstance(body, list) else _rows(body)
    return frozenset(int(row["id"]) for row in rows if row.get("code", 200) == 200)  # noqa: PLR2004 - HTTP


def _batch(answer: Answer) -> Batch:
    body = content(answer)
    token = body.get("continuationToken")
    if not token and body.get("nextLink"):
        token = parse_qs(urlsplit(body["nextLink"]).query).get("continuationToken", [None])[0]
    return Batch(answer.part(), body.get("values") or [], token, bool(body.get("isLastBatch")))


def _rows(body: Any) -> list[Json]:
    rows = body.get("value") if isinstance(body, dict) else body
    return [row for row in rows or () if isinstance(row, dict)]


def _cut_off(body: Any) -> list[int]:
    """List nodes that have children which this answer does not show."""
    found: list[int] = []
    pending: list[Any] = list(body.get("value") or ()) if "value" in body else [body]
    while pending:
        node = pending.pop()
        if isinstance(node, dict):
            if node.get("hasChildren") and not node.get("children"):
                found.append(int(node["id"]))
            pending += node.get("children") or ()
    return found


def _in(name: str) -> str:
    return quote(name, safe="")


def _below(project: str | None, path: str) -> str:
    return path if project is None else f"/{_in(project)}{path}"
