"""Recompute: what the formulas make of what was known, at the two clocks of a snapshot and by its policy."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import Row
from sqlalchemy.orm import Session

from sync.consolidation.colouring import Coloured, compute, setting_of
from sync.json import dump_bytes
from sync.policy.kept import NoSuchPolicy, labelled


def recomputed(session: Session, rows: Sequence[Row[Any]]) -> Mapping[UUID, tuple[Any, Any]]:
    """Return document and receipt of each snapshot, computed anew; all have the same clocks and policy.

    Nothing that is written on the way stays. A project that was closed since is computed as it was.

    Raises:
        NoSuchPolicy: The policy they name is not on record any more.
    """
    head = rows[0]
    undo = session.begin_nested()
    try:
        policy = labelled(session.connection(), head.policy)
        setting = replace(setting_of(session, head.as_of, head.known_at, policy), newest=False)
        _, statuses = compute(session, setting, [row.project_id for row in rows], Coloured())
    finally:
        undo.rollback()
    return {project: (_stored(each.document), _stored(each.receipt)) for project, each in statuses.items()}


def _stored(document: Any) -> Any:
    """Return a document as the database gives it back."""
    return orjson.loads(dump_bytes(document))


__all__ = ["NoSuchPolicy", "recomputed"]
