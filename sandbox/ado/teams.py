"""How work is laid out: areas and iterations, the team's share of them, and the backlog's levels."""

from datetime import date
from re import Match
from typing import Any
from urllib.parse import quote

from sandbox.ado.calls import Answer, ApiError, Call, invalid, listed
from sandbox.ado.catalogue import FAMILY, type_reference
from sandbox.ado.process import CATEGORIES, FIELDS
from sandbox.ado.world import Iteration, Project, guid


def _day(day: date) -> str:
    return f"{day}T00:00:00Z"


def _node(call: Call, found: Project, node: Iteration, group: str, depth: int) -> dict[str, Any]:
    """Render a node; its path has the literal Iteration or Area after the project, unlike a work item's."""
    below = node.path.split("\\")[1:]
    address = "/".join(map(quote, below))
    body: dict[str, Any] = {
        "id": node.id, "identifier": guid(group.lower(), node.id), "name": node.name, "structureType": group.lower(),
        "hasChildren": bool(node.children), "path": "\\" + "\\".join([found.name, group, *below]),
        "url": f"{call.base}/{found.id}/_apis/wit/classificationNodes/{group}s{'/' + address if address else ''}",
    }  # fmt: skip
    if node.start and node.finish:
        body["attributes"] = {"startDate": _day(node.start), "finishDate": _day(node.finish)}
    if node.children and depth > 0:
        body["children"] = [_node(call, found, child, group, depth - 1) for child in node.children]
    return body


def _areas(found: Project) -> Iteration:
    root, *rest = (Iteration(found.area_ids[path], path.split("\\")[-1], path) for path in found.areas)
    root.children = rest
    return root


def nodes(call: Call, match: Match[str]) -> Answer:
    """Show the area or iteration tree, from its root or a path below it, `$depth` levels deep."""
    found, depth = call.home(), call.number("$depth", 0)
    group = match.groupdict().get("group")
    if not group:
        roots = [
            _node(call, found, _areas(found), "Area", depth),
            _node(call, found, found.root, "Iteration", depth),
        ]
        return listed(roots)
    kind = "Area" if group.lower().startswith("area") else "Iteration"
    root = found.root if kind == "Iteration" else _areas(found)
    wanted = "\\".join([found.name, *filter(None, (match.groupdict().get("path") or "").split("/"))])
    for node in root.walk():
        if node.path.lower() == wanted.lower():
            body = _node(call, found, node, kind, depth)
            return Answer(body | {"_links": {"self": {"href": body["url"]}}})
    words = f"VS402485: The {kind.lower()} path {wanted} does not exist, or you do not have permission to access it."
    raise ApiError(404, "ClassificationNodeNotFoundException", words)


def _team_of(call: Call) -> Project:
    found = call.home()
    if call.team is not None and call.team.lower() not in {found.team.lower(), guid("team", found.name)}:
        raise ApiError(404, "TeamNotFoundException", f"The team with id '{call.team}' does not exist.")
    return found


def _time_frame(node: Iteration, today: date) -> str:
    if node.start is None or node.finish is None or node.start > today:
        return "future"
    return "past" if node.finish < today else "current"


def _team_iteration(call: Call, found: Project, node: Iteration) -> dict[str, Any]:
    key = guid("iteration", node.id)
    return {
        "id": key, "name": node.name, "path": node.path,
        "attributes": {
            "startDate": _day(node.start) if node.start else None,
            "finishDate": _day(node.finish) if node.finish else None,
            "timeFrame": _time_frame(node, call.world.clock),
        },
        "url": f"{call.base}/{found.id}/{guid('team', found.name)}/_apis/work/teamsettings/iterations/{key}",
    }  # fmt: skip


def team_iterations(call: Call, match: Match[str]) -> Answer:
    """List the iterations the team subscribed to: the leaves, without the very first one."""
    found = _team_of(call)
    leaves = [node for node in found.root.walk() if not node.children][1:]
    rendered = [_team_iteration(call, found, node) for node in leaves]
    key = match.groupdict().get("key")
    if key:
        one = next((body for body in rendered if body["id"] == key.lower()), None)
        if one is None:
            raise ApiError(
                404, "IterationNotFoundException", f"The iteration with id '{key}' does not exist."
            )
        return Answer(one)
    frame = call.query.get("$timeframe")
    if frame not in {None, "current"}:
        raise invalid("The only valid value for $timeframe is 'current'.")
    return listed([body for body in rendered if frame is None or body["attributes"]["timeFrame"] == frame])


