"""Which projects a source reads, and what is known of each of them."""

import threading
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import quote

from connectors.azure_devops.api import Api, content, quoted
from connectors.azure_devops.config import EVERY_PROJECT, AzureDevOpsConfig
from connectors.azure_devops.nodes import iteration_nodes
from connectors.azure_devops.poison import tolerated
from connectors.azure_devops.process import effort_field, levels
from connectors.azure_devops.queries import NotFlat, condition
from connectors.base import Json, Part
from connectors.errors import MisconfiguredSource
from connectors.http import HttpDenied, HttpError

NOT_LISTED: Final = "projects: not in the source's list"
MOVED: Final = "moved: another project of the source has it"
NOT_PICKED: Final = "query: does not pick it"
_NAMES_IN_A_QUERY: Final = 100  # a query may have 32,000 characters


@dataclass(frozen=True, slots=True)
class Project:
    """One project, by its immutable id."""

    id: str
    name: str
    raw: Json


@dataclass(slots=True)
class Facts:
    """What a project's process says: effort field, level of each type, states, iterations by path."""

    id: str
    name: str
    effort: str | None
    levels: dict[str, str]
    states: dict[str, dict[str, str]] = field(default_factory=dict)  # type -> state -> category
    iterations: dict[str, str] = field(default_factory=dict)  # path -> node id
    problems: list[str] = field(default_factory=list)


