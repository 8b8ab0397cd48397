"""Looking before pulling: what `check` and `discover` find."""

from collections import Counter
from collections.abc import Sequence
from typing import Final

from connectors.azure_devops.api import Api, content
from connectors.azure_devops.config import AzureDevOpsConfig
from connectors.azure_devops.nodes import iteration_nodes
from connectors.azure_devops.process import level_of
from connectors.azure_devops.scope import Facts, Project, Scope, project_page
from connectors.base import Discovery, Finding, Json
from connectors.http import HttpDenied, HttpError

SAMPLE: Final = 25  # projects looked at closely
_SHOWN: Final = 5  # names in one sentence


def check(api: Api, scope: Scope, config: AzureDevOpsConfig) -> list[Finding]:
    """Say who we are there, what we may see, and what is missing.

    Raises:
        ConnectorError: Not even the projects can be listed.
    """
    scope.pages()
    findings = [_who(api), _projects(scope)]
    findings += [
        Finding(
            f"project {name}", ok=False, says="there is no such project, or this account may not see it",
            todo="Correct the name under 'projects', or make the account a reader of the project.",
        )
        for name in scope.missing()
    ]  # fmt: skip
    included = list(scope.included().values())
    if included:
        findings += [_work_items(api, scope), _history(api, config)]
        findings += [finding for project in included[:SAMPLE] for finding in _process(scope, project)]
    return findings


def _who(api: Api) -> Finding:
    name = api.who()
    return Finding("sign-in", ok=True, says=f"signed in as {name}" if name else "signed in")


def _projects(scope: Scope) -> Finding:
    seen = [project.name for _, page in scope.pages() for project in page]
    included = sorted(scope.included())
    if included:
        return Finding(
            "projects", ok=True, says=f"{len(included)} of {len(seen)} visible projects: {_some(included)}"
        )
    return Finding(
        "projects", ok=False, says=f"no project to read; {len(seen)} are visible",
        todo="Make the account a reader of the projects (Project settings > Permissions > Readers); a token "
        "needs the scope 'Project and Team: Read'.",
    )  # fmt: skip


def _work_items(api: Api, scope: Scope) -> Finding:
    try:
        count = sum(len(ids) for condition in scope.conditions() for _, ids in api.ids(condition))
    except HttpError as error:
        todo = "Correct the query." if scope.query else "Ask the administrator of the organisation."
        return Finding("work items", ok=False, says=error.message, todo=todo)
    except HttpDenied as error:
        return Finding(
            "work items", ok=False, says=error.message,
            todo="A token needs the scope 'Work Items: Read'; the account needs 'View work items in this node' "
            "on the areas.",
        )  # fmt: skip
    if count:
        return Finding("work items", ok=True, says=f"{count} work items are visible")
    # Azure DevOps leaves out what an account may not see, and says nothing of it.
    return Finding(
        "work items", ok=False, says="no work item is visible",
        todo="If there should be some: the account needs Basic access (Stakeholder is not enough for a service "
        "account) and 'View work items in this node' on the areas.",
    )  # fmt: skip


def _history(api: Api, config: AzureDevOpsConfig) -> Finding:
    if config.feed == "project":
        return Finding(
            "history", ok=True, says="read project by project, as configured; moves show on full runs"
        )
    if api.reads_everywhere():
        return Finding(
            "history", ok=True, says="the changes of the whole organisation can be read in one feed"
        )
    if config.feed == "organization":
        return Finding(
            "history", ok=False, says="the feed of the whole organisation may not be read",
            todo="Set feed to auto, or give the account access to the whole collection.",
        )  # fmt: skip
    return Finding(
        "history", ok=True, says="the feed of the whole organisation may not be read; each project's own is"
    )


def _process(scope: Scope, project: Project) -> list[Finding]:
    facts = scope.facts(project)
    name = f"project {project.name}"
    findings = [
        Finding(name, ok=False, says=problem, todo="Make the account a reader of the project.")
        for problem in facts.problems
    ]
    if facts.effort:
        findings.append(Finding(name, ok=True, says=f"the backlog adds up {facts.effort}: taken as points"))
    else:
        findings.append(
            Finding(
                name, ok=False, says="no field for effort was found: points stay unknown",
                todo="Map points to a field yourself, or let the account read the team's backlog.",
            )
        )  # fmt: skip
    return findings


