"""SQL as a role for BI tools asks it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from sqlalchemy import Connection, Engine, NullPool, create_engine, text
from sqlalchemy.exc import ProgrammingError


def rows(engine: Engine, statement: str, **bound: Any) -> list[Any]:
    with engine.connect() as connection:
        return list(connection.execute(text(statement), bound))


@contextmanager
def as_role(engine: Engine, name: str) -> Iterator[Connection]:
    reader = create_engine(engine.url.set(username=name), isolation_level="AUTOCOMMIT", poolclass=NullPool)
    with reader.connect() as connection:
        yield connection


def refused(connection: Connection, statement: str) -> None:
    with pytest.raises(ProgrammingError) as caught:
        connection.execute(text(statement))
    assert isinstance(caught.value.orig, psycopg.errors.InsufficientPrivilege), (statement, caught.value)
