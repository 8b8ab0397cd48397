"""Derive what a project is held against from its last approved baseline, where no register row of the source says."""

from sqlalchemy import text
from sqlalchemy.orm import Session

from sync.facts_sql import CHOSEN
from sync.said import Derivation, Said, Sayings, money_text


def plan_from_baselines(session: Session, asked: Derivation, found: Sayings) -> None:
    """Start, finish and budget as last approved, true from the day of the approval.

    What a later baseline leaves empty it has not changed.
    """
    rows = session.execute(
        text(
            "SELECT b.project_id, b.source_id, b.approved_on, b.start,"
            " b.finish, b.budget, coalesce(b.currency, :currency) AS currency, b.raw_page_id, b.raw_position,"
            " b.locator, b.url FROM baseline b WHERE b.known_from <= :known_at AND (b.known_to IS NULL"
            " OR b.known_to > :known_at) AND NOT b.deleted AND b.project_id IS NOT NULL AND b.approved_on <= :today"
            f" AND b.source_id = ANY(CAST(:sources AS bigint[])) AND {CHOSEN.format('b.project_id')}"
            " ORDER BY b.project_id, b.source_id, b.approved_on DESC, b.number DESC NULLS LAST, b.id DESC"
        ),
        asked.bound(currency=asked.currency, known_at=asked.known_at, today=asked.today),
    )
    for row in rows:  # the last approval first: of two that one source says the first stands
        values = {
            "baseline_start": None if row.start is None else row.start.isoformat(),
            "baseline_finish": None if row.finish is None else row.finish.isoformat(),
            "budget": None if row.budget is None else money_text(row.budget),
        }
        for attribute, value in values.items():
            if value is None:
                continue
            unit = row.currency if attribute == "budget" else None
            where = (row.raw_page_id, row.raw_position, row.locator, row.url)
            found.add(row.project_id, attribute, row.source_id, Said(value, unit, row.approved_on, *where))
