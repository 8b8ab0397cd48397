"""What a template found in one record."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from model.template.language import Severity

Kind = Literal["missing", "invalid", "failed", "stale"]


@dataclass(frozen=True, slots=True)
class Finding:
    """Something the template asks for and the record does not give. `field` is a field's or a check's id."""

    field: str
    kind: Kind
    severity: Severity
    says: str

    def to_json(self) -> dict[str, str]:
        """Return the shape of the template check document."""
        return {"field": self.field, "kind": self.kind, "severity": self.severity, "says": self.says}


@dataclass(frozen=True, slots=True)
class Result:
    """A template applied to one record.

    `dimensions` are 0 to 1 and hold only what was measured; `score` and `grade` are None where nothing was.
    `not_run` are checks that could not be evaluated, `undecided` fields of which nobody can say whether
    they are required. `stale` are fields older than fresh and grace together. `needed` are the required fields.
    """

    template: str
    version: str
    required: int
    findings: tuple[Finding, ...]
    not_run: tuple[str, ...]
    undecided: tuple[str, ...]
    not_measured: tuple[str, ...]
    dimensions: Mapping[str, float]
    score: float | None
    grade: str | None
    can_submit: bool
    escalates: tuple[str, ...]
    needed: tuple[str, ...] = ()

    @property
    def missing(self) -> tuple[str, ...]:
        """Required fields without a value."""
        return tuple(finding.field for finding in self.findings if finding.kind == "missing")

    @property
    def invalid(self) -> Mapping[str, str]:
        """What is wrong, by field."""
        return {finding.field: finding.says for finding in self.findings if finding.kind == "invalid"}

    @property
    def failed(self) -> Mapping[str, Severity]:
        """Severity by check."""
        return {finding.field: finding.severity for finding in self.findings if finding.kind == "failed"}

    @property
    def stale(self) -> tuple[str, ...]:
        """Fields whose value is too old."""
        return tuple(finding.field for finding in self.findings if finding.kind == "stale")

    def to_json(self) -> dict[str, Any]:
        """Return the template check document."""
        return {
            "template": self.template,
            "version": self.version,
            "required": self.required,
            "findings": [finding.to_json() for finding in self.findings],
            "not_run": list(self.not_run),
            "undecided": list(self.undecided),
            "not_measured": list(self.not_measured),
            "dimensions": {name: round(value, 6) for name, value in self.dimensions.items()},
            "score": None if self.score is None else round(self.score, 4),
            "grade": self.grade,
            "can_submit": self.can_submit,
            "escalates": list(self.escalates),
        }
