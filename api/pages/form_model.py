"""A submission as its form shows it: what it needs first, then its fields, or its records as a table."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from api.pages.form_fields import (
    FieldView,
    Sheet,
    Typed,
    field_view,
    group_of,
    involved,
    is_day,
    months_of,
    place_of,
)
from api.pages.render import link
from api.pages.writing import NONE, date_text
from api.translation import N_, Translated
from model.attributes import REGISTER
from model.collection.cases import OWN, Judgement, RecordCase, reference_field
from model.collection.typed import NUMBERS
from model.template.result import Finding
from model.template.template import Field, Template
from sync.collection.case import Case

# In the order they are told: what nobody said, what is too old, what does not fit together, what is not as asked.
GROUPS: Final[Mapping[str, str]] = Translated({
    "missing": N_("Missing"), "stale": N_("Stale"), "contradicted": N_("Contradicted"), "invalid": N_("Not as asked"),
})  # fmt: skip
_NAMED: Final = 60  # characters of a record's own words in a list


@dataclass(frozen=True, slots=True)
class Need:
    """One thing the submission needs: what, where, and whether it holds it back."""

    group: str
    label: str
    says: str
    blocks: bool
    waived: bool
    url: str


@dataclass(frozen=True, slots=True)
class Row:
    """One record in the table of a submission that has many."""

    ref: str
    url: str
    title: str
    cells: tuple[str, ...]
    findings: int
    blocks: int
    grade: str | None
    score: float | None
    answered: bool


def findings_of(judgement: Judgement, ref: str) -> list[Finding]:
    """Return everything found in one record, by the template and by how values were given."""
    result = judgement.results.get(ref)
    return [*(result.findings if result else ()), *judgement.problems.get(ref, ())]


def needs(case: Case, judgement: Judgement, *, ref: str | None = None) -> dict[str, list[Need]]:
    """Return what is needed by group; of one record or of all."""
    found: dict[str, list[Need]] = {group: [] for group in GROUPS}
    for at, finding in judgement.findings():
        if ref is None or at == ref:
            each = need_of(case, judgement, at, finding, here=ref)
            found[each.group].append(each)
    for group in found.values():
        group.sort(key=lambda need: not need.blocks)
    return found


def need_of(case: Case, judgement: Judgement, ref: str, finding: Finding, *, here: str | None = None) -> Need:
    """Return a finding as something needed: of which field, and where to put it right.

    `here` is the record whose page it is told on: what is of it need not say so, nor lead to another page.
    """
    labels = {field.rule.id: field.rule.label for field in case.template.fields}
    about = [labels[id_] for id_ in involved(case.template, finding)[:3]]
    label = " / ".join(about) or finding.field.replace("minimum_", "Too few of kind ")
    own_page = ref == here != OWN
    anchor = place_of(case.template, finding)
    waived = (ref, finding.field) in judgement.waived
    return Need(
        group_of(case.template, finding),
        label if ref == OWN or own_page else f"{ref}: {label}",
        finding.says,
        finding.severity == "block" and not waived,
        waived,
        f"{'' if own_page else address(case.submission.id, ref)}#f-{anchor}" if anchor else "",
    )


def address(number: int, ref: str = OWN) -> str:
    """Return the page of a submission, or of one of its records."""
    return link("/submissions/{}", number) if ref == OWN else link("/submissions/{}/record", number, ref=ref)


def fields(
    case: Case,
    record: RecordCase,
    judgement: Judgement,
    *,
    unsaved: Mapping[str, Typed],
    met: frozenset[str] = frozenset(),
) -> dict[str, list[FieldView]]:
    """Return a record's fields by where they stand in the form."""
    result = judgement.results.get(record.ref)
    needed = frozenset(result.needed if result else ())
    sheet = Sheet(case.template, case.submission.period, findings_of(judgement, record.ref), needed)
    parts: dict[str, list[FieldView]] = {part: [] for part in ("answer", "check", "computed", "unneeded")}
    for field in case.template.fields:
        id_ = field.rule.id
        view = field_view(field, record, sheet, unsaved=unsaved.get(id_), theirs=id_ in met)
        parts[view.part].append(view)
    return parts


