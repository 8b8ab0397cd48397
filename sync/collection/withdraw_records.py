"""Withdraw: what a publication wrote is taken back, and what was said before it counts again."""

from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, text

from model.base import Base
from sync.collection.publish_items import REFERENCES
from sync.collection.publish_records import begin_run, slice_of
from sync.record_rows import COLLECTION

_TABLES: Final = (*(table for table in REFERENCES), "cost_line")


def withdraw_records(connection: Connection, submission_id: int, *, now: datetime) -> int:
    """Take back what a publication wrote; returns how many claims and rows that were.

    Nothing is erased: claims are followed by the claim before them, or by none, and versions by the version
    before them, or by none. A publication that wrote nothing is no error.
    """
    page = connection.execute(
        text(
            "SELECT p.source_id, p.run_id FROM raw_page p JOIN source s ON s.id = p.source_id"
            " WHERE s.kind = :kind AND p.slice = :slice ORDER BY p.id DESC LIMIT 1"
        ),
        {"kind": COLLECTION, "slice": slice_of(submission_id)},
    ).one_or_none()
    if page is None:
        return 0
    run = begin_run(connection, page.source_id, now)
    known = {"source": page.source_id, "was": page.run_id, "run": run, "now": now}
    return _claims(connection, known) + sum(_rows(connection, table, known) for table in _TABLES)


def _claims(connection: Connection, known: dict[str, Any]) -> int:
    """Say again what was said before the publication; where nothing was, say nothing."""
    return connection.execute(
        text(
            "INSERT INTO claim (project_id, attribute, value, unit, source_id, valid_from, known_from, run_id,"
            " raw_page_id, raw_position, locator, url, sha256) SELECT c.project_id, c.attribute,"
            " coalesce(b.value, 'null'::jsonb), b.unit, c.source_id, coalesce(b.valid_from, c.valid_from), :now,"
            " :run, b.raw_page_id, b.raw_position, b.locator, b.url, b.sha256 FROM claim c"
            " LEFT JOIN LATERAL (SELECT * FROM claim e WHERE e.project_id = c.project_id"
            " AND e.attribute = c.attribute AND e.source_id = c.source_id AND e.id < c.id AND e.run_id <> c.run_id"
            " ORDER BY e.known_from DESC, e.id DESC LIMIT 1) AS b ON true WHERE c.run_id = :was"
            # What was said after it stands.
            " AND NOT EXISTS (SELECT 1 FROM claim l WHERE l.project_id = c.project_id AND l.attribute = c.attribute"
            " AND l.source_id = c.source_id AND l.id > c.id)"
        ),
        known,
    ).rowcount


def _rows(connection: Connection, table: str, known: dict[str, Any]) -> int:
    """Close the versions that the publication wrote, and write the ones before them again."""
    gone = connection.execute(
        text(
            f"UPDATE {table} SET known_to = :now WHERE source_id = :source AND run_id = :was AND known_to IS NULL"
            " RETURNING external_id, known_from"
        ),
        known,
    ).all()
    kept = [
        f'"{column.name}"'
        for column in Base.metadata.tables[table].columns
        if column.name not in ("id", "known_from", "known_to", "run_id", "changed_at")
    ]
    names = ", ".join(kept)
    for external_id, known_from in gone:
        connection.execute(
            text(
                f"INSERT INTO {table} (known_from, run_id, {names}) SELECT :now, :run, {names} FROM {table}"
                " WHERE source_id = :source AND external_id = :external_id AND known_to = :known_from"
            ),
            {**known, "external_id": external_id, "known_from": known_from},
        )
    return len(gone)
