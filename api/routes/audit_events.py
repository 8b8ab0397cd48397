"""The log of who changed what, for programs that keep a copy or watch it."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from sqlalchemy.orm import Session
from starlette.responses import Response

from api.access.visible import AuditReader
from api.audit_files import document
from api.routes.common import PROBLEMS, Text
from api.shapes.audit import AuditEventShape
from api.shapes.common import Paged
from api.wire.answer import Visible, json_answer
from api.wire.paging import Page
from api.wire.values import Instant
from sync.audit_log import Wanted, following

router = APIRouter()


@router.get(
    "/audit-events", response_model=Paged[AuditEventShape], responses=PROBLEMS, summary="Audit events",
    operation_id="list_audit_events",
)  # fmt: skip
def list_audit_events(  # noqa: PLR0913, PLR0917  (each is a filter of the address)
    reader: AuditReader,
    paging: Page,
    actor: Text = None,
    way: Literal["page", "api", "command", "clock"] | None = None,
    action: Annotated[
        str | None, Query(max_length=60, description="A whole one, or what stands before its point")
    ] = None,
    subject: Annotated[str | None, Query(max_length=200, description="Or what it begins with")] = None,
    since: Annotated[Instant | None, Query(description="At or after this instant")] = None,
    until: Annotated[Instant | None, Query(description="Before this instant")] = None,
) -> Response:
    """List who did what, the first first, so that whoever asks again with the last cursor gets what came since."""
    wanted = Wanted(actor=actor, way=way, action=action, subject=subject, since=since, until=until)

    def collect(session: Session, _visible: Visible) -> dict[str, Any]:
        found = following(
            session.connection(), wanted, after=paging.whole_number() or 0, limit=paging.limit + 1
        )
        return paging.document([document(each) for each in found], [each.seq or 0 for each in found])

    return json_answer(reader, collect, link=paging.link)
