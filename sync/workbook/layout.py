"""What a submission's workbook holds: sheets of cells, each with its look, its checks on input and its note.

Two kinds of sheet: a form has a row a field, a list has a row a record and a column a field. Both have a hidden
column of row ids and a hidden row of column ids, so that neither sorting nor moving nor renaming loses anything.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from model.collection.cases import OWN, Filled, RecordCase, has_items, is_editable, reference_field
from model.status.colour import counted
from model.template.language import FieldRule
from model.template.result import Finding
from model.template.template import Field, Template
from sync.workbook.book import (
    FORM,
    ITEMS,
    KEPT,
    LABEL,
    REF,
    SOURCE,
    TODO,
    VALUE,
    WHY,
    Box,
    Column,
    Look,
    Row,
    Sheet,
)  # fmt: skip
from sync.workbook.cells import LONGEST, Content, Part, is_too_long, to_cell, writable
from sync.workbook.words import month_name, note_of

SLOTS: Final = 25  # empty rows for records that are still to be written
_CUT: Final = 200  # characters of a text too long for a cell that are shown


@dataclass(frozen=True, slots=True)
class Remark:
    """What an answered copy says of a cell that came back. `content` stands in it, where that is what came."""

    look: Look
    note: str
    content: Content = None
    keeps: bool = False  # whether `content` stands in the cell, or what counts now


@dataclass(frozen=True, slots=True)
class Asked:
    """What a workbook is made of: the records as they stand, what is wrong with them, and what came back."""

    template: Template
    records: Sequence[RecordCase]
    period: str
    findings: Mapping[str, Sequence[Finding]] = field(default_factory=dict)
    needed: Mapping[str, Iterable[str]] = field(default_factory=dict)
    people: Sequence[str] = ()
    remarks: Mapping[tuple[str, str], Remark] = field(default_factory=dict)  # by row and cell


def sheets_of(asked: Asked, token: str) -> tuple[Sheet, ...]:
    """Lay out a submission: one list where its template tells records apart, else one form."""
    if has_items(asked.template):
        return (_items(asked, token),)
    own = next((record for record in asked.records if record.ref == OWN), RecordCase(OWN, {}, {}, {}))
    return (_form(asked, own),)


def parts_of(rule: FieldRule, period: str, values: Iterable[Any] = ()) -> tuple[Part, ...]:
    """Return a field's cells: one, or one for each month that is asked for or has a value."""
    if rule.repeat is None:
        return (Part(rule.id),)
    months = dict.fromkeys(rule.repeat.asked(period) or ())
    for value in values:
        months |= dict.fromkeys(str(month) for month in value) if isinstance(value, Mapping) else {}
    return tuple(Part(rule.id, month) for month in sorted(months))


@dataclass(frozen=True, slots=True)
class Shaped:
    """How a workbook was laid out: what its columns and rows are called, and by which locked column a list's are."""

    kind: str
    columns: Mapping[str, str]
    rows: Mapping[str, str]
    witness: str | None


def shaped(template: Template, base: Mapping[str, Mapping[str, Any]], period: str) -> Shaped:
    """Return the layout that a workbook with these values was sent in."""
    if not has_items(template):
        values = base.get(OWN, {})
        rows = {
            part.id: label_of(each.rule, part)
            for each in template.fields
            for part in parts_of(each.rule, period, (values.get(each.rule.id),))
        }
        return Shaped(FORM, {column.id: column.label for column in _FORM_COLUMNS}, rows, None)
    columns = {
        part.id: label_of(each.rule, part)
        for each in template.fields
        for part in parts_of(each.rule, period, (values.get(each.rule.id) for values in base.values()))
    }
    columns |= {column.id: column.label for column in (_REF_COLUMN, *_ITEM_COLUMNS)}
    witness = locked_reference(template)
    rows = {
        ref: ref if witness is None else str(values.get(witness) or "")
        for ref, values in base.items()
        if ref != OWN
    }
    return Shaped(ITEMS, columns, rows, witness)


def locked_reference(template: Template) -> str | None:
    """Return the locked field that tells a list's records apart; None where people may change it."""
    reference = reference_field(template)
    return None if reference is None or is_editable(template, reference) else reference.rule.id


def base_of(records: Sequence[RecordCase]) -> dict[str, dict[str, Any]]:
    """Return what the store remembers of a workbook: the values that were written, by record and field."""
    return {record.ref: dict(record.shown()) for record in records}