def team_settings(call: Call, _: Match[str]) -> Answer:
    """Show the team's settings."""
    found = _team_of(call)
    root = {"id": guid("iteration", found.root.id), "name": found.name, "path": "", "url": call.base}
    return Answer({
        "backlogIteration": root, "defaultIteration": root, "defaultIterationMacro": "@currentIteration",
        "bugsBehavior": "asRequirements" if found.process.bug else "off",
        "workingDays": ["monday", "tuesday", "wednesday", "thursday", "friday"],
        "backlogVisibilities": {
            name: True for name, type_ in zip(FAMILY[:3], found.process.levels, strict=False) if type_
        },
        "url": f"{call.base}/{found.id}/{guid('team', found.name)}/_apis/work/teamsettings",
        "_links": {"project": {"href": f"{call.base}/_apis/projects/{found.id}"}},
    })  # fmt: skip


def team_fields(call: Call, _: Match[str]) -> Answer:
    """Show the area paths that are the team's."""
    found = _team_of(call)
    return Answer({
        "field": {"referenceName": "System.AreaPath", "url": f"{call.base}/_apis/wit/fields/System.AreaPath"},
        "defaultValue": found.name, "values": [{"value": found.name, "includeChildren": True}],
        "url": f"{call.base}/{found.id}/{guid('team', found.name)}/_apis/work/teamsettings/teamfieldvalues",
    })  # fmt: skip


def _field_reference(call: Call, reference: str) -> dict[str, str]:
    return {
        "referenceName": reference,
        "name": FIELDS[reference].name,
        "url": f"{call.base}/_apis/wit/fields/{reference}",
    }


def _level(call: Call, found: Project, category: str, rank: int, kind: str) -> dict[str, Any]:
    type_ = found.process.levels[FAMILY.index(category)]
    names = [type_] if type_ else []
    if kind == "requirement" and found.process.bug:
        names.append(found.process.bug)
    return {
        "id": category, "name": f"{names[0]}s", "rank": rank, "workItemCountLimit": 1000, "color": "009CCC",
        "type": kind,
        "addPanelFields": [_field_reference(call, "System.Title")],
        "columnFields": [{"columnFieldReference": _field_reference(call, "System.State"), "width": 100}],
        "workItemTypes": [type_reference(call, found, name) for name in names],
        "defaultWorkItemType": type_reference(call, found, names[0]), "isHidden": False,
    }  # fmt: skip


def backlog(call: Call, _: Match[str]) -> Answer:
    """Show the backlog's configuration; its typeFields name the field that holds the size."""
    found = _team_of(call)
    scheduling = "Microsoft.VSTS.Scheduling."
    portfolio = [name for name, type_ in zip(FAMILY[:2], found.process.levels, strict=False) if type_]
    return Answer({
        "taskBacklog": _level(call, found, FAMILY[3], 1, "task"),
        "requirementBacklog": _level(call, found, FAMILY[2], 2, "requirement"),
        "portfolioBacklogs": [
            _level(call, found, name, rank, "portfolio") for rank, name in zip((4, 3), portfolio, strict=False)
        ],
        "workItemTypeMappedStates": [
            {"workItemTypeName": type_, "states": {
                name: "InProgress" if category == "Resolved" and type_ != "Bug" else category
                for name, category in found.process.states[type_] if category in CATEGORIES[:4]}}
            for type_ in found.process.states
        ],
        "backlogFields": {"typeFields": {
            "Order": "Microsoft.VSTS.Common.StackRank", "Effort": found.process.effort,
            "RemainingWork": f"{scheduling}RemainingWork", "Activity": "Microsoft.VSTS.Common.Activity",
            "Team": "System.AreaPath",
        }},
        "bugsBehavior": "asRequirements" if found.process.bug else "off",
        "hiddenBacklogs": [], "isBugsBehaviorConfigured": True,
        "url": f"{call.base}/{found.id}/{guid('team', found.name)}/_apis/work/backlogconfiguration",
    })  # fmt: skip
