"""From a page's bodies to work item records. Pure: what it needs of the project stands in the page.

A page of work items holds, besides answers word for word, one part of Muster's own: the context. It
names the items whose history is whole on this page, those left out and why, and of each project what
its process says. So a stored page can be read again with no call, whatever the process became since.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from connectors.azure_devops.api import decoded
from connectors.azure_devops.fields import is_rich, values
from connectors.azure_devops.history import from_revisions, from_updates
from connectors.azure_devops.process import level_of
from connectors.azure_devops.scope import item_page
from connectors.base import Detached, Json, Part, RawRecord
from connectors.records import SHAPE_ERRORS, unreadable

CONTEXT: Final = "context of the work items on this page, composed of GET "
HELD_BACK: Final = "held back from earlier batches of "
HIDDEN: Final = (
    "Azure DevOps lists this item but does not show it: it was destroyed a moment ago, or this account may "
    "not see its area path. Ask for 'View work items in this node' on the area."
)
_ITEM_CALL: Final = re.compile(r"/workitems/(\d+)/(updates|revisions)", re.IGNORECASE)
_DISCUSSION: Final = re.compile(r"/workitems/(\d+)/comments$", re.IGNORECASE)
_OTHER_ITEM: Final = re.compile(r"/_apis/wit/workitems/(\d+)/?$", re.IGNORECASE)
_STARTED: Final = frozenset({"InProgress", "Resolved"})
_SETTLED: Final = frozenset({"Resolved", "Completed", "Removed"})


@dataclass(slots=True)
class _Bodies:
    """A page's bodies, sorted by item."""

    context: Json | None = None
    current: dict[int, Json] = field(default_factory=dict)
    revisions: dict[int, list[Json]] = field(default_factory=lambda: defaultdict(list))
    updates: dict[int, list[Json]] = field(default_factory=lambda: defaultdict(list))
    comments: dict[int, list[Json]] = field(default_factory=lambda: defaultdict(list))


def context_part(base_url: str, context: Json) -> Part:
    """Write the context of a page."""
    return Part(f"{CONTEXT}{base_url}/_apis/projects and below", orjson.dumps(context))


def held_part(base_url: str, revisions: Sequence[bytes]) -> Part:
    """Put revisions of earlier batches, word for word, into the shape of a batch."""
    request = f"{HELD_BACK}POST {base_url}/_apis/wit/reporting/workitemrevisions"
    return Part(request, b'{"values":[' + b",".join(revisions) + b"]}")


@dataclass(frozen=True, slots=True)
class ItemReader(Detached):
    """Splits pages of work items into records; `wanted` are the fields to keep, None keeps all."""

    base_url: str
    wanted: frozenset[str] | None

    def __call__(self, parts: Sequence[Part]) -> Iterator[RawRecord]:
        """Yield the items whose whole history is on the page."""
        return read_items(parts, base_url=self.base_url, wanted=self.wanted)


def read_items(parts: Iterable[Part], *, base_url: str, wanted: frozenset[str] | None) -> Iterator[RawRecord]:
    """Yield a page's work items; `wanted` are the fields to keep, None keeps all.

    Without a context, as in a recorded answer, every item that is there is yielded.
    """
    bodies = _sorted(parts)
    context = bodies.context or {}
    ids = context.get("emit")
    if bodies.context is None:
        ids = sorted(bodies.current.keys() | bodies.revisions.keys())
    for id_ in ids or ():
        try:
            record = _record(id_, bodies, context, base_url, wanted)
        except SHAPE_ERRORS as error:
            record = unreadable({"id": id_}, f"work item {id_}", error)
        yield record
    for text, why in (context.get("unreadable") or {}).items():
        yield RawRecord(text, {"id": int(text)}, f"work item {text}", unreadable=why)
    for text, rule in (context.get("filtered") or {}).items():
        yield RawRecord(text, {"id": int(text)}, f"work item {text}", filtered_by=rule)


def _sorted(parts: Iterable[Part]) -> _Bodies:
    found = _Bodies()
    for part in parts:
        address = part.request.partition("?")[0].partition(" {")[0].lower()
        if part.request.startswith(CONTEXT):
            found.context = decoded(part.body)
        elif "/reporting/workitemrevisions" in address:
            for one in decoded(part.body).get("values") or ():
                found.revisions[int(one["id"])].append(one)
        elif call := _DISCUSSION.search(address):
            found.comments[int(call[1])] += decoded(part.body).get("comments") or ()
        elif call := _ITEM_CALL.search(address):
            body = decoded(part.body)
            into = found.updates if call[2] == "updates" else found.revisions
            into[int(call[1])] += body.get("value", [body])
        elif "/wit/workitems" in address:  # workitemsbatch, workitems?ids=, workitems/1
            body = decoded(part.body)
            for one in body.get("value", [body]):
                if one:  # null in place of an item that is gone or hidden
                    found.current[int(one["id"])] = one
    return found


