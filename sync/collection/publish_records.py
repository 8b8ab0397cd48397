"""Publish: what people answered becomes claims and rows of a source of its own, with its page, run and ledger."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import Connection, text
from sqlalchemy.orm import Session

from sync.collection.publish_costs import publish_costs
from sync.collection.publish_items import asked_of_the_board, publish_items
from sync.collection.published import Published, Value, published
from sync.json import dump_bytes, dumps
from sync.match import portfolio_of
from sync.rawpage import pack
from sync.record_rows import COLLECTION
from sync.said import CLAIMED, normalised

_LAST: Final = -1  # before every configured source: what people were asked goes first
_REPORT: Final = "status_report"
_COSTS: Final = "cost_forecast"


@dataclass(slots=True)
class Publication:
    """Where the answers of one submission are written to, and what came of it."""

    source_id: int
    run_id: int
    page_id: int
    sha256: str
    claims: int = 0
    rows: int = 0
    warnings: list[str] = field(default_factory=list)


def publish_records(connection: Connection, submission_id: int, *, now: datetime) -> Publication:
    """Write a published submission down: answers as claims, item records as rows of their tables.

    Only what people answered; what was filled in is on record already. The frozen document is kept as a page
    of the source `collection`, so that every claim and row leads back to it word for word.

    Args:
        connection: In the transaction of the publication.
        submission_id: Of a submission that is frozen.
        now: The clock.

    Raises:
        NotPublished: It is not frozen.
    """
    found = published(connection, submission_id, now)
    publication = _begin(connection, found, now)
    for record in found.records:
        publication.warnings += [
            f"{found.place(record.ref, name)}: {each.problem}; it is kept as it was answered, and not claimed"
            for name, each in record.values.items()
            if each.answered and each.problem is not None
        ]
    own = [record for record in found.records if not record.ref]
    for record in own:
        _claim(connection, publication, found, list(record.answers()), now)
        publication.rows += asked_of_the_board(connection, publication, found, record, now)
    items = [record for record in found.records if record.ref and any(record.answers())]
    if found.template.header.record == _COSTS:
        publication.rows += publish_costs(connection, publication, found, items, now)
    else:
        publication.rows += publish_items(connection, publication, found, items, now)
    _finish(connection, publication, found, now)
    return publication


def collection_source(connection: Connection, now: datetime) -> int:
    """Return the source that answers come from, made when it is first needed.

    It is not enabled: nothing pulls it.
    """
    connection.execute(
        text(
            "INSERT INTO source (name, kind, position, config, host, enabled, fingerprint, created_at, updated_at)"
            " VALUES (:name, :name, :position, '{}', :name, false, :name, :now, :now) ON CONFLICT (name) DO NOTHING"
        ),
        {"name": COLLECTION, "position": _LAST, "now": now},
    )
    found: int = connection.execute(
        text("SELECT id FROM source WHERE kind = :kind ORDER BY id LIMIT 1"), {"kind": COLLECTION}
    ).scalar_one()
    return found


def begin_run(connection: Connection, source_id: int, now: datetime) -> int:
    """Write down a run of the source: a publication, or a withdrawal."""
    run: int = connection.execute(
        text(
            "INSERT INTO run (source_id, state, mode, queued_at, started_at, finished_at, attempts)"
            " VALUES (:source, 'succeeded', 'incremental', :now, :now, :now, 1) RETURNING id"
        ),
        {"source": source_id, "now": now},
    ).scalar_one()
    return run


def _begin(connection: Connection, found: Published, now: datetime) -> Publication:
    source = collection_source(connection, now)
    run = begin_run(connection, source, now)
    body = dump_bytes(found.frozen, canonical=True)
    digest = hashlib.sha256(body)
    head = found.head
    page: int = connection.execute(
        text(
            "INSERT INTO raw_page (run_id, source_id, stream, slice, fetched_at, parts, body, sha256) VALUES"
            " (:run, :source, :stream, :slice, :now, CAST(:parts AS jsonb), :body, :sha256) RETURNING id"
        ),
        {
            "run": run, "source": source, "stream": head.template, "slice": slice_of(head.id), "now": now,
            "parts": dumps([{"request": f"{head.project_key} {head.template} {head.period}", "bytes": len(body)}]),
            "body": pack(body), "sha256": digest.digest(),
        },
    ).scalar_one()  # fmt: skip
    return Publication(source, run, page, digest.hexdigest())


def slice_of(submission_id: int) -> str:
    """Return the slice that a submission's page is kept under."""
    return f"submission {submission_id}"


