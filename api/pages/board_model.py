"""What the board shows: rows out of the status document, filtered, sorted and grouped by the address."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator

from api.pages.charts import Line, floor_of, line
from api.pages.writing import as_date, as_instant
from api.routes.portfolio import WORST_FIRST, colour_counts, worst
from model.status.watermelon import WATERMELON
from sync.rollup.rollup import names_of

DIMENSIONS: Final = ("schedule", "cost", "scope", "risk", "benefit", "resource", "quality")
ALWAYS: Final = 4  # the first ones are shown even where nobody knows them
SPARK: Final = (64, 20)
ROWS: Final = 200  # a page
POINTS: Final = 13
BACK: Final = 4
Colour = Literal["RED", "AMBER", "GREEN", "GREY", "BLUE"]
Sort = Literal["name", "overall", "health", "reported", "quality", "milestone", "slip", "synced",
               "schedule", "cost", "scope", "risk", "benefit", "resource"]  # fmt: skip


class Query(BaseModel):
    """The board's address."""

    model_config = ConfigDict(extra="forbid")

    as_of: date | None = None
    known_at: AwareDatetime | None = None
    q: str = Field("", max_length=100)
    programme: str = Field("", max_length=200)
    overall: Colour | Literal[""] = ""
    tier: int | Literal[""] = ""
    watermelon: bool = False
    group: Literal["programme", "none"] = "programme"
    sort: Sort = "name"
    order: Literal["asc", "desc", ""] = ""
    page: int = Field(1, ge=1, le=10_000)
    all: bool = False

    @model_validator(mode="before")
    @classmethod
    def _left_empty(cls, values: Any) -> Any:
        """Take a form's empty field for one not sent."""
        return {name: value for name, value in dict(values).items() if value != ""}

    def but(self, **changed: Any) -> dict[str, Any]:
        """Return the address's parts with some changed and defaults left out; the page starts over."""
        values = self.model_dump(exclude_defaults=True, exclude={"page"}) | changed
        defaults = {name: info.default for name, info in type(self).model_fields.items()}
        kept = {name: value for name, value in values.items() if value != defaults.get(name)}
        return {name: int(value) if isinstance(value, bool) else value for name, value in kept.items()}


@dataclass(slots=True)
class Row:
    """One project on the board."""

    project: dict[str, Any]
    spark: Line
    slip: int | None
    synced: datetime | None  # of its stalest source
    stale: bool
    stalest: str | None
    trend: float | None  # health against four snapshots before

    @property
    def watermelon(self) -> bool:
        """Whether it is reported green and computed red."""
        return (self.project.get("watermelon") or 0) >= WATERMELON


@dataclass(slots=True)
class Group:
    """The rows of one programme on this page, and the counts of all its filtered rows."""

    name: str | None
    rows: list[Row]
    counts: dict[str, int]
    total: int
    worst: str | None


@dataclass(slots=True)
class Board:
    """Everything the page needs."""

    status: dict[str, Any]
    rows: list[Row]  # all that are visible
    matching: list[Row]
    groups: list[Group]
    counts: dict[str, int]
    watermelons: int
    dimensions: list[str]
    programmes: list[str]
    tiers: list[int]
    pages: int
    days: list[date] = field(default_factory=list)


def load_rows(status: dict[str, Any], late: Collection[str] = ()) -> list[Row]:
    """Return a row a project, all trends on one scale; `late` are the sources overdue now."""
    trends = {project["key"]: _trend(project) for project in status["projects"]}
    low = floor_of([value for values in trends.values() for value in values])
    return [_row(project, trends[project["key"]], low, late) for project in status["projects"]]


def _trend(project: dict[str, Any]) -> list[float | None]:
    """Return the health of the last snapshots, the oldest first; None where it was grey."""
    return [point.get("health") for point in project.get("trend") or []][-POINTS:]


def _row(project: dict[str, Any], trend: list[float | None], low: float, late: Collection[str]) -> Row:
    width, height = SPARK
    milestone = project.get("next_milestone") or {}
    forecast, baseline = as_date(milestone.get("forecast")), as_date(milestone.get("baseline"))
    times = {source["name"]: as_instant(source.get("synced_at")) for source in project.get("sources") or []}
    never = [name for name, at in times.items() if at is None]
    known = {name: at for name, at in times.items() if at is not None}
    oldest = min(known, key=lambda name: known[name]) if known else None
    stalest = never[0] if never else oldest
    synced = known.get(stalest) if stalest else None
    said = {source["name"] for source in project.get("sources") or [] if source.get("overdue")}
    stale = bool(never) or any(name in late or name in said for name in times)
    before = trend[-1 - BACK] if len(trend) > BACK else None
    last = trend[-1] if trend else None
    return Row(
        project=project,
        spark=line(trend, width, height, low, 100),
        slip=(forecast - baseline).days if forecast and baseline else None,
        synced=synced,
        stale=stale,
        stalest=stalest,
        trend=None if before is None or last is None else last - before,
    )


