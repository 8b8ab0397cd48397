"""The fields an issue is made of, each with how it is drawn from a state."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Final

from sandbox.jira.model import Json, State
from sandbox.jira.sprints import sprint_details, sprint_text
from sandbox.jira.things import ABSENT, HOURS_A_DAY, Things
from sandbox.jira.world import World

Draw = Callable[[State], Any]

INLINE_WORKLOGS: Final = 20  # an issue shows no more of them inside its fields
INLINE_COMMENTS: Final = 20  # of Cloud; Data Center shows all
HIDDEN: Final = frozenset({"comment", "worklog", "timetracking"})  # not navigable


def draws(world: World, things: Things) -> dict[str, Draw]:
    """Return how each field is drawn, in the order of the JSON."""
    moment = moment_writer(world)
    found: dict[str, Draw] = {
        "summary": lambda state: state.fields["summary"],
        "issuetype": lambda state: things.type(state.fields["type"]),
        "project": lambda state: things.project(state.project),
        "status": lambda state: things.status(state.fields["status"]),
        "priority": lambda state: things.priority(state.fields["priority"]),
        "resolution": lambda state: things.resolution(state.fields.get("resolution")),
        "resolutiondate": lambda state: moment(state.fields.get("resolutiondate")),
        "assignee": lambda state: things.person(state.fields.get("assignee")),
        "reporter": lambda state: things.person(state.fields["reporter"]),
        "creator": lambda state: things.person(state.fields["reporter"]),
        "labels": lambda state: list(state.fields.get("labels", ())),
        "components": lambda state: [things.component(one) for one in state.fields.get("components", ())],
        "fixVersions": lambda state: [things.version(one) for one in state.fields.get("versions", ())],
        "versions": lambda _: [],
        "duedate": lambda state: _day(state.fields.get("duedate")),
        "created": lambda state: moment(state.created),
        "updated": lambda state: moment(state.updated),
        "description": lambda state: described(state, document=things.cloud),
        "environment": lambda _: None,
        "parent": lambda state: _parent(state, things, world),
        "subtasks": things.subtasks,
        "issuelinks": things.links,
        "workratio": lambda _: -1,
        "comment": lambda state: comments(
            state, things, moment, 0, INLINE_COMMENTS if things.cloud else None
        ),
        "worklog": lambda state: worklogs(state, things, moment, 0, INLINE_WORKLOGS),
        "timetracking": _tracking,
        "timeoriginalestimate": lambda state: state.fields.get("estimate_s"),
        "timeestimate": _remaining,
        "timespent": lambda state: _spent(state) or None,
        "aggregatetimeoriginalestimate": lambda state: state.fields.get("estimate_s"),
        "aggregatetimeestimate": _remaining,
        "aggregatetimespent": lambda state: _spent(state) or None,
        "progress": _progress,
        "aggregateprogress": _progress,
    }
    found["archiveddate"] = lambda state: moment(state.updated) if state.archived else ABSENT
    if things.cloud:
        found["statuscategorychangedate"] = lambda state: moment(
            state.fields.get("category_since", state.created)
        )
    return found | _custom(world, things)


def moment_writer(world: World) -> Callable[[datetime | None], str | None]:
    """Return what writes instants as Jira does: milliseconds, the caller's offset without a colon."""

    def write(moment: datetime | None) -> str | None:
        if moment is None:
            return None
        text = moment.astimezone(world.zone).isoformat(timespec="milliseconds")
        return text[:-3] + text[-2:]

    return write


def described(state: State, *, document: bool) -> Any:
    """Return the description, as a document (API version 3) or as wiki text (version 2)."""
    text = state.fields.get("description")
    if text is None or not document:
        return text
    return as_document(text)


def as_document(text: str) -> Json:
    """Return wiki text as a document: paragraphs, `* ` lists, and `*bold*` at the start of a line."""
    blocks: list[Json] = []
    for line in filter(None, text.split("\n")):
        if not line.startswith("* "):
            blocks.append({"type": "paragraph", "content": _inline(line)})
            continue
        entry = {"type": "listItem", "content": [{"type": "paragraph", "content": _inline(line[2:])}]}
        if blocks and blocks[-1]["type"] == "bulletList":
            blocks[-1]["content"].append(entry)
        else:
            blocks.append({"type": "bulletList", "content": [entry]})
    return {"version": 1, "type": "doc", "content": blocks}


def _inline(line: str) -> list[Json]:
    strong, found, rest = line[1:].partition("*")
    if not line.startswith("*") or not found or not strong:
        return [{"type": "text", "text": line}]
    bold: Json = {"type": "text", "text": strong, "marks": [{"type": "strong"}]}
    return [bold, {"type": "text", "text": rest}] if rest else [bold]