def _finish(connection: Connection, publication: Publication, found: Published, now: datetime) -> None:
    """Write the run's ledger: every record of the document is accounted for."""
    answered = sum(any(record.answers()) for record in found.records)
    connection.execute(
        text(
            "INSERT INTO run_stream (run_id, stream, said, stored, unchanged, filtered, filters)"
            " VALUES (:run, :stream, :said, :stored, 0, :filtered, CAST(:filters AS jsonb))"
        ),
        {
            "run": publication.run_id, "stream": found.head.template, "said": len(found.records),
            "stored": answered, "filtered": len(found.records) - answered,
            "filters": dumps({"nobody answered anything": n} if (n := len(found.records) - answered) else {}),
        },
    )  # fmt: skip
    connection.execute(
        text("UPDATE run SET warnings = CAST(:warnings AS jsonb), finished_at = :now WHERE id = :run"),
        {"warnings": dumps(publication.warnings), "now": now, "run": publication.run_id},
    )


def _claim(
    connection: Connection,
    publication: Publication,
    found: Published,
    answers: Sequence[Value],
    now: datetime,
) -> None:
    with Session(connection) as session:
        currency = portfolio_of(session).currency
    rows = []
    for each in answers:
        name = attribute_of(each)
        if name is None:
            continue
        value = claimed(name, each.value)
        unit = CLAIMED[name].unit
        unit = (each.unit or currency) if unit == "currency" else unit
        rows.append(
            (name, value, unit, found.valid_from, each.locator or found.place("", each.field.rule.id))
        )
    if answers and found.template.header.record == _REPORT:
        submitted = found.head.submitted_at or now
        day = found.head.day(submitted)
        rows.append(
            ("reported_on", day.isoformat(), None, min(day, found.today), found.place("", "submitted"))
        )
    write_claims(connection, publication, found.project_id, rows, now)


def attribute_of(each: Value) -> str | None:
    """Return the project's attribute that an answer is of: what it is bound to, else the one of its own name."""
    bound = each.field.attribute
    name = bound.name if bound is not None and bound.entity == "project" else each.field.rule.id
    return name if name in CLAIMED else None


def claimed(attribute: str, value: Any) -> Any:
    """Return an answer as a claim's JSON scalar; None where the answer takes the value away.

    >>> claimed("decisions_needed", ["Buy or build", "Who hosts it"]), claimed("budget", 1000.5)
    ('Buy or build; Who hosts it', '1000.50')
    """
    if isinstance(value, list | tuple):
        value = "; ".join(str(part) for part in value)
    if isinstance(value, float):
        value = Decimal(str(value))
    return normalised(attribute, value)


ClaimRow = tuple[str, Any, str | None, date, str | None]  # attribute, value, unit, valid from, locator


def write_claims(
    connection: Connection, publication: Publication, project_id: Any, rows: Sequence[ClaimRow], now: datetime
) -> None:
    """Append claims of the collection source; also what was said before, since it was said again."""
    for name, value, unit, valid_from, locator in rows:
        connection.execute(
            text(
                "INSERT INTO claim (project_id, attribute, value, unit, source_id, valid_from, known_from, run_id,"
                " raw_page_id, raw_position, locator, sha256) VALUES (:project, :attribute, CAST(:value AS jsonb),"
                " :unit, :source, :valid_from, :now, :run, :page, 0, :locator, :sha256)"
            ),
            {
                "project": project_id, "attribute": name, "value": dumps(value), "unit": unit,
                "source": publication.source_id, "valid_from": valid_from, "now": now,
                "run": publication.run_id, "page": publication.page_id, "locator": locator,
                "sha256": publication.sha256,
            },
        )  # fmt: skip
    publication.claims += len(rows)
