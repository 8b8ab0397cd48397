"""Work items one by one and by the batch, their updates, comments, and the recycle bin."""

from collections.abc import Callable
from datetime import datetime
from random import Random
from re import Match
from typing import Any, Final

from sandbox.ado.calls import Answer, ApiError, Call, broken, instant, invalid, listed, no_item
from sandbox.ado.process import IDENTITIES, LINK_NAMES
from sandbox.ado.world import NEVER, LinkEvent, Person, Revision, stamp

BATCH: Final = 200
EXPANSIONS: Final = ("none", "relations", "fields", "links", "all")
_REVERSE: Final = {
    "System.LinkTypes.Hierarchy": (
        "System.LinkTypes.Hierarchy-Forward",
        "System.LinkTypes.Hierarchy-Reverse",
    ),
    "System.LinkTypes.Dependency": (
        "System.LinkTypes.Dependency-Forward",
        "System.LinkTypes.Dependency-Reverse",
    ),
    "System.LinkTypes.Related": ("System.LinkTypes.Related", "System.LinkTypes.Related"),
}


def rendered(fields: dict[str, Any], who: Callable[[Person], Any]) -> dict[str, Any]:
    """Render fields, with people as `who` has them; empty fields are simply absent."""
    return {
        name: who(value) if name in IDENTITIES and isinstance(value, Person) else value
        for name, value in fields.items() if value is not None
    }  # fmt: skip


def relation(call: Call, item_id: int, event: LinkEvent) -> dict[str, Any]:
    """Render a link as seen from one of its ends."""
    forward, reverse = _REVERSE[event.rel]
    mine, other = (forward, event.target) if event.source == item_id else (reverse, event.source)
    return {
        "rel": mine, "url": f"{call.base}/_apis/wit/workItems/{other}",
        "attributes": {"isLocked": False, "name": LINK_NAMES[mine]},
    }  # fmt: skip


def _expansion(call: Call) -> str:
    given = call.query.get("$expand") or (call.body.get("$expand") if isinstance(call.body, dict) else None)
    expand = str(given or "none").lower()
    if expand not in EXPANSIONS:
        raise invalid(f"The value '{given}' is not valid for $expand.")
    return expand


def _item(call: Call, item_id: int, revision: Revision, expand: str, wanted: list[str]) -> dict[str, Any]:
    fields = call.world.dated(item_id, revision)
    if wanted:
        known = {name.lower() for name in wanted}
        fields = {name: value for name, value in fields.items() if name.lower() in known}
    body: dict[str, Any] = {"id": item_id, "rev": revision.rev, "fields": rendered(fields, call.identity)}
    if markdown := call.world.items[item_id].markdown:
        body["multilineFieldsFormat"] = dict.fromkeys(markdown, "markdown")
    if expand in {"relations", "all"} and (links := call.world.links_of(item_id)):
        body["relations"] = [relation(call, item_id, event) for event in links]
    url = f"{call.base}/_apis/wit/workItems/{item_id}"
    if expand in {"links", "all"}:
        body["_links"] = {"self": {"href": url}, "html": {"href": f"{call.base}/_workitems/edit/{item_id}"}}
    return body | {"url": url}


def visible(call: Call, item_id: int, as_of: datetime | None = None) -> Revision | None:
    """Return the revision a caller may read: none of a deleted item, none of another project's."""
    found = call.world.current(item_id, as_of)
    now = call.world.current(item_id)
    if (
        found is None
        or now is None
        or now.fields.get("System.IsDeleted")
        or not call.world.readable(now.fields)
    ):
        return None
    if call.project is not None and now.fields["System.TeamProject"] != call.project.name:
        return None
    return found


def one(call: Call, match: Match[str]) -> Answer:
    """Show one work item, as it is or as it was."""
    item_id, expand, wanted = int(match["id"]), _expansion(call), call.names("fields")
    _exclusive(expand, wanted)
    found = visible(call, item_id, instant(call.query["asOf"]) if "asOf" in call.query else None)
    if found is None:
        raise no_item(item_id)
    return Answer(_item(call, item_id, found, expand if expand != "none" else "links", wanted))


