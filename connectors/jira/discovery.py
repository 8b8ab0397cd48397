"""What a Jira site has, and which of its fields mean what, with the evidence."""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing
from typing import Any, Final

from connectors.base import Discovery, Json
from connectors.errors import SliceUnreadable
from connectors.http import HttpDenied, HttpError, HttpUnavailable
from connectors.jira.lists import boards
from connectors.jira.metadata import Metadata
from connectors.jira.site import Site
from connectors.jira.transforms import CATEGORY_BY_ID, CATEGORY_BY_KEY, category_of

_GREENHOPPER: Final = "com.pyxis.greenhopper.jira:"
_ESTIMATE: Final = f"{_GREENHOPPER}jsw-story-points"
_BY_SCHEMA: Final = {
    "sprint": f"{_GREENHOPPER}gh-sprint",
    "epic_link": f"{_GREENHOPPER}gh-epic-link",
    "epic_name": f"{_GREENHOPPER}gh-epic-label",
    "rank": f"{_GREENHOPPER}gh-lexo-rank",
    "parent_link": "com.atlassian.jpo:jpo-custom-field-parent",
    "target_start": "com.atlassian.jpo:jpo-custom-field-baseline-start",
    "target_end": "com.atlassian.jpo:jpo-custom-field-baseline-end",
}
_POINT_NAMES: Final = ("story points", "story point estimate", "storypoints")
_BOARDS: Final = 40  # looked at for their estimation; a site may have thousands
_SPRINT_BOARDS: Final = 5
_BY_BOARDS: Final = 4  # how much each kind of evidence weighs against the others
_BY_TYPE: Final = 2
_BY_NAME: Final = 1


