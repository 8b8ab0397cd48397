"""`muster account`: who may sign in, and in which roles."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated, TypeVar

import typer
from sqlalchemy import Connection

from api.account_reads import AccountRow, accounts, comes_to
from api.cli.common import USAGE, Failed, open_store, whoever_types
from model.rights import ROLES
from sync.accounts import (
    AccountRefused,
    Grant,
    NewAccount,
    add_account,
    disable,
    enable,
    give_role,
    number_of,
    say_person,
    take_role,
)
from sync.store import unit_of_work

app = typer.Typer(name="account", help="Who may sign in, and in which roles.", no_args_is_help=True)
role_app = typer.Typer(name="role", help="Give a role, or take it.", no_args_is_help=True)
app.add_typer(role_app)

_T = TypeVar("_T")
Name = Annotated[str, typer.Argument(help="What is typed to sign in: an address or a name")]
RoleName = Annotated[str, typer.Argument(help=", ".join(ROLES))]
OfPortfolio = Annotated[str | None, typer.Option("--portfolio", help="For this portfolio only, by key")]
OfProgramme = Annotated[str | None, typer.Option("--programme", help="For this programme only, by name")]
OfProject = Annotated[str | None, typer.Option("--project", help="For this project only, by key")]


def _change(do: Callable[[Connection, datetime], _T]) -> _T:
    """Do it in a transaction; what cannot be done is said in a sentence."""
    try:
        with unit_of_work(open_store()) as connection:
            return do(connection, datetime.now(UTC))
    except AccountRefused as error:
        raise Failed(str(error), USAGE) from None


def _grant(role: str, portfolio: str | None, programme: str | None, project: str | None) -> Grant:
    """Return the role that is meant.

    Raises:
        Failed: It is of more than one of them.
    """
    given = {"portfolio": portfolio, "programme": programme, "project": project}
    some = [(scope, key) for scope, key in given.items() if key is not None]
    if len(some) > 1:
        raise Failed("a role is of one portfolio, programme or project; give it again for each", USAGE)
    return Grant(role, *some[0]) if some else Grant(role)


@app.command()
def add(
    name: Name,
    shown: Annotated[str | None, typer.Option(help="As pages write it; else the name")] = None,
    person: Annotated[
        str | None, typer.Option(help="Whom sources name: for them it answers and acts")
    ] = None,
) -> None:
    """Add somebody who may sign in; they may do nothing until a role is given."""
    _change(lambda on, now: add_account(on, NewAccount(name, shown, person), at=now))
    typer.echo(f"{name} is added. Give a role: muster account role give {name} ROLE")


@app.command("list")
def list_() -> None:
    """List the accounts, their roles and when they last signed in."""
    with open_store().connect() as connection:
        for row in accounts(connection):
            roles = ", ".join(f"{each.role} ({each.of})" for each in row.roles) or "no role"
            last = f"{row.last_signed_in_at:%Y-%m-%d}" if row.last_signed_in_at else "never signed in"
            typer.echo("\t".join([row.name, row.shown, "shut" if row.disabled_at else "open", last, roles]))


@app.command()
def show(name: Name) -> None:
    """Show one account: what it holds, since when and by whom, and what that lets it do."""
    with open_store().connect() as connection:
        try:
            [row] = accounts(connection, only=number_of(connection, name))
        except AccountRefused as error:
            raise Failed(str(error), USAGE) from None
    for line in _told(row):
        typer.echo(line)


def _told(row: AccountRow) -> list[str]:
    ways = [way for way, has in (("password", row.by_password), ("provider", row.by_provider)) if has]
    lines = [
        f"{row.name} ({row.shown}), {'shut' if row.disabled_at else 'open'}",
        f"signs in by: {' or '.join(ways) or 'nothing so far'}",
        f"speaks for: {row.person or 'nobody'}",
    ]
    lines += [
        f"{each.role} of {each.of}, given {each.given_at:%Y-%m-%d} by {each.given_by}" for each in row.roles
    ]
    may = [f"{each} ({', '.join(of)})" if of else str(each) for each, of in comes_to(row)]
    return [*lines, f"may: {', '.join(may) or 'nothing'}; docs/rights.md says what that is"]


@app.command()
def person(
    name: Name, who: Annotated[str | None, typer.Argument(help="As sources name them; empty: nobody")] = None
) -> None:
    """Say whom of the sources' people an account is, so that it answers and acts for them."""
    _change(lambda on, now: say_person(on, number_of(on, name), who, at=now))
    typer.echo(f"{name} speaks for {who or 'nobody'}.")


@app.command("disable")
def disable_(name: Name) -> None:
    """Shut an account, at once: its sessions end and its tokens are worth nothing."""
    done = _change(lambda on, now: disable(on, number_of(on, name), at=now))
    typer.echo(f"{name} is shut." if done else f"{name} was shut already.")


@app.command("enable")
def enable_(name: Name) -> None:
    """Open an account again, with the roles it had."""
    done = _change(lambda on, now: enable(on, number_of(on, name), at=now))
    typer.echo(f"{name} is open." if done else f"{name} was open already.")


@role_app.command()
def give(
    name: Name, role: RoleName, portfolio: OfPortfolio = None, programme: OfProgramme = None,
    project: OfProject = None,
) -> None:  # fmt: skip
    """Give a role: for everything, or for one portfolio, programme or project with what it has at any time."""
    grant = _grant(role, portfolio, programme, project)
    by = whoever_types()
    done = _change(lambda on, now: give_role(on, number_of(on, name), grant, by=by, at=now))
    typer.echo(f"{name} is {grant}." if done else f"{name} was {grant} already.")


@role_app.command()
def take(
    name: Name, role: RoleName, portfolio: OfPortfolio = None, programme: OfProgramme = None,
    project: OfProject = None,
) -> None:  # fmt: skip
    """Take a role as it was given; the last administrator keeps theirs."""
    grant = _grant(role, portfolio, programme, project)
    done = _change(lambda on, now: take_role(on, number_of(on, name), grant, at=now))
    if not done:
        raise Failed(f"{name} is not {grant}; `muster account show {name}` shows what it is", USAGE)
    typer.echo(f"{name} is {grant} no more.")
