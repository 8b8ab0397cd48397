"""Records: a project's winning values and its RAID items, in the shape the templates check."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from rapidfuzz import fuzz, process
from sqlalchemy import RowMapping

from model.attributes import REGISTER
from model.template.template import Field, Template
from sync.facts import Facts, ProjectFacts
from sync.precedence import ClaimRow, Values

_ALIKE: Final = 90  # percent of likeness from which two titles read almost the same
_CLOSED: Final = frozenset({"closed", "occurred", "rejected"})


@dataclass(frozen=True, slots=True)
class Checked:
    """A record with what its template needs to know of it. `ref` is "" for the project's own report."""

    ref: str
    record: dict[str, Any]
    ages: dict[str, float | None]
    context: dict[str, Any]
    locators: Mapping[str, str | None]
    locator: str | None = None


def report(
    template: Template,
    project: ProjectFacts,
    facts: Facts,
    computed: Mapping[str, str],
    before: Values | None,
) -> Checked:
    """Return the project's report as its sources give it.

    Args:
        template: Whose fields are asked; a field without a bind is the attribute of its own name.
        project: With the winning values.
        facts: For the clocks and the sources.
        computed: Colour per dimension and overall.
        before: The winning values at the end of the month before; None where there were none.
    """
    names = {field.rule.id: _attribute(field) for field in template.fields}
    record = {id_: project.value(name) for id_, name in names.items() if name is not None}
    claims = {
        id_: project.values[name].winner
        for id_, name in names.items()
        if name is not None and name in project.values
    }
    previous = None
    if before is not None:
        previous = {
            id_: before[name].value if name in before else None
            for id_, name in names.items()
            if name is not None
        }
    context = _context(project, facts, computed) | {
        "report": {"period": f"{facts.as_of:%Y-%m}"},
        "period": f"{facts.as_of:%Y-%m}",
        "previous": previous,
        "finance": {"eac": project.ledger_eac},
    }
    ages: dict[str, float | None] = {id_: _age(claim, project, facts) for id_, claim in claims.items()}
    return Checked("", record, ages, context, {id_: claim.locator for id_, claim in claims.items()})


def _attribute(field: Field) -> str | None:
    if field.attribute is not None and field.attribute.entity == "project":
        return field.attribute.name
    return field.rule.id if field.rule.id in REGISTER["project"] else None


def _context(project: ProjectFacts, facts: Facts, computed: Mapping[str, str]) -> dict[str, Any]:
    return {
        "as_of": facts.as_of,
        "tier": project.value("tier"),
        "stage": project.value("stage"),
        "computed": dict(computed),
    }


def _age(claim: ClaimRow, project: ProjectFacts, facts: Facts) -> float:
    """Return the days since the source last stood by a value.

    A tracker stands by what it shows whenever it is read; a register's row when its manager last
    reported; a sum of cost lines since the last month it covers.
    """
    said = claim.valid_from
    if claim.kind != "excel":
        synced = facts.sources[claim.source_id].synced_at
        if synced is not None:
            said = max(said, _day(synced, facts))
    else:
        reported = project.values.get("reported_on")
        for other in reported.claims if reported else ():
            if other.source_id == claim.source_id and _sheet(other.locator) == _sheet(claim.locator):
                said = max(said, other.value)
    return float(max(0, (facts.as_of - min(said, facts.as_of)).days))


def _day(instant: datetime, facts: Facts) -> date:
    return instant.astimezone(ZoneInfo(facts.timezone)).date()


def _sheet(locator: str | None) -> str:
    return (locator or "").rpartition("!")[0]


def raid_items(
    template: Template,
    project: ProjectFacts,
    facts: Facts,
    computed: Mapping[str, str],
    score_changes: Mapping[tuple[int, str], int],
) -> list[Checked]:
    """Return the project's RAID items, each with a reference of its own."""
    alike = _alike(project.raid)
    taken: dict[str, RowMapping] = {}
    for row in project.raid:
        ref = str(row["item_id"] or row["external_id"])
        taken[ref if ref not in taken else f"{ref} ({row['locator'] or row['external_id']})"] = row
    ids = [row["item_id"] for row in project.raid]
    shared = _context(project, facts, computed)
    fields = [field.rule.id for field in template.fields]
    fresh = [field.rule.id for field in template.fields if field.rule.fresh is not None]
    found = []
    for ref, row in taken.items():
        others = list(ids)
        others.remove(row["item_id"])
        raised = row["raised_on"]
        context = shared | {
            "similar_open_items": alike[row["id"]],
            "score_changes": score_changes.get((row["source_id"], row["external_id"]), 0),
            "age_days": None if raised is None else (facts.as_of - raised).days,
            "taken": {"item_id": [other for other in others if other is not None]},
        }
        record = {id_: row[id_] for id_ in fields if id_ in row}
        ages: dict[str, float | None] = {
            id_: float((facts.as_of - record[id_]).days) for id_ in fresh if isinstance(record.get(id_), date)
        }
        found.append(Checked(ref, record, ages, context, {}, row["locator"]))
    return found


def _alike(rows: Iterable[RowMapping]) -> dict[int, int]:
    """Count for each item the other open items of its kind whose title reads almost the same."""
    groups: dict[str | None, dict[int, str]] = defaultdict(dict)
    counts: dict[int, int] = {}
    for row in rows:
        counts[row["id"]] = 0
        if row["title"] and row["state"] not in _CLOSED:
            groups[row["kind"]][row["id"]] = row["title"].casefold()
    for titles in groups.values():
        for id_, title in titles.items():
            near = process.extract(
                title, titles, scorer=fuzz.token_sort_ratio, score_cutoff=_ALIKE, limit=None
            )
            counts[id_] = len(near) - 1
    return counts