def _record(
    id_: int, bodies: _Bodies, context: Json, base_url: str, wanted: frozenset[str] | None
) -> RawRecord:
    item = bodies.current.get(id_)
    revisions, updates = bodies.revisions.get(id_, []), bodies.updates.get(id_, [])
    newest = max(revisions, key=lambda one: int(one["rev"]), default=None)
    shown = item
    if newest is not None and (item is None or int(newest["rev"]) > int(item["rev"])):
        shown = newest
    if shown is None:
        return RawRecord(str(id_), {"id": id_}, f"work item {id_}", unreadable=HIDDEN)
    fields = shown.get("fields") or {}
    project = (context.get("projects") or {}).get(fields.get("System.TeamProject") or "") or {}
    kept = _kept(wanted, project, context.get("custom") or {})
    history = from_updates(updates, kept) if updates else from_revisions(revisions or [shown], kept)
    payload = _payload(shown, fields, history, project, wanted)
    payload["relations"] = None if item is None else relations(item)
    parent = next((one["id"] for one in payload["relations"] or () if one["rel"] == _PARENT), None)
    payload["parent"] = parent or fields.get("System.Parent")
    custom = context.get("custom") or {}
    if custom:  # long text is on the item alone, and not in the feed
        whole = {**((item or {}).get("fields") or {}), **fields}
        payload["custom"] = values(custom, whole, (item or {}).get("multilineFieldsFormat") or {})
    payload["comments"] = bodies.comments.get(id_) or []
    payload["page"] = item_page(base_url, payload["project"], id_)
    return RawRecord(str(id_), payload, f"work item {id_}", url=payload["page"])


def _kept(wanted: frozenset[str] | None, project: Json, custom: Json) -> frozenset[str] | None:
    """Return the fields whose changes are history: those asked for, the effort field, custom ones without markup."""
    if wanted is None:
        return None
    return (
        wanted | {str(project.get("effort"))} | {name for name, kind in custom.items() if not is_rich(kind)}
    )


_PARENT: Final = "System.LinkTypes.Hierarchy-Reverse"


def _payload(
    shown: Json, fields: Json, history: list[Json], project: Json, wanted: frozenset[str] | None
) -> Json:
    type_, state = fields.get("System.WorkItemType"), fields.get("System.State")
    states: Json = (project.get("states") or {}).get(type_ or "") or {}
    category = states.get(state or "")
    started, done = _milestones(history, states)
    return {
        "id": int(shown["id"]),
        "rev": int(shown["rev"]),
        "project": fields.get("System.TeamProject"),
        "project_id": project.get("id") or fields.get("System.TeamProject"),
        "fields": {name: value for name, value in fields.items() if wanted is None or name in wanted},
        "effort": fields.get(project.get("effort") or ""),
        # A state may be gone from the process while items still hold it: said so, not guessed.
        "category": category or f"state {state!r} of {type_!r}, which has no category",
        "level": level_of(type_ or "", project.get("levels") or {}),
        "history": history,
        "started": started,
        "done": (fields.get("Microsoft.VSTS.Common.ClosedDate") or done) if category == "Completed" else None,
        "resolution": fields.get("System.Reason") if category in _SETTLED else None,
        "iterations": _iterations(fields, history, project.get("iterations") or {}),
    }


def _milestones(history: Sequence[Json], states: Json) -> tuple[Any, Any]:
    """Find when work first began and when the item last came into a completed state."""
    started = done = before = None
    for entry in history:
        for name, _old, new in entry["changes"]:
            if name != "System.State":
                continue
            category = states.get(new)
            if started is None and category in _STARTED:
                started = entry["at"]
            if category == "Completed" and before != "Completed":
                done = entry["at"]
            before = category
    return started, done


def _iterations(fields: Json, history: Sequence[Json], ids: Json) -> list[Json]:
    """List the iterations the item is or was planned in; the project's root node is none of them."""
    paths = [new for entry in history for name, _, new in entry["changes"] if name == "System.IterationPath"]
    found: dict[str, Json] = {}
    now = fields.get("System.IterationPath")
    for path in [*paths, now]:
        if not isinstance(path, str) or "\\" not in path:
            continue
        id_ = ids.get(path) or (fields.get("System.IterationId") if path == now else None)
        if id_ is not None:
            found[str(id_)] = {"id": str(id_), "name": path.rpartition("\\")[2]}
    return list(found.values())


def relations(item: Json) -> list[Json]:
    """List an item's links to other items; attachments, hyperlinks and code are none of them.

    The other item's id is the end of its address, which is only read, never called.
    """
    found = []
    for one in item.get("relations") or ():
        other = _OTHER_ITEM.search(str(one.get("url") or ""))
        if other:
            name = (one.get("attributes") or {}).get("name")
            found.append({"rel": str(one["rel"]), "id": int(other[1]), "name": name})
    return found
