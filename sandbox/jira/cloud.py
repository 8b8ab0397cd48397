"""Jira Cloud: token-paged search, bulk fetches, and what it answers to those it does not know."""

import base64
import hashlib
from bisect import bisect_right
from datetime import date
from typing import Any, Final

import orjson

from sandbox.jira import agile, control, platform
from sandbox.jira.changelogs import bulk, of_issue
from sandbox.jira.render import Choice
from sandbox.jira.site import CHANGELOG_SHOWN, Site, joined, open_site, without_transitions
from sandbox.jira.things import PRIORITIES
from sandbox.jira.web import Answer, Refused, Request, Routes, answer
from sandbox.jira.world import Place
from sandbox.oauth import CLOUD_ID, SCOPED_TOKEN, OAuth
from sandbox.options import App, Options

USERNAME, TOKEN = "sync@example.com", "sandbox-token"
UNBOUNDED: Final = (
    "Unbounded JQL queries are not allowed here. Please add a search restriction to your query."
)
GONE: Final = (
    "The requested API has been removed. Please migrate to the /rest/api/3/search/jql API. A full migration "
    "guideline is available at https://developer.atlassian.com/changelog/#CHANGE-2046"
)
BAD_TOKEN: Final = "The provided next page token is invalid or has expired."  # noqa: S105 - a message
MOST_IDS: Final = 5000  # issues a page when only ids and keys are asked for
MOST_ISSUES: Final = 100
TOKEN_DAYS: Final = 7
MOST_FETCHED: Final = 100
MOST_FETCHED_PLAIN: Final = 1000  # by id and a few single-valued fields only
MOST_FIELDS: Final = 100
MANY_VALUED: Final = frozenset(
    {
        "comment",
        "worklog",
        "issuelinks",
        "subtasks",
        "attachment",
        "labels",
        "components",
        "fixVersions",
        "versions",
    }
)
COSTLY: Final = frozenset(
    {"changelog", "editmeta", "operations", "renderedFields", "transitions", "versionedRepresentations"}
)
SEARCH_BODY: Final = frozenset(
    {
        "jql",
        "nextPageToken",
        "maxResults",
        "fields",
        "expand",
        "properties",
        "fieldsByKeys",
        "reconcileIssues",
    }
)
MOST_RECONCILED: Final = 50
MOST_USERS: Final = 1000


def create(options: Options) -> tuple[App, dict[str, Any]]:
    """Return the application and what the ready line says of it."""
    site = open_site(options, cloud=True)
    expected = "Basic " + base64.b64encode(f"{USERNAME}:{TOKEN}".encode()).decode()

    def before(request: Request) -> None:
        given = request.headers.get("authorization")
        request.anonymous = given != expected

    def after(request: Request, result: Answer) -> None:
        result.headers |= {"X-RateLimit-Limit": "350", "X-RateLimit-Remaining": "349", "Date": site.date()}
        if request.anonymous and "authorization" in request.headers:
            # Wrong credentials are served as nobody's: only this header tells.
            result.headers["X-Seraph-LoginReason"] = "AUTHENTICATED_FAILED"

    routes = Routes(before, after)
    for root in ("/rest/api/3", "/rest/api/2"):
        platform.add(routes, site, root)
        _add(routes, site, root)
    agile.add(routes, site, "/rest/agile/1.0")
    control.add(routes, site)
    info = {"username": USERNAME, "token": TOKEN, "time_zone": site.world.zone.key, "dated": True}
    info |= {"gateway_url": f"{site.things.base}/ex/jira/{CLOUD_ID}", "scoped_token": SCOPED_TOKEN}
    return OAuth(routes, account=expected, site=site.things.base, context=None), info


def _add(routes: Routes, site: Site, root: str) -> None:
    for method, path, route in (
        ("GET", "search/jql", _search),
        ("POST", "search/jql", _search),
        ("POST", "search/approximate-count", _count),
        ("GET", "search", _gone),
        ("POST", "search", _gone),
        ("POST", "issue/bulkfetch", _fetch),
        ("POST", "changelog/bulkfetch", bulk),
        ("GET", "issue/{issue}/changelog", of_issue),
        ("GET", "project/search", _projects),
        ("GET", "priority/search", _priorities),
        ("GET", "statuses", _statuses),
        ("GET", "users/search", _users),
        ("GET", "user/bulk", _users_by_id),
    ):
        routes.add(method, f"{root}/{path}", lambda request, route=route: route(site, request))  # type: ignore[misc]


