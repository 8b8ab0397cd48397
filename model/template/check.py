"""Apply a template to a record: what is missing, invalid, failed or stale, and how good it is."""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from model.status.colour import counted
from model.status.data_quality import freshness, weigh
from model.template.expressions import Expression, to_cel
from model.template.language import CheckRule, FieldRule, Fresh, Required
from model.template.months import filled
from model.template.result import Finding, Result
from model.template.template import Field, Template
from model.template.values import Read, alike, is_absent, shown


def check(
    template: Template,
    record: Mapping[str, Any],
    ages_days: Mapping[str, float | None],
    context: Mapping[str, Any],
) -> Result:
    """Check one record.

    `record` maps field ids to values (absent is null), `ages_days` says how old a value is, where known.
    `context` gives the expressions' other variables: as_of, tier, stage, period, computed, previous,
    finance, report and so on. What is not in it is unknown: a check that needs it is not run. What is in it
    as None is known to be nothing, such as `previous` of a first report. Two entries are no variables:
    `active_people`, the names that a person may have, and `taken`, other records' values by field.

    Source of the dimensions: docs/status.md, rule F12. Completeness weighs required fields; validity is one test
    for each value that is there, and its checks; timeliness each fresh field whose age is known, and its
    checks; uniqueness each unique field that can be compared, and its checks.
    """
    return _Checking(template, record, ages_days, context).result()


