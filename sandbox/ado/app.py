"""The ASGI program: sign-in, API versions, routing, and the control of the clock and the content."""

import base64
import re
import time
from collections.abc import Mapping
from datetime import date
from typing import Any, Final
from urllib.parse import parse_qsl, unquote

import orjson

from sandbox import tokens
from sandbox.ado import catalogue, edits, items, queries, reporting, teams, truth, wiql
from sandbox.ado.calls import Answer, ApiError, Call, Endpoint, invalid
from sandbox.ado.generate import demo_world, load_world
from sandbox.ado.recorded import Recorded
from sandbox.ado.world import World
from sandbox.faults import read_body, send_bytes
from sandbox.options import App, Options, Receive, Scope, Send

ORGANISATION: Final = "/contoso"
COLLECTION: Final = "/tfs/DefaultCollection"
PAT: Final = "sandbox-pat"
NEWEST: Final = (7, 2)
NEWEST_SERVER: Final = (7, 1)
SIGN_IN: Final = (
    b"<!DOCTYPE html><html><head><title>Azure DevOps Services | Sign In</title></head>"
    b"<body><h1>Sign in</h1></body></html>"
)
_CACHED: Final = 5000

# method, resource, endpoint, whether it is still a preview in 7.1
_TABLE: Final[tuple[tuple[str, str, Endpoint, bool], ...]] = (
    ("GET", "connectionData", catalogue.connection, True),
    ("GET", "projects", catalogue.projects, False),
    ("GET", "projects/(?P<key>[^/]+)", catalogue.project, False),
    ("GET", "projects/(?P<key>[^/]+)/teams", catalogue.teams, False),
    ("GET", "teams", catalogue.teams, True),
    ("GET", "wit/fields", catalogue.fields, False),
    ("GET", "wit/fields/(?P<key>[^/]+)", catalogue.one_field, False),
    ("GET", "wit/workitemrelationtypes", catalogue.relations, False),
    ("GET", "wit/workitemtypes", catalogue.types, False),
    ("GET", "wit/workitemtypes/(?P<type>[^/]+)", catalogue.one_type, False),
    ("GET", "wit/workitemtypes/(?P<type>[^/]+)/states", catalogue.states, False),
    ("GET", "wit/workitemtypecategories", catalogue.categories, False),
    ("GET", "wit/classificationnodes", teams.nodes, False),
    ("GET", "wit/classificationnodes/(?P<group>areas|iterations)(?:/(?P<path>.+))?", teams.nodes, False),
    ("GET", "work/teamsettings", teams.team_settings, False),
    ("GET", "work/teamsettings/iterations(?:/(?P<key>[^/]+))?", teams.team_iterations, False),
    ("GET", "work/teamsettings/teamfieldvalues", teams.team_fields, False),
    ("GET", "work/backlogconfiguration", teams.backlog, False),
    ("POST", "wit/wiql", wiql.run, False),
    ("GET", "wit/queries/(?P<id>[^/]+)", queries.one, False),
    ("POST", "wit/workitemsbatch", items.batch, False),
    ("GET", "wit/workitems", items.batch, False),
    ("GET", r"wit/workitems/(?P<id>\d+)", items.one, False),
    ("GET", r"wit/workitems/(?P<id>\d+)/updates", items.updates, False),
    ("GET", r"wit/workitems/(?P<id>\d+)/revisions", items.revisions, False),
    ("GET", r"wit/workitems/(?P<id>\d+)/comments", items.comments, True),
    ("GET", r"wit/recyclebin(?:/(?P<id>\d+))?", items.recycled, False),
    ("GET", "wit/reporting/workitemrevisions", reporting.revisions, False),
    ("POST", "wit/reporting/workitemrevisions", reporting.revisions, False),
    ("GET", "wit/reporting/workitemlinks", reporting.links, False),
)
_ROUTES: Final = tuple(
    (method, re.compile(pattern, re.IGNORECASE), endpoint, preview)
    for method, pattern, endpoint, preview in _TABLE
)
_VERSION: Final = re.compile(r"(\d+)\.(\d+)(-preview(?:\.\d+)?)?")


def _wanted_version(query: Mapping[str, str], headers: Mapping[str, str]) -> str:
    accept = re.search(r"api-version=([\w.-]+)", headers.get("accept", ""))
    return query.get("api-version") or (accept[1] if accept else "")


