"""The history that is scored: what was published at the end of each month, and each day's word on the finish."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import groupby
from typing import Any, Final

from sqlalchemy import text
from sqlalchemy.orm import Session

from model.outcome import Told
from model.status.colour import Colour

OVERALL: Final = "overall"
# Dimension -> what a manager reports of it. Of the others managers report no colour.
REPORTED: Final = {name: f"rag_{name}" for name in ("schedule", "cost", "scope", "risk", "benefit")}
MANAGER: Final = "manager"
EARNED_SCHEDULE: Final = "earned schedule"
TREND: Final = "milestone trend"
THROUGHPUT: Final = "throughput"
# Forecaster -> quantile -> the measure of a snapshot that holds its date. The manager's is the forecast finish.
FORECASTERS: Final[dict[str, dict[float, str]]] = {
    EARNED_SCHEDULE: {0.5: "earned_schedule_finish"},
    TREND: {0.5: "milestone_trend_finish"},
    THROUGHPUT: {0.5: "done_p50", 0.85: "done_p85", 0.95: "done_p95"},
}
_MEASURES: Final = sorted({name for dates in FORECASTERS.values() for name in dates.values()})
_END: Final = 31  # days before the finish at most, for a milestone to be the one that ends the project
_PARTS: Final = 2_000  # snapshots in memory at a time, beside what is kept of them

_WHERE: Final = (
    " WHERE (CAST(:visible AS text[]) IS NULL OR p.key = ANY(CAST(:visible AS text[])))"
    " AND (CAST(:as_of AS date) IS NULL OR s.as_of <= CAST(:as_of AS date))"
    " AND (CAST(:known_at AS timestamptz) IS NULL OR s.known_at <= CAST(:known_at AS timestamptz))"
)
_ON_THE_DAY: Final = "CAST(s.known_at AT TIME ZONE :zone AS date) <= s.as_of"


@dataclass(frozen=True, slots=True)
class Asked:
    """Which history: up to a day, as known at an instant, of some projects; None: all there is."""

    as_of: date | None = None
    known_at: datetime | None = None
    visible: Collection[str] | None = None
    zone: str = "UTC"

    def values(self) -> dict[str, Any]:
        """Return what the statements are given."""
        visible = None if self.visible is None else list(self.visible)
        return {"as_of": self.as_of, "known_at": self.known_at, "visible": visible, "zone": self.zone}


@dataclass(frozen=True, slots=True)
class Published:
    """What stood of a project at the end of a month.

    `pairs` has for overall and each dimension what was reported and what was computed. `stale`: the report was an
    old one. `hindsight`: the day was computed only later, so that nobody saw it then.
    """

    project: str
    period: str  # 2026-11
    at: Told
    policy: str
    reporter: str | None
    stale: bool
    hindsight: bool
    pairs: Mapping[str, tuple[Colour | None, Colour | None]]
    forecasts: Mapping[str, Mapping[float, date]] = field(default_factory=dict)


def published(session: Session, asked: Asked) -> Iterator[Published]:
    """Yield each project's last day of each month as it was known when that day ended, else as first told."""
    measures = ", ".join(f"s.document #>> '{{measures,{name},value}}' AS {name}" for name in _MEASURES)
    dims = ", ".join(
        f"s.document #>> '{{dimensions,{name},colour}}' AS computed_{name},"
        f" s.receipt #>> '{{attributes,{rag},value}}' AS reported_{name}"
        for name, rag in REPORTED.items()
    )
    rows = session.execute(
        text(
            "WITH chosen AS (SELECT DISTINCT ON (p.key, date_trunc('month', s.as_of)) p.key, s.id,"
            f" {_ON_THE_DAY} AS then FROM snapshot s JOIN project p ON p.id = s.project_id {_WHERE}"
            f" ORDER BY p.key, date_trunc('month', s.as_of), s.as_of DESC, {_ON_THE_DAY} DESC,"
            f" CASE WHEN {_ON_THE_DAY} THEN s.known_at END DESC, s.known_at)"
            " SELECT c.key, c.then, s.as_of, s.policy, s.overall, s.reported, s.document ->> 'manager' AS manager,"
            " s.document #>> '{report,stale}' AS stale, s.document -> 'figures' AS figures,"
            " s.receipt #> '{measures,milestone_trend_finish,rule,inputs,forecasts}' AS trend,"
            f" {measures}, {dims} FROM chosen c JOIN snapshot s ON s.id = c.id ORDER BY c.key, s.as_of"
        ),
        asked.values(),
        execution_options={"yield_per": _PARTS},
    )
    for row in rows.mappings():
        at = _told(row["as_of"], row["figures"] or {})
        yield Published(
            project=row["key"],
            period=f"{row['as_of']:%Y-%m}",
            at=at,
            policy=row["policy"],
            reporter=row["manager"],
            stale=row["stale"] == "true",
            hindsight=not row["then"],
            pairs={
                OVERALL: (_colour(row["reported"]), _colour(row["overall"])),
                **{n: (_colour(row[f"reported_{n}"]), _colour(row[f"computed_{n}"])) for n in REPORTED},
            },
            forecasts=_forecasts(at, dict(row)),
        )


def _forecasts(at: Told, row: Mapping[str, Any]) -> dict[str, dict[float, date]]:
    found = {MANAGER: {0.5: at.forecast}} | {
        name: {share: _date(row[measure]) for share, measure in dates.items()}
        for name, dates in FORECASTERS.items()
    }
    if not _ends_it(at, row["trend"]):
        found[TREND] = {}
    named = {
        name: {share: day for share, day in dates.items() if day is not None} for name, dates in found.items()
    }
    return {name: dates for name, dates in named.items() if dates}


def _ends_it(at: Told, forecasts: Mapping[str, str] | None) -> bool:
    """Say whether the milestone whose trend is told is about the last: others end before the project does."""
    if not forecasts or at.forecast is None:
        return False
    newest = _date(forecasts[max(forecasts)])
    return newest is not None and (at.forecast - newest).days <= _END


def told(session: Session, asked: Asked) -> Iterator[tuple[str, list[Told]]]:
    """Yield project by project what was said of its finish on each day, as known now, the oldest first."""
    rows = session.execute(
        text(
            "SELECT DISTINCT ON (p.key, s.as_of) p.key, s.as_of, s.document -> 'figures' AS figures"
            f" FROM snapshot s JOIN project p ON p.id = s.project_id {_WHERE}"
            " ORDER BY p.key, s.as_of, s.known_at DESC"
        ),
        asked.values(),
        execution_options={"yield_per": _PARTS},
    )
    for key, found in groupby(rows, lambda row: row.key):
        yield str(key), [_told(row.as_of, row.figures or {}) for row in found]


def _told(day: date, figures: Mapping[str, Any]) -> Told:
    said = {name: _date(figures.get(f"{name}_finish")) for name in ("forecast", "baseline", "actual")}
    return Told(day, **said)


def _date(value: Any) -> date | None:
    return date.fromisoformat(value) if isinstance(value, str) else None


def _colour(value: str | None) -> Colour | None:
    return None if value is None else Colour(value)
