"""What colours and forecasts were worth: watermelons, colours scored by their outcome, forecasters."""

from typing import Annotated, Any

from fastapi import APIRouter, Query
from sqlalchemy.orm import Session
from starlette.responses import Response

from api.access.visible import StatusReader
from api.routes.common import PROBLEMS, AsOf, KnownAt, visible_project
from api.shapes.outcome import OutcomesShape
from api.wire.answer import Visible, json_answer
from api.wire.problems import not_found
from config import shipped
from sync.match import NotConfigured
from sync.outcomes.document import NoHistory, outcomes

router = APIRouter()


@router.get(
    "/outcomes", response_model=OutcomesShape, responses=PROBLEMS, summary="What colours and forecasts were worth",
    operation_id="get_outcomes",
)  # fmt: skip
def get_outcomes(
    reader: StatusReader,
    as_of: AsOf = None,
    known_at: KnownAt = None,
    project: Annotated[
        str | None, Query(max_length=200, description="Of this one only, with each colour and forecast")
    ] = None,
    slip_days: Annotated[
        int | None, Query(ge=0, le=3650, description="Days that a finish may move by; 30 when left out")
    ] = None,
    horizon_days: Annotated[
        int | None,
        Query(
            ge=1,
            le=3650,
            description="Within so many days; left out: 180, or fewer where the history is shorter",
        ),
    ] = None,
) -> Response:
    """Hold the reports, colours and forecasts of the visible projects to what came of them."""
    given = {"slip_days": slip_days, "horizon_days": horizon_days}
    terms = shipped.outcomes().model_copy(update={name: n for name, n in given.items() if n is not None})

    def collect(session: Session, visible: Visible) -> dict[str, Any]:
        if project is not None:
            visible_project(session, visible, project)
        seen = reader.principal.projects
        try:
            return outcomes(
                session, terms, as_of=as_of, known_at=known_at, visible=seen, project=project,
                fitting=slip_days is None and horizon_days is None,
            )  # fmt: skip
        except (NoHistory, NotConfigured) as error:
            raise not_found(f"{error}.") from None

    return json_answer(reader, collect)
