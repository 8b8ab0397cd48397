"""Roles of PostgreSQL that may read the `bi` schema and nothing else: made, listed, taken away."""

import re
import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import psycopg.errors
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import ProgrammingError

from model.bi.build import quoted
from model.bi.declare import SCHEMA
from sync.store import raw, unit_of_work

_NAME: Final = re.compile(r"[a-z_][a-z0-9_]{0,62}")
_OURS: Final = "Reads the schema bi of Muster; made by `muster bi grant`"
_CONNECTIONS: Final = 20
_SETTINGS: Final = {
    "search_path": SCHEMA,
    "default_transaction_read_only": "on",
    "statement_timeout": "'10min'",
    "timezone": "'UTC'",
    "jit": "off",
}
_ROLE: Final = text(
    "SELECT r.oid, r.rolsuper, shobj_description(r.oid, 'pg_authid') AS says, r.rolname = current_user AS me"
    " FROM pg_roles r WHERE r.rolname = :name"
)
# Any right at all to a table, view or sequence that is neither a catalogue's nor ours to show; and other ways round.
_BEYOND: Final = text(
    """SELECT quote_ident(n.nspname) || '.' || quote_ident(c.relname) FROM pg_class c
       JOIN pg_namespace n ON n.oid = c.relnamespace
       WHERE n.nspname NOT IN ('pg_catalog', 'information_schema', :schema) AND n.nspname !~ '^pg_(toast|temp)'
         AND (CASE WHEN c.relkind IN ('r', 'v', 'm', 'f', 'p') THEN
                has_any_column_privilege(:name, c.oid, 'SELECT, INSERT, UPDATE, REFERENCES')
                OR has_table_privilege(:name, c.oid, 'DELETE, TRUNCATE, TRIGGER')
              WHEN c.relkind = 'S' THEN has_sequence_privilege(:name, c.oid, 'USAGE, SELECT, UPDATE')
              ELSE false END)
       UNION ALL SELECT 'as a member of ' || quote_ident(g.rolname) FROM pg_auth_members m
         JOIN pg_roles g ON g.oid = m.roleid JOIN pg_roles r ON r.oid = m.member WHERE r.rolname = :name
       UNION ALL SELECT 'as one that may make roles or databases, copy the server or pass row rules by'
         FROM pg_roles WHERE rolname = :name AND (rolcreaterole OR rolcreatedb OR rolreplication OR rolbypassrls)
       ORDER BY 1"""
)
_READERS: Final = text(
    """SELECT r.rolname AS name, nullif(r.rolvaliduntil, 'infinity') AS until, r.rolcanlogin AS signs_in,
              shobj_description(r.oid, 'pg_authid') = :ours AS made_here,
              (SELECT count(*) FROM pg_stat_activity a WHERE a.usesysid = r.oid) AS connections
       FROM pg_namespace n, aclexplode(n.nspacl) AS g JOIN pg_roles r ON r.oid = g.grantee
       WHERE n.nspname = :schema AND g.privilege_type = 'USAGE' AND r.oid <> n.nspowner ORDER BY 1"""
)


class CannotGrant(ValueError):
    """A role cannot be made or given what it needs; the message says why and what to do."""


class NoRightToGrant(CannotGrant):
    """Muster's own user may not make roles; `statements` are for somebody who may."""

    def __init__(self, message: str, statements: list[str]) -> None:
        super().__init__(message)
        self.statements = statements


@dataclass(frozen=True, slots=True)
class Granted:
    """A role that may read. `password` is None where the role was there before and is not ours to change."""

    name: str
    password: str | None
    made: bool


@dataclass(frozen=True, slots=True)
class BiReader:
    """A role that may read the schema. `beyond` are the things it may touch besides: there ought to be none."""

    name: str
    until: datetime | None
    signs_in: bool
    made_here: bool
    connections: int
    beyond: tuple[str, ...]


def grant(engine: Engine, name: str, *, until: datetime | None = None) -> Granted:
    """Let a role read the views; make it where there is none, and give one of ours a new password.

    Raises:
        CannotGrant: The name is none, or the role may do more already.
        NoRightToGrant: This database's user may not make roles.
    """
    said: list[str] = []
    try:
        with unit_of_work(engine) as connection:
            granted, said = _prepare(connection, name, until)
            for statement in said:
                _run(connection, statement)
            _hold(connection, name)
    except ProgrammingError as error:
        if not isinstance(error.orig, psycopg.errors.InsufficientPrivilege):
            raise
        raise NoRightToGrant(
            f"the database user of Muster may not do this ({_first_line(error)}); somebody who may can run these"
            " lines, with a password of their own",
            [re.sub(r"PASSWORD '[^']*'", "PASSWORD '…'", line) for line in said],
        ) from error
    return granted