def worklogs(
    state: State, things: Things, moment: Callable[[datetime | None], str | None], start: int, most: int
) -> Json:
    """Return a page of an issue's worklogs."""
    logged = state.fields.get("worklogs", ())
    shown = [
        {
            "self": f"{things.api}/issue/{state.id}/worklog/{number}",
            "author": things.person(who),
            "updateAuthor": things.person(who),
            "comment": as_document("Worked on it.") if things.cloud else "Worked on it.",
            "created": moment(began + timedelta(hours=1)),
            "updated": moment(began + timedelta(hours=1)),
            "started": moment(began),
            "timeSpent": _hours(seconds),
            "timeSpentSeconds": seconds,
            "id": str(number),
            "issueId": str(state.id),
        }
        for number, who, began, seconds in logged[start : start + most]
    ]
    return {"startAt": start, "maxResults": most, "total": len(logged), "worklogs": shown}


def comments(
    state: State,
    things: Things,
    moment: Callable[[datetime | None], str | None],
    start: int,
    most: int | None,
) -> Json:
    """Return a page of an issue's comments."""
    said = state.fields.get("comments", ())
    most = len(said) if most is None else most
    shown = [
        {
            "self": f"{things.api}/issue/{state.id}/comment/{number}",
            "id": str(number),
            "author": things.person(who),
            "body": as_document(text) if things.cloud else text,
            "updateAuthor": things.person(who),
            "created": moment(at),
            "updated": moment(at),
        }
        for number, who, at, text in said[start : start + most]
    ]
    return {"comments": shown, "maxResults": most, "total": len(said), "startAt": start}


def _parent(state: State, things: Things, world: World) -> Any:
    parent = state.fields.get("parent")
    level = world.catalogue.types[state.fields["type"]].level
    # Only Cloud has parents above the sub-task; Data Center has the epic link field instead.
    if parent is None or (not things.cloud and level >= 0):
        return ABSENT
    return things.snippet(parent) or ABSENT


def _custom(world: World, things: Things) -> dict[str, Draw]:
    catalogue = world.catalogue
    found: dict[str, Draw] = {}
    for field in catalogue.fields:
        if field.custom is None:
            continue
        if field.id == catalogue.sprint:
            found[field.id] = lambda state: _sprints(state, things, world)
        elif field.id == catalogue.epic_link:
            found[field.id] = lambda state: _epic_key(state, world)
        else:
            found[field.id] = _stored(field.id, field.project)
    return found


def _stored(name: str, project: int | None) -> Draw:
    if project is None:
        return lambda state: state.fields.get(name)
    return lambda state: state.fields.get(name) if state.project == project else ABSENT


def _sprints(state: State, things: Things, world: World) -> Any:
    numbers = state.fields.get("sprints", ())
    if not numbers:
        return None
    known = world.catalogue.sprints
    sprints = [known[one] for one in numbers if one in known]
    if things.cloud:
        return [sprint_details(things, one, board_field="boardId") for one in sprints]
    return [sprint_text(things, one) for one in sprints]


def _epic_key(state: State, world: World) -> str | None:
    parent = state.fields.get("parent")
    if parent is None or world.catalogue.types[state.fields["type"]].level < 0:
        return None
    epic = world.state(parent)
    return epic.key if epic else None


def _spent(state: State) -> int:
    return sum(seconds for _, _, _, seconds in state.fields.get("worklogs", ()))


def _remaining(state: State) -> int | None:
    estimate = state.fields.get("estimate_s")
    return None if estimate is None else max(0, estimate - _spent(state))


def _tracking(state: State) -> Json:
    estimate, spent = state.fields.get("estimate_s"), _spent(state)
    tracked: Json = {}
    if estimate is not None:
        remaining = max(0, estimate - spent)
        tracked |= {
            "originalEstimate": _hours(estimate),
            "remainingEstimate": _hours(remaining),
            "originalEstimateSeconds": estimate,
            "remainingEstimateSeconds": remaining,
        }
    return tracked | ({"timeSpent": _hours(spent), "timeSpentSeconds": spent} if spent else {})


def _progress(state: State) -> Json:
    spent, left = _spent(state), _remaining(state) or 0
    total = spent + left
    return {"progress": spent, "total": total} | ({"percent": 100 * spent // total} if total else {})


def _hours(seconds: int) -> str:
    """Write a duration as people read it: days of eight hours."""
    days, hours = divmod(seconds // 3600, HOURS_A_DAY)
    return " ".join(
        part for part in (f"{days}d" if days else "", f"{hours}h" if hours or not days else "") if part
    )


def _day(day: Any) -> str | None:
    return None if day is None else str(day)
