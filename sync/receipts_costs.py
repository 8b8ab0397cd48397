"""The cost lines behind a number, each with its amount: a snapshot's receipt names one of each month."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from sync.facts_sql import THERE

LISTED: Final = 200  # lines that are listed; more are counted
_ENTITY: Final = "cost_line"


def in_full(
    session: Session,
    row: Row[Any],
    name: str,
    inputs: Mapping[str, Any],
    records: Sequence[Mapping[str, Any]],
) -> tuple[list[Mapping[str, Any]], int]:
    """Return records with every cost line of the months that count in place of one a month, and how many are left out.

    Args:
        session: Read only.
        row: The snapshot, with its project's id.
        name: The number: what is planned by a day needs the plan until then, others all of it.
        inputs: Of its rule; `day` is the day it is of.
        records: As the snapshot's receipt has them.
    """
    named = [each["id"] for each in records if each["entity"] == _ENTITY]
    if not named:
        return list(records), 0
    found = session.execute(
        text(
            "SELECT v.id, concat_ws(' ', v.kind, to_char(v.period, 'YYYY-MM'), v.category) AS name, v.locator,"
            " count(*) OVER () AS together FROM cost_line v WHERE v.project_id = :project AND v.known_from <= :then"
            f" AND (v.known_to IS NULL OR v.known_to > :then) AND {THERE.format('v')} AND v.amount IS NOT NULL"
            " AND v.period IS NOT NULL AND (v.period <= CAST(:day AS date) OR v.kind = 'baseline' AND :whole)"
            " AND (v.source_id, v.kind) IN (SELECT n.source_id, n.kind FROM cost_line n"
            " WHERE n.id = ANY(CAST(:named AS bigint[]))) ORDER BY v.kind, v.period, v.id LIMIT :most"
        ),
        {
            "project": row.id, "then": row.known_at, "named": named, "most": LISTED,
            "day": inputs.get("day") or row.as_of, "whole": name != "planned_value",
        },
    ).all()  # fmt: skip
    if not found:
        return list(records), 0
    lines = [{"entity": _ENTITY, "id": each.id, "name": each.name, "locator": each.locator} for each in found]
    others = [each for each in records if each["entity"] != _ENTITY]
    return [*lines, *others], found[0].together - len(found)
