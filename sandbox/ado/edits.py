"""Changes made by hand, through `POST /_sandbox/edit`: what a test or a demonstration lets happen.

Of a work item: `{"id", "fields" | "delete" | "restore" | "destroy" | "move" | "link" | "unlink"}`, where
`move` names a project, and `link` and `unlink` the id of a child. `markdown` lists rich fields that are
kept in Markdown; `"comment"` is said about it, which is a revision, too; with `"slip": true` the revision
comes into the feed in a place that its readers have passed. `{"create": {field: value}}` makes a work item.

Of what items are in: `{"project": name, "rename" | "delete" | "restore" | "hide" | "show" | "effort" |
"category" | "process"}`, `{"area": path, "rename" | "hide" | "show"}`, `{"iteration": path, "rename" |
"start" and "finish"}`, `{"query": id, "project", "name", "wiql"}`. None of these makes a revision.

Of the server: `{"poison": [ids], "calls": ["batch", "updates", "feed"]}` lets items break calls, an empty
list cures them; `{"skew": seconds}` sets its clock wrong; `{"batch": n}` makes the feed's answers small.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from typing import Any, Final

from sandbox.ado.calls import Answer
from sandbox.ado.drafts import PEOPLE
from sandbox.ado.process import PROCESSES
from sandbox.ado.world import Comment, Item, Iteration, LinkEvent, Project, Revision, World, ms, stamp

_HIERARCHY: Final = "System.LinkTypes.Hierarchy"
_SLIP_MS: Final = 1_800_000
_PATHS: Final = ("System.TeamProject", "System.AreaPath", "System.IterationPath")
Json = dict[str, Any]


class _Refused(Exception):
    """What was asked for cannot be done; the message says why."""


def edit(world: World, wanted: Json) -> Answer:
    """Make one change; 404 where what it names is not there."""
    for key, change in _CHANGES.items():
        if key in wanted:
            world.edits += 1
            world.version += 1
            try:
                return Answer(change(world, wanted))
            except _Refused as error:
                return Answer({"error": str(error)}, 404)
    return Answer({"error": f"nothing to change in {sorted(wanted)}"}, 404)


def _item(world: World, wanted: Json) -> Json:
    item = world.items.get(int(wanted["id"]))
    if item is None:
        raise _Refused(f"no work item {wanted['id']}")
    item.revisions = world.revisions(item.id)  # the story of an item ends where a hand takes over
    if not item.revisions:
        raise _Refused(f"work item {item.id} is not there at the clock's day")
    last = item.revisions[-1]
    for key, active in (("link", True), ("unlink", False)):
        if key in wanted:
            other = int(wanted[key])
            world.links.append(LinkEvent(world.now, _HIERARCHY, item.id, other, active, last.by))
            return {"id": item.id, "link": other, "isActive": active}
    if any(wanted.get(what) for what in ("destroy", "delete", "restore")):
        _cut_or_mend(world, item.id, mend=bool(wanted.get("restore")))
    if wanted.get("destroy"):
        item.destroyed = world.now
        return {"id": item.id, "destroyed": True}
    item.markdown = tuple(wanted.get("markdown", item.markdown))
    found = _revise(world, item, _changes(world, item, wanted))
    if wanted.get("slip"):
        found.mark -= _SLIP_MS
    return {"id": item.id, "rev": found.rev}


def _changes(world: World, item: Item, wanted: Json) -> Json:
    """Return what a revision changes."""
    changes = dict(wanted.get("fields") or {})
    if wanted.get("delete") or wanted.get("restore"):
        changes["System.IsDeleted"] = True if wanted.get("delete") else None
    if wanted.get("move"):
        changes |= dict.fromkeys(_PATHS, str(wanted["move"]))
    if wanted.get("comment"):
        said = Comment(world.now, item.revisions[-1].by, str(wanted["comment"]))
        item.comments = [*(one for one in item.comments if one.at <= world.now), said]
        changes["System.CommentCount"] = len(item.comments)
    return changes


def _cut_or_mend(world: World, item_id: int, *, mend: bool) -> None:
    """Cut the links of an item that is deleted, or make them again when it is restored."""
    held: dict[tuple[str, int, int], LinkEvent] = {}
    for event in world.links:
        if item_id in {event.source, event.target} and event.at <= world.now:
            held[event.rel, event.source, event.target] = event
    world.links += [
        replace(event, at=world.now, active=mend, cut_with=None if mend else item_id)
        for event in held.values()
        if (event.cut_with == item_id if mend else event.active)
    ]


def _revise(world: World, item: Item, changes: Json) -> Revision:
    """Add a revision; the item's own dates never go back, whatever the clock says."""
    last = item.revisions[-1] if item.revisions else None
    at, mark = world.stated, ms(world.now)
    if last is not None:
        at, mark = max(at, last.at + timedelta(milliseconds=1)), max(mark, last.mark + 1)
        last.fields["System.RevisedDate"] = stamp(at)
    before = last.fields if last else {}
    by = last.by if last else PEOPLE[0]
    rev = last.rev + 1 if last else 1
    fields = {**before, **changes, "System.Id": item.id, "System.Rev": rev, "System.ChangedDate": stamp(at),
              "System.ChangedBy": by, "System.AuthorizedDate": stamp(at), "System.Watermark": mark}  # fmt: skip
    _place(world, fields)
    kept = {name: value for name, value in fields.items() if value is not None}
    item.revisions.append(Revision(at, by, kept, rev, mark))
    return item.revisions[-1]


