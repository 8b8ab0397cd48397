"""What the projects cost: approved, forecast and spent, in one currency, and month by month."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Query
from sqlalchemy.orm import Session
from starlette.responses import Response

from api.access.visible import RecordsReader
from api.pages.charts import near
from api.pages.charts_money import KINDS, Bar, bars, rising
from api.pages.render import page
from api.pages.view import Standing, View, ids, standing
from api.translation import _
from api.wire.answer import Visible
from model.currency import Rates
from sync.record_rows import costs_of
from sync.rollup.rates import rates_of

router = APIRouter()
ROWS: Final = 50  # a page
MONTHS: Final = timedelta(days=10 * 366)  # before and after the day shown that are added up
HEIGHT: Final = 180  # of the rising lines, in pixels
_NOW: Final = datetime.max.replace(tzinfo=UTC)  # later than any version ends: those that stand
_HUNDRED: Final = Decimal(100)
Amount = Decimal | None

Show = Literal["all", "over", "unknown"]


class MoneyView(View):
    """The address of the money."""

    show: Show = "all"
    sort: Literal["over", "share", "budget", "name"] = "over"


@dataclass(frozen=True, slots=True)
class Line:
    """A project's or a programme's money in the portfolio's currency. `left_out` says why an amount is missing."""

    name: str
    entry: dict[str, Any] | None
    budget: Amount
    forecast: Amount
    actual: Amount
    contingency: Amount = None
    left_out: str | None = None
    without: int = 0  # projects of a programme that are in no sum

    @property
    def over(self) -> Amount:
        """Return what it is forecast to cost beyond its budget."""
        return None if self.budget is None or self.forecast is None else self.forecast - self.budget

    @property
    def percent(self) -> float | None:
        """Return the same in percent of the budget."""
        return None if self.over is None or not self.budget else float(self.over / self.budget * _HUNDRED)

    @property
    def spent(self) -> float | None:
        """Return what was spent in percent of the budget."""
        return None if self.actual is None or not self.budget else float(self.actual / self.budget * _HUNDRED)


@router.get("/money")
def money_page(reader: RecordsReader, view: Annotated[MoneyView, Query()]) -> Response:
    """Show what the visible projects cost."""

    def collect(session: Session, _visible: Visible) -> dict[str, Any]:
        found = standing(session, reader, view)
        rates = rates_of(session.connection(), on=found.today, known_at=view.known_at)
        lines = [line_of(entry, rates, found.currency) for entry in found.entries]
        listed = _sorted([line for line in lines if _meets(line, view.show)], view.sort)
        pages = max(1, -(-len(listed) // ROWS))
        start = (min(view.page, pages) - 1) * ROWS
        groups = programmes_of(lines) if not view.programme else _sorted(lines, "over")[:12]
        return found.context(
            title=_("Money"),
            total=total_of("", lines),
            barred=list(zip(groups, bars_of(groups), strict=True)),
            lines=listed[start : start + ROWS],
            pages=pages,
            counts={name: sum(_meets(line, name) for line in lines) for name in ("all", "over", "unknown")},
            months=monthly(session, found, rates),
            height=HEIGHT,
        )

    return page(reader, "money.html", collect)


def line_of(entry: dict[str, Any], rates: Rates, currency: str) -> Line:
    """Return a project's money; an amount in a currency that no rate leads from is unknown, and said to be."""
    figures = entry.get("figures") or {}
    said = figures.get("currency") or currency
    without: list[str] = []

    def carried(name: str) -> Amount:
        if figures.get(name) is None:
            return None
        found = rates.convert(Decimal(str(figures[name])), said, currency)
        if found is None:
            without.append(name)
        return None if found is None else found.amount

    return Line(
        entry["name"], entry, carried("budget"), carried("forecast_cost"), carried("actual_cost"),
        carried("contingency"), said if without else None,
    )  # fmt: skip


def total_of(name: str, lines: Sequence[Line]) -> Line:
    """Add lines up: those with both a budget and a forecast, so that one can be held against the other."""
    both = [line for line in lines if line.budget is not None and line.forecast is not None]
    if not both:
        return Line(name, None, None, None, None, without=len(lines))
    spent = [line.actual for line in both if line.actual is not None]
    return Line(
        name, None, _sum(line.budget for line in both), _sum(line.forecast for line in both),
        _sum(spent) if spent else None, without=len(lines) - len(both),
    )  # fmt: skip


def programmes_of(lines: Sequence[Line]) -> list[Line]:
    """Return a line a programme: of its own projects, each in the one it is filed under."""
    grouped: dict[str | None, list[Line]] = {}
    for line in lines:
        grouped.setdefault((line.entry or {}).get("programme"), []).append(line)
    ordered = sorted(grouped.items(), key=lambda item: (item[0] is None, item[0] or ""))
    return [total_of(name or "", found) for name, found in ordered]


def bars_of(lines: Sequence[Line]) -> list[Bar]:
    """Return the bars of lines, on one scale."""
    return bars([(line.budget, line.forecast, line.actual) for line in lines])


def monthly(session: Session, found: Standing, rates: Rates) -> dict[str, Any]:
    """Return the cost lines of trackers and workbooks by month, added up; with the projects that state none.

    Months of another age are left out and named: beside the year 9999 all others would be one point.
    What people answered in a forecast is about the same money, and not added to it.
    """
    projects = ids(session, found)
    rows = costs_of(session, projects=list(projects), known_at=found.past or _NOW)
    sums: dict[tuple[date, str], Decimal] = {}
    left_out, dated, far = 0, set(), set[date]()
    for project, costs in rows.items():
        for row in costs:
            if row["collected"] or row["period"] is None or row["kind"] not in KINDS or row["amount"] is None:
                continue
            units = row["currencies"] or [found.currency]
            carried = rates.convert(row["amount"], units[0], found.currency) if len(units) == 1 else None
            if carried is None:
                left_out += 1
                continue
            month = row["period"].replace(day=1)
            if not near(month, found.today, MONTHS):
                far.add(month)
                continue
            dated.add(project)
            key = month, row["kind"]
            sums[key] = sums.get(key, Decimal(0)) + carried.amount
    months = _months({month for month, _ in sums})
    return {
        "months": months,
        "sums": sums,
        "rising": rising(sums, months, HEIGHT),
        "left_out": left_out,
        "far": sorted(far),
        "projects": len(dated),
        "of": len(projects),
    }


def _months(known: set[date]) -> list[date]:
    """Return every month from the first to the last."""
    if not known:
        return []
    found, last = [min(known)], max(known)
    while found[-1] < last:
        month = found[-1]
        found.append(date(month.year + month.month // 12, month.month % 12 + 1, 1))
    return found


def _sum(values: Iterable[Amount]) -> Decimal:
    return sum((value for value in values if value is not None), Decimal(0))


def _meets(line: Line, show: str) -> bool:
    if show == "over":
        return (line.over or 0) > 0
    return show == "all" or line.budget is None or line.forecast is None


def _sorted(lines: Sequence[Line], sort: str) -> list[Line]:
    """Return the most pressing first; unknown comes last."""
    by_name = sorted(lines, key=lambda line: line.name.casefold())
    values: dict[str, Callable[[Line], Any]] = {
        "over": lambda line: line.over,
        "share": lambda line: line.percent,
        "budget": lambda line: line.budget,
    }
    if sort not in values:
        return by_name
    take = values[sort]
    return sorted(by_name, key=lambda line: (take(line) is None, -(take(line) or 0)))
