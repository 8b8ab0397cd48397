"""Made-up snapshots over nine months: a watermelon that ends late, a steady project, few reports, a new one."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final
from uuid import uuid4

from sqlalchemy import Connection, Engine, text

from sync.store import copy_rows

ENDS: Final = [date(2026, month + 1, 1) - timedelta(days=1) for month in range(1, 10)]  # January to September
LAST: Final = ENDS[-1]
BASELINE: Final = date(2026, 4, 30)
FINISH: Final = date(2026, 8, 31)
_COLUMNS: Final = (
    "project_id", "as_of", "known_at", "policy", "overall", "health", "reported", "watermelon", "document",
    "receipt", "sha256",
)  # fmt: skip


def add_history(engine: Engine) -> None:
    """Fill a migrated, empty database."""
    with engine.begin() as connection:
        portfolio = connection.execute(
            text(
                "INSERT INTO portfolio (key, name, timezone, currency)"
                " VALUES ('main', 'Change', 'Europe/London', 'GBP') RETURNING id"
            )
        ).scalar_one()
        for key, story in (("MELON", _melon()), ("STEADY", _steady()), ("GLOOM", _gloom()), ("NEW", ())):
            project = _project(connection, portfolio, key)
            copy_rows(connection, "snapshot", _COLUMNS, [(project, *row) for row in story])


def _project(connection: Connection, portfolio: int, key: str) -> Any:
    return connection.execute(
        text(
            "INSERT INTO project (id, key, name, portfolio_id, origin, created_at)"
            " VALUES (:id, :key, :key, :portfolio, 'register', '2026-01-01Z') RETURNING id"
        ),
        {"id": uuid4(), "key": key, "portfolio": portfolio},
    ).scalar_one()


def _melon() -> Iterator[tuple[Any, ...]]:
    """Reported green and computed red while the finish moves by 20 days a month; then done, four months late."""
    yield row(ENDS[0] - timedelta(days=14), "GREEN", "GREEN", "Maya", forecast=BASELINE, baseline=BASELINE)
    for month, day in enumerate(ENDS):
        done = day >= FINISH
        yield row(
            day, "GREEN", "BLUE" if done else "RED", "Maya", schedule="GREEN",
            forecast=BASELINE + timedelta(days=20 * month), baseline=BASELINE, actual=FINISH if done else None,
        )  # fmt: skip
    # Corrected in June: what was published in January stays what it was.
    yield row(
        ENDS[0], "RED", "RED", "Maya", known=datetime(2026, 6, 1, tzinfo=UTC), forecast=BASELINE,
        baseline=BASELINE,
    )  # fmt: skip


def _steady() -> Iterator[tuple[Any, ...]]:
    """As planned, with a forecast by throughput that is a week early at the median."""
    dates = {"done_p50": date(2026, 8, 24), "done_p85": date(2026, 9, 5), "done_p95": date(2026, 9, 20)}
    for day in ENDS:
        done = day >= FINISH
        yield row(
            day, "GREEN", "BLUE" if done else "GREEN", "Sam", forecast=FINISH, baseline=FINISH,
            actual=FINISH if done else None, **dates,
        )  # fmt: skip


def _gloom() -> Iterator[tuple[Any, ...]]:
    """Reported red and computed green; reported twice, then the report is old. Nobody says when it finishes."""
    for month, day in enumerate(ENDS):
        yield row(day, "RED", "GREEN", "Ida", stale=month >= 2)


def row(
    day: date,
    reported: str,
    computed: str,
    manager: str,
    *,
    known: datetime | None = None,
    stale: bool = False,
    schedule: str | None = None,
    forecast: date | None = None,
    baseline: date | None = None,
    actual: date | None = None,
    **measures: date,
) -> tuple[Any, ...]:
    """Return a snapshot but for its project."""
    named = {"forecast_finish": forecast, "baseline_finish": baseline, "actual_finish": actual}
    document = {
        "manager": manager,
        "report": {"stale": stale},
        "figures": {name: None if value is None else value.isoformat() for name, value in named.items()},
        "dimensions": {"schedule": {"colour": computed}},
        "measures": {name: {"value": value.isoformat()} for name, value in measures.items()},
    }
    said = {} if schedule is None else {"rag_schedule": {"value": schedule}}
    at = known or datetime.combine(day, time(20), UTC)
    return (
        day, at, "default@1.0.0", computed, None, reported, None, document, {"attributes": said},
        f"{day}{at}{computed}",
    )  # fmt: skip
