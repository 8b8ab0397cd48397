"""Questions that runs ask, and the answers people give by name."""

from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from api.access.origin import sent_from_here
from api.access.visible import Principal, RecordsReader, authenticate, bearer
from api.routes.common import PROBLEMS, ChangedSince, Text, changed
from api.shapes.common import AcceptedShape, Paged, QuestionShape
from api.wire.answer import JSON, Visible, json_answer, to_json, z
from api.wire.bodies import StrictRoute
from api.wire.paging import Page
from api.wire.problems import bad_request, not_found
from api.wire.values import MOST_ID
from model.tables import Question, Source
from sync.questions import NoSuchQuestion, accept

router = APIRouter(route_class=StrictRoute)


class Answer(BaseModel):
    """Who agrees and why: both stand beside the question from then on."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"by": "Ada", "because": "project APO was closed in May"}]},
    )

    by: str = Field(min_length=1, max_length=200, description="The name that answers for it")
    because: str = Field(min_length=1, max_length=2000)


@router.get(
    "/questions", response_model=Paged[QuestionShape], responses=PROBLEMS, summary="Questions",
    operation_id="list_questions",
)  # fmt: skip
def list_questions(
    reader: RecordsReader,
    paging: Page,
    source: Text = None,
    open: Annotated[  # noqa: A002 - the contract's own word
        bool | None, Query(description="Only those nobody has answered, or only those that were")
    ] = None,
    changed_since: ChangedSince = None,
) -> Response:
    """List what runs would not decide alone, the newest first."""
    reader.needs_everything("Questions")

    def collect(session: Session, _visible: Visible) -> dict[str, Any]:
        query = select(Question, Source.name).join(Source, Source.id == Question.source_id)
        query = query.where(
            changed(changed_since, Question.asked_at, Question.accepted_at, Question.settled_at)
        )
        if source is not None:
            query = query.where(Source.name == source)
        if open is not None:
            unanswered = Question.accepted_at.is_(None) & Question.settled_at.is_(None)
            query = query.where(unanswered if open else ~unanswered)
        rows = session.execute(paging.page(query, Question.__table__.c.id, newest_first=True)).all()
        items = [question_document(row, name) for row, name in rows]
        return paging.document(items, [row[0].id for row in rows])

    return json_answer(reader, collect, link=paging.link)


@router.post(
    "/sources/{name}/questions/{number}/accept", response_model=AcceptedShape, responses=PROBLEMS,
    summary="Accept a question", operation_id="accept_question",
)  # fmt: skip
async def accept_question(
    request: Request,
    name: Annotated[str, Path(max_length=200, examples=["jira-cloud"])],
    number: Annotated[int, Path(ge=1, le=MOST_ID, examples=[7])],
    answer: Answer,
    _documented: Annotated[Any, Depends(bearer)] = None,
) -> Response:
    """Answer a question with yes, by name and with a reason; the next run does what it says."""
    principal = await run_in_threadpool(may_answer, request)
    then = await run_in_threadpool(answered, request, principal, name, number, answer)
    return Response(to_json({"id": number, "source": name, "then": then}), media_type=JSON)


def may_answer(request: Request) -> Principal:
    """Return who answers.

    Raises:
        Problem: 401 for nobody, 403 without the scope `sync`, with some projects only, or from another site.
    """
    sent_from_here(request)
    principal, _ = authenticate(request.app.state.engine, request)
    return principal


def answered(request: Request, principal: Principal, source: str, number: int, answer: Answer) -> str:
    """Write the answer down with the name given and the token it came by; returns what happens next.

    Raises:
        Problem: 404 where no such question is open, 400 where a name or a reason is missing.
    """
    by = answer.by.strip()
    by = by if not by or by == principal.shown else f"{by} ({principal.shown})"
    try:
        return accept(
            request.app.state.engine, source, number, by=by, because=answer.because, now=datetime.now(UTC)
        )
    except NoSuchQuestion as error:
        raise not_found(str(error)) from None
    except ValueError as error:
        raise bad_request(str(error)) from None


def question_document(row: Question, source: str) -> dict[str, Any]:
    """Return a question with its answer."""
    state = (
        "open" if row.settled_at is None and row.accepted_at is None
        else "accepted" if row.settled_at is None
        else "done" if row.accepted_at is not None
        else "withdrawn"
    )  # fmt: skip
    return {
        "id": row.id,
        "source": source,
        "kind": row.kind,
        "subject": row.subject,
        "state": state,
        "says": row.says,
        "if_accepted": row.if_accepted,
        "evidence": row.evidence,
        "run": row.run_id,
        "asked_at": z(row.asked_at),
        "accepted_at": z(row.accepted_at),
        "accepted_by": row.accepted_by,
        "because": row.because,
        "settled_at": z(row.settled_at),
    }
