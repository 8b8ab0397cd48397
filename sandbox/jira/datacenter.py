"""Jira Data Center under a context path: offset-paged search, bearer tokens, no changelog endpoint."""

from typing import Any, Final

from sandbox.jira import agile, control, platform
from sandbox.jira.site import EVERYTHING, Site, joined, open_site, without_transitions
from sandbox.jira.web import Answer, Refused, Request, Routes, answer
from sandbox.oauth import OAuth
from sandbox.options import App, Options

CONTEXT: Final = "/jira"
PAT: Final = "sandbox-pat"
BASIC_OFF: Final = "Basic Authentication has been disabled on this instance."
UNKNOWN: Final = "Client must be authenticated to access this resource."
MOST: Final = 100  # what this server's administrator set jira.search.views.default.max to
MOST_OF_LOAD: Final = 1000  # as it comes
MOST_USERS: Final = 1000


def create(options: Options) -> tuple[App, dict[str, Any]]:
    """Return the application and what the ready line says of it."""
    site = open_site(options, cloud=False)

    def after(_: Request, result: Answer) -> None:
        result.headers |= {
            "X-RateLimit-Limit": "100",
            "X-RateLimit-Remaining": "99",
            "X-RateLimit-FillRate": "50",
            "X-RateLimit-Interval-Seconds": "60",
            "Retry-After": "0",  # on answers that succeeded, too
            "Date": site.date(),
        }

    routes = Routes(_before, after)
    root = f"{CONTEXT}/rest/api/2"
    platform.add(routes, site, root)
    for method, path, route in (
        ("GET", "search", _search),
        ("POST", "search", _search),
        ("GET", "project", _projects),
        ("GET", "user/search", _users),
    ):
        routes.add(method, f"{root}/{path}", lambda request, route=route: route(site, request))  # type: ignore[misc]
    agile.add(routes, site, f"{CONTEXT}/rest/agile/1.0")
    control.add(routes, site)
    info = {"base_url": site.things.base, "token": PAT, "time_zone": site.world.zone.key, "dated": True}
    return OAuth(routes, account=f"Bearer {PAT}", site=site.things.base, context=CONTEXT), info


def _before(request: Request) -> None:
    given = request.headers.get("authorization", "")
    if given == f"Bearer {PAT}" or request.path.endswith("/serverInfo"):
        return
    if given.startswith("Basic "):
        raise Refused(403, body={"message": BASIC_OFF, "status-code": 403})
    raise Refused(
        401,
        body={"message": UNKNOWN, "status-code": 401},
        WWW_Authenticate='OAuth realm="sandbox"',
        X_Seraph_LoginReason="AUTHENTICATED_FAILED" if given else "OK",
    )


def _search(site: Site, request: Request) -> Answer:
    asked = _asked(request)
    query = site.query(asked["jql"])
    places = site.world.search(asked["jql"], query)
    most = MOST if site.options.issues is None else MOST_OF_LOAD
    start = max(0, asked["startAt"])
    # More than the server's maximum is cut without a word; the answer says what was taken.
    size = max(0, min(most, asked["maxResults"]))
    choice = site.chosen(asked["fields"] or ["*navigable"])
    changelog = EVERYTHING if "changelog" in asked["expand"] else 0
    issues = [
        site.renderer.issue(state, choice, changelog=changelog, text_version=2)
        for place in places[start : start + size]
        if (state := site.world.searched(place[-1])) is not None
    ]
    if "transitions" in asked["expand"]:
        issues = [without_transitions(issue) for issue in issues]
    head: dict[str, Any] = {
        "expand": "schema,names",
        "startAt": start,
        "maxResults": size,
        "total": len(places),
    }
    if "names" in asked["expand"]:
        head["names"] = {one.id: one.name for one in site.world.catalogue.fields}
    return joined(head, "issues", issues, {})


def _asked(request: Request) -> dict[str, Any]:
    if request.method == "GET":
        return {
            "jql": request.text("jql") or "",
            "startAt": request.number("startAt", 0),
            "maxResults": request.number("maxResults", 50),
            "fields": request.texts("fields"),
            "expand": request.texts("expand"),
        }
    body = request.body if isinstance(request.body, dict) else {}
    return {
        "jql": body.get("jql") or "",
        "startAt": int(body.get("startAt") or 0),
        "maxResults": 50 if body.get("maxResults") is None else int(body["maxResults"]),
        "fields": body.get("fields") or [],
        "expand": body.get("expand") or [],
    }


def _projects(site: Site, request: Request) -> Answer:
    listed = site.projects()
    if request.text("includeArchived") == "true":
        known = site.world.catalogue.projects.values()
        listed += sorted((one for one in known if one.archived and not one.hidden), key=lambda one: one.key)
    return answer([platform.project(site, one) for one in listed])


def _users(site: Site, request: Request) -> Answer:
    wanted = request.text("username")
    if not wanted:
        raise Refused(400, "The username query parameter was not provided")
    size = min(MOST_USERS, request.number("maxResults", 50))
    start = request.number("startAt", 0)
    # One dot matches everybody, as it does on the real one.
    found = [
        one
        for one in site.world.catalogue.people.values()
        if wanted == "." or wanted.lower() in f"{one.username} {one.name} {one.email}".lower()
    ]
    inactive = request.text("includeInactive") == "true"
    rows = [site.things.user(one) for one in found if one.active or inactive]
    return answer(rows[start : start + size])
