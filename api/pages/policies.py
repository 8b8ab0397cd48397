"""Policies as pages: which is in force, what each says, would change and would have done, and its steps."""

from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from sqlalchemy import Connection
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from api.access.actors import acting, acts_as, deciding
from api.access.origin import same_origin
from api.access.visible import PoliciesReader, Principal
from api.pages.policy_results import Asked, CannotAsk, backtested, planned, shown_backtest
from api.pages.render import HTML, html, page
from api.policy_documents import policy_document, policy_heads
from api.translation import _
from api.wire.answer import Visible
from api.wire.forms import read_form
from api.wire.problems import not_found
from model.declaration import InvalidDeclaration
from sync.match import NotConfigured
from sync.policy.backtest import NothingToReplay
from sync.policy.kept import (
    APPROVED,
    PROPOSED,
    WITHDRAWN,
    Kept,
    NoSuchPolicy,
    kept,
    kept_version,
    policy_standing,
)
from sync.policy.past import TooMuchPast
from sync.policy.steps import APPROVER, WRITERS, PolicyRefused, approve, withdraw
from sync.store import unit_of_work
from sync.today import today

router = APIRouter()
Label = Annotated[str, Path(max_length=140)]
_Typed = Annotated[str, Query(max_length=12)]


@router.get("/policies")
def policies_page(reader: PoliciesReader) -> Response:
    """Show the versions there are, the newest first, and which is in force."""

    def collect(session: Session, _visible: Visible) -> dict[str, Any]:
        connection = session.connection()
        heads = policy_heads(kept(connection), _standing(connection))
        return {
            "title": _("Policies"),
            "policies": heads[::-1],
            "stands": _stands(),
            "writer": acts_as(reader.principal, *WRITERS),
        }

    return page(reader, "policies.html", collect, also=deciding(reader.principal))


@router.get("/policies/{policy}")
def policy_page(reader: PoliciesReader, policy: Label) -> Response:
    """Show one version whole."""

    def collect(session: Session, visible: Visible) -> dict[str, Any]:
        return _shown(session.connection(), reader.principal, visible, policy)

    return page(reader, "policy.html", collect, also=deciding(reader.principal))


@router.get("/policies/{policy}/plan")
def plan_page(reader: PoliciesReader, policy: Label) -> Response:
    """Show what a version would change today; who may approve it does so with what they saw."""
    reader.needs_everything("Plans of policies")

    def collect(session: Session, visible: Visible) -> dict[str, Any]:
        connection = session.connection()
        context = _shown(connection, reader.principal, visible, policy)
        try:
            found = planned(session, _version(connection, policy).loaded(), now=datetime.now(UTC))
        except (NotConfigured, TooMuchPast, InvalidDeclaration) as error:
            return context | {"found": None, "wrong": str(error)}
        return context | {"found": found}

    return page(reader, "policy_plan.html", collect, also=f"{deciding(reader.principal)}plan")


@router.get("/policies/{policy}/backtest")
def backtest_page(
    reader: PoliciesReader, policy: Label, since: _Typed = "", until: _Typed = "", alarm: _Typed = "",
    slip_days: _Typed = "", horizon_days: _Typed = "",
) -> Response:  # fmt: skip
    """Show how a version would have done over the stored history."""
    reader.needs_everything("Backtests of policies")
    form = {
        "since": since,
        "until": until,
        "alarm": alarm,
        "slip_days": slip_days,
        "horizon_days": horizon_days,
    }
    asked = Asked.of_form(form)

    def collect(session: Session, visible: Visible) -> dict[str, Any]:
        connection = session.connection()
        context = _shown(connection, reader.principal, visible, policy) | {"asked": asked}
        try:
            found = backtested(session, _version(connection, policy).loaded(), asked, now=datetime.now(UTC))
        except (NotConfigured, NothingToReplay, TooMuchPast, CannotAsk, InvalidDeclaration) as error:
            return context | {"result": None, "wrong": str(error)}
        return context | {"result": shown_backtest(found)}

    return page(reader, "policy_backtest.html", collect, also=f"{deciding(reader.principal)}{form}")


@router.post("/policies/{policy}/{act}")
async def step_by_form(request: Request, policy: Label, act: str) -> Response:
    """Approve a version, with the plan that was looked at, or take it back."""
    same_origin(request)
    form = await read_form(request)
    return await run_in_threadpool(_stepped, request, policy, act, form)


def _stepped(request: Request, policy: str, act: str, form: dict[str, str]) -> Response:
    if act not in ("approve", "withdraw"):
        raise not_found(f"There is nothing at {request.url.path}.")
    principal, actor = acting(request)
    engine = request.app.state.engine
    name, _at, version = policy.partition("@")
    because = form.get("because", "")[:2000]
    now = datetime.now(UTC)
    try:
        with unit_of_work(engine) as connection:
            if act == "approve":
                seen = form.get("plan", "")[:64] or None
                approve(connection, name, version, actor=actor, because=because, now=now, planned=seen)
            else:
                withdraw(connection, name, version, actor=actor, because=because, now=now)
    except NoSuchPolicy as error:
        raise not_found(f"{error}.") from None
    except (PolicyRefused, InvalidDeclaration, NotConfigured) as error:
        with engine.connect() as connection:
            context = _shown(connection, principal, None, policy, wrong=str(error))
        body = html("policy.html", principal=principal, here=request.url.path, **context)
        return Response(body, 409, {"Cache-Control": "no-store"}, HTML)
    return RedirectResponse(f"/policies/{policy}", 303)


def _shown(
    connection: Connection, principal: Principal, visible: Visible, policy: str, wrong: str | None = None
) -> dict[str, Any]:
    document = policy_document(
        _version(connection, policy), _standing(connection), everything=visible is None
    )
    return {
        "title": document["policy"],
        "policy": document,
        "limits": _rows(document),
        "stands": _stands(),
        "writer": acts_as(principal, *WRITERS),
        "approver": acts_as(principal, APPROVER),
        "wrong": wrong,
    }


def _stands() -> dict[str, str]:
    return {PROPOSED: _("proposed"), APPROVED: _("approved"), WITHDRAWN: _("withdrawn")}


def _version(connection: Connection, policy: str) -> Kept:
    name, _at, version = policy.partition("@")
    try:
        return kept_version(connection, name, version)
    except NoSuchPolicy as error:
        raise not_found(f"{error}.") from None


def _rows(document: dict[str, Any]) -> list[tuple[str, str, Any, dict[str, Any]]]:
    """Return block, setting, value, and the value of each tier that sets it otherwise."""
    rows = []
    for block, limits in document["limits"].items():
        for name, value in limits.items() if isinstance(limits, dict) else [("", limits)]:
            tiers = {
                tier: changes.get(block, {}).get(name) if name else changes.get(block)
                for tier, changes in document["tiers"].items()
            }
            rows.append((block, name, "none" if value is None else value, tiers))
    return rows


def _standing(connection: Connection) -> str:
    return policy_standing(connection, today(connection, datetime.now(UTC))).label
