"""Workbooks: written for a submission, taken back, and what two people changed settled."""

from datetime import UTC, date, datetime
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Path, Query
from sqlalchemy import Connection
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from api.access.actors import acting
from api.access.veil import Veil, veil_of
from api.access.visible import Principal, RecordsReader, bearer, visible_projects
from api.routes.common import PROBLEMS
from api.routes.cycles import fresh
from api.routes.submissions import lifted_case, visible_case
from api.shapes.common import Paged
from api.shapes.workbook import ConflictShape, GivenVerdictOnCell, TakenShape
from api.wire.answer import JSON, to_json
from api.wire.bodies import StrictRoute
from api.wire.paging import Page
from api.wire.problems import Problem, ProblemDocument, bad_request, forbidden, not_found
from api.wire.retiring import Retiring
from api.wire.values import MOST_ID, Instant
from api.workbook_documents import conflict_document, taken_document
from model.collection.roles import Actor
from sync.collection.refused import NotAllowed, Refused
from sync.store import unit_of_work
from sync.workbook.answered import NothingToAnswer, answered_copy
from sync.workbook.conflicts import NoSuchCell, cell_of, cells, no_such, settle
from sync.workbook.returned import Taken, take
from sync.workbook.sending import Written, write_workbook

router = APIRouter(route_class=StrictRoute)
XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MOST: Final = 64 * 1024 * 1024
_PROBLEM: Final[dict[str, Any]] = {
    "model": ProblemDocument,
    "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/ProblemDocument"}}},
}
_FILE: Final[dict[str, Any]] = {
    "content": {XLSX: {"schema": {"type": "string", "format": "binary"}}}, "description": "The workbook",
}  # fmt: skip
_STATUS: Final = {"closed": 409, "busy": 409, "not_allowed": 403, "unknown": 422, "other": 422, "changed": 422,
                  "unreadable": 422}  # fmt: skip
_OLD_NAME: Final = Retiring(date(2026, 11, 22), date(2027, 5, 31), "/api/v1/workbook-conflicts")
Number = Annotated[int, Path(ge=1, le=MOST_ID, examples=[41])]


@router.post(
    "/submissions/{number}/workbook", responses={**PROBLEMS, 200: _FILE}, response_class=Response,
    summary="Write a submission's workbook", operation_id="write_workbook",
)  # fmt: skip
async def write(
    request: Request, number: Number, _documented: Annotated[Any, Depends(bearer)] = None
) -> Response:
    """Return the workbook to be filled in: what is known in it, and remembered, so that it can be merged."""
    return await run_in_threadpool(_write, request, number)


@router.post(
    "/workbooks", response_model=TakenShape,
    responses={**PROBLEMS, 409: {**_PROBLEM, "description": "It takes no answers any more"},
               413: {**_PROBLEM, "description": "Larger than any returned workbook"}},
    openapi_extra={"requestBody": {"required": True, "content": _FILE["content"]}},
    summary="Take a returned workbook", operation_id="take_workbook",
)  # fmt: skip
async def take_back(
    request: Request,
    file: Annotated[str, Query(max_length=200, description="What the file is called")] = "workbook.xlsx",
    submission: Annotated[
        int | None, Query(ge=1, le=MOST_ID, description="It must be this submission's; left out: whose it is")
    ] = None,
    _documented: Annotated[Any, Depends(bearer)] = None,
) -> Response:
    """Merge a workbook that came back, cell by cell, and say of each cell that was not simply taken why."""
    principal, actor = await run_in_threadpool(acting, request)
    body = await _body(request)
    return await run_in_threadpool(_take, request, principal, actor, file, body, submission)


@router.post(
    "/workbooks/{number}/answered", responses={**PROBLEMS, 200: _FILE}, response_class=Response,
    summary="The copy that answers a returned workbook", operation_id="answer_workbook",
)  # fmt: skip
async def answer(
    request: Request, number: Number, _documented: Annotated[Any, Depends(bearer)] = None
) -> Response:
    """Return a workbook with a note on each cell that was not simply taken, saying what was expected."""
    return await run_in_threadpool(_answered, request, number)


def list_conflicts(
    reader: RecordsReader,
    paging: Page,
    submission: Annotated[int | None, Query(ge=1, le=MOST_ID)] = None,
    changed_since: Annotated[
        Instant | None,
        Query(
            description="Only what came up, was answered or settled at or after this; settled ones are among it"
        ),
    ] = None,
) -> Response:
    """List the cells that were changed in a workbook and elsewhere, until somebody says which value counts."""
    after = paging.whole_number()
    with Session(reader.engine) as session:
        visible, veil = visible_projects(session, reader.principal), veil_of(session, reader.principal)
        found = cells(
            session.connection(), submission=submission, open_only=True, since=changed_since,
            projects=None if visible is None else tuple(visible), page=(after, paging.limit + 1),
        )  # fmt: skip
    document = paging.document([conflict_document(each, veil) for each in found], [each.id for each in found])
    return fresh(reader, document, link=paging.link(document))


