"""Cycles: which there are, who owes what in one, opening and closing them."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Depends, Path, Query
from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from api.access.actors import acting
from api.access.visible import Reader, RecordsReader, bearer, visible_projects
from api.routes.common import PROBLEMS, ChangedSince, Text, changed
from api.shapes.collection import CycleBoardShape, CycleShape, GivenCycle
from api.shapes.common import Paged
from api.wire.answer import JSON, to_json, z
from api.wire.bodies import StrictRoute
from api.wire.etag import digest
from api.wire.fields import SELECTED, asked, only
from api.wire.paging import Page
from api.wire.problems import Problem, bad_request, forbidden, not_found
from api.wire.values import MOST_ID
from config.calendar import NoSuchCalendar
from model.collection.cycle import BadPeriod
from model.tables import Cycle
from sync.collection.cycles import CycleRefused, CycleRow, NoSuchCycle, close_cycle, cycle_of, open_cycle
from sync.collection.measures import Line, board
from sync.collection.refused import NotAllowed
from sync.collection.templates import NoSuchTemplate

router = APIRouter(route_class=StrictRoute)
Number = Annotated[int, Path(ge=1, le=MOST_ID, examples=[3])]
DOES: Final[dict[int | str, dict[str, Any]]] = {
    **PROBLEMS,
    409: {**PROBLEMS[404], "description": "It is not in a state in which this can be done"},
}
_INSTANTS: Final = ("opens_at", "due_at", "opened_at", "closed_at")


def fresh(reader: Reader, document: Any, *, link: str | None = None) -> Response:
    """Answer with a document made anew; 304 where the caller has this very one."""
    names = asked(reader.request)
    body = to_json(document if names is None else only(reader.request, document, names))
    tag = f'"{digest(body)}"'
    headers = {"ETag": tag, "Cache-Control": "private, no-cache", "Vary": "Authorization, Cookie, Accept"}
    if link:
        headers["Link"] = link
    given = {
        part.strip().removeprefix("W/") for part in reader.request.headers.get("if-none-match", "").split(",")
    }
    if given & {tag, "*"}:
        return Response(status_code=304, headers=headers)
    return Response(body, headers=headers, media_type=JSON if names is None else SELECTED)


def cycle_document(cycle: CycleRow | Cycle) -> dict[str, Any]:
    """Return a cycle as a document."""
    found = {name: getattr(cycle, name) for name in CycleRow.__slots__}
    return found | {name: z(found[name]) for name in _INSTANTS} | {"period_end": cycle.period_end.isoformat()}


def line_document(line: Line) -> dict[str, Any]:
    """Return one submission of the board as a document."""
    found = line.to_json()
    for name in (
        "template",
        "period",
        "period_end",
        "due_at",
        "timezone",
        "calendar",
        "cycle_id",
        "cycle_state",
    ):
        del found[name]
    instants = {name: z(value) for name, value in found.items() if isinstance(value, datetime)}
    return found | instants | {"url": f"/submissions/{line.head.id}"}


@router.get(
    "/cycles",
    response_model=Paged[CycleShape],
    responses=PROBLEMS,
    summary="Cycles",
    operation_id="list_cycles",
)
def list_cycles(
    reader: RecordsReader,
    paging: Page,
    template: Text = None,
    state: Annotated[Literal["planned", "open", "closed"] | None, Query()] = None,
    changed_since: ChangedSince = None,
) -> Response:
    """List cycles, the newest first."""
    query = select(Cycle)
    query = query.where(changed(changed_since, Cycle.opened_at, Cycle.closed_at))
    if template is not None:
        query = query.where(Cycle.template == template)
    if state is not None:
        query = query.where(Cycle.state == state)
    with Session(reader.engine) as session:
        rows = session.scalars(paging.page(query, Cycle.__table__.c.id, newest_first=True)).all()
        document = paging.document([cycle_document(row) for row in rows], [row.id for row in rows])
    return fresh(reader, document, link=paging.link(document))


@router.get(
    "/cycles/{number}", response_model=CycleBoardShape, responses=PROBLEMS, summary="One cycle",
    operation_id="get_cycle",
)  # fmt: skip
def get_cycle(reader: RecordsReader, number: Number) -> Response:
    """Return a cycle: of each project you may see where it stands and who is to act next, and the measures of these."""
    with reader.engine.connect() as connection:
        with Session(connection) as session:
            visible = visible_projects(session, reader.principal)
        try:
            cycle = cycle_of(connection, number)
        except NoSuchCycle as error:
            raise not_found(f"{error}.") from None
        lines, measures = board(connection, cycle, now=datetime.now(UTC), projects=visible)
    document = {
        **cycle_document(cycle),
        "measures": measures.to_json(),
        "submissions": [line_document(line) for line in lines],
    }
    return fresh(reader, document)


@router.post(
    "/cycles", response_model=CycleShape, responses=DOES, summary="Open a cycle", operation_id="open_cycle",
    status_code=201,
)  # fmt: skip
async def post_cycle(
    request: Request, given: GivenCycle, _documented: Annotated[Any, Depends(bearer)] = None
) -> Response:
    """Ask every project the template applies to for a period; a closed cycle is opened again."""

    def opened() -> CycleRow:
        actor = _office(request)
        return open_cycle(
            request.app.state.engine, given.template, given.period, actor=actor, now=datetime.now(UTC),
            projects=given.projects,
        )  # fmt: skip

    cycle = await run_in_threadpool(refusing, opened)
    headers = {"Location": f"/api/v1/cycles/{cycle.id}"}
    return Response(to_json(cycle_document(cycle)), 201, headers=headers, media_type=JSON)


@router.post(
    "/cycles/{number}/close", response_model=CycleShape, responses=DOES, summary="Close a cycle",
    operation_id="close_cycle",
)  # fmt: skip
async def post_close(
    request: Request, number: Number, _documented: Annotated[Any, Depends(bearer)] = None
) -> Response:
    """Take nothing more; what was handed in goes on to be reviewed and published."""

    def closed() -> CycleRow:
        return close_cycle(request.app.state.engine, number, actor=_office(request), now=datetime.now(UTC))

    return Response(to_json(cycle_document(await run_in_threadpool(refusing, closed))), media_type=JSON)


def _office(request: Request) -> Any:
    principal, actor = acting(request)
    if not principal.sees_everything:
        raise forbidden("Cycles are opened and closed only by tokens that may see every project.")
    return actor


def refusing(do: Callable[[], CycleRow]) -> CycleRow:
    """Do something to a cycle; what is refused becomes the problem that says why.

    Raises:
        Problem: 403, 404, 409 or 400.
    """
    try:
        return do()
    except NotAllowed as error:
        raise forbidden(f"{error}.") from None
    except (NoSuchCycle, NoSuchTemplate) as error:
        raise not_found(f"{error}.") from None
    except CycleRefused as error:
        raise Problem(409, "not-possible", f"{error}.") from None
    except (BadPeriod, NoSuchCalendar) as error:
        raise bad_request(f"{error}.") from None