def check_version(version: str, method: str, *, preview: bool, server: bool) -> None:
    """Refuse a version the resource doesn't have.

    Raises:
        ApiError: None is given with a POST, it is unknown or too new, or its -preview is missing.
    """
    if not version:
        if method != "GET":
            words = (
                f'No api-version was supplied for the "{method}" request. The version must be supplied either'
            )
            more = "as part of the Accept header or as a query parameter."
            raise ApiError(400, "VssVersionNotSpecifiedException", f"{words} {more}")
        return
    found = _VERSION.fullmatch(version)
    newest = NEWEST_SERVER if server else NEWEST
    if found is None or (int(found[1]), int(found[2])) > newest:
        words = f"The requested REST API version of {version} is out of range for this server."
        raise ApiError(
            400,
            "VssVersionOutOfRangeException",
            f"{words} The latest REST API version this server supports is 7.{newest[1]}.",
        )
    if not found[3] and (preview or (int(found[1]), int(found[2])) == NEWEST):
        words = f'The requested version "{version}" of the resource is under preview. The -preview'
        example = f'For example: "{found[1]}.{found[2]}-preview"'
        raise ApiError(
            400,
            "VssInvalidPreviewVersionException",
            f"{words} flag must be supplied in the api-version for such requests. {example}",
        )


def sign_in(headers: Mapping[str, str]) -> Answer | None:
    """Return None for a caller who is let in, else the way out.

    A wrong token does not give 401: the sign-in page comes with 203. Without any, the browser's
    redirect comes, unless the caller suppresses it.
    """
    scheme, _, given = headers.get("authorization", "").partition(" ")
    if not scheme:
        if headers.get("x-tfs-fedauthredirect", "").lower() == "suppress":
            challenge = 'Bearer authorization_uri=https://login.example, Basic realm="ado", TFS-Federated'
            return Answer(b"", 401, {"WWW-Authenticate": challenge})
        return Answer(
            b"", 302, {"Location": "https://spsprodeus1.vssps.visualstudio.com/_signin?realm=dev.azure.com"}
        )
    if scheme.lower() == "basic":
        try:
            _, _, password = base64.b64decode(given, validate=True).decode().partition(":")
        except ValueError:
            password = ""
        if password == PAT:
            return None
    if scheme.lower() == "bearer":
        found = tokens.claims(given)
        if found is not None and found["aud"] == tokens.ADO_AUDIENCE and not tokens.expired(found):
            return None
    return Answer(SIGN_IN, 203, {"Content-Type": "text/html; charset=utf-8"})


