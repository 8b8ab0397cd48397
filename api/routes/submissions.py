"""A submission: read it with its findings, answer it; what does not do is refused with every finding at once."""

import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Header, Path, Query
from sqlalchemy import Connection
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from api.access.actors import acting
from api.access.veil import Veil, veil_of
from api.access.visible import Principal, RecordsReader, bearer, visible_projects
from api.routes.common import PROBLEMS
from api.routes.submission_documents import (
    findings_document,
    schema_address,
    since_document,
    submission_document,
    unanswerable_document,
)
from api.routes.submission_shapes import GivenAnswers, SubmissionShape
from api.wire import problems
from api.wire.answer import JSON, to_json
from api.wire.bodies import ExactRoute
from api.wire.etag import digest
from api.wire.fields import SELECTED, asked, only
from api.wire.problems import Problem, bad_request, forbidden, not_found
from api.wire.values import MOST_ID
from model.collection.cases import WITHDRAWN, Judgement
from model.collection.roles import Actor
from sync.collection.answers import Change, give_answers, may_answer, refuse_impossible, refuse_stale
from sync.collection.case import Case, NoSuchSubmission, open_case
from sync.collection.refused import NotAllowed, NotAnswerable, NotOpen, Stale

router = APIRouter(route_class=ExactRoute)
_TAG: Final = re.compile(r'"?(?P<id>\d{1,18})\.(?P<revision>\d{1,9})(\.[0-9a-f]+)?"?')
_DOES: Final[dict[int | str, dict[str, Any]]] = {
    **PROBLEMS,
    409: {**PROBLEMS[404], "description": "It takes no answers: submitted already, or its cycle is closed"},
    412: {**PROBLEMS[404], "description": "Somebody answered since; `errors` holds what stands now"},
    422: {**PROBLEMS[404], "description": "It could not be submitted so; `errors` holds every finding"},
    428: {**PROBLEMS[404], "description": "If-Match is missing"},
}
Number = Annotated[int, Path(ge=1, le=MOST_ID, examples=[41])]
IfMatch = Annotated[
    str | None,
    Header(
        alias="If-Match", description="The ETag of what the answers were made from; `*` takes what stands"
    ),
]
Draft = Annotated[
    bool, Query(description="Keep the answers though it could not be submitted with them; the findings tell why")
]  # fmt: skip


@router.get(
    "/submissions/{number}", response_model=SubmissionShape, responses=PROBLEMS, summary="One submission",
    operation_id="get_submission",
)  # fmt: skip
def get_submission(reader: RecordsReader, number: Number) -> Response:
    """Return a submission: each field with what was filled in, the answer, and everything that is found."""
    with reader.engine.connect() as connection:
        case = visible_case(connection, reader.principal, number, now=datetime.now(UTC))
    names = asked(reader.request)
    if names is not None:
        document = submission_document(case, case.judge())
        return Response(to_json(only(reader.request, document, names)), media_type=SELECTED)
    return _told(case, seen=reader.request.headers.get("if-none-match"))


@router.patch(
    "/submissions/{number}/answers", response_model=SubmissionShape, responses=_DOES,
    summary="Answer some fields", operation_id="answer_submission",
)  # fmt: skip
async def patch_answers(
    request: Request,
    number: Number,
    given: GivenAnswers,
    if_match: IfMatch = None,
    draft: Draft = False,  # noqa: FBT002 - a query parameter
    _documented: Annotated[Any, Depends(bearer)] = None,
) -> Response:
    """Store answers, all or none; without `draft` only where the submission could be submitted with them."""
    return await run_in_threadpool(_answer, request, number, given, if_match, draft=draft, whole=False)


@router.put(
    "/submissions/{number}/answers", response_model=SubmissionShape, responses=_DOES,
    summary="Answer the whole", operation_id="replace_answers",
)  # fmt: skip
async def put_answers(
    request: Request,
    number: Number,
    given: GivenAnswers,
    if_match: IfMatch = None,
    draft: Draft = False,  # noqa: FBT002 - a query parameter
    _documented: Annotated[Any, Depends(bearer)] = None,
) -> Response:
    """Do the same with these as all the answers there are: any other answer is withdrawn."""
    return await run_in_threadpool(_answer, request, number, given, if_match, draft=draft, whole=True)


def visible_case(connection: Connection, principal: Principal, number: int, *, now: datetime) -> Case:
    """Open a submission for whoever may see its project, as they may see it.

    Raises:
        Problem: 404, in the same words whether it is missing or hidden.
    """
    veil, case = lifted_case(connection, principal, number, now=now)
    return veil.case(case)


def lifted_case(
    connection: Connection, principal: Principal, number: int, *, now: datetime
) -> tuple[Veil, Case]:
    """Open it as it is, to be changed, with what its reader may be told of it.

    Raises:
        Problem: As `visible_case`.
    """
    hidden = not_found(f"There is no submission {number}, or this token may not see it.")
    with Session(connection) as session:
        visible = visible_projects(session, principal)
        try:
            case = open_case(connection, number, now=now)
        except NoSuchSubmission:
            raise hidden from None
        veil = veil_of(session, principal)
    if visible is not None and case.submission.project_id not in visible:
        raise hidden
    return veil, case


