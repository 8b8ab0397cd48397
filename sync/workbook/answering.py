"""What the sender of a returned workbook is told: in a sentence, and on the cells of an answered copy."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from model.collection.cases import OWN, Judgement, has_items, is_editable
from model.status.colour import counted
from sync.collection.answers import NEW
from sync.collection.case import Case
from sync.workbook.book import KEPT, LABEL, REF, TODO, VALUE, WHY, Look
from sync.workbook.cells import LONGEST, Content, Part, to_cell, writable
from sync.workbook.layout import Remark, locked_reference
from sync.workbook.outcome import Merged, Outcome, Placed

Remarks = dict[tuple[str, str], Remark]  # by row and cell
_SHOWN: Final = 160
_OWN_LABELS: Final = {WHY: "Reason", TODO: "To do", REF: "Reference"}


def invalid_among(placed: Sequence[Placed], judgement: Judgement) -> list[Outcome]:
    """Return the cells that were kept as they were written and are not what was asked: also for want of a reason."""
    results = {
        ref: {one.field: one.says for one in judgement.problems.get(ref, ())} | dict(result.invalid)
        for ref, result in judgement.results.items()
    }
    return [
        Outcome("invalid", one.ref, one.part.id, one.locator, None, one.value, one.value, said)
        for one in placed
        if (said := _problem(results.get(one.ref, {}), one.part)) is not None
    ]


def _problem(problems: Mapping[str, str], part: Part) -> str | None:
    """Return what is wrong with one cell; of a field with months only where this month is named."""
    said = problems.get(part.field)
    if said is None or not part.month:
        return said
    own = [each for each in said.split("; ") if each.startswith(f"{part.month}: ")]
    return own[0] if own else None


def summary(name: str, placed: int, outcomes: list[Outcome], found: Merged) -> str:
    """Say in a line what became of a workbook."""
    counts = {kind: sum(one.kind == kind for one in outcomes) for kind in ("conflict", "rejected", "invalid")}
    said = [f"{counted(placed, 'cell')} taken", f"{found.untouched + found.agreed} as they were"]
    said += [
        f"{counts[kind]} {words}"
        for kind, words in (
            ("conflict", "in conflict"), ("rejected", "rejected"), ("invalid", "of those taken not what is expected"),
        )
        if counts[kind]
    ]  # fmt: skip
    return f"{name}: {', '.join(said)}"


def remarks_on(case: Case, outcomes: Sequence[Outcome]) -> Remarks:
    """Return what the answered copy says, by row and cell.

    What has no place of its own there (a row that is no record's, a field that is not asked for any more) gets a
    row at the end that shows what was written.
    """
    return _Answering(case).all_of(outcomes)


class _Answering:
    def __init__(self, case: Case) -> None:
        self._template = case.template
        self._fields = {each.rule.id: each for each in case.template.fields}
        self._is_list = has_items(case.template)
        self._refs = {record.ref for record in case.records}
        self._name = (locked_reference(case.template) or REF) if self._is_list else LABEL
        self._rows: dict[tuple[str, str], str] = {}
        self._found: Remarks = {}

    def all_of(self, outcomes: Sequence[Outcome]) -> Remarks:
        """Go through them in their order."""
        for one in outcomes:
            if one.is_row:
                self._row(one)
            elif self._has_place(one):
                self._found[one.ref, one.part] = self._remark(one)
            else:
                self._homeless(one)
        return self._found

    def _has_place(self, one: Outcome) -> bool:
        part, own, _ = one.part.partition("~")
        if self._is_list:
            return one.ref in self._refs and (bool(own) or Part.of(part).field in self._fields)
        return Part.of(part).field in self._fields

    def _remark(self, one: Outcome) -> Remark:
        if "~" in one.part and one.kind != "conflict":
            return Remark(Look.WRONG if one.part.endswith(WHY) else Look.LOCKED_WRONG, _rejected(one))
        each = self._fields[Part.of(one.part.partition("~")[0]).field]
        if one.kind == "conflict":
            note = f"You wrote {_short(one.returned)}. It {one.says}. To insist, write yours again."
            return Remark(Look.CONFLICT, note)
        if one.kind == "invalid":
            note = f"{one.says}. It is kept as you wrote it, and holds this back until it is corrected."
            return Remark(Look.WRONG, note, to_cell(each.rule, one.returned), keeps=True)
        return Remark(Look.WRONG if is_editable(self._template, each) else Look.LOCKED_WRONG, _rejected(one))

    def _row(self, one: Outcome) -> None:
        """Say in the row a record or a field has that another was not taken for it, and show that one at the end."""
        where = one.ref if self._is_list else OWN, "" if self._is_list else one.part
        self._found[where] = Remark(Look.WRONG, f"{one.says}. The last rows show what was written.")
        row = self._kept(("", one.locator))
        for column, content in one.returned.items():
            self._found[row, column] = Remark(Look.LOCKED_WRONG, "", _cell(content), keeps=True)
        named = self._found.get((row, self._name))
        content = named.content if named else None
        self._found[row, self._name] = Remark(Look.LOCKED_WRONG, f"{one.says}.", content, keeps=True)
        self._found[row, TODO] = Remark(Look.QUIET, "", f"{one.says}."[:LONGEST], keeps=True)

    def _homeless(self, one: Outcome) -> None:
        row = self._kept((one.ref, "" if self._is_list else one.part))
        column = one.part if self._is_list else VALUE
        note = _rejected(one)
        name = (
            one.ref if self._is_list and not one.ref.startswith(NEW) else None if self._is_list else one.part
        )
        self._found[row, self._name] = Remark(Look.LOCKED_WRONG, "", name, keeps=True)
        self._found[row, column] = Remark(Look.LOCKED_WRONG, note, _cell(one.returned), keeps=True)
        said = self._found.get((row, TODO))
        label = (
            self._fields[field].rule.label
            if (field := Part.of(one.part).field) in self._fields
            else _OWN_LABELS.get(one.part, one.part)
        )
        told = " ".join(filter(None, [str(said.content) if said else "", f"{label}: {note}"]))
        self._found[row, TODO] = Remark(Look.QUIET, "", told[:LONGEST], keeps=True)

    def _kept(self, what: tuple[str, str]) -> str:
        return self._rows.setdefault(what, f"{KEPT}{len(self._rows) + 1}")


def _rejected(one: Outcome) -> str:
    wrote = f"You wrote {_short(one.returned)}: it " if one.returned is not None else "The cell "
    return f"{wrote}{one.says}."


def _cell(content: Any) -> Content:
    return content if content is None or type(content) in (int, float) else writable(str(content))


def _short(value: Any) -> str:
    text = str(value)
    return repr(text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…")