def discover(site: Site) -> Discovery:
    """Look at projects, fields, types, statuses, boards and some sprints.

    Raises:
        ConnectorError: The site is none, or does not accept the sign-in.
    """
    site.require_sign_in()
    found = Discovery()
    with closing(Metadata(site.http, site.api.rpartition("/")[2])) as metadata:
        fields = metadata.fields()
        statuses = metadata.statuses()
        types = metadata.issue_types()
    found.scopes = [_scope(site, project) for project in _projects(site)]
    found.fields = [_field(field) for field in fields]
    found.types = [_type(kind) for kind in types]
    found.states = [_state(status) for status in statuses]
    found.warnings += _odd_categories(statuses)
    found.semantics["site_url"] = site.web
    found.semantics["status_categories"] = " ".join(
        f"{state['id']}:{state['category']}" for state in found.states if state["category"]
    )
    seen = _some_boards(site, found)
    _by_schema(fields, found)
    _points(site, fields, seen, found)
    _flagged(fields, found)
    found.iterations = list(_some_sprints(site, seen))
    _overruled(site, fields, found)
    return found


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
    kind = schema.get("type")
    return {
        "id": field["id"],
        "name": field.get("name"),
        "type": f"{kind} of {schema['items']}" if schema.get("items") else kind,
        "custom": schema.get("custom"),
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


def _odd_categories(statuses: Sequence[Json]) -> list[str]:
    """Name the statuses whose category says one thing by its key and another by its id."""
    odd = []
    for status in statuses:
        category = status.get("statusCategory") or {}
        by_key, by_id = (
            CATEGORY_BY_KEY.get(str(category.get("key"))),
            CATEGORY_BY_ID.get(category.get("id", 0)),
        )
        if by_key and by_id and by_key != by_id:
            odd.append(
                f"status {status.get('name')!r} ({status.get('id')}) is {by_key} by its category's key and {by_id} by "
                "its id; the key is used"
            )
    return odd


def _some_boards(site: Site, found: Discovery) -> list[Json]:
    try:
        all_boards = boards(site)
    except SliceUnreadable as error:
        found.warnings.append(error.message)
        return []
    if len(all_boards) > _BOARDS:
        found.warnings.append(
            f"{len(all_boards)} boards; the estimation of the first {_BOARDS} was looked at"
        )
    return all_boards[:_BOARDS]


def _by_schema(fields: Sequence[Json], found: Discovery) -> None:
    for name, custom in _BY_SCHEMA.items():
        matches = [field for field in fields if (field.get("schema") or {}).get("custom") == custom]
        if matches:
            found.semantics[name] = matches[0]["id"]
            found.evidence[name] = f"{matches[0].get('name')!r} has the type {custom}"
        if len(matches) > 1:
            found.warnings.append(f"{len(matches)} fields have the type {custom}; {matches[0]['id']} is used")


def _points(site: Site, fields: Sequence[Json], seen: Sequence[Json], found: Discovery) -> None:
    """Rank the fields that may hold the size: what boards estimate by, then the type, then the name."""
    estimated = _estimated_by(site, seen)
    weights: Counter[str] = Counter()
    because: dict[str, list[str]] = {}

    def believe(field_id: str, weight: int, why: str) -> None:
        weights[field_id] += weight
        because.setdefault(field_id, []).append(why)

    for field_id, (name, count) in estimated.items():
        believe(field_id, _BY_BOARDS * count, f"{count} board(s) estimate by it ({name!r})")
    for field in fields:
        schema = field.get("schema") or {}
        names = {str(field.get(key, "")).strip().casefold() for key in ("name", "untranslatedName")}
        if schema.get("custom") == _ESTIMATE:
            believe(field["id"], _BY_TYPE, f"its type is {_ESTIMATE}")
        if schema.get("type") == "number" and names & set(_POINT_NAMES):
            believe(field["id"], _BY_NAME, f"it is a number named {field.get('name')!r}")
    # Names decide between equals: of two candidates the one whose name is asked for first.
    ranked = sorted(weights, key=lambda one: (-weights[one], one))
    for name, field_id in zip(("story_points", "story_points_other"), ranked, strict=False):
        found.semantics[name] = field_id
        found.evidence[name] = "; ".join(because[field_id])
    if not ranked:
        found.warnings.append(
            "no field for story points was found: no board estimates by one, and none has the type or name. If there "
            "is one, name it in the source's fields: {story_points: customfield_…}"
        )
    if len(ranked) > 2:  # noqa: PLR2004 - the mapping reads two
        rest = ", ".join(ranked[2:])
        found.warnings.append(f"more fields look like story points and are not read: {rest}")


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


def _flagged(fields: Sequence[Json], found: Discovery) -> None:
    for field in fields:
        names = {str(field.get(key, "")).casefold() for key in ("name", "untranslatedName")}
        if "flagged" in names and str((field.get("schema") or {}).get("custom", "")).endswith(
            ":multicheckboxes"
        ):
            found.semantics["flagged"] = field["id"]
            found.evidence["flagged"] = f"check boxes named {field.get('name')!r}"
            return


def _some_sprints(site: Site, seen: Sequence[Json]) -> Iterator[Json]:
    given: set[int] = set()
    for board in [board for board in seen if board.get("type") != "kanban"][:_SPRINT_BOARDS]:
        try:
            answer = site.http.get(
                f"/rest/agile/1.0/board/{board['id']}/sprint", {"maxResults": 50}, ok=(200, 400)
            )
        except (HttpError, HttpDenied):
            continue
        for sprint in answer.json().get("values") or ():
            if sprint["id"] not in given:
                given.add(sprint["id"])
                yield {"id": sprint["id"], "name": sprint.get("name"), "state": sprint.get("state")}


def _overruled(site: Site, fields: Sequence[Json], found: Discovery) -> None:
    """Let the configuration have the last word."""
    known = {field["id"] for field in fields}
    for name, field_id in site.config.fields.items():
        found.semantics[name] = field_id
        found.evidence[name] = "the configuration of this source says so"
        if field_id not in known:
            found.warnings.append(f"fields: {name}: the site does not list {field_id} for this account")