async def settle_conflict(
    request: Request,
    number: Number,
    given: GivenVerdictOnCell,
    _documented: Annotated[Any, Depends(bearer)] = None,
) -> Response:
    """Say which of the two values counts."""
    return await run_in_threadpool(_settle, request, number, given)


_SETTLED: Final = {
    **PROBLEMS,
    409: {**_PROBLEM, "description": "Settled already, answered since, or not open"},
}
# Under two names: the first is going away.
for _path, _operation, _extra in (
    ("/workbook_conflicts", "{}_by_old_name", _OLD_NAME.declared()),
    ("/workbook-conflicts", "{}", None),
):
    router.get(
        _path, response_model=Paged[ConflictShape], responses=PROBLEMS, summary="Open conflicts of workbooks",
        operation_id=_operation.format("list_workbook_conflicts"), openapi_extra=_extra,
    )(list_conflicts)  # fmt: skip
    router.post(
        f"{_path}/{{number}}/settle", response_model=ConflictShape, responses=_SETTLED, summary="Settle a conflict",
        operation_id=_operation.format("settle_workbook_conflict"), openapi_extra=_extra,
    )(settle_conflict)  # fmt: skip


def _write(request: Request, number: int) -> Response:
    principal, actor = acting(request)
    now = datetime.now(UTC)
    with unit_of_work(request.app.state.engine) as connection:
        case = visible_case(connection, principal, number, now=now)
        return file_answer(write_workbook(connection, case, by=actor.name, now=now))


async def _body(request: Request) -> bytes:
    """Read the file, and no more of it than any returned workbook has.

    Raises:
        Problem: 413.
    """
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > MOST:
            raise Problem(
                413, "too-large", f"The file has more than {MOST >> 20} MB; no returned workbook has."
            )
        parts.append(part)
    return b"".join(parts)


def _take(
    request: Request, principal: Principal, actor: Actor, file: str, body: bytes, submission: int | None
) -> Response:
    engine = request.app.state.engine
    now = datetime.now(UTC)
    with Session(engine) as session:
        visible, veil = visible_projects(session, principal), veil_of(session, principal)
    if submission is not None:
        with engine.connect() as connection:
            visible_case(connection, principal, submission, now=now)
    taken = take(engine, body, plain_name(file), actor=actor, now=now, expect=submission, projects=visible)
    _raise_for(taken)
    return Response(to_json(taken_document(taken, veil)), media_type=JSON)


def plain_name(file: str) -> str:
    """Return a file's name alone: it stands in locators.

    Raises:
        Problem: 400 when it holds what no name does.
    """
    if "\x00" in file:
        raise bad_request("The file's name holds a NUL character; give the file another name.")
    return file.replace("\\", "/").rpartition("/")[2].replace("!", "_").strip() or "workbook.xlsx"


def _raise_for(taken: Taken) -> None:
    """Turn a refusal into a problem.

    Raises:
        Problem: Its status says what kind of refusal it is.
    """
    if taken.state != "refused":
        return
    if taken.why == "not_allowed":
        raise forbidden(f"{taken.says}.")
    why = taken.why or "refused"
    raise Problem(_STATUS.get(why, 422), f"workbook-{why}", f"{taken.says}.")


def _answered(request: Request, number: int) -> Response:
    principal, actor = acting(request)
    engine, now = request.app.state.engine, datetime.now(UTC)
    with engine.connect() as connection:
        found = cells(connection, returned=number)
        none = f"There is no returned workbook {number} with cells to answer."
        if not found:
            raise not_found(none)
        veil = _lifted(connection, principal, found[0].submission, none, now)
    try:
        return file_answer(answered_copy(engine, number, by=actor.name, now=now, shown=veil.case))
    except NothingToAnswer as error:
        raise not_found(f"{error}.") from None


def _settle(request: Request, number: int, given: GivenVerdictOnCell) -> Response:
    principal, actor = acting(request)
    engine, now = request.app.state.engine, datetime.now(UTC)
    try:
        with engine.connect() as connection:
            cell = cell_of(connection, number)
            veil = _lifted(connection, principal, cell.submission, f"{no_such(number)}.", now)
        settled = settle(
            engine, number, given.keep, actor=actor, because=given.because, seen=given.answer, now=now
        )
    except NoSuchCell as error:
        raise not_found(f"{error}.") from None
    except NotAllowed as error:
        raise forbidden(f"{error}.") from None
    except Refused as error:
        raise Problem(409, "not-open", f"{error}.") from None
    return Response(to_json(conflict_document(settled, veil)), media_type=JSON)


def _lifted(connection: Connection, principal: Principal, submission: int, none: str, now: datetime) -> Veil:
    """Return what a reader may be told of a submission; where it is hidden, `none` is all they are told.

    Raises:
        Problem: 404, without the submission's number: only whoever may see it knows that it is the one.
    """
    try:
        veil, _case = lifted_case(connection, principal, submission, now=now)
    except Problem:
        raise not_found(none) from None
    return veil


def file_answer(written: Written) -> Response:
    """Return a workbook as a download."""
    headers = {"Content-Disposition": f'attachment; filename="{written.file}"', "Cache-Control": "no-store"}
    return Response(written.body, media_type=XLSX, headers=headers)
