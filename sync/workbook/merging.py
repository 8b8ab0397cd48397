"""Merges a returned workbook with what stands by now: what to store, and what a person has to be told."""

from collections.abc import Mapping, Sequence
from datetime import datetime, time
from typing import Any, Final

from model.collection.cases import OWN, Given, RecordCase, is_editable
from model.collection.merge import Cell, Fate
from model.collection.typed import written
from model.status.colour import counted
from model.template.language import FieldRule
from model.template.template import Field, Template
from model.template.values import is_absent
from sync.workbook.book import FORM, VALUE, WHY
from sync.workbook.cells import Part, Returned, Unfit, from_cell, is_too_long, same, to_cell
from sync.workbook.outcome import Copy, Merged, Outcome, Placed
from sync.workbook.read import Back
from sync.workbook.reasons import Reasons
from sync.workbook.slots import Naming
from sync.workbook.words import expected

_SHOWN: Final = 120
_NAMED: Final = 8
_ANY: Final = Copy()


def merged(
    template: Template,
    records: Sequence[RecordCase],
    base: Mapping[str, Mapping[str, Any]],
    back: Back,
    *,
    kind: str,
    copy: Copy = _ANY,
) -> Merged:
    """Merge cell by cell.

    Args:
        template: As it judges the submission now.
        records: As they stand now.
        base: What was written into the workbook, by record and field.
        back: What was read from it.
        kind: form or items.
        copy: What else is known of it.
    """
    return _Merging(template, records, base, back, kind, copy).run()


