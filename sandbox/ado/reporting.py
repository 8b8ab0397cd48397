"""The reporting feeds: every revision and every link once, in order, behind a token that never runs out."""

from bisect import bisect_right
from datetime import timedelta
from re import Match
from typing import Any, Final
from urllib.parse import quote

from sandbox.ado.calls import Answer, Call, broken, instant, invalid
from sandbox.ado.items import rendered
from sandbox.ado.process import LONG_TEXT
from sandbox.ado.world import Revision, ms, stamp

BATCH: Final = 1000
# A start date is a hint: the feed begins somewhat before it.
_OVERLAP: Final = timedelta(minutes=5)

Position = tuple[int, int, int]


def _start(call: Call, parts: int) -> Position | None:
    """Return the position the caller has reached, or None for the beginning."""
    token = call.query.get("continuationToken") or call.query.get("watermark")
    since = call.query.get("startDateTime")
    if token and since:
        raise invalid("The startDateTime and continuationToken parameters cannot be used together.")
    if since:
        return ms(instant(since) - _OVERLAP), 0, 0
    if not token:
        return None
    numbers = token.split(";")
    if len(numbers) != parts or not all(part.isdigit() for part in numbers):
        # An unencoded semicolon cuts the token short on its way here.
        raise invalid(f"The continuation token '{token}' is not valid.")
    position = [*map(int, numbers), 0, 0]
    return position[0], position[1], position[2]


def revisions(call: Call, _: Match[str]) -> Answer:
    """Return the next batch of revisions.

    A feed of one project, or of some types, is filtered by what an item is *now*: the revisions of an
    item that moved away or changed its type are missing from it. Long text comes only with
    `$expand=fields`. The token of the last batch is to be kept: later revisions come after it.
    """
    most = call.world.batch
    size = min(max(call.number("$maxPageSize", most), 1), most)
    keys = call.world.feed()
    start = _start(call, 3)
    first = bisect_right(keys, start) if start is not None else 0
    latest = call.world.latest()
    chosen: list[tuple[int, int]] = []
    at_end = True
    position = start or (0, 0, 0)
    keep = _filter(call, latest)
    for index in range(first, len(keys)):
        if len(chosen) == size:
            at_end = False
            break
        position = keys[index]
        if keep(position[1], position[2]):
            chosen.append((position[1], position[2]))
    if call.world.poisoned("feed", (item_id for item_id, _ in chosen)):
        raise broken()
    token = ";".join(map(str, position))
    values = [_revision(call, item_id, rev) for item_id, rev in chosen]
    return Answer(_envelope(call, values, token, "workItemRevisions", at_end=at_end))


def _envelope(call: Call, values: list[Any], token: str, what: str, *, at_end: bool) -> dict[str, Any]:
    home = f"{call.base}/{call.project.id}" if call.project else call.base
    query = f"continuationToken={quote(token)}&api-version={call.version or '7.1'}"
    body = {
        "values": values,
        "nextLink": f"{home}/_apis/wit/reporting/{what}?{query}",
        "isLastBatch": at_end,
    }
    # Before 7.0 the token was to be read out of the link.
    return body if call.version.startswith(("5.", "6.")) else body | {"continuationToken": token}


def _filter(call: Call, latest: dict[int, Revision]) -> Any:
    """Return the test that a revision passes to be in this feed."""
    types = {name.lower() for name in call.names("types")}
    with_deleted, latest_only = call.flag("includeDeleted"), call.flag("includeLatestOnly")
    discussion = call.flag("includeDiscussionChangesOnly")
    project = call.project.name if call.project else None

    def keep(item_id: int, rev: int) -> bool:
        now = latest.get(item_id)
        if now is None or (latest_only and now.rev != rev):
            return False
        fields = now.fields
        return (
            call.world.readable(fields)
            and (with_deleted or not fields.get("System.IsDeleted"))
            and (project is None or fields["System.TeamProject"] == project)
            and (not types or fields["System.WorkItemType"].lower() in types)
            and (not discussion or "System.History" in fields)
        )

    return keep


def _revision(call: Call, item_id: int, rev: int) -> dict[str, Any]:
    fields = call.world.dated(item_id, call.world.items[item_id].revisions[rev - 1])
    wanted = {name.lower() for name in call.names("fields")}
    long_text = call.query.get("$expand", "").lower() == "fields"
    chosen = {
        name: value for name, value in fields.items()
        if (not wanted or name.lower() in wanted) and (long_text or name not in LONG_TEXT)
    }  # fmt: skip
    who = call.identity if call.flag("includeIdentityRef") else call.signature
    return {"id": item_id, "rev": rev, "fields": rendered(chosen, who)}


def links(call: Call, _: Match[str]) -> Answer:
    """Return the next batch of link changes; `isActive` false says that a link was cut."""
    kinds = {
        name.lower().removesuffix("-forward").removesuffix("-reverse") for name in call.names("linkTypes")
    }
    types = {name.lower() for name in call.names("types")}
    held = call.world.visible_links()
    start = _start(call, 1)
    keys = [(ms(event.at), index, 0) for index, event in enumerate(held)]
    # The token counts links made, so that links of one instant are not split.
    first = 0
    if start is not None:
        first = bisect_right(keys, start) if "startDateTime" in call.query else min(start[0], len(held))
    latest = call.world.latest()
    values: list[dict[str, Any]] = []
    position = first
    for position in range(first, len(held) + 1):
        if position == len(held) or len(values) == BATCH:
            break
        event = held[position]
        source, target = latest.get(event.source), latest.get(event.target)
        if source is None or target is None or (kinds and event.rel.lower() not in kinds):
            continue
        if call.project and source.fields["System.TeamProject"] != call.project.name:
            continue
        if types and source.fields["System.WorkItemType"].lower() not in types:
            continue
        projects = (call.world.project(end.fields["System.TeamProject"]) for end in (source, target))
        from_id, to_id = (project.id if project else "" for project in projects)
        values.append({
            "rel": event.rel, "sourceId": event.source, "targetId": event.target, "changedDate": stamp(event.at),
            "changedBy": call.identity(event.by), "comment": "", "isActive": event.active,
            "changedOperation": "create" if event.active else "remove", "sourceProjectId": from_id,
            "targetProjectId": to_id,
        })  # fmt: skip
    return Answer(_envelope(call, values, str(position), "workItemLinks", at_end=position >= len(held)))
