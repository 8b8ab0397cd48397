"""Cost lines, in the version known at an instant."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from sqlalchemy.orm import Session
from starlette.responses import Response

from api.access.visible import RecordsReader
from api.routes.common import PROBLEMS, AskedClocks, Text, version_document
from api.shapes.common import Paged
from api.shapes.plan import CostShape
from api.wire.answer import Visible, day, json_answer, z
from api.wire.paging import Page
from model.tables import CostLine, Project, Source

router = APIRouter()


@router.get(
    "/costs", response_model=Paged[CostShape], responses=PROBLEMS, summary="Cost lines",
    operation_id="list_costs",
)  # fmt: skip
def list_costs(
    reader: RecordsReader,
    paging: Page,
    clocks: AskedClocks,
    project: Text = None,
    source: Text = None,
    kind: Annotated[Literal["baseline", "forecast", "actual", "committed", "earned"] | None, Query()] = None,
) -> Response:
    """List cost lines that stood at `known_at`."""

    def collect(session: Session, visible: Visible) -> dict[str, Any]:
        given = ((Project.key, project), (Source.name, source), (CostLine.kind, kind))
        return version_document(session, paging, (CostLine, visible, clocks), given, cost_document)

    return json_answer(reader, collect, link=paging.link)


def cost_document(found: CostLine, source: str, project: str | None) -> dict[str, Any]:
    """Return a cost line as the API shows it."""
    return {
        "source": source,
        "external_id": found.external_id,
        "project": project,
        "project_ref": found.project_ref,
        "category": found.category,
        "kind": found.kind,
        "period": day(found.period),
        "amount": found.amount,
        "currency": found.currency,
        "known_from": z(found.known_from),
        "locator": found.locator,
        "url": found.url,
    }
