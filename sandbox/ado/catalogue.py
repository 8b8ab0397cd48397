"""What an organisation is made of: projects, teams, types, states, fields, areas, iterations, backlogs."""

from re import Match
from typing import Any, Final
from urllib.parse import quote

from sandbox.ado.calls import Answer, ApiError, Call, invalid, listed
from sandbox.ado.process import COLOURS, FIELDS, PROCESS_IDS, relation_types
from sandbox.ado.world import Project, guid, stamp

FAMILY: Final = (
    "Microsoft.EpicCategory",
    "Microsoft.FeatureCategory",
    "Microsoft.RequirementCategory",
    "Microsoft.TaskCategory",
)
_PAGE: Final = 100


def connection(call: Call, _: Match[str]) -> Answer:
    """Say who calls."""
    who = {
        "id": guid("person", "sync"),
        "descriptor": "Microsoft.IdentityModel.Claims.ClaimsIdentity;sync@contoso.example",
        "subjectDescriptor": "aad.sync", "providerDisplayName": "Sync account", "isActive": True,
        "properties": {"Account": {"$type": "System.String", "$value": "sync@contoso.example"}},
        "resourceVersion": 2, "metaTypeId": 0,
    }  # fmt: skip
    kind = "onPremises" if call.server else "hosted"
    return Answer({
        "authenticatedUser": who, "authorizedUser": who, "instanceId": guid("organisation"),
        "deploymentId": guid("deployment"),
        "deploymentType": kind,
        "locationServiceData": {"serviceOwner": guid("owner"), "defaultAccessMappingMoniker": "PublicAccessMapping"},
    })  # fmt: skip


def _project(call: Call, project: Project) -> dict[str, Any]:
    return {
        "id": project.id, "name": project.name, "description": project.description,
        "url": f"{call.base}/_apis/projects/{project.id}", "revision": 411,
        "state": "deleted" if project.deleted else "wellFormed",
        "visibility": "private", "lastUpdateTime": stamp(project.updated),
    }  # fmt: skip


def projects(call: Call, _: Match[str]) -> Answer:
    """List the projects; the token for the next page is in a header."""
    token = call.query.get("continuationToken", call.query.get("$skip", "0"))
    if not token.isdigit():
        raise invalid(f"The continuation token '{token}' is not valid.")
    start, size = int(token), min(call.number("$top", _PAGE), _PAGE)
    state = call.query.get("stateFilter", "wellFormed").lower()
    gone = [project for project in call.world.projects if project.deleted and not project.hidden]
    held = {"deleted": gone, "all": [*call.world.shown(), *gone]}.get(state, call.world.shown())
    page = held[start : start + size]
    more = {"x_ms_continuationtoken": str(start + size)} if start + size < len(held) else {}
    return listed([_project(call, project) for project in page], **more)


def _named(call: Call, key: str) -> Project:
    found = call.world.project(key)
    if found is None:
        raise missing_project(key)
    return found


def missing_project(key: str) -> ApiError:
    """Return the 404 of a project that is not there, or not for us."""
    words = f"TF200016: The following project does not exist: {key}. Verify that the name of the project is correct"
    return ApiError(
        404,
        "ProjectDoesNotExistWithNameException",
        f"{words} and that the project exists on the specified Azure DevOps Server.",
    )


def project(call: Call, match: Match[str]) -> Answer:
    """Show one project, with its process if asked; by a name it once had, if asked for that, too."""
    key = match["key"].lower()
    renamed = (p for p in call.world.shown() if key in map(str.lower, p.former))
    found = (next(renamed, None) if call.flag("includeHistory") else None) or _named(call, key)
    body = _project(call, found) | {
        "_links": {"self": {"href": f"{call.base}/_apis/projects/{found.id}"}},
        "defaultTeam": {"id": guid("team", found.name), "name": found.team, "url": _team_url(call, found)},
    }
    if call.flag("includeCapabilities"):
        template = {"templateName": found.process_name, "templateTypeId": PROCESS_IDS[found.process_name]}
        body["capabilities"] = {
            "processTemplate": template,
            "versioncontrol": {"sourceControlType": "Git", "gitEnabled": "True", "tfvcEnabled": "False"},
        }  # fmt: skip
    return Answer(body)


def _team_url(call: Call, found: Project) -> str:
    return f"{call.base}/_apis/projects/{found.id}/teams/{guid('team', found.name)}"


def _team(call: Call, found: Project) -> dict[str, Any]:
    return {
        "id": guid("team", found.name), "name": found.team, "url": _team_url(call, found),
        "description": "The default project team.",
        "identityUrl": f"{call.base}/_apis/Identities/{guid('team', found.name)}",
        "projectName": found.name, "projectId": found.id,
    }  # fmt: skip


