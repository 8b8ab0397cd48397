"""The milestones of all projects on one time line, with their slips."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any, Final, Literal, get_args
from uuid import UUID

from fastapi import APIRouter, Query
from sqlalchemy.orm import Session
from starlette.responses import Response

from api.access.visible import RecordsReader
from api.pages.charts import near
from api.pages.charts_time import LANE, Scale, Span, scale, spans
from api.pages.render import page
from api.pages.view import Standing, View, ids, source_names, standing
from api.translation import _
from api.wire.answer import Visible
from model.days import moved
from sync.record_rows import rows_of

router = APIRouter()
ROWS: Final = 25  # projects a page
PRESSING: Final = 15  # milestones that are listed openly
NEXT: Final = timedelta(days=30)
_LATE: Final = 14  # days of slip that count as late, as on the board
_NOW: Final = datetime.max.replace(tzinfo=UTC)  # later than any version ends: those that stand
# What is read of a milestone as it stands, and as it was a board ago.
_THEN: Final = frozenset({"project_id", "source_id", "external_id", "forecast", "actual"})
_SHOWN: Final = _THEN | {"name", "state", "baseline", "critical", "locator", "url"}
_SPANS: Final = {"quarter": (45, 90), "year": (120, 365)}  # days before and after the day shown

Show = Literal["all", "late", "overdue", "next", "critical", "moved"]


class MilestonesView(View):
    """The address of the time line."""

    show: Show = "all"
    span: Literal["quarter", "year", "whole"] = "year"
    sort: Literal["slip", "date", "name"] = "slip"


@dataclass(frozen=True, slots=True)
class Stone:
    """A milestone. `moved` is by how many days it is expected later than at the last board; None where unknown."""

    project: dict[str, Any]
    name: str
    baseline: date | None
    expected: date | None  # when it was met, else when it is forecast
    met: bool
    critical: bool
    moved: int | None
    overdue: bool
    source: str
    locator: str | None
    url: str | None

    @property
    def slip(self) -> int | None:
        """Return the days it is expected after its baseline."""
        return (self.expected - self.baseline).days if self.expected and self.baseline else None

    @property
    def late(self) -> bool:
        """Whether it is still to come and slips."""
        return not self.met and (self.slip or 0) > _LATE


@dataclass(frozen=True, slots=True)
class Track:
    """One project's line."""

    project: dict[str, Any]
    stones: list[tuple[Stone, Span]]
    height: int


@router.get("/milestones")
def milestones_page(reader: RecordsReader, view: Annotated[MilestonesView, Query()]) -> Response:
    """Show every visible project's milestones between two days."""

    def collect(session: Session, _visible: Visible) -> dict[str, Any]:
        found = standing(session, reader, view)
        every = stones_of(session, found)
        shown = [stone for stone in every if _meets(stone, view.show, found.today)]
        tracks = _by_project(shown, view.sort)
        pages = max(1, -(-len(tracks) // ROWS))
        start = (min(view.page, pages) - 1) * ROWS
        here = tracks[start : start + ROWS]
        pressing = [
            stone for _, stones in here for stone in stones if stone.late or stone.overdue or stone.moved
        ]
        pressing.sort(key=lambda stone: (stone.met, not stone.overdue, -(stone.slip or 0), stone.name))
        on = scale_of([stone for _, stones in here for stone in stones], view.span, found.today)
        return found.context(
            title=_("Milestones"),
            counts={
                name: sum(_meets(stone, name, found.today) for stone in every) for name in get_args(Show)
            },
            met=sum(stone.met for stone in every),
            listed=[stone for _, stones in here for stone in stones],
            pressing=pressing[:PRESSING],
            more=max(len(pressing) - PRESSING, 0),
            tracks=[lay(project, stones, on) for project, stones in here],
            scale=on,
            near=near,
            pages=pages,
            projects=len(tracks),
        )

    return page(reader, "milestones.html", collect)


def stones_of(session: Session, found: Standing) -> list[Stone]:
    """Return the milestones of the projects a view asks for, each with how far it moved since the last board."""
    projects = ids(session, found)
    sources = source_names(session)
    at = found.past or _NOW
    now = rows_of(session, "milestone", projects=list(projects), known_at=at, columns=_SHOWN)
    then = {} if found.before_at is None else _expected(session, list(projects), found.before_at)
    today = found.today
    stones = []
    for project, rows in now.items():
        for row in rows:
            expected = row["actual"] or row["forecast"]
            was = then.get((row["source_id"], row["external_id"]))
            due = expected or row["baseline"]
            stones.append(
                Stone(
                    projects[project], row["name"], row["baseline"], expected, row["actual"] is not None,
                    bool(row["critical"]), (expected - was).days if expected and was else None,
                    row["actual"] is None and row["state"] not in ("met", "dropped") and bool(due and due < today),
                    sources[row["source_id"]], row["locator"], row["url"],
                )
            )  # fmt: skip
    return stones


def _expected(session: Session, projects: list[UUID], at: datetime) -> dict[tuple[int, str], date | None]:
    rows = rows_of(session, "milestone", projects=projects, known_at=at, columns=_THEN)
    return {
        (row["source_id"], row["external_id"]): row["actual"] or row["forecast"]
        for found in rows.values()
        for row in found
    }


def _meets(stone: Stone, show: str, today: date) -> bool:
    to_come = not stone.met and stone.expected is not None
    return {
        "all": True,
        "late": stone.late,
        "overdue": stone.overdue,
        "next": bool(to_come and stone.expected and today <= stone.expected <= moved(today, NEXT)),
        "critical": stone.critical,
        "moved": bool(stone.moved),
    }[show]


def _by_project(stones: Iterable[Stone], sort: str) -> list[tuple[dict[str, Any], list[Stone]]]:
    grouped: dict[str, list[Stone]] = {}
    for stone in stones:
        grouped.setdefault(stone.project["key"], []).append(stone)
    for found in grouped.values():
        found.sort(key=lambda stone: (stone.baseline or stone.expected or date.max, stone.name))
    tracks = [(found[0].project, found) for found in grouped.values()]
    tracks.sort(key=lambda track: track[0]["name"].casefold())
    if sort == "slip":
        tracks.sort(key=lambda track: -max((s.slip or 0 for s in track[1] if not s.met), default=0))
    if sort == "date":
        tracks.sort(
            key=lambda track: min((s.expected or date.max for s in track[1] if not s.met), default=date.max)
        )
    return tracks


def scale_of(stones: Iterable[Stone], span: str, today: date) -> Scale:
    """Return the scale for what is shown: so many days around today, or all that is near it."""
    days = [day for stone in stones for day in (stone.baseline, stone.expected) if near(day, today)]
    if span not in _SPANS:
        return scale(days, today)
    before, after = (timedelta(days=each) for each in _SPANS[span])
    inside = [day for day in days if moved(today, -before) <= day <= moved(today, after)]
    return scale(inside, today)


def lay(project: dict[str, Any], stones: list[Stone], on: Scale) -> Track:
    """Lay a project's milestones on its track."""
    laid, lanes = spans([(stone.baseline, stone.expected) for stone in stones], on)
    return Track(project, list(zip(stones, laid, strict=True)), lanes * LANE)
