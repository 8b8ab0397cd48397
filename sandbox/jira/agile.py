"""Boards and sprints under /rest/agile/1.0, and the issue lists that Cloud is about to remove."""

from typing import Final

from sandbox.jira.model import BOARD_FILTERS, Board, Json, midnight
from sandbox.jira.site import NEEDS_LOGIN, Site, joined
from sandbox.jira.sprints import board_details, sprint_details
from sandbox.jira.web import Answer, Refused, Request, Routes, answer

MOST: Final = 50
SUB_QUERY: Final = (
    "fixVersion in unreleasedVersions() OR fixVersion is EMPTY"  # what Jira gives Kanban boards
)
REMOVED: Final = (
    "The requested API has been removed. Please migrate to the /rest/software/1.0 API. "
    "See https://developer.atlassian.com/changelog/"
)


def add(routes: Routes, site: Site, root: str) -> None:
    """Add the routes below a root such as `/rest/agile/1.0`."""
    paths = {
        "board": _boards,
        "board/{board}": _board,
        "board/{board}/configuration": _configuration,
        "board/{board}/sprint": _sprints,
        "sprint/{sprint}": _sprint,
        "board/{board}/issue": _issues,
        "board/{board}/backlog": _issues,
        "sprint/{sprint}/issue": _issues,
    }
    for path, route in paths.items():
        routes.add("GET", f"{root}/{path}", lambda request, route=route: route(site, request))  # type: ignore[misc]


def _boards(site: Site, request: Request) -> Answer:
    _signed_in(request)
    wanted, kind = request.text("projectKeyOrId"), request.text("type")
    project = site.world.catalogue.project_by(wanted) if wanted else None
    if wanted and project is None:
        raise Refused(400, f"No project could be found with key or id '{wanted}'")
    boards = [
        board_details(site.things, one)
        for one in site.world.catalogue.boards.values()
        if (project is None or one.project == project.id) and kind in {None, one.kind}
    ]
    page = site.page(request, boards, default=MOST, most=MOST)
    return answer(_bare(page))


def _bare(page: Json) -> Json:
    """Leave out what agile pages have not: addresses of themselves and of the next page."""
    return {name: value for name, value in page.items() if name not in {"self", "nextPage"}}


def _signed_in(request: Request) -> None:
    if request.anonymous:
        raise Refused(401, NEEDS_LOGIN)


def _found(site: Site, request: Request) -> Board:
    _signed_in(request)
    wanted = request.found["board"]
    board = site.world.catalogue.boards.get(int(wanted)) if wanted.isdigit() else None
    if board is None:
        raise Refused(404, f"Board does not exist or you do not have permission to see it: {wanted}")
    return board


def _board(site: Site, request: Request) -> Answer:
    return answer(board_details(site.things, _found(site, request)))


def _configuration(site: Site, request: Request) -> Answer:
    board = _found(site, request)
    catalogue, things = site.world.catalogue, site.things
    project = catalogue.projects[board.project]
    own = project.id if project.team_managed else None
    columns = [
        {
            "name": name,
            "statuses": [
                {"id": one.id, "self": f"{things.api}/status/{one.id}"}
                for one in catalogue.statuses.values()
                if one.project == own and one.category == category
            ],
        }
        for name, category in (("To Do", "new"), ("In Progress", "indeterminate"), ("Done", "done"))
    ]
    estimation: Json = {"type": "issueCount"}
    if board.points:
        name = next(one.name for one in catalogue.fields if one.id == board.points)
        estimation = {"type": "field", "field": {"fieldId": board.points, "displayName": name}}
    details: Json = {
        "id": board.id,
        "name": board.name,
        "type": board.kind,
        "self": f"{things.agile}/board/{board.id}/configuration",
        "filter": {
            "id": str(BOARD_FILTERS + board.id),
            "self": f"{things.api}/filter/{BOARD_FILTERS + board.id}",
        },
        "columnConfig": {"columns": columns, "constraintType": "none"},
        "estimation": estimation,
    }
    if board.kind == "kanban":
        details["subQuery"] = {"query": SUB_QUERY}
    if catalogue.rank:
        details["ranking"] = {"rankCustomFieldId": int(catalogue.rank.removeprefix("customfield_"))}
    if site.cloud:
        details["location"] = {
            "type": "project",
            "key": project.key,
            "id": str(project.id),
            "name": project.name,
        }
        details["location"]["self"] = f"{things.api}/project/{project.id}"
    return answer(details)


def _sprints(site: Site, request: Request) -> Answer:
    board = _found(site, request)
    if board.kind == "kanban":
        raise Refused(400, "The board does not support sprints")
    wanted = set(request.texts("state"))
    now = midnight(site.world.clock)
    raw = site.world.catalogue.raw
    # A board also lists sprints that another one owns.
    shown = {pair["sprint"] for pair in raw.get("board_sprint", []) if pair["board"] == board.id}
    listed = [
        one
        for one in raw.get("sprint", [])
        if (one.get("originBoardId") == board.id or one["id"] in shown)
        and (not wanted or one["state"] in wanted)
    ]
    listed += [
        sprint_details(site.things, one, board_field="originBoardId")
        for one in site.world.catalogue.sprints.values()
        if one.board == board.id and (not wanted or one.state(now) in wanted)
    ]
    return answer(_bare(site.page(request, listed, default=MOST, most=MOST)))


def _sprint(site: Site, request: Request) -> Answer:
    _signed_in(request)
    wanted = request.found["sprint"]
    raw = next((one for one in site.world.catalogue.raw.get("sprint", []) if str(one["id"]) == wanted), None)
    if raw is not None:
        return answer(raw)
    sprint = site.world.catalogue.sprints.get(int(wanted)) if wanted.isdigit() else None
    if sprint is None:
        raise Refused(404, "We could not find the sprint")
    return answer(sprint_details(site.things, sprint, board_field="originBoardId"))


def _issues(site: Site, request: Request) -> Answer:
    """Answer the old issue lists: Data Center's only ones, on Cloud deprecated and switched off."""
    _signed_in(request)
    if site.cloud and not site.legacy_agile:
        raise Refused(410, REMOVED)
    world = site.world
    if "sprint" in request.found:
        sprint = world.catalogue.sprints.get(int(request.found["sprint"]))
        board = world.catalogue.boards[sprint.board] if sprint else None
    else:
        sprint, board = None, _found(site, request)
    if board is None:
        raise Refused(404, "We could not find the sprint")
    states = [state for row in world.rows([board.project]) if (state := world.state(row.id)) is not None]
    if sprint is not None:
        states = [state for state in states if sprint.id in state.fields.get("sprints", ())]
    start = request.number("startAt", 0)
    size = min(MOST if site.cloud else 1000, request.number("maxResults", MOST))
    choice = site.chosen(request.texts("fields") or ["*all"])
    issues = [site.renderer.issue(state, choice) for state in states[start : start + size]]
    head: Json = {"expand": "schema,names", "startAt": start, "maxResults": size, "total": len(states)}
    return joined(head, "issues", issues, {})
