"""What sources say differently, with both values and their receipts, and what settles it."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from api.access.visible import MatchingReader, only_visible
from api.matching_reads import conflict_documents, conflicts_query, rule_document, rules_query
from api.matching_steps import ruled, settled, tried, unruled
from api.routes.common import PROBLEMS, ChangedSince, Text, changed
from api.routes.matching import DECISIONS, Deciding, Number, told
from api.shapes.common import Paged
from api.shapes.matching import (
    Because,
    ClaimConflictShape,
    DecidedShape,
    GivenRule,
    GivenWord,
    RuleEffectShape,
    RuleShape,
)
from api.wire.answer import JSON, Visible, json_answer, to_json
from api.wire.bodies import StrictRoute
from api.wire.paging import Page
from api.wire.problems import not_found
from model.tables import ClaimConflict, Project, SettlingRule
from sync.identity.rules import RuleAsked

router = APIRouter(route_class=StrictRoute)


@router.get(
    "/conflicts", response_model=Paged[ClaimConflictShape], responses=PROBLEMS, summary="Conflicts",
    operation_id="list_conflicts",
)  # fmt: skip
def list_conflicts(
    reader: MatchingReader,
    paging: Page,
    project: Text = None,
    attribute: Text = None,
    settled_by: Annotated[Literal["precedence", "rule", "person"] | None, Query()] = None,
    open: Annotated[  # noqa: A002 - the word questions have for it
        bool | None, Query(description="Only those that last, or only those that are over")
    ] = None,
    changed_since: ChangedSince = None,
) -> Response:
    """List what sources say differently of one attribute of a project, the claim that counts first.

    They stand as they do now: what was claimed at another instant has `/claims` with `known_at`.
    """

    def collect(session: Session, visible: Visible) -> dict[str, Any]:
        query = conflicts_query().where(only_visible(ClaimConflict.project_id, visible))
        query = query.where(changed(changed_since, ClaimConflict.changed_at, ClaimConflict.closed_at))
        if project is not None:
            query = query.where(Project.key == project)
        if attribute is not None:
            query = query.where(ClaimConflict.attribute == attribute)
        if settled_by is not None:
            query = query.where(ClaimConflict.settled_by == settled_by)
        if open is not None:
            over = ClaimConflict.closed_at.is_not(None)
            query = query.where(~over if open else over)
        rows = session.execute(paging.page(query, ClaimConflict.__table__.c.id)).all()
        items = conflict_documents(session, [(row[0], row[1]) for row in rows])
        return paging.document(items, [row[0].id for row in rows])

    return json_answer(reader, collect, link=paging.link)


@router.get(
    "/conflicts/{number}", response_model=ClaimConflictShape, responses=PROBLEMS, summary="A conflict",
    operation_id="get_conflict",
)  # fmt: skip
def get_conflict(reader: MatchingReader, number: Number) -> Response:
    """Show one conflict with the receipt of every value."""

    def collect(session: Session, visible: Visible) -> dict[str, Any]:
        query = conflicts_query().where(
            ClaimConflict.id == number, only_visible(ClaimConflict.project_id, visible)
        )
        row = session.execute(query).one_or_none()
        if row is None:
            raise not_found(f"There is no conflict {number}, or this token may not see it.")
        return conflict_documents(session, [(row[0], row[1])])[0]

    return json_answer(reader, collect)


@router.post(
    "/conflicts/{number}/settle", response_model=DecidedShape, responses=DECISIONS, summary="Settle a conflict",
    operation_id="settle_conflict",
)  # fmt: skip
async def settle_conflict(deciding: Deciding, number: Number, given: GivenWord) -> Response:
    """Let one claim count, as long as every source says what it says now."""
    return told(await run_in_threadpool(settled, deciding, number, given.claim, given.because))


@router.post(
    "/conflicts/{number}/reopen", response_model=DecidedShape, responses=DECISIONS,
    summary="Take a word back", operation_id="reopen_conflict",
)  # fmt: skip
async def reopen_conflict(deciding: Deciding, number: Number, given: Because) -> Response:
    """Take a person's word on a conflict back: rules and precedence decide again."""
    return told(await run_in_threadpool(settled, deciding, number, None, given.because))


@router.get(
    "/settling-rules", response_model=Paged[RuleShape], responses=PROBLEMS, summary="Settling rules",
    operation_id="list_settling_rules",
)  # fmt: skip
def list_rules(
    reader: MatchingReader,
    paging: Page,
    ended: Annotated[bool | None, Query(description="Only ended ones, or only those that stand")] = None,
    changed_since: ChangedSince = None,
) -> Response:
    """List the rules that settle conflicts, the newest first."""
    reader.needs_everything("Settling rules")

    def collect(session: Session, _visible: Visible) -> dict[str, Any]:
        query = rules_query(ended=ended).where(changed(changed_since, SettlingRule.at, SettlingRule.ended_at))
        page = paging.page(query, SettlingRule.__table__.c.id, newest_first=True)
        rows = session.execute(page).all()
        return paging.document([rule_document(row[0], row[1]) for row in rows], [row[0].id for row in rows])

    return json_answer(reader, collect, link=paging.link)


@router.post(
    "/settling-rules", response_model=DecidedShape, responses=DECISIONS, summary="Make a settling rule",
    operation_id="make_settling_rule",
)  # fmt: skip
async def make_a_rule(deciding: Deciding, given: GivenRule) -> Response:
    """Make a rule; one for the same attribute and the same place ends."""
    return told(await run_in_threadpool(ruled, deciding, _asked(given), given.because))


@router.post(
    "/settling-rules/try", response_model=RuleEffectShape, responses=DECISIONS, summary="Try a settling rule",
    operation_id="try_settling_rule",
)  # fmt: skip
async def try_a_rule(deciding: Deciding, given: GivenRule) -> Response:
    """Say what a rule would do to the conflicts that are open; nothing is written."""
    effect = await run_in_threadpool(tried, deciding, _asked(given))
    document = {"conflicts": effect.conflicts, "settles": effect.settles, "changes": list(effect.changes)}
    return Response(to_json(document), media_type=JSON)


@router.post(
    "/settling-rules/{number}/end", response_model=DecidedShape, responses=DECISIONS,
    summary="End a settling rule", operation_id="end_settling_rule",
)  # fmt: skip
async def end_a_rule(deciding: Deciding, number: Number, given: Because) -> Response:
    """End a rule: precedence decides again where it did."""
    return told(await run_in_threadpool(unruled, deciding, number, given.because))


def _asked(given: GivenRule) -> RuleAsked:
    return RuleAsked(given.attribute, given.prefer, given.project or None, given.programme or None)
