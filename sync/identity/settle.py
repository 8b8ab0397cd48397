"""Settle: a person chooses what counts of what sources say differently, by name and with a reason."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Engine, Row, text

from sync.audit import record
from sync.json import dumps
from sync.store import unit_of_work


class NoSuchConflict(LookupError):
    """There is no such open conflict, or no such rule; the message says what there is."""


class CannotSettle(ValueError):
    """It cannot be settled so; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Settled:
    """What was settled, of which project, in words."""

    number: int
    project_id: UUID | None
    then: str


def settle(engine: Engine, number: int, claim_id: int, *, by: str, because: str, now: datetime) -> Settled:
    """Let one claim of a conflict count, as long as every source says what it says now.

    Raises:
        NoSuchConflict: None of that number is open.
        CannotSettle: A name or reason is missing, or the claim is not what a source says by now.
    """
    by, because = spoken(by, because)
    with unit_of_work(engine) as connection:
        row = _conflict(connection, number)
        said = said_now(connection, row.project_id, row.attribute)
        if claim_id not in said.values():
            raise CannotSettle(
                f"claim {claim_id} is not what a source says of {row.attribute} of {row.key} by now; look again"
            )
        end_word(connection, row.project_id, row.attribute, by, "settled anew", now)
        connection.execute(
            text(
                "INSERT INTO settlement (project_id, attribute, claim_id, said, at, by, because)"
                " VALUES (:project, :attribute, :claim, CAST(:said AS jsonb), :now, :by, :because)"
            ),
            {
                "project": row.project_id, "attribute": row.attribute, "claim": claim_id, "now": now, "by": by,
                "because": because, "said": dumps({str(source): claim for source, claim in said.items()}),
            },
        )  # fmt: skip
        chosen = connection.execute(
            text("SELECT s.name, c.value FROM claim c JOIN source s ON s.id = c.source_id WHERE c.id = :id"),
            {"id": claim_id},
        ).one()
        detail = {
            "attribute": row.attribute,
            "counts": f"{chosen.value}, as {chosen.name} says",
            "because": because,
        }
        record(connection, "conflict.settled", f"project {row.key}", detail, by=by)
    return Settled(
        number, row.project_id, f"{row.attribute} of {row.key} is {chosen.value}, as {chosen.name} says"
    )


def unsettle(engine: Engine, number: int, *, by: str, because: str, now: datetime) -> Settled:
    """Take a person's word on a conflict back: rules and precedence decide again.

    Raises:
        NoSuchConflict: None of that number is open.
        CannotSettle: A name or reason is missing, or nobody settled it.
    """
    by, because = spoken(by, because)
    with unit_of_work(engine) as connection:
        row = _conflict(connection, number)
        if not end_word(connection, row.project_id, row.attribute, by, because, now):
            raise CannotSettle(f"conflict {number} was settled by nobody, so there is nothing to take back")
        detail = {"attribute": row.attribute, "because": because}
        record(connection, "conflict.settlement_ended", f"project {row.key}", detail, by=by)
    return Settled(
        number, row.project_id, f"rules and precedence decide on {row.attribute} of {row.key} again"
    )


def spoken(by: str, because: str) -> tuple[str, str]:
    """Return who settles and why, without needless spaces.

    Raises:
        CannotSettle: One of them is missing.
    """
    by, because = by.strip(), because.strip()
    if not by or not because or "\x00" in by + because:
        raise CannotSettle("say who settles it and why, in words: both stand beside it from then on")
    return by, because


def _conflict(connection: Connection, number: int) -> Row[Any]:
    row = connection.execute(
        text(
            "SELECT c.*, p.key FROM claim_conflict c JOIN project p ON p.id = c.project_id"
            " WHERE c.id = :id FOR UPDATE OF c"
        ),
        {"id": number},
    ).one_or_none()
    if row is None:
        raise NoSuchConflict(f"there is no conflict {number}; `muster conflict list` shows them")
    if row.closed_at is not None:
        raise NoSuchConflict(
            f"conflict {number} is over since {row.closed_at:%Y-%m-%d}: {row.closed_because}"
        )
    return row


def said_now(connection: Connection, project: UUID, attribute: str) -> dict[int, int]:
    """Return for each source that says something the number of its claim."""
    rows = connection.execute(
        text(
            "SELECT source_id, id FROM (SELECT DISTINCT ON (source_id) source_id, id, value FROM claim"
            " WHERE project_id = :project AND attribute = :attribute"
            " ORDER BY source_id, known_from DESC, id DESC) AS last WHERE value <> 'null'"
        ),
        {"project": project, "attribute": attribute},
    )
    return {row.source_id: row.id for row in rows}


def end_word(
    connection: Connection,
    project: UUID,
    attribute: str,
    by: str,
    because: str,
    now: datetime,
    *,
    claim: int | None = None,
) -> bool:
    """End the word that stands, or only one for a claim; tell whether there was one."""
    ended = connection.execute(
        text(
            "UPDATE settlement SET ended_at = :now, ended_by = :by, ended_because = :because"
            " WHERE project_id = :project AND attribute = :attribute AND ended_at IS NULL"
            " AND (CAST(:claim AS bigint) IS NULL OR claim_id = :claim)"
        ),
        {
            "now": now, "by": by, "because": because, "project": project, "attribute": attribute, "claim": claim,
        },
    )  # fmt: skip
    return ended.rowcount > 0
