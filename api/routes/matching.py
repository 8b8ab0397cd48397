"""What may be one project or person: proposals, what officers decided on them, and people with their accounts."""

from datetime import datetime
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Depends, Path, Query
from sqlalchemy import or_, select
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from api.access.actors import acting
from api.access.visible import MatchingReader, bearer
from api.matching_reads import people_documents, proposal_detail, proposal_document
from api.matching_steps import Done, Officer, decided, linked
from api.routes.common import PROBLEMS, ChangedSince, Text, changed
from api.shapes.common import Paged
from api.shapes.matching import (
    Because,
    DecidedShape,
    GivenLink,
    PersonShape,
    ProposalDetailShape,
    ProposalShape,
)
from api.wire.answer import JSON, Visible, json_answer, to_json
from api.wire.bodies import StrictRoute
from api.wire.paging import Page
from api.wire.problems import ProblemDocument, not_found
from api.wire.values import MOST_ID
from model.tables import Identity, MatchProposal, Person, Source

router = APIRouter(route_class=StrictRoute)
Number = Annotated[int, Path(ge=1, le=MOST_ID, examples=[7])]
DECISIONS: Final[dict[int | str, dict[str, Any]]] = {
    **PROBLEMS,
    409: {
        "model": ProblemDocument,
        "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/ProblemDocument"}}},
        "description": "It contradicts what was decided; says what, and what to do",
    },
}


async def officer(request: Request, _documented: Annotated[Any, Depends(bearer)] = None) -> Officer:
    """Return who decides.

    Raises:
        Problem: 401 for nobody, 403 for a token that speaks for no person.
    """
    principal, actor = await run_in_threadpool(acting, request)
    return Officer(request.app.state.engine, principal, actor)


Deciding = Annotated[Officer, Depends(officer)]


@router.get(
    "/match-proposals", response_model=Paged[ProposalShape], responses=PROBLEMS, summary="Proposals",
    operation_id="list_match_proposals",
)  # fmt: skip
def list_proposals(
    reader: MatchingReader,
    paging: Page,
    kind: Annotated[
        Literal["scope", "reference", "project", "person", "account", "name"] | None, Query()
    ] = None,
    state: Annotated[Literal["open", "confirmed", "refused", "gone"] | None, Query()] = None,
    least: Annotated[float | None, Query(ge=0, le=1, description="Only those at least this sure")] = None,
    changed_since: ChangedSince = None,
) -> Response:
    """List what may be one project or one person, with the reasons; nothing of it is applied until confirmed."""
    reader.needs_everything("Proposals")

    def collect(session: Session, _visible: Visible) -> dict[str, Any]:
        query = select(MatchProposal)
        query = query.where(changed(changed_since, MatchProposal.changed_at, MatchProposal.decided_at))
        if kind is not None:
            query = query.where(MatchProposal.kind == kind)
        if state is not None:
            query = query.where(MatchProposal.state == state)
        if least is not None:
            query = query.where(MatchProposal.confidence >= least)
        rows = session.scalars(paging.page(query, MatchProposal.__table__.c.id)).all()
        return paging.document([proposal_document(row) for row in rows], [row.id for row in rows])

    return json_answer(reader, collect, link=paging.link)


@router.get(
    "/match-proposals/{number}", response_model=ProposalDetailShape, responses=PROBLEMS, summary="A proposal",
    operation_id="get_match_proposal",
)  # fmt: skip
def get_proposal(reader: MatchingReader, number: Number) -> Response:
    """Show one proposal with every decision that was made on it."""
    reader.needs_everything("Proposals")

    def collect(session: Session, _visible: Visible) -> dict[str, Any]:
        row = session.get(MatchProposal, number)
        if row is None:
            raise not_found(f"There is no proposal {number}.")
        return proposal_detail(session, row)

    return json_answer(reader, collect)


@router.post(
    "/match-proposals/{number}/{act}", response_model=DecidedShape, responses=DECISIONS,
    summary="Decide on a proposal", operation_id="decide_match_proposal",
)  # fmt: skip
async def decide_proposal(
    deciding: Deciding, number: Number, act: Literal["confirm", "refuse", "undo"], given: Because
) -> Response:
    """Confirm or refuse a proposal as an officer, or undo what was decided on it."""
    return told(await run_in_threadpool(decided, deciding, number, act, given.because))


@router.post(
    "/match-links", response_model=DecidedShape, responses=DECISIONS, summary="Link or part by hand",
    operation_id="link_by_hand",
)  # fmt: skip
async def link_by_hand(deciding: Deciding, given: GivenLink) -> Response:
    """Say that two are one, or are not, where nothing was proposed."""
    pair = (given.subject, given.target)
    return told(await run_in_threadpool(linked, deciding, given.kind, pair, given.because, same=given.same))


@router.get(
    "/people",
    response_model=Paged[PersonShape],
    responses=PROBLEMS,
    summary="People",
    operation_id="list_people",
)
def list_people(
    reader: MatchingReader, paging: Page, source: Text = None, changed_since: ChangedSince = None
) -> Response:
    """List people with their accounts in all trackers; never an address."""
    reader.needs_everything("People")

    def collect(session: Session, _visible: Visible) -> dict[str, Any]:
        query = select(Person)
        if changed_since is not None:
            query = query.where(or_(Person.changed_at >= changed_since, Person.id.in_(_named(changed_since))))
        if source is not None:
            query = query.where(Person.id.in_(_known_to(source)))
        rows = session.scalars(paging.page(query, Person.__table__.c.id)).all()
        return paging.document(people_documents(session, rows), [str(row.id) for row in rows])

    return json_answer(reader, collect, link=paging.link)


def _named(since: datetime) -> Any:
    """Return of whom it was decided since that a written name is theirs, or is not."""
    return select(MatchProposal.target).where(
        MatchProposal.kind == "name",
        or_(MatchProposal.decided_at >= since, MatchProposal.changed_at >= since),
    )


def _known_to(source: str) -> Any:
    return (
        select(Identity.person_id)
        .join(Source, Source.id == Identity.source_id)
        .where(Source.name == source, Identity.person_id.is_not(None))
    )


def told(done: Done) -> Response:
    """Answer with a decision that was written down."""
    document = {
        "id": done.number, "state": done.state, "then": done.then, "counts_now": done.counts_now,
        "warnings": list(done.warnings),
    }  # fmt: skip
    return Response(to_json(document), media_type=JSON)
