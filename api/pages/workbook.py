"""A submission's workbook: download it, give it back, see what became of it, settle what two people changed."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Final

from fastapi import APIRouter, Path
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from api.access.actors import acting, actor_of
from api.access.origin import same_origin
from api.access.veil import Veil
from api.access.visible import Principal, RecordsReader
from api.pages.render import HTML, html, link
from api.routes.submissions import lifted_case, visible_case
from api.routes.workbooks import MOST, file_answer, plain_name
from api.translation import N_, Translated, _
from api.wire.forms import read_form
from api.wire.problems import Problem, bad_request, not_found
from model.collection.roles import Actor
from model.template.values import exactly
from sync.collection.refused import Refused
from sync.store import unit_of_work
from sync.workbook.answered import NothingToAnswer, answered_copy
from sync.workbook.cells import Part
from sync.workbook.conflicts import NoSuchCell, ReturnedCell, cells, settle
from sync.workbook.ledger import returned_for
from sync.workbook.returned import Taken, take
from sync.workbook.sending import write_workbook

router = APIRouter()
_DIGITS: Final = 19  # of a number that a bigint holds whatever it is
_MOST_FORM: Final = 10_000  # bytes of a form without a file
_BESIDE: Final = Translated(
    {
        "why": N_("reason"),
        "todo": N_("to do"),
        "source": N_("filled in from"),
        "label": N_("name"),
        "ref": N_("reference"),
    }
)
Number = Annotated[int, Path(ge=1, lt=2**63)]


@router.get("/submissions/{number}/workbook")
def workbook_page(reader: RecordsReader, number: Number) -> Response:
    """Show what can be done with a submission's workbook, and what came back."""
    with reader.engine.connect() as connection:
        visible_case(connection, reader.principal, number, now=datetime.now(UTC))
    return _page(reader.engine, reader.principal, number)


@router.post("/submissions/{number}/workbook")
async def give_back(request: Request, number: Number) -> Response:
    """Take the file that a form brings."""
    same_origin(request)
    length = request.headers.get("content-length", "")
    if not length.isdigit() or int(length) > MOST:
        raise Problem(413, "too-large", f"The file has more than {MOST >> 20} MB; no returned workbook has.")
    async with request.form(max_files=1, max_fields=1) as form:
        file = form.get("file")
        if not isinstance(file, UploadFile) or not file.filename:
            raise bad_request("Choose the workbook to give back.")
        name, body = plain_name(file.filename), await file.read()
    return await run_in_threadpool(_take, request, number, name, body)


@router.post("/submissions/{number}/workbook/download")
def download(request: Request, number: Number) -> Response:
    """Write the workbook as things stand."""
    principal, actor = _who(request)
    now = datetime.now(UTC)
    with unit_of_work(request.app.state.engine) as connection:
        case = visible_case(connection, principal, number, now=now)
        return file_answer(write_workbook(connection, case, by=actor.name, now=now))


@router.post("/submissions/{number}/workbook/answered/{returned}")
def answered(request: Request, number: Number, returned: Number) -> Response:
    """Write the copy that answers a returned workbook."""
    principal, actor = _who(request)
    engine, now = request.app.state.engine, datetime.now(UTC)
    with engine.connect() as connection:
        veil, _case = lifted_case(connection, principal, number, now=now)
        if not cells(connection, submission=number, returned=returned):
            raise not_found(f"There is no returned workbook {returned} with cells to answer.")
    try:
        return file_answer(answered_copy(engine, returned, by=actor.name, now=now, shown=veil.case))
    except NothingToAnswer as error:
        raise not_found(f"{error}.") from None


@router.post("/submissions/{number}/workbook/settle/{cell}")
async def settle_conflict(request: Request, number: Number, cell: Number) -> Response:
    """Let one of two values count."""
    same_origin(request)
    form = await read_form(request, most=_MOST_FORM, what="a choice can be")
    return await run_in_threadpool(_settle, request, number, cell, form)