def revoke(engine: Engine, name: str) -> bool:
    """Take the schema away from a role, end its connections, and drop it where we made it; False: no such reader."""
    with unit_of_work(engine) as connection:
        if name not in {reader.name for reader in _readers(connection)}:
            return False
        role = connection.execute(_ROLE, {"name": name}).one()
        who, database = quoted(name), quoted(str(connection.engine.url.database))
        _run(connection, f"REVOKE ALL ON ALL TABLES IN SCHEMA {SCHEMA} FROM {who}")
        _run(connection, f"REVOKE ALL ON SCHEMA {SCHEMA} FROM {who}")
        if role.says == _OURS:
            _run(connection, f"REVOKE ALL ON DATABASE {database} FROM {who}")
            # Who is no superuser may end the connections of those only whose rights it has.
            _run(connection, f"GRANT {who} TO CURRENT_USER")
            connection.execute(
                text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usesysid = :oid"),
                {"oid": role.oid},
            )
            _run(connection, f"DROP ROLE {who}")
    return True


def readers(engine: Engine) -> list[BiReader]:
    """Return the roles that may read the schema."""
    with engine.connect() as connection:
        return _readers(connection)


def _readers(connection: Connection) -> list[BiReader]:
    rows = connection.execute(_READERS, {"schema": SCHEMA, "ours": _OURS}).all()
    return [
        BiReader(
            row.name, row.until, row.signs_in, bool(row.made_here), row.connections,
            _beyond(connection, row.name),
        )
        for row in rows
    ]  # fmt: skip


def _prepare(connection: Connection, name: str, until: datetime | None) -> tuple[Granted, list[str]]:
    if not _NAME.fullmatch(name) or name.startswith("pg_"):
        raise CannotGrant(
            f"{name!r} is no name for a role: small letters, digits and _, at most 63, not pg_…"
        )
    role = connection.execute(_ROLE, {"name": name}).one_or_none()
    if role is not None and (role.rolsuper or role.me):
        raise CannotGrant(f"{name} may do everything here already; choose a role that may do nothing else")
    who, database = quoted(name), quoted(str(connection.engine.url.database))
    said, password = [], None
    if role is None or role.says == _OURS:
        password = secrets.token_urlsafe(24)
        verb = "CREATE" if role is None else "ALTER"
        said.append(f"{verb} ROLE {who} WITH {_options(connection, name, password, until)}")
        said.append(f"COMMENT ON ROLE {who} IS '{_OURS}'")
        said += [
            f"ALTER ROLE {who} IN DATABASE {database} SET {key} = {value}" for key, value in _SETTINGS.items()
        ]
    said.append(f"GRANT CONNECT ON DATABASE {database} TO {who}")
    said.append(f"GRANT USAGE ON SCHEMA {SCHEMA} TO {who}")
    said.append(f"GRANT SELECT ON ALL TABLES IN SCHEMA {SCHEMA} TO {who}")
    return Granted(name, password, made=role is None), said


def _options(connection: Connection, name: str, password: str, until: datetime | None) -> str:
    # Only what the password is checked with is sent, so that it stands in no log of the server.
    sealed = (
        raw(connection).pgconn.encrypt_password(password.encode(), name.encode(), b"scram-sha-256").decode()
    )
    end = "infinity" if until is None else until.isoformat()
    return f"LOGIN CONNECTION LIMIT {_CONNECTIONS} PASSWORD '{sealed}' VALID UNTIL '{end}'"


def _hold(connection: Connection, name: str) -> None:
    """Hold a role to what it is for, whatever it, or everybody, was given before.

    Raises:
        CannotGrant: It may touch something besides.
    """
    if beyond := _beyond(connection, name):
        listed = ", ".join(beyond[:5]) + (f" and {len(beyond) - 5} more" if len(beyond) > 5 else "")  # noqa: PLR2004 - a line
        raise CannotGrant(
            f"{name} could touch more than schema {SCHEMA}: {listed}. Take that away from it, or from PUBLIC, first"
        )


def _beyond(connection: Connection, name: str) -> tuple[str, ...]:
    return tuple(connection.scalars(_BEYOND, {"name": name, "schema": SCHEMA}))


def _first_line(error: Any) -> str:
    return str(error.orig).strip().partition("\n")[0]


def _run(connection: Connection, statement: str) -> None:
    connection.exec_driver_sql(statement, execution_options={"no_parameters": True})
