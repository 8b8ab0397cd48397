"""Rows for the measurement of consolidation: a register, a tracker, and what belongs to their projects."""

from datetime import UTC, datetime
from typing import Final

from sqlalchemy import Connection, Engine, text

T0: Final = datetime(2026, 11, 2, 2, 0, tzinfo=UTC)
REGISTER: Final = 1
TRACKER: Final = 2
ITEMS: Final = 100  # work items a project

# Every project is like the others in size, and unlike them in what it says.
_CELL: Final = "jsonb_build_object('value', {0}, 'cell', '{1}' || n)"
_COLUMNS: Final = {
    "name": "'Project ' || n", "programme": "'Programme ' || n % 40", "tier": "1 + n % 3", "stage": "'deliver'",
    "manager": "'Manager ' || n % 700", "sponsor": "'Sponsor ' || n % 90", "baseline_start": "'2026-01-05'",
    "baseline_finish": "'2026-12-18'",
    "forecast_finish": "CAST(CAST('2026-12-01' AS date) + n % 90 AS text)",
    "budget": "CAST(1000000 + n AS text)", "actual_cost": "CAST(400000 + n AS text)",
    "forecast_cost": "CAST(950000 + n % 200000 AS text)", "contingency": "CAST(50000 + n AS text)",
    "percent_complete": "n % 100", "baseline_points": "400", "added_points_approved": "n % 30",
    "added_points_unapproved": "n % 50", "removed_points": "n % 10", "benefit_target": "CAST(2000000 + n AS text)",
    "benefit_forecast": "CAST(1900000 + n % 300000 AS text)", "rag_overall": "'GREEN'", "rag_schedule": "'GREEN'",
    "rag_cost": "'GREEN'", "rag_scope": "'AMBER'", "rag_risk": "'GREEN'",
    "achievements": "'The interfaces of release ' || n || ' were tested and handed over to support.'",
    "next_period": "'Finish the end-to-end test of release ' || n || ' with all suppliers.'",
    "reported_on": "'2026-10-30'", "bind_jira": "'PRJ' || n",
}  # fmt: skip
_VERSION: Final = (
    "source_id, external_id, project_ref, known_from, raw_page_id, raw_position, locator,"
    " content_hash, run_id"
)
_VERSIONED: Final = (
    "1, '{0}-' || n || '-' || k, 'P' || n, :at, 1, k, 'register.xlsx!{0}!A' || n || k,"
    " decode(md5('{0}' || n || '-' || k), 'hex'), 1"
)
_EACH: Final = "FROM generate_series(1, :projects) AS n, generate_series(1, {0}) AS k"


def seed(engine: Engine, projects: int) -> None:
    """Fill a migrated database with what one run of each source would have stored."""
    with engine.begin() as connection:
        _sources(connection)
        _scopes(connection, projects)
        _records(connection, projects)
        _work(connection, projects)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE"))


def _sources(connection: Connection) -> None:
    at = {"at": T0}
    connection.execute(
        text(
            "INSERT INTO portfolio (key, name, timezone, currency)"
            " VALUES ('main', 'Change portfolio', 'Europe/London', 'GBP')"
        )
    )
    for name, kind, position in (("pmo-files", "excel", 0), ("jira-cloud", "jira", 1)):
        connection.execute(
            text(
                "INSERT INTO source (name, kind, position, config, host, fingerprint, created_at, updated_at)"
                " VALUES (:name, :kind, :position, '{}', :name, :name, :at, :at)"
            ),
            {"name": name, "kind": kind, "position": position, **at},
        )
    connection.execute(
        text(
            "INSERT INTO run (source_id, state, mode, queued_at, started_at, finished_at)"
            " SELECT id, 'succeeded', 'full', :at, :at, :at FROM source ORDER BY id"
        ),
        at,
    )
    connection.execute(
        text(
            "INSERT INTO raw_page (run_id, source_id, stream, slice, fetched_at, parts, body, sha256)"
            " SELECT id, source_id, 'any', '', :at, '[]', '', decode(md5(CAST(id AS text)), 'hex') FROM run"
            " ORDER BY id"
        ),
        at,
    )


def _scopes(connection: Connection, projects: int) -> None:
    cells = ", ".join(f"'{name}', {_CELL.format(value, name)}" for name, value in _COLUMNS.items())
    connection.execute(
        text(
            "INSERT INTO scope (source_id, external_id, kind, key, name, attributes, raw_page_id, raw_position,"
            f" locator) SELECT 1, 'row-' || n, 'register_row', 'P' || n, 'Project ' || n, jsonb_build_object({cells}),"
            " 1, n, 'register.xlsx!Projects!A' || n FROM generate_series(1, :projects) AS n"
        ),
        {"projects": projects},
    )
    connection.execute(
        text(
            "INSERT INTO scope (source_id, external_id, kind, key, keys, name, lead, url, raw_page_id, raw_position,"
            " locator) SELECT 2, 'id-' || n, 'jira_project', 'PRJ' || n, jsonb_build_array('PRJ' || n),"
            " 'Tracker ' || n, 'Manager ' || n % 700, 'https://jira.example/PRJ' || n, 2, n, 'PRJ' || n"
            " FROM generate_series(1, :projects) AS n"
        ),
        {"projects": projects},
    )


