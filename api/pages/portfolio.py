"""The portfolio, or one of its programmes, on one page: what a head looks at before the board, and prints for it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query
from sqlalchemy.orm import Session
from starlette.responses import Response

from api.access.visible import RecordsReader
from api.pages.charts_columns import curve, stacks
from api.pages.charts_heat import LEVELS
from api.pages.compare import paired
from api.pages.milestones import Stone, stones_of
from api.pages.money import bars_of as money_bars
from api.pages.money import line_of, programmes_of, total_of
from api.pages.render import page
from api.pages.risks import Shown, heat_of, risks_of
from api.pages.trend import HEIGHT, days_of, points_of, rows_at
from api.pages.view import Standing, View, standing
from api.pages.writing import as_instant
from api.routes.portfolio import WORST_FIRST, colour_counts
from api.wire.answer import Visible
from api.wire.problems import not_found
from model.status.watermelon import WATERMELON
from sync.policy.kept import policy_standing
from sync.receipts import status_document
from sync.rollup.rates import rates_of
from sync.rollup.rollup import names_of, rolled_up

router = APIRouter()
LISTED: Final = 8  # of each thing, on the page
PRINTED: Final = 15  # of each, in the pack for the board
_TREND: Final = 90  # height of the columns, in pixels


class PortfolioView(View):
    """The address; `pack` is the one to print and to project, with every project that is not green."""

    pack: bool = False


@dataclass(frozen=True, slots=True)
class Age:
    """How old what is said of a project is: its stalest source, and its manager's report. None: never."""

    entry: dict[str, Any]
    source: str | None
    days: int | None
    report: int | None
    stale: bool


@router.get("/portfolio")
def portfolio_page(reader: RecordsReader, view: Annotated[PortfolioView, Query()]) -> Response:
    """Show the portfolio, or a programme of it, in all that a board asks for."""

    def collect(session: Session, _visible: Visible) -> dict[str, Any]:
        found = standing(session, reader, view)
        if view.programme and view.programme not in found.programmes:
            raise not_found(f"There is no programme {view.programme}, or this token may not see it.")
        most = PRINTED if view.pack else LISTED
        visible = reader.principal.projects
        rolled = rolled_up(session, found.status, known_at=view.known_at, visible=visible)
        return found.context(
            title=view.programme or found.name,
            rollup=_chosen(rolled, view.programme),
            programmes=_programmes(rolled, found, whole=not view.programme),
            counts=colour_counts(found.entries),
            pressing=in_full(session, found, pressing(found.entries), most),
            watermelons=[entry for entry in found.entries if (entry.get("watermelon") or 0) >= WATERMELON],
            ages=ages(found.entries, found.today)[:most],
            grades=_grades(found.entries),
            most=most,
            **_changes(session, found, visible),
            **_trend(session, found, visible),
            **_stones(session, found, most),
            **_risks(session, found, most),
            **_money(session, found),
        )

    return page(reader, "board_pack.html" if view.pack else "portfolio.html", collect)


