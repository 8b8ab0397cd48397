"""What a Jira site has, and which of its fields mean what, with the evidence."""

from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from contextlib import closing
from typing import Any, Final

from connectors.base import Discovery, Json
from connectors.errors import SliceUnreadable
from connectors.http import HttpDenied, HttpError, HttpUnavailable
from connectors.jira import meanings
from connectors.jira.boards import boards
from connectors.jira.custom import schema_words
from connectors.jira.points import points
from connectors.jira.site import Site
from connectors.jira.transforms import category_of

_BOARDS: Final = 40  # looked at for their estimation; a site may have thousands
_SPRINT_BOARDS: Final = 5
_CONFIGURED: Final = frozenset({"status_categories", "status_overrides", "custom_fields"})


def discover(site: Site) -> Discovery:
    """Look at projects, fields, types, statuses, boards and some sprints.

    Raises:
        ConnectorError: The site is none, or does not accept the sign-in.
    """
    found = Discovery()
    site.require_sign_in()
    projects, boards_seen = site.pool.submit(_projects, site), site.pool.submit(_some_boards, site, found)
    fields, statuses, types = _make_up(site, found)
    found.scopes = [_scope(site, project) for project in projects.result()]
    found.semantics["site_url"] = site.web
    seen = boards_seen.result()
    scrum = [board for board in seen if board.get("type") != "kanban"][:_SPRINT_BOARDS]
    sprints = [site.pool.submit(_sprints, site, board) for board in scrum]
    meanings.categories(statuses, site.config.status_categories, found)
    meanings.by_schema(fields, found)
    points(fields, _estimated_by(site, seen), found)
    meanings.flagged(fields, found)
    found.iterations = list(_each_once(sprints))
    meanings.overruled(fields, site.config.fields, found)
    meanings.hierarchy(types, cloud=site.cloud, found=found)
    meanings.chosen_fields(fields, site.config.custom_fields, found)
    meanings.propose(site.config.fields, site.config.custom_fields, site.config.status_categories, found)
    return found


def look(site: Site) -> Discovery:
    """Look at fields, types and statuses alone: three requests, for drift.

    Raises:
        ConnectorError: As `discover`.
    """
    found = Discovery()
    fields, _, _ = _make_up(site, found)
    meanings.chosen_fields(fields, site.config.custom_fields, found)
    return found


def reconsider(site: Site, known: Discovery) -> dict[str, str]:
    """Return the semantics of what was discovered before, under the present configuration; asks nothing."""
    found = Discovery(
        fields=known.fields,
        states=[{**state, "category": state.get("overridden", state["category"])} for state in known.states],
        semantics={name: value for name, value in known.semantics.items() if name not in _CONFIGURED},
    )
    config = site.config
    meanings.overridden(config.status_categories, found)
    meanings.overruled(found.fields, config.fields, found)
    meanings.chosen_fields(found.fields, config.custom_fields, found)
    return found.semantics


def _make_up(site: Site, found: Discovery) -> tuple[list[Json], list[Json], list[Json]]:
    """Read what issues are made of, and put it into the findings; returns it as the site gives it."""
    from connectors.jira.metadata import Metadata  # the package below it is large, and most runs do not ask

    site.require_sign_in()
    with closing(Metadata(site.http, site.api.rpartition("/")[2])) as metadata:
        asked = site.pool.submit(metadata.fields), site.pool.submit(metadata.issue_types)
        statuses = site.statuses
        fields, types = asked[0].result(), asked[1].result()
    found.fields = [_field(field) for field in fields]
    found.types = [_type(kind) for kind in types]
    found.states = [_state(status) for status in statuses]
    return fields, statuses, types


def _projects(site: Site) -> list[Json]:
    if site.config.projects == ("*",):
        return site.all_projects
    found = []
    for key in site.config.projects:
        try:
            found.append(site.project_answer(key).json())
        except SliceUnreadable:
            continue  # `check` and the run say so
    return found


