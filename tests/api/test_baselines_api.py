"""Baselines over the API."""

from datetime import date

from sqlalchemy import Engine

from model import tables
from sync.consolidate import consolidate
from tests.support.api_client import client
from tests.support.rows import T0, Rows


def test_baselines_are_listed_with_what_they_froze_and_where_they_were_read(engine: Engine) -> None:
    rows = Rows(engine)
    rows.source("pmo-files", "excel")
    rows.register("pmo-files", "APOLLO", name="Apollo")
    rows.version(
        tables.Baseline, "pmo-files", "APOLLO", number=1, approved_on=date(2026, 1, 5), approved_by="Board",
        finish=date(2026, 12, 18), budget=1000,
    )  # fmt: skip
    consolidate(engine, as_of=T0.date(), known_at=T0)
    asking = client(engine)
    [found] = asking.get("/api/v1/baselines", params={"project": "APOLLO"}).json()["items"]
    assert (found["number"], found["approved_on"], found["finish"]) == (1, "2026-01-05", "2026-12-18")
    assert (found["budget"], found["approved_by"], found["source"]) == (1000, "Board", "pmo-files")
    assert found["locator"]
    assert asking.get("/api/v1/baselines", params={"project": "OTHER"}).json()["items"] == []
