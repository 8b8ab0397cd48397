"""Ask, on the page of templates, for rules to be changed for some projects; somebody else approves it there."""

from datetime import UTC, datetime
from typing import Any, Final

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from api.access.actors import acting
from api.access.origin import same_origin
from api.pages.editing import NAME, tidy
from api.pages.templates import templates_shown
from api.wire.forms import read_form
from model.declaration import Declaration, InvalidDeclaration
from sync.collection import tailoring
from sync.collection.template_steps import TemplateRefused
from sync.collection.templates import NoSuchTemplate
from sync.store import unit_of_work

router = APIRouter()
_STAGES: Final = ("define", "deliver", "close")
_TIERS: Final = (1, 2, 3)


@router.post("/templates/tailor")
async def tailor_by_form(request: Request) -> Response:
    """Ask for a tailoring: which projects, what changes, and why."""
    same_origin(request)
    form = await read_form(request, what="a tailoring")
    return await run_in_threadpool(_asked, request, form)


def _asked(request: Request, form: dict[str, str]) -> Response:
    principal, actor = acting(request)
    try:
        changes = Declaration(tidy(form.get("changes", "")), NAME).data
        wish: dict[str, Any] = {
            "template": form.get("template", ""), "applies": _applies(form), "changes": changes,
            "because": form.get("because", "").strip(),
        }  # fmt: skip
        with unit_of_work(request.app.state.engine) as connection:
            written = tailoring.parse(wish, where="this form")
            tailoring.ask(connection, written, actor=actor, now=datetime.now(UTC))
    except (TemplateRefused, InvalidDeclaration, NoSuchTemplate) as error:
        return templates_shown(request, principal, str(error), form)
    return RedirectResponse("/templates#tailorings", 303)


def _applies(form: dict[str, str]) -> dict[str, Any]:
    """Return which projects are meant; nothing ticked of a kind means all of it."""
    found: dict[str, Any] = {
        "tiers": [tier for tier in _TIERS if form.get(f"tiers.{tier}")],
        "stages": [stage for stage in _STAGES if form.get(f"stages.{stage}")],
        "programmes": [form["programme"]] if form.get("programme") else [],
    }
    return {name: given for name, given in found.items() if given}
