"""Saved views: addresses of pages under names of one's own, and those that the office shares."""

from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from api.access.origin import sent_from_here
from api.access.visible import StatusReader, authenticate, bearer
from api.pages.views import may_share, owner_of
from api.routes.common import PROBLEMS
from api.routes.cycles import fresh
from api.shapes.common import Paged
from api.shapes.view import GivenName, GivenView, ViewShape
from api.wire.answer import JSON, to_json, z
from api.wire.bodies import StrictRoute
from api.wire.paging import Page
from api.wire.problems import Problem, not_found
from api.wire.values import MOST_ID
from sync.store import unit_of_work
from sync.views import Kept, ViewRefused, Wanted, forget, keep, rename, views

router = APIRouter(route_class=StrictRoute)
Number = Annotated[int, Path(ge=1, le=MOST_ID, examples=[7])]
_Documented = Annotated[Any, Depends(bearer)]


@router.get(
    "/views", response_model=Paged[ViewShape], responses=PROBLEMS, summary="Saved views",
    operation_id="list_views",
)  # fmt: skip
def list_views(reader: StatusReader, paging: Page) -> Response:
    """List one's own views and those of others that are shared and tell nothing hidden."""
    principal = reader.principal
    with reader.engine.connect() as connection:
        found = views(connection, owner_of(principal), principal.projects)
    document = paging.listed([_document(each) for each in found], "id")
    return fresh(reader, document, link=paging.link(document))


@router.post(
    "/views", response_model=ViewShape, responses=PROBLEMS, summary="Keep a view", operation_id="keep_view",
    status_code=201,
)  # fmt: skip
async def post_view(request: Request, given: GivenView, _documented: _Documented = None) -> Response:
    """Keep a view; one of one's own of that name is another address from now on."""
    return await run_in_threadpool(_kept, request, Wanted(given.name, given.address, given.shared))


@router.post(
    "/views/{number}/rename", response_model=ViewShape, responses=PROBLEMS, summary="Rename a view",
    operation_id="rename_view",
)  # fmt: skip
async def post_name(
    request: Request, number: Number, given: GivenName, _documented: _Documented = None
) -> Response:
    """Call a view of one's own otherwise."""
    return await run_in_threadpool(_renamed, request, number, given.name)


@router.post(
    "/views/{number}/forget", response_model=ViewShape, responses=PROBLEMS, summary="Throw a view away",
    operation_id="forget_view",
)  # fmt: skip
def post_forget(request: Request, number: Number, _documented: _Documented = None) -> Response:
    """Throw a view of one's own away; the answer is the view as it was."""
    sent_from_here(request)
    principal, _ = authenticate(request.app.state.engine, request)
    owner = owner_of(principal)
    with unit_of_work(request.app.state.engine) as connection:
        found = [each for each in views(connection, owner) if each.id == number and each.mine]
        if not found or not forget(connection, owner, number):
            raise _none(number)
    return Response(to_json(_document(found[0])), media_type=JSON)


def _kept(request: Request, wanted: Wanted) -> Response:
    sent_from_here(request)
    engine = request.app.state.engine
    principal, _ = authenticate(engine, request)
    may_share(principal, wanted)
    owner = owner_of(principal)
    try:
        with unit_of_work(engine) as connection:
            number = keep(connection, owner, principal.shown, wanted, at=datetime.now(UTC))
            [found] = [each for each in views(connection, owner) if each.id == number]
    except ViewRefused as error:
        raise Problem(422, "invalid-view", str(error)) from None
    return Response(to_json(_document(found)), 201, media_type=JSON)


def _renamed(request: Request, number: int, name: str) -> Response:
    sent_from_here(request)
    engine = request.app.state.engine
    principal, _ = authenticate(engine, request)
    owner = owner_of(principal)
    try:
        with unit_of_work(engine) as connection:
            if not rename(connection, owner, number, name):
                raise _none(number)
            [found] = [each for each in views(connection, owner) if each.id == number]
    except ViewRefused as error:
        raise Problem(422, "invalid-view", str(error)) from None
    return Response(to_json(_document(found)), media_type=JSON)


def _none(number: int) -> Problem:
    return not_found(f"There is no view {number} of yours.")


def _document(view: Kept) -> dict[str, Any]:
    return {
        "id": view.id, "name": view.name, "address": view.address, "shared": view.shared, "kept_by": view.kept_by,
        "mine": view.mine, "created_at": z(view.created_at),
    }  # fmt: skip