def arrange(status: dict[str, Any], rows: list[Row], query: Query) -> Board:
    """Filter, sort, group and cut to the page."""
    named = [row for row in rows if _meets(row, query)]
    matching = [row for row in named if not query.overall or row.project["overall"] == query.overall]
    _sort(matching, query)
    if query.group == "programme":
        matching.sort(
            key=lambda row: (row.project.get("programme") is None, row.project.get("programme") or "")
        )
    pages = 1 if query.all else max(1, -(-len(matching) // ROWS))
    start = 0 if query.all else (min(query.page, pages) - 1) * ROWS
    shown = matching[start:] if query.all else matching[start : start + ROWS]
    used = {
        name
        for row in rows
        for name, found in (row.project.get("dimensions") or {}).items()
        if found["colour"] != "GREY"
    }
    return Board(
        status=status,
        rows=rows,
        matching=matching,
        groups=_groups(shown, matching, grouped=query.group == "programme"),
        counts=colour_counts(row.project for row in named),
        watermelons=sum(row.watermelon for row in rows),
        dimensions=[name for place, name in enumerate(DIMENSIONS) if place < ALWAYS or name in used],
        programmes=sorted({name for row in rows for name in names_of(row.project)}),
        tiers=sorted({row.project["tier"] for row in rows if row.project.get("tier") is not None}),
        pages=pages,
    )


def _meets(row: Row, query: Query) -> bool:
    project = row.project
    sought = query.q.casefold().strip()
    return (
        (not query.programme or query.programme in names_of(project))
        and (query.tier == "" or project.get("tier") == query.tier)
        and (not query.watermelon or row.watermelon)
        and (not sought or sought in project["name"].casefold() or sought in project["key"].casefold())
    )


def _groups(shown: Sequence[Row], matching: Sequence[Row], *, grouped: bool) -> list[Group]:
    def name(row: Row) -> str | None:
        return row.project.get("programme") if grouped else None

    whole: dict[str | None, list[Row]] = {}
    for row in matching:
        whole.setdefault(name(row), []).append(row)
    here: dict[str | None, list[Row]] = {}
    for row in shown:
        here.setdefault(name(row), []).append(row)
    found = []
    for programme, rows in here.items():
        counts = colour_counts(row.project for row in whole[programme])
        found.append(Group(programme, rows, counts, len(whole[programme]), worst(counts)))
    return found


_FALLS: Final = frozenset({"health", "quality", "synced", "milestone", "name"})  # the worst is the smallest


def _sort(rows: list[Row], query: Query) -> None:
    """Sort in place, the most pressing first unless told otherwise; unknown comes last either way."""
    descending = query.order == "desc" if query.order else query.sort not in _FALLS
    rows.sort(key=lambda row: row.project["name"].casefold())
    known = [row for row in rows if _value(row, query.sort) is not None]
    unknown = [row for row in rows if _value(row, query.sort) is None]
    known.sort(key=lambda row: _value(row, query.sort), reverse=descending)
    rows[:] = known + unknown


def _value(row: Row, sort: str) -> Any:
    """Return what a row is sorted by; None where it is not known."""
    take = _VALUES.get(sort)
    if take is not None:
        return take(row)
    return _severity((row.project.get("dimensions") or {}).get(sort, {}).get("colour"))


def _severity(colour: str | None) -> int | None:
    """Return a colour's place, the worst the highest; grey is not known, so it has none."""
    if colour is None or colour == "GREY":
        return None
    return len(WORST_FIRST) - WORST_FIRST.index(colour)


_VALUES: Final[dict[str, Callable[[Row], Any]]] = {
    "name": lambda row: row.project["name"].casefold(),
    "health": lambda row: row.project.get("health"),
    "overall": lambda row: _severity(row.project.get("overall")),
    "reported": lambda row: row.project.get("watermelon"),
    "quality": lambda row: (row.project.get("data_quality") or {}).get("score"),
    "milestone": lambda row: (row.project.get("next_milestone") or {}).get("forecast"),
    "slip": lambda row: row.slip,
    "synced": lambda row: row.synced,
}