class Scope:
    """The projects of a source, asked for once and kept for the length of a run. Safe for threads."""

    def __init__(self, api: Api, config: AzureDevOpsConfig) -> None:
        self.api = api
        self._query = config.query
        self.saved = config.saved_query
        self._wanted = {name.casefold() for name in config.projects}
        self._written = config.projects
        self._lock = threading.RLock()
        self._pages: list[tuple[Part, list[Project]]] | None = None
        self._facts: dict[str, Facts] = {}
        self._renamed: dict[str, str] | None = None  # name as written -> project id
        self._gone: dict[str, str] | None = None
        self._statement: tuple[str, str] | None = None

    @property
    def query(self) -> str | None:
        """Return the condition that picks work items, None where all of the projects' are read.

        Raises:
            MisconfiguredSource: The saved query is not there, or not one that can be read by.
        """
        found = self.statement()
        if found is None or self.saved is None:
            return self._query
        try:
            return condition(found[1], quoted(self.saved.project))
        except NotFlat:
            raise MisconfiguredSource(
                f"the saved query {found[0]!r} is a tree or a list of links; save it as a flat list of work items",
                source=self.api.source,
            ) from None

    def statement(self) -> tuple[str, str] | None:
        """Return name and statement of the saved query as they are now, None where none is configured.

        Raises:
            MisconfiguredSource: It is not there.
        """
        if self.saved is None:
            return None
        with self._lock:
            if self._statement is None:
                try:
                    found = self.api.saved_query(self.saved.project, self.saved.id)
                except HttpError as error:
                    raise MisconfiguredSource(
                        f"the saved query {self.saved.id} of {self.saved.project} cannot be read: {error.message}. "
                        "Check that it exists among the shared queries and that this account may see it.",
                        source=self.api.source,
                    ) from None
                name = str(found.get("path") or found.get("name") or self.saved.id)
                self._statement = (name, str(found.get("wiql") or ""))
            return self._statement

    def pages(self) -> list[tuple[Part, list[Project]]]:
        """List every visible project, page by page as the server gave them."""
        with self._lock:
            if self._pages is None:
                self._pages = [
                    (answer.part(), projects_in(content(answer))) for answer in self.api.project_pages()
                ]
            return self._pages

    def chosen(self, project: Project) -> bool:
        """Say whether the source reads this project."""
        if EVERY_PROJECT in self._wanted or {project.id.casefold(), project.name.casefold()} & self._wanted:
            return True
        return project.id in self.renamed().values()

    def renamed(self) -> dict[str, str]:
        """Return the configured names that a project had once and has no more, with its id."""
        with self._lock:
            if self._renamed is None:
                self._renamed = {}
                visible = {project.id for _, page in self.pages() for project in page}
                for name in self._unseen():
                    found = self.api.project_once_named(name)
                    if found is not None and str(found["id"]) in visible:
                        self._renamed[name] = str(found["id"])
            return self._renamed

    def gone(self) -> dict[str, str]:
        """Return the projects that were deleted and can still be brought back: id -> name."""
        with self._lock:
            if self._gone is None:
                try:
                    answers = list(self.api.project_pages("deleted"))
                except (HttpDenied, HttpError):
                    answers = []
                self._gone = {one.id: one.name for answer in answers for one in projects_in(content(answer))}
            return self._gone

    def visible(self) -> dict[str, str]:
        """Return all projects this account may see: id -> name."""
        return {project.id: project.name for _, page in self.pages() for project in page}

    def included(self) -> dict[str, Project]:
        """Return the projects to read, by name."""
        return {one.name: one for _, page in self.pages() for one in page if self.chosen(one)}

    def named(self) -> dict[str, Project]:
        """Return the projects that the configuration names, as it writes them; none where it reads every one."""
        renamed = self.renamed()
        found: dict[str, Project] = {}
        for name in self._written:
            for one in self.included().values():
                if name.casefold() in (one.id.casefold(), one.name.casefold()) or renamed.get(name) == one.id:
                    found[name] = one
        return found

    def missing(self) -> list[str]:
        """List the configured projects that do not exist or that this account may not see."""
        renamed = self.renamed()
        return [name for name in self._unseen() if name not in renamed]

    def _unseen(self) -> list[str]:
        """List the configured names that no visible project has."""
        seen = {
            word.casefold()
            for _, page in self.pages()
            for project in page
            for word in (project.id, project.name)
        }
        return [name for name in self._written if name != EVERY_PROJECT and name.casefold() not in seen]

    def conditions(self, project: Project | None = None) -> list[str]:
        """Write WIQL conditions that together pick the work items of the source, or of one project of it."""
        names = [project.name] if project else sorted(self.included())
        groups = [names[at : at + _NAMES_IN_A_QUERY] for at in range(0, len(names), _NAMES_IN_A_QUERY)]
        picked = self.query
        query = f" AND ({picked})" if picked else ""
        return [f"[System.TeamProject] IN ({', '.join(map(quoted, group))}){query}" for group in groups]

    def facts(self, project: Project) -> Facts:
        """Return what is known of a project; what may not be read is left open and noted."""
        with self._lock:
            known = self._facts.get(project.id)
            if known is None:
                known = self._facts[project.id] = self._ask(project)
            return known

    def states(self, project: Project, type_: str) -> dict[str, str]:
        """Return the category of each state of a type; empty where the type is gone."""
        facts = self.facts(project)
        with self._lock:
            if type_ not in facts.states:
                rows: list[Json] = []
                with tolerated(facts.problems, f"the states of {type_} cannot be read"):
                    rows = self.api.states(project.name, type_)
                facts.states[type_] = {str(row["name"]): str(row.get("category") or "") for row in rows}
            return facts.states[type_]

    def _ask(self, project: Project) -> Facts:
        problems: list[str] = []
        backlog: Json = {}
        categories: list[Json] = []
        iterations: dict[str, str] = {}
        with tolerated(problems, "the backlog configuration cannot be read"):
            backlog = self.api.backlog(project.name)
        with tolerated(problems, "the work item type categories cannot be read"):
            categories = self.api.categories(project.name)
        with tolerated(problems, "the iterations cannot be read"):
            bodies = [content(answer) for answer in self.api.nodes(project.name, "iterations")]
            iterations = {node.path: node.id for node in iteration_nodes(bodies) if not node.root}
        return Facts(
            project.id,
            project.name,
            effort_field(backlog),
            levels(backlog, categories),
            iterations=iterations,
            problems=problems,
        )


def projects_in(body: Any) -> list[Project]:
    """Read one page of the list of projects."""
    return [
        Project(str(row["id"]), str(row["name"]), row)
        for row in (body.get("value") if isinstance(body, dict) else body) or ()
    ]


def project_page(base_url: str, name: str) -> str:
    """Return the address a person opens."""
    return f"{base_url}/{quote(name, safe='')}"


def item_page(base_url: str, project: str | None, id_: int | str) -> str:
    """Return the address a person opens; without a project the server finds it."""
    below = f"/{quote(project, safe='')}" if project else ""
    return f"{base_url}{below}/_workitems/edit/{id_}"
