"""Recompute: what the formulas make of what was known, at the two clocks of a snapshot and by its policy."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final
from uuid import UUID

import orjson
from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from sync.consolidation.colouring import Coloured, Setting, compute, led, parts, setting_of
from sync.consolidation.copies import read_texts
from sync.facts import Facts
from sync.json import dump_bytes
from sync.policy.kept import NoSuchPolicy, labelled
from sync.verification.taken import take_frozen, take_work, touched_since

_TAKEN: Final = (
    "work items are kept as last read, and some changed since: what was counted of them is the receipt's word"
)


@dataclass(frozen=True, slots=True)
class Recomputed:
    """Document and receipt by project, and by project what could not be read as it was then, in words."""

    by_project: Mapping[UUID, tuple[Any, Any]] = field(default_factory=dict)
    taken: Mapping[UUID, str] = field(default_factory=dict)


def recomputed(session: Session, rows: Sequence[Row[Any]]) -> Recomputed:
    """Return document and receipt of each snapshot, computed anew; all have the same clocks and policy.

    Nothing that is written on the way stays. A project that was closed since is computed as it was. Of a project
    whose work items changed since, their counts are taken from the receipt, and computed with from there.

    Raises:
        NoSuchPolicy: The policy they name is not on record any more.
    """
    head = rows[0]
    undo = session.begin_nested()
    try:
        policy = labelled(session.connection(), head.policy)
        setting = replace(setting_of(session, head.as_of, head.known_at, policy), newest=False)
        _texts_of_then(session, setting)
        since = touched_since(session, [row.project_id for row in rows], head.known_at)
        receipts = {row.project_id: row.receipt for row in rows if row.project_id in since}

        def amend(facts: Facts) -> None:
            for project in facts.projects:
                if project.id in receipts:
                    take_work(project, receipts[project.id])
                    take_frozen(project, receipts[project.id])

        _, statuses = compute(session, setting, [row.project_id for row in rows], Coloured(), amend)
    finally:
        undo.rollback()
    found = {project: (_stored(each.document), _stored(each.receipt)) for project, each in statuses.items()}
    return Recomputed(found, dict.fromkeys(receipts, _TAKEN))


def _texts_of_then(session: Session, setting: Setting) -> None:
    """Bring back the words that were compared between projects at the instant."""
    there = led(session, setting.known_at)
    session.execute(
        text("DELETE FROM report_text WHERE project_id <> ALL(CAST(:there AS uuid[]))"), {"there": there}
    )
    for part in parts(there):
        read_texts(session, setting.asked(part), setting.judges)


def _stored(document: Any) -> Any:
    """Return a document as the database gives it back."""
    return orjson.loads(dump_bytes(document))


__all__ = ["NoSuchPolicy", "recomputed"]
