"""Keep findings: open what the templates newly find, close what is fixed and say so, keep the rest current.

A finding whose rule could not be run stays open: nobody knows that it was fixed. One that a waiver covers
stands as waived, and is back when the waiver ends.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Row
from sqlalchemy.orm import Session

from model.findings.closing import Now, closed_because, said
from model.findings.moves import ACCEPTED, DISPUTED, FIXING, NEW, UPHELD, WAIVED
from model.findings.plausibility import PLAUSIBILITY
from model.template.result import Result
from model.template.template import Template
from sync.facts import Facts
from sync.finding_events import Notice
from sync.findings_store import (
    FindingKey,
    Kept,
    Opened,
    Place,
    Wanted,
    current,
    standing,
    standing_disputes,
    standing_waivers,
    write,
)
from sync.json import dump_bytes

__all__ = ["FindingKey", "Looked", "Place", "Records", "Wanted", "keep_findings", "owner_of"]
MUSTER = "muster"  # who takes the steps that nobody takes


@dataclass(frozen=True, slots=True)
class Looked:
    """A record that was checked, with what it said. `unknown` are the rules that could not be decided."""

    template: Template
    result: Result
    record: Mapping[str, Any]
    locators: Mapping[str, str | None]
    locator: str | None
    owner: str | None
    owner_role: str | None

    def fields_of(self, rule: str) -> tuple[str, ...]:
        """Return the fields that a rule looks at: itself, or those that a check's expression names."""
        for check, expression in self.template.checks:
            if check.id == rule:
                return tuple(
                    each.rule.id for each in self.template.fields if each.rule.id in expression.names
                )
        return tuple(each.rule.id for each in self.template.fields if each.rule.id == rule)

    def asks(self, rule: str) -> bool:
        """Say whether a rule is one of the template's."""
        return any(each.rule.id == rule for each in self.template.fields) or any(
            check.id == rule for check, _ in self.template.checks
        )

    def decided(self, rule: str, kind: str) -> bool:
        """Say whether a rule could be run on the record."""
        if kind == "missing":
            return rule not in self.result.undecided
        return rule not in self.result.not_run

    def typed(self, field: str, value: Any) -> Any:
        """Read a value as its field does, so that 40 and 40.0 are the same; what cannot be read stands as it is."""
        for each in self.template.fields:
            if each.rule.id == field:
                read = each.read(value)
                return value if read.unreadable else read.value
        return value

    def is_computed(self, field: str) -> bool:
        """Say whether the template works a field out by itself where a record does not give it."""
        return any(each.rule.id == field and each.expr is not None for each in self.template.fields)

    def evidence(self, rule: str) -> dict[str, Any]:
        """Return what the fields that a rule looks at say, as JSON holds it."""
        return plain({name: self.record.get(name) for name in self.fields_of(rule)})

    def now(self, rule: str) -> Now:
        """Return what is to be said of a rule that does not fail any more."""
        names = self.fields_of(rule)
        labels = {each.rule.id: each.rule.label for each in self.template.fields if each.rule.id in names}
        places = {name: self.locators.get(name) or self.locator for name in names}
        version = self.template.header.version
        return Now(version, self.asks(rule), self.evidence(rule), labels, places)


Records = Mapping[Place, Looked]


def keep_findings(
    session: Session, facts: Facts, wanted: Iterable[Wanted], records: Records | None = None
) -> tuple[int, int]:
    """Bring the findings of the projects up to date.

    Args:
        session: In a transaction; nothing is committed here.
        facts: Whose projects were checked, and the clocks.
        wanted: All that the templates find in them now.
        records: Every record that was checked, by project, template and reference.

    Returns:
        How many were opened, and how many closed.
    """
    by_key = {each.key: each for each in wanted}
    waivers = standing_waivers(session, facts.as_of)
    looking = _Look(facts, records or {}, waivers)
    for row in standing_disputes(session, [project.id for project in facts.projects]):
        looking.disputed(row)
    for row in standing(session, [project.id for project in facts.projects]):
        key = FindingKey(row.project_id, row.template, row.record_ref, row.rule, row.kind)
        found = by_key.pop(key, None)
        looking.gone(row, key) if found is None else looking.again(row, found)
    looking.kept.new = [looking.opened(each) for each in by_key.values()]
    write(session, looking.kept, facts.known_at)
    return len(by_key), len(looking.kept.gone)


