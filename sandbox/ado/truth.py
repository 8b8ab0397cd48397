"""What is really there: the sandbox's own word, for tests to hold a store against."""

from collections import Counter
from itertools import pairwise
from typing import Any

from sandbox.ado.world import LinkEvent, Person, Revision, World

Json = dict[str, Any]


def totals(world: World) -> Json:
    """Count what the caller may see, and list the ids of everything."""
    live = {item_id: revision.fields for item_id, revision in world.live()}
    seen = {item_id: world.current(item_id) for item_id in world.items}
    return {
        "clock": str(world.clock),
        "projects": dict(Counter(fields["System.TeamProject"] for fields in live.values())),
        "ids": {
            project.name: [i for i, fields in live.items() if fields["System.TeamProject"] == project.name]
            for project in world.shown()
        },
        "deleted": [i for i, found in seen.items() if found and found.fields.get("System.IsDeleted")],
        "destroyed": [i for i, item in world.items.items() if item.destroyed and item.destroyed <= world.now],
        "hidden": [
            i for i, found in seen.items()
            if found and i not in live and not found.fields.get("System.IsDeleted")
        ],
        "revisions": len(world.feed()),
        "links": sum(len(world.links_of(i)) for i in live) // 2,
    }  # fmt: skip


def items(world: World) -> Json:
    """Describe every item that the caller may see, as a store should have it."""
    return {str(item_id): _item(world, item_id, found) for item_id, found in world.live()}


def _item(world: World, item_id: int, found: Revision) -> Json:
    fields = found.fields
    home = world.project(fields["System.TeamProject"])
    states = dict(home.process.states.get(fields["System.WorkItemType"], ())) if home else {}
    links = world.links_of(item_id)
    history = [revision.fields for revision in world.revisions(item_id)]
    return {
        "rev": found.rev,
        "project": fields["System.TeamProject"],
        "project_id": home.id if home else None,
        "area": fields["System.AreaPath"],
        "iteration": fields["System.IterationPath"],
        "type": fields["System.WorkItemType"],
        "title": fields["System.Title"],
        "state": fields["System.State"],
        "category": states.get(fields["System.State"]),
        "effort": fields.get(home.process.effort) if home else None,
        "assignee": _name(fields.get("System.AssignedTo")),
        "changed": fields["System.ChangedDate"],
        "parent": next((link.source for link in links if _is_parent(link, item_id)), None),
        "links": sorted(
            [link.rel, link.source, link.target] for link in links if "Hierarchy" not in link.rel
        ),
        "states": [
            [before["System.State"], after["System.State"]]
            for before, after in pairwise(history)
            if before["System.State"] != after["System.State"]
        ],
    }


def _is_parent(link: LinkEvent, item_id: int) -> bool:
    return link.rel == "System.LinkTypes.Hierarchy" and link.target == item_id


def _name(value: object) -> str | None:
    return value.name if isinstance(value, Person) else None
