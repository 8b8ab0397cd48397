"""Records as a submission holds them: what was filled in, overlaid by answers, and judged by the template."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from dataclasses import field as slot
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Final

from model.collection.reference import next_reference
from model.status.data_quality import grade
from model.template.check import check, computed
from model.template.result import Finding, Result
from model.template.template import Field, Template
from model.template.values import is_absent, shown

COMPUTED: Final = "computed"  # the source of what the template works out
OWN: Final = ""  # the reference of a project's own record


class _Withdrawn:
    """Instead of a value: the field goes back to what was filled in."""

    def __repr__(self) -> str:
        return "WITHDRAWN"


WITHDRAWN: Final = _Withdrawn()
_NOT_YET: Final = datetime.min.replace(tzinfo=UTC)  # when an answer that is not stored was given


@dataclass(frozen=True, slots=True)
class Filled:
    """A value Muster filled in by itself, with its receipt and its age on the day of the case."""

    value: Any
    source: str | None
    locator: str | None
    url: str | None
    age_days: float | None


@dataclass(frozen=True, slots=True)
class Given:
    """A person's newest answer of a field. A value of None takes the field's value away."""

    value: Any
    because: str | None
    by: str
    at: datetime
    door: str
    locator: str | None


@dataclass(frozen=True, slots=True)
class RecordCase:
    """One record of a submission. `context` is what its rules know beside its values.

    `computed` is what the template works out from the values as they stand. It is shown and published, but judged
    anew each time, as it changes with what it is worked out from.
    """

    ref: str
    filled: Mapping[str, Filled]
    answers: Mapping[str, Given]
    context: Mapping[str, Any]
    computed: Mapping[str, Filled] = slot(default_factory=dict)

    def shown(self) -> dict[str, Any]:
        """Return what counts now by field, with what is computed."""
        return {name: each.value for name, each in self.computed.items()} | self.values()

    def receipt(self, name: str) -> Filled | None:
        """Return what was filled in or computed of a field."""
        return self.filled.get(name) or self.computed.get(name)

    def values(self) -> dict[str, Any]:
        """Return what counts now by field: the answer, else what was filled in."""
        found = {name: filled.value for name, filled in self.filled.items()}
        return found | {name: given.value for name, given in self.answers.items()}

    def ages(self) -> dict[str, float | None]:
        """Return how old each value is in days: what a person just answered is of today."""
        found = {name: filled.age_days for name, filled in self.filled.items()}
        return found | dict.fromkeys(self.answers, 0.0)


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the template says of every record, and what collection itself asks beyond it.

    `problems` are findings by record about how a value was given, such as an override without a reason.
    `waived` are the rules, by record, that hold nothing back because somebody with the right said so.
    """

    results: Mapping[str, Result]
    problems: Mapping[str, tuple[Finding, ...]]
    waived: frozenset[tuple[str, str]]
    can_submit: bool
    score: float | None
    grade: str | None

    def findings(self) -> list[tuple[str, Finding]]:
        """Return every finding with its record, the template's first."""
        found = [(ref, one) for ref, result in self.results.items() for one in result.findings]
        return found + [(ref, one) for ref, problems in self.problems.items() for one in problems]

    def blocking(self) -> list[tuple[str, Finding]]:
        """Return the findings that hold the submission back."""
        return [
            (ref, one)
            for ref, one in self.findings()
            if one.severity == "block" and (ref, one.field) not in self.waived
        ]

    def to_json(self) -> dict[str, Any]:
        """Return it as a document: each record's template check document, and the whole."""
        return {
            "records": {ref: result.to_json() for ref, result in self.results.items()},
            "problems": {ref: [one.to_json() for one in found] for ref, found in self.problems.items()},
            "waived": [{"record": ref, "rule": rule} for ref, rule in sorted(self.waived)],
            "can_submit": self.can_submit,
            "score": None if self.score is None else round(self.score, 4),
            "grade": self.grade,
        }


Changes = Mapping[str, Mapping[str, Any]]  # by record and field; WITHDRAWN gives a field back
Waivers = Collection[tuple[str | None, str]]  # record (None: every one) and rule


