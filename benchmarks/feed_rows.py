"""The rows the feed is measured on: 100,000 work items that differ, and the same rows as files for the peer."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Engine, text

from tests.support.portfolio_rows import seed

COLUMNS: Final = (
    "WorkItemId", "ProjectId", "WorkItemKey", "Type", "CommonType", "Title", "Status", "StatusCategory", "Points",
    "RemainingHours", "Priority", "Assignee", "CreatedAt", "ChangedAt", "Due",
)  # fmt: skip

_VARIED: Final = """
    UPDATE work_item SET
        type = (array['Story', 'Bug', 'Task', 'Epic'])[1 + id % 4],
        hub_type = (array['story', 'bug', 'task', 'epic'])[1 + id % 4],
        title = CASE WHEN id % 50 = 0 THEN 'Say "' || md5(id::text) || '" – größer \\ n° ' || id
                     ELSE 'Make ' || md5(id::text) || ' do what was agreed' END,
        priority = (array['Highest', 'High', 'Medium', 'Low', NULL])[1 + (id / 7) % 5],
        remaining_hours = CASE WHEN id % 7 = 0 THEN NULL ELSE (id % 161) / 4.0 END,
        created_at = TIMESTAMPTZ '2026-11-20 08:00:00Z' - make_interval(secs => (id * 7919 % 100003) * 211),
        changed_at = TIMESTAMPTZ '2026-11-21 20:00:00Z' - make_interval(secs => (id * 104729 % 1000003) * 17),
        due = CASE WHEN id % 4 = 0 THEN NULL ELSE DATE '2026-06-01' + (id % 300)::int END
"""
_INSTANT: Final = """'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'"""
_ITEMS: Final = f"""
    SELECT w.id AS "WorkItemId", s.project_id AS "ProjectId", w.key AS "WorkItemKey", w.type AS "Type",
           w.hub_type AS "CommonType", w.title AS "Title", w.status AS "Status",
           w.status_category AS "StatusCategory", w.points AS "Points", w.remaining_hours AS "RemainingHours",
           w.priority AS "Priority", w.assignee AS "Assignee",
           to_char(w.created_at AT TIME ZONE 'UTC', {_INSTANT}) AS "CreatedAt",
           to_char(w.changed_at AT TIME ZONE 'UTC', {_INSTANT}) AS "ChangedAt", w.due AS "Due"
    FROM work_item w LEFT JOIN scope s ON s.source_id = w.source_id AND s.external_id = w.scope_external_id
    ORDER BY w.id
"""
_PROJECTS: Final = """
    SELECT id AS "ProjectId", key AS "ProjectKey", name AS "ProjectName" FROM project ORDER BY id
"""


def fill(engine: Engine, *, projects: int, items: int) -> None:
    """Fill a migrated, empty database."""
    seed(engine, projects=projects, work_items=items)
    with engine.begin() as connection:
        # The database itself puts down when a row changed, unless it is told that rows are only being copied.
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        connection.execute(text(_VARIED))
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM FULL work_item"))
        connection.execute(text("VACUUM ANALYZE"))


def export(engine: Engine, folder: Path) -> None:
    """Write the rows as CSV under the names that the peer takes them from."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, query in (("WorkItems", _ITEMS), ("Projects", _PROJECTS)):
        with (folder / f"bench-{name}.csv").open("wb") as file:
            file.writelines(_copied(engine, query))


def _copied(engine: Engine, query: str) -> Iterator[memoryview | bytes]:
    raw = engine.raw_connection()
    try:
        connection: Any = raw.driver_connection  # psycopg's own, which has COPY
        with (
            connection.cursor() as cursor,
            cursor.copy(f"COPY ({query}) TO STDOUT (FORMAT csv, HEADER)") as copy,
        ):
            yield from copy
    finally:
        raw.close()
