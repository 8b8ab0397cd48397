"""Delta links: when one can be given, what stands in it, and what is answered to it (protocol 11.3).

A delta link is the request's own address with `$deltatoken` behind it; following it gives what changed since, and a
new link. While the rows are paged through, the mark of their beginning travels in `$skiptoken`, behind a dot.
"""

import hashlib
from dataclasses import replace
from typing import Any, Final
from urllib.parse import unquote_plus

from api.odata.exchange import Request
from api.odata.negotiation import Wanted
from api.odata.problems import Malformed, Problem, Unsupported
from api.odata.query.changes import Changed, Expired, Since, since
from api.odata.query.expand import address
from api.odata.resolve import Target
from api.odata.syntax.tree import Options

_PLACE: Final = frozenset({"skiptoken", "deltatoken"})
# What a delta link does not carry, since it changes nothing of which rows are meant.
_NOT_DEFINING: Final = _PLACE | {"count", "orderby"}
_HASH: Final = 16  # characters


def without(request: Request, names: frozenset[str]) -> list[str]:
    """Return the parts of a request's query but those of some system options."""
    return [
        part
        for part in request.query.split("&")
        if part and unquote_plus(part.partition("=")[0]).lower().removeprefix("$") not in names
    ]


def asked_of(request: Request, *, ignoring: frozenset[str]) -> str:
    """Return what a request asks for, whatever order its options stand in."""
    return f"{request.path.strip('/')}?{'&'.join(sorted(without(request, ignoring)))}"


def defining(request: Request) -> str:
    """Return a hash of which rows a request means."""
    text = asked_of(request, ignoring=_NOT_DEFINING | {"format"})
    return hashlib.sha256(text.encode()).hexdigest()[:_HASH]


def parted(asked: Options) -> tuple[Options, str | None]:
    """Take the mark of tracking off the place of a page."""
    if asked.skiptoken is None or "." not in asked.skiptoken:
        return asked, None
    place, _, mark = asked.skiptoken.partition(".")
    return replace(asked, skiptoken=place), mark


def trackable(target: Target, asked: Options) -> bool:
    """Say whether the changes of what is asked for can be told: own values of one set's rows, all of them."""
    query = target.query
    limited = asked.top is not None or asked.skip is not None
    shaped = asked.expand or asked.apply is not None or asked.custom.keys() & query.set.parameters.keys()
    plain = target.form == "value" and not target.single and not target.path and not query.besides
    return (
        query.set.changes is not None and plain and not limited and not shaped and not query.context.unsettled
    )


def begun(request: Request, target: Target, caller: Any, mark: str) -> str:
    """Return the token of a state."""
    changes = target.query.set.changes
    return Since(defining(request), mark, "" if changes is None else _rights(changes.rights(caller))).text()


def continued(request: Request, target: Target, caller: Any, text: str) -> Since:
    """Read the token of a state, given back with the request it belongs to.

    Raises:
        Expired: The caller may see something else by now.
        Malformed: It belongs to another request.
    """
    found = since(text)
    changes = target.query.set.changes
    if changes is None or found.asked != defining(request):
        raise Malformed(
            "$deltatoken: it belongs to another query; follow @odata.deltaLink", target="$deltatoken"
        )
    if found.rights != _rights(changes.rights(caller)):
        raise Expired("$deltatoken: what you may see has changed; load everything anew", target="$deltatoken")
    return found


def _rights(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:_HASH] if text else ""


def link(request: Request, token: str) -> str:
    """Return a delta link."""
    parts = [*without(request, _NOT_DEFINING), f"$deltatoken={token}"]
    return f"{request.root}{request.path.strip('/')}?{'&'.join(parts)}"


def removed_rows(
    target: Target, found: Changed, form: Wanted, root: str, version: str
) -> list[dict[str, Any]]:
    """Write removed rows, as 4.01 has them; to a client of 4.0 with what 4.0 calls the same."""
    query, made = target.query, []
    for key, reason in found.removed:
        id_ = address(query, key)
        row: dict[str, Any] = {"@removed": {"reason": reason}}
        if version == "4.0":
            context = f"{root}$metadata#{query.set.name}/$deletedEntity"
            row |= {} if form.metadata == "none" else {"@odata.context": context}
            row |= {"id": id_, "reason": reason}
        else:
            row["@id"] = id_
        made.append(row)
    return made


def refuse_tracking(target: Target) -> Problem:
    """Return the complaint that the changes of this cannot be told."""
    return Unsupported(
        f"$deltatoken: the changes of this {target.query.set.name} are not told", target="$deltatoken"
    )
