"""Work the queue of findings: accept, say fixed at the source, ask to waive, dispute, answer."""

from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Depends, Path
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from api.access.actors import acting
from api.access.visible import bearer
from api.finding_steps import Doer, Step, grant, judge, raise_dispute, state_of, take, visible_project
from api.routes.common import PROBLEMS
from api.shapes.finding import GivenDispute, GivenStep, GivenVerdict, StepShape
from api.wire.answer import JSON, to_json
from api.wire.bodies import StrictRoute
from api.wire.problems import ProblemDocument
from api.wire.values import MOST_ID
from sync.disputes import Disputed

router = APIRouter(route_class=StrictRoute)
Number = Annotated[int, Path(ge=1, le=MOST_ID, examples=[31])]
Waiver = Annotated[int, Path(ge=1, le=MOST_ID, examples=[7])]
_ANSWERS: Final[dict[int | str, dict[str, Any]]] = {
    **PROBLEMS,
    409: {
        "model": ProblemDocument,
        "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/ProblemDocument"}}},
        "description": "It stands where this cannot be done; says what can",
    },
}


async def _doer(request: Request, _documented: Annotated[Any, Depends(bearer)] = None) -> Doer:
    principal, actor = await run_in_threadpool(acting, request)
    return Doer(request.app.state.engine, principal, actor, "api")


Doing = Annotated[Doer, Depends(_doer)]


@router.post(
    "/findings/{number}/{action}", response_model=StepShape, responses=_ANSWERS, summary="Work a finding",
    operation_id="work_finding",
)  # fmt: skip
async def work_finding(
    doer: Doing,
    number: Number,
    action: Literal["accept", "fix", "release", "dispute", "waive"],
    given: GivenStep | None = None,
) -> Response:
    """Accept a finding, say that it is fixed at its source, give it back, dispute its value, or ask for a waiver."""
    said = given or GivenStep(because=None, due=None, until=None, proposed=None)
    step = Step(said.because, said.due, said.until, said.proposed)
    then = await run_in_threadpool(take, doer, number, action, step)
    return await _answer(doer, number, then)


@router.post(
    "/findings/{number}/waivers/{waiver}/grant", response_model=StepShape, responses=_ANSWERS,
    summary="Grant a waiver", operation_id="grant_finding_waiver",
)  # fmt: skip
async def grant_waiver_of(doer: Doing, number: Number, waiver: Waiver) -> Response:
    """Grant a waiver that somebody else asked for about a finding."""
    return await _answer(doer, number, await run_in_threadpool(grant, doer, number, waiver))


@router.post(
    "/disputes", response_model=StepShape, responses=_ANSWERS, summary="Dispute a value",
    operation_id="dispute_value",
)  # fmt: skip
async def dispute_value(doer: Doing, given: GivenDispute) -> Response:
    """Say that a value which was filled in is wrong; it counts until its source says something else."""

    def raised() -> int:
        project = visible_project(doer, given.project)
        disputed = Disputed(project, given.template, given.record, given.field, given.value)
        return raise_dispute(doer, disputed, Step(because=given.because, proposed=given.proposed))

    number = await run_in_threadpool(raised)
    document = {"id": number, "state": None, "then": "An officer answers it, and the value counts until then"}
    return Response(to_json(document), media_type=JSON)


@router.post(
    "/disputes/{number}/{verdict}", response_model=StepShape, responses=_ANSWERS, summary="Answer a dispute",
    operation_id="answer_dispute",
)  # fmt: skip
async def answer_a_dispute(
    doer: Doing, number: Number, verdict: Literal["uphold", "refuse", "withdraw"], given: GivenVerdict
) -> Response:
    """Uphold or refuse a dispute as an officer who did not raise it, or take one's own back."""
    then = await run_in_threadpool(judge, doer, number, verdict, given.because)
    return Response(to_json({"id": number, "state": None, "then": then}), media_type=JSON)


async def _answer(doer: Doer, number: int, then: str) -> Response:
    state = await run_in_threadpool(state_of, doer, number)
    return Response(to_json({"id": number, "state": state, "then": then}), media_type=JSON)
