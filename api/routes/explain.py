"""The receipt of one number or colour."""

from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path
from sqlalchemy.orm import Session
from starlette.responses import Response

from api.access.visible import StatusReader
from api.routes.common import PROBLEMS, AsOf, KnownAt, visible_project
from api.shapes.status import ExplainShape
from api.wire.answer import Visible, json_answer
from api.wire.problems import not_found
from api.wire.whole_keys import ProjectKey
from sync.receipts import explain

router = APIRouter()


@router.get(
    "/projects/{key}/explain/{attribute}", response_model=ExplainShape, responses=PROBLEMS,
    summary="Explain a value", operation_id="explain",
)  # fmt: skip
def get_explanation(
    reader: StatusReader,
    key: ProjectKey,
    attribute: Annotated[str, Path(max_length=100, examples=["schedule"])],
    as_of: AsOf = None,
    known_at: KnownAt = None,
) -> Response:
    """Say where a value comes from: rule, inputs, the claims that won and lost, and each one's cell or record."""
    now = datetime.now(UTC)

    def collect(session: Session, visible: Visible) -> Any:
        visible_project(session, visible, key)
        try:
            return explain(session, key, attribute, as_of=as_of, known_at=known_at, now=now)
        except LookupError as error:
            raise not_found(str(error.args[0]) if error.args else f"{key} has no {attribute}.") from error

    return json_answer(reader, collect, also=f"{now:%Y%m%d%H%M}")  # a source may become overdue meanwhile
