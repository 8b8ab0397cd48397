"""Sign a client in as a browser does: by the forms that are shown, with their tokens."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from argon2 import PasswordHasher
from fastapi import FastAPI
from sqlalchemy import Engine
from starlette.testclient import TestClient

from api.app import create_app
from api.signin.attempts import Attempts
from api.signin.passwords import Passwords
from api.signin.ways_in import WaysIn
from config.database import open_engine
from sync.accounts import Grant, NewAccount, add_account, give_role
from sync.passwords import set_password
from sync.store import unit_of_work
from tests.support.databases import cloned

PASSWORD = "melon tractor violet"
QUICK = Passwords(PasswordHasher(1, 8, 1))

_TOKEN = re.compile(r'name="csrf" value="([^"]+)"')


def form_token(visitor: TestClient, page: str = "/sign-in") -> str:
    """Return the token of the forms on a page."""
    found = _TOKEN.search(visitor.get(page, headers={"Accept": "text/html"}).text)
    assert found is not None, f"no form on {page}"
    return found.group(1)


def post_form(
    visitor: TestClient, page: str, path: str, *, headers: Mapping[str, str] | None = None, **fields: str
) -> Any:
    """Post a form that is shown on a page."""
    token = form_token(visitor, page)
    return visitor.post(path, data={"csrf": token, **fields}, headers=headers)


def sign_in(
    visitor: TestClient, token: str, going: str = "/", *, headers: Mapping[str, str] | None = None
) -> Any:
    """Sign in by a pasted token."""
    fields = {"token": token, "next": going}
    return post_form(visitor, "/sign-in", "/sign-in", headers=headers, **fields)


def follow(visitor: TestClient, link: str) -> Any:
    """Open a one-time link and confirm it."""
    parts = urlsplit(link)
    page = f"{parts.path}?{parts.query}"
    asked = dict(parse_qsl(parts.query))
    return post_form(visitor, page, "/sign-in/link", ticket=asked["token"], next=asked.get("next", "/"))


@dataclass
class Shop:
    """One application on a database of its own, which people sign in to with passwords."""

    url: str
    engine: Engine
    app: FastAPI
    now: float = 0.0  # of the clock by which tries are counted
    numbers: dict[str, int] = field(default_factory=dict)

    def visit(self, base: str = "http://testserver") -> TestClient:
        return TestClient(self.app, base_url=base, raise_server_exceptions=False, follow_redirects=False)

    def add(self, name: str, *roles: str) -> int:
        """Add an account with a password and roles; a reader where none is given."""
        at = datetime.now(UTC)
        with unit_of_work(self.engine) as connection:
            number = add_account(connection, NewAccount(name), at=at)
            for role in roles or ("reader",):
                give_role(connection, number, Grant(role), by="test", at=at)
            set_password(connection, number, QUICK.made(PASSWORD), at=at)
        return number

    def signed_in(self, name: str) -> TestClient:
        """Return a client of somebody who is signed in."""
        visitor = self.visit()
        assert type_in(visitor, name).status_code == 303
        return visitor


@contextmanager
def shop_on(template_url: str) -> Iterator[Shop]:
    """Give a shop for the length of a block."""
    with cloned(template_url) as url:
        engine = open_engine(url)
        shop = Shop(url, engine, create_app(engine, ways_in=WaysIn(passwords=QUICK)))
        shop.app.state.attempts = Attempts(lambda: shop.now)
        yield shop
        engine.dispose()


def type_in(visitor: TestClient, name: str, password: str = PASSWORD, going: str = "/") -> Any:
    """Sign in by a name and a password."""
    return post_form(visitor, "/sign-in", "/sign-in", name=name, password=password, next=going)
