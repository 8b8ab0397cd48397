"""Saved queries; they are put there by hand, through `/_sandbox/edit`."""

import re
from re import Match

from sandbox.ado.calls import Answer, ApiError, Call
from sandbox.ado.drafts import PEOPLE
from sandbox.ado.world import stamp

_LINKS = re.compile(r"\bfrom\s+workitemlinks\b", re.IGNORECASE)


def one(call: Call, match: Match[str]) -> Answer:
    """Show a saved query; its statement only with `$expand` of wiql, clauses or all."""
    found = call.world.queries.get(match["id"].lower())
    home = call.home()
    if found is None or found[0] != home.name:
        words = f"TF401243: The query {match['id']} does not exist, or you do not have permission to read it."
        raise ApiError(404, "QueryItemNotFoundException", words)
    _, name, text = found
    when, who = stamp(home.updated), call.identity(PEOPLE[0])
    url = f"{call.base}/{home.id}/_apis/wit/queries/{match['id'].lower()}"
    body = {
        "id": match["id"].lower(), "name": name, "path": f"Shared Queries/{name}", "createdBy": who,
        "createdDate": when, "lastModifiedBy": who, "lastModifiedDate": when, "isPublic": True,
        "queryType": "oneHop" if _LINKS.search(text) else "flat", "_links": {"self": {"href": url}}, "url": url,
    }  # fmt: skip
    if call.query.get("$expand", "none").lower() in {"wiql", "clauses", "all"}:
        body["wiql"] = text
    return Answer(body)
