"""Who acts: the person a token speaks for, in the roles it holds."""

from sqlalchemy import Engine
from starlette.requests import Request

from api.access.origin import same_origin
from api.access.rights import nobody
from api.access.visible import Principal, authenticate
from api.wire.problems import forbidden
from model.collection.roles import Actor

__all__ = ["acting", "actor_of", "nobody"]


def actor_of(principal: Principal) -> Actor | None:
    """Return whom a token speaks for; None where it speaks for nobody."""
    return None if principal.person is None else Actor(principal.person, principal.roles, principal.within)


def acting(request: Request) -> tuple[Principal, Actor]:
    """Return who asks and as whom they act.

    Raises:
        Problem: 401 for nobody, 403 from another site, or for a token that speaks for no person.
    """
    if request.headers.get("authorization") is None:  # then the cookie speaks, which a browser sends unasked
        same_origin(request)
    engine: Engine = request.app.state.engine
    principal, _ = authenticate(engine, request)
    actor = actor_of(principal)
    if actor is None:
        raise forbidden(nobody(principal))
    return principal, actor