def discover(api: Api, scope: Scope) -> Discovery:
    """Look at every project's name, and closely at the first 25."""
    found = Discovery()
    included = sorted(scope.included().values(), key=lambda project: project.name)
    found.scopes = [
        {
            "key": project.name, "name": project.name, "external_id": project.id,
            "url": project_page(api.base_url, project.name),
        }
        for project in included
    ]  # fmt: skip
    found.warnings += [f"project {name}: not there, or not to be seen" for name in scope.missing()]
    try:
        found.fields = [
            {"id": row.get("referenceName"), "name": row.get("name"), "type": row.get("type")}
            for row in api.fields()
            if not row.get("isDeleted")
        ]
    except (HttpDenied, HttpError) as error:
        found.warnings.append(f"the fields cannot be listed: {error.message}")
    facts: list[Facts] = []
    for project in included[:SAMPLE]:
        facts.append(scope.facts(project))
        found.warnings += [f"project {project.name}: {problem}" for problem in facts[-1].problems]
        _look_at(api, scope, project, facts[-1], found)
    if len(included) > SAMPLE:
        found.warnings.append(
            f"{len(included)} projects; types, states and iterations are of the first {SAMPLE}"
        )
    _effort(facts, found)
    return found


def _look_at(api: Api, scope: Scope, project: Project, facts: Facts, found: Discovery) -> None:
    try:
        types = api.types(project.name)
    except (HttpDenied, HttpError) as error:
        found.warnings.append(f"project {project.name}: the types cannot be listed: {error.message}")
        types = []
    for type_ in types:
        name = str(type_["name"])
        found.types.append(_type(project, name, type_, facts))
        if type_.get("isDisabled"):
            continue
        # Newer servers put the states into the list of types; older ones have a call of their own.
        given = type_.get("states") or ()
        if given and all(state.get("category") for state in given):
            facts.states.setdefault(name, {str(one["name"]): str(one["category"]) for one in given})
        found.states += [
            {"name": state, "id": None, "category": category, "type": name, "project": project.name}
            for state, category in scope.states(project, name).items()
        ]
    try:
        bodies = [content(answer) for answer in api.nodes(project.name, "iterations")]
    except (HttpDenied, HttpError):
        return
    found.iterations += [
        {"id": node.id, "name": node.name, "path": node.path, "start": node.start, "finish": node.finish}
        for node in iteration_nodes(bodies)
        if not node.root
    ]


def _type(project: Project, name: str, raw: Json, facts: Facts) -> Json:
    return {
        "name": name,
        "id": raw.get("referenceName"),
        "project": project.name,
        "hub_type": level_of(name, facts.levels),
        "disabled": bool(raw.get("isDisabled")),
    }


def _effort(facts: Sequence[Facts], found: Discovery) -> None:
    """Name the commonest effort field; each project's own is used for its items all the same."""
    counted = Counter(one.effort for one in facts if one.effort)
    if not counted:
        return
    name, _times = counted.most_common(1)[0]
    found.semantics["story_points"] = name
    found.semantics["effort_fields"] = " ".join(sorted(counted))
    groups = [
        f"{field} in {_some(sorted(one.name for one in facts if one.effort == field))}"
        for field, _ in counted.most_common()
    ]
    found.evidence["story_points"] = (
        f"the backlog configuration adds up {'; '.join(groups)}. Each project's own field is read as its points."
    )
    found.evidence["effort_fields"] = "all the fields that some project's backlog adds up"
    found.warnings += [
        f"project {one.name}: its process names no effort field, so points stay unknown"
        for one in facts
        if not one.effort
    ]


def _some(names: Sequence[str]) -> str:
    more = len(names) - _SHOWN
    return ", ".join(names[:_SHOWN]) + (f" and {more} more" if more > 0 else "")
