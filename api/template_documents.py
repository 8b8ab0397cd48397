"""Templates as documents: what the API answers and the command line prints as JSON."""

from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from api.wire.answer import day, z
from model.declaration import InvalidDeclaration
from sync.collection.tailoring import state_of as tailoring_state
from sync.collection.tailoring import tailorings
from sync.collection.templates import Kept, judging
from sync.collection.waivers import state_of as waiver_state


def template_documents(versions: list[Kept], on: date) -> list[dict[str, Any]]:
    """Return each template with its versions, and which of them judges on a day."""
    by_id: dict[str, list[Kept]] = {}
    for each in versions:
        by_id.setdefault(each.template, []).append(each)
    found = []
    for id_, mine in by_id.items():
        judge = judging(mine, on)
        shown = judge or mine[-1]
        found.append(
            {
                "id": id_,
                "title": title_of(shown),
                "record": record_of(shown),
                "judges": None if judge is None else judge.version,
                "versions": [head_document(each, judge) for each in mine],
            }
        )
    return found


def head_document(each: Kept, judge: Kept | None) -> dict[str, Any]:
    """Return how a version stands, without its rules."""
    return {
        "template": each.template,
        "version": each.version,
        "state": each.state,
        "judges": judge is not None and judge.version == each.version,
        "owner": each.owner,
        "created_at": z(each.created_at),
        "created_by": each.created_by,
        "authors": list(each.writers),
        "submitted_at": z(each.submitted_at),
        "submitted_by": each.submitted_by,
        "approved_at": z(each.approved_at),
        "approved_by": each.approved_by,
        "effective_from": day(each.effective_from),
        "effective_to": day(each.effective_to),
        "retired_at": z(each.retired_at),
        "retired_by": each.retired_by,
        "because": each.because,
        "sha256": each.sha256,
    }


def version_document(each: Kept, judge: Kept | None) -> dict[str, Any]:
    """Return a version whole: how it stands, its rules, its text, and what trying it found."""
    loaded = each.loaded()
    return {
        **head_document(each, judge),
        "title": loaded.header.title,
        "record": loaded.header.record,
        "rules": loaded.document.model_dump(mode="json", by_alias=True, exclude_unset=True),
        "text": each.text,
        "trial": each.trial,
    }


def title_of(each: Kept) -> str | None:
    """Return a version's title; None where its text cannot be read any more."""
    try:
        return each.loaded().header.title
    except InvalidDeclaration:
        return None


def record_of(each: Kept) -> str | None:
    """Return the kind of record it is of; None where its text cannot be read any more."""
    try:
        return each.loaded().header.record
    except InvalidDeclaration:
        return None


def waiver_document(found: dict[str, Any], on: date) -> dict[str, Any]:
    """Return a waiver with its state on a day."""
    shown = {
        name: z(value) if name.endswith("_at") else day(value) if name == "until" else value
        for name, value in found.items()
    }
    return {**shown, "state": waiver_state(found, on)}


def told_tailorings(
    connection: Connection, visible: frozenset[UUID] | None, *, template: str | None = None
) -> list[dict[str, Any]]:
    """Return the tailorings of which a reader may know: those that name no programme that is hidden from them."""
    found = tailorings(connection, template=template)
    if visible is None:
        return found
    seen = programme_names(connection, visible)
    return [each for each in found if seen.issuperset((each["applies"] or {}).get("programmes") or ())]


def programme_names(connection: Connection, visible: frozenset[UUID] | None) -> frozenset[str]:
    """Return the names of the programmes that have a project which may be seen."""
    query = text(
        "SELECT g.name FROM programme g WHERE CAST(:visible AS uuid[]) IS NULL OR EXISTS (SELECT FROM project p"
        " LEFT JOIN programme_project pp ON pp.project_id = p.id AND pp.programme_id = g.id"
        " WHERE p.id = ANY(CAST(:visible AS uuid[])) AND (p.programme_id = g.id OR pp.programme_id IS NOT NULL))"
    )
    return frozenset(connection.scalars(query, {"visible": None if visible is None else list(visible)}))


def tailoring_document(found: dict[str, Any]) -> dict[str, Any]:
    """Return a tailoring with its state."""
    shown = {name: z(value) if name.endswith("_at") else value for name, value in found.items()}
    return {**shown, "state": tailoring_state(found)}
