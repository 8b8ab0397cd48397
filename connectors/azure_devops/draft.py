"""A page of work items in the making, and the context that is written on it."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from connectors.azure_devops.api import content, decoded
from connectors.azure_devops.fields import Custom
from connectors.azure_devops.records import context_part
from connectors.azure_devops.scope import Project, Scope
from connectors.base import Absence, Json, Part
from connectors.http import Answer


@dataclass(slots=True)
class Draft:
    """A page in the making: its bodies, which items go on it, and what became of the others."""

    parts: list[Part] = field(default_factory=list)
    emit: list[int] = field(default_factory=list)
    unreadable: dict[int, str] = field(default_factory=dict)
    filtered: dict[str, str] = field(default_factory=dict)
    vanished: dict[int, Absence | None] = field(default_factory=dict)
    current: dict[int, Json] = field(default_factory=dict)
    paths: set[str] = field(default_factory=set)

    def fields(self, id_: int) -> Json:
        """Return the fields of an item that was looked up."""
        found: Json = self.current[id_].get("fields") or {}
        return found

    def said(self) -> int:
        """Count the items this page speaks of."""
        return len(self.emit) + len(self.unreadable) + len(self.filtered)


class Context:
    """Writes down what reading a page needs to know of the projects, and what of them could not be read."""

    def __init__(self, scope: Scope, included: dict[str, Project], custom: Custom) -> None:
        self._scope, self._included, self._custom = scope, included, custom
        self._told: set[tuple[str, str]] = set()
        self.unsure: set[str] = set()  # projects whose process could not be read whole

    def part(self, base_url: str, draft: Draft) -> Part:
        """Return the part of a page that is Muster's own."""
        projects: dict[str, Any] = {}
        types: dict[str, set[str]] = defaultdict(set)
        for id_ in draft.emit:
            fields = draft.fields(id_)
            types[fields["System.TeamProject"]].add(fields["System.WorkItemType"])
            draft.paths.add(str(fields.get("System.IterationPath")))
        for name, used in types.items():
            project = self._included[name]
            facts = self._scope.facts(project)
            states = {type_: self._scope.states(project, type_) for type_ in sorted(used)}
            if facts.problems:
                self.unsure.add(project.id)
            projects[name] = {
                "id": project.id,
                "effort": facts.effort,
                "levels": {type_: facts.levels[type_] for type_ in sorted(used) if type_ in facts.levels},
                "states": states,
                "iterations": {
                    path: facts.iterations[path] for path in sorted(draft.paths & facts.iterations.keys())
                },
            }
        context: Json = {
            "emit": draft.emit,
            "unreadable": {str(id_): why for id_, why in draft.unreadable.items()},
            "filtered": draft.filtered,
            "projects": projects,
        }
        if self._custom.kinds:
            context["custom"] = self._custom.kinds
        return context_part(base_url, context)

    def problems(self, draft: Draft) -> Iterator[str]:
        """Say once what could not be read of a project's process."""
        for name in {draft.fields(id_)["System.TeamProject"] for id_ in draft.emit}:
            for problem in self._scope.facts(self._included[name]).problems:
                if (name, problem) not in self._told:
                    self._told.add((name, problem))
                    yield f"project {name}: {problem}"


def paths_of(revisions: Iterable[Json], written: Iterable[bytes]) -> set[str]:
    """Collect the iteration paths of revisions, those at hand and those that waited."""
    every = [*revisions, *map(decoded, written)]
    return {str((one.get("fields") or {}).get("System.IterationPath")) for one in every}


def paths_of_updates(answers: Iterable[Answer]) -> set[str]:
    """Collect the iteration paths of updates, old and new."""
    changes = [
        (one.get("fields") or {}).get("System.IterationPath") or {}
        for answer in answers
        for one in content(answer)["value"]
    ]
    return {str(value) for change in changes for value in change.values()}
