"""Milestones, in the version known at an instant."""

from typing import Any

from fastapi import APIRouter
from sqlalchemy.orm import Session
from starlette.responses import Response

from api.access import RecordsReader
from api.answer import Visible, day, json_answer, z
from api.paging import Page
from api.routes.common import PROBLEMS, KnownAt, Text, about, version_page
from api.shapes import MilestoneShape, Paged
from model.tables import Milestone, Project, Source

router = APIRouter()


@router.get(
    "/milestones", response_model=Paged[MilestoneShape], responses=PROBLEMS, summary="Milestones",
    operation_id="list_milestones",
)  # fmt: skip
def list_milestones(
    reader: RecordsReader, paging: Page, project: Text = None, source: Text = None, known_at: KnownAt = None
) -> Response:
    """List milestones that stood at `known_at`."""

    def collect(session: Session, visible: Visible) -> dict[str, Any]:
        query = version_page(Milestone, paging, visible, known_at=known_at)
        if project is not None:
            query = query.where(Project.key == project)
        if source is not None:
            query = query.where(Source.name == source)
        rows = session.execute(query).all()
        return paging.document([milestone_document(*row) for row in rows], [row[0].id for row in rows])

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
