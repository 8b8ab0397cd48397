"""Veil: what a submission says of other projects, as a reader sees it who may not see all of them.

A field that refers to a project holds its key or name. Where that is of none that the reader may see, words stand in
its place; sent back as they are, they mean what stands there.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from api.access.principal import Principal
from api.translation import N_, _
from model.collection.cases import Filled, Given, Judgement, RecordCase
from model.tables import Project
from model.template.language import FieldRule
from model.template.result import Finding
from sync.collection.answers import Change
from sync.collection.case import Case

HIDDEN: Final = N_("a project that you may not see")


@dataclass(frozen=True, slots=True)
class Veil:
    """What one reader may be told. `seen` and `hidden` are keys and names in small letters; None: all is seen."""

    seen: frozenset[str] | None = None
    hidden: frozenset[str] = frozenset()

    def case(self, case: Case) -> Case:
        """Return a submission as this reader sees it."""
        refers = {field.rule.id for field in case.template.fields if _refers(field.rule)}
        if self.seen is None or not refers:
            return case
        return replace(case, records=tuple(self._record(each, refers) for each in case.records))

    def changes(self, case: Case, changes: Sequence[Change]) -> list[Change]:
        """Return changes with what stands in the submission (as it is) wherever the words came back."""
        return [self._change(case, each) for each in changes]

    def findings(
        self, judgement: Judgement, found: Sequence[tuple[str, Finding]]
    ) -> list[tuple[str, Finding]]:
        """Return findings in the words of how this reader's submission was judged."""
        if self.seen is None:
            return list(found)
        mine = {(ref, one.field, one.kind): one for ref, one in judgement.findings()}
        return [(ref, mine.get((ref, one.field, one.kind), one)) for ref, one in found]

    def published(self, case: Case, frozen: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return a submission as it was frozen, likewise; what it was judged to be is left out where that may tell."""
        refers = {field.rule.id for field in case.template.fields if _refers(field.rule)}
        if self.seen is None or not refers:
            return frozen
        records = [
            {
                **record,
                "values": {
                    name: self._said(said) if name in refers else said
                    for name, said in record["values"].items()
                },
            }
            for record in frozen["records"]
        ]
        return {**frozen, "records": records, "judgement": None}

    def cell(self, value: Any) -> Any:
        """Return a cell's value; the words where it is the key or the name of a project that is not seen."""
        return _(HIDDEN) if isinstance(value, str) and _plain(value) in self.hidden else value

    def words(self, says: str, *values: Any) -> str:
        """Return a sentence about such values, without those that are not seen."""
        for value in values:
            if (told := self.cell(value)) != value:
                says = says.replace(str(value), told)
        return says

    def _record(self, record: RecordCase, refers: set[str]) -> RecordCase:
        filled: Mapping[str, Filled] = {
            name: replace(each, value=self._told(each.value)) if name in refers else each
            for name, each in record.filled.items()
        }
        answers: Mapping[str, Given] = {
            name: replace(each, value=self._told(each.value)) if name in refers else each
            for name, each in record.answers.items()
        }
        return replace(record, filled=filled, answers=answers)

    def _said(self, said: Any) -> Any:
        told = {**said, "value": self._told(said["value"])}
        if "filled" in said:
            told["filled"] = {**said["filled"], "value": self._told(said["filled"]["value"])}
        return told

    def _told(self, value: Any) -> Any:
        if isinstance(value, list | tuple):
            return [self._told(each) for each in value]
        if self.seen is None or not isinstance(value, str) or not value.strip() or _plain(value) in self.seen:
            return value
        return _(HIDDEN)

    def _change(self, case: Case, change: Change) -> Change:
        value, words = change.value, {HIDDEN, _(HIDDEN)}
        if self.seen is None or not (value in words if isinstance(value, str) else isinstance(value, list)):
            return change
        record = case.record(change.record_ref)
        stands = None if record is None else record.values().get(change.field)
        if not isinstance(value, list):
            return replace(change, value=stands)
        veiled = iter([each for each in stands or () if self._told(each) != each])
        kept = [next(veiled, None) if each in words else each for each in value]
        return replace(change, value=[each for each in kept if each is not None])


ALL: Final = Veil()


def veil_of(session: Session, principal: Principal) -> Veil:
    """Return what somebody may be told of other projects."""
    if principal.projects is None:
        return ALL
    rows = session.execute(select(Project.key, Project.name)).all()
    seen = frozenset(_plain(word) for row in rows if row.key in principal.projects for word in row)
    every = frozenset(_plain(word) for row in rows for word in row)
    return Veil(seen, every - seen)


def _refers(rule: FieldRule) -> bool:
    return rule.type in ("ref", "list_ref") and rule.of == "project"


def _plain(word: str) -> str:
    return word.strip().casefold()
