"""One Jira site: which kind it is, who we are there, and its projects."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, Final
from urllib.parse import quote

import httpx
import orjson

from connectors.base import Json, Part, Traffic
from connectors.errors import AccessDenied, SliceUnreadable, SourceUnavailable
from connectors.grants import TokenStore
from connectors.http import Answer, Http, HttpDenied, HttpError
from connectors.jira.config import JiraConfig, OAuthAuth, PatAuth
from connectors.jira.paging import NO_ANSWER, pages
from connectors.jira.signin import sign_in
from connectors.once import once

CLOUD_HINT: Final = (
    "On Jira Cloud the user name is an e-mail address and the token is made at id.atlassian.com (tokens end after "
    "a year at most). A token with scopes works only with base_url https://api.atlassian.com/ex/jira/<cloud id>; "
    "the cloud id stands at <site>/_edge/tenant_info."
)
BEARER_HINT: Final = (
    "Jira Cloud takes an API token together with its owner's e-mail address: use auth type basic. Auth type pat is for "
    "Data Center, and for service accounts through https://api.atlassian.com/ex/jira/<cloud id>."
)
SERVER_HINT: Final = (
    "On Jira Data Center use a personal access token (auth type pat): "
    "from version 11 on passwords are switched off."
)
OAUTH_HINT: Final = (
    "The token was refused although it is new: the app may lack a scope, the person's consent may not cover this site, "
    "or base_url may name another one. Sign in again: muster source login {source}."
)
_ENGLISH: Final = {"Accept-Language": "en", "X-Force-Accept-Language": "true"}
_CLOUD_MAJOR: Final = 1000  # Cloud calls itself 1001.0.0-SNAPSHOT


@dataclass(frozen=True, slots=True)
class Project:
    """One project as the site lists it."""

    id: str
    key: str
    name: str


@dataclass(slots=True)
class Changed:
    """Sprints and versions that were seen to have changed, though no issue of theirs says so: id -> when.

    Written while their lists are read, by our clock; applied to the issues that name them afterwards.
    """

    sprints: dict[str, datetime] = field(default_factory=dict)
    versions: dict[str, datetime] = field(default_factory=dict)


class Site:
    """What all streams of a Jira source share. Looked up once, on first use; safe for threads."""

    def __init__(
        self,
        config: JiraConfig,
        *,
        source: str,
        traffic: Traffic,
        transport: httpx.BaseTransport | None,
        connections: int,
        clock: Callable[[], datetime],
        tokens: TokenStore | None = None,
    ) -> None:
        self.config = config
        self.source = source
        self.clock = clock
        self.connections = min(connections, config.connections)
        self._sign_in = sign_in(config, source=source, transport=transport, tokens=tokens, clock=clock)
        self.http = Http(
            source,
            base_url=config.base_url,
            auth=self._sign_in.auth,
            headers={**_ENGLISH, **self._sign_in.headers},
            ca_bundle=config.ca_bundle,
            proxy=config.proxy,
            transport=transport,
            traffic=traffic,
            connections=self.connections,
            login_hint=self._hint(cloud=config.gateway or ".atlassian.net" in config.base_url),
        )
        self._pool: ThreadPoolExecutor | None = None
        self.ahead = threading.BoundedSemaphore(self.connections)  # batches fetched ahead, of all slices
        self._lock = threading.RLock()
        self.ahead_of_us = timedelta(0)  # the server's clock, as seen when we signed in
        self.changed = Changed()
        self.lasts = timedelta(minutes=config.lists_minutes)  # how old a list may get
        self.looks = True  # false: this run goes on by the statuses that earlier ones saw

    @property
    def pool(self) -> ThreadPoolExecutor:
        """The threads that fetch ahead; one pool a source, as wide as its connections."""
        with self._lock:
            if self._pool is None:
                self._pool = ThreadPoolExecutor(self.connections, thread_name_prefix=f"jira-{self.source}")
            return self._pool

    def close(self) -> None:
        """Give threads and connections back."""
        with self._lock:
            if self._pool is not None:
                self._pool.shutdown(wait=True, cancel_futures=True)
                self._pool = None
        self.http.close()
        self._sign_in.close()

    @once
    def server_info(self) -> Json:
        """The site's version and kind. Answers without sign-in, so it proves nothing about us."""
        try:
            info = self.http.get("/rest/api/2/serverInfo").json()
        except HttpError as error:
            if error.status != 404:  # noqa: PLR2004 - something answers, but knows no Jira there
                raise
            info = None
        if not isinstance(info, dict) or not ({"version", "versionNumbers", "baseUrl"} & info.keys()):
            raise HttpError(
                "the address answers, but not as a Jira does. Check base_url; Data Center often needs its context "
                "path, e.g. https://jira.example.com/jira",
                source=self.source, status=200, body=b"",
            )  # fmt: skip
        return info

    @once
    def cloud(self) -> bool:
        """Whether this is Jira Cloud; everything else speaks Data Center's API."""
        cloud = self._says_cloud()
        self.http.login_hint = self._hint(cloud=cloud)  # the address alone does not tell
        return cloud

    def _hint(self, *, cloud: bool) -> str:
        if isinstance(self.config.auth, OAuthAuth):
            return OAUTH_HINT.format(source=self.source)
        if not cloud:
            return SERVER_HINT
        bearer = isinstance(self.config.auth, PatAuth) and not self.config.gateway
        return BEARER_HINT if bearer else CLOUD_HINT

    def _says_cloud(self) -> bool:
        kind = self.server_info.get("deploymentType")
        if kind:
            return bool(kind == "Cloud")
        numbers = self.server_info.get("versionNumbers") or [0]
        version = str(self.server_info.get("version", "")).partition(".")[0]
        return numbers[0] >= _CLOUD_MAJOR or (version.isdigit() and int(version) >= _CLOUD_MAJOR)

    @property
    def api(self) -> str:
        """The platform API's path."""
        return "/rest/api/3" if self.cloud else "/rest/api/2"

    @once
    def web(self) -> str:
        """Where people open issues: the site itself, also when we call it through the gateway."""
        if self.config.gateway:
            return str(self.server_info.get("baseUrl") or self.config.base_url).rstrip("/")
        return self.config.base_url

    @once
    def myself(self) -> Json:
        """The account we are. Needs a sign-in, unlike much else on Cloud that answers anybody with nothing."""
        answer = self.http.get(f"{self.api}/myself")
        now = self.clock()
        self.ahead_of_us = server_time(answer, now) - now
        me = answer.json()
        if not isinstance(me, dict) or not (me.keys() & {"accountId", "key", "name"}):
            raise AccessDenied(
                f"the site does not say who we are: it takes us for nobody. {self.http.login_hint}",
                source=self.source,
            )
        return me

    @once
    def statuses(self) -> list[Json]:
        """Every status of the site, in its own shape; what is no status is left out."""
        body = self.http.get(f"{self.api}/status").json()
        return [one for one in body if isinstance(one, dict) and one.get("id")]

    @once
    def all_projects(self) -> list[Json]:
        """Every live project the account sees, in the site's own shape."""
        bodies = (orjson.loads(part.body) for part in self.listing if part.body != NO_ANSWER)
        every = (project for body in bodies for project in project_rows(body))
        return [project for project in every if not is_retired(project)]

    @once
    def listing(self) -> list[Part]:
        """The list of projects, page by page, as this run found it."""
        return self.project_pages()

    def project_pages(self) -> list[Part]:
        """Fetch the list of projects, page by page: also the archived and the deleted, where the account may ask."""
        if not self.cloud:
            answer = self.http.get("/rest/api/2/project", {"expand": "lead", "includeArchived": "true"})
            answer.json()  # a sign-in page is told from data here, in our words
            return [answer.part()]
        path, params = "/rest/api/3/project/search", {"expand": "lead"}
        try:
            return list(pages(self.http, path, {**params, "status": ["live", "archived", "deleted"]}, 100))
        except (HttpError, HttpDenied) as error:
            if error.status not in (400, 403):
                raise
            return list(pages(self.http, path, params, 100))

    def pages(self, path: str, params: dict[str, Any]) -> Iterator[Answer]:
        """Fetch an offset-paged list. Goes on by what arrived, ends by the list's own word or an empty page."""
        start = 0
        before = b""
        while True:
            answer = self.http.get(path, {**params, "startAt": start})
            body = answer.json()
            if start and body.get("values") and answer.content == before:
                raise SourceUnavailable(
                    f"{path} gives the same page again and again; the next run tries again.",
                    source=self.source,
                )
            before = answer.content
            yield answer
            count = len(body.get("values") or ())
            start += count
            if not count or body.get("isLast") is True:
                return
            total = body.get("total")
            if "isLast" not in body and total is not None and start >= total:
                return

    def project(self, key: str) -> Project:
        """Look one project up by its key.

        Raises:
            SliceUnreadable: It does not exist, or this account does not see it.
        """
        answer = self.project_answer(key)
        return _project(answer.json())

    def project_answer(self, key: str) -> Answer:
        """Like `project`, but the whole answer."""
        try:
            return self.http.get(f"{self.api}/project/{quote(key, safe='')}")
        except HttpError as error:
            if error.status != 404:  # noqa: PLR2004 - not found
                raise
            said = "there is no such project, or this account does not see it"
        except HttpDenied as error:
            if error.status != 403:  # noqa: PLR2004 - forbidden
                raise
            said = "this account may not see the project"
        raise SliceUnreadable(
            f"{said}. Check the key, or ask its administrator for the permission Browse Projects.",
            source=self.source, slice_=key,
        )  # fmt: skip

    def require_sign_in(self) -> None:
        """Make sure that we are somebody: to nobody, Cloud answers most questions with an empty 200.

        Raises:
            AccessDenied: The credentials are not accepted.
        """
        _ = self.myself

    def chosen(self) -> list[Project | str]:
        """List the projects to pull; a key that could not be looked up stays a string."""
        self.require_sign_in()
        if self.config.projects == ("*",):
            return [_project(project) for project in self.all_projects]
        return list(self._looked_up)

    @once
    def _looked_up(self) -> list[Project | str]:
        def look(key: str) -> Project | str:
            try:
                return self.project(key)
            except SliceUnreadable:
                return key

        return list(self.pool.map(look, self.config.projects))


def server_time(answer: Answer, fallback: datetime) -> datetime:
    """Read the server's own clock off an answer, so that ours may be wrong."""
    try:
        at = parsedate_to_datetime(answer.headers["date"])
    except (KeyError, ValueError):
        return fallback
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def is_retired(project: Json) -> bool:
    """Whether a project is archived, or in the bin for deleted ones."""
    return project.get("archived") is True or project.get("deleted") is True


def project_rows(body: Any) -> list[Json]:
    """Take the projects out of a list of either kind, or out of one project's own answer."""
    if isinstance(body, list):
        return body
    return list(body["values"]) if "values" in body else [body]


def _project(body: Json) -> Project:
    return Project(str(body["id"]), str(body["key"]), str(body.get("name") or body["key"]))