def receipts(template: Template, project: str) -> dict[str, str]:
    """Return the address of the receipt of every field that is an attribute of the project."""
    found = {}
    for field in template.fields:
        name = _attribute(field)
        if name is not None:
            found[field.rule.id] = link("/projects/{}/receipt/{}", project, name)
    return found


def _attribute(field: Field) -> str | None:
    if field.attribute is not None:
        return field.attribute.name if field.attribute.entity == "project" else None
    return field.rule.id if field.rule.id in REGISTER["project"] else None


def columns(template: Template) -> list[Field]:
    """Return the fields a table of records shows beside the reference: the first few short ones."""
    reference = reference_field(template)
    short = [
        field
        for field in template.fields
        if field is not reference
        and field.rule.type not in ("text", "list_ref")
        and field.rule.repeat is None
    ]
    always = [field for field in short if field.always and field.rule.fill != "auto"]
    return (always or short)[:4]


def rows(case: Case, judgement: Judgement) -> list[Row]:
    """Return the records as a table: those that hold the submission back first, then those with findings."""
    shown = columns(case.template)
    found = [_row(case, record, judgement, shown) for record in case.records if record.ref != OWN]
    return sorted(found, key=lambda row: (-row.blocks, -row.findings))


def _row(case: Case, record: RecordCase, judgement: Judgement, shown: Sequence[Field]) -> Row:
    values = record.shown()
    findings = findings_of(judgement, record.ref)
    held = [each for each in findings if each.severity == "block"]
    result = judgement.results.get(record.ref)
    return Row(
        ref=record.ref,
        url=address(case.submission.id, record.ref),
        title=title_of(case.template, values),
        cells=tuple(told(field, values.get(field.rule.id)) for field in shown),
        findings=len(findings),
        blocks=sum((record.ref, each.field) not in judgement.waived for each in held),
        grade=result.grade if result else None,
        score=result.score if result else None,
        answered=bool(record.answers),
    )


def title_of(template: Template, values: Mapping[str, Any]) -> str:
    """Return a record's first text, shortened: what people know it by."""
    texts = (values.get(field.rule.id) for field in template.fields if field.rule.type == "text")
    first = next((text for text in texts if isinstance(text, str) and text.strip()), "")
    return first if len(first) <= _NAMED else first[: _NAMED - 1] + "…"


def told(field: Field, value: Any) -> str:
    """Write a value for people; what is not of its field's type as it stands."""
    if value is None or value == "":
        return NONE
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        return "; ".join(f"{month} {told(field, each)}" for month, each in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    if field.rule.type in NUMBERS:
        return _amount(field, value)
    return date_text(value) if field.rule.type == "date" and is_day(str(value)) else str(value)


def _amount(field: Field, value: Any) -> str:
    """Write a figure in full: whoever answers for it must see every digit of it."""
    try:
        exact = Decimal(str(value))
    except InvalidOperation:
        return str(value)
    if not exact.is_finite():
        return str(value)
    text = f"{exact:,f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return f"{text} %" if field.rule.type == "percent" else f"{text} {field.rule.unit or ''}".strip()


def period_text(period: str) -> str:
    """Write a period as people say it: `June 2025`."""
    try:
        return f"{date.fromisoformat(f'{period}-01'):%B %Y}"
    except ValueError:
        return period


def due_text(case: Case, today: date) -> tuple[str, bool]:
    """Say the last day on which a submission is in time, and whether it has passed."""
    head = case.submission
    days = (head.due_day - today).days
    when = "today" if days == 0 else f"in {days} days" if days > 1 else "tomorrow" if days == 1 else ""
    late = days < 0
    said = f"{-days} day{'s' if days != -1 else ''} ago" if late else when
    return f"{date_text(head.due_day)}, {said}", late


def known_people(records: Iterable[RecordCase]) -> list[str]:
    """Return the names a person field may hold, where they are known."""
    for record in records:
        people = record.context.get("active_people")
        if people:
            return sorted(map(str, people))
    return []


def asked_months(template: Template, period: str) -> dict[str, tuple[str, ...]]:
    """Return the months each repeating field is asked for."""
    return {field.rule.id: months_of(field.rule, period) for field in template.fields if field.rule.repeat}
