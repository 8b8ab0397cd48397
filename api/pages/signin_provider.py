"""Sign in at the identity provider: there, and back."""

import logging
from datetime import UTC, datetime

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from api.access.causes import asks
from api.access.csrf import cookie, cookie_name
from api.pages.signin import local_path
from api.pages.signin_form import show_form
from api.signin import sessions
from api.signin.oidc import CALLBACK, Person, Provider
from api.signin.oidc_metadata import ProviderAway
from api.signin.oidc_token import NotBegun, SignInRefused
from api.translation import _
from api.wire.problems import not_found
from api.wire.reached import is_secure
from sync.provider_accounts import AccountShut, Somebody, account_of
from sync.sessions import refuse_sign_in
from sync.store import unit_of_work

router = APIRouter()
log = logging.getLogger(__name__)
_KEPT = "muster_provider"
_MOST_KEPT = 4000  # characters


@router.get("/sign-in/provider")
def to_provider(request: Request, next: str = "/") -> Response:  # noqa: A002 - as the address calls it
    """Send a browser to the provider, with what it needs to come back sealed into a cookie."""
    provider, going = _provider(request), local_path(next)
    try:
        began = provider.begin(f"{sessions.base_url(request)}{CALLBACK}", going, datetime.now(UTC))
    except ProviderAway as away:
        return _refused(request, str(away), going, away=True, recorded=False)
    response = RedirectResponse(began.url, 303)
    response.set_cookie(
        cookie_name(_KEPT, request.scope), began.sealed, max_age=600, path="/", httponly=True, samesite="lax",
        secure=is_secure(request.scope),
    )  # fmt: skip
    return response


@router.get(CALLBACK)
def from_provider(request: Request) -> Response:
    """Take whoever comes back from the provider for a session."""
    provider, now = _provider(request), datetime.now(UTC)
    sealed = (cookie(_KEPT, request.scope) or "")[:_MOST_KEPT]
    query = {name: value for name, value in request.query_params.items() if value.isprintable()}
    try:
        person, going = provider.finish(f"{sessions.base_url(request)}{CALLBACK}", query, sealed, now)
        number, name = _account(request, person, now)
    except ProviderAway as away:
        response = _refused(request, str(away), "/", away=True, recorded=False)
    except NotBegun as unasked:  # anybody can send that, and what is recorded stays for ever
        response = _refused(request, str(unasked), "/", recorded=False)
    except SignInRefused as refused:
        response = _refused(request, str(refused), "/")
    except AccountShut:
        wrong = _("Your account here was shut. An administrator of Muster can open it again.")
        response = show_form(request, 403, wrong=wrong)
    else:
        asks(request, name)
        response = RedirectResponse(going, 303)
        sessions.sign_in(request, response, way="provider", account=number)
    response.delete_cookie(
        cookie_name(_KEPT, request.scope),
        path="/",
        httponly=True,
        samesite="lax",
        secure=is_secure(request.scope),
    )
    return response


def _provider(request: Request) -> Provider:
    provider: Provider | None = request.app.state.provider
    if provider is None:
        raise not_found("No identity provider is set up here: MUSTER_OIDC_ISSUER is not set.")
    return provider


def _account(request: Request, person: Person, now: datetime) -> tuple[int, str]:
    who = Somebody(
        person.issuer, person.subject, person.name, person.shown, person.roles, person.name_is_sure
    )
    shut = None
    with unit_of_work(request.app.state.engine) as connection:
        try:
            return account_of(connection, who, at=now)
        except AccountShut as error:  # what was recorded of it is kept
            shut = error
    raise shut


def _refused(
    request: Request, why: str, going: str, *, away: bool = False, recorded: bool = True
) -> Response:
    """Show the form, with what is known; the server's log has it too, for whoever set the provider up."""
    provider = _provider(request)
    log.warning("sign-in at %s: %s", provider.metadata.asked, why)
    if recorded:
        refuse_sign_in(request.app.state.engine, "at the identity provider", why, at=datetime.now(UTC))
    told = {"provider": provider.shown, "why": why}
    wrong = (
        _("%(provider)s cannot be asked at the moment: %(why)s. Try again, or sign in another way.")
        if away
        else _("%(provider)s signed nobody in: %(why)s. Try again.")
    )
    return show_form(request, 502 if away else 401, wrong=wrong % told, going=going)
