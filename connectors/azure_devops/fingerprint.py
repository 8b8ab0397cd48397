"""What decides a source's scope in Azure DevOps itself, where somebody may change it."""

from concurrent.futures import ThreadPoolExecutor

from connectors.azure_devops.api import Api, content
from connectors.azure_devops.nodes import iteration_nodes
from connectors.azure_devops.scope import Project, Scope
from connectors.http import HttpDenied, HttpError


def scope_fingerprint(api: Api, scope: Scope) -> dict[str, str]:
    """Return the saved query, the areas a query speaks of, and the process of each project that is named.

    Where a source reads every project, a new one is no change of its scope, and no process is among this:
    what a changed process alters is read again anyway.
    """
    found: dict[str, str] = {}
    statement = scope.statement()
    if statement is not None:
        found[f"query {statement[0]}"] = " ".join(statement[1].split())
    projects = sorted(scope.included().values(), key=lambda project: project.name)
    by_area = "areapath" in (scope.query or "").casefold().replace(" ", "")
    named = scope.named()
    with ThreadPoolExecutor(max_workers=api.connections) as pool:
        told = pool.map(lambda one: _process(api, one), named.values())
        found |= {f"process of {name}": process for name, process in zip(named, told, strict=True) if process}
        if by_area:
            for project, areas in zip(
                projects, pool.map(lambda one: _areas(api, one), projects), strict=True
            ):
                if areas:
                    found[f"areas of {project.name}"] = areas
    return found


def _process(api: Api, project: Project) -> str:
    try:
        template = api.process_of(project.id)
    except (HttpDenied, HttpError):
        return ""
    name, id_ = template.get("templateName"), template.get("templateTypeId")
    return " ".join(str(part) for part in (name, id_ and f"({id_})") if part)


def _areas(api: Api, project: Project) -> str:
    try:
        nodes = iteration_nodes(content(answer) for answer in api.nodes(project.name, "areas"))
        return " | ".join(sorted(node.path for node in nodes))
    except (HttpDenied, HttpError):
        return ""
