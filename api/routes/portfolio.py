"""The portfolio in figures: how many projects of which colour, in all and by programme."""

from collections import Counter
from collections.abc import Iterable
from typing import Any

from fastapi import APIRouter
from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.responses import Response

from api.access import StatusReader
from api.answer import Visible, json_answer
from api.routes.common import PROBLEMS, AsOf, KnownAt
from api.shapes import PortfolioShape
from model.tables import Portfolio
from sync.receipts import status_document

router = APIRouter()

WORST_FIRST = ("RED", "AMBER", "GREY", "GREEN", "BLUE")
WATERMELON = 2  # colours between green outside and red inside


@router.get(
    "/portfolio", response_model=PortfolioShape, responses=PROBLEMS, summary="The portfolio",
    operation_id="get_portfolio",
)  # fmt: skip
def get_portfolio(reader: StatusReader, as_of: AsOf = None, known_at: KnownAt = None) -> Response:
    """Return the portfolio's counts of the visible projects."""

    def collect(session: Session, _visible: Visible) -> dict[str, Any]:
        status = status_document(session, as_of=as_of, known_at=known_at, visible=reader.principal.projects)
        whole = session.scalars(select(Portfolio).order_by(Portfolio.id)).first()
        return {
            "key": whole and whole.key,
            "name": whole and whole.name,
            "timezone": whole and whole.timezone,
            "currency": whole and whole.currency,
            "as_of": status["as_of"],
            "known_at": status["known_at"],
            **_figures(status["projects"]),
        }

    return json_answer(reader, collect)


def _figures(projects: list[dict[str, Any]]) -> dict[str, Any]:
    names = sorted({project.get("programme") for project in projects}, key=lambda name: (name is None, name))
    programmes = []
    for name in names:
        inside = [project for project in projects if project.get("programme") == name]
        counts = colour_counts(inside)
        programmes.append({"name": name, "projects": len(inside), "overall": counts, "worst": worst(counts)})
    return {
        "projects": len(projects),
        "overall": colour_counts(projects),
        "watermelons": sum((project.get("watermelon") or 0) >= WATERMELON for project in projects),
        "programmes": programmes,
    }


def colour_counts(projects: Iterable[dict[str, Any]]) -> dict[str, int]:
    """Count the projects by overall colour, worst first; colours nobody has are left out."""
    counted = Counter(project.get("overall") or "GREY" for project in projects)
    return {colour: counted[colour] for colour in WORST_FIRST if counted[colour]}


def worst(counts: dict[str, int]) -> str | None:
    """Return the worst colour; grey is unknown, and loses against any known one (F19 worst-of)."""
    known = [colour for colour in WORST_FIRST if colour != "GREY" and counts.get(colour)]
    return known[0] if known else ("GREY" if counts else None)
