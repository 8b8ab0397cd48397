"""Narrative findings: what is to be said of the reports' texts, as findings beside those of the templates."""

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from model.findings.narrative import NARRATIVE, VERSION, remarks
from model.template.template import Template
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


@dataclass(frozen=True, slots=True)
class Copies:
    """In how many projects the same words stand, by their hash."""

    projects: Mapping[bytes, int] = field(default_factory=dict)

    def others(self, sha256: bytes) -> int:
        """Return in how many other projects a project's words stand."""
        return self.projects.get(sha256, 1) - 1


def texts_of(template: Template, record: Mapping[str, Any]) -> Iterator[tuple[str, bytes]]:
    """Yield the fields of a report with texts long enough that the same ones elsewhere are no chance, each hashed."""
    for each in template.fields:
        text = record.get(each.rule.id)
        if each.rule.type == "text" and isinstance(text, str) and len(text) >= _LONG:
            yield each.rule.id, hashlib.sha256(" ".join(_WORD.findall(text.lower())).encode()).digest()


def narrative_findings(reports: Iterable[Told], copies: Copies) -> tuple[list[Wanted], Records]:
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
        for found in _copied(each, copies):
            wanted[found.key] = found
    return list(wanted.values()), records


def _wanted(told: Told, field: str, kind: str, says: str) -> Wanted:
    key = FindingKey(told.project_id, NARRATIVE, told.ref, field, kind)
    locator = told.looked.locators.get(field) or told.looked.locator
    return Wanted(key, VERSION, _SEVERITY[kind], says, locator)


def _copied(told: Told, copies: Copies) -> Iterator[Wanted]:
    """Find the same words in other projects' reports; which ones, only who may see those is told."""
    labels = {each.rule.id: each.rule.label for each in told.looked.template.fields}
    for name, sha256 in texts_of(told.looked.template, told.looked.record):
        others = copies.others(sha256)
        if others:
            where = "another project" if others == 1 else f"{others} other projects"
            yield _wanted(
                told, name, "copied", f"{labels[name]}: the same words stand in the report of {where}"
            )
