"""How the portfolio went: colours, health and watermelons at one day after another."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Query
from sqlalchemy import Row, text
from sqlalchemy.orm import Session
from starlette.responses import Response

from api.access.visible import StatusReader
from api.pages.charts import Line, floor_of, line
from api.pages.charts_columns import curve, stacks
from api.pages.render import page
from api.pages.view import View, standing
from api.translation import _
from api.wire.answer import Visible
from model.status.watermelon import WATERMELON
from sync.portfolio_versions import zone_when

router = APIRouter()
POINTS: Final = 12
HEIGHT: Final = 190  # of the columns, in pixels
SPARK: Final = (96, 22)
_WEEK: Final = timedelta(days=7)

By = Literal["week", "month", "snapshot"]


class TrendView(View):
    """The address of the trend; `by` is how far apart its days are."""

    by: By = "week"


@dataclass(frozen=True, slots=True)
class Point:
    """The projects at one day. `health` is the mean of those that have one, None where none has."""

    day: date
    colours: Counter[str]
    projects: int
    health: float | None
    watermelons: int
    policies: tuple[str, ...]
    new_policy: bool  # the limits are others than at the day before


@dataclass(frozen=True, slots=True)
class Programme:
    """A programme's line: its mean health from day to day, and how its colours are now."""

    name: str | None
    spark: Line
    health: float | None
    change: float | None
    colours: Counter[str]


@router.get("/trend")
def trend_page(reader: StatusReader, view: Annotated[TrendView, Query()]) -> Response:
    """Show how the visible projects went up to a day."""

    def collect(session: Session, _visible: Visible) -> dict[str, Any]:
        found = standing(session, reader, view)
        days = days_of(found.today, found.days, view.by)
        rows = rows_at(session, days, view.known_at, reader.principal.projects, view.programme)
        points = points_of(days, rows)
        health = [point.health for point in points]
        low = floor_of(health)
        return found.context(
            title=_("Trend"),
            points=points,
            columns=stacks([point.colours for point in points], HEIGHT),
            health=curve(health, HEIGHT / 2, low, 100),
            low=low,
            height=HEIGHT,
            lines=programmes_of(days, rows) if not view.programme else [],
            spark=SPARK,
        )

    return page(reader, "trend.html", collect)


def days_of(today: date, days: Sequence[date], by: By) -> list[date]:
    """Return the days of the trend, the oldest first: none before the first snapshot."""
    past = [day for day in days if day <= today]
    if not past:
        return []
    if by == "snapshot":
        return past[:POINTS][::-1]
    found = [today]
    while len(found) < POINTS:
        last = found[-1]
        step = last - _WEEK if by == "week" else last.replace(day=1) - timedelta(days=1)
        if step < past[-1]:
            break
        found.append(step)
    return found[::-1]


def rows_at(
    session: Session,
    days: Sequence[date],
    known_at: datetime | None,
    visible: Sequence[str] | None,
    programme: str,
) -> Sequence[Row[Any]]:
    """Add up the snapshots that stand on each day by programme, colour and policy, of the projects led on it.

    Also of those that were closed since. Which programme a project is in is as it is now; at an earlier instant, as
    each snapshot has it.
    """
    own, here = "g.name", ""
    among = (
        "EXISTS (SELECT FROM programme_project m"
        " JOIN programme o ON o.id = m.programme_id WHERE m.project_id = p.id AND o.name = :programme)"
    )
    if known_at is not None:
        own, here = (
            "s.programme",
            ", document ->> 'programme' AS programme, document -> 'programmes' AS programmes",
        )
        among = "s.programmes @> jsonb_build_array(jsonb_build_object('name', CAST(:programme AS text)))"
    return session.execute(
        text(
            f"SELECT d.day, {own} AS programme, s.overall, s.policy, count(*) AS projects, count(s.health) AS known,"
            " sum(s.health) AS health, count(*) FILTER (WHERE s.watermelon >= :melon) AS watermelons"
            " FROM unnest(CAST(:days AS date[])) AS d(day) CROSS JOIN project p"
            " LEFT JOIN programme g ON g.id = p.programme_id"
            f" CROSS JOIN LATERAL (SELECT overall, health, watermelon, policy{here} FROM snapshot t"
            " WHERE t.project_id = p.id AND t.as_of <= d.day"
            " AND (CAST(:known_at AS timestamptz) IS NULL OR t.known_at <= :known_at)"
            " ORDER BY t.as_of DESC, t.known_at DESC LIMIT 1) AS s"
            " WHERE (CAST(:visible AS text[]) IS NULL OR p.key = ANY(CAST(:visible AS text[])))"
            " AND (p.closed_at IS NULL OR CAST(:known_at AS timestamptz) < p.closed_at"
            f" OR d.day < CAST(p.closed_at AT TIME ZONE {zone_when('p.closed_at')} AS date))"
            f" AND (:programme = '' OR {own} = :programme OR {among})"
            f" GROUP BY d.day, {own}, s.overall, s.policy"
        ),
        {
            "days": list(days), "known_at": known_at, "programme": programme, "melon": WATERMELON,
            "visible": None if visible is None else list(visible),
        },
    ).all()  # fmt: skip


def points_of(days: Sequence[date], rows: Sequence[Row[Any]]) -> list[Point]:
    """Add the rows up, day by day."""
    points: list[Point] = []
    by_day = _grouped(rows, lambda row: row.day)
    for day in days:
        here = by_day.get(day, [])
        policies = tuple(sorted({row.policy for row in here}))
        before = points[-1].policies if points else ()
        points.append(
            Point(
                day, colours_of(here), sum(row.projects for row in here), mean(here),
                sum(row.watermelons for row in here), policies,
                new_policy=bool(before and policies and policies != before),
            )
        )  # fmt: skip
    return points


def programmes_of(days: Sequence[date], rows: Sequence[Row[Any]]) -> list[Programme]:
    """Return a line a programme, all on one scale."""
    by_place = _grouped(rows, lambda row: (row.programme, row.day))
    names = sorted({row.programme for row in rows}, key=lambda name: (name is None, name or ""))
    values = {name: [mean(by_place.get((name, day), [])) for day in days] for name in names}
    low = floor_of([value for found in values.values() for value in found])
    found = []
    for name in names:
        healths = values[name]
        first = next((value for value in healths if value is not None), None)
        last = healths[-1]
        found.append(
            Programme(
                name, line(healths, *SPARK, low, 100), last,
                None if first is None or last is None else last - first,
                colours_of(by_place.get((name, days[-1]), [])),
            )
        )  # fmt: skip
    return found


def colours_of(rows: Iterable[Row[Any]]) -> Counter[str]:
    """Return how many projects are of each colour."""
    found = Counter[str]()
    for row in rows:
        found[row.overall] += row.projects
    return found


def mean(rows: Sequence[Row[Any]]) -> float | None:
    """Return the mean of the healths that are known; None where none is."""
    known = sum(row.known for row in rows)
    return sum(row.health for row in rows if row.known) / known if known else None


def _grouped(rows: Sequence[Row[Any]], by: Callable[[Row[Any]], Any]) -> dict[Any, list[Row[Any]]]:
    found: dict[Any, list[Row[Any]]] = {}
    for row in rows:
        found.setdefault(by(row), []).append(row)
    return found