def label_of(rule: FieldRule, part: Part) -> str:
    """Call a cell's field what a person does."""
    unit = f" ({rule.unit})" if rule.unit else ""
    return f"{rule.label} {month_name(part.month)}{unit}" if part.month else f"{rule.label}{unit}"


def look_of(template: Template, each: Field, record: RecordCase) -> Look:
    """Say what a field of a record is to whoever fills it in."""
    if not is_editable(template, each):
        return Look.LOCKED
    filled = record.filled.get(each.rule.id)
    return Look.FILLED if filled is not None and filled.value is not None else Look.ASKED


_WHY: Final = "Reason, where you change what was filled in"
_FORM_COLUMNS: Final = (
    Column(LABEL, "What is asked", 40),
    Column(VALUE, "Answer", 46),
    Column(WHY, _WHY, 42),
    Column(SOURCE, "Filled in from", 34),
    Column(TODO, "To do", 52),
)
_REF_COLUMN: Final = Column(REF, "Reference", 12)
_ITEM_COLUMNS: Final = (Column(WHY, _WHY, 36), Column(TODO, "To do", 60))


def _form(asked: Asked, record: RecordCase) -> Sheet:
    values = record.shown()
    rows: list[Row] = []
    for each in asked.template.fields:
        parts = parts_of(each.rule, asked.period, (values.get(each.rule.id),))
        rows += [_form_row(asked, record, each, part, values) for part in parts]
    rows += _kept_rows(asked, _FORM_COLUMNS)
    return Sheet(FORM, _name(asked.template.header.title), _FORM_COLUMNS, tuple(rows))


def _kept_rows(asked: Asked, columns: Sequence[Column]) -> list[Row]:
    """Return the rows that show what was written and has no place elsewhere; locked, and read past."""
    nothing = Remark(Look.LOCKED, "")
    ids = dict.fromkeys(row for row, _ in asked.remarks if row.startswith(KEPT))
    return [
        Row(id_, {
            column.id: Box(said.content, said.look, note=said.note or None)
            for column in columns
            for said in (asked.remarks.get((id_, column.id), nothing),)
        })
        for id_ in ids
    ]  # fmt: skip


def _form_row(asked: Asked, record: RecordCase, each: Field, part: Part, values: Mapping[str, Any]) -> Row:
    look = look_of(asked.template, each, record)
    given = record.answers.get(each.rule.id)
    needed = each.rule.id in asked.needed.get(record.ref, ())
    own = {column: (record.ref, f"{part.id}{column}") for column in (LABEL, WHY, SOURCE, TODO)}
    said = _said_of_row(asked, (record.ref, part.id), *own.values())
    todo = _once([*said, *_todo(asked, record.ref, each.rule.id)])
    label = label_of(each.rule, part) + (" *" if needed else "")
    return Row(part.id, {
        LABEL: _own_box(asked, own[LABEL], Box(label, Look.LABEL, note=note_of(each.rule))),
        VALUE: _value_box(asked, record.ref, each, part, values, look),
        WHY: _own_box(asked, own[WHY], Box(_reason(given.because if given else None),
                                           Look.ASKED if look is Look.FILLED else Look.LOCKED)),
        SOURCE: _own_box(asked, own[SOURCE], Box(_source(record.receipt(each.rule.id)), Look.QUIET)),
        TODO: _own_box(asked, own[TODO], Box(todo or None, Look.QUIET)),
    })  # fmt: skip


def _reason(said: str | None) -> str | None:
    return writable(said)[:LONGEST] or None if said else None


def _own_box(asked: Asked, place: tuple[str, str], box: Box) -> Box:
    """Return a cell that is no answer, with what an answered copy says of it."""
    remark = asked.remarks.get(place)
    return box if remark is None else Box(box.content, remark.look, note=remark.note)


def _items(asked: Asked, token: str) -> Sheet:
    records = [record for record in asked.records if record.ref != OWN]
    held = [(each, parts_of(each.rule, asked.period, (r.shown().get(each.rule.id) for r in records)))
            for each in asked.template.fields]  # fmt: skip
    columns = [
        Column(part.id, label_of(each.rule, part), _width(each.rule), note_of(each.rule))
        for each, parts in held
        for part in parts
    ]
    reference = locked_reference(asked.template)
    if reference is None:
        columns.insert(0, _REF_COLUMN)
    else:
        columns.sort(key=lambda column: column.id != reference)
    columns += _ITEM_COLUMNS
    rows = [_item_row(asked, record, held) for record in records]
    empty = [RecordCase(f"new-{token[:12]}-{number}", {}, {}, {}) for number in range(1, SLOTS + 1)]
    rows += [_item_row(asked, record, held) for record in empty]
    rows += _kept_rows(asked, columns)
    return Sheet(ITEMS, _name(asked.template.header.title), tuple(columns), tuple(rows))


