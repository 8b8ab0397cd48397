"""Render a submission's pages: the form of a record, or the table of records."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import Connection
from starlette.responses import Response

from api.access.actors import nobody
from api.access.visible import Principal
from api.pages.form_deeds import Unsaved
from api.pages.form_fields import Typed, group_of
from api.pages.form_model import (
    GROUPS,
    address,
    asked_months,
    columns,
    due_text,
    fields,
    known_people,
    need_of,
    needs,
    period_text,
    receipts,
    rows,
    title_of,
    told,
)
from api.pages.render import HTML, html, link
from api.translation import N_, Translated, _
from model.collection.cases import OWN, Judgement, reference_field
from model.collection.roles import Actor, held, known_role, one_of
from model.collection.workflow import moves_from, role_of
from model.template.language import Move
from sync.collection.answers import NEW, may_answer
from sync.collection.case import Case
from sync.collection.comments import Comment, comments_of
from sync.collection.heads import preparers_of
from sync.collection.moves import moves_of
from sync.collection.refused import NotAllowed, NotOpen
from sync.disputes import standing_disputes

_BUTTONS: Final[Mapping[str, str]] = Translated(
    {
        "table": N_("Submit"),
        "submitted": N_("Save and submit"),
        "in_review": N_("Take into review"),
        "returned": N_("Return"),
        "approved": N_("Approve"),
        "published": N_("Publish"),
        "superseded": N_("Withdraw"),
    }
)


@dataclass(frozen=True, slots=True)
class Sheet:
    """One page to show. `ref` None is the table; `unsaved` and `met` are what a refused form leaves behind."""

    case: Case
    ref: str | None
    principal: Principal
    actor: Actor | None
    unsaved: Mapping[str, Typed] = field(default_factory=dict)
    met: frozenset[str] = frozenset()
    wrong: Unsaved | None = None
    saved: int | None = None


def sheet_page(connection: Connection, sheet: Sheet, *, path: str, status: int = 200) -> Response:
    """Render a page of a submission."""
    judgement = sheet.case.judge({sheet.ref: {}} if sheet.ref and sheet.ref.startswith(NEW) else None)
    context = _common(connection, sheet, judgement)
    if sheet.ref is None:
        template, more = "form_records.html", _table(sheet, judgement)
    else:
        template, more = "form.html", _form(connection, sheet, judgement)
    return Response(
        html(template, principal=sheet.principal, here=path, **(context | more)), status, media_type=HTML
    )


def _common(connection: Connection, sheet: Sheet, judgement: Judgement) -> dict[str, Any]:
    case, head = sheet.case, sheet.case.submission
    today = head.day(datetime.now(UTC))
    due, late = due_text(case, today)
    why_not = _why_not(sheet)
    needed = needs(case, judgement, ref=sheet.ref)
    title = case.template.header.title
    return {
        "title": f"{title}, {head.project_name}",
        "template_title": title,
        "heading": title,
        "head": head,
        "ref": sheet.ref or "",
        "adding": bool(sheet.ref and sheet.ref.startswith(NEW)),
        "records": sheet.ref is None,
        "period": period_text(head.period),
        "due": due,
        "late": late,
        "editable": why_not is None,
        "why_not": why_not,
        "needed": needed,
        "holding": sum(each.blocks for group in needed.values() for each in group),
        "GROUPS": GROUPS,
        "group_of": lambda finding: group_of(case.template, finding),
        "moves": _moves(connection, sheet),
        "comments": _comments(connection, case),
        "may_comment": _may_comment(sheet),
        "saved": sheet.saved is not None,
        "saved_count": sheet.saved,
        "wrong": _wrong(sheet, judgement),
        "people": known_people(case.records),
        "action": address(head.id) if sheet.ref in (None, OWN) else _record_address(head.id, sheet.ref),
    }


def _record_address(number: int, ref: str | None) -> str:
    return link("/submissions/{}/record", number, ref=None if ref is None or ref.startswith(NEW) else ref)


def _wrong(sheet: Sheet, judgement: Judgement) -> dict[str, Any] | None:
    if sheet.wrong is None:
        return None
    # In the words of the page: what was refused was judged with all that it says.
    said = {(ref, one.field, one.kind): one for ref, one in judgement.findings()}
    found = [(ref, said.get((ref, one.field, one.kind), one)) for ref, one in sheet.wrong.findings]
    links = [need_of(sheet.case, judgement, ref, finding) for ref, finding in found]
    return {"title": sheet.wrong.title, "says": sheet.wrong.says, "links": links}


def _why_not(sheet: Sheet) -> str | None:
    """Say why nothing can be typed here; None where it can."""
    if sheet.actor is None:
        return nobody(sheet.principal)
    try:
        may_answer(sheet.case, sheet.actor)
    except (NotAllowed, NotOpen) as error:
        said = str(error)
        return f"{said[:1].upper()}{said[1:]}."
    return None


def _moves(connection: Connection, sheet: Sheet) -> list[dict[str, Any]]:
    """Return the steps this person may take now, as buttons."""
    case, actor = sheet.case, sheet.actor
    if actor is None or sheet.ref not in (None, OWN):
        return []
    head = case.submission
    preparers = preparers_of(connection, [head.id])[head.id]
    found = []
    for step in moves_from(case.template, head.state):
        if not held(role_of(case.template, step.by), actor, case.people):
            continue
        own = step.forbids == "same_person_as_preparer" and one_of(preparers, actor, case.people)
        if not own:
            found.append(_button(step, table=sheet.ref is None))
    return found


def _button(step: Move, *, table: bool) -> dict[str, Any]:
    return {
        "to": step.to,
        "label": _("Submit")
        if table and step.to == "submitted"
        else _BUTTONS.get(step.to, step.to.replace("_", " ").capitalize()),
        "attest": step.attest,
        "reason": "reason" in step.needs,
    }


def _may_comment(sheet: Sheet) -> bool:
    adding = sheet.ref is not None and sheet.ref.startswith(NEW)
    return (
        sheet.actor is not None
        and not adding
        and sheet.case.submission.state not in ("published", "superseded")
    )


def _comments(connection: Connection, case: Case) -> list[dict[str, Any]]:
    """Return why it came back, and what reviewers said that is not settled."""
    head = case.submission
    labels = {each.rule.id: each.rule.label for each in case.template.fields}
    found: list[dict[str, Any]] = []
    if head.state == "returned":
        back = [each for each in moves_of(connection, [head.id]) if each["to_state"] == "returned"]
        found += [{**each, "id": None, "says": f"returned it: {each['because']}"} for each in back[-1:]]
    for each in comments_of(connection, head.id):
        if each.settled_at is None:
            about = " ".join(filter(None, (each.record_ref, labels.get(each.field or ""))))
            found.append({**each.to_json(), "label": about, "url": _about(head.id, each)})
    return [{"label": None, "url": None, **each} for each in found]


def _about(number: int, each: Comment) -> str | None:
    page = address(number, each.record_ref)
    return f"{page}#f-{each.field}" if each.field else page if each.record_ref else None


def _form(connection: Connection, sheet: Sheet, judgement: Judgement) -> dict[str, Any]:
    case, ref = sheet.case, sheet.ref or OWN
    record = case.record(ref) or case.blank(ref)
    parts = fields(case, record, judgement, unsaved=sheet.unsaved, met=sheet.met)
    by_id = {each.rule.id: each for each in case.template.fields}
    heading = case.template.header.title
    if ref != OWN:
        named = title_of(case.template, record.values())
        heading = _("A new record") if ref.startswith(NEW) else f"{ref} {named}".strip()
    disputes = standing_disputes(connection, case.submission.project_id, case.submission.template)
    return {
        "heading": heading,
        "parts": parts,
        "open_unneeded": any(each.id in sheet.unsaved for each in parts["unneeded"]),
        "result": judgement.results.get(ref),
        "receipts": receipts(case.template, case.submission.project_key),
        "months": _months(case),
        "tell": lambda id_, value: told(by_id[id_], value),
        "may_dispute": _may_dispute(sheet),
        "disputes": {field_: each for (at, field_), each in disputes.items() if at == ref},
        "near": _neighbours(case, judgement, ref),
    }


def _may_dispute(sheet: Sheet) -> bool:
    """Say whether a computed value can be disputed here: by whoever answers, and of a record there is."""
    if sheet.actor is None or sheet.ref is None or sheet.ref.startswith(NEW):
        return False
    document = sheet.case.template.document
    roles = [known_role("preparer", document.roles), document.template.owner_role]
    return any(held(role, sheet.actor, sheet.case.people) for role in roles)


def _neighbours(case: Case, judgement: Judgement, ref: str) -> list[dict[str, str]]:
    """Return the records before and after, in the order of the table."""
    order: Sequence[str] = [row.ref for row in rows(case, judgement)]
    if ref not in order:
        return []
    at = order.index(ref)
    near = [(_("Previous"), each) for each in order[max(0, at - 1) : at]]
    near += [(_("Next"), each) for each in order[at + 1 : at + 2]]
    return [{"word": word, "ref": each, "url": address(case.submission.id, each)} for word, each in near]


def _months(case: Case) -> dict[str, str]:
    asked = asked_months(case.template, case.submission.period)
    return {month: period_text(month) for months in asked.values() for month in months}


def _table(sheet: Sheet, judgement: Judgement) -> dict[str, Any]:
    case = sheet.case
    reference = reference_field(case.template)
    return {
        "rows": rows(case, judgement),
        "columns": [each.rule.label for each in columns(case.template)],
        "reference": reference.rule.label if reference else _("Record"),
        "score": judgement.score,
        "grade": judgement.grade,
        "link": link,
    }
