"""One field of a form: its control, what was filled in and answered, and what is wrong with it."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, Literal

from model.collection.cases import Filled, Given, RecordCase, is_editable, overrides
from model.collection.typed import NUMBERS, plain, written
from model.template.language import FieldRule
from model.template.result import Finding
from model.template.template import Field, Template
from model.template.values import is_absent

Control = Literal["rag", "choice", "yes_no", "date", "number", "line", "area"]
Part = Literal["answer", "check", "computed", "unneeded"]
RAGS: Final = ("GREEN", "AMBER", "RED")
_NEEDS: Final[Mapping[str, str]] = {
    "completeness": "missing", "timeliness": "stale", "consistency": "contradicted", "accuracy": "contradicted",
}  # fmt: skip
_LONG: Final = 60  # characters from which a text gets room
_SIMPLE: Final[Mapping[str, Control]] = {"rag": "rag", "bool": "yes_no", "date": "date", "text": "area",
                                         "list_ref": "area"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Typed:
    """What somebody typed into a field and is not stored: by month ("" for a field without months)."""

    texts: Mapping[str, str]
    because: str = ""
    still: bool = False
    back: bool = False


@dataclass(frozen=True, slots=True)
class Cell:
    """One input. `month` is "" but in a field that repeats by month."""

    name: str
    month: str
    text: str
    control: Control
    options: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FieldView:
    """A field as the form shows it.

    `was` marks what it was shown with, so that only what was changed is saved and a conflict is seen.
    `theirs` is what stands now where somebody else changed it while this was typed, None elsewhere.
    """

    rule: FieldRule
    part: Part
    cells: tuple[Cell, ...]
    was: str
    needed: bool
    shown: Any
    filled: Filled | None
    given: Given | None
    overrides: bool
    because: str
    still: bool
    back: bool
    stale: bool
    computed: str | None
    findings: tuple[Finding, ...]
    theirs: str | None = None

    @property
    def id(self) -> str:
        """The field's id."""
        return self.rule.id

    @property
    def open(self) -> bool:
        """Whether the input of a filled-in value is shown at once, not only when asked for."""
        return (
            self.overrides
            or self.theirs is not None
            or bool(self.because)
            or any(each.kind in ("invalid", "missing") for each in self.findings)
        )


