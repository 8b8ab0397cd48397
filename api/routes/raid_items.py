"""Risks, assumptions, issues and dependencies, in the version known at an instant."""

from collections.abc import Collection
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query
from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.responses import Response

from api.access.visible import RecordsReader
from api.routes.common import PROBLEMS, AskedClocks, Text, about, version_document
from api.shapes.common import Paged
from api.shapes.plan import RaidShape
from api.wire.answer import Visible, day, json_answer, z
from api.wire.paging import Page
from model.tables import Project, RaidItem, Source

router = APIRouter()


@router.get(
    "/raid-items", response_model=Paged[RaidShape], responses=PROBLEMS, summary="RAID items",
    operation_id="list_raid_items",
)  # fmt: skip
def list_raid_items(
    reader: RecordsReader,
    paging: Page,
    clocks: AskedClocks,
    project: Text = None,
    source: Text = None,
    kind: Annotated[Literal["risk", "assumption", "issue", "dependency"] | None, Query()] = None,
    state: Text = None,
) -> Response:
    """List RAID items that stood at `known_at`."""

    def collect(session: Session, visible: Visible) -> dict[str, Any]:
        given = (
            (Project.key, project),
            (Source.name, source),
            (RaidItem.kind, kind),
            (RaidItem.state, state),
        )
        seen = None if visible is None else _said_of(session, visible)

        def shown(found: RaidItem, source: str, project: str | None) -> dict[str, Any]:
            document = raid_document(found, source, project)
            gives = (found.gives or "").strip().lower()
            return document if seen is None or gives in seen else document | {"gives": None}

        return version_document(session, paging, (RaidItem, visible, clocks), given, shown)

    return json_answer(reader, collect, link=paging.link)


def _said_of(session: Session, visible: Collection[UUID]) -> set[str]:
    """Return the keys and the names of projects, as they are compared."""
    rows = session.execute(select(Project.key, Project.name).where(Project.id.in_(visible)))
    return {word.lower() for row in rows for word in row}


def raid_document(found: RaidItem, source: str, project: str | None) -> dict[str, Any]:
    """Return a RAID item as the API shows it."""
    known = found.probability is not None and found.impact is not None
    return {
        "source": source,
        "external_id": found.external_id,
        "project": project,
        "project_ref": found.project_ref,
        "item_id": found.item_id,
        "kind": found.kind,
        "title": found.title,
        "cause": found.cause,
        "effect": found.effect,
        "owner": found.owner,
        "state": found.state,
        "raised_on": day(found.raised_on),
        "closed_on": day(found.closed_on),
        "reviewed_on": day(found.reviewed_on),
        "due": day(found.due),
        "probability": found.probability,
        "impact": found.impact,
        "score": (found.probability or 0) * (found.impact or 0) if known else None,
        "chance": found.chance,
        "severity": found.severity,
        "likelihood": found.likelihood,
        "rating": found.rating,
        "schedule_likelihood": found.schedule_likelihood,
        "schedule_severity": found.schedule_severity,
        "schedule_rating": found.schedule_rating,
        "cost_impact": found.cost_impact,
        "days_impact": found.days_impact,
        "currency": found.currency,
        "proximity": day(found.proximity),
        "response": found.response,
        "action": found.action,
        "action_due": day(found.action_due),
        "gives": found.gives,
        "needed_by": day(found.needed_by),
        "offered_by": day(found.offered_by),
        "known_from": z(found.known_from),
        "locator": found.locator,
        "url": found.url,
        **about(found),
    }