def judged(
    template: Template,
    records: Sequence[RecordCase],
    *,
    as_of: date,
    shared: Mapping[str, Any],
    waivers: Waivers = (),
    changes: Changes | None = None,
    because: Mapping[str, Mapping[str, str | None]] | None = None,
) -> Judgement:
    """Judge records with changes laid over them; nothing is stored.

    Args:
        template: By which.
        records: As they stand.
        as_of: The day of the case.
        shared: Context of a record that is new.
        waivers: Rules the project is let off.
        changes: Values by record and field; a record nobody knows is a new one.
        because: Reasons given with the changes.
    """
    overlaid = _overlaid(template, records, changes or {}, because or {}, as_of=as_of, shared=shared)
    unique = [field for field in template.fields if field.rule.unique_within]
    results: dict[str, Result] = {}
    problems: dict[str, tuple[Finding, ...]] = {}
    for record in overlaid:
        context = dict(record.context) | {"as_of": as_of}
        if unique:
            context["taken"] = _taken(unique, record, overlaid)
        results[record.ref] = check(template, record.values(), record.ages(), context)
        if found := tuple(_problems(template, record)):
            problems[record.ref] = found
    if few := tuple(_too_few(template, overlaid, shared.get("stage"))):
        problems[OWN] = (*problems.get(OWN, ()), *few)
    waived = frozenset(
        (ref, one.field)
        for ref, one in _all(results, problems)
        for let in waivers
        if let[1] == one.field and let[0] in (None, ref)
    )
    scores = [result.score for result in results.values() if result.score is not None]
    score = sum(scores) / len(scores) if scores else None
    held = any(
        one.severity == "block" and (ref, one.field) not in waived for ref, one in _all(results, problems)
    )
    letter = None if score is None else grade(score, template.document.scoring.grades)
    return Judgement(results, problems, waived, not held, score, letter)


def _all(
    results: Mapping[str, Result], problems: Mapping[str, tuple[Finding, ...]]
) -> Iterable[tuple[str, Finding]]:
    yield from ((ref, one) for ref, result in results.items() for one in result.findings)
    yield from ((ref, one) for ref, found in problems.items() for one in found)


def _overlaid(
    template: Template,
    records: Sequence[RecordCase],
    changes: Changes,
    because: Mapping[str, Mapping[str, str | None]],
    *,
    as_of: date,
    shared: Mapping[str, Any],
) -> list[RecordCase]:
    known = {record.ref: record for record in records}
    for ref in changes:
        if ref not in known:
            known[ref] = new_record(
                template, ref, list(known.values()), changes[ref], as_of=as_of, shared=shared
            )
    return [with_changes(record, changes.get(ref, {}), because.get(ref, {})) for ref, record in known.items()]


def with_changes(
    record: RecordCase, changes: Mapping[str, Any], because: Mapping[str, str | None]
) -> RecordCase:
    """Return a record with values laid over it as answers that somebody is just giving."""
    if not changes:
        return record
    answers = {name: given for name, given in record.answers.items() if changes.get(name) is not WITHDRAWN}
    for name, value in changes.items():
        if value is not WITHDRAWN:
            reason = because.get(name) or _standing_reason(record, name, value)
            answers[name] = Given(value, reason, "", _NOT_YET, "", None)
    return RecordCase(record.ref, record.filled, answers, record.context)


def _standing_reason(record: RecordCase, name: str, value: Any) -> str | None:
    """Return the reason given before, where the same value is sent again."""
    standing = record.answers.get(name)
    return standing.because if standing is not None and standing.value == value else None


def with_computed(template: Template, record: RecordCase, as_of: date) -> RecordCase:
    """Return a record with what the template computes of it."""
    found = computed(template, record.values(), dict(record.context) | {"as_of": as_of})
    filled = {name: Filled(_plain(value), COMPUTED, None, None, None) for name, value in found.items()}
    return replace(record, computed=filled) if filled else record


def _plain(value: Any) -> Any:
    """Turn a computed value into what JSON holds; a whole number is written as one."""
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return format(value, "f")
    return int(value) if isinstance(value, float) and value.is_integer() else value


def has_items(template: Template) -> bool:
    """Say whether a template is of many records a project, told apart by a reference, or of one."""
    return reference_field(template) is not None


def reference_field(template: Template) -> Field | None:
    """Return the field that tells a project's records apart; None where there is one record a project."""
    unique = [field for field in template.fields if field.rule.unique_within == "project"]
    return unique[0] if unique else None


