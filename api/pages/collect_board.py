"""Who owes what: the cycles there are, and one cycle project by project, the late ones first."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Final, Literal
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Path, Query
from sqlalchemy import Connection
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from api.access.actors import acting, actor_of
from api.access.origin import same_origin
from api.access.visible import Principal, Reader, RecordsReader, visible_projects
from api.pages.collect_askable import askable
from api.pages.render import HTML, html
from api.routes.cycles import refusing
from api.translation import _
from api.wire.answer import Visible
from api.wire.etag import digest
from api.wire.forms import read_form
from api.wire.problems import not_found
from model.collection.ladder import OWED
from model.collection.roles import same_person
from sync.collection.cycles import OFFICE, CycleRow, NoSuchCycle, close_cycle, cycle_of, cycles
from sync.collection.measures import Line, board
from sync.collection.outbox import latest
from sync.collection.templates import NoSuchTemplate, version

router = APIRouter()
Number = Annotated[int, Path(ge=1, lt=2**63)]
_RECENT: Final = 30  # closed cycles listed
# What a filter offers, in the order of the work.
STATES: Final = ("draft", "submitted", "in_review", "returned", "approved", "published")
Which = Literal["", "late", "mine", "draft", "submitted", "in_review", "returned", "approved", "published"]


@router.get("/collect")
def cycles_page(reader: RecordsReader) -> Response:
    """List the cycles: how far each open one is, those that are planned, and the last that are closed."""
    with reader.engine.connect() as connection:
        context = _listed(connection, reader.principal)
    return _page(reader, "collect.html", context)


def cycles_shown(
    request: Request, principal: Principal, status: int, failed: dict[str, Any] | None
) -> Response:
    """Show the page of cycles again, with what could not be opened and why."""
    with request.app.state.engine.connect() as connection:
        context = _listed(connection, principal) | {"failed": failed}
    body = html("collect.html", principal=principal, here="/collect", local=_local, **context)
    return Response(body, status, {"Cache-Control": "no-store"}, HTML)


def _listed(connection: Connection, principal: Principal) -> dict[str, Any]:
    now = datetime.now(UTC)
    with Session(connection) as session:
        visible = visible_projects(session, principal)
    found = cycles(connection)
    standing = [_cycle(connection, each, visible, now) for each in found if each.state == "open"]
    closed = [each for each in found if each.state == "closed"][:_RECENT]
    office = _is_office(principal)
    return {
        "title": _("Collect"),
        "open": sorted(standing, key=lambda each: each["cycle"].due_at),
        "planned": sorted(
            (_named(connection, each) for each in found if each.state == "planned"),
            key=lambda each: each["cycle"].opens_at,
        ),
        "closed": [_cycle(connection, each, visible, now) for each in closed],
        "askable": askable(connection, now) if office else [],
        "failed": None,
    }


@router.get("/collect/{number}")
def cycle_page(reader: RecordsReader, number: Number, show: Annotated[Which, Query()] = "") -> Response:
    """Show who owes what in one cycle, the late ones first, and what it is measured by."""
    now = datetime.now(UTC)
    with reader.engine.connect() as connection:
        visible = _visible(connection, reader)
        try:
            cycle = cycle_of(connection, number)
        except NoSuchCycle as error:
            raise not_found(f"{error}.") from None
        lines, measures = board(connection, cycle, now=now, projects=visible)
        context = _named(connection, cycle) | {
            "title": f"{cycle.template} {cycle.period}",
            "lines": sorted(_shown(lines, show, reader), key=_worst_first),
            "counts": _counts(lines, reader),
            "show": show,
            "measures": measures,
            "late": sum(line.overdue for line in lines),
            "told": latest(connection, [line.head.id for line in lines], limit=_RECENT),
            "office": _is_office(reader.principal),
            "now": now,
            "STATES": STATES,
        }
    return _page(reader, "collect_cycle.html", context)


@router.post("/collect/{number}/close")
async def close_by_form(request: Request, number: Number) -> Response:
    """Close a cycle from its page."""
    same_origin(request)
    await read_form(request, what="a button")

    def closed() -> CycleRow:
        _, actor = acting(request)
        return close_cycle(request.app.state.engine, number, actor=actor, now=datetime.now(UTC))

    await run_in_threadpool(refusing, closed)
    return RedirectResponse(f"/collect/{number}", 303)


def _page(reader: Reader, template: str, context: dict[str, Any]) -> Response:
    here = reader.request.url.path
    body = html(template, principal=reader.principal, here=here, local=_local, **context)
    tag = f'"{digest(body)}"'
    headers = {"ETag": tag, "Cache-Control": "private, no-cache", "Vary": "Authorization, Cookie, Accept"}
    if tag in reader.request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return Response(body, headers=headers, media_type=HTML)


def _local(at: datetime, timezone: str, seconds: int) -> datetime:
    """Return an instant as clocks show it there; a second before midnight is of the day that ends."""
    return (at + timedelta(seconds=seconds)).astimezone(ZoneInfo(timezone))


def _visible(connection: Connection, reader: Reader) -> Visible:
    with Session(connection) as session:
        return visible_projects(session, reader.principal)


def _is_office(principal: Principal) -> bool:
    actor = actor_of(principal)
    return actor is not None and principal.sees_everything and bool(actor.roles & set(OFFICE))


def _named(connection: Connection, cycle: CycleRow) -> dict[str, Any]:
    """Return a cycle with what its template is called."""
    try:
        name = version(connection, cycle.template, cycle.version).header.title
    except NoSuchTemplate:
        name = cycle.template
    return {"cycle": cycle, "name": name}


def _cycle(connection: Connection, cycle: CycleRow, visible: Visible, now: datetime) -> dict[str, Any]:
    lines, measures = board(connection, cycle, now=now, projects=visible)
    return _named(connection, cycle) | {
        "measures": measures,
        "late": sum(line.overdue for line in lines),
        "published": sum(line.head.state == "published" for line in lines),
        "waiting": sum(line.head.state in ("submitted", "in_review", "approved") for line in lines),
        "overdue": now >= cycle.due_at,
    }


def _shown(lines: Sequence[Line], show: str, reader: Reader) -> list[Line]:
    if show == "late":
        return [line for line in lines if line.overdue or line.head.late]
    if show == "mine":
        return [line for line in lines if _is_mine(line, reader)]
    return [line for line in lines if show in ("", line.head.state)]


def _counts(lines: Sequence[Line], reader: Reader) -> dict[str, int]:
    found = {state: sum(line.head.state == state for line in lines) for state in STATES}
    return found | {
        "": len(lines),
        "late": len(_shown(lines, "late", reader)),
        "mine": len(_shown(lines, "mine", reader)),
    }


def _is_mine(line: Line, reader: Reader) -> bool:
    """Say whether it is up to whoever looks to act next."""
    person = reader.principal.person
    return same_person(person, line.next_person) or (
        person is not None and line.next_role in reader.principal.roles
    )


def _worst_first(line: Line) -> tuple[bool, bool, int, str]:
    order = STATES.index(line.head.state) if line.head.state in STATES else len(STATES)
    return (not line.overdue, line.head.state not in OWED, order, line.head.project_key)
