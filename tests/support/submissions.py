"""Submissions as a cycle would open them: on the seeded portfolio, with what was filled in."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb
from sqlalchemy import Engine, text
from starlette.testclient import TestClient

from api.app import create_app
from api.signin.tokens import create_token
from model.attributes import REGISTER

MANAGER = "Ada Obi"
PERIOD = "2025-06"
FILLED: dict[str, Any] = {
    "period": "2025-06",
    "stage": "deliver",
    "tier": 1,
    "baseline_start": "2025-01-06",
    "baseline_finish": "2025-12-19",
    "forecast_finish": "2026-01-30",
    "budget": 1000000,
    "actual_cost": 480000,
    "forecast_cost": 1142857.14,
    "percent_complete": 42,
    "milestones_due": 3,
    "milestones_met": 1,
    "achievements": "Payments module build continued and test environment two was handed over.",
    "next_period": "Complete payments build; start end-to-end test.",
}
CONTEXT: dict[str, Any] = {
    "tier": 1,
    "stage": "deliver",
    "period": PERIOD,
    "report": {"period": PERIOD},
    "computed": {"overall": "RED", "schedule": "AMBER", "cost": "RED", "scope": "GREEN", "risk": "GREEN"},
    "finance": {"eac": 1150000},
    "previous": None,
}


@dataclass(frozen=True, slots=True)
class Opened:
    """A submission and whose it is."""

    id: int
    cycle: int
    project: UUID
    key: str


def open_submission(
    engine: Engine,
    *,
    key: str = "PORTAL",
    name: str = "Citizen portal",
    template: str = "monthly-status",
    version: str = "3.1.0",
    filled: Mapping[str, Mapping[str, Any]] | None = None,
    ages: Mapping[str, float] | None = None,
    context: Mapping[str, Any] = CONTEXT,
    state: str = "draft",
    manager: str | None = MANAGER,
    sponsor: str | None = None,
    now: datetime | None = None,
) -> Opened:
    """Put a project with a manager and its submission into the store, filled in from a source `jira`."""
    at = now or datetime.now(UTC)
    with engine.begin() as connection:

        def one(statement: str, **values: Any) -> Any:
            return connection.execute(text(statement), values).scalar_one()

        portfolio = connection.execute(text("SELECT id FROM portfolio")).scalar() or one(
            "INSERT INTO portfolio (key, name, timezone, currency) VALUES ('main', 'Main', 'Europe/London', 'GBP')"
            " RETURNING id"
        )
        project = one(
            "INSERT INTO project (id, key, name, portfolio_id, origin, created_at) VALUES (gen_random_uuid(), :key,"
            " :name, :portfolio, 'register', :at) RETURNING id",
            key=key, name=name, portfolio=portfolio, at=at - timedelta(days=90),
        )  # fmt: skip
        said = {**(FILLED if filled is None else {}), "manager": manager, "sponsor": sponsor}
        _claim(connection, project, {name: value for name, value in said.items() if value is not None}, at)
        cycle = connection.execute(
            text("SELECT id FROM cycle WHERE template = :template AND period = :period"),
            {"template": template, "period": PERIOD},
        ).scalar() or one(
            "INSERT INTO cycle (template, version, period, period_end, opens_at, due_at, timezone, calendar, state)"
            " VALUES (:template, :version, :period, '2025-06-30', :at, :due, 'Europe/London', 'uk-england', 'open')"
            " RETURNING id",
            template=template, version=version, period=PERIOD, at=at, due=at + timedelta(days=5),
        )  # fmt: skip
        number = one(
            "INSERT INTO submission (cycle_id, project_id, version, state, opened_at, context)"
            " VALUES (:cycle, :project, :version, :state, :at, :context) RETURNING id",
            cycle=cycle, project=project, version=version, state=state, at=at,
            context=Jsonb({"*": dict(context)}),
        )  # fmt: skip
        for ref, values in ({"": FILLED} if filled is None else filled).items():
            for field, value in values.items():
                connection.execute(
                    text(
                        "INSERT INTO prefill (submission_id, record_ref, field, value, source, locator, url,"
                        " age_days, filled_at) VALUES (:id, :ref, :field, :value, 'jira', :locator, :url, :age, :at)"
                    ),
                    {"id": number, "ref": ref, "field": field, "value": Jsonb(value), "locator": f"{key}-12",
                     "url": f"https://jira.example/browse/{key}-12", "age": (ages or {}).get(field, 2), "at": at},
                )  # fmt: skip
    return Opened(number, cycle, project, key)


def _claim(connection: Any, project: UUID, values: Mapping[str, Any], at: datetime) -> None:
    """Let the source say what is filled in, so that filling in anew finds the same."""
    source = connection.execute(text("SELECT id FROM source WHERE name = 'jira'")).scalar()
    if source is None:
        source = connection.execute(
            text(
                "INSERT INTO source (name, kind, config, host, fingerprint, created_at, updated_at)"
                " VALUES ('jira', 'jira', '{}', 'jira.example', 'x', :at, :at) RETURNING id"
            ),
            {"at": at},
        ).scalar_one()
    run = connection.execute(
        text(
            "INSERT INTO run (source_id, state, mode, queued_at) VALUES (:source, 'succeeded', 'full', :at)"
            " RETURNING id"
        ),
        {"source": source, "at": at},
    ).scalar_one()
    for name, value in values.items():
        attribute = REGISTER["project"].get(name)
        if attribute is None:
            continue
        connection.execute(
            text(
                "INSERT INTO claim (project_id, attribute, value, source_id, valid_from, known_from, run_id, locator)"
                " VALUES (:project, :name, :value, :source, :day, :at, :run, 'PORTAL-12')"
            ),
            {"project": project, "name": name, "source": source, "day": at.date() - timedelta(days=2),
             "value": Jsonb(str(value) if attribute.type == "money" else value),
             "at": at - timedelta(days=2), "run": run},
        )  # fmt: skip


def speaking_for(
    engine: Engine,
    person: str = MANAGER,
    *,
    roles: tuple[str, ...] = (),
    name: str | None = None,
    **options: Any,
) -> TestClient:
    """Return a client whose token speaks for a person."""
    name = name or f"of {person}"
    made = create_token(engine, name, **options)
    with engine.begin() as connection:
        connection.execute(
            text("UPDATE api_token SET person = :person, roles = :roles WHERE name = :name"),
            {"person": person, "roles": Jsonb(list(roles)), "name": name},
        )
    return TestClient(
        create_app(engine), headers={"Authorization": f"Bearer {made}"}, raise_server_exceptions=False,
        follow_redirects=False,
    )  # fmt: skip
