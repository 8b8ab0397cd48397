"""What changes work items without changing them: nothing of this makes a revision, so no feed tells it.

A renamed area, iteration or project, a state that was put into another category, a type on another
backlog level, another effort field: all of them alter what stored items mean. So the trees and the
processes are looked at from time to time, and the items concerned are read again.
"""

import hashlib
from collections.abc import Iterable, Mapping
from typing import Final

from connectors.azure_devops.api import Api, content, quoted
from connectors.azure_devops.nodes import Node, iteration_nodes
from connectors.azure_devops.poison import tolerated
from connectors.azure_devops.process import level_of
from connectors.azure_devops.scope import Project, Scope
from connectors.base import Json

UNSURE: Final = "?"  # in place of the mark of an effort field: items were read while the process could not be


def looks(api: Api, scope: Scope, projects: Iterable[Project]) -> dict[str, tuple[str, str, str]]:
    """Look at trees and processes: name -> (mark, what a person calls it, condition of the items concerned).

    What may not be read is left out, and so changes nothing.
    """
    found: dict[str, tuple[str, str, str]] = {}
    for project in projects:
        own = f"[System.TeamProject] = {quoted(project.name)}"
        found[f"project {project.id}"] = (_mark(project.name), f"project {project.name}", own)
        facts = scope.facts(project)
        if facts.effort is not None and not facts.problems:
            found[f"effort {project.id}"] = (_mark(facts.effort), f"effort field of {project.name}", own)
        areas = [("area", "System.AreaPath", node.path, node.id) for node in _areas(api, project)]
        sprints = [("iteration", "System.IterationPath", path, id_) for path, id_ in facts.iterations.items()]
        for word, field, path, id_ in [*areas, *sprints]:
            under = f"{own} AND [{field}] UNDER {quoted(path)}"
            found[f"{word} {id_}"] = (_mark(path), f"{word} {path}", under)
        if facts.problems:
            continue  # what was not read of the process looks like another one
        for type_, states in _states(api, scope, project).items():
            level = level_of(type_, facts.levels)
            mark = _mark(f"{level} {sorted(states.items())}")
            of_type = f"{own} AND [System.WorkItemType] = {quoted(type_)}"
            found[f"type {project.id} {type_}"] = (mark, f"states of {type_} in {project.name}", of_type)
    return found


def marks(found: Mapping[str, tuple[str, str, str]]) -> dict[str, str]:
    """Keep of what was looked at only what the next look is compared with."""
    return {name: mark for name, (mark, _, _) in found.items()}


def changed(before: Mapping[str, str], found: Mapping[str, tuple[str, str, str]]) -> list[tuple[str, str]]:
    """List what looks different than before, as (what a person calls it, condition); new things are not."""
    differ = [
        (word, condition)
        for name, (mark, word, condition) in found.items()
        if name in before and before[name] != mark
    ]
    # Below a renamed node or project everything has another path; the topmost is enough.
    kept: list[tuple[str, str]] = []
    for word, condition in sorted(differ, key=lambda one: len(one[1])):
        if not any(_covers(wider, condition) for _, wider in kept):
            kept.append((word, condition))
    return kept


def _covers(wider: str, condition: str) -> bool:
    head = wider.removesuffix("'")
    return condition.startswith((f"{wider} AND", f"{head}\\")) or condition == wider


def _areas(api: Api, project: Project) -> list[Node]:
    nodes: list[Node] = []
    with tolerated([], "areas"):
        nodes = list(iteration_nodes(content(answer) for answer in api.nodes(project.name, "areas")))
    return [node for node in nodes if not node.root]


def _states(api: Api, scope: Scope, project: Project) -> dict[str, dict[str, str]]:
    """Ask for all types at once where their states come with them, else only for those already known."""
    types: list[Json] = []
    with tolerated([], "types"):
        types = [type_ for type_ in api.types(project.name) if not type_.get("isDisabled")]
    found: dict[str, dict[str, str]] = {}
    for type_ in types:
        given = type_.get("states") or ()
        name = str(type_["name"])
        if given and all(state.get("category") for state in given):
            found[name] = {str(one["name"]): str(one["category"]) for one in given}
        else:
            found[name] = dict(scope.states(project, name))
    return found


def _mark(text: str) -> str:
    return hashlib.blake2b(text.encode(), digest_size=5).hexdigest()
