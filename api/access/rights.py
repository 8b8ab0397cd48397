"""The one place that lets a request in: each route needs a permission, and rows are held to where it is held.

`api.access.route_rights.ROUTES` says what each route needs. One that is not in it is refused to everybody.
"""

from typing import Final

from starlette.requests import Request

from api.access.principal import Principal
from api.access.route_rights import ROUTES
from api.translation import N_
from api.wire.problems import forbidden
from model.rights import OFFICE_WIDE, PERSON, SHOWN, Permission, who_may

API: Final = "/api/v1"
ASKS: Final = "muster.asks"  # of a request's scope: who asks, whether let in or not
# What a permission is to do, in messages ("may not …") and on pages.
DOING: Final = {
    Permission.VIEW: N_("look at projects"),
    Permission.EXTRACT: N_("extract whole sets of rows"),
    Permission.REPORT: N_("answer or move submissions"),
    Permission.WORK: N_("work on findings"),
    Permission.SETTLE: N_("settle conflicts"),
    Permission.INSPECT: N_("look into sources, runs and matching"),
    Permission.MATCH: N_("decide what and who is one"),
    Permission.COLLECT: N_("open or close cycles"),
    Permission.DESIGN: N_("change or try templates and policies"),
    Permission.SYNC: N_("let sources be read, answer what runs ask or deliver messages"),
    Permission.CONFIGURE: N_("configure sources"),
    Permission.MEASURE: N_("read metrics"),
    Permission.AUDIT: N_("read the audit log"),
    Permission.ADMINISTER: N_("administer accounts and tokens"),
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


def needed(request: Request) -> Permission | None:
    """Return what the route of a request needs; None before it is known which route it is.

    Raises:
        Problem: 403 where the table does not say.
    """
    name = route_of(request)
    if name is None:
        return None
    if name not in ROUTES:
        raise forbidden(
            f"{name} says of nobody that they may use it (api/access/route_rights.py), so nobody may."
        )
    return ROUTES[name]


def let_in(request: Request, principal: Principal) -> Principal:
    """Return who asks, held to the projects for which they hold what the route needs.

    Raises:
        Problem: 403, with what is missing and who may.
    """
    request.scope[ASKS] = principal
    permission = needed(request)
    if permission is None:
        return principal
    found = principal.held_to(permission)
    if found is None:
        raise forbidden(refusal(principal, permission))
    return found


def refusal(principal: Principal, permission: Permission) -> str:
    """Say that a permission is missing, who has it, and what to do."""
    who = f"{'Account' if principal.token is None else 'Token'} {principal.name!r}"
    if principal.account is None and principal.person is None and permission in PERSON:
        return nobody(principal)
    if principal.account is not None and not principal.held:
        return f"{who} holds no role so far, so there is nothing to see yet: ask an administrator of Muster for one."
    doing = DOING.get(permission, str(permission))
    if permission in OFFICE_WIDE and any(permission in right.permissions for right in principal.held):
        return f"{who} may not {doing}: that takes a role or a token for every project, and this is for some."
    roles = ", ".join(SHOWN[role] for role in who_may(permission))
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
