"""Claims by hand: values that the office states for projects, with the reason, and withdraws again."""

from typing import Annotated, Any

from fastapi import APIRouter, Query
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from api.access.visible import MatchingReader, only_visible
from api.hand_claim_reads import hand_claim_documents, hand_claims_query
from api.matching_steps import stated, unstated
from api.routes.common import PROBLEMS, ChangedSince, Text, changed
from api.routes.matching import DECISIONS, Deciding, Number, told
from api.shapes.common import Paged
from api.shapes.matching import Because, DecidedShape, GivenHandClaim, HandClaimShape
from api.wire.answer import Visible, json_answer
from api.wire.bodies import StrictRoute
from api.wire.paging import Page
from model.tables import HandClaim, Project

router = APIRouter(route_class=StrictRoute)


@router.get(
    "/hand-claims", response_model=Paged[HandClaimShape], responses=PROBLEMS, summary="Claims by hand",
    operation_id="list_hand_claims",
)  # fmt: skip
def list_hand_claims(
    reader: MatchingReader,
    paging: Page,
    project: Text = None,
    attribute: Text = None,
    ended: Annotated[bool | None, Query(description="Only ended ones, or only those that stand")] = None,
    changed_since: ChangedSince = None,
) -> Response:
    """List what the office stated by hand, the newest first; withdrawn ones stay."""

    def collect(session: Session, visible: Visible) -> dict[str, Any]:
        query = hand_claims_query().where(only_visible(HandClaim.project_id, visible))
        query = query.where(changed(changed_since, HandClaim.at, HandClaim.ended_at))
        if project is not None:
            query = query.where(Project.key == project)
        if attribute is not None:
            query = query.where(HandClaim.attribute == attribute)
        if ended is not None:
            over = HandClaim.ended_at.is_not(None)
            query = query.where(over if ended else ~over)
        rows = session.execute(paging.page(query, HandClaim.__table__.c.id, newest_first=True)).all()
        return paging.document(hand_claim_documents(rows), [row[0].id for row in rows])

    return json_answer(reader, collect, link=paging.link)


@router.post(
    "/hand-claims", response_model=DecidedShape, responses=DECISIONS, summary="State a value by hand",
    operation_id="make_hand_claim",
)  # fmt: skip
async def make_hand_claim(deciding: Deciding, given: GivenHandClaim) -> Response:
    """Let a value count that no source says, or says otherwise; it counts until a source says something new."""
    asked = (deciding, given.project, given.attribute, given.value, given.because)
    return told(await run_in_threadpool(stated, *asked))


@router.post(
    "/hand-claims/{number}/withdraw", response_model=DecidedShape, responses=DECISIONS,
    summary="Withdraw a value stated by hand", operation_id="withdraw_hand_claim",
)  # fmt: skip
async def withdraw_hand_claim(deciding: Deciding, number: Number, given: Because) -> Response:
    """Take a claim by hand back: sources decide again."""
    return told(await run_in_threadpool(unstated, deciding, number, given.because))
