"""Take a submission's steps, see those it took, comment on it, and read what was published."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Depends, Path
from sqlalchemy import text
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from api.access.actors import acting
from api.access.veil import ALL
from api.access.visible import RecordsReader, bearer
from api.routes.common import PROBLEMS
from api.routes.cycles import DOES, fresh
from api.routes.submission_documents import findings_document, since_document, unanswerable_document
from api.routes.submissions import lifted_case, visible_case
from api.shapes.collection import (
    CommentShape,
    CourseShape,
    GivenComment,
    GivenMove,
    MovedShape,
    PublicationShape,
    Verb,
)
from api.wire import problems
from api.wire.answer import JSON, to_json, z
from api.wire.bodies import StrictRoute
from api.wire.problems import Problem, forbidden, not_found
from api.wire.values import MOST_ID
from model.collection.workflow import SAID, moves_from
from sync.collection.comments import Comment, NoSuchComment, comment, comments_of, settle
from sync.collection.heads import SubmissionHead
from sync.collection.moves import moves_of
from sync.collection.refused import Held, NotAllowed, NotAnswerable, NotOpen, Stale
from sync.collection.submissions import move

router = APIRouter(route_class=StrictRoute)
Number = Annotated[int, Path(ge=1, le=MOST_ID, examples=[41])]
Remark = Annotated[int, Path(ge=1, le=MOST_ID, examples=[5])]
T = TypeVar("T")


@router.get(
    "/submissions/{number}/moves", response_model=CourseShape, responses=PROBLEMS, summary="A submission's course",
    operation_id="get_submission_moves",
)  # fmt: skip
def get_moves(reader: RecordsReader, number: Number) -> Response:
    """Return the steps a submission took, the comments on it, and the steps that lead on."""
    with reader.engine.connect() as connection:
        case = visible_case(connection, reader.principal, number, now=datetime.now(UTC))
        moves = moves_of(connection, [number])
        comments = comments_of(connection, number)
    document = {
        "id": number,
        "moves": [{**each, "at": z(each["at"])} for each in moves],
        "comments": [_comment(each) for each in comments],
        "can": [SAID.get(each.to, each.to) for each in moves_from(case.template, case.submission.state)],
    }
    return fresh(reader, document)


@router.get(
    "/submissions/{number}/publication", response_model=PublicationShape, responses=PROBLEMS,
    summary="What was published", operation_id="get_publication",
)  # fmt: skip
def get_publication(reader: RecordsReader, number: Number) -> Response:
    """Return a published submission as it was frozen; a withdrawn one too, it is kept."""
    with reader.engine.connect() as connection:
        veil, case = lifted_case(connection, reader.principal, number, now=datetime.now(UTC))
        frozen = connection.scalar(text("SELECT frozen FROM submission WHERE id = :id"), {"id": number})
    head = case.submission
    if frozen is None:
        raise not_found(
            f"{head.project_key} {head.template} {head.period} is {head.state}: it is not published yet."
        )
    return fresh(reader, {
        "id": number, "sha256": head.sha256, "published_at": z(head.published_at),
        "withdrawn_at": z(head.withdrawn_at), "superseded_by": head.superseded_by,
        "document": veil.published(case, frozen),
    })  # fmt: skip


@router.post(
    "/submissions/{number}/comments", response_model=CommentShape, responses=DOES, summary="Comment",
    operation_id="comment_submission", status_code=201,
)  # fmt: skip
async def post_comment(
    request: Request, number: Number, given: GivenComment, _documented: Annotated[Any, Depends(bearer)] = None
) -> Response:
    """Say something of a submission, or of one field of it."""

    def commented() -> Comment:
        principal, actor = acting(request)
        now = datetime.now(UTC)
        with request.app.state.engine.connect() as connection:
            visible_case(connection, principal, number, now=now)
        return comment(
            request.app.state.engine, number, given.says, actor=actor, now=now, record_ref=given.record,
            field=given.field,
        )  # fmt: skip

    found = await run_in_threadpool(_refusing, request, commented)
    return found if isinstance(found, Response) else Response(to_json(_comment(found)), 201, media_type=JSON)


@router.post(
    "/submissions/{number}/comments/{remark}/settle", response_model=CommentShape, responses=DOES,
    summary="Settle a comment", operation_id="settle_comment",
)  # fmt: skip
async def post_settle(
    request: Request, number: Number, remark: Remark, _documented: Annotated[Any, Depends(bearer)] = None
) -> Response:
    """Say that a comment is dealt with."""

    def settled() -> Comment:
        principal, actor = acting(request)
        now = datetime.now(UTC)
        with request.app.state.engine.connect() as connection:
            visible_case(connection, principal, number, now=now)
        return settle(request.app.state.engine, number, remark, actor=actor, now=now)

    found = await run_in_threadpool(_refusing, request, settled)
    return found if isinstance(found, Response) else Response(to_json(_comment(found)), media_type=JSON)


# The last of the routes: whatever else stands behind a submission's number is not a verb.
@router.post(
    "/submissions/{number}/{verb}", response_model=MovedShape, summary="Take a step", operation_id="move_submission",
    responses={**DOES, 412: {**PROBLEMS[404], "description": "Somebody answered since the revision that was seen"}},
)  # fmt: skip
async def post_move(
    request: Request,
    number: Number,
    verb: Verb,
    given: GivenMove | None = None,
    _documented: Annotated[Any, Depends(bearer)] = None,
) -> Response:
    """Submit, review, return, approve, publish or withdraw a submission, as who the token speaks for."""
    said = given or GivenMove(because=None, attest=None, revision=None)

    def moved() -> SubmissionHead:
        principal, actor = acting(request)
        now = datetime.now(UTC)
        with request.app.state.engine.connect() as connection:
            veil, case = lifted_case(connection, principal, number, now=now)
        try:
            return move(
                request.app.state.engine, number, verb, actor=actor, because=said.because, attest=said.attest,
                door="api", revision=said.revision, now=now,
            )  # fmt: skip
        except Held as error:
            raise Held(str(error), veil.findings(veil.case(case).judge(), error.findings)) from None

    found = await run_in_threadpool(_refusing, request, moved)
    return found if isinstance(found, Response) else Response(to_json(_head(found)), media_type=JSON)


def _refusing(request: Request, do: Callable[[], T]) -> T | Response:
    """Do something to a submission; what is refused becomes the problem that says why."""
    try:
        return do()
    except NotAllowed as error:
        raise forbidden(f"{error}.") from None
    except NotOpen as error:
        raise Problem(409, "not-possible", f"{error}.") from None
    except NoSuchComment as error:
        raise not_found(f"{error}.") from None
    except Stale as error:
        return problems.document(
            request, 412, "changed-meanwhile", f"{error}.", errors=since_document(error, ALL)
        )
    except Held as error:
        return problems.document(
            request, 422, "findings", f"{error}.", errors=findings_document(error.findings)
        )
    except NotAnswerable as error:
        unfit = unanswerable_document(error.problems)
        return problems.document(request, 422, "not-answerable", f"{error}.", errors=unfit)


def _head(head: SubmissionHead) -> dict[str, Any]:
    found = head.to_json()
    return {name: z(value) if isinstance(value, datetime) else value for name, value in found.items()}


def _comment(comment: Comment) -> dict[str, Any]:
    return {
        name: z(value) if isinstance(value, datetime) else value for name, value in comment.to_json().items()
    }
