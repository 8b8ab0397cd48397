"""A portfolio of one project seen on two days a week apart, to look at with both clocks."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from typing import Final

import zstandard
from sqlalchemy import text

from config.database import open_engine
from model import tables
from sync.consolidate import consolidate
from tests.support.databases import cloned
from tests.support.rows import T0, Rows

TODAY: Final = T0.date()
LATER: Final = T0 + timedelta(days=7)


@contextmanager
def two_days(template_url: str) -> Iterator[Rows]:
    """Give a database of its own with the portfolio, for the length of a block."""
    with cloned(template_url) as url:
        engine = open_engine(url)
        yield _seeded(Rows(engine))
        engine.dispose()


def _seeded(rows: Rows) -> Rows:
    """Put in a project of a tracker and a register, seen on two days, with a record that is gone by the second."""
    engine = rows.engine
    rows.source("jira-cloud", "jira")
    rows.source("pmo-files", "excel")
    rows.scope("jira-cloud", "APO")
    for number in range(4):
        rows.item(
            "jira-cloud", "APO", key=f"APO-{number}", status_category="done" if number else "todo",
            started_at=T0 - timedelta(days=70), done_at=T0 - timedelta(days=7 * number) if number else None,
        )  # fmt: skip
    rows.register(
        "pmo-files", "APOLLO", name="Apollo", bind_jira="APO", baseline_start="2025-01-06",
        baseline_finish="2025-12-19", forecast_finish="2026-01-30", budget="1000000", rag_overall="GREEN",
        reported_on="2026-11-01", programme="Space; Air (40 %)",
    )  # fmt: skip
    live = rows.milestone(
        "pmo-files",
        "APOLLO",
        "Go live",
        external_id="M-1",
        baseline=date(2026, 11, 20),
        forecast=TODAY + timedelta(40),
    )
    risk = rows.raid("pmo-files", "APOLLO", item_id="R-014", probability=4, impact=5)
    rows.raid(
        "pmo-files",
        "APOLLO",
        "issue",
        item_id="I-7",
        raised_on=TODAY - timedelta(9),
        due=TODAY + timedelta(30),
    )
    rows.raid("pmo-files", "APOLLO", "issue", item_id="I-3", raised_on=TODAY - timedelta(40), state="closed")
    rows.cost("pmo-files", "APOLLO", "actual", "1200.50", period=date(2026, 9, 1))
    rows.cost("pmo-files", "APOLLO", "actual", "800", period=date(2026, 10, 1))
    rows.cost("pmo-files", "APOLLO", "actual", "50", period=date(2026, 10, 1), category="Travel")
    body = b"what was fetched"
    with engine.begin() as connection:
        connection.execute(
            text("UPDATE raw_page SET body = :body, sha256 = :sha256"),
            {"body": zstandard.compress(body), "sha256": hashlib.sha256(body).digest()},
        )
    consolidate(engine, as_of=TODAY, known_at=T0)
    # By the next week the risk is gone, the milestone was moved, and an item was done that had not been.
    rows.change(tables.RaidItem, risk, deleted=True, known_to=LATER, fate="deleted")
    rows.change(tables.Milestone, live, known_to=LATER)
    rows.run("pmo-files", at=LATER)
    run = rows.run("jira-cloud", at=LATER)
    with engine.begin() as connection:
        connection.execute(
            text("UPDATE raw_page SET body = :body, sha256 = :sha256 WHERE body = ''"),
            {"body": zstandard.compress(body), "sha256": hashlib.sha256(body).digest()},
        )
        connection.execute(
            text(
                "UPDATE work_item SET status_category = 'done', done_at = :at, run_id = :run WHERE key = 'APO-0'"
            ),
            {"at": T0 + timedelta(days=1), "run": run},
        )
        connection.execute(
            text("UPDATE work_item SET done_at = done_at - interval '8 days', run_id = :run WHERE key = 'APO-1'"),
            {"run": run},
        )  # fmt: skip
    rows.milestone(
        "pmo-files",
        "APOLLO",
        "Go live",
        external_id="M-1",
        at=LATER,
        baseline=date(2026, 11, 20),
        forecast=TODAY + timedelta(60),
    )
    consolidate(engine, as_of=LATER.date(), known_at=LATER)
    return rows
