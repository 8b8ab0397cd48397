"""Changes of records between two moments: milestones moved, met or edited, RAID items raised and closed."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import RowMapping
from sqlalchemy.orm import Session

from sync.record_rows import rows_of

# A plan's own dates are not to move: whoever changes one rewrites what was said before. A forecast is to.
_EDITED: Final = ("baseline", "actual")
_CLOSED: Final = frozenset({"closed", "dropped", "done", "resolved"})
Change = dict[str, Any]


def record_changes(
    session: Session, projects: Sequence[UUID], *, then: datetime, now: datetime
) -> dict[UUID, dict[str, list[Change]]]:
    """Return by project what became of its milestones and RAID items from one instant to another."""
    found: dict[UUID, dict[str, list[Change]]] = {project: {} for project in projects}
    for table, changes in (("milestone", milestone_changes), ("raid_item", raid_changes)):
        before = rows_of(session, table, projects=projects, known_at=then)
        after = rows_of(session, table, projects=projects, known_at=now)
        for project in projects:
            found[project][table] = list(changes(_named(before, project), _named(after, project)))
    return found


def milestone_changes(before: Mapping[Any, Any], after: Mapping[Any, Any]) -> Iterator[Change]:
    """Yield what changed of a project's milestones, by the identity of each.

    That one is met for the first time, or a forecast moved, is news. A baseline that is another one now, or an
    actual day that is, says that what was reported before was otherwise: rewritten history.
    """
    for key, row in after.items():
        was = before.get(key)
        if was is None:
            yield _change(row, "new", "news", None, row["forecast"] or row["baseline"])
            continue
        for name in ("forecast", *_EDITED):
            if was[name] != row[name]:
                first = name == "actual" and was[name] is None
                kind = "rewritten" if name in _EDITED and not first else "news"
                yield _change(row, name, kind, was[name], row[name])
    for key, row in before.items():
        if key not in after:
            yield _change(row, "gone", "news", row["forecast"] or row["baseline"], None)


def raid_changes(before: Mapping[Any, Any], after: Mapping[Any, Any]) -> Iterator[Change]:
    """Yield the RAID items that were raised, and those that were closed or are gone."""
    for key, row in after.items():
        was = before.get(key)
        if was is None and row["state"] not in _CLOSED:
            yield _change(row, "new", "news", None, row["state"])
        elif was is not None and was["state"] not in _CLOSED and row["state"] in _CLOSED:
            yield _change(row, "closed", "news", was["state"], row["state"])
    for key, row in before.items():
        if key not in after and row["state"] not in _CLOSED:
            yield _change(row, "gone", "news", row["state"], None)


def _named(rows: Mapping[UUID, Sequence[RowMapping]], project: UUID) -> dict[Any, RowMapping]:
    return {(row["source_id"], row["external_id"]): row for row in rows.get(project, ())}


def _change(row: Mapping[str, Any], what: str, kind: str, was: Any, now: Any) -> Change:
    name = row.get("name") or row.get("title") or row.get("item_id") or row["external_id"]
    return {
        "name": name, "what": what, "kind": kind, "was": _plain(was), "is": _plain(now), "locator": row["locator"],
        "url": row["url"],
    }  # fmt: skip


def _plain(value: Any) -> Any:
    return value.isoformat() if hasattr(value, "isoformat") else value