def teams(call: Call, match: Match[str]) -> Answer:
    """List a project's teams, or everybody's."""
    key = match.groupdict().get("key")
    held = [_named(call, key)] if key else call.world.shown()
    start = call.number("$skip", 0)
    return listed([_team(call, found) for found in held][start : start + call.number("$top", _PAGE)])


def fields(call: Call, _: Match[str]) -> Answer:
    """List the organisation's fields."""
    return listed([_field(call, reference) for reference in FIELDS])


def one_field(call: Call, match: Match[str]) -> Answer:
    """Show one field by name or reference name."""
    wanted = match["key"].lower()
    for reference, kind in FIELDS.items():
        if wanted in {reference.lower(), kind.name.lower()}:
            return Answer(_field(call, reference))
    raise ApiError(
        404, "WorkItemTrackingFieldDefinitionNotFoundException", f"TF51535: Cannot find field {match['key']}."
    )


def _field(call: Call, reference: str) -> dict[str, Any]:
    kind = FIELDS[reference]
    return {
        "name": kind.name, "referenceName": reference, "description": kind.name, "type": kind.type,
        "usage": "workItem", "readOnly": reference in {"System.Id", "System.Rev", "System.Watermark"},
        "canSortBy": kind.type not in {"html", "history"}, "isQueryable": True, "isIdentity": kind.identity,
        "isPicklist": False, "isPicklistSuggested": False, "isDeleted": False,
        "supportedOperations": [{"referenceName": "SupportedOperations.Equals", "name": "="}],
        "url": f"{call.base}/_apis/wit/fields/{reference}",
    }  # fmt: skip


def relations(call: Call, _: Match[str]) -> Answer:
    """List the kinds of relation."""
    return listed(relation_types(call.base))


def _type_url(call: Call, found: Project, type_: str) -> str:
    return f"{call.base}/{found.id}/_apis/wit/workItemTypes/{quote(type_)}"


def type_reference(call: Call, found: Project, type_: str) -> dict[str, str]:
    """Render a pointer to a type."""
    return {"name": type_, "url": _type_url(call, found, type_)}


def _states(found: Project, type_: str) -> list[dict[str, str]]:
    return [
        {"name": name, "color": COLOURS[category], "category": category}
        for name, category in found.process.states[type_]
    ]


def _type(call: Call, found: Project, type_: str) -> dict[str, Any]:
    states = [state["name"] for state in _states(found, type_)]
    instances = [
        {"alwaysRequired": reference == "System.Title", "referenceName": reference, "name": FIELDS[reference].name,
         "url": f"{call.base}/_apis/wit/fields/{reference}"}
        for reference in ("System.Title", "System.State", "System.IterationPath", found.process.effort)
    ]  # fmt: skip
    return {
        "name": type_, "referenceName": f"Microsoft.VSTS.WorkItemTypes.{type_.replace(' ', '')}",
        "description": f"A {type_} of {found.process_name}.", "color": "009CCC",
        "icon": {"id": "icon_book", "url": f"{call.base}/_apis/wit/workItemIcons/icon_book?color=009CCC&v=2"},
        "isDisabled": False, "fields": instances, "fieldInstances": instances,
        "transitions": {state: [{"to": other} for other in states] for state in ["", *states]},
        "states": _states(found, type_), "url": _type_url(call, found, type_),
    }  # fmt: skip


def types(call: Call, _: Match[str]) -> Answer:
    """List a project's work item types, with their states."""
    found = call.home()
    return listed([_type(call, found, type_) for type_ in found.process.states])


def _known_type(found: Project, given: str) -> str:
    for type_ in found.process.states:
        if type_.lower() == given.lower():
            return type_
    words = f"VS402323: Work item type {given} does not exist in project {found.name}"
    words = f"{words} or you do not have permission to access it."
    raise ApiError(404, "WorkItemTypeNotFoundException", words)


def one_type(call: Call, match: Match[str]) -> Answer:
    """Show one type."""
    return Answer(_type(call, call.home(), _known_type(call.home(), match["type"])))


def states(call: Call, match: Match[str]) -> Answer:
    """List a type's states with their categories."""
    return listed(_states(call.home(), _known_type(call.home(), match["type"])))


def categories(call: Call, _: Match[str]) -> Answer:
    """List the type categories, which say what is an epic whatever it is called."""
    found = call.home()
    held = [(name, [type_]) for name, type_ in zip(FAMILY, found.process.levels, strict=True) if type_]
    if found.process.bug:
        held.append(("Microsoft.BugCategory", [found.process.bug]))
    return listed([
        {"name": name.split(".")[1].replace("Category", " Category"), "referenceName": name,
         "defaultWorkItemType": type_reference(call, found, names[0]),
         "workItemTypes": [type_reference(call, found, type_) for type_ in names],
         "url": f"{call.base}/{found.id}/_apis/wit/workItemTypeCategories/{name}"}
        for name, names in held
    ])  # fmt: skip
