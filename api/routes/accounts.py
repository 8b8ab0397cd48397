"""Accounts and their roles, for programs of administrators."""

from collections.abc import Callable
from dataclasses import fields
from datetime import UTC, datetime
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Depends, Path
from sqlalchemy import Connection, select
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from api.access.origin import sent_from_here
from api.access.visible import AuditReader, authenticate, bearer
from api.account_reads import AccountRow, accounts
from api.routes.common import PROBLEMS
from api.shapes.account import AccountShape, GivenAccount, GivenRole
from api.shapes.common import Paged
from api.signin.sessions import changes_accounts
from api.wire.answer import JSON, Visible, json_answer, to_json, z
from api.wire.paging import Page
from api.wire.problems import Problem, not_found
from api.wire.values import MOST_ID
from model.tables import Account
from sync.accounts import (
    AccountRefused,
    Grant,
    NewAccount,
    NoSuchAccount,
    add_account,
    disable,
    enable,
    give_role,
    take_role,
)
from sync.store import unit_of_work

router = APIRouter()
Number = Annotated[int, Path(ge=1, le=MOST_ID, examples=[7])]
DOES: Final[dict[int | str, dict[str, Any]]] = {
    **PROBLEMS,
    409: {**PROBLEMS[404], "description": "It cannot be so, and why"},
}
_Documented = Annotated[Any, Depends(bearer)]
_Do = Callable[[Connection, str, datetime], int]


def account_document(row: AccountRow) -> dict[str, Any]:
    """Return an account as a document."""
    found = {each.name: _plain(getattr(row, each.name)) for each in fields(row) if each.name != "roles"}
    roles = [{each.name: _plain(getattr(role, each.name)) for each in fields(role)} for role in row.roles]
    return {**found, "roles": roles}


def _plain(value: Any) -> Any:
    return z(value) if isinstance(value, datetime) else value


@router.get(
    "/accounts", response_model=Paged[AccountShape], responses=PROBLEMS, summary="Accounts",
    operation_id="list_accounts",
)  # fmt: skip
def list_accounts(reader: AuditReader, paging: Page) -> Response:
    """List the accounts with their roles, in the order they were added."""

    def collect(session: Session, _visible: Visible) -> dict[str, Any]:
        numbers = session.scalars(paging.page(select(Account.id), Account.__table__.c.id)).all()
        found = accounts(session.connection(), among=numbers)
        rows = sorted((account_document(row) for row in found), key=lambda row: row["id"])
        return paging.document(rows, numbers)

    return json_answer(reader, collect, link=paging.link)


@router.get(
    "/accounts/{number}", response_model=AccountShape, responses=PROBLEMS, summary="One account",
    operation_id="get_account",
)  # fmt: skip
def get_account(reader: AuditReader, number: Number) -> Response:
    """Return one account."""
    return json_answer(reader, lambda session, _visible: _one(session.connection(), number))


@router.post(
    "/accounts", response_model=AccountShape, responses=DOES, summary="Add an account",
    operation_id="add_account", status_code=201,
)  # fmt: skip
async def post_account(request: Request, given: GivenAccount, _documented: _Documented = None) -> Response:
    """Add somebody who may sign in; they see nothing until a role is given."""
    new = NewAccount(given.name, given.shown, given.person)
    return await _changed(request, lambda on, _by, now: add_account(on, new, at=now), status=201)


@router.post(
    "/accounts/{number}/roles/{act}", response_model=AccountShape, responses=DOES,
    summary="Give or take a role", operation_id="change_role",
)  # fmt: skip
async def post_role(
    request: Request,
    number: Number,
    act: Literal["give", "take"],
    given: GivenRole,
    _documented: _Documented = None,
) -> Response:
    """Give a role, or take it as it was given; the last administrator keeps theirs."""
    grant = Grant(given.role, given.scope, given.key)

    def change(on: Connection, by: str, now: datetime) -> int:
        if act == "give":
            give_role(on, number, grant, by=by, at=now)
        elif not take_role(on, number, grant, at=now):
            raise AccountRefused(f"account {number} is not {grant}")
        return number

    return await _changed(request, change)


@router.post(
    "/accounts/{number}/{act}", response_model=AccountShape, responses=DOES, summary="Shut or open an account",
    operation_id="shut_account",
)  # fmt: skip
async def post_shut(
    request: Request, number: Number, act: Literal["disable", "enable"], _documented: _Documented = None
) -> Response:
    """Shut an account at once, with its sessions and tokens; or open it again with the roles it had."""

    def change(on: Connection, _by: str, now: datetime) -> int:
        (disable if act == "disable" else enable)(on, number, at=now)
        return number

    return await _changed(request, change)


async def _changed(request: Request, do: _Do, *, status: int = 200) -> Response:
    """Do it in a transaction, and answer with the account as it is then."""

    def done() -> tuple[int, dict[str, Any]]:
        sent_from_here(request)
        principal, _ = authenticate(request.app.state.engine, request)
        changes_accounts(principal)
        try:
            with unit_of_work(request.app.state.engine) as connection:
                number = do(connection, principal.shown, datetime.now(UTC))
                return number, _one(connection, number)
        except NoSuchAccount as error:
            raise not_found(f"{error}.") from None
        except AccountRefused as error:
            raise Problem(409, "not-possible", f"{error}.") from None

    number, document = await run_in_threadpool(done)
    headers = {"Location": f"/api/v1/accounts/{number}"} if status == 201 else None  # noqa: PLR2004 - HTTP's own number
    return Response(to_json(document), status, headers=headers, media_type=JSON)


def _one(connection: Connection, number: int) -> dict[str, Any]:
    found = accounts(connection, only=number)
    if not found:
        raise not_found(f"There is no account {number}.")
    return account_document(found[0])
