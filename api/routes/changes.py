"""What changed since an earlier day, news told apart from rewritten history."""

from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter
from fastapi import Query as Parameter
from sqlalchemy.orm import Session
from starlette.responses import Response

from api.access.visible import StatusReader
from api.routes.common import PROBLEMS, AsOf, KnownAt
from api.shapes.change import ChangesShape
from api.wire.answer import Visible, json_answer
from api.wire.values import Day
from sync.changes import changes

router = APIRouter()

Since = Annotated[
    Day, Parameter(description="The earlier day, as known when it ended: that of the last board")
]


@router.get(
    "/changes", response_model=ChangesShape, responses=PROBLEMS, summary="Changes since a day",
    operation_id="get_changes",
)  # fmt: skip
def get_changes(reader: StatusReader, since: Since, as_of: AsOf = None, known_at: KnownAt = None) -> Response:
    """Return what changed of every visible project since a day, as known when that ended."""
    now = known_at or datetime.now(UTC)

    def collect(session: Session, _visible: Visible) -> Any:
        return changes(session, since=since, as_of=as_of, now=now, visible=reader.principal.projects)

    return json_answer(reader, collect, also="" if known_at else f"{now:%Y%m%d%H%M}")
