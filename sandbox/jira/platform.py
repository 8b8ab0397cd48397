"""The routes both kinds of Jira have, under their own API version."""

from datetime import date
from typing import Final

from sandbox.jira.fields import comments, worklogs
from sandbox.jira.model import Json, Project, Version
from sandbox.jira.site import CHANGELOG_SHOWN, EVERYTHING, NEEDS_LOGIN, Site
from sandbox.jira.things import LINK_TYPES, PRIORITIES, RESOLUTIONS, released
from sandbox.jira.web import Answer, Refused, Request, Routes, answer

MOST_WORKLOGS: Final = 5000
MOST_COMMENTS: Final = 100
VERSION_OF_CLOUD, VERSION_OF_SERVER = "1001.0.0-SNAPSHOT", "10.3.24"


def add(routes: Routes, site: Site, root: str) -> None:
    """Add the routes below a root such as `/rest/api/3`."""
    lists = {
        "field": _fields,
        "status": _statuses,
        "issuetype": _types,
        "priority": _priorities,
        "resolution": _resolutions,
        "issueLinkType": _link_types,
        "statuscategory": _categories,
        "serverInfo": _server,
        "myself": _myself,
        "issue/{issue}": _issue,
        "issue/{issue}/worklog": _worklogs,
        "issue/{issue}/comment": _comments,
        "filter/{filter}": _filter,
        "project/{project}": _project,
        "project/{project}/versions": _versions,
        "project/{project}/version": _version_page,
        "project/{project}/statuses": _project_statuses,
        "project/{project}/securitylevel": _security_levels,
    }
    for path, route in lists.items():
        routes.add("GET", f"{root}/{path}", lambda request, route=route: route(site, request))  # type: ignore[misc]


def _fields(site: Site, request: Request) -> Answer:
    known = site.world.catalogue.fields
    # Without a sign-in nothing is visible that only some projects have.
    return answer([site.things.field_details(one) for one in known if one.system or not request.anonymous])


def _statuses(site: Site, request: Request) -> Answer:
    raw = site.world.catalogue.raw.get("status")
    if raw is not None and not request.anonymous:
        return answer(raw)
    known = site.world.catalogue.statuses.values()
    return answer([] if request.anonymous else [site.things.status_details(one) for one in known])


def _types(site: Site, request: Request) -> Answer:
    raw = site.world.catalogue.raw.get("issuetype")
    if raw is not None and not request.anonymous:
        return answer(raw)
    known = site.world.catalogue.types.values()
    return answer([] if request.anonymous else [site.things.type_details(one) for one in known])


def _priorities(site: Site, _: Request) -> Answer:
    return answer([priority(site, id_) for id_ in PRIORITIES])


def priority(site: Site, id_: str) -> Json:
    """Return a priority as the lists have it."""
    colours = {"1": "#d04437", "2": "#f15C75", "3": "#f79232", "4": "#707070", "5": "#999999"}
    return site.things.priority(id_) | {"description": "", "statusColor": colours[id_]}


def _resolutions(site: Site, _: Request) -> Answer:
    return answer([site.things.resolution(id_) for id_ in RESOLUTIONS])


def _link_types(site: Site, _: Request) -> Answer:
    return answer({"issueLinkTypes": [site.things.link_type(id_) for id_ in LINK_TYPES]})


def _categories(site: Site, _: Request) -> Answer:
    return answer([site.things.category(key) for key in ("undefined", "new", "indeterminate", "done")])


def _server(site: Site, _: Request) -> Answer:
    version = VERSION_OF_CLOUD if site.cloud else VERSION_OF_SERVER
    numbers = [1001, 0, 0] if site.cloud else [10, 3, 24]
    return answer(
        {
            "baseUrl": site.things.base,
            "version": version,
            "versionNumbers": numbers,
            "deploymentType": "Cloud" if site.cloud else "Server",
            "buildNumber": 100_275 if site.cloud else 10_030_024,
            "buildDate": "2026-03-26T00:00:00.000+0000",
            "serverTime": site.renderer.moment(site.world.now()),
            "scmInfo": "1f51473f5c7b75c1a69a0090f4832cdc5053702a",
            "serverTitle": "Sandbox Jira",
        }
    )


def _myself(site: Site, request: Request) -> Answer:
    if request.anonymous:
        raise Refused(401, NEEDS_LOGIN)
    user = site.things.user(site.world.catalogue.people[site.me])
    user |= {"timeZone": site.world.zone.key, "locale": "en_GB"}
    user |= {"groups": {"size": 1, "items": []}, "applicationRoles": {"size": 1, "items": []}}
    return answer(user | {"expand": "groups,applicationRoles"})


