"""No input of a consolidation is forgotten: what its statements read is listed, and what is watched has triggers."""

import re
from datetime import timedelta
from pathlib import Path

from sqlalchemy import Engine, event, text
from sqlalchemy.orm import Session

import model.tables  # noqa: F401  (registers the tables)
import sync
from model.base import Base
from sync.consolidate import consolidate
from sync.consolidation.grounds import standing_of
from sync.consolidation.inputs import WATCHED, Reach, inputs
from sync.consolidation.outcome import Consolidation
from sync.consolidation.to_compute import prepare_all
from tests.support.rows import T0, Rows

# What is not read of a small portfolio may be read of a larger one.
READING = (
    "facts*.py",
    "derive*.py",
    "record*.py",
    "claim.py",
    "precedence.py",
    "sight.py",
    "freshness.py",
    "measures/*",
)
_EVENTS = {"insert", "update", "delete", "truncate"}


def statements_of(engine: Engine) -> list[str]:
    """Listen to every statement from here on."""
    heard: list[str] = []
    event.listen(engine, "before_cursor_execute", lambda *given: heard.append(given[2]))
    return heard


def read_by(statements: list[str]) -> set[str]:
    """Return the tables that statements name after FROM or JOIN, or with a comma after another."""
    words = {
        word for each in statements for word in re.findall(r"\b(?:FROM|JOIN|USING|ONLY)\s+\"?(\w+)", each)
    }
    return words & set(Base.metadata.tables)


def portfolio(engine: Engine) -> Rows:
    rows = Rows(engine)
    rows.source("jira-cloud", "jira")
    rows.source("pmo-files", "excel")
    rows.scope("jira-cloud", "APO")
    rows.item("jira-cloud", "APO")
    rows.register("pmo-files", "APOLLO", name="Apollo", programme="Space", budget="100", bind_jira="APO")
    rows.raid("pmo-files", "APOLLO", item_id="R-1", probability=2, impact=2)
    rows.milestone("pmo-files", "APOLLO", "Launch")
    rows.cost("pmo-files", "APOLLO", "forecast", "90")
    return rows


def test_every_table_that_a_consolidation_reads_is_a_listed_input(engine: Engine) -> None:
    portfolio(engine)
    heard = statements_of(engine)
    consolidate(engine, as_of=T0.date(), known_at=T0)
    consolidate(engine, as_of=T0.date(), known_at=T0 + timedelta(hours=1))
    unlisted = read_by(heard) - inputs().keys()
    assert not unlisted, (
        f"status is computed from {sorted(unlisted)}, whose changes nobody would notice: "
        "list each in sync/consolidation/inputs.py, and give it triggers where it is watched"
    )
    assert {"claim", "work_item", "milestone", "raid_item", "cost_line", "waiver"} <= read_by(heard)


def test_every_table_that_facts_claims_and_records_name_is_a_listed_input() -> None:
    here = Path(sync.__file__).parent
    files = [each for name in READING for each in here.glob(name)]
    named = {table: each.name for each in files for table in read_by([each.read_text(encoding="utf-8")])}
    unlisted = {table: file for table, file in named.items() if table not in inputs()}
    assert not unlisted, f"read, and not listed in sync/consolidation/inputs.py: {unlisted}"
    assert {"work_item", "scope", "snapshot"} <= named.keys()


def test_every_watched_table_has_the_four_triggers(engine: Engine) -> None:
    with engine.connect() as connection:
        found = connection.execute(
            text(
                "SELECT c.relname, t.tgname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid"
                " WHERE t.tgname LIKE 'touched_%' AND t.tgenabled = 'O'"
            )
        ).all()
    triggers = {(table, name.removeprefix("touched_")) for table, name in found}
    wanted = {(table, one) for table, reach in inputs().items() if reach in WATCHED for one in _EVENTS}
    # A new programme says nothing of any project until one belongs to it.
    assert triggers == wanted - {("programme", "insert")}


def test_what_is_compared_is_read_each_time(engine: Engine) -> None:
    portfolio(engine)
    consolidate(engine, as_of=T0.date(), known_at=T0)
    heard = statements_of(engine)
    with Session(engine) as session:
        done = Consolidation(T0.date(), T0 + timedelta(hours=1))
        standing_of(session, prepare_all(session, done, None).setting)
        session.rollback()
    compared = {table for table, reach in inputs().items() if reach is Reach.COMPARED}
    assert compared <= read_by(heard)
