"""What moved a project's size: as its register says, else as its baseline's items show."""

from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, Final

from sqlalchemy import RowMapping

from model.policy import Limits
from model.status.colour import facts
from model.status.scope import Scope, scope
from sync.facts import ProjectFacts
from sync.facts_baselines import Frozen, approved, changes_since

REGISTERED: Final = ("added_points_unapproved", "baseline_points", "added_points_approved", "removed_points")


@dataclass(frozen=True, slots=True)
class Moved:
    """The judgement (F9), with the project values and the rows it rests on."""

    found: Scope
    attributes: tuple[str, ...] = ()
    records: tuple[dict[str, Any], ...] = field(default=())


def moved(project: ProjectFacts, as_of: date, limits: Limits) -> Moved:
    """Hold what came and went against the last baseline.

    What a register says of the size goes first. Else the items count that were there on the day of the last
    approval; of what came since, as much is covered as approved change requests allow.
    """
    there = approved(project.baselines, as_of)
    if project.frozen is None or not there or any(project.value(name) is not None for name in REGISTERED):
        found = scope(
            baseline=project.value("baseline_points"),
            added_approved=project.value("added_points_approved"),
            added_unapproved=project.value("added_points_unapproved"),
            removed=project.value("removed_points"),
            limits=limits,
        )
        return Moved(found, REGISTERED)
    last = there[-1]
    changes = changes_since(project.changes, last["approved_on"], as_of)
    return _from_items(project.frozen, last, changes, limits)


def _from_items(frozen: Frozen, baseline: RowMapping, changes: list[RowMapping], limits: Limits) -> Moved:
    allowed = sum(max(0.0, row["scope_points"] or 0.0) for row in changes)
    # A change request speaks of points: where items have none it covers nothing that could be counted.
    covered = min(frozen.added, allowed) if frozen.unit == "points" else 0.0
    found = scope(
        baseline=frozen.baseline,
        added_approved=covered,
        added_unapproved=frozen.added - covered,
        removed=frozen.removed,
        limits=limits,
    )
    more = facts(
        counted_in=frozen.unit,
        baseline_approved_on=baseline["approved_on"],
        added=frozen.added,
        allowed_by_changes=allowed if frozen.unit == "points" else None,
        change_requests=[row["request_id"] or row["external_id"] for row in changes],
    )
    name = f"baseline {baseline['number']}" if baseline["number"] is not None else "baseline"
    records: list[dict[str, Any]] = [
        {"entity": "baseline", "id": baseline["id"], "name": name, "locator": baseline["locator"]}
    ]
    records += [
        {"entity": "change_request", "id": row["id"], "name": row["request_id"] or row["external_id"],
         "locator": row["locator"]}
        for row in changes
    ]  # fmt: skip
    records += [
        {"entity": "work_item", "id": item, "name": f"{key}: came since", "locator": key}
        for item, key in frozen.added_items
    ]
    return Moved(replace(found, inputs={**found.inputs, **more}), (), tuple(records))