def _issue(site: Site, request: Request) -> Answer:
    state = site.issue(request, archived=True)
    shown = CHANGELOG_SHOWN * 2 + 20 if site.cloud else EVERYTHING  # Cloud: the latest hundred
    changelog = shown if "changelog" in request.texts("expand") else 0
    choice = site.chosen(request.texts("fields") or ["*all"])
    version = 3 if "/api/3/" in request.path else 2
    return Answer(site.renderer.issue(state, choice, changelog=changelog, text_version=version))


def _worklogs(site: Site, request: Request) -> Answer:
    state = site.issue(request)
    start = request.number("startAt", 0)
    most = min(MOST_WORKLOGS, request.number("maxResults", MOST_WORKLOGS))
    return answer(worklogs(state, site.things, site.renderer.moment, start, most))


def _comments(site: Site, request: Request) -> Answer:
    state = site.issue(request)
    start = request.number("startAt", 0)
    most = min(MOST_COMMENTS, request.number("maxResults", MOST_COMMENTS))
    return answer(comments(state, site.things, site.renderer.moment, start, most))


def _filter(site: Site, request: Request) -> Answer:
    wanted = request.found["filter"]
    jql = site.world.catalogue.filter(int(wanted)) if wanted.isdigit() and not request.anonymous else None
    if jql is None:
        raise Refused(
            404, f"The selected filter is not available to you, perhaps it has been deleted: {wanted}"
        )
    document = {
        "self": f"{site.things.api}/filter/{wanted}",
        "id": wanted,
        "name": f"Filter {wanted}",
        "jql": jql,
    }
    return answer(document)


def _project(site: Site, request: Request) -> Answer:
    return answer(project(site, site.project(request), whole=True))


def project(site: Site, one: Project, *, whole: bool = False) -> Json:
    """Return a project, as the lists have it or whole."""
    raw = next(
        (row for row in site.world.catalogue.raw.get("project", []) if str(row["id"]) == str(one.id)), None
    )
    if raw is not None:
        return raw
    details = site.things.project_head(one)
    if site.cloud:
        details |= {
            "projectTypeKey": "software",
            "simplified": one.team_managed,
            "style": "next-gen" if one.team_managed else "classic",
            "isPrivate": False,
            "properties": {},
        }
        if whole and one.lead in site.world.catalogue.people:
            details["lead"] = site.things.user(site.world.catalogue.people[one.lead])
    elif whole:
        details["description"] = ""
    if one.archived:
        details["archived"] = True
    if one.trashed:
        details["deleted"] = True
    return details


def _versions(site: Site, request: Request) -> Answer:
    return answer(_versions_of(site, site.project(request)))


def _version_page(site: Site, request: Request) -> Answer:
    return answer(site.page(request, _versions_of(site, site.project(request)), default=50, most=50))


def _versions_of(site: Site, project_: Project) -> list[Json]:
    today = site.world.clock
    raw = [one for one in site.world.catalogue.raw.get("version", []) if one["projectId"] == project_.id]
    if raw:
        return raw
    known = site.world.catalogue.versions.values()
    return [version(site, one, today) for one in known if one.project == project_.id]


def version(site: Site, one: Version, today: date) -> Json:
    """Return a version as the lists have it; dates nobody set are left out."""
    release = one.release(today)
    out = released(one, today)
    details: Json = {
        "self": f"{site.things.api}/version/{one.id}",
        "id": str(one.id),
        "description": "",
        "name": one.name,
        "archived": one.archived,
        "released": out,
        "projectId": one.project,
    }
    if one.start:
        details |= {"startDate": one.start.isoformat(), "userStartDate": _written(one.start)}
    if release:
        details |= {"releaseDate": release.isoformat(), "userReleaseDate": _written(release)}
        if not out:
            details["overdue"] = release < today
    return details


def _security_levels(site: Site, request: Request) -> Answer:
    """Return the levels of a project: those in which issues are that the calling user may not see."""
    one, world = site.project(request), site.world
    hidden = [id_ for id_ in world.hidden if (state := world.anything(id_)) and state.project == one.id]
    level = {
        "self": f"{site.things.api}/securitylevel/10100", "id": "10100", "name": "Board only",
        "description": "Only members of the board see the issue.",
    }  # fmt: skip
    return answer({"levels": [level] if hidden else []})


def _project_statuses(site: Site, request: Request) -> Answer:
    one = site.project(request)
    own = one.id if one.team_managed else None
    catalogue = site.world.catalogue
    statuses = [
        site.things.status_details(status) for status in catalogue.statuses.values() if status.project == own
    ]
    return answer(
        [
            {
                "self": f"{site.things.api}/issuetype/{kind.id}",
                "id": kind.id,
                "name": kind.name,
                "subtask": kind.level < 0,
                "statuses": statuses,
            }
            for kind in catalogue.types.values()
            if kind.project == own
        ]
    )


def _written(day: date) -> str:
    return f"{day.day}/{day:%b}/{day:%Y}"