def pressing(entries: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the projects that are red or amber, or of which too little is known, the worst first."""
    found = [entry for entry in entries if entry["overall"] in ("RED", "AMBER", "GREY")]
    found.sort(
        key=lambda entry: (WORST_FIRST.index(entry["overall"]), entry.get("health") or 0, entry["name"])
    )
    return found


def in_full(
    session: Session, found: Standing, entries: Sequence[dict[str, Any]], most: int
) -> list[dict[str, Any]]:
    """Return entries with all that is known of the first of them: those that the page gives reasons of."""
    view, keys = found.view, [entry["key"] for entry in entries[:most]]
    read = status_document(session, as_of=view.as_of, known_at=view.known_at, visible=keys) if keys else {}
    whole = {entry["key"]: entry for entry in read.get("projects", ())}
    return [whole.get(entry["key"], entry) for entry in entries]


def ages(entries: Sequence[dict[str, Any]], today: date) -> list[Age]:
    """Return how old the data of each project is, the oldest first; what was never read is older than all."""
    found = []
    for entry in entries:
        read = [(each["name"], as_instant(each.get("synced_at"))) for each in entry.get("sources") or ()]
        never = next((name for name, at in read if at is None), None)
        known = [(at, name) for name, at in read if at is not None]
        name = never or (min(known)[1] if known else None)
        days = None if never or not known else max((today - min(known)[0].date()).days, 0)
        report = entry.get("report") or {}
        late = any(each.get("overdue") for each in entry.get("sources") or ())
        found.append(
            Age(
                entry,
                name,
                days,
                report.get("age_days"),
                late or never is not None or bool(report.get("stale")),
            )
        )
    found.sort(key=lambda age: (not age.stale, age.days is not None, -(age.days or 0), -(age.report or 0)))
    return found


def _grades(entries: Sequence[dict[str, Any]]) -> dict[str | None, int]:
    grades = [(entry.get("data_quality") or {}).get("grade") for entry in entries]
    return {grade: grades.count(grade) for grade in ("A", "B", "C", "D", "E", None) if grades.count(grade)}


def _chosen(rolled: Sequence[dict[str, Any]], programme: str) -> dict[str, Any] | None:
    kind = "programme" if programme else "portfolio"
    return next(
        (each for each in rolled if each["kind"] == kind and (not programme or each["name"] == programme)),
        None,
    )


def _programmes(rolled: Sequence[dict[str, Any]], found: Standing, *, whole: bool) -> list[dict[str, Any]]:
    """Return the programmes with what a line of them shows; none on a programme's own page."""
    rows: list[dict[str, Any]] = []
    members: dict[str | None, list[dict[str, Any]]] = {}
    for entry in found.entries if whole else ():
        named: list[str | None] = [*names_of(entry)] or [None]
        for name in named:
            members.setdefault(name, []).append(entry)
    for each in rolled if whole else ():
        if each["kind"] != "programme":
            continue
        entries = members.get(each["name"], [])
        rows.append({"rollup": each, "counts": colour_counts(entries), "melons": each["watermelons"]})
    return rows


def _changes(session: Session, found: Standing, visible: Any) -> dict[str, Any]:
    """Return what turned since the last board, the worst turns first."""
    if found.before is None:
        return {"turned": [], "since": None}
    was = status_document(
        session, as_of=found.before, known_at=found.view.known_at, visible=visible, in_short=True
    )
    keys = {entry["key"] for entry in found.entries}
    before = [entry for entry in was["projects"] if entry["key"] in keys]
    pairs = [pair for pair in paired(before, found.entries) if pair.step or pair.was is None or pair.colours]
    return {"turned": pairs, "since": found.before}


def _trend(session: Session, found: Standing, visible: Any) -> dict[str, Any]:
    days = days_of(found.today, found.days, "week")
    points = points_of(days, rows_at(session, days, found.view.known_at, visible, found.view.programme))
    return {
        "points": points,
        "columns": stacks([point.colours for point in points], _TREND),
        "columns_height": _TREND,
        "health": curve([point.health for point in points], HEIGHT / 2, 0, 100),
    }


def _stones(session: Session, found: Standing, most: int) -> dict[str, Any]:
    stones = stones_of(session, found)
    late = [stone for stone in stones if stone.late or stone.overdue]
    late.sort(key=lambda stone: (not stone.overdue, not stone.critical, -(stone.slip or 0), stone.name))
    coming = [stone for stone in stones if _due(stone, found.today)]
    coming.sort(key=lambda stone: (stone.expected or date.max, stone.name))
    return {
        "late": late[:most],
        "late_count": len(late),
        "coming": coming[:most],
        "coming_count": len(coming),
    }


def _due(stone: Stone, today: date) -> bool:
    return not stone.met and stone.expected is not None and 0 <= (stone.expected - today).days <= 30  # noqa: PLR2004 - days


def _risks(session: Session, found: Standing, most: int) -> dict[str, Any]:
    policy = policy_standing(session.connection(), found.today, found.past)
    every, before = risks_of(session, found, policy)
    grave: list[Shown] = [each for each in every if each.level in LEVELS[2:]]
    return {
        "heat": heat_of(every, before, policy.limits.risk),
        "grave": grave[:most],
        "grave_count": len(grave),
        "open_risks": len(every),
        "unrated": sum(each.level is None for each in every),
    }


def _money(session: Session, found: Standing) -> dict[str, Any]:
    rates = rates_of(session.connection(), on=found.today, known_at=found.view.known_at)
    lines = [line_of(entry, rates, found.currency) for entry in found.entries]
    barred = (
        [line for line in lines if line.budget is not None] if found.view.programme else programmes_of(lines)
    )
    barred = sorted(barred, key=lambda line: -(line.over or 0))[:PRINTED]
    return {"total": total_of("", lines), "barred": list(zip(barred, money_bars(barred), strict=True))}