def _scope(site: Site, project: Json) -> Json:
    return {
        "key": project["key"],
        "name": project.get("name"),
        "external_id": str(project["id"]),
        "url": f"{site.web}/browse/{project['key']}",
        "team_managed": bool(project.get("simplified")) or project.get("style") == "next-gen",
    }


def _field(field: Json) -> Json:
    schema = field.get("schema") or {}
    return {
        "id": field["id"],
        "name": field.get("name"),
        "type": schema_words(schema),
        "custom": schema.get("custom"),
        "schema": {name: schema[name] for name in ("type", "items", "custom") if schema.get(name)},
        "project": _scope_of(field),
    }


def _type(kind: Json) -> Json:
    return {
        "id": str(kind["id"]),
        "name": kind.get("untranslatedName") or kind.get("name"),
        "level": kind.get("hierarchyLevel", -1 if kind.get("subtask") else None),
        "project": _scope_of(kind),
    }


def _state(status: Json) -> Json:
    return {
        "id": str(status["id"]),
        "name": status.get("untranslatedName") or status.get("name"),
        "category": category_of(status),
        "project": _scope_of(status),
    }


def _scope_of(entity: Json) -> str | None:
    """Give the id of the team-managed project that alone has this; names repeat from one to the next."""
    scope = entity.get("scope")
    return str(scope["project"]["id"]) if scope and scope.get("project") else None


def _some_boards(site: Site, found: Discovery) -> list[Json]:
    try:
        all_boards = boards(site)
    except SliceUnreadable as error:
        found.warnings.append(error.message)
        return []
    if len(all_boards) > _BOARDS:
        found.warnings.append(
            f"{len(all_boards)} boards; the estimation of {_BOARDS} was looked at, some of each project first"
        )
    # One of each project first: a project's boards estimate alike more often than two projects do.
    places: dict[Any, int] = {}
    turns = []
    for place, board in enumerate(all_boards):
        project = (board.get("location") or {}).get("projectId", f"board {board['id']}")
        places[project] = places.get(project, 0) + 1
        turns.append((places[project], place, board))
    return [board for _, _, board in sorted(turns, key=lambda one: one[:2])][:_BOARDS]


def _estimated_by(site: Site, seen: Sequence[Json]) -> dict[str, tuple[str, int]]:
    """Count the boards that estimate by each field."""

    def estimation(board: Json) -> Any:
        try:
            body = site.http.get(f"/rest/agile/1.0/board/{board['id']}/configuration").json()
        except (HttpError, HttpDenied):
            return None  # a board one may see need not be one whose settings one may see
        except HttpUnavailable as error:
            if error.status != 500:  # noqa: PLR2004 - the site answers, but fails on this board
                raise
            return None
        return body.get("estimation")

    counted: dict[str, tuple[str, int]] = {}
    for found in site.pool.map(estimation, seen):
        field = (found or {}).get("field") or {}
        # Boards can also count issues or sum hours; neither is points.
        if (found or {}).get("type") == "field" and str(field.get("fieldId", "")).startswith("customfield_"):
            name, count = counted.get(field["fieldId"], (str(field.get("displayName")), 0))
            counted[field["fieldId"]] = (name, count + 1)
    return counted


def _sprints(site: Site, board: Json) -> list[Json]:
    try:
        answer = site.http.get(
            f"/rest/agile/1.0/board/{board['id']}/sprint", {"maxResults": 50}, ok=(200, 400)
        )
    except (HttpError, HttpDenied):
        return []
    return list(answer.json().get("values") or ())


def _each_once(boards_: Sequence[Future[list[Json]]]) -> Iterator[Json]:
    given: set[int] = set()
    for board in boards_:
        for sprint in board.result():
            if sprint["id"] not in given:
                given.add(sprint["id"])
                yield {"id": sprint["id"], "name": sprint.get("name"), "state": sprint.get("state")}