def new_record(
    template: Template,
    ref: str,
    others: Sequence[RecordCase],
    values: Mapping[str, Any],
    *,
    as_of: date,
    shared: Mapping[str, Any],
) -> RecordCase:
    """Return an empty record as Muster fills it in: its reference, and the day it is recorded.

    An `auto` date that nothing computes and no source gives is that day: nobody else can know it.
    """
    filled: dict[str, Filled] = {}
    field = reference_field(template)
    if field is not None and field.rule.fill == "auto" and ref != OWN:
        taken = [str(record.values().get(field.rule.id) or record.ref) for record in others]
        lasting = next_reference(template.header.record, values.get("kind"), taken, field)
        if lasting is not None:
            filled[field.rule.id] = Filled(lasting, None, None, None, 0.0)
        for each in template.fields:
            if (
                each.rule.type == "date"
                and each.rule.fill == "auto"
                and not each.rule.bind
                and not each.rule.expr
            ):
                filled[each.rule.id] = Filled(as_of.isoformat(), None, None, None, 0.0)
    context = dict(shared) | ({"age_days": 0, "score_changes": 0} if field is not None else {})
    return RecordCase(ref, filled, {}, context)


def _taken(
    unique: Sequence[Field], record: RecordCase, records: Sequence[RecordCase]
) -> dict[str, list[Any]]:
    """Return other records' values of the fields that may not repeat."""
    others = [each.values() for each in records if each is not record]
    return {
        field.rule.id: [value for each in others if not is_absent(value := each.get(field.rule.id))]
        for field in unique
    }


def is_editable(template: Template, field: Field) -> bool:
    """Say whether people may type a value; what may not be typed is disputed."""
    mode = template.document.fill.get(field.rule.fill)
    return field.rule.fill != "auto" if mode is None else mode.editable


def overrides(field: Field, record: RecordCase, value: Any) -> bool:
    """Say whether a value differs from the one that was filled in."""
    filled = record.filled.get(field.rule.id)
    return filled is not None and not is_absent(filled.value) and not same_value(field, filled.value, value)


def typed_over(field: Field, record: RecordCase, value: Any) -> bool:
    """Say whether a value differs from what stands there, be it nothing."""
    filled = record.filled.get(field.rule.id)
    return not same_value(field, None if filled is None else filled.value, value)


def same_value(field: Field, one: Any, other: Any) -> bool:
    """Compare two values as their field reads them: 480000 is "480000.00", and spaces around a text are nothing."""
    if is_absent(one) or is_absent(other):
        return is_absent(one) and is_absent(other)
    first, second = field.read(one), field.read(other)
    if first.unreadable or second.unreadable:
        return bool(one == other)
    return _equal(first.value, second.value)


def _equal(left: Any, right: Any) -> bool:
    if isinstance(left, str) and isinstance(right, str):
        return left.split() == right.split()
    if isinstance(left, bool) or isinstance(right, bool):  # an int to Python, and no number to us
        return left is right
    if isinstance(left, int | float | Decimal) and isinstance(right, int | float | Decimal):
        return Decimal(str(left)) == Decimal(str(right))
    if isinstance(left, Mapping) and isinstance(right, Mapping):
        return left.keys() == right.keys() and all(_equal(left[key], right[key]) for key in left)
    return bool(left == right)


def _problems(template: Template, record: RecordCase) -> Iterable[Finding]:
    for field in template.fields:
        rule = field.rule
        given = record.answers.get(rule.id)
        if given is None:
            continue
        if not is_editable(template, field):
            if typed_over(field, record, given.value):
                said = f"{rule.label} is filled in by Muster; dispute the value instead of typing over it"
                yield Finding(rule.id, "invalid", "block", said)
        elif overrides(field, record, given.value) and "reason" in _needs(template, field):
            if not is_absent(given.because):
                continue
            says = record.filled[rule.id]
            instead = "nothing" if is_absent(given.value) else shown(given.value)
            said = f"{says.source or 'Muster'} says {shown(says.value)}: say why it is {instead}"
            yield Finding(rule.id, "invalid", "block", said)


def _too_few(template: Template, records: Sequence[RecordCase], stage: Any) -> Iterable[Finding]:
    """Say which kinds of record the project's stage wants more of than there are."""
    for kind, least in template.header.minimum.get(stage, {}).items():
        have = sum(record.values().get("kind") == kind for record in records)
        if have < least:
            said = f"at least {least} of kind {kind} are expected in this stage, {have} on record"
            yield Finding(f"minimum_{kind}", "missing", "warn", said)


def _needs(template: Template, field: Field) -> tuple[str, ...]:
    mode = template.document.fill.get(field.rule.fill)
    return () if mode is None else mode.override_needs
