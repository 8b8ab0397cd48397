"""Claims by hand: somebody of the office states a value of a project, by name and with a reason, or withdraws it.

The value is a claim of `collection`, the source of what people say, with a page of its own that its receipt leads to;
the person's word lets it count until a source says something new.
"""

import hashlib
import math
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Engine, Row, text
from sqlalchemy.orm import Session

from sync.audit import record
from sync.collection.publish_records import begin_run, collection_source
from sync.hand_claim_rules import Impossible, doubts, possible, standing_values
from sync.identity.settle import CannotSettle, end_word, said_now, spoken
from sync.json import dump_bytes, dumps
from sync.match import portfolio_of
from sync.precedence import typed
from sync.rawpage import pack
from sync.said import CLAIMED, normalised
from sync.store import unit_of_work
from sync.today import today

STREAM: Final = "by-hand"
MOST: Final = 4000  # characters of a value
ATTRIBUTES: Final = tuple(sorted(CLAIMED))
_BY_HAND: Final = "by hand"
_NUMBERS: Final = frozenset({"int", "number", "percent", "money"})


class CannotState(ValueError):
    """It cannot be stated so; the message says why and what to do."""


class NoSuchHandClaim(LookupError):
    """There is no such claim by hand, or it has ended; the message says which."""


@dataclass(frozen=True, slots=True)
class Statement:
    """What somebody wants to state, as it was typed."""

    project_id: UUID
    attribute: str
    value: str
    because: str


@dataclass(frozen=True, slots=True)
class Stated:
    """What was stated or withdrawn, in words. `warnings` say what else of the project contradicts it."""

    number: int
    project_id: UUID
    then: str
    warnings: tuple[str, ...] = ()


def state(engine: Engine, wanted: Statement, *, by: str, now: datetime) -> Stated:
    """Let a value count that somebody of the office states.

    Raises:
        CannotState: The attribute is none, the value is not of its type or cannot be, or a name or reason is missing.
    """
    by, because = _spoken(by, wanted.because)
    value = read_value(wanted.attribute, wanted.value)
    with unit_of_work(engine) as connection:
        try:
            possible(connection, wanted.attribute, value, today(connection, now))
        except Impossible as error:
            raise CannotState(str(error)) from None
        key = connection.execute(
            text("SELECT key FROM project WHERE id = :id FOR UPDATE"), {"id": wanted.project_id}
        ).scalar_one()
        instead = _said(connection, wanted.project_id, wanted.attribute)
        claim = _write(
            connection, wanted, key, (value, _unit(connection, wanted.attribute, instead)), by=by, now=now
        )
        _end(connection, wanted.project_id, wanted.attribute, by, f"stated anew: {because}", now)
        number: int = connection.execute(
            text(
                "INSERT INTO hand_claim (project_id, attribute, claim_id, instead, at, by, because)"
                " VALUES (:project, :attribute, :claim, CAST(:instead AS jsonb), :now, :by, :because) RETURNING id"
            ),
            {
                "project": wanted.project_id, "attribute": wanted.attribute, "claim": claim,
                "instead": dumps(instead), "now": now, "by": by, "because": because,
            },
        ).scalar_one()  # fmt: skip
        _let_count(connection, wanted, claim, by=by, because=because, now=now)
        detail = {"attribute": wanted.attribute, "value": value, "instead": instead, "because": because}
        record(connection, "claim.stated", f"project {key}", detail, by=by)
        stated = {wanted.attribute: typed(wanted.attribute, value)}
        beside = standing_values(connection, [wanted.project_id], now).get(wanted.project_id, {})
        warnings = tuple(doubts(wanted.attribute, beside | stated))
    return Stated(
        number, wanted.project_id, f"{wanted.attribute} of {key} is {value}, as {by} says", warnings
    )


