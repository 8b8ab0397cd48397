"""Milestones, in the version known at an instant."""

from typing import Any

from fastapi import APIRouter
from sqlalchemy.orm import Session
from starlette.responses import Response

from api.access.visible import RecordsReader
from api.routes.common import PROBLEMS, AskedClocks, Text, about, version_document
from api.shapes.common import Paged
from api.shapes.plan import MilestoneShape
from api.wire.answer import Visible, day, json_answer, z
from api.wire.paging import Page
from model.tables import Milestone, Project, Source

router = APIRouter()


@router.get(
    "/milestones", response_model=Paged[MilestoneShape], responses=PROBLEMS, summary="Milestones",
    operation_id="list_milestones",
)  # fmt: skip
def list_milestones(
    reader: RecordsReader, paging: Page, clocks: AskedClocks, project: Text = None, source: Text = None
) -> Response:
    """List milestones that stood at `known_at`."""

    def collect(session: Session, visible: Visible) -> dict[str, Any]:
        given = ((Project.key, project), (Source.name, source))
        return version_document(session, paging, (Milestone, visible, clocks), given, milestone_document)

    return json_answer(reader, collect, link=paging.link)


def milestone_document(found: Milestone, source: str, project: str | None) -> dict[str, Any]:
    """Return a milestone as the API shows it."""
    expected = found.actual or found.forecast
    slip = None if expected is None or found.baseline is None else (expected - found.baseline).days
    return {
        "source": source,
        "external_id": found.external_id,
        "project": project,
        "project_ref": found.project_ref,
        "name": found.name,
        "state": found.state,
        "weight": found.weight,
        "critical": found.critical,
        "baseline": day(found.baseline),
        "forecast": day(found.forecast),
        "actual": day(found.actual),
        "slip_days": slip,
        "acceptance": found.acceptance,
        "known_from": z(found.known_from),
        "locator": found.locator,
        "url": found.url,
        **about(found),
    }
