"""`muster account admin` and `password`: the first administrator, and a password from whoever runs the server."""

import os
from datetime import UTC, datetime
from typing import Annotated, Final

import typer
from sqlalchemy import Connection

from api.cli.common import USAGE, Failed, open_store, whoever_types
from api.signin.passwords import Passwords
from model.password import fault
from model.rights import ADMINISTRATOR
from sync.accounts import (
    AccountRefused,
    Grant,
    NewAccount,
    NoSuchAccount,
    account_name,
    add_account,
    enable,
    give_role,
    number_of,
)
from sync.passwords import set_password
from sync.store import unit_of_work

VARIABLE: Final = "MUSTER_PASSWORD"
Name = Annotated[str, typer.Argument(help="What is typed to sign in: an address or a name")]


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.command("admin")(admin)
    app.command("password")(password)


def admin(name: Name) -> None:
    """Make somebody an administrator, with a password typed here or taken from MUSTER_PASSWORD.

    An account that is there gets the role and the new password, and is open: so one gets in again.
    """
    hash_ = _asked(name)
    try:
        with unit_of_work(open_store()) as connection:
            make_administrator(connection, name, hash_, at=datetime.now(UTC))
    except AccountRefused as error:
        raise Failed(str(error), USAGE) from None
    typer.echo(f"{account_name(name)} is an administrator, and signs in on /sign-in with this password.")


def make_administrator(connection: Connection, name: str, hash_: str, *, at: datetime) -> int:
    """Make somebody an open administrator with the password of a hash, whatever they were before.

    Raises:
        AccountRefused: The name cannot be one.
    """
    try:
        number = number_of(connection, name)
    except NoSuchAccount:
        number = add_account(connection, NewAccount(name), at=at)
    enable(connection, number, at=at)
    give_role(connection, number, Grant(ADMINISTRATOR), by=whoever_types(), at=at)
    set_password(connection, number, hash_, at=at)
    return number


def password(name: Name) -> None:
    """Give an account a new password, typed here or taken from MUSTER_PASSWORD; its sessions end."""
    hash_ = _asked(name)
    try:
        with unit_of_work(open_store()) as connection:
            ended = set_password(connection, number_of(connection, name), hash_, at=datetime.now(UTC))
    except AccountRefused as error:
        raise Failed(str(error), USAGE) from None
    typer.echo(f"{name} has a new password; sessions ended: {ended}.")


def _asked(name: str) -> str:
    """Return the hash of a password that was typed twice, or stands in the environment.

    Raises:
        Failed: It is none that is taken, or the name is none.
    """
    try:
        account_name(name)
    except AccountRefused as error:
        raise Failed(str(error), USAGE) from None
    typed = os.environ.get(VARIABLE) or str(
        typer.prompt("Password", hide_input=True, confirmation_prompt="The same again", err=True)
    )
    if wrong := fault(typed, name, "muster"):
        raise Failed(wrong, USAGE)
    return Passwords().made(typed)
