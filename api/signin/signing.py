"""Whether somebody who types a name and a password may come in."""

import math
from dataclasses import dataclass
from datetime import datetime

from starlette.requests import Request

from api.access.doors import address_of
from sync.accounts import AccountRefused, account_name
from sync.passwords import hash_of, renew_hash
from sync.sessions import refuse_sign_in
from sync.store import unit_of_work


class Refused(Exception):
    """The name and the password are not an open account's; nothing tells which of it is wrong."""


class TriedTooOften(Exception):
    """Passwords were tried for this name too often; says how many minutes to wait."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self.minutes = max(1, math.ceil(seconds / 60))


@dataclass(frozen=True, slots=True)
class Found:
    """An account whose password was typed."""

    number: int
    name: str
    shown: str


def check_password(request: Request, typed_name: str, password: str, *, now: datetime) -> Found:
    """Return whose name and password these are.

    Raises:
        Refused: They are nobody's who may sign in.
        TriedTooOften: One has to wait, whether or not they are.
    """
    state = request.app.state
    address = address_of(request.scope)
    try:
        name = account_name(typed_name)
    except AccountRefused:
        name = ""
    if (seconds := state.attempts.take(name, address)) > 0:
        raise TriedTooOften(seconds)
    with state.engine.connect() as connection:
        found = hash_of(connection, name)
    number, shown, hash_ = found or (0, "", None)
    if not state.passwords.fits(hash_, password) or hash_ is None:
        subject = f"account {name}" if found else "an unknown account"
        refuse_sign_in(state.engine, subject, "wrong name or password", at=now)
        raise Refused
    state.attempts.fitted(name, address)
    if state.passwords.is_old(hash_):
        with unit_of_work(state.engine) as connection:
            renew_hash(connection, number, hash_, state.passwords.made(password))
    return Found(number, name, shown)