class _Look:
    """One look at the findings that stand."""

    def __init__(self, facts: Facts, records: Records, waivers: Mapping[Place, dict[str, int]]) -> None:
        self._facts = facts
        self._records = records
        self._waivers = waivers
        self._read = {project.id: _read_at(facts, project.sources) for project in facts.projects}
        self._managers = {project.id: project.value("manager") for project in facts.projects}
        self._checked = {(project, template) for project, template, _ in records}
        self._settled: set[int] = set()  # findings whose dispute has ended
        self._disputed: dict[int, str] = {}  # the state in which a standing dispute leaves its finding
        self.kept = Kept()

    def waiver(self, key: FindingKey) -> int | None:
        """Return the waiver that covers a finding."""
        for ref in (key.record_ref, "*"):
            if (
                found := self._waivers.get((key.project_id, key.template, ref), {}).get(key.rule)
            ) is not None:
                return found
        return None

    def record(self, key: FindingKey) -> Looked | None:
        """Return the record that a finding is about."""
        return self._records.get((key.project_id, key.template, key.record_ref))

    def evidence(self, key: FindingKey) -> dict[str, Any]:
        """Return what a finding was found on."""
        looked = self.record(key)
        return {} if looked is None else looked.evidence(key.rule)

    def owner(self, key: FindingKey) -> tuple[str | None, str | None]:
        """Return who answers for a finding, and as what."""
        looked = self.record(key)
        if looked is not None:
            return looked.owner, looked.owner_role
        return _manager(self._managers[key.project_id])

    def opened(self, found: Wanted) -> Opened:
        """Return a new finding as it is to be written."""
        waiver = self.waiver(found.key)
        state = NEW if waiver is None else WAIVED
        return Opened(found, *self.owner(found.key), self.evidence(found.key), waiver, state)

    def gone(self, row: Row[Any], key: FindingKey) -> None:
        """Close a finding that is none any more, unless its rule could not be run."""
        looked = self.record(key)
        if looked is not None and looked.asks(key.rule) and not looked.decided(key.rule, key.kind):
            self._unchecked(row, key)
            return
        if looked is not None:
            because = closed_because(key.rule, key.kind, row.evidence, looked.now(key.rule))
        elif key.rule.startswith("minimum_"):
            because = "Fixed at the source: enough of them are on record now"
        elif key.template == PLAUSIBILITY:
            because = "Fixed at the source: what is there now can be"
        elif (key.project_id, key.template) in self._checked:
            because = "The record is not on record any more"
        elif key.record_ref:
            because = "The record is not on record any more, or its template does not apply any more"
        else:
            because = "The template does not apply to the project any more"
        self.kept.gone.append((row.id, because))

    def _unchecked(self, row: Row[Any], key: FindingKey) -> None:
        """Keep a finding whose rule cannot be run; whether a waiver covers it does not depend on that."""
        says, severity, version, locator, owner, role, evidence, since, state, waiver = current(row)
        if state == WAIVED and self.waiver(key) is None:
            state, waiver = self._ended(row, key, says), None
        since = since or self._facts.known_at
        self._change(row, (says, severity, version, locator, owner, role, evidence, since, state, waiver))

    def disputed(self, row: Row[Any]) -> None:
        """Settle a dispute whose source says what it ought to, or, where nobody said what, something else."""
        if row.finding_id is not None:
            self._disputed[row.finding_id] = DISPUTED if row.answer is None else UPHELD
        looked = self._records.get((row.project_id, row.template, row.record_ref))
        if looked is None or not looked.asks(row.field):
            return
        evidence = looked.evidence(row.field)
        if row.field in evidence:
            if evidence[row.field] is None and looked.is_computed(row.field):
                return  # nobody pulls it: it is worked out where it is asked
            says = looked.typed(row.field, evidence[row.field])
            was, ought = looked.typed(row.field, row.value), looked.typed(row.field, row.proposed)
        else:
            says, was, ought = evidence, row.value, None
        if says == was or (ought is not None and says != ought):
            return
        place = looked.locators.get(row.field) or looked.locator
        now = ", ".join(map(said, evidence.values()))
        self.kept.settled.append((row.id, f"The source says {now} now{f' ({place})' if place else ''}"))
        if row.finding_id is not None:
            self._settled.add(row.finding_id)
            del self._disputed[row.finding_id]

    def again(self, row: Row[Any], found: Wanted) -> None:
        """Keep the words of a finding current, and its state: waived or not, fixed as was said or not."""
        state, waiver = self._state(row, found)
        evidence = self.evidence(found.key)
        words = (found.says, found.severity, found.version, found.locator)
        self._change(row, (*words, *self.owner(found.key), evidence, None, state, waiver))

    def _state(self, row: Row[Any], found: Wanted) -> tuple[str, int | None]:
        waiver = self.waiver(found.key)
        if waiver is not None:
            if row.state != WAIVED:
                self._move(row, "waive", WAIVED, None)
            return WAIVED, waiver
        if row.state == WAIVED:
            return self._ended(row, found.key, found.says), None
        read = self._read[found.key.project_id]
        if row.state == FIXING and read is not None and row.moved_at is not None and read > row.moved_at:
            self._move(row, "still_so", ACCEPTED, f"Read again since, and still so: {found.says}")
            return ACCEPTED, None
        if row.state in (DISPUTED, UPHELD) and row.id in self._settled:
            self._move(row, "changed", NEW, "The disputed value has changed since, and it is still found")
            return NEW, None
        return row.state, None

    def _ended(self, row: Row[Any], key: FindingKey, finds: str) -> str:
        """Take a finding back whose waiver has ended; a dispute that stands since before goes on."""
        state = self._disputed.get(row.id, NEW)
        self._move(row, "ended", state, "The waiver has ended")
        owner, role = self.owner(key)
        says = f"A waiver has ended, and the finding is back: {finds} ({key.template})"
        if owner is None:
            says += " (nobody is on record as its owner: tell the office)"
        notice = f"finding:{row.id}:back:{self._facts.known_at:%Y-%m-%d}"
        self.kept.notices.append(
            Notice(notice, "finding_back", key.project_id, role or "project_manager", owner, says, row.id)
        )
        return state

    def _move(self, row: Row[Any], action: str, to: str, because: str | None) -> None:
        self.kept.moved.append(
            (row.id, action, row.state, to, self._facts.known_at, MUSTER, "system", because, "system")
        )

    def _change(self, row: Row[Any], values: tuple[Any, ...]) -> None:
        if values != current(row):
            self.kept.changed.append((row.id, row.state, *values))


def _read_at(facts: Facts, sources: Iterable[int]) -> datetime | None:
    """Return since when everything a project is read from was read; None where nothing ever was."""
    read = [facts.sources[number].synced_at for number in sources if number in facts.sources]
    return min((at for at in read if at is not None), default=None)


def _manager(name: Any) -> tuple[str | None, str | None]:
    return (str(name), "project_manager") if name else (None, None)


def owner_of(record: Mapping[str, Any], manager: Any) -> tuple[str | None, str | None]:
    """Return who answers for a record, and as what: its own owner, else the project's manager."""
    owner = record.get("owner")
    return (str(owner), "owner") if owner else _manager(manager)


def plain(value: dict[str, Any]) -> dict[str, Any]:
    """Return values as JSON gives them back, so that they can be compared with what was stored."""
    given: dict[str, Any] = orjson.loads(dump_bytes(value))
    return given
