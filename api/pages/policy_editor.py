"""The editor of a policy: its limits and its text side by side, planned and backtested before anything is kept."""

from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any, Final

from fastapi import APIRouter, Path, Query
from sqlalchemy import Connection, Engine
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from api.access.actors import acting, actor_of, deciding
from api.access.origin import same_origin
from api.access.visible import PoliciesReader, Principal
from api.pages import policy_sections as form_of
from api.pages.editing import (
    MOST_BYTES,
    NAME,
    Complaint,
    applied,
    by_place,
    complaints,
    parsed,
    plain_number,
    tidy,
)
from api.pages.policy_results import Asked, CannotAsk, backtested, planned, shown_backtest
from api.pages.render import HTML, html, page
from api.translation import _
from api.wire.answer import Visible
from api.wire.forms import read_form
from api.wire.problems import not_found
from model.collection.roles import Actor
from model.declaration import InvalidDeclaration
from model.policy import Policy
from model.rewrite import CannotRewrite, assign, remove
from sync.match import NotConfigured
from sync.policy.backtest import NothingToReplay
from sync.policy.kept import WITHDRAWN, Kept, NoSuchPolicy, kept, kept_version, names_of, policy_standing
from sync.policy.past import TooMuchPast
from sync.policy.plan import differences
from sync.policy.steps import WRITERS, PolicyRefused, propose, read
from sync.store import unit_of_work
from sync.today import today

router = APIRouter()
_LONGEST: Final = 200  # characters of a name or reason typed into the form of a tolerance


@dataclass(frozen=True, slots=True)
class Draft:
    """What stands in the editor: the text, and what came of the last step."""

    text: str
    refused: tuple[Complaint, ...] = ()
    plan: dict[str, Any] | None = None
    backtest: dict[str, Any] | None = None
    asked: Asked = field(default_factory=Asked)
    wish: dict[str, str] | None = None


@router.get("/policies/new")
def new_page(reader: PoliciesReader, like: Annotated[str, Query(max_length=140)] = "") -> Response:
    """Begin the next version of a policy, by default of the one in force."""

    def collect(session: Session, _visible: Visible) -> dict[str, Any]:
        connection = session.connection()
        day = today(connection, datetime.now(UTC))
        label = like or policy_standing(connection, day).label
        text = _next(connection, _known(connection, label), day)
        return _shown(connection, reader.principal, Draft(text))

    return page(reader, "policy_editor.html", collect, also=deciding(reader.principal))


@router.get("/policies/{policy}/edit")
def edit_page(reader: PoliciesReader, policy: Annotated[str, Path(max_length=140)]) -> Response:
    """Edit a version that is only proposed."""

    def collect(session: Session, _visible: Visible) -> dict[str, Any]:
        connection = session.connection()
        return _shown(connection, reader.principal, Draft(_known(connection, policy).text))

    return page(reader, "policy_editor.html", collect, also=deciding(reader.principal))


@router.post("/policies/new")
async def step_by_form(request: Request) -> Response:
    """Take a step in the editor: bring both sides together, plan, backtest, propose."""
    same_origin(request)
    form = await read_form(request, most=MOST_BYTES, what=_("a policy"))
    return await run_in_threadpool(_stepped, request, form)


def _known(connection: Connection, label: str) -> Kept:
    name, _at, version = label.partition("@")
    try:
        return kept_version(connection, name, version)
    except NoSuchPolicy as error:
        raise not_found(f"{error}.") from None


def _next(connection: Connection, known: Kept, day: date) -> str:
    """Return a version's text as that of the next one: not approved, and begun on a day that no other begins on."""
    taken = {each.effective_from for each in kept(connection) if each.state != WITHDRAWN}
    day = next(each for days in range(len(taken) + 1) if (each := day + timedelta(days=days)) not in taken)
    newest = max((each.number for each in kept(connection) if each.name == known.name), default=known.number)
    number = f"{newest[0]}.{newest[1] + 1}.0"
    text = assign(known.text, ("version",), number)
    return remove(assign(text, ("effective_from",), day), ("effective_to",))


def _stepped(request: Request, form: dict[str, str]) -> Response:
    """Bring form and text together, then do what was asked; nothing typed is ever lost."""
    principal, actor = acting(request)
    engine = request.app.state.engine
    draft = _merged(form)
    act, _colon, what = form.get("act", "look").partition(":")
    status = 200
    if act == "save" and not draft.refused:
        saved = _saved(engine, draft, actor, form.get("because", "").strip()[:2000] or None)
        if isinstance(saved, Kept):
            return RedirectResponse(f"/policies/{saved.label}", 303)
        draft, status = saved, 409
    elif act in ("plan", "backtest"):
        draft = _tried(engine, draft, act)
    elif act == "drop" and what.isascii() and what.isdigit():
        draft = _changed(draft, ("tolerances", int(what[:6])))
    elif act == "tolerance":
        draft = _tolerated(draft, form)
    with engine.connect() as connection:
        context = _shown(connection, principal, draft)
    body = html("policy_editor.html", principal=principal, here=request.url.path, **context)
    return Response(body, status, {"Cache-Control": "no-store"}, HTML)


