"""Taken: counts of work items as a receipt has them, for a day of which the items themselves say no more."""

import re
from collections.abc import Collection, Mapping
from datetime import date, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from sync.facts import ProjectFacts
from sync.facts_baselines import Frozen
from sync.facts_work import Work

_WEEK: Final = re.compile(r": one of ([0-9]+) items? done in the week of ([0-9-]{10})$")
_CAME: Final = ": came since"


def touched_since(session: Session, projects: Collection[UUID], known_at: datetime) -> set[UUID]:
    """Return the projects whose work items, or the scopes of these, were written after an instant."""
    rows = session.execute(
        text(
            "SELECT DISTINCT s.project_id FROM scope s JOIN work_item w ON w.source_id = s.source_id"
            " AND w.scope_external_id = s.external_id JOIN run r ON r.id = w.run_id"
            " WHERE s.project_id = ANY(CAST(:projects AS uuid[])) AND s.kind <> 'register_row'"
            " AND (r.finished_at IS NULL OR r.finished_at > :known_at OR w.deleted_at > :known_at"
            " OR s.deleted_at > :known_at)"
        ),
        {"projects": list(projects), "known_at": known_at},
    )
    return set(rows.scalars())


def take_work(project: ProjectFacts, receipt: Mapping[str, Any]) -> None:
    """Put in the items left and done by week that the receipt's forecast was computed from."""
    entry = receipt.get("measures", {}).get("items_left")
    if entry is None or entry["value"] is None:
        project.work = None
        return
    inputs, records = entry["rule"]["inputs"], entry["records"]
    done: dict[date, tuple[int, str]] = {}
    left: tuple[int, str] | None = None
    for record in records:
        if (named := _WEEK.search(record["name"])) is not None:
            done[date.fromisoformat(named[2])] = (record["id"], record["locator"])
        else:
            left = (record["id"], record["locator"])
    weeks: dict[date, tuple[int, int, str]] = {}
    first = date.fromisoformat(inputs["first_week"]) if "first_week" in inputs else None
    if first is not None:
        for place, count in enumerate(inputs["weekly"]):
            monday = first + timedelta(days=7 * place)
            if count:
                weeks[monday] = (count, *done.get(monday, (0, "")))
    project.work = Work(inputs["remaining"], first, left, unknown=inputs.get("unknown", 0), weeks=weeks)


def take_frozen(project: ProjectFacts, receipt: Mapping[str, Any]) -> None:
    """Put in what came to the items of a baseline and went since, as the receipt's scope has it."""
    entry = receipt["colours"].get("scope", {})
    inputs = entry.get("rule", {}).get("inputs", {})
    if project.frozen is None or "counted_in" not in inputs:
        return
    came = tuple(
        (record["id"], record["locator"])
        for record in entry["records"]
        if record["entity"] == "work_item" and record["name"].endswith(_CAME)
    )
    project.frozen = Frozen(
        inputs["counted_in"], inputs["baseline"], inputs["added"], inputs["removed"], came
    )