def computed(template: Template, record: Mapping[str, Any], context: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values of the fields that are computed and that the record leaves out, as far as they are known."""
    return _Checking(template, record, {}, context).computed() if template.computed else {}


class _Checking:
    """One application of a template: rules put marks of 0 to 1 against dimensions, and findings."""

    def __init__(
        self,
        template: Template,
        record: Mapping[str, Any],
        ages_days: Mapping[str, float | None],
        context: Mapping[str, Any],
    ) -> None:
        self._template = template
        self._record = record
        self._ages = ages_days
        self._context = context
        self._read = {field.rule.id: field.read(record.get(field.rule.id)) for field in template.fields}
        self._tier = self._either("tier")
        self._stage = self._either("stage")
        self._asked = self._months()
        self._activation = template.language.activation(self._variables())
        self._compute_absent()
        self._held: dict[Expression, bool | None] = {}
        self._findings: list[Finding] = []
        self._marks: dict[str, list[float]] = {}

    def result(self) -> Result:
        """Go through all rules and add up."""
        document = self._template.document
        required = {field.rule.id: self._is_required(field) for field in self._template.fields}
        completeness = self._completeness(required)
        for field in self._template.fields:
            self._test(field.rule)
        not_run = tuple(rule.id for rule, holds in self._checks() if holds is None)
        scores: dict[str, float | None] = {
            name: sum(marks) / len(marks) for name, marks in self._marks.items()
        }
        if completeness is not None:  # a check of completeness counts as one more mark
            extra = self._marks.get("completeness", [])
            scores["completeness"] = (completeness + sum(extra)) / (1 + len(extra))
        quality = weigh(scores, document.scoring.weights, document.scoring.grades)
        return Result(
            template=document.template.id,
            version=document.template.version,
            required=sum(needed is True for needed in required.values()),
            findings=tuple(self._findings),
            not_run=not_run,
            undecided=tuple(id_ for id_, needed in required.items() if needed is None),
            not_measured=quality.not_measured,
            dimensions=quality.dimensions,
            score=quality.score,
            grade=quality.grade,
            can_submit=not any(finding.severity == "block" for finding in self._findings),
            escalates=tuple(dict.fromkeys(self._escalations())),
            needed=tuple(id_ for id_, needed in required.items() if needed),
        )

    def computed(self) -> dict[str, Any]:
        """Return what was computed."""
        ids = (field.rule.id for turn in self._template.computed for field in turn)
        absent = (id_ for id_ in ids if is_absent(self._record.get(id_)))
        return {id_: value for id_ in absent if (value := self._read[id_].value) is not None}

    def _either(self, name: str) -> Any:
        """Return what the record says, else the context; None where neither does."""
        read = self._read.get(name)
        return read.value if read is not None and read.value is not None else self._context.get(name)

    def _months(self) -> dict[str, tuple[str, ...] | None]:
        """Return the months that each field by month is asked for."""
        rules = [field.rule for field in self._template.fields if field.rule.repeat is not None]
        period = self._either("period") if rules else None
        return {rule.id: rule.repeat.asked(period) for rule in rules if rule.repeat is not None}

    def _variables(self) -> dict[str, Any]:
        """Bind the names that expressions use, in their types; what is unknown or unreadable stays unbound."""
        bound: dict[str, Any] = {}
        for name in self._template.variables:
            read = self._read.get(name)
            if read is not None and read.unreadable:
                continue
            if read is not None and (read.value is not None or name not in self._context):
                bound[name] = to_cel(self._by_month(name, read.value))
            elif name in self._context:
                bound[name] = to_cel(self._typed(name, self._context[name]))
        return bound

    def _by_month(self, name: str, value: Any) -> Any:
        """Give a month column its empty months, as null."""
        if value is None or name not in self._asked:
            return value
        return filled(value, self._asked[name])

    def _typed(self, name: str, value: Any) -> Any:
        """Give what arrives as JSON in the context its type: the date, and the previous record's values."""
        if name == "as_of" and isinstance(value, str):
            return date.fromisoformat(value)
        if name == "previous" and isinstance(value, Mapping):
            return {
                field.rule.id: field.read(value[field.rule.id]).value
                for field in self._template.earlier
                if field.rule.id in value
            }
        return value

    def _compute_absent(self) -> None:
        """Fill in computed fields that the record leaves out, and bind them for the rules that follow."""
        for turn in self._template.computed:
            filled_in = False
            for field in turn:
                read = self._read[field.rule.id]
                if read.value is None and not read.unreadable and field.expr is not None:
                    self._read[field.rule.id] = field.read(field.expr.value(self._activation))
                    filled_in = filled_in or self._read[field.rule.id].value is not None
            if filled_in:
                self._activation = self._template.language.activation(self._variables())

    def _is_required(self, field: Field) -> bool | None:
        """Say whether a field is required; None where a condition cannot be decided."""
        required = field.required
        return field.always if required is None else self._decides(required, field.when)

    def _decides(self, required: Required, when: Expression | None) -> bool | None:
        answers = [] if when is None else [self._holds(when)]
        for allowed, own in ((required.stages, self._stage), (required.tiers, self._tier)):
            if allowed is not None:
                answers.append(None if own is None else own in allowed)
        return False if False in answers else None if None in answers else True

    def _completeness(self, required: Mapping[str, bool | None]) -> float | None:
        """Return the weight of required fields that are there over the weight of all; None if none is."""
        severity = self._template.document.submit_gate.missing_required
        whole = there = 0.0
        for field in self._template.fields:
            rule = field.rule
            if not required[rule.id]:
                continue
            whole += rule.weight
            read = self._read[rule.id]
            gaps = self._gaps(rule.id, read.value) if self._asked and not read.unreadable else ()
            if (read.value is None and not read.unreadable) or gaps:
                said = f"{rule.label} is required" + (f" for {', '.join(gaps)}" if gaps else "")
                self._findings.append(Finding(rule.id, "missing", severity, said))
            else:
                there += rule.weight
        return there / whole if whole else None

    def _gaps(self, id_: str, value: Any) -> list[str]:
        """Return the months that are asked for and empty."""
        return [month for month in self._asked.get(id_) or () if value is None or month not in value]

    def _test(self, rule: FieldRule) -> None:
        """Test one value: what it is, whether it is unique, and how fresh."""
        read = self._read[rule.id]
        if read.value is None and not read.unreadable:
            return
        problem = read.problem
        if problem is None and rule.must_be is not None:
            problem = self._stranger(read)
        if problem is None and rule.repeat is not None:
            problem = self._unasked(rule.id, read.value)
        self._mark("validity", 0.0 if problem else 1.0)
        if problem:
            self._invalid(rule, problem)
        if rule.unique_within is not None and not read.unreadable:
            self._unique(rule, read.value)
        if rule.fresh is not None:
            self._age(rule.id, rule.fresh)

    def _invalid(self, rule: FieldRule, says: str) -> None:
        severity = self._template.document.submit_gate.invalid
        self._findings.append(Finding(rule.id, "invalid", severity, says))

    def _unique(self, rule: FieldRule, value: Any) -> None:
        taken = (self._context.get("taken") or {}).get(rule.id)
        if taken is None:
            return
        own = alike(value)
        repeated = any(alike(each) == own for each in taken)
        self._mark("uniqueness", 0.0 if repeated else 1.0)
        if repeated:
            self._invalid(rule, f"{shown(value)} is used more than once in the {rule.unique_within}")

    def _stranger(self, read: Read) -> str | None:
        """Say what is wrong with a person who must be active and is not among those who are."""
        people = self._context.get("active_people")
        if people is None or read.value in people:
            return None
        return f"{shown(read.value)} is nobody who is active"

    def _unasked(self, id_: str, value: Any) -> str | None:
        """Say which months hold a value that nobody asked for."""
        asked = self._asked.get(id_)
        others = [month for month in value or () if month not in asked] if asked else []
        if not asked or not others:
            return None
        return f"asked for {asked[0]} to {asked[-1]}, is given for {', '.join(others)}"

    def _age(self, id_: str, fresh: Fresh) -> None:
        age = self._ages.get(id_)
        if age is None:
            return
        within = fresh.days(self._tier)
        if within is None:
            return  # nobody said how long it is fresh in that tier
        mark = freshness(age, within, fresh.grace, fresh.power)
        self._mark("timeliness", mark)
        if mark == 0:
            said = f"{counted(age, 'day')} old, fresh for {within} and in grace for {fresh.grace}"
            self._findings.append(Finding(id_, "stale", "warn", said))

    def _checks(self) -> Iterator[tuple[CheckRule, bool | None]]:
        """Run the checks across fields; one that cannot be evaluated is neither passed nor failed."""
        for rule, expression in self._template.checks:
            holds = self._holds(expression)
            if holds is not None:
                self._mark(rule.dim, 1.0 if holds else 0.0)
            if holds is False:
                self._findings.append(Finding(rule.id, "failed", rule.severity, rule.says))
            yield rule, holds

    def _escalations(self) -> Iterator[str]:
        for rule, expression in self._template.escalations:
            if self._holds(expression):
                yield from rule.to

    def _holds(self, expression: Expression) -> bool | None:
        """Evaluate a condition, once however many rules ask it."""
        if expression not in self._held:
            self._held[expression] = expression.holds(self._activation)
        return self._held[expression]

    def _mark(self, dimension: str, mark: float) -> None:
        self._marks.setdefault(dimension, []).append(mark)
