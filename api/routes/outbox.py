"""The outbox: what somebody is to be told, for push channels to deliver."""

from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from api.access.origin import sent_from_here
from api.access.visible import RecordsReader, authenticate, bearer, visible_projects
from api.routes.common import PROBLEMS, ChangedSince
from api.routes.cycles import fresh
from api.shapes.collection import DeliveredShape, EventShape, GivenDelivery
from api.shapes.common import Paged
from api.wire.answer import JSON, to_json, z
from api.wire.bodies import StrictRoute
from api.wire.paging import Page
from api.wire.values import MOST_ID
from sync.collection.outbox import events, mark_delivered

router = APIRouter(route_class=StrictRoute)


@router.get(
    "/outbox",
    response_model=Paged[EventShape],
    responses=PROBLEMS,
    summary="Events",
    operation_id="list_events",
)
def list_events(
    reader: RecordsReader,
    paging: Page,
    submission: Annotated[int | None, Query(ge=1, le=MOST_ID)] = None,
    waiting: Annotated[bool, Query(description="Only what was not delivered yet")] = False,  # noqa: FBT002 - a query parameter
    changed_since: ChangedSince = None,
) -> Response:
    """List what somebody is to be told, in the order it came up; of the projects you may see."""
    after = paging.whole_number() or 0
    with reader.engine.connect() as connection:
        with Session(connection) as session:
            visible = visible_projects(session, reader.principal)
        rows = events(
            connection, projects=None if visible is None else list(visible), submission=submission,
            waiting=waiting, since=changed_since, after=after, limit=paging.limit + 1,
        )  # fmt: skip
    items = [
        {
            "id": row["id"], "key": row["key"], "kind": row["kind"], "at": z(row["at"]),
            "submission": row["submission_id"], "project": row["project"], "role": row["role"],
            "person": row["person"], "says": row["says"], "payload": row["payload"],
            "delivered_at": z(row["delivered_at"]),
        }
        for row in rows
    ]  # fmt: skip
    document = paging.document(items, [row["id"] for row in rows])
    return fresh(reader, document, link=paging.link(document))


@router.post(
    "/outbox/delivered", response_model=DeliveredShape, responses=PROBLEMS, summary="Mark as delivered",
    operation_id="deliver_events",
)  # fmt: skip
async def post_delivered(
    request: Request, given: GivenDelivery, _documented: Annotated[Any, Depends(bearer)] = None
) -> Response:
    """Say that events were delivered, so that no other channel delivers them again."""

    def delivered() -> int:
        sent_from_here(request)
        authenticate(request.app.state.engine, request)
        return mark_delivered(request.app.state.engine, given.events, datetime.now(UTC))

    return Response(to_json({"delivered": await run_in_threadpool(delivered)}), media_type=JSON)
