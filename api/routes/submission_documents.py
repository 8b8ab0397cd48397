"""A submission as a document: its records, each field with what was filled in and answered, and what is found."""

from collections.abc import Iterable
from typing import Any

from api.access.veil import Veil
from api.wire.answer import z
from model.collection.cases import Judgement, RecordCase, is_editable
from model.template.result import Finding
from model.template.template import Field
from sync.collection.answers import plain
from sync.collection.case import Case
from sync.collection.refused import Stale, Unanswerable


def submission_document(case: Case, judgement: Judgement) -> dict[str, Any]:
    """Return a submission with its records as they stand and are judged."""
    head = case.submission
    return {
        "id": head.id,
        "project": {"key": head.project_key, "name": head.project_name},
        "cycle": head.cycle_id,
        "template": head.template,
        "version": head.version,
        "schema": schema_address(case),
        "period": head.period,
        "state": head.state,
        "open": case.is_open,
        "revision": head.revision,
        "due_at": z(head.due_at),
        "late": head.late,
        "submitted_at": z(head.submitted_at),
        "submitted_by": head.submitted_by,
        "as_of": case.as_of.isoformat(),
        "can_submit": judgement.can_submit,
        "score": None if judgement.score is None else round(judgement.score, 4),
        "grade": judgement.grade,
        "waived": [{"record": ref, "rule": rule} for ref, rule in sorted(judgement.waived)],
        "records": [_record(case, record, judgement) for record in case.records],
    }


def schema_address(case: Case) -> str:
    """Return where the JSON Schema of this submission's records is."""
    return f"/api/v1/templates/{case.submission.template}/versions/{case.submission.version}/schema"


def findings_document(found: Iterable[tuple[str, Finding]]) -> list[dict[str, Any]]:
    """Return findings, each with the record it is about."""
    return [{"record": ref, **one.to_json()} for ref, one in found]


def unanswerable_document(problems: Iterable[Unanswerable]) -> list[dict[str, Any]]:
    """Return what cannot be an answer at all in the shape of findings."""
    return [
        {"record": each.record_ref, "field": each.field, "kind": "unanswerable", "severity": "block",
         "says": each.says}
        for each in problems
    ]  # fmt: skip


def since_document(error: Stale, veil: Veil) -> list[dict[str, Any]]:
    """Return what others answered meanwhile: the value that stands now, and whose it is."""
    return [
        {
            "record": each.record_ref,
            "field": each.field,
            "kind": "changed",
            "value": None if each.given is None else veil.cell(each.given.value),
            "by": None if each.given is None else each.given.by,
            "at": None if each.given is None else z(each.given.at),
            "door": None if each.given is None else each.given.door,
        }
        for each in error.since
    ]


def _record(case: Case, record: RecordCase, judgement: Judgement) -> dict[str, Any]:
    result = judgement.results[record.ref]
    problems = judgement.problems.get(record.ref, ())
    return {
        "ref": record.ref,
        "fields": [
            _field(case, record, field, needed=field.rule.id in result.needed)
            for field in case.template.fields
        ],
        "check": result.to_json(),
        "problems": [one.to_json() for one in problems],
    }


def _field(case: Case, record: RecordCase, field: Field, *, needed: bool) -> dict[str, Any]:
    rule = field.rule
    filled, given = record.receipt(rule.id), record.answers.get(rule.id)
    return {
        "field": rule.id,
        "label": rule.label,
        "type": rule.type,
        "fill": rule.fill,
        "editable": is_editable(case.template, field),
        "required": needed,
        "value": plain(record.shown().get(rule.id)),
        "filled": None if filled is None else {
            "value": plain(filled.value), "source": filled.source, "locator": filled.locator, "url": filled.url,
            "age_days": filled.age_days,
        },
        "answer": None if given is None else {
            "value": given.value, "because": given.because, "by": given.by, "at": z(given.at), "door": given.door,
            "locator": given.locator,
        },
    }  # fmt: skip
