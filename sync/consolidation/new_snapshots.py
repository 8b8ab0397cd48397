"""New snapshots: one more row where what is to be said of a project differs from the newest one of that day."""

import hashlib
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from model.policy import Policy
from sync.compose import Status
from sync.facts import Facts
from sync.json import dump_bytes
from sync.store import copy_rows


def append(session: Session, facts: Facts, statuses: Mapping[UUID, Status], policy: Policy) -> int:
    """Write a snapshot for each project whose document or policy differs from the newest of that day."""
    standing = _standing(session, facts, list(statuses))
    new: list[tuple[UUID, datetime, Status, str]] = []
    for project, status in statuses.items():
        sha256 = document_sha256(status)
        was = standing.get(project)
        if was is not None and (was.sha256, was.policy) == (sha256, policy.label):
            continue
        # Two different states known at one instant: the later found stands behind the earlier.
        at = (
            facts.known_at
            if was is None or was.known_at < facts.known_at
            else was.known_at + timedelta(microseconds=1)
        )
        new.append((project, at, status, sha256))
    if new:
        _insert(session, facts, new, policy)
    return len(new)


def document_sha256(status: Status) -> str:
    """Return the hash of a document as it is written into its snapshot."""
    return hashlib.sha256(dump_bytes(status.document, canonical=True)).hexdigest()


def _standing(session: Session, facts: Facts, projects: list[UUID]) -> dict[UUID, Row[Any]]:
    rows = session.execute(
        text(
            "SELECT DISTINCT ON (project_id) project_id, sha256, policy, known_at FROM snapshot WHERE as_of = :as_of"
            " AND known_at <= :known_at AND project_id = ANY(CAST(:projects AS uuid[]))"
            " ORDER BY project_id, known_at DESC"
        ),
        {"as_of": facts.as_of, "known_at": facts.known_at + timedelta(milliseconds=1), "projects": projects},
    )
    return {row.project_id: row for row in rows}


def _insert(
    session: Session, facts: Facts, new: list[tuple[UUID, datetime, Status, str]], policy: Policy
) -> None:
    columns = (
        "project_id", "as_of", "known_at", "policy", "overall", "health", "reported", "watermelon", "document",
        "receipt", "sha256",
    )  # fmt: skip
    rows = [
        (project, facts.as_of, at, policy.label, each.overall, each.health, each.reported, each.watermelon,
         each.document, each.receipt, sha256)
        for project, at, each, sha256 in new
    ]  # fmt: skip
    copy_rows(session.connection(), "snapshot", columns, rows)
