"""The status document: every project's colours, with reasons, on a day, as known at an instant."""

from typing import Any

from fastapi import APIRouter
from sqlalchemy.orm import Session
from starlette.responses import Response

from api.access.visible import StatusReader
from api.routes.common import PROBLEMS, AsOf, KnownAt
from api.shapes.status import StatusShape
from api.wire.answer import Visible, json_answer
from sync.receipts import status_document

router = APIRouter()


@router.get(
    "/status", response_model=StatusShape, responses=PROBLEMS, summary="Status", operation_id="get_status"
)
def get_status(reader: StatusReader, as_of: AsOf = None, known_at: KnownAt = None) -> Response:
    """Return the consolidated status of every visible project."""

    def collect(session: Session, _visible: Visible) -> Any:
        return status_document(session, as_of=as_of, known_at=known_at, visible=reader.principal.projects)

    return json_answer(reader, collect)