def _gone(_: Site, __: Request) -> Answer:
    raise Refused(410, GONE)


def _search(site: Site, request: Request) -> Answer:
    asked = _asked(request)
    jql = asked["jql"]
    query = site.query(jql)
    if query.test is None:
        raise Refused(400, UNBOUNDED)
    if len(asked["reconcileIssues"]) > MOST_RECONCILED:
        raise Refused(400, f"A maximum of {MOST_RECONCILED} issues may be reconciled.")
    fields = asked["fields"] or ["id"]
    choice = site.chosen(fields)
    places = [] if request.anonymous else site.world.search(jql, query)
    start, page_number = _opened(asked["nextPageToken"], jql, places, site.world.clock)
    size = _size(asked["maxResults"], choice)
    if site.options.issues is None and page_number % 3 == 1:
        size = max(1, size - size // 5)  # a page may be short without being the last
    shown = places[start : start + size]
    changelog = CHANGELOG_SHOWN if "changelog" in asked["expand"] else 0
    version = 3 if "/api/3/" in request.path else 2
    if choice.named == {"id"} and not choice.everything:
        issues = [b'{"id":"%d"}' % place[-1] for place in shown]  # not even the key
    else:
        issues = [
            site.renderer.issue(state, choice, changelog=changelog, text_version=version)
            for place in shown
            if (state := site.world.searched(place[-1])) is not None
        ]
    if "transitions" in asked["expand"]:
        issues = [without_transitions(issue) for issue in issues]
    last = start + size >= len(places)
    after: dict[str, Any] = (
        {} if last else {"nextPageToken": _sealed(jql, shown[-1], page_number + 1, site.world.clock)}
    )
    if "names" in asked["expand"]:
        after["names"] = {one.id: one.name for one in site.world.catalogue.fields}
    return joined({}, "issues", issues, after | {"isLast": last})


def _asked(request: Request) -> dict[str, Any]:
    """Return the search parameters, from the query or the body; the body takes no unknown ones."""
    if request.method == "GET":
        return {
            "jql": request.text("jql") or "",
            "nextPageToken": request.text("nextPageToken"),
            "maxResults": request.number("maxResults", 50),
            "fields": request.texts("fields"),
            "expand": request.texts("expand"),
            "reconcileIssues": request.texts("reconcileIssues"),
        }
    body = request.body if isinstance(request.body, dict) else {}
    unknown = sorted(body.keys() - SEARCH_BODY)
    if unknown:
        raise Refused(400, "Invalid request payload. Refer to the REST API documentation and try again.")
    return {
        "jql": body.get("jql") or "",
        "nextPageToken": body.get("nextPageToken"),
        "maxResults": int(body.get("maxResults") or 50),
        "fields": body.get("fields") or [],
        "expand": [part for part in str(body.get("expand") or "").split(",") if part],
        "reconcileIssues": body.get("reconcileIssues") or [],
    }


def _size(wanted: int, choice: Choice) -> int:
    light = not choice.everything and choice.named <= {"id", "key"}
    return max(1, min(wanted, MOST_IDS if light else MOST_ISSUES))


def _sealed(jql: str, last: Place, page_number: int, day: date) -> str:
    """Return a token: where the last page ended, for this query alone, from this day on."""
    token = orjson.dumps([_fingerprint(jql), list(last), page_number, day.isoformat()])
    return base64.urlsafe_b64encode(token).decode()


def _opened(token: str | None, jql: str, places: list[Place], today: date) -> tuple[int, int]:
    """Return where a token says to go on, and the number of the page."""
    if token is None:
        return 0, 0
    try:
        fingerprint, last, page_number, day = orjson.loads(base64.urlsafe_b64decode(token))
        age = (today - date.fromisoformat(day)).days
    except (ValueError, TypeError) as error:
        raise Refused(400, BAD_TOKEN) from error
    if fingerprint != _fingerprint(jql) or age > TOKEN_DAYS:
        raise Refused(400, BAD_TOKEN)
    return bisect_right(places, tuple(last)), page_number


def _fingerprint(jql: str) -> str:
    return hashlib.sha256(jql.encode()).hexdigest()[:12]


def _count(site: Site, request: Request) -> Answer:
    jql = str((request.body or {}).get("jql") or "")
    query = site.query(jql)
    if query.test is None:
        raise Refused(400, UNBOUNDED)
    return answer({"count": 0 if request.anonymous else len(site.world.search(jql, query))})


def _fetch(site: Site, request: Request) -> Answer:
    body = request.body if isinstance(request.body, dict) else {}
    wanted = [str(one) for one in body.get("issueIdsOrKeys") or []]
    if not wanted:
        raise Refused(400, "The issueIdsOrKeys list must not be empty.")
    fields = body.get("fields") or ["*navigable"]
    expand = set(body.get("expand") or [])
    if len(wanted) > _most_fetched(site, fields, expand):
        raise Refused(
            400, f"The number of issues requested exceeds the limit of {_most_fetched(site, fields, expand)}."
        )
    choice = site.chosen(fields)
    changelog = CHANGELOG_SHOWN if "changelog" in expand else 0
    version = 3 if "/api/3/" in request.path else 2
    found = {} if request.anonymous else {
        state.id: state for one in wanted if (state := site.world.find(one)) is not None
    }  # fmt: skip
    issues = [
        site.renderer.issue(found[id_], choice, changelog=changelog, text_version=version)
        for id_ in sorted(found)
    ]
    # Issues that are gone or hidden are simply missing; nothing is said of them.
    return joined({"issueErrors": []}, "issues", issues, {})


def _most_fetched(site: Site, fields: list[str], expand: set[str]) -> int:
    several = {one.id for one in site.world.catalogue.fields if one.type == "array"} | MANY_VALUED
    plain = all(not name.startswith(("*", "-")) and name not in several for name in fields)
    return (
        MOST_FETCHED_PLAIN if plain and len(fields) <= MOST_FIELDS and not expand & COSTLY else MOST_FETCHED
    )


def _projects(site: Site, request: Request) -> Answer:
    keys = {one.upper() for one in request.texts("keys")}
    wanted_ids = set(request.texts("id"))
    status = request.texts("status") or ["live"]
    known = [
        one
        for one in site.world.catalogue.projects.values()
        if ("archived" if one.archived else "deleted" if one.trashed else "live") in status and not one.hidden
    ]
    rows = [
        platform.project(site, one)
        for one in sorted(known, key=lambda one: one.key)
        if (not keys or one.key in keys) and (not wanted_ids or str(one.id) in wanted_ids)
    ]
    return answer(site.page(request, [] if request.anonymous else rows, default=50, most=100))


def _priorities(site: Site, request: Request) -> Answer:
    rows = [platform.priority(site, id_) | {"isDefault": id_ == "3"} for id_ in PRIORITIES]
    return answer(site.page(request, rows, default=50, most=50))


def _statuses(site: Site, request: Request) -> Answer:
    wanted = set(request.texts("id"))
    words = {"new": "TODO", "indeterminate": "IN_PROGRESS", "done": "DONE", "undefined": "TODO"}
    rows = []
    for one in site.world.catalogue.statuses.values():
        if one.id in wanted and not request.anonymous:
            row: dict[str, Any] = {
                "id": one.id,
                "name": one.name,
                "statusCategory": words[one.category],
                "description": "",
            }
            row["scope"] = {"type": "GLOBAL"}
            if one.project is not None:
                row["scope"] = {"type": "PROJECT", "project": {"id": str(one.project)}}
            rows.append(row)
    return answer(rows)


def _users(site: Site, request: Request) -> Answer:
    start = request.number("startAt", 0)
    size = min(MOST_USERS, request.number("maxResults", 50))
    return answer([] if request.anonymous else _people(site)[start : start + size])


def _users_by_id(site: Site, request: Request) -> Answer:
    wanted = set(request.query.get("accountId", []))
    rows = [row for row in _people(site) if row["accountId"] in wanted]
    return answer(site.page(request, [] if request.anonymous else rows, default=10, most=200))


def _people(site: Site) -> list[dict[str, Any]]:
    listed = {str(row["accountId"]): row for row in site.world.catalogue.raw.get("user", [])}
    known = {
        one.id: site.things.user(one) for one in site.world.catalogue.people.values() if one.id != "unknown"
    }
    return list((known | listed).values())