class Organisation:
    """One organisation behind two doors: `/contoso` as Services, `/tfs/DefaultCollection` as a Server."""

    def __init__(self, world: World, recorded: Recorded | None = None) -> None:
        self.world = world
        self._recorded = recorded
        self._delay_s, self._delayed = 0.0, 0
        self._cache: dict[tuple[Any, ...], tuple[bytes, Mapping[str, str]]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        method: str = scope["method"]
        raw = scope.get("raw_path") or scope["path"].encode()
        body = await read_body(receive) if method != "GET" else b""
        headers = {
            name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]
        }
        if scope["path"].startswith("/_sandbox/"):
            answer = self._control(method, scope["path"].removeprefix("/_sandbox/"), body)
            await _send(send, answer.status, orjson.dumps(answer.body), answer.headers)
            return
        query: bytes = scope["query_string"]
        key = (
            self.world.version,
            method,
            raw,
            query,
            body,
            headers.get("authorization"),
            headers.get("accept"),
        )
        held = self._cache.get(key)
        if held is not None:
            await _send(send, 200, held[0], {**held[1], **self._soft_delay()})
            return
        try:
            answer = self._answer(method, raw.decode(), query.decode(), headers, body)
        except ApiError as error:
            answer = error.answer()
        content = answer.body if isinstance(answer.body, bytes) else orjson.dumps(answer.body)
        if answer.status == 200:  # noqa: PLR2004  HTTP's own number
            if len(self._cache) > _CACHED:
                self._cache.clear()
            self._cache[key] = (content, answer.headers)
            answer = Answer(None, 200, {**answer.headers, **self._soft_delay()})
        await _send(send, answer.status, content, answer.headers)

    def _answer(self, method: str, path: str, query: str, headers: Mapping[str, str], body: bytes) -> Answer:
        refused = sign_in(headers)
        if refused is not None:
            return refused
        server = path.lower().startswith(f"{COLLECTION.lower()}/")
        prefix = COLLECTION if server else ORGANISATION
        if not path.lower().startswith(f"{prefix.lower()}/"):
            raise ApiError(404, "ServiceHostNotFoundException", "TF400898: The organisation does not exist.")
        before, found, resource = path[len(prefix) :].partition("/_apis/")
        if not found:
            raise ApiError(404, "VssServiceException", "The page was not found.")
        # A bare semicolon separates parameters here: a token with one must be encoded.
        given = dict(parse_qsl(query.replace(";", "&"), keep_blank_values=True))
        if self._recorded is not None:
            return self._recorded.answer(method, path[len(prefix) :], given)
        call = Call(self.world, method, given, _json(body), server, _wanted_version(given, headers))
        named = [unquote(part) for part in before.split("/") if part]
        if named:
            call.project = self.world.project(named[0])
            call.team = named[1] if len(named) > 1 else None
            if call.project is None:
                raise catalogue.missing_project(named[0])
        return _dispatch(call, unquote(resource).rstrip("/"))

    def _soft_delay(self) -> dict[str, str]:
        """Return the headers of an answer that is right, and yet says that the caller should slow down."""
        if not self._delayed:
            return {}
        self._delayed -= 1
        return {
            "Retry-After": f"{self._delay_s:g}", "X-RateLimit-Resource": "GlobalUserConcurrency/5min",
            "X-RateLimit-Delay": f"{self._delay_s:.3f}", "X-RateLimit-Limit": "200", "X-RateLimit-Remaining": "0",
            "X-RateLimit-Reset": str(int(time.time() + self._delay_s)),
        }  # fmt: skip

    def _control(self, method: str, what: str, body: bytes) -> Answer:
        wanted = orjson.loads(body) if body else {}
        if what == "clock" and method == "POST":
            self.world.turn(date.fromisoformat(wanted["date"]))
            return Answer({"date": str(self.world.clock)})
        if what == "truth":
            return Answer(truth.totals(self.world))
        if what == "truth/items":
            return Answer(truth.items(self.world))
        if what == "delay" and method == "POST":  # {"seconds": 2, "times": 1}
            self._delay_s, self._delayed = float(wanted["seconds"]), int(wanted.get("times", 1))
            return Answer(wanted)
        if what == "edit" and method == "POST":
            return edits.edit(self.world, wanted)
        return Answer({"error": f"there is no {method} /_sandbox/{what}"}, 404)


def _json(body: bytes) -> Any:
    if not body:
        return None
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        raise invalid("The body of the request is not JSON.") from None


def _dispatch(call: Call, resource: str) -> Answer:
    known = False
    for method, pattern, endpoint, preview in _ROUTES:
        match = pattern.fullmatch(resource)
        if match is None:
            continue
        known = True
        if method == call.method:
            check_version(call.version, call.method, preview=preview, server=call.server)
            return endpoint(call, match)
    if known:
        raise ApiError(
            405,
            "VssServiceException",
            f"The requested resource does not support http method '{call.method}'.",
        )
    raise ApiError(
        404,
        "VssServiceException",
        "The controller for this path was not found or does not implement IController.",
    )


async def _send(send: Send, status: int, content: bytes, headers: Mapping[str, str]) -> None:
    kind = headers.get("Content-Type", "application/json; charset=utf-8; api-version=7.1")
    await send_bytes(send, status, content, kind, {k: v for k, v in headers.items() if k != "Content-Type"})


def create(options: Options) -> tuple[App, dict[str, Any]]:
    """Return the organisation, as the options want it filled."""
    recorded = Recorded(options.recorded) if options.recorded else None
    if options.issues is not None:
        world = load_world(options.anchor, options.clock, options.seed, options.issues)
    else:
        world = demo_world(options.anchor, options.clock, options.seed)
    own = options.own
    info = {"organisation_url": own + ORGANISATION, "collection_url": own + COLLECTION}
    return Organisation(world, recorded), info