class _Merging:
    def __init__(
        self,
        template: Template,
        records: Sequence[RecordCase],
        base: Mapping[str, Mapping[str, Any]],
        back: Back,
        kind: str,
        copy: Copy,
    ) -> None:
        self._template, self._back, self._kind = template, back, kind
        self._copy = copy
        self._fields = {each.rule.id: each for each in template.fields}
        self._records = {record.ref: record for record in records}
        self._base = dict(base)
        self._found = Merged(notes=list(back.notes))
        self._reasons = Reasons(self._fields, self._records, self._base, copy, back)

    def run(self) -> Merged:
        """Go through the rows, then their reasons."""
        names = self._names()
        for (row, column), cell in self._back.cells.items():
            if self._kind == FORM:
                if column == VALUE:
                    self._cell(OWN, Part.of(row), cell)
            else:
                self._cell(names.get(row, row), Part.of(column), cell)
        self._reasons.merge(self._found, names, self._kind)
        for (row, column), cell in self._back.ours.items():
            self._own(names.get(row, row), row, column, cell)
        for each in self._back.astray:
            ref, part = (OWN, each.id) if self._kind == FORM else (each.id, "")
            written = {column: _json(content) for column, content in each.written.items()}
            self._found.outcomes.append(
                Outcome("rejected", ref, part, each.where, None, written, None, each.why)
            )
        self._say_gone()
        return self._found

    def _own(self, ref: str, row: str, column: str, cell: Returned) -> None:
        """Answer what was written where nobody is asked to write."""
        ref, part = (OWN, f"{row}{column}") if self._kind == FORM else (ref, column)
        if column == WHY:
            says = "is a reason in a row without an answer; write it with the answer that it explains"
        else:
            says = f"{cell.fault or 'is locked'}; write what you mean into the answer, or as its reason"
        self._found.outcomes.append(
            Outcome("rejected", ref, part, cell.locator, None, _json(cell.content), None, says)
        )

    def _names(self) -> dict[str, str]:
        """Return which record each added row is."""
        rows = {row: self._read_row(row) for row in self._back.added}
        naming = Naming(self._template, self._copy.slots, self._records, self._copy.giver)
        found = naming.of(rows)
        self._found.notes += naming.notes
        for row, named in found.items():
            self._found.rows[named.ref] = rows[row]
            self._found.slots[named.ref] = row
            if named.is_new:
                self._found.new.add(named.ref)
            else:
                self._base.setdefault(named.ref, _as_fields(named.sent))
        return {row: named.ref for row, named in found.items()}

    def _read_row(self, row: str) -> dict[str, Any]:
        values = {}
        for (id_, column), cell in self._back.cells.items():
            each = self._fields.get(Part.of(column).field)
            if id_ != row or each is None or cell.fault is not None:
                continue
            try:
                value = from_cell(each.rule, cell)
            except Unfit:
                continue
            if not is_absent(value):
                values[column] = value
        return values

    def _cell(self, ref: str, part: Part, cell: Returned) -> None:
        each = self._fields.get(part.field)
        sent = part.value(self._base.get(ref, {}))
        record = self._records.get(ref)
        current = part.value(record.shown()) if record is not None else None
        if each is None:
            if cell.content is not None and str(cell.content) != str(sent):
                self._reject(ref, part, cell, sent, None, "is not asked for any more; it was not taken")
            return
        rule = each.rule
        if _is_untouched(rule, sent, cell):
            self._found.untouched += 1
            return
        try:
            returned = from_cell(rule, cell)
        except Unfit as unfit:
            if cell.content is not None or not is_absent(sent) or cell.fault:
                self._unfit(ref, part, cell, each, sent, current, str(unfit))
            return
        if isinstance(returned, str) and "\x00" in returned:
            self._reject(ref, part, cell, sent, current, "holds characters that are none")
            return
        fate = Cell(sent, returned, current).fate(lambda one, other: same(rule, one, other))
        if fate in (Fate.UNTOUCHED, Fate.AGREED):
            self._found.untouched += fate is Fate.UNTOUCHED
            self._found.agreed += fate is Fate.AGREED
            if fate is Fate.AGREED:
                self._found.agreed_in.add((ref, part.field))
        else:
            self._changed(ref, part, cell, each, fate, (sent, returned, current))

    def _changed(
        self, ref: str, part: Part, cell: Returned, each: Field, fate: Fate, values: tuple[Any, Any, Any]
    ) -> None:
        sent, returned, current = values
        record = self._records.get(ref)
        if not is_editable(self._template, each):
            stands = f"it stays {_shown(each.rule, current)}" if not is_absent(current) else "it stays empty"
            if record is None:
                stands = "a new record gets it from Muster when it is made"
            says = (
                f"is filled in by Muster and locked; {stands}. Dispute it where it is shown, if it is wrong"
            )
            self._reject(ref, part, cell, sent, current, says, returned)
        elif record is None and ref not in self._found.new:
            self._reject(
                ref, part, cell, sent, None, "belongs to a record that is not there any more", returned
            )
        elif is_too_long(to_cell(each.rule, current)):
            says = "stands for a text longer than a cell holds; change it in the form"
            self._reject(ref, part, cell, sent, current, says, returned)
        elif fate is Fate.CONFLICT or self._is_reasoned_anew(ref, part):
            says = self._both(record, each.rule, part, current)
            self._found.outcomes.append(
                Outcome("conflict", ref, part.id, cell.locator, sent, returned, current, says)
            )
        else:
            self._found.placed.append(Placed(ref, part, returned, cell.locator))

    def _is_reasoned_anew(self, ref: str, part: Part) -> bool:
        """Say whether what stands has got another reason meanwhile, and this answer only has the old one."""
        row = self._found.slots.get(ref, ref)
        return self._reasons.is_outdated(row, ref, part.field, self._kind)

    def _both(self, record: RecordCase | None, rule: FieldRule, part: Part, current: Any) -> str:
        """Say who wrote what stands there."""
        given = record.answers.get(part.field) if record is not None else None
        theirs = _shown(rule, current) if not is_absent(current) else "nothing"
        return f"was changed here, and meanwhile {_by(given)} to {theirs}; {theirs} stands until somebody decides"

    def _unfit(
        self, ref: str, part: Part, cell: Returned, each: Field, sent: Any, current: Any, says: str
    ) -> None:
        """Reject a cell nothing can be read from; one merely covered by a merge only where it held something."""
        if cell.content is None and is_absent(sent) and "merged" in says:
            return
        wants = "" if "expected" in says else f"; expected {expected(each.rule)}"
        self._reject(ref, part, cell, sent, current, says + wants)

    def _reject(
        self, ref: str, part: Part, cell: Returned, sent: Any, current: Any, says: str, returned: Any = None
    ) -> None:
        shown = returned if returned is not None else _json(cell.content)
        self._found.outcomes.append(
            Outcome("rejected", ref, part.id, cell.locator, sent, shown, current, says)
        )

    def _label(self, name: str) -> str:
        each = self._fields.get(name)
        return each.rule.label if each else name

    def _say_gone(self) -> None:
        astray = {each.id for each in self._back.astray}
        gone = [row for row in self._back.gone if row not in astray]
        if gone:
            what = [self._label(Part.of(row).field) if self._kind == FORM else row for row in gone]
            more = ", …" if len(what) > _NAMED else ""
            one = len(gone) == 1
            self._found.notes.append(
                f"{counted(len(gone), 'row')} that {'was' if one else 'were'} sent {'is' if one else 'are'} not in it "
                f"({', '.join(what[:_NAMED])}{more}); deleting a row deletes nothing, what {'it' if one else 'they'} "
                "held stays. To close a record, say so in its own field"
            )


def _is_untouched(rule: FieldRule, sent: Any, cell: Returned) -> bool:
    """Say whether a cell holds just what was written into it, or the beginning of a text too long for it."""
    if cell.fault is not None or cell.percent:
        return False
    content = to_cell(rule, sent)
    if content == cell.content and type(content) is not bool:
        return True
    if not is_too_long(content) or not isinstance(cell.content, str):
        return False
    return cell.content.endswith("…") and str(content).startswith(cell.content[:-1])


def _as_fields(values: Mapping[str, Any]) -> dict[str, Any]:
    """Turn values by part into values by field."""
    found: dict[str, Any] = {}
    for name, value in values.items():
        part = Part.of(name)
        if part.month:
            found.setdefault(part.field, {})[part.month] = value
        else:
            found[part.field] = value
    return found


def _shown(rule: FieldRule, value: Any) -> str:
    text = written(rule, value) if not isinstance(value, Mapping) else str(value)
    return repr(text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…")


def _by(given: Given | None) -> str:
    return (
        "Muster's sources changed it"
        if given is None
        else f"{given.by} changed it ({given.at:%Y-%m-%d %H:%M} UTC)"
    )


def _json(content: Any) -> Any:
    if isinstance(content, datetime) and content.time() == time.min:
        content = content.date()
    return content if content is None or isinstance(content, bool | int | float | str) else str(content)
