"""Outcomes as a page: watermelons by month, colours scored, forecasters compared."""

from datetime import date
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query
from sqlalchemy.orm import Session
from starlette.responses import Response

from api.access.visible import StatusReader
from api.pages.render import page
from api.routes.common import AsOf, KnownAt
from api.translation import _
from api.wire.answer import Visible
from config import shipped
from model.status.phased import month_end
from sync.match import NotConfigured
from sync.outcomes.document import NoHistory, outcomes

router = APIRouter()
_MONTHS: Final = 6  # of the newest that are shown
_HORIZONS: Final = (365, 180, 90, 60, 30, 14, 7)
_FEW: Final = 50  # stretches and raters that are shown; JSON has all


@router.get("/outcomes")
def outcomes_page(
    reader: StatusReader,
    as_of: AsOf = None,
    known_at: KnownAt = None,
    slip_days: Annotated[int | None, Query(ge=0, le=3650)] = None,
    horizon_days: Annotated[int | None, Query(ge=1, le=3650)] = None,
) -> Response:
    """Show what the reports, colours and forecasts of the visible projects were worth, by the terms asked for."""
    given = {
        name: days
        for name, days in (("slip_days", slip_days), ("horizon_days", horizon_days))
        if days is not None
    }
    terms = shipped.outcomes().model_copy(update=given)
    clocks = {
        name: each.isoformat()
        for name, each in (("as_of", as_of), ("known_at", known_at))
        if each is not None
    }
    asked = {name: str(days) for name, days in given.items()} | clocks

    def collect(session: Session, _visible: Visible) -> dict[str, Any]:
        title = {"title": _("Outcomes"), "asked": asked}
        try:
            found = outcomes(
                session, terms, as_of=as_of, known_at=known_at, visible=reader.principal.projects,
                fitting=not given,
            )  # fmt: skip
        except (NoHistory, NotConfigured) as error:
            return title | {"found": None, "nothing": str(error)}
        more = {"nothing": None, "few": _FEW, "sooner": _sooner(found)}
        return title | {"found": found} | more | _by_month(found["watermelon"]["periods"])

    return page(reader, "outcomes.html", collect)


def _sooner(found: dict[str, Any]) -> int | None:
    """Return the longest horizon that the history is long enough for, where by the one asked nothing is decided."""
    months = [each["period"] for each in found["watermelon"]["periods"]]
    if found["colours"]["decided"] or not months:
        return None
    first = month_end(date.fromisoformat(f"{min(months)}-01"))  # of each month its last day is scored
    known = (date.fromisoformat(found["history"]["last"]) - first).days
    return next((days for days in _HORIZONS if days <= known and days < found["terms"]["horizon_days"]), None)


def _by_month(periods: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the newest months, and each dimension's entries of them."""
    months = list(dict.fromkeys(each["period"] for each in periods))[-_MONTHS:]
    rows: dict[str, list[dict[str, Any]]] = {}
    for each in periods:
        if each["period"] in months:
            rows.setdefault(each["dimension"], []).append(each)
    return {"months": months, "dimensions": rows}