def _place(world: World, fields: Json) -> None:
    """Write the ids of the nodes that an item's paths lead to."""
    home = _project(world, fields["System.TeamProject"])
    nodes = {node.path: node.id for node in home.root.walk()}
    fields["System.AreaId"] = home.area_ids.get(fields["System.AreaPath"])
    fields["System.IterationId"] = nodes.get(fields["System.IterationPath"])
    fields["System.NodeName"] = fields["System.AreaPath"].split("\\")[-1]


def _create(world: World, wanted: Json) -> Json:
    given: Json = dict(wanted["create"])
    home = _project(world, given.get("System.TeamProject") or world.shown()[0].name)
    type_ = given.get("System.WorkItemType") or home.process.levels[2]
    fields = {
        **dict.fromkeys(_PATHS, home.name), "System.WorkItemType": type_, "System.Reason": "New",
        "System.State": home.process.states[type_][0][0], "System.Title": "Made by hand",
        "System.CreatedDate": stamp(world.stated), "System.CreatedBy": PEOPLE[0], "System.CommentCount": 0, **given,
    }  # fmt: skip
    item = Item(max(world.items, default=100) + 1, [])
    _revise(world, item, fields)
    world.items[item.id] = item
    return {"id": item.id, "rev": 1}


def _project(world: World, name: str) -> Project:
    found = next((one for one in world.projects if one.name.lower() == str(name).lower()), None)
    if found is None:
        raise _Refused(f"no project {name!r}")
    return found


def _of_project(world: World, wanted: Json) -> Json:
    home = _project(world, wanted["project"])
    if "wiql" in wanted:
        world.queries[str(wanted["query"])] = (
            home.name,
            str(wanted.get("name", "Query")),
            str(wanted["wiql"]),
        )
    if "rename" in wanted:
        _rename_project(world, home, str(wanted["rename"]))
    if wanted.get("delete") or wanted.get("restore"):
        home.deleted = bool(wanted.get("delete"))
    if wanted.get("hide") or wanted.get("show"):
        home.hidden = bool(wanted.get("hide"))
    if "effort" in wanted:
        home.change(effort=str(wanted["effort"]))
    if "process" in wanted:
        home.process_name, home.changed = str(wanted["process"]), PROCESSES[str(wanted["process"])]
    if "category" in wanted:  # {"type", "state", "category"}: another category, or a new state
        given = wanted["category"]
        states = dict(home.process.states[given["type"]]) | {given["state"]: given["category"]}
        home.change(states={**home.process.states, given["type"]: tuple(states.items())})
    return {"project": home.name, "id": home.id}


def _rename_project(world: World, home: Project, name: str) -> None:
    old = home.name
    home.former = (*home.former, old)
    home.name = name
    _move_node(world, home, old, name, _PATHS)


def _move_node(world: World, home: Project, old: str, new: str, fields: tuple[str, ...]) -> None:
    """Let a node have another path, everywhere and at all times: paths are looked up by the node's id."""

    def moved(path: str) -> str:
        return new + path[len(old) :] if path == old or path.startswith(f"{old}\\") else path

    if "System.AreaPath" in fields:
        home.areas = tuple(map(moved, home.areas))
        home.area_ids = {moved(path): id_ for path, id_ in home.area_ids.items()}
        world.hidden_areas = set(map(moved, world.hidden_areas))
    if "System.IterationPath" in fields:
        for node in home.root.walk():
            node.path = moved(node.path)
            node.name = node.path.rpartition("\\")[2]
    for item in world.items.values():
        for revision in item.revisions:
            for name in fields:
                if name in revision.fields:
                    revision.fields[name] = moved(revision.fields[name])
            revision.fields["System.NodeName"] = revision.fields["System.AreaPath"].split("\\")[-1]


def _of_area(world: World, wanted: Json) -> Json:
    path = str(wanted["area"])
    home = _project(world, path.partition("\\")[0])
    if path not in home.areas:
        raise _Refused(f"no area {path!r}")
    if wanted.get("hide"):
        world.hidden_areas.add(path)
    if wanted.get("show"):
        world.hidden_areas.discard(path)
    if "rename" in wanted:
        new = f"{path.rpartition(chr(92))[0]}\\{wanted['rename']}"
        _move_node(world, home, path, new, ("System.AreaPath",))
        path = new
    return {"area": path}


def _of_iteration(world: World, wanted: Json) -> Json:
    path = str(wanted["iteration"])
    home = _project(world, path.partition("\\")[0])
    node: Iteration | None = next((one for one in home.root.walk() if one.path == path), None)
    if node is None:
        raise _Refused(f"no iteration {path!r}")
    if "start" in wanted:
        node.start = date.fromisoformat(wanted["start"])
        node.finish = date.fromisoformat(wanted["finish"])
    if "rename" in wanted:
        new = f"{path.rpartition(chr(92))[0]}\\{wanted['rename']}"
        _move_node(world, home, path, new, ("System.IterationPath",))
    return {"iteration": node.path}


def _poison(world: World, wanted: Json) -> Json:
    ids = set(map(int, wanted["poison"]))
    world.poison = dict.fromkeys(wanted.get("calls", ("batch", "updates", "feed")), ids)
    return {"poison": sorted(ids)}


def _skew(world: World, wanted: Json) -> Json:
    world.skew = timedelta(seconds=float(wanted["skew"]))
    return {"skew": world.skew.total_seconds()}


def _batch(world: World, wanted: Json) -> Json:
    world.batch = int(wanted["batch"])
    return {"batch": world.batch}


_CHANGES: Final[dict[str, Callable[[World, Json], Json]]] = {
    "id": _item, "create": _create, "project": _of_project, "area": _of_area, "iteration": _of_iteration,
    "poison": _poison, "skew": _skew, "batch": _batch,
}  # fmt: skip
