"""Templates as plain Python functions, as somebody would write them by hand.

Only words and weights come from the templates. Each function gives what `model.template.check` gives, as
JSON; the benchmark asserts that they are equal.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from math import isfinite
from typing import Any, Final

from model.template.language import Document

BAD: Final = object()  # what cannot be read: expressions that need it are not run
Test = Callable[[Any], tuple[Any, str | None]]  # value as its type, what is wrong
Required = Callable[[Mapping[str, Any]], bool | None] | bool
Three = bool | None
_PERIOD: Final = re.compile(r"\d{4}(-(0[1-9]|1[0-2])|-?Q[1-4])?")
_COLOURS: Final = frozenset({"GREEN", "AMBER", "RED", "GREY", "BLUE"})


def shown(value: Any) -> str:
    text = str(value)
    return repr(text if len(text) <= 40 else text[:39] + "…")


def counted(number: float, what: str) -> str:
    return f"{number:g} {what}{'' if number == 1 else 's'}"


def text(least: int | None = None, most: int | None = None) -> Test:
    def read(value: Any) -> tuple[Any, str | None]:
        if not isinstance(value, str):
            return BAD, f"expected a text, is {shown(value)}"
        length = len(value.strip())
        if least is not None and length < least:
            return value, f"at least {counted(least, 'character')}, has {length}"
        if most is not None and length > most:
            return value, f"at most {counted(most, 'character')}, has {length}"
        return value, None

    return read


def one_of(*values: str) -> Test:
    allowed, said = frozenset(values), ", ".join(values)

    def read(value: Any) -> tuple[Any, str | None]:
        if not isinstance(value, str):
            return BAD, f"expected a text, is {shown(value)}"
        return value, None if value in allowed else f"one of {said}, is {shown(value)}"

    return read


def number(
    least: float | None = None, most: float | None = None, *, whole: bool = False, money: bool = False
) -> Test:
    def read(value: Any) -> tuple[Any, str | None]:
        if money and isinstance(value, str):
            try:
                value = Decimal(value)
            except InvalidOperation:
                return BAD, f"expected an amount, is {shown(value)}"
        if isinstance(value, bool) or not isinstance(value, int | float | Decimal) or not isfinite(value):
            return BAD, f"expected a number, is {shown(value)}"
        if whole:
            if value != int(value):
                return BAD, f"expected a whole number, is {shown(value)}"
            value = int(value)
        if least is not None and value < least:
            return value, f"at least {least:g}, is {value}"
        if most is not None and value > most:
            return value, f"at most {most:g}, is {value}"
        return value, None

    return read


def day(value: Any) -> tuple[Any, str | None]:
    if isinstance(value, datetime):
        return value.date(), None
    if isinstance(value, date):
        return value, None
    try:
        if len(value) == 10 and value[4] == value[7] == "-":
            return date.fromisoformat(value), None
    except (TypeError, ValueError):
        pass
    return BAD, f"expected a date like 2025-06-30, is {shown(value)}"


def period(value: Any) -> tuple[Any, str | None]:
    if not isinstance(value, str):
        return BAD, f"expected a text, is {shown(value)}"
    if not _PERIOD.fullmatch(value):
        return BAD, f"expected a period like 2025-06, is {shown(value)}"
    return value, None


def colour(value: Any) -> tuple[Any, str | None]:
    if not isinstance(value, str) or value not in _COLOURS:
        return BAD, f"expected one of GREEN, AMBER, RED, GREY, BLUE, is {shown(value)}"
    return value, None


def names(value: Any) -> tuple[Any, str | None]:
    if isinstance(value, str):
        return [value], None
    if not isinstance(value, list | tuple):
        return BAD, f"expected a list, is {shown(value)}"
    for part in value:
        if not isinstance(part, str):
            return BAD, f"expected a text, is {shown(part)}"
    return list(value), None


def is_(value: Any, *wanted: Any) -> Three:
    return None if value is BAD else value in wanted


def before(one: Any, other: Any) -> Three:
    return None if one in (None, BAD) or other in (None, BAD) else one < other


def both(*terms: Three) -> Three:
    return False if False in terms else None if None in terms else True


def not_(term: Three) -> Three:
    return None if term is None else not term


class Plain:
    """One template by hand: the fields in their order, the conditions, the checks, the escalations."""

    def __init__(
        self,
        document: Document,
        tests: Mapping[str, Test],
        required: Mapping[str, Required],
        checks: Mapping[str, Callable[[Mapping[str, Any]], Three]],
        escalations: Sequence[Callable[[Mapping[str, Any]], Three]] = (),
        computed: tuple[str, Callable[[Mapping[str, Any]], Any]] = ("", lambda _: None),
    ) -> None:
        self._computed, self._compute = computed
        self._document = document
        self._fields = [
            (rule.id, rule.label, rule.weight, tests[rule.id], required.get(rule.id, False))
            for rule in document.fields
        ]
        self._fresh = {rule.id: rule.fresh for rule in document.fields if rule.fresh is not None}
        self._checks = [
            (rule.id, rule.dim, rule.severity, rule.says, checks[rule.id]) for rule in document.checks
        ]
        self._escalations = list(zip(document.escalation, escalations, strict=True))
        self._gate = document.submit_gate
        self._weights = {str(name): weight for name, weight in document.scoring.weights.items()}
        self._grades = sorted(document.scoring.grades.items(), key=lambda entry: -entry[1])

    def __call__(
        self, record: Mapping[str, Any], ages: Mapping[str, float | None], context: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Judge one record; return the template check document."""
        read, values = self._read(record, context)
        findings: list[dict[str, str]] = []
        marks: dict[str, list[float]] = {}
        complete, needed, undecided = self._complete(values, read, findings)
        self._judge(read, values, ages, context, findings, marks)
        not_run = []
        for id_, dim, severity, says, check in self._checks:
            holds = check(values)
            if holds is None:
                not_run.append(id_)
                continue
            marks.setdefault(dim, []).append(1.0 if holds else 0.0)
            if not holds:
                findings.append({"field": id_, "kind": "failed", "severity": severity, "says": says})
        scores = {name: sum(each) / len(each) for name, each in marks.items()}
        if complete is not None:
            scores["completeness"] = complete
        measured = {name: scores[name] for name in self._weights if name in scores}
        total = sum(self._weights[name] for name in measured)
        score = (
            100 * sum(self._weights[name] * value for name, value in measured.items()) / total
            if total
            else None
        )
        escalates = [to for rule, holds_ in self._escalations if holds_(values) for to in rule.to]
        return {
            "template": self._document.template.id,
            "version": self._document.template.version,
            "required": len(needed),
            "findings": findings,
            "not_run": not_run,
            "undecided": undecided,
            "not_measured": [name for name in self._weights if name not in measured],
            "dimensions": {name: round(value, 6) for name, value in measured.items()},
            "score": None if score is None else round(score, 4),
            "grade": None if score is None else next(name for name, least in self._grades if score >= least),
            "can_submit": not any(finding["severity"] == "block" for finding in findings),
            "escalates": list(dict.fromkeys(escalates)),
        }

    def _read(
        self, record: Mapping[str, Any], context: Mapping[str, Any]
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        read: dict[str, tuple[Any, str | None]] = {}
        values = dict(context)
        for id_, _, _, test, _ in self._fields:
            value = record.get(id_)
            if value is None or value in ("", (), []) or (isinstance(value, str) and not value.strip()):
                read[id_] = (None, None)
                values.setdefault(id_, None)
            else:
                read[id_] = test(value)
                values[id_] = read[id_][0]
        for name in ("stage", "tier"):  # the record's own word, else the context's
            own = read.get(name, (None, None))[0]
            values[f"its {name}"] = context.get(name) if own in (None, BAD) else own
        if read[self._computed][0] is None and (found := self._compute(values)) is not None:
            read[self._computed] = (found, None)
            values[self._computed] = found
        return read, values

    def _complete(
        self, values: Mapping[str, Any], read: Mapping[str, Any], findings: list[dict[str, str]]
    ) -> tuple[float | None, list[str], list[str]]:
        whole = there = 0.0
        needed, undecided = [], []
        for id_, label, weight, _, required in self._fields:
            must = required(values) if callable(required) else required
            if must is None:
                undecided.append(id_)
            if not must:
                continue
            needed.append(id_)
            whole += weight
            if read[id_][0] is None:
                severity = self._gate.missing_required
                says = f"{label} is required"
                findings.append({"field": id_, "kind": "missing", "severity": severity, "says": says})
            else:
                there += weight
        return (there / whole if whole else None), needed, undecided

    def _judge(
        self,
        read: Mapping[str, tuple[Any, str | None]],
        values: Mapping[str, Any],
        ages: Mapping[str, float | None],
        context: Mapping[str, Any],
        findings: list[dict[str, str]],
        marks: dict[str, list[float]],
    ) -> None:
        people, taken = context.get("active_people"), context.get("taken", {}).get("item_id")
        tier, invalid = values["its tier"], self._gate.invalid
        for id_, (value, wrong) in read.items():
            if value is None:
                continue
            problem = wrong
            if problem is None and id_ == "owner" and people is not None and value not in people:
                problem = f"{shown(value)} is nobody who is active"
            marks.setdefault("validity", []).append(0.0 if problem else 1.0)
            if problem:
                findings.append({"field": id_, "kind": "invalid", "severity": invalid, "says": problem})
            if id_ == "item_id" and taken is not None and value is not BAD:
                repeated = value in taken
                marks.setdefault("uniqueness", []).append(0.0 if repeated else 1.0)
                if repeated:
                    says = f"{shown(value)} is used more than once in the project"
                    findings.append({"field": id_, "kind": "invalid", "severity": invalid, "says": says})
            age, fresh = ages.get(id_), self._fresh.get(id_)
            if age is None or fresh is None:
                continue
            within, grace = fresh.days(tier), fresh.grace
            mark = 1.0 if age <= within else max(0.0, 1 - (age - within) / grace) ** fresh.power
            marks.setdefault("timeliness", []).append(mark)
            if mark == 0:
                says = f"{counted(age, 'day')} old, fresh for {within} and in grace for {grace}"
                findings.append({"field": id_, "kind": "stale", "severity": "warn", "says": says})


def where(stages: Sequence[str] = (), tiers: Sequence[int] = ()) -> Required:
    def required(values: Mapping[str, Any]) -> Three:
        stage, tier = values["its stage"], values["its tier"]
        return both(
            *([None if stage is None else stage in stages] if stages else []),
            *([None if tier is None else tier in tiers] if tiers else []),
        )

    return required


def each(names: Iterable[str], required: Required) -> dict[str, Required]:
    """Return one condition for several fields."""
    return dict.fromkeys(names, required)