def withdraw(engine: Engine, number: int, *, by: str, because: str, now: datetime) -> Stated:
    """Take a claim by hand back: what people answered before counts again among what sources say.

    Raises:
        NoSuchHandClaim: None of that number stands.
        CannotState: A name or reason is missing.
    """
    by, because = _spoken(by, because)
    with unit_of_work(engine) as connection:
        row = connection.execute(
            text(
                "SELECT h.*, p.key FROM hand_claim h JOIN project p ON p.id = h.project_id WHERE h.id = :id"
                " FOR UPDATE OF p, h"
            ),
            {"id": number},
        ).one_or_none()
        if row is None:
            raise NoSuchHandClaim(f"there is no claim {number} made by hand")
        if row.ended_at is not None:
            raise NoSuchHandClaim(
                f"claim {number} made by hand has ended on {row.ended_at:%Y-%m-%d}: {row.ended_because}"
            )
        _end(connection, row.project_id, row.attribute, by, because, now)
        end_word(connection, row.project_id, row.attribute, by, because, now, claim=row.claim_id)
        _say_again(connection, row, now)
        detail = {"attribute": row.attribute, "claim": number, "because": because}
        record(connection, "claim.withdrawn", f"project {row.key}", detail, by=by)
    return Stated(number, row.project_id, f"sources decide on {row.attribute} of {row.key} again")


def read_value(attribute: str, given: str) -> Any:
    """Return what was typed as a claim's JSON scalar.

    Raises:
        CannotState: With what was expected.
    """
    known = CLAIMED.get(attribute)
    if known is None:
        raise CannotState(f"there is no attribute {attribute[:60]!r} that can be stated of a project")
    said = given.strip()
    if not said or "\x00" in said or len(said) > MOST:
        raise CannotState(f"say the value of {attribute}, in at most {MOST} characters")
    if known.type in _NUMBERS:
        said = said.removesuffix("%").strip()
        if not _is_number(said):
            raise CannotState(f"{attribute}: expected a number such as 1250000.50, not {given[:60]!r}")
    if known.values and said not in known.values:
        raise CannotState(f"{attribute}: expected one of {', '.join(known.values)}, not {given[:60]!r}")
    try:
        return normalised(attribute, said)
    except ValueError as error:
        expected = "expected a day as 2026-11-23" if known.type == "date" else str(error)
        raise CannotState(f"{attribute}: {expected}, not {given[:60]!r}") from None


def _is_number(said: str) -> bool:
    try:
        return math.isfinite(float(said))
    except ValueError:
        return False


def _spoken(by: str, because: str) -> tuple[str, str]:
    try:
        return spoken(by, because)
    except CannotSettle:
        raise CannotState("say who states it and why, in words: both stand beside it from then on") from None


def _said(connection: Connection, project: UUID, attribute: str) -> list[dict[str, Any]]:
    """Return what each source says by now, in the order of the sources."""
    rows = connection.execute(
        text(
            "SELECT s.name AS source, c.value, c.unit FROM claim c JOIN source s ON s.id = c.source_id"
            " WHERE c.id = ANY(CAST(:ids AS bigint[])) ORDER BY s.position, s.name"
        ),
        {"ids": list(said_now(connection, project, attribute).values())},
    )
    return [dict(row) for row in rows.mappings()]


def _write(
    connection: Connection,
    wanted: Statement,
    key: str,
    value: tuple[Any, str | None],
    *,
    by: str,
    now: datetime,
) -> int:
    """Write the claim with the page that it was read from: what was stated, word for word."""
    with Session(connection) as session:
        portfolio = portfolio_of(session)
    source = collection_source(connection, now)
    run = begin_run(connection, source, now)
    document = {
        "project": key, "attribute": wanted.attribute, "value": value[0], "unit": value[1], "by": by,
        "because": wanted.because.strip(), "at": now.isoformat(),
    }  # fmt: skip
    body = dump_bytes(document, canonical=True)
    digest = hashlib.sha256(body)
    page = connection.execute(
        text(
            "INSERT INTO raw_page (run_id, source_id, stream, slice, fetched_at, parts, body, sha256) VALUES"
            " (:run, :source, :stream, :slice, :now, CAST(:parts AS jsonb), :body, :sha256) RETURNING id"
        ),
        {
            "run": run, "source": source, "stream": STREAM, "slice": f"{key} {wanted.attribute}", "now": now,
            "parts": dumps([{"request": f"{key} {wanted.attribute}, {_BY_HAND}", "bytes": len(body)}]),
            "body": pack(body), "sha256": digest.digest(),
        },
    ).scalar_one()  # fmt: skip
    connection.execute(
        text(
            "INSERT INTO run_stream (run_id, stream, said, stored, unchanged, filtered, filters)"
            " VALUES (:run, :stream, 1, 1, 0, 0, '{}')"
        ),
        {"run": run, "stream": STREAM},
    )
    claim: int = connection.execute(
        text(
            "INSERT INTO claim (project_id, attribute, value, unit, source_id, valid_from, known_from, run_id,"
            " raw_page_id, raw_position, locator, sha256) VALUES (:project, :attribute, CAST(:value AS jsonb), :unit,"
            " :source, :today, :now, :run, :page, 0, :locator, :sha256) RETURNING id"
        ),
        {
            "project": wanted.project_id, "attribute": wanted.attribute, "value": dumps(value[0]),
            "unit": value[1], "source": source, "now": now, "run": run, "page": page,
            "today": now.astimezone(ZoneInfo(portfolio.timezone)).date(),
            "locator": f"{_BY_HAND}, {by}", "sha256": digest.hexdigest(),
        },
    ).scalar_one()  # fmt: skip
    return claim


