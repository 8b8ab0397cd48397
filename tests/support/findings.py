"""A small portfolio with findings in it, as the path leaves them, and clients that speak for somebody."""

from collections.abc import Collection
from datetime import timedelta
from typing import Any

from sqlalchemy import Engine, text, update
from starlette.testclient import TestClient

from model.tables import ApiToken
from sync.consolidate import consolidate
from tests.support.api_client import client
from tests.support.rows import T0, Rows

DAY = timedelta(days=1)


def found_portfolio(engine: Engine) -> Rows:
    """Two projects with findings: Apollo of Maya, with a RAID item of Lena's; Borealis of nobody."""
    rows = Rows(engine)
    rows.source("pmo-files", "excel")
    rows.register(
        "pmo-files", "APOLLO", tier=2, stage="deliver", manager="Maya", forecast_finish="2026-09-01",
        percent_complete="40",
    )  # fmt: skip
    rows.register("pmo-files", "BOREALIS", row=9, tier=2, stage="deliver")
    rows.raid(
        "pmo-files", "APOLLO", item_id="R-001", title="Vendor misses the interface delivery", owner="Lena",
        locator="raid.xlsx!RAID!A5", url="https://pmo-files.example/raid.xlsx",
    )  # fmt: skip
    consolidate(engine, as_of=T0.date(), known_at=T0)
    return rows


def speaking(engine: Engine, person: str, *roles: str, projects: Collection[str] | None = None) -> TestClient:
    """Return a client whose token speaks for a person, in roles of the office."""
    name = f"of {person}"
    made = client(engine, name=name, projects=projects)
    with engine.begin() as connection:
        connection.execute(
            update(ApiToken).where(ApiToken.name == name).values(person=person, roles=list(roles)),
        )
    return made


def number_of(engine: Engine, rule: str, project: str = "APOLLO") -> int:
    """Return the number of the newest finding of a rule in a project."""
    with engine.connect() as connection:
        found: Any = connection.scalar(
            text(
                "SELECT max(f.id) FROM finding f JOIN project p ON p.id = f.project_id"
                " WHERE f.rule = :rule AND p.key = :project"
            ),
            {"rule": rule, "project": project},
        )
    return int(found)
