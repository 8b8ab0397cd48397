"""Item records: RAID items, milestones, change requests, decisions and gate criteria, a row each."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any, Final

from rapidfuzz import fuzz, process
from sqlalchemy import RowMapping

from model.template.template import Template
from sync.record_parts import Asked, Checked, Receipt
from sync.record_rows import COLLECTION

_ALIKE: Final = 90  # percent of likeness from which two titles read almost the same
_CLOSED: Final = frozenset({"closed", "occurred", "rejected"})


def raid_items(asked: Asked) -> list[Checked]:
    """Return the project's RAID items, each with a reference of its own."""
    rows = asked.project.raid
    alike = _alike(rows)
    ids = [row["item_id"] for row in rows]
    changes = asked.background.score_changes
    found = []
    for ref, row in referred(rows, "item_id").items():
        others = list(ids)
        others.remove(row["item_id"])
        raised = row["raised_on"]
        context = {
            "similar_open_items": alike[row["id"]],
            "score_changes": changes.get((row["source_id"], row["external_id"]), 0),
            "age_days": None if raised is None else (asked.facts.as_of - raised).days,
            "taken": {"item_id": [other for other in others if other is not None]},
        }
        found.append(item(asked, ref, row, context))
    return found


def milestones(asked: Asked) -> list[Checked]:
    """Return the project's milestones, those that were dropped too; the reference is the source's."""
    reference = reference_name(asked.template)
    found = []
    for ref, row in referred(asked.project.milestones, "external_id", asked.project.key).items():
        each = item(asked, ref, row, {})
        if reference is not None:
            each.record[reference] = ref
        found.append(each)
    return found


def items(asked: Asked) -> list[Checked]:
    """Return the records of a table as they are; the reference is the one people use."""
    reference = reference_name(asked.template)
    rows = asked.rows(asked.template.header.record)
    named = reference if reference is not None and rows and reference in rows[0] else "external_id"
    used = [row[named] for row in rows]
    found = []
    for ref, row in referred(rows, named, asked.project.key).items():
        others = list(used)
        others.remove(row[named])
        taken = {reference: [other for other in others if other is not None]} if reference else {}
        found.append(item(asked, ref, row, {"taken": taken}))
    return found


def item(asked: Asked, ref: str, row: RowMapping, context: Mapping[str, Any]) -> Checked:
    """Return one row as a record: its columns by the fields' ids; a fresh date is as old as it says."""
    fields = asked.template.fields
    record = {each.rule.id: row[each.rule.id] for each in fields if each.rule.id in row}
    ages: dict[str, float | None] = {
        each.rule.id: float((asked.facts.as_of - record[each.rule.id]).days)
        for each in fields
        if each.rule.fresh is not None and isinstance(record.get(each.rule.id), date)
    }
    read = Receipt(asked.source(row), row["locator"] or row["external_id"], row["url"])
    said = Receipt(COLLECTION, row["answered_at"])
    answered = row["answered"] or ()
    receipts = {
        name: said if name in answered else read for name, value in record.items() if value is not None
    }
    shared = asked.context | {"period": asked.period}
    return Checked(ref, record, ages, shared | dict(context), receipts, row["locator"])


def reference_name(template: Template) -> str | None:
    """Return the field that tells a project's records apart."""
    return next((each.rule.id for each in template.fields if each.rule.unique_within == "project"), None)


def referred(rows: Sequence[RowMapping], name: str, project: str = "") -> dict[str, RowMapping]:
    """Return the rows by reference; of two with one, the second's says also where it is.

    What people brought is stored under its project's key and its reference: the key is no part of the latter.
    """
    found: dict[str, RowMapping] = {}
    for row in rows:
        ref = str(row[name] or row["external_id"])
        if name == "external_id":
            ref = ref.removeprefix(f"{project}/")
        found[ref if ref not in found else f"{ref} ({row['locator'] or row['external_id']})"] = row
    return found


def _alike(rows: Iterable[RowMapping]) -> dict[int, int]:
    """Count for each item the other open items of its kind whose title reads almost the same."""
    groups: dict[str | None, dict[int, str]] = defaultdict(dict)
    counts: dict[int, int] = {}
    for row in rows:
        counts[row["id"]] = 0
        if row["title"] and row["closed_on"] is None and row["state"] not in _CLOSED:
            groups[row["kind"]][row["id"]] = row["title"].casefold()
    for titles in groups.values():
        for id_, title in titles.items():
            near = process.extract(
                title, titles, scorer=fuzz.token_sort_ratio, score_cutoff=_ALIKE, limit=None
            )
            counts[id_] = len(near) - 1
    return counts