def _unit(connection: Connection, attribute: str, instead: list[dict[str, Any]]) -> str | None:
    """Return the unit of an attribute: of money the currency that sources say it in, else the portfolio's."""
    unit = CLAIMED[attribute].unit
    if unit != "currency":
        return unit
    with Session(connection) as session:
        return (
            next((each["unit"] for each in instead if each["unit"]), None) or portfolio_of(session).currency
        )


def _let_count(
    connection: Connection, wanted: Statement, claim: int, *, by: str, because: str, now: datetime
) -> None:
    """Give the person's word for it, where a source says anything else."""
    said = said_now(connection, wanted.project_id, wanted.attribute)
    end_word(connection, wanted.project_id, wanted.attribute, by, "settled anew", now)
    if len(said) > 1:
        connection.execute(
            text(
                "INSERT INTO settlement (project_id, attribute, claim_id, said, at, by, because)"
                " VALUES (:project, :attribute, :claim, CAST(:said AS jsonb), :now, :by, :because)"
            ),
            {
                "project": wanted.project_id, "attribute": wanted.attribute, "claim": claim, "now": now, "by": by,
                "because": because, "said": dumps({str(source): number for source, number in said.items()}),
            },
        )  # fmt: skip


def _end(connection: Connection, project: UUID, attribute: str, by: str, because: str, now: datetime) -> None:
    connection.execute(
        text(
            "UPDATE hand_claim SET ended_at = :now, ended_by = :by, ended_because = :because"
            " WHERE project_id = :project AND attribute = :attribute AND ended_at IS NULL"
        ),
        {"now": now, "by": by, "because": because, "project": project, "attribute": attribute},
    )


def _say_again(connection: Connection, row: Row[Any], now: datetime) -> None:
    """Say again what people had answered before; where nothing, say nothing. What was answered after it stands."""
    source = collection_source(connection, now)
    known = {"source": source, "project": row.project_id, "attribute": row.attribute, "claim": row.claim_id}
    newest = connection.scalar(
        text(
            "SELECT id FROM claim WHERE source_id = :source AND project_id = :project AND attribute = :attribute"
            " ORDER BY known_from DESC, id DESC LIMIT 1"
        ),
        known,
    )
    if newest != row.claim_id:
        return
    connection.execute(
        text(
            "INSERT INTO claim (project_id, attribute, value, unit, source_id, valid_from, known_from, run_id,"
            " raw_page_id, raw_position, locator, url, sha256) SELECT c.project_id, c.attribute,"
            " coalesce(b.value, 'null'::jsonb), b.unit, c.source_id, coalesce(b.valid_from, c.valid_from), :now,"
            " :run, b.raw_page_id, b.raw_position, b.locator, b.url, b.sha256 FROM claim c"
            " LEFT JOIN LATERAL (SELECT * FROM claim e WHERE e.project_id = c.project_id"
            " AND e.attribute = c.attribute AND e.source_id = c.source_id AND e.id < c.id"
            " AND NOT EXISTS (SELECT FROM hand_claim h WHERE h.claim_id = e.id)"
            " ORDER BY e.known_from DESC, e.id DESC LIMIT 1) AS b ON true WHERE c.id = :claim"
        ),
        {**known, "now": now, "run": begin_run(connection, source, now)},
    )