def _exclusive(expand: str, wanted: list[str]) -> None:
    if wanted and expand not in {"none", "links"}:
        raise ApiError(
            400,
            "ConflictingParametersException",
            "The expand parameter can not be used with the fields parameter.",
        )


def batch(call: Call, _: Match[str]) -> Answer:
    """Show up to 200 work items, in no particular order.

    By default one item that cannot be read fails the call; `errorPolicy=omit` puts null in its place.
    """
    given: dict[str, Any] = call.body if isinstance(call.body, dict) else dict(call.query)
    ids = given.get("ids")
    if isinstance(ids, str):
        ids = [int(part) for part in ids.split(",") if part.strip().isdigit()]
    if not ids:
        raise invalid("The ids parameter must contain at least one work item id.")
    if len(ids) > BATCH:
        words = (
            f"VS403474: You requested {len(ids)} work items which exceeds the limit of {BATCH} work items."
        )
        raise invalid(f"{words} Split the request into multiple requests.")
    expand, wanted = _expansion(call), call.names("fields")
    _exclusive(expand, wanted)
    as_of = instant(str(given["asOf"])) if given.get("asOf") else None
    if call.world.poisoned("batch", ids):
        raise broken()
    values: list[dict[str, Any] | None] = []
    for item_id in ids:
        found = visible(call, item_id, as_of)
        if found is None and str(given.get("errorPolicy", "fail")).lower() != "omit":
            raise no_item(item_id)
        values.append(_item(call, item_id, found, expand, wanted) if found else None)
    Random(sum(ids)).shuffle(values)  # the order asked for is not the order one gets
    return listed(values)


def _own_links(call: Call, item_id: int, born: datetime) -> list[LinkEvent]:
    """Return the link events that came after an item's birth; those at birth are in its first revision."""
    return [
        event for event in call.world.links
        if item_id in {event.source, event.target} and born < event.at <= call.world.now
    ]  # fmt: skip


def updates(call: Call, match: Match[str]) -> Answer:
    """List an item's updates: a link alone is an update too, that shares its revision and has no date."""
    item_id = int(match["id"])
    if visible(call, item_id) is None:
        raise no_item(item_id)
    if call.world.poisoned("updates", [item_id]):
        raise broken()
    found = _updates(call, item_id)
    start = call.number("$skip", 0)
    return listed(found[start : start + min(call.number("$top", BATCH), BATCH)])


def _updates(call: Call, item_id: int) -> list[dict[str, Any]]:
    revisions = call.world.revisions(item_id)
    events: list[tuple[datetime, Revision | LinkEvent]] = [(r.at, r) for r in revisions]
    events += [(event.at, event) for event in _own_links(call, item_id, revisions[0].at)]
    events.sort(key=lambda pair: pair[0])
    found: list[dict[str, Any]] = []
    before: dict[str, Any] = {}
    rev = 1
    for number, (_, event) in enumerate(events, 1):
        body: dict[str, Any] = {"id": number, "workItemId": item_id}
        if isinstance(event, Revision):
            rev, after = event.rev, call.world.dated(item_id, event)
            body["fields"] = _changes(call, before, after)
            before = after
        else:
            removed_or_added = "added" if event.active else "removed"
            body["relations"] = {removed_or_added: [relation(call, item_id, event)]}
        # A revision is revised by the next one; a link alone revises nothing, and has its own instant there.
        following = next((later for later, other in events[number:] if isinstance(other, Revision)), None)
        revised = (
            (stamp(following) if following else NEVER) if isinstance(event, Revision) else stamp(event.at)
        )
        body |= {
            "rev": rev, "revisedBy": call.identity(event.by), "revisedDate": revised,
            "url": f"{call.base}/_apis/wit/workItems/{item_id}/updates/{number}",
        }  # fmt: skip
        found.append(body)
    return found


