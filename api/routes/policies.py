"""Status policies: which holds, what another would change and would have done; propose, approve, withdraw."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Path, Query
from sqlalchemy import Connection, Engine
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from api.access.actors import acting
from api.access.visible import PoliciesReader, Principal, bearer
from api.policy_documents import policy_document, policy_heads
from api.routes.common import PROBLEMS, ChangedSince, KnownAt, visible_project
from api.shapes.common import Paged
from api.shapes.policy import (
    BacktestShape,
    GivenApproval,
    GivenBacktest,
    GivenPolicy,
    GivenProposal,
    GivenReason,
    HeldShape,
    PlanShape,
    PolicyListed,
    PolicyWhole,
)
from api.wire import problems
from api.wire.answer import JSON, Visible, json_answer, to_json
from api.wire.bodies import StrictRoute
from api.wire.paging import Page
from api.wire.problems import Problem, ProblemDocument, forbidden, not_found
from api.wire.values import Day
from api.wire.whole_keys import ProjectKey
from model.backtest import Terms
from model.collection.roles import Actor
from model.declaration import InvalidDeclaration
from model.status.colour import Colour
from sync.match import NotConfigured
from sync.policy.backtest import NothingToReplay, backtest, replay_size
from sync.policy.held import held_to
from sync.policy.kept import Kept, NoSuchPolicy, kept, kept_version, policy_standing
from sync.policy.past import TooMuchPast, plan_whole, within
from sync.policy.steps import PolicyRefused, approve, propose, read, withdraw
from sync.store import unit_of_work
from sync.today import today

router = APIRouter(route_class=StrictRoute)
Label = Annotated[
    str, Path(max_length=140, pattern=r"^[a-z0-9][a-z0-9-]*@\d+\.\d+\.\d+$", examples=["default@1.1.0"])
]
On = Annotated[Day | None, Query(description="The day; today when left out")]
_STEPS: Final[dict[int | str, dict[str, Any]]] = {
    **PROBLEMS,
    409: {
        "model": ProblemDocument,
        "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/ProblemDocument"}}},
        "description": "It stands where this cannot be done; says what can",
    },
    422: {
        **PROBLEMS[422],
        "description": "It is no policy, or clashes; `errors` has each complaint with its line",
    },
}
_MOST: Final = 20_000  # days of projects: a minute's work
_WHERE: Final = "text"  # what complaints call the text that was sent


@dataclass(frozen=True, slots=True)
class Doer:
    """Who acts, through which token."""

    engine: Engine
    principal: Principal
    actor: Actor


async def _doer(request: Request, _documented: Annotated[Any, Depends(bearer)] = None) -> Doer:
    principal, actor = await run_in_threadpool(acting, request)
    if not principal.sees_everything:
        raise forbidden("Policies are changed and tried with tokens that may see every project.")
    return Doer(request.app.state.engine, principal, actor)


Doing = Annotated[Doer, Depends(_doer)]


@router.get(
    "/policies", response_model=Paged[PolicyListed], responses=PROBLEMS, summary="Policies",
    operation_id="list_policies",
)  # fmt: skip
def list_policies(reader: PoliciesReader, paging: Page, changed_since: ChangedSince = None) -> Response:
    """List the versions of policies by name and version, and which is in force today."""

    def collect(session: Session, _visible: Visible) -> dict[str, Any]:
        connection = session.connection()
        standing, versions = _standing(connection), kept(connection)
        found = [
            head
            for each, head in zip(versions, policy_heads(versions, standing), strict=True)
            if changed_since is None or any(at >= changed_since for at in _instants(each))
        ]
        return paging.listed(found, "policy")

    return json_answer(reader, collect, link=paging.link, also=_hour())


@router.get(
    "/policies/{policy}", response_model=PolicyWhole, responses=PROBLEMS, summary="A policy",
    operation_id="get_policy",
)  # fmt: skip
def get_policy(reader: PoliciesReader, policy: Label) -> Response:
    """Return a version whole: limits, text, and what it changed when it was approved."""

    def collect(session: Session, visible: Visible) -> dict[str, Any]:
        connection = session.connection()
        return policy_document(
            _version(connection, policy), _standing(connection), everything=visible is None
        )

    return json_answer(reader, collect, also=_hour())


@router.get(
    "/projects/{key}/policy", response_model=HeldShape, responses=PROBLEMS, summary="What a project is held to",
    operation_id="get_project_policy",
)  # fmt: skip
def get_project_policy(
    reader: PoliciesReader, key: ProjectKey, on: On = None, known_at: KnownAt = None
) -> Response:
    """Return which policy holds for a project on a day, with which layers and limits."""

    def collect(session: Session, visible: Visible) -> dict[str, Any]:
        visible_project(session, visible, key)
        now = datetime.now(UTC)
        day = on or today(session.connection(), now)
        try:
            return held_to(session, key, on=day, now=now, known_at=known_at)
        except LookupError:
            raise not_found(
                f"Nothing held for project {key} then: it is closed, or was not there yet."
            ) from None

    return json_answer(reader, collect, also=_hour())


@router.post(
    "/policies/plan", response_model=PlanShape, responses=_STEPS, summary="Plan a policy",
    operation_id="plan_policy",
)  # fmt: skip
async def plan_policy(request: Request, doer: Doing, given: GivenPolicy) -> Response:
    """Say which projects a policy would turn if it held today, and why; nothing is stored."""

    def found(session: Session) -> dict[str, Any]:
        policy = read(session.connection(), given.text, _WHERE)
        now = datetime.now(UTC)
        within(session, policy, now=now, most=_MOST)
        return plan_whole(session, policy, now=now)

    return await _read(request, doer, found)


@router.post(
    "/policies/backtest", response_model=BacktestShape, responses=_STEPS, summary="Backtest a policy",
    operation_id="backtest_policy",
)  # fmt: skip
async def backtest_policy(request: Request, doer: Doing, given: GivenBacktest) -> Response:
    """Replay the stored history by a policy: who turns, how much earlier, how many alarms were false."""

    def found(session: Session) -> dict[str, Any]:
        policy = read(session.connection(), given.text, _WHERE)
        size = replay_size(session, given.since, given.until)
        if size > _MOST:
            raise PolicyRefused(
                f"that is {size:,} days of projects to replay, and here {_MOST:,} at most: give `since` and `until`, or"
                " use `muster policy backtest`"
            )
        terms = Terms(Colour(given.alarm), given.slip_days, given.horizon_days)
        now = datetime.now(UTC)
        return backtest(session, policy, now=now, terms=terms, since=given.since, until=given.until)

    return await _read(request, doer, found)


@router.post(
    "/policies", response_model=PolicyWhole, responses=_STEPS, summary="Propose a policy",
    operation_id="propose_policy",
)  # fmt: skip
async def propose_policy(request: Request, doer: Doing, given: GivenProposal) -> Response:
    """Keep a policy for somebody else to approve."""

    def step(connection: Connection, now: datetime) -> Kept:
        return propose(connection, given.text, where=_WHERE, actor=doer.actor, because=given.because, now=now)

    return await _moved(request, doer, step)


@router.post(
    "/policies/{policy}/approve", response_model=PolicyWhole, responses=_STEPS, summary="Approve a policy",
    operation_id="approve_policy",
)  # fmt: skip
async def approve_policy(request: Request, doer: Doing, policy: Label, given: GivenApproval) -> Response:
    """Let a proposed policy be in force from its first day on; nobody approves what they wrote."""

    def step(connection: Connection, now: datetime) -> Kept:
        return approve(
            connection,
            *_parts(policy),
            actor=doer.actor,
            because=given.because,
            now=now,
            planned=given.plan,
        )

    return await _moved(request, doer, step)


@router.post(
    "/policies/{policy}/withdraw", response_model=PolicyWhole, responses=_STEPS,
    summary="Withdraw a policy", operation_id="withdraw_policy",
)  # fmt: skip
async def withdraw_policy(request: Request, doer: Doing, policy: Label, given: GivenReason) -> Response:
    """Take back a version that is not in force yet."""

    def step(connection: Connection, now: datetime) -> Kept:
        return withdraw(connection, *_parts(policy), actor=doer.actor, because=given.because, now=now)

    return await _moved(request, doer, step)


async def _read(request: Request, doer: Doer, found: Callable[[Session], dict[str, Any]]) -> Response:
    def asked() -> dict[str, Any]:
        options = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
        with doer.engine.connect().execution_options(**options) as connection, Session(connection) as session:
            return found(session)

    return await _answered(request, asked)


async def _moved(request: Request, doer: Doer, step: Callable[[Connection, datetime], Kept]) -> Response:
    def done() -> dict[str, Any]:
        with unit_of_work(doer.engine) as connection:
            return policy_document(step(connection, datetime.now(UTC)), _standing(connection))

    return await _answered(request, done)


async def _answered(request: Request, work: Callable[[], dict[str, Any]]) -> Response:
    """Do something and answer with it.

    Raises:
        Problem: 404, or 409 where it stands otherwise; 422 is answered with every complaint and its line.
    """
    try:
        return Response(to_json(await run_in_threadpool(work)), media_type=JSON)
    except InvalidDeclaration as error:
        errors = [{"in": "body", "name": "text", "says": each} for each in error.complaints]
        return problems.document(request, 422, "invalid-policy", "; ".join(error.complaints), errors=errors)
    except NoSuchPolicy as error:
        raise not_found(f"{error}.") from None
    except (PolicyRefused, TooMuchPast, NothingToReplay, NotConfigured) as error:
        raise Problem(409, "not-now", f"{error}.") from None


def _parts(label: str) -> tuple[str, str]:
    name, _, version = label.partition("@")
    return name, version


def _version(connection: Connection, label: str) -> Kept:
    try:
        return kept_version(connection, *_parts(label))
    except NoSuchPolicy as error:
        raise not_found(f"{error}.") from None


def _instants(each: Kept) -> list[datetime]:
    """Return when something came of a version."""
    told = (each.written_at, each.approved_at, each.withdrawn_at)
    return [at for at in told if at is not None]


def _standing(connection: Connection) -> str:
    return policy_standing(connection, today(connection, datetime.now(UTC))).label


def _hour() -> str:
    """Return what else decides an answer: which policy is in force changes with the day."""
    return f"{datetime.now(UTC):%Y-%m-%dT%H}"
