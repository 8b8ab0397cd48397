"""The web form of a submission: what it needs first, drafts saved, conflicts shown with both values."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Final

from fastapi import APIRouter, Path, Query
from sqlalchemy import Engine
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from api.access.actors import acting, actor_of
from api.access.origin import same_origin
from api.access.visible import Principal, RecordsReader
from api.pages.form_deeds import Done, Unsaved, act
from api.pages.form_model import address
from api.pages.form_posted import Posted, met, read_posted, unsaved
from api.pages.form_show import Sheet, sheet_page
from api.pages.render import link
from api.routes.submissions import lifted_case, visible_case
from api.wire.forms import read_form
from api.wire.problems import not_found
from model.collection.cases import OWN, has_items
from model.collection.roles import Actor
from sync.collection.answers import NEW
from sync.collection.case import Case

router = APIRouter()
_MOST_FORM: Final = 2_000_000  # bytes: fifty texts of the longest kind
Number = Annotated[int, Path(ge=1, lt=2**63)]
Ref = Annotated[str | None, Query(max_length=500)]
Saved = Annotated[int | None, Query(ge=0, lt=2**31)]


@router.get("/submissions/{number}")
def submission_page(reader: RecordsReader, number: Number, saved: Saved = None) -> Response:
    """Show a submission's form; of a template with many records the table of them."""
    return _read(reader, number, None, saved)


@router.get("/submissions/{number}/record")
def record_page(reader: RecordsReader, number: Number, ref: Ref = None, saved: Saved = None) -> Response:
    """Show one record of a submission, or an empty one to be added."""
    return _read(reader, number, ref or f"{NEW}1", saved)


@router.post("/submissions/{number}")
async def save_submission(request: Request, number: Number) -> Response:
    """Save what was typed, and take the step that was asked for."""
    return await _post(request, number, None)


@router.post("/submissions/{number}/record")
async def save_record(request: Request, number: Number, ref: Ref = None) -> Response:
    """Save what was typed into one record."""
    return await _post(request, number, ref or f"{NEW}1")


async def _post(request: Request, number: int, ref: str | None) -> Response:
    same_origin(request)
    form = await read_form(request, most=_MOST_FORM, what="a submission can be")
    return await run_in_threadpool(_written, request, number, ref, form)


def _read(reader: RecordsReader, number: int, ref: str | None, saved: int | None) -> Response:
    with reader.engine.connect() as connection:
        case = visible_case(connection, reader.principal, number, now=datetime.now(UTC))
        at = _place(case, ref)
        sheet = Sheet(case, at, reader.principal, actor_of(reader.principal), saved=saved)
        return sheet_page(connection, sheet, path=reader.request.url.path)


def _place(case: Case, ref: str | None) -> str | None:
    """Return which record is meant; None where a table of them is.

    Raises:
        Problem: 404 for a record that is not there.
    """
    if not has_items(case.template):
        if ref is not None:
            raise not_found("This submission has one record only.")
        return OWN
    if ref is None or ref.startswith(NEW) or case.record(ref) is not None:
        return ref
    raise not_found(f"There is no record {ref} in this submission.")


def _written(request: Request, number: int, ref: str | None, form: Mapping[str, str]) -> Response:
    engine: Engine = request.app.state.engine
    principal, actor = acting(request)
    now = datetime.now(UTC)
    with engine.connect() as connection:
        veil, case = lifted_case(connection, principal, number, now=now)
        at = _place(case, ref)
        posted = read_posted(case.template, form)
    try:
        done = act(engine, (case, veil), at, posted, form, actor=actor, now=now)
    except Unsaved as error:
        return _again(request, principal, actor, (number, at), posted, error)
    return RedirectResponse(_onward(done, at, number), 303)


def _onward(done: Done, at: str | None, number: int) -> str:
    if at is None or at == OWN:
        return link("/submissions/{}", number, saved=str(done.saved))
    return link("/submissions/{}/record", number, ref=done.made.get(at, at), saved=str(done.saved))


def _again(
    request: Request,
    principal: Principal,
    actor: Actor,
    place: tuple[int, str | None],
    posted: Posted,
    error: Unsaved,
) -> Response:
    """Show the form again as it stands now, with what was typed and could not be saved still in it."""
    number, at = place
    with request.app.state.engine.connect() as connection:
        case = visible_case(connection, principal, number, now=datetime.now(UTC))
        typed: dict[str, Any] = {}
        changed: frozenset[str] = frozenset()
        if at is not None and not error.kept:
            record = case.record(at) or case.blank(at)
            typed = unsaved(case.template, record, posted, case.submission.period)
            changed = met(case.template, record, posted, case.submission.period)
        sheet = Sheet(case, at, principal, actor, unsaved=typed, met=changed, wrong=error)
        return sheet_page(connection, sheet, path=address(number, at or OWN), status=error.status)
