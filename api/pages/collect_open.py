"""Open a cycle from the page of cycles, or open one again from its own."""

from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from api.access.actors import acting
from api.access.origin import same_origin
from api.pages.collect_askable import askable
from api.pages.collect_board import cycles_shown
from api.routes.cycles import refusing
from api.wire.forms import read_form
from api.wire.problems import Problem
from sync.collection.cycles import CycleRow, cycle_of, open_cycle

router = APIRouter()
Number = Annotated[int, Path(ge=1, lt=2**63)]
_LEFT_OUT = 400  # a problem's status: what was typed is wrong
_NOT_NOW = 409


@router.post("/collect/open")
async def open_by_form(request: Request) -> Response:
    """Open a cycle of a template for a period."""
    same_origin(request)
    form = await read_form(request, what="a cycle")
    template, period = form.get("template", "")[:100], form.get("period", "").strip()[:20]
    return await run_in_threadpool(_opened, request, template, period)


@router.post("/collect/{number}/open")
async def reopen_by_form(request: Request, number: Number) -> Response:
    """Open a closed cycle again, with the submissions it has."""
    same_origin(request)
    await read_form(request, what="a button")

    def again() -> CycleRow:
        _, actor = acting(request)
        engine = request.app.state.engine
        with engine.connect() as connection:
            known = cycle_of(connection, number)
        return open_cycle(engine, known.template, known.period, actor=actor, now=datetime.now(UTC))

    cycle = await run_in_threadpool(refusing, again)
    return RedirectResponse(f"/collect/{cycle.id}", 303)


def _opened(request: Request, template: str, period: str) -> Response:
    principal, actor = acting(request)
    engine = request.app.state.engine
    now = datetime.now(UTC)
    if not period:
        with engine.connect() as connection:
            period = next((each.period for each in askable(connection, now) if each.template == template), "")
    try:
        cycle = refusing(lambda: open_cycle(engine, template, period, actor=actor, now=now))
    except Problem as problem:
        if problem.status not in (_LEFT_OUT, _NOT_NOW):
            raise
        failed: dict[str, Any] = {"why": problem.detail, "template": template, "period": period}
        return cycles_shown(request, principal, problem.status, failed)
    return RedirectResponse(f"/collect/{cycle.id}", 303)