def _item_row(asked: Asked, record: RecordCase, held: Sequence[tuple[Field, Sequence[Part]]]) -> Row:
    values = record.shown()
    is_slot = record.ref.startswith("new-")
    boxes = {
        part.id: _value_box(asked, record.ref, each, part, values, look_of(asked.template, each, record))
        for each, parts in held
        for part in parts
    }
    reasons = dict.fromkeys(given.because for given in record.answers.values() if given.because)
    own = {column: (record.ref, column) for column in (REF, WHY, TODO)}
    todo = _once([*_said_of_row(asked, (record.ref, ""), *own.values()), *_todo(asked, record.ref, None)])
    boxes[REF] = _own_box(asked, own[REF], Box(None if is_slot else record.ref, Look.LOCKED))
    boxes[WHY] = _own_box(asked, own[WHY], Box(_reason("\n".join(reasons)), Look.ASKED))
    boxes[TODO] = _own_box(asked, own[TODO], Box(todo[:LONGEST] or None, Look.QUIET))
    return Row(record.ref, boxes)


def _value_box(asked: Asked, ref: str, each: Field, part: Part, values: Mapping[str, Any], look: Look) -> Box:
    content = to_cell(each.rule, part.value(values))
    remark = asked.remarks.get((ref, part.id))
    if remark is not None:
        return Box(remark.content if remark.keeps else content, remark.look, each.rule, remark.note)
    if is_too_long(content):
        note = f"The text has {counted(len(str(content)), 'character')}, more than a cell holds: change it in the form"
        return Box(str(content)[:_CUT] + "…", Look.LOCKED, each.rule, note)
    return Box(content, look, each.rule)


def _said_of_row(asked: Asked, *places: tuple[str, str]) -> list[str]:
    """Return what an answered copy says where somebody looks first: in the row, not only on the cell."""
    return [remark.note for place in places if (remark := asked.remarks.get(place)) is not None]


def _once(said: Sequence[str]) -> str:
    """Join sentences; one that another says already, perhaps with more, is left out."""
    kept: list[str] = []
    for each in said:
        core = each.rstrip(".")
        if not any(core in other for other in kept):
            kept = [other for other in kept if other.rstrip(".") not in each] + [each]
    return " ".join(kept)


def _todo(asked: Asked, ref: str, id_: str | None) -> list[str]:
    """Return what is to be done about a field, or about a whole record (None): also what a failed check names."""
    named = {rule.id: expression.names for rule, expression in asked.template.checks}
    labels = {each.rule.id: each.rule.label for each in asked.template.fields}
    said = []
    for finding in asked.findings.get(ref, ()):
        if id_ is None:
            said.append(_sentence(finding, labels))
        elif finding.field == id_:
            said.append(f"{finding.says}.")
        elif id_ in named.get(finding.field, ()):
            said.append(f"{finding.says} ({finding.field}).")
    return list(dict.fromkeys(said))


def _sentence(finding: Finding, labels: Mapping[str, str]) -> str:
    label = labels.get(finding.field)
    if label is None:
        return f"{finding.says} ({finding.field})."
    return f"{finding.says}." if finding.says.startswith(label) else f"{label}: {finding.says}."


def _source(filled: Filled | None) -> str | None:
    if filled is None or filled.value is None:
        return None
    said = " · ".join(filter(None, [filled.source, filled.locator])) or "Muster"
    return said if filled.age_days is None else f"{said}, {counted(round(filled.age_days), 'day')} old"


def _width(rule: FieldRule) -> int:
    if rule.repeat is not None or rule.type in ("int", "number", "percent", "date", "rag", "bool", "period"):
        return 13
    if rule.type in ("text", "document", "list_ref"):
        return 42
    return 18


def _name(title: str) -> str:
    """Return a sheet's name as Excel allows it."""
    kept = "".join(" " if letter in "[]:*?/\\" else letter for letter in title)
    return kept[:31].strip(" '") or "Sheet"
