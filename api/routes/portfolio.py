"""The portfolio in figures: how many projects of which colour, and the roll-ups, in all and by programme."""

from collections import Counter
from collections.abc import Iterable
from datetime import date
from typing import Any, Final

from fastapi import APIRouter
from sqlalchemy.orm import Session
from starlette.responses import Response

from api.access.visible import StatusReader
from api.routes.common import PROBLEMS, AsOf, KnownAt
from api.shapes.status import PortfolioShape
from api.wire.answer import Visible, json_answer
from model.status import colour
from model.status.watermelon import WATERMELON
from sync.portfolio import portfolio_if_any
from sync.rollup.members import standing_at
from sync.rollup.rollup import rolled_up, summary

router = APIRouter()

WORST_FIRST: Final = tuple(each.value for each in colour.WORST_FIRST)
_OF_A_PROGRAMME = ("name", "projects", "worst", "cost_weighted", "health", "grey", "watermelons", "closed")


@router.get(
    "/portfolio", response_model=PortfolioShape, responses=PROBLEMS, summary="The portfolio",
    operation_id="get_portfolio",
)  # fmt: skip
def get_portfolio(reader: StatusReader, as_of: AsOf = None, known_at: KnownAt = None) -> Response:
    """Return the portfolio's counts and roll-ups of the visible projects."""

    def collect(session: Session, _visible: Visible) -> dict[str, Any]:
        projects = reader.principal.projects
        status = standing_at(session, as_of, known_at, projects)
        rollups = rolled_up(session, status, known_at=known_at, visible=projects)
        day = None if status["as_of"] is None else date.fromisoformat(status["as_of"])
        whole = portfolio_if_any(session, day, known_at)
        return {
            "key": whole and whole.key,
            "name": whole and whole.name,
            "timezone": whole and whole.timezone,
            "currency": whole and whole.currency,
            "as_of": status["as_of"],
            "known_at": status["known_at"],
            **_figures(status["projects"], rollups),
        }

    return json_answer(reader, collect)


def _figures(projects: list[dict[str, Any]], rollups: list[dict[str, Any]]) -> dict[str, Any]:
    short = [summary(each) for each in rollups]
    return {
        "projects": len(projects),
        "overall": colour_counts(projects),
        "watermelons": sum((project.get("watermelon") or 0) >= WATERMELON for project in projects),
        "rollup": next((each for each in short if each["kind"] == "portfolio"), None),
        "programmes": [
            {"overall": each["counts"]} | {name: each[name] for name in _OF_A_PROGRAMME}
            for each in short
            if each["kind"] == "programme"
        ],
    }


def colour_counts(projects: Iterable[dict[str, Any]]) -> dict[str, int]:
    """Count the projects by overall colour, worst first; colours nobody has are left out."""
    counted = Counter(project.get("overall") or "GREY" for project in projects)
    return {each: counted[each] for each in WORST_FIRST if counted[each]}


def worst(counts: dict[str, int]) -> str | None:
    """Return the worst colour that any project has (F19 worst-of); None where there is none."""
    return colour.worse(*map(colour.Colour, counts)).value if counts else None