def _records(connection: Connection, projects: int) -> None:
    given = {"projects": projects, "at": T0}
    connection.execute(
        text(
            f"INSERT INTO milestone ({_VERSION}, name, state, critical, baseline, forecast)"
            f" SELECT {_VERSIONED.format('M')}, 'Milestone ' || k, 'planned', k = 5,"
            " CAST('2026-09-01' AS date) + 30 * k,"
            f" CAST('2026-09-01' AS date) + 30 * k + n % 40 {_EACH.format(5)}"
        ),
        given,
    )
    connection.execute(
        text(
            f"INSERT INTO raid_item ({_VERSION}, item_id, kind, title, owner, state, raised_on, reviewed_on, due,"
            f" probability, impact, cost_impact, currency) SELECT {_VERSIONED.format('R')}, 'R-' || k,"
            " CASE WHEN k < 5 THEN 'risk' ELSE 'issue' END, 'Supplier ' || n || ' may be late', 'Owner ' || n % 300,"
            " 'open', '2026-08-01', '2026-10-20', CAST('2026-11-20' AS date) + k, 1 + (n + k) % 5, 1 + (n * k) % 5,"
            f" 1000 * k, 'GBP' {_EACH.format(6)}"
        ),
        given,
    )
    connection.execute(
        text(
            f"INSERT INTO cost_line ({_VERSION}, category, kind, period, amount, currency)"
            f" SELECT {_VERSIONED.format('C')}, 'staff', CASE WHEN k <= 10 THEN 'actual' ELSE 'forecast' END,"
            " CAST(CAST('2026-01-01' AS date) + make_interval(months => k - 1) AS date), 10000 + n, 'GBP'"
            f" {_EACH.format(12)}"
        ),
        given,
    )


def _work(connection: Connection, projects: int) -> None:
    connection.execute(
        text(
            "INSERT INTO work_item (source_id, external_id, key, scope_external_id, type, hub_type, title, status,"
            " status_category, points, due, created_at, updated_at, raw_page_id, raw_position, locator, content_hash,"
            " run_id) SELECT 2, n || '-' || k, 'PRJ' || n || '-' || k, 'id-' || n, 'Story',"
            " CASE WHEN k % 20 = 0 THEN 'epic' ELSE 'story' END, 'Item ' || k, 'To Do',"
            " CASE k % 3 WHEN 0 THEN 'todo' WHEN 1 THEN 'doing' ELSE 'done' END, k % 8,"
            " CASE WHEN k % 5 = 0 THEN CAST('2026-11-01' AS date) + k END, :at, :at, 2, k, 'PRJ' || n || '-' || k,"
            f" decode(md5(n || '-' || k), 'hex'), 2 {_EACH.format(ITEMS)}"
        ),
        {"projects": projects, "at": T0},
    )


def touch(engine: Engine, share: float, projects: int, *, at: datetime) -> int:
    """Sync the tracker once more: some items of a share of the projects were worked on; returns how many."""
    every = max(1, round(1 / share))
    with engine.begin() as connection:
        run = connection.execute(
            text(
                "INSERT INTO run (source_id, state, mode, queued_at, started_at, finished_at)"
                " VALUES (2, 'succeeded', 'incremental', :at, :at, :at) RETURNING id"
            ),
            {"at": at},
        ).scalar_one()
        connection.execute(
            text(
                "UPDATE work_item SET status_category = 'done', updated_at = :at, run_id = :run, due = due + 1"
                " WHERE source_id = 2 AND scope_external_id = ANY(SELECT 'id-' || n FROM generate_series("
                " CAST(:every AS int), CAST(:projects AS int), CAST(:every AS int)) AS n) AND raw_position % 7 = 0"
            ),
            {"at": at, "run": run, "every": every, "projects": projects},
        )
    return projects // every


def rewrite(engine: Engine, share: float, projects: int, *, at: datetime) -> None:
    """Read the register once more: a share of its rows says another finish and has a milestone more."""
    every = max(1, round(1 / share))
    chosen = "generate_series(CAST(:every AS int), CAST(:projects AS int), CAST(:every AS int)) AS n"
    given = {"at": at, "every": every, "projects": projects}
    with engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO run (source_id, state, mode, queued_at, started_at, finished_at)"
                " VALUES (1, 'succeeded', 'full', :at, :at, :at)"
            ),
            given,
        )
        connection.execute(
            text(
                "UPDATE scope SET attributes = jsonb_set(attributes, '{forecast_finish,value}', '\"2027-03-31\"')"
                f" WHERE source_id = 1 AND external_id = ANY(SELECT 'row-' || n FROM {chosen})"
            ),
            given,
        )
        connection.execute(
            text(
                f"INSERT INTO milestone ({_VERSION}, name, state, baseline, forecast) SELECT 1, 'late-' || n, 'P' || n,"
                " :at, 1, 0, 'register.xlsx!M!Z' || n, decode(md5('late' || n), 'hex'), 1, 'Handover', 'planned',"
                f" CAST('2026-12-01' AS date), CAST('2027-03-01' AS date) FROM {chosen}"
            ),
            given,
        )
