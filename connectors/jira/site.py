"""One Jira site: which kind it is, who we are there, and its projects."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from email.utils import parsedate_to_datetime
from typing import Any, Final
from urllib.parse import quote
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import httpx

from connectors.base import Json, Traffic
from connectors.errors import AccessDenied, SliceUnreadable, SourceUnavailable
from connectors.http import Answer, Http, HttpDenied, HttpError
from connectors.jira import jql
from connectors.jira.config import BasicAuth, JiraConfig, PatAuth
from connectors.once import once

GATEWAY: Final = "api.atlassian.com"
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
_ENGLISH: Final = {"Accept-Language": "en", "X-Force-Accept-Language": "true"}
_CLOUD_MAJOR: Final = 1000  # Cloud calls itself 1001.0.0-SNAPSHOT
_UNKNOWN_ZONE_SLACK: Final = timedelta(hours=26)  # the farthest apart that two zones of the world are


@dataclass(frozen=True, slots=True)
class Project:
    """One project as the site lists it."""

    id: str
    key: str
    name: str


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
    ) -> None:
        self.config = config
        self.source = source
        self.clock = clock
        self.connections = min(connections, config.connections)
        secret = config.auth.token.get_secret_value()
        basic = isinstance(config.auth, BasicAuth)
        self.http = Http(
            source,
            base_url=config.base_url,
            auth=(config.auth.username, secret) if isinstance(config.auth, BasicAuth) else None,
            headers=_ENGLISH if basic else {**_ENGLISH, "Authorization": f"Bearer {secret}"},
            ca_bundle=config.ca_bundle,
            proxy=config.proxy,
            transport=transport,
            traffic=traffic,
            connections=self.connections,
            login_hint=self._hint(cloud=_looks_like_cloud(config.base_url)),
        )
        self._pool: ThreadPoolExecutor | None = None
        self.ahead = threading.BoundedSemaphore(self.connections)  # batches fetched ahead, of all slices
        self._lock = threading.RLock()
        self._epoch_taken: bool | None = None

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
        if not cloud:
            return SERVER_HINT
        bearer = isinstance(self.config.auth, PatAuth) and GATEWAY not in self.config.base_url
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
        if GATEWAY in self.config.base_url:
            return str(self.server_info.get("baseUrl") or self.config.base_url).rstrip("/")
        return self.config.base_url

    @once
    def myself(self) -> Json:
        """The account we are. Needs a sign-in, unlike much else on Cloud that answers anybody with nothing."""
        me = self.http.get(f"{self.api}/myself").json()
        if not isinstance(me, dict) or not (me.keys() & {"accountId", "key", "name"}):
            raise AccessDenied(
                f"the site does not say who we are: it takes us for nobody. {self.http.login_hint}",
                source=self.source,
            )
        return me

    @once
    def all_projects(self) -> list[Json]:
        """Every project the account sees, in the site's own shape."""
        return [project for answer in self.project_pages() for project in project_rows(answer.json())]

    def project_pages(self) -> Iterator[Answer]:
        """Fetch the list of projects, page by page."""
        if not self.cloud:
            yield self.http.get("/rest/api/2/project", {"expand": "lead"})
            return
        yield from self.pages("/rest/api/3/project/search", {"expand": "lead", "maxResults": 100})

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

    def updated_since(self, at: datetime) -> str:
        """Write the condition `updated >= at` in the form this site takes."""
        if self._takes_epoch():
            return jql.updated_since_epoch(at)
        zone = self._zone()
        return jql.updated_since_minute(at - (timedelta(0) if zone else _UNKNOWN_ZONE_SLACK), zone or UTC)

    def _takes_epoch(self) -> bool:
        """Ask once whether JQL takes epoch milliseconds; Cloud does."""
        with self._lock:
            if self._epoch_taken is None:
                self._epoch_taken = self.cloud or self._probe_epoch()
            return self._epoch_taken

    def _probe_epoch(self) -> bool:
        probe = {"jql": jql.updated_since_epoch(self.clock()), "maxResults": 1, "fields": ["id"]}
        try:
            self.http.post("/rest/api/2/search", probe)
        except HttpError as error:
            if error.status != 400:  # noqa: PLR2004 - bad request
                raise
            return False
        return True

    def _zone(self) -> tzinfo | None:
        """The account's time zone, in which JQL reads times; None when the site hides it."""
        name = self.myself.get("timeZone") or self.server_info.get("serverTimeZone")
        try:
            return ZoneInfo(str(name)) if name else None
        except (ZoneInfoNotFoundError, ValueError):
            return None


def server_time(answer: Answer, fallback: datetime) -> datetime:
    """Read the server's own clock off an answer, so that ours may be wrong."""
    try:
        at = parsedate_to_datetime(answer.headers["date"])
    except (KeyError, ValueError):
        return fallback
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def project_rows(body: Any) -> list[Json]:
    """Take the projects out of a list of either kind, or out of one project's own answer."""
    if isinstance(body, list):
        return body
    return list(body["values"]) if "values" in body else [body]


def _project(body: Json) -> Project:
    return Project(str(body["id"]), str(body["key"]), str(body.get("name") or body["key"]))


def _looks_like_cloud(base_url: str) -> bool:
    return ".atlassian.net" in base_url or GATEWAY in base_url
