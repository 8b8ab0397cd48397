"""What changed since the last board: news, and history that was rewritten, project by project."""

from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter
from sqlalchemy.orm import Session
from starlette.responses import Response

from api.access.visible import StatusReader
from api.pages.render import page
from api.pages.snapshot_days import snapshot_days
from api.pages.view import usual
from api.routes.common import AsOf, KnownAt
from api.translation import _
from api.wire.answer import Visible
from api.wire.values import Day
from sync.changes import changes

router = APIRouter()


@router.get("/changes")
def changes_page(
    reader: StatusReader, since: Day | None = None, as_of: AsOf = None, known_at: KnownAt = None
) -> Response:
    """Show what changed of the visible projects from a day to another."""
    now = known_at or datetime.now(UTC)

    def collect(session: Session, _visible: Visible) -> dict[str, Any]:
        days = snapshot_days(session, known_at)
        day = since or usual(days, as_of)
        found = None
        if day is not None:
            found = changes(session, since=day, as_of=as_of, now=now, visible=reader.principal.projects)
        return {"title": _("Changes"), "found": found, "days": days, "since": day, "as_of": as_of}

    return page(reader, "changes.html", collect, also=f"{now:%Y%m%d%H%M}")
