"""Changelogs of Cloud by themselves: one issue's, page by page, and many issues' at once."""

import base64
from datetime import datetime
from typing import Any, Final

from sandbox.jira.model import Json, milliseconds
from sandbox.jira.site import Site
from sandbox.jira.web import Answer, Refused, Request, answer

MOST_AN_ISSUE: Final = 100
MOST_ISSUES: Final = 1000
MOST_FIELDS: Final = 10
DEFAULT, MOST = 1000, 10_000


def of_issue(site: Site, request: Request) -> Answer:
    """Answer `/issue/{issue}/changelog`: oldest first, at most a hundred a page."""
    state = site.issue(request)
    rows = site.renderer.histories(state)
    return answer(site.page(request, rows, default=MOST_AN_ISSUE, most=MOST_AN_ISSUE))


def bulk(site: Site, request: Request) -> Answer:
    """Answer `/changelog/bulkfetch`: by date, so an issue's histories may lie on several pages."""
    body: Json = request.body if isinstance(request.body, dict) else {}
    wanted = [str(one) for one in body.get("issueIdsOrKeys") or []]
    fields = set(body.get("fieldIds") or [])
    if not 1 <= len(wanted) <= MOST_ISSUES:
        raise Refused(400, f"The issueIdsOrKeys list must hold 1 to {MOST_ISSUES} issues.")
    if len(fields) > MOST_FIELDS:
        raise Refused(400, f"The fieldIds list must hold at most {MOST_FIELDS} fields.")
    entries: list[tuple[int, int, Json]] = []
    for one in wanted:
        state = None if request.anonymous else site.world.find(one)
        for history in site.renderer.histories(state) if state else []:
            items = [item for item in history["items"] if not fields or item.get("fieldId") in fields]
            if items and state:
                at = milliseconds(datetime.fromisoformat(history["created"]))
                # Here, unlike anywhere else, the instant is a number.
                entries.append((at, state.id, history | {"items": items, "created": at}))
    entries.sort(key=lambda entry: entry[:2])
    start = _start(body.get("nextPageToken"))
    size = max(1, min(MOST, int(body.get("maxResults") or DEFAULT)))
    grouped: dict[int, list[Json]] = {}
    for _, id_, history in entries[start : start + size]:
        grouped.setdefault(id_, []).append(history)
    document: dict[str, Any] = {
        "issueChangeLogs": [{"issueId": str(id_), "changeHistories": rows} for id_, rows in grouped.items()]
    }
    if start + size < len(entries):
        document["nextPageToken"] = base64.urlsafe_b64encode(b"%d" % (start + size)).decode()
    return answer(document)


def _start(token: object) -> int:
    if not token:
        return 0
    try:
        return int(base64.urlsafe_b64decode(str(token)))
    except ValueError as error:
        raise Refused(400, "The provided next page token is invalid or has expired.") from error
