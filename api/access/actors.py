"""Who acts: the person a token speaks for, in the roles it holds."""

from datetime import UTC, datetime

from sqlalchemy import Engine
from starlette.requests import Request

from api.access.origin import sent_from_here
from api.access.rights import nobody
from api.access.visible import Principal, authenticate
from api.wire.problems import forbidden
from model.collection.roles import Actor

__all__ = ["acting", "actor_of", "acts_as", "deciding", "nobody"]


def actor_of(principal: Principal) -> Actor | None:
    """Return whom a token speaks for; None where it speaks for nobody."""
    return None if principal.person is None else Actor(principal.person, principal.roles, principal.within)


def acts_as(principal: Principal, *roles: str) -> bool:
    """Tell whether who asks acts in one of some roles, for all that they may see."""
    actor = actor_of(principal)
    return actor is not None and (actor.is_operator or bool(actor.roles & set(roles)))


def deciding(principal: Principal) -> str:
    """Return what decides a page of steps besides the data: the hour, whose it is and their roles."""
    return f"{datetime.now(UTC):%Y%m%d%H}{principal.person}{sorted(principal.roles)}"


def acting(request: Request) -> tuple[Principal, Actor]:
    """Return who asks and as whom they act.

    Raises:
        Problem: 401 for nobody, 403 from another site, or for a token that speaks for no person.
    """
    sent_from_here(request)
    engine: Engine = request.app.state.engine
    principal, _ = authenticate(engine, request)
    actor = actor_of(principal)
    if actor is None:
        raise forbidden(nobody(principal))
    return principal, actor
