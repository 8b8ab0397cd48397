"""Where what people are asked is put right: in the form of a submission that is open, not in a source."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from sqlalchemy import text
from sqlalchemy.orm import Session

from model.declaration import InvalidDeclaration
from model.tables import Finding
from sync.collection.case import OPEN
from sync.collection.templates import NoSuchTemplate, version


@dataclass(frozen=True, slots=True)
class Asked:
    """A finding on a field that people are asked for. `form` is where they answer it now; None: nothing is open."""

    form: str | None


# Of a project's open submissions of a template the newest period's. A record has a page there once it was
# filled in or answered; before that, the form as a whole is where it is added.
_FORMS: Final = text(
    "SELECT f.id, s.id AS submission, f.record_ref, f.rule, f.record_ref = '' OR"
    " EXISTS (SELECT 1 FROM prefill p WHERE p.submission_id = s.id AND p.record_ref = f.record_ref) OR"
    " EXISTS (SELECT 1 FROM answer a WHERE a.submission_id = s.id AND a.record_ref = f.record_ref) AS there"
    " FROM finding f CROSS JOIN LATERAL (SELECT s.id FROM submission s JOIN cycle c ON c.id = s.cycle_id"
    "  WHERE s.project_id = f.project_id AND c.template = f.template AND s.state = ANY(:open)"
    "  AND c.state <> 'closed' AND s.superseded_by IS NULL ORDER BY c.period_end DESC, s.id DESC LIMIT 1) AS s"
    " WHERE f.id = ANY(:ids)"
)


def asked(session: Session, findings: Sequence[Finding]) -> Mapping[int, Asked]:
    """Return, of some findings, those on fields that people are asked for."""
    versions = {(each.template, each.version) for each in findings}
    fields = {each: _asked_fields(session, *each) for each in versions}
    ids = [each.id for each in findings if each.rule in fields[each.template, each.version]]
    if not ids:
        return {}
    rows = session.execute(_FORMS, {"ids": ids, "open": list(OPEN)})
    forms = {row.id: _address(row.submission, row.record_ref if row.there else "", row.rule) for row in rows}
    return {each: Asked(forms.get(each)) for each in ids}


def _asked_fields(session: Session, template: str, number: str) -> frozenset[str]:
    try:
        found = version(session.connection(), template, number)
    except (NoSuchTemplate, InvalidDeclaration):  # of texts, or of a version whose language is gone
        return frozenset()
    return frozenset(each.rule.id for each in found.fields if each.rule.fill == "ask")


def _address(submission: int, ref: str, field: str) -> str:
    page = f"/submissions/{submission}" + (f"/record?ref={quote(ref, safe='')}" if ref else "")
    return f"{page}#f-{quote(field, safe='')}"
