"""A raw page: where it came from, its hash, and its bytes to take away."""

from typing import Any

from fastapi import APIRouter
from sqlalchemy.orm import Session
from starlette.responses import Response

from api.access.visible import RecordsReader
from api.pages.render import page
from api.routes.raw_pages import Number, raw_page
from api.translation import _
from api.wire.answer import Visible

router = APIRouter()


@router.get("/raw-pages/{number}")
def raw_page_page(reader: RecordsReader, number: Number) -> Response:
    """Show what a receipt ends at."""

    def collect(session: Session, visible: Visible) -> dict[str, Any]:
        return {"title": _("Raw page %(number)s", number=number), "found": raw_page(session, visible, number)}

    return page(reader, "raw_page.html", collect)
