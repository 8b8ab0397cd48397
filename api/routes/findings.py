"""What the templates found missing, invalid, failed or stale."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.responses import Response

from api.access import FindingsReader, only_visible
from api.answer import Visible, json_answer, z
from api.paging import Page
from api.routes.common import PROBLEMS, Text
from api.shapes import FindingShape, Paged
from model.tables import Finding, Project

router = APIRouter()


@router.get(
    "/findings", response_model=Paged[FindingShape], responses=PROBLEMS, summary="Findings",
    operation_id="list_findings",
)  # fmt: skip
def list_findings(
    reader: FindingsReader,
    paging: Page,
    project: Text = None,
    severity: Annotated[Literal["block", "warn", "info"] | None, Query()] = None,
    template: Text = None,
    state: Annotated[Literal["open", "closed", "all"], Query()] = "open",
) -> Response:
    """List findings, the open ones unless asked otherwise."""

    def collect(session: Session, visible: Visible) -> dict[str, Any]:
        query = (
            select(Finding, Project.key)
            .join(Project, Project.id == Finding.project_id)
            .where(only_visible(Finding.project_id, visible))
        )
        given = ((Project.key, project), (Finding.severity, severity), (Finding.template, template))
        query = query.where(*(column == value for column, value in given if value is not None))
        if state != "all":
            open_ = Finding.closed_at.is_(None)
            query = query.where(open_ if state == "open" else ~open_)
        rows = session.execute(paging.page(query, Finding.__table__.c.id)).all()
        return paging.document([finding_document(*row) for row in rows], [row[0].id for row in rows])

    return json_answer(reader, collect, link=paging.link)


def finding_document(found: Finding, project: str) -> dict[str, Any]:
    """Return a finding as the API shows it."""
    return {
        "id": found.id,
        "project": project,
        "template": found.template,
        "version": found.version,
        "record_ref": found.record_ref,
        "rule": found.rule,
        "kind": found.kind,
        "severity": found.severity,
        "says": found.says,
        "locator": found.locator,
        "opened_at": z(found.opened_at),
        "closed_at": z(found.closed_at),
    }