def _who(request: Request) -> tuple[Principal, Actor]:
    same_origin(request)
    return acting(request)


def _take(request: Request, number: int, name: str, body: bytes) -> Response:
    principal, actor = acting(request)
    engine, now = request.app.state.engine, datetime.now(UTC)
    with engine.connect() as connection:
        visible_case(connection, principal, number, now=now)
    taken = take(engine, body, name, actor=actor, now=now, expect=number)
    return _page(engine, principal, number, taken=taken, status=422 if taken.state == "refused" else 200)


def _settle(request: Request, number: int, cell: int, form: Mapping[str, str]) -> Response:
    keep, shown = form.get("keep", ""), form.get("answer", "")
    principal, actor = acting(request)
    engine, now = request.app.state.engine, datetime.now(UTC)
    with engine.connect() as connection:
        visible_case(connection, principal, number, now=now)
        if cell not in {each.id for each in cells(connection, submission=number, open_only=True)}:
            raise not_found(f"There is no open conflict {cell} of this submission.")
    if keep not in ("returned", "current"):
        raise bad_request("Say which of the two values counts.")
    try:
        settle(
            engine,
            cell,
            "returned" if keep == "returned" else "current",
            actor=actor,
            because=form.get("because", "").strip() or None,
            seen=int(shown) if shown.isdecimal() and len(shown) < _DIGITS else None,
            now=now,
        )
    except NoSuchCell as error:
        raise not_found(f"{error}.") from None
    except Refused as error:
        return _page(engine, principal, number, wrong=f"{error}.", status=409)
    return RedirectResponse(link("/submissions/{}/workbook", number), 303)


def _page(
    engine: Any,
    principal: Principal,
    number: int,
    *,
    taken: Taken | None = None,
    wrong: str | None = None,
    status: int = 200,
) -> Response:
    with engine.connect() as connection:
        veil, case = lifted_case(connection, principal, number, now=datetime.now(UTC))
        found = cells(connection, submission=number, open_only=True)
        came = returned_for(connection, number)
    labels = {field.rule.id: field.rule.label for field in case.template.fields}
    context = {
        "title": _("Workbook, %(project)s", project=case.submission.project_name),
        "head": case.submission,
        "heading": case.template.header.title,
        "taken": taken,
        "wrong": wrong,
        "may": actor_of(principal) is not None,
        "is_open": case.is_open,
        "cells_of": [
            _told(one.ref, one.part, one.kind, one.says, labels) for one in (taken.outcomes if taken else ())
        ],
        "conflicts": [_conflict(each, labels, veil) for each in found],
        "came": came,
    }  # fmt: skip
    path = link("/submissions/{}/workbook", number)
    return Response(html("workbook.html", principal=principal, here=path, **context), status, media_type=HTML)


def _told(ref: str, part: str, kind: str, says: str, labels: dict[str, str]) -> dict[str, str]:
    return {"where": _where(ref, part, labels), "kind": kind, "says": says}


def _conflict(cell: ReturnedCell, labels: dict[str, str], veil: Veil) -> dict[str, Any]:
    """Return a conflict with what stands by now, which may be neither of the two."""
    returned, current = (
        None if each is None else exactly(veil.cell(each)) for each in (cell.returned, cell.now)
    )
    return {"id": cell.id, "where": _where(cell.record, cell.field, labels), "returned": returned,
            "current": current, "by": cell.by, "at": cell.at, "answer": cell.answer, "reason": cell.reason}  # fmt: skip


def _where(ref: str, part: str, labels: dict[str, str]) -> str:
    """Call a cell what a person does."""
    cell, own, column = part.partition("~")
    place = Part.of(cell)
    label = labels.get(place.field, place.field)
    return " ".join(filter(None, [ref, label, place.month, own and f"({_BESIDE.get(column, column)})"]))
