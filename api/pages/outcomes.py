"""Outcomes as a page: watermelons by month, colours scored, forecasters compared."""

from typing import Any, Final

from fastapi import APIRouter
from sqlalchemy.orm import Session
from starlette.responses import Response

from api.access import StatusReader
from api.answer import Visible
from api.pages.render import page
from config import shipped
from sync.match import NotConfigured
from sync.outcomes.document import NoHistory, outcomes

router = APIRouter()
_MONTHS: Final = 6  # of the newest that are shown
_FEW: Final = 50  # stretches and raters that are shown; JSON has all


@router.get("/outcomes")
def outcomes_page(reader: StatusReader) -> Response:
    """Show what the reports, colours and forecasts of the visible projects were worth."""

    def collect(session: Session, _visible: Visible) -> dict[str, Any]:
        title = {"title": "Outcomes"}
        try:
            found = outcomes(session, shipped.outcomes(), visible=reader.principal.projects)
        except (NoHistory, NotConfigured) as error:
            return title | {"found": None, "nothing": str(error)}
        return (
            title | {"found": found, "nothing": None, "few": _FEW} | _by_month(found["watermelon"]["periods"])
        )

    return page(reader, "outcomes.html", collect)


def _by_month(periods: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the newest months, and each dimension's entries of them."""
    months = list(dict.fromkeys(each["period"] for each in periods))[-_MONTHS:]
    rows: dict[str, list[dict[str, Any]]] = {}
    for each in periods:
        if each["period"] in months:
            rows.setdefault(each["dimension"], []).append(each)
    return {"months": months, "dimensions": rows}
