"""One running Jira: its world, how it draws, and what its routes share."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from email.utils import format_datetime
from typing import Any, Final

import orjson

from sandbox.jira.clauses import BadQuery
from sandbox.jira.jql import Query, parse
from sandbox.jira.load import load
from sandbox.jira.model import Json, Project, State
from sandbox.jira.plot import story
from sandbox.jira.recorded import recorded
from sandbox.jira.render import Choice, Renderer, choose
from sandbox.jira.things import Things
from sandbox.jira.web import Answer, Refused, Request
from sandbox.jira.world import World
from sandbox.options import Options

NO_SIGHT: Final = "You do not have the permission to see the specified issue."
NO_ISSUE: Final = "Issue does not exist or you do not have permission to see it."
NEEDS_LOGIN: Final = "Client must be authenticated to access this resource."
CLOUD_ZONE, SERVER_ZONE = "Europe/Helsinki", "America/New_York"
RECORDED_ZONE: Final = "Asia/Shanghai"
CHANGELOG_SHOWN: Final = 40  # histories that Cloud's expand=changelog gives at most
EVERYTHING: Final = 1_000_000


@dataclass(slots=True)
class Site:
    """A Jira of either kind. `legacy_agile` says whether Cloud still serves the agile issue lists."""

    options: Options
    world: World
    things: Things
    renderer: Renderer
    cloud: bool
    legacy_agile: bool = True
    me: str = ""
    choices: dict[tuple[str, ...], Choice] = field(default_factory=dict)

    def query(self, text: str) -> Query:
        """Compile a query, or refuse it in Jira's words."""
        try:
            return parse(text, self.world.asker())
        except BadQuery as error:
            raise Refused(400, str(error)) from error

    def chosen(self, asked: Sequence[str]) -> Choice:
        """Return the choice of fields, the same object for the same request."""
        key = tuple(asked)
        known = self.choices.get(key)
        if known is None:
            known = self.choices[key] = choose(key)
        return known

    def issue(self, request: Request, *, archived: bool = False) -> State:
        """Return the issue a path names, if so asked also one that is archived."""
        wanted = request.found["issue"]
        id_ = int(wanted) if wanted.isdigit() else self.world.shelf.by_key(wanted)
        if request.anonymous or id_ is None:
            raise Refused(404, NO_ISSUE)
        state = self.world.state(id_) or (self.world.archived(id_) if archived else None)
        if state is None:
            raise self._not_shown(id_)
        return state

    def _not_shown(self, id_: int) -> Refused:
        """Cloud says the same of what is gone and what is hidden; Data Center tells them apart."""
        there = self.world.anything(id_)
        hidden = there is not None and there.visible and self.world.is_hidden(id_, there.project)
        return Refused(403, NO_SIGHT) if hidden and not self.cloud else Refused(404, NO_ISSUE)

    def project(self, request: Request) -> Project:
        """Return the project a path names."""
        wanted = request.found["project"]
        project = None if request.anonymous else self.world.catalogue.project_by(wanted)
        if project is None or project.hidden or project.trashed:
            raise Refused(404, f"No project could be found with key '{wanted}'.")
        return project

    def projects(self) -> list[Project]:
        """List the live projects by key."""
        known = self.world.catalogue.projects.values()
        return sorted((one for one in known if one.live), key=lambda one: one.key)

    def page(self, request: Request, rows: Sequence[Any], *, default: int, most: int) -> Json:
        """Return a page of a list in the envelope with startAt, total and isLast."""
        start = max(0, request.number("startAt", 0))
        size = max(1, min(most, request.number("maxResults", default)))
        shown = list(rows[start : start + size])
        here = f"{self.things.base}{request.path.removeprefix(self.context)}"
        page: Json = {
            "self": f"{here}?startAt={start}&maxResults={size}",
            "maxResults": size,
            "startAt": start,
            "total": len(rows),
            "isLast": start + size >= len(rows),
            "values": shown,
        }
        if not page["isLast"]:
            page["nextPage"] = f"{here}?startAt={start + size}&maxResults={size}"
        return page

    def date(self) -> str:
        """Return the header Date by this Jira's own clock, right or wrong."""
        return format_datetime(self.world.now(), usegmt=True)

    @property
    def context(self) -> str:
        """Return the context path: Data Center is often not served at the root."""
        return "" if self.cloud else "/jira"


def open_site(options: Options, *, cloud: bool) -> Site:
    """Load the world the options ask for."""
    base = options.own + ("" if cloud else "/jira")
    zone = CLOUD_ZONE if cloud else SERVER_ZONE
    world: World
    if options.recorded is not None:
        catalogue, kept = recorded(options, cloud=cloud)
        world = World(catalogue, kept, options.clock, RECORDED_ZONE if cloud else "UTC", strict=not cloud)
    elif options.issues is not None:
        catalogue, shelf = load(options, cloud=cloud)
        world = World(catalogue, shelf, options.clock, zone, strict=not cloud)
    else:
        catalogue, kept = story(options, cloud=cloud)
        world = World(catalogue, kept, options.clock, zone, strict=not cloud)
    things = Things(world, base, cloud=cloud)
    me = next(one.id for one in catalogue.people.values() if one.email == "sync@example.com")
    return Site(options, world, things, Renderer(world, things), cloud, me=me)


def without_transitions(issue: bytes) -> bytes:
    """Return an issue's JSON with the transitions its reader may carry out: a reader, so none."""
    return issue[:-1] + b',"transitions":[]}'


def joined(before: Json, name: str, issues: Sequence[bytes], after: Json) -> Answer:
    """Return a document whose list `name` is made of finished pieces."""
    head, tail = orjson.dumps(before)[:-1], orjson.dumps(after)[1:]
    body = b"".join(
        (
            head,
            b"," if before else b"",
            orjson.dumps(name),
            b":[",
            b",".join(issues),
            b"]",
            b"," if after else b"",
            tail,
        )
    )
    return Answer(body)