def mark(texts: Mapping[str, str]) -> str:
    """Return a short mark of what a field was shown with."""
    said = "\x1f".join(f"{month}={plain(text)}" for month, text in sorted(texts.items()) if text)
    return hashlib.blake2b(said.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()


def texts_of(rule: FieldRule, value: Any, months: Sequence[str] = ()) -> dict[str, str]:
    """Write a field's value as its inputs hold it, by month."""
    if rule.repeat is None:
        return {"": written(rule, value)}
    given = value if isinstance(value, Mapping) else {}
    found = {str(month): written(rule, each) for month, each in given.items()}
    return dict.fromkeys(months, "") | found if isinstance(value, Mapping | None) else {"": str(value)}


def months_of(rule: FieldRule, period: str) -> tuple[str, ...]:
    """Return the months a field is asked for; none where it does not repeat."""
    return () if rule.repeat is None else rule.repeat.asked(period) or ()


@dataclass(frozen=True, slots=True)
class Sheet:
    """What the fields of one record share: its template, the period, what is found in it, what is required."""

    template: Template
    period: str
    findings: Sequence[Finding]
    needed: frozenset[str]


def field_view(
    field: Field, record: RecordCase, sheet: Sheet, *, unsaved: Typed | None = None, theirs: bool = False
) -> FieldView:
    """Put together what the form shows of one field; what a check finds belongs to every field it names.

    `unsaved` is what was typed and could not be stored: it is shown instead of what is. `theirs` says that
    somebody else changed the field meanwhile.
    """
    rule = field.rule
    value = record.shown().get(rule.id)
    filled, given = record.receipt(rule.id), record.answers.get(rule.id)
    filled = None if filled is None or is_absent(filled.value) else filled
    stored = texts_of(rule, value, months_of(rule, sheet.period))
    texts = stored if unsaved is None else {**dict.fromkeys(stored, ""), **unsaved.texts}
    own = tuple(_own(rule.id, sheet))
    needed = rule.id in sheet.needed
    return FieldView(
        rule=rule,
        part=_part(
            field, sheet, has_filled=filled is not None, optional=is_absent(value) and not (needed or own)
        ),
        cells=tuple(_cell(rule, month, text) for month, text in texts.items()),
        was=mark(stored),
        needed=needed,
        shown=value,
        filled=filled,
        given=given,
        overrides=given is not None and overrides(field, record, given.value),
        because=(unsaved.because if unsaved else (given.because if given else None)) or "",
        still=unsaved.still if unsaved else False,
        back=unsaved.back if unsaved else False,
        stale=any(each.kind == "stale" for each in own),
        computed=_computed(rule, record),
        findings=own,
        theirs="; ".join(f"{month} {text}".strip() for month, text in stored.items()) if theirs else None,
    )


def _part(field: Field, sheet: Sheet, *, has_filled: bool, optional: bool) -> Part:
    """Say where in the form a field stands."""
    if not is_editable(sheet.template, field):
        return "computed"
    if field.rule.fill == "prefill" and has_filled:
        return "check"
    return "unneeded" if optional and field.required is not None else "answer"


def _own(id_: str, sheet: Sheet) -> list[Finding]:
    return [each for each in sheet.findings if place_of(sheet.template, each) == id_]


def involved(template: Template, finding: Finding) -> list[str]:
    """Return the fields a finding is about: its own, or those its check names, in the check's order."""
    ids = {field.rule.id: field for field in template.fields}
    if finding.field in ids:
        return [finding.field]
    for rule, expression in template.checks:
        if rule.id == finding.field:
            named = [(re.search(rf"\b{id_}\b", rule.expr), id_) for id_ in ids if id_ in expression.names]
            return [id_ for _, id_ in sorted((at.start(), id_) for at, id_ in named if at)]
    return []


def place_of(template: Template, finding: Finding) -> str | None:
    """Return the field a finding is shown at: the first it is about that people can change."""
    about = involved(template, finding)
    fields = {field.rule.id: field for field in template.fields}
    return next((id_ for id_ in about if is_editable(template, fields[id_])), next(iter(about), None))


def group_of(template: Template, finding: Finding) -> str:
    """Say what kind of need a finding is: missing, stale, contradicted, or not as asked (invalid)."""
    if finding.kind != "failed":
        return finding.kind
    dim = next((rule.dim for rule, _ in template.checks if rule.id == finding.field), None)
    return _NEEDS.get(dim or "", "invalid")


def _cell(rule: FieldRule, month: str, text: str) -> Cell:
    control, options = _control(rule, text), _options(rule)
    if control in ("rag", "choice", "yes_no") and text and text not in options:
        options = (*options, text)  # what stands there is no choice, and must be seen all the same
    return Cell(f"v.{rule.id}{'.' if month else ''}{month}", month, text, control, options)


def _options(rule: FieldRule) -> tuple[str, ...]:
    if rule.type == "rag":
        return RAGS
    return ("true", "false") if rule.type == "bool" else rule.values


def _control(rule: FieldRule, text: str) -> Control:
    """Choose an input that can show the text as it is: a browser's date input would drop what is no date."""
    if "\n" in text:
        return "area"
    if rule.type == "date" and text and not is_day(text):
        return "line"
    if rule.type in _SIMPLE:
        return _SIMPLE[rule.type]
    if rule.type == "enum":
        return "choice"
    if rule.type in NUMBERS:
        return "number"
    return "area" if len(text) > _LONG else "line"


def is_day(text: str) -> bool:
    """Say whether a text is a day as date inputs write it."""
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _computed(rule: FieldRule, record: RecordCase) -> str | None:
    """Return the computed colour a view is compared with."""
    if rule.compare_with is None:
        return None
    computed = record.context.get("computed")
    found = computed.get(rule.compare_with.partition(".")[2]) if isinstance(computed, Mapping) else None
    return found if isinstance(found, str) else None