def _changes(call: Call, before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    old, new = rendered(before, call.identity), rendered(after, call.identity)
    changed: dict[str, Any] = {}
    for name in [*new, *(name for name in old if name not in new)]:
        if old.get(name) != new.get(name):
            changed[name] = {} if name not in old else {"oldValue": old[name]}
            if name in new:
                changed[name]["newValue"] = new[name]
    return changed


def revisions(call: Call, match: Match[str]) -> Answer:
    """List an item's revisions, each with all its fields."""
    item_id = int(match["id"])
    if visible(call, item_id) is None:
        raise no_item(item_id)
    start = call.number("$skip", 0)
    page = call.world.revisions(item_id)[start : start + min(call.number("$top", BATCH), BATCH)]
    return listed([
        {"id": item_id, "rev": r.rev, "fields": rendered(call.world.dated(item_id, r), call.identity),
         "url": f"{call.base}/_apis/wit/workItems/{item_id}/revisions/{r.rev}"}
        for r in page
    ])  # fmt: skip


def comments(call: Call, match: Match[str]) -> Answer:
    """List an item's comments, the newest first unless asked otherwise."""
    item_id = int(match["id"])
    if visible(call, item_id) is None:
        raise no_item(item_id)
    held = [
        {"workItemId": item_id, "id": item_id * 10 + number, "version": 1, "text": comment.text,
         "createdBy": call.identity(comment.by), "createdDate": _fine(comment.at),
         "modifiedBy": call.identity(comment.by), "modifiedDate": _fine(comment.at),
         "url": f"{call.base}/_apis/wit/workItems/{item_id}/comments/{item_id * 10 + number}"}
        for number, comment in enumerate(call.world.items[item_id].comments) if comment.at <= call.world.now
    ]  # fmt: skip
    if call.query.get("order", "desc").lower() != "asc":
        held.reverse()
    token = call.query.get("continuationToken", "0")
    start = int(token) if token.isdigit() else 0
    page = held[start : start + min(call.number("$top", BATCH), BATCH)]
    body: dict[str, Any] = {"totalCount": len(held), "count": len(page), "comments": page}
    if start + len(page) < len(held):
        body["continuationToken"] = str(start + len(page))
    return Answer(body)


def _fine(at: datetime) -> str:
    """Write an instant with seven digits of fraction, as the discussion does."""
    return at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond:06d}9Z"


def _american(at: datetime) -> str:
    """Write an instant as the recycle bin does: in the American way, and without a zone."""
    return f"{at.month}/{at.day}/{at.year} {at.hour % 12 or 12}:{at:%M:%S %p}"


def recycled(call: Call, match: Match[str]) -> Answer:
    """List the deleted items: bare ids, as strings; the details of those that are asked for."""
    gone = {}
    for item_id in call.world.items:
        found = call.world.current(item_id)
        if found is not None and found.fields.get("System.IsDeleted") and _in_scope(call, found):
            gone[str(item_id)] = found
    asked = [match["id"]] if match.groupdict().get("id") else call.names("ids")
    if not asked:
        return listed([{"id": key, "url": f"{call.base}/_apis/wit/recycleBin/{key}"} for key in gone])
    details = [_bin(call, key, gone.get(key)) for key in asked]
    if not match.groupdict().get("id"):
        return listed(details)
    if details[0]["code"] != 200:  # noqa: PLR2004  HTTP's own number
        raise no_item(asked[0])
    return Answer(details[0])


def _in_scope(call: Call, found: Revision) -> bool:
    if not call.world.readable(found.fields):
        return False
    return call.project is None or found.fields["System.TeamProject"] == call.project.name


def _bin(call: Call, key: str, found: Revision | None) -> dict[str, Any]:
    if found is None:
        return {"id": key, "code": 404, "message": f"TF401232: Work item {key} does not exist."}
    kind = found.fields["System.WorkItemType"]
    return {
        "id": key, "code": 200, "type": kind, "name": found.fields["System.Title"],
        "project": found.fields["System.TeamProject"], "deletedDate": _american(found.at),
        "deletedBy": call.signature(found.by), "url": f"{call.base}/_apis/wit/recycleBin/{key}",
    }  # fmt: skip
