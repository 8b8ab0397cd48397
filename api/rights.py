"""The one place that lets a request in: each route needs a permission, and rows are held to where it is held.

`api.route_rights.ROUTES` says what each route needs. One that is not in it is refused to everybody.
"""

from typing import Final

from starlette.requests import Request

from api.principal import Principal
from api.problems import forbidden
from api.route_rights import ROUTES
from model.rights import OFFICE_WIDE, PERSON, SHOWN, Permission, who_may

API: Final = "/api/v1"
# What was asked for, in messages: "may not …".
_DOING: Final = {
    Permission.VIEW: "look at projects",
    Permission.EXTRACT: "extract whole sets of rows",
    Permission.REPORT: "answer or move submissions",
    Permission.WORK: "work on findings",
    Permission.SETTLE: "settle conflicts",
    Permission.INSPECT: "look into sources, runs and matching",
    Permission.MATCH: "decide what and who is one",
    Permission.COLLECT: "open or close cycles",
    Permission.DESIGN: "change or try templates and policies",
    Permission.SYNC: "let sources be read, answer what runs ask or deliver messages",
    Permission.CONFIGURE: "configure sources",
    Permission.MEASURE: "read metrics",
    Permission.AUDIT: "read the audit log",
    Permission.ADMINISTER: "administer accounts and tokens",
}


def route_of(request: Request) -> str | None:
    """Return how the table calls the route of a request; None before it is known which it is."""
    route = request.scope.get("route")
    if route is None:
        return None
    path = str(route.path)
    if request.scope["path"].startswith(f"{API}/") and not path.startswith(API):
        path = f"{API}{path}"
    method = "GET" if request.method == "HEAD" else request.method
    return f"{method} {path}"


def let_in(request: Request, principal: Principal) -> Principal:
    """Return who asks, held to the projects for which they hold what the route needs.

    Raises:
        Problem: 403, with what is missing and who may.
    """
    name = route_of(request)
    if name is None:
        return principal
    needed = ROUTES.get(name)
    if needed is None:
        raise forbidden(f"{name} says of nobody that they may use it (api/route_rights.py), so nobody may.")
    found = principal.held_to(needed)
    if found is None:
        raise forbidden(refusal(principal, needed))
    return found


def refusal(principal: Principal, needed: Permission) -> str:
    """Say that a permission is missing, who has it, and what to do."""
    who = f"Account {principal.name!r}" if principal.account is not None else f"Token {principal.name!r}"
    if principal.person is None and needed in PERSON and not principal.can(needed):
        return nobody(principal)
    doing = _DOING.get(needed, str(needed))
    if needed in OFFICE_WIDE and any(needed in right.permissions for right in principal.held):
        return f"{who} may not {doing}: that takes a role or a token for every project, and this is for some."
    roles = ", ".join(SHOWN[role] for role in who_may(needed))
    return f"{who} may not {doing}; who may: {roles}. An administrator gives roles, or makes another token."


def nobody(principal: Principal) -> str:
    """Say that somebody speaks for no person, and what to do."""
    if principal.account is not None and principal.token is None:
        return (
            f"Account {principal.name!r} is of no person whom sources name, so nothing can be answered with it: an"
            " administrator says which by `muster account person`."
        )
    return (
        f"Token {principal.name!r} speaks for no person, so nothing can be answered with it: an administrator"
        " makes one that does with `muster token create NAME --person PERSON`."
    )