def _answer(
    request: Request,
    number: int,
    given: GivenAnswers,
    if_match: str | None,
    *,
    draft: bool,
    whole: bool,
) -> Response:
    principal, actor = acting(request)
    now = datetime.now(UTC)
    with request.app.state.engine.connect() as connection:
        veil, case = lifted_case(connection, principal, number, now=now)
        revision = revision_of(if_match, number)
        changes = [
            Change(each.record, each.field, each.value, each.because, withdrawn=each.withdrawn)
            for each in given.answers
        ]
        if whole:
            changes += _rest(case, changes)
        seen = veil.case(case)
        refused = refusal(
            request, lambda: _look(connection, seen, changes, actor, revision, draft=draft), veil
        )
        meant = veil.changes(case, changes)
    if refused is not None:
        return refused
    stored: list[Case] = []

    def store() -> None:
        stored.append(
            give_answers(
                request.app.state.engine, number, meant, actor=actor, door="api", revision=revision, now=now
            )
        )

    return refusal(request, store, veil) or _told(veil.case(stored[0]))


def _look(
    connection: Connection,
    case: Case,
    changes: Sequence[Change],
    actor: Actor,
    revision: int | None,
    *,
    draft: bool,
) -> None:
    """Look before storing, so that a refusal names everything at once."""
    may_answer(case, actor)
    refuse_stale(connection, case.submission, revision)
    try:
        refuse_impossible(case, changes)
    except NotAnswerable as error:
        bad = {(each.record_ref, each.field) for each in error.problems}
        fine = [change for change in changes if (change.record_ref, change.field) not in bad]
        raise _Unfit(_judged(case, fine), error) from None
    judgement = _judged(case, changes)
    if not draft and not judgement.can_submit:
        raise _Unfit(judgement)


class _Unfit(Exception):
    """It could not be submitted so."""

    def __init__(self, judgement: Judgement, impossible: NotAnswerable | None = None) -> None:
        super().__init__()
        self.judgement = judgement
        self.impossible = impossible

    def errors(self) -> list[dict[str, Any]]:
        """Return all of it: what cannot be an answer, then every finding."""
        unfit = unanswerable_document(self.impossible.problems) if self.impossible else []
        return unfit + findings_document(self.judgement.findings())

    def says(self) -> str:
        """Say what to do."""
        if self.impossible is not None:
            return f"Nothing was stored: {self.impossible}."
        held = len(self.judgement.blocking())
        return (
            f"Nothing was stored: {held} finding{'s' if held != 1 else ''} would hold the submission back. "
            "`errors` has every finding; `draft=true` keeps the answers all the same."
        )


def refusal(request: Request, do: Callable[[], None], veil: Veil) -> Response | None:
    """Do something to a submission; where it is refused, return the answer that says why."""
    try:
        do()
    except NotAllowed as error:
        raise forbidden(f"{error}.") from None
    except NotOpen as error:
        raise Problem(409, "not-open", f"{error}.") from None
    except Stale as error:
        return problems.document(
            request, 412, "changed-meanwhile", f"{error}.", errors=since_document(error, veil)
        )
    except NotAnswerable as error:
        unfit = unanswerable_document(error.problems)
        return problems.document(
            request, 422, "not-answerable", f"Nothing was stored: {error}.", errors=unfit
        )
    except _Unfit as error:
        return problems.document(request, 422, "findings", error.says(), errors=error.errors())
    return None


def _judged(case: Case, changes: Sequence[Change]) -> Judgement:
    values: dict[str, dict[str, Any]] = {}
    reasons: dict[str, dict[str, str | None]] = {}
    for change in changes:
        value = WITHDRAWN if change.withdrawn else change.value
        values.setdefault(change.record_ref, {})[change.field] = value
        reasons.setdefault(change.record_ref, {})[change.field] = change.because
    return case.judge(values, reasons)


def _rest(case: Case, changes: Sequence[Change]) -> list[Change]:
    """Return the withdrawal of every answer that is not among those given."""
    given = {(change.record_ref, change.field) for change in changes}
    return [
        Change(record.ref, field, None, withdrawn=True)
        for record in case.records
        for field in record.answers
        if (record.ref, field) not in given
    ]


def revision_of(if_match: str | None, number: int) -> int | None:
    """Read the revision out of If-Match; None where whatever stands will do.

    Raises:
        Problem: 428 where it is missing, 400 where it is no tag of ours, 412 where it is another submission's.
    """
    if if_match is None:
        raise Problem(
            428, "if-match-needed",
            "Send If-Match with the ETag of the submission the answers were made from, or `*` to take what stands.",
        )  # fmt: skip
    if if_match.strip() == "*":
        return None
    found = _TAG.fullmatch(if_match.strip())
    if found is None:
        raise bad_request(f"If-Match {if_match[:80]!r} is no ETag of a submission, and no `*`.")
    if int(found["id"]) != number:
        raise Problem(
            412, "changed-meanwhile", f"If-Match {if_match[:80]} is no ETag of submission {number}."
        )
    return int(found["revision"])


def _told(case: Case, *, seen: str | None = None) -> Response:
    """Answer with the submission; its ETag begins with the revision, which alone If-Match is held to."""
    judgement = case.judge()
    body = to_json(submission_document(case, judgement))
    tag = f'"{case.submission.id}.{case.submission.revision}.{digest(body)}"'
    headers = {
        "ETag": tag,
        "Cache-Control": "private, no-cache",
        "Vary": "Authorization, Cookie, Accept",
        "Link": f'<{schema_address(case)}>; rel="describedby"',
    }
    given = {part.strip().removeprefix("W/") for part in (seen or "").split(",")}
    if given & {tag, "*"}:
        return Response(status_code=304, headers=headers)
    return Response(body, headers=headers, media_type=JSON)
