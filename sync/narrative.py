"""Narrative findings: what is to be said of the reports' texts, as findings beside those of the templates."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from model.findings.narrative import NARRATIVE, VERSION, remarks
from sync.findings import FindingKey, Looked, Place, Records, Wanted

_SEVERITY: Final = {"repeated": "warn", "other_period": "warn", "rosy": "warn", "copied": "info"}
_LONG: Final = 40  # characters from which the same text in two projects is no chance
_WORD: Final = re.compile(r"[^\W_]+")


@dataclass(frozen=True, slots=True)
class Told:
    """A report of a project, and what it was checked with."""

    project_id: UUID
    project_key: str
    ref: str
    looked: Looked
    context: Mapping[str, Any]


def narrative_findings(reports: Iterable[Told]) -> tuple[list[Wanted], Records]:
    """Return what is to be said of the texts of reports, and these as records that were looked at."""
    told = [each for each in reports if each.looked.template.header.record == "status_report"]
    wanted: dict[FindingKey, Wanted] = {}
    records: dict[Place, Looked] = {}
    for each in told:
        looked = each.looked
        records[each.project_id, NARRATIVE, each.ref] = looked
        for remark in remarks(looked.template, looked.record, each.context, looked.result):
            found = _wanted(each, remark.field, remark.kind, remark.says)
            wanted[found.key] = found
    for found in _copied(told):
        wanted[found.key] = found
    return list(wanted.values()), records


def _wanted(told: Told, field: str, kind: str, says: str) -> Wanted:
    key = FindingKey(told.project_id, NARRATIVE, told.ref, field, kind)
    locator = told.looked.locators.get(field) or told.looked.locator
    return Wanted(key, VERSION, _SEVERITY[kind], says, locator)


def _copied(told: list[Told]) -> Iterable[Wanted]:
    """Find the same words in several projects' reports; which ones, only who may see those is told."""
    places: dict[tuple[str, ...], list[tuple[Told, str, str]]] = defaultdict(list)
    for each in told:
        for field in each.looked.template.fields:
            text = each.looked.record.get(field.rule.id)
            if field.rule.type == "text" and isinstance(text, str) and len(text) >= _LONG:
                words = tuple(_WORD.findall(text.lower()))
                places[words].append((each, field.rule.id, field.rule.label))
    for same in places.values():
        others = len({each.project_key for each, _, _ in same}) - 1
        if others:
            where = "another project" if others == 1 else f"{others} other projects"
            for each, name, label in same:
                says = f"{label}: the same words stand in the report of {where}"
                yield _wanted(each, name, "copied", says)