def _merged(form: dict[str, str]) -> Draft:
    """Return the text that was sent with what was changed in the form written into it."""
    text = tidy(form.get("text", ""))
    asked = Asked.of_form(form)
    data = parsed(text).data
    if data is None:
        return Draft(text, asked=asked)
    text, refused = applied(text, form_of.asks(data), form)
    return Draft(text, tuple(refused), asked=asked)


def _changed(draft: Draft, path: tuple[str, int]) -> Draft:
    try:
        return replace(draft, text=remove(draft.text, path))
    except (CannotRewrite, InvalidDeclaration) as error:
        return replace(draft, refused=(Complaint(str(error)),))


def _tolerated(draft: Draft, form: dict[str, str]) -> Draft:
    """Put the tolerance that was asked for into the text; what is missing is said, and what was typed stays."""
    wish = {key: form.get(f"t.{key}", "").strip()[:_LONGEST] for key in _TOLERANCE}
    missing = [key for key in ("name", "setting", "value", "because") if not wish[key]]
    kind = wish["of"] if wish["of"] in ("portfolio", "programme", "project") else "project"
    setting = tuple(wish["setting"].split("."))
    if missing:
        says = _("A tolerance needs whom it is for, the limit, its value and a reason.")
        return replace(draft, refused=(Complaint(says),), wish=wish)
    whose: dict[str, Any] = {kind: wish["name"]}
    for key in ("from", "to"):
        if wish[key]:
            whose[key] = _day(wish[key])
    try:
        text = form_of.with_tolerance(
            draft.text, whose | {"because": wish["because"]}, setting, plain_number(wish["value"])
        )
    except (CannotRewrite, InvalidDeclaration) as error:
        return replace(draft, refused=(Complaint(str(error)),), wish=wish)
    return replace(draft, text=text)


_TOLERANCE: Final = ("of", "name", "setting", "value", "because", "from", "to")


def _day(typed: str) -> date | str:
    try:
        return date.fromisoformat(typed)
    except ValueError:
        return typed


def _saved(engine: Engine, draft: Draft, actor: Actor, because: str | None) -> Kept | Draft:
    try:
        with unit_of_work(engine) as connection:
            return propose(
                connection, draft.text, where=NAME, actor=actor, because=because, now=datetime.now(UTC)
            )
    except InvalidDeclaration as error:
        return replace(draft, refused=complaints(error))
    except PolicyRefused as error:
        return replace(draft, refused=(Complaint(str(error).removeprefix(f"{NAME}: ")),))


def _tried(engine: Engine, draft: Draft, act: str) -> Draft:
    """Plan or backtest the text as it stands; nothing is kept."""
    options = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
    now = datetime.now(UTC)
    try:
        with engine.connect().execution_options(**options) as connection, Session(connection) as session:
            policy = read(connection, draft.text, NAME)
            if act == "plan":
                return replace(draft, plan=planned(session, policy, now=now))
            return replace(draft, backtest=backtested(session, policy, draft.asked, now=now))
    except InvalidDeclaration:
        return draft  # what is wrong with the text is told anyway
    except (NotConfigured, NothingToReplay, TooMuchPast, CannotAsk) as error:
        return replace(draft, refused=(Complaint(str(error)),))


def _shown(connection: Connection, principal: Principal, draft: Draft) -> dict[str, Any]:
    data = parsed(draft.text).data
    found = list(draft.refused)
    policy: Policy | None = None
    try:
        policy = read(connection, draft.text, NAME)
    except InvalidDeclaration as error:
        found += [each for each in complaints(error) if each not in found]
    against = policy_standing(connection, today(connection, datetime.now(UTC)))
    names = names_of(connection)
    actor = actor_of(principal)
    return {
        "title": _("Edit %(label)s", label=policy.label) if policy else _("Edit a policy"),
        "draft": draft,
        "policy": policy,
        "against": against.label,
        "differs": [] if policy is None else differences(against, policy),
        "head": [] if data is None else form_of.head(data),
        "blocks": [] if data is None else form_of.blocks(data),
        "tolerances": [] if data is None else form_of.tolerances(data),
        "settings": form_of.settings(),
        "names": sorted({*(names.portfolio or ()), *(names.programme or ()), *(names.project or ())}),
        "complaints": found,
        "at_place": by_place(found),
        "readable": data is not None,
        "wish": draft.wish or dict.fromkeys(_TOLERANCE, ""),
        "result": None if draft.backtest is None else shown_backtest(draft.backtest),
        "writer": actor is not None and (actor.is_operator or bool(actor.roles & set(WRITERS))),
    }
