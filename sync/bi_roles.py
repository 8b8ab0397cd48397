"""Roles of PostgreSQL that may read the `bi` schema and no other table: made and listed."""

import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import psycopg.errors
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import InternalError, ProgrammingError

from model.bi.build import views
from model.bi.declare import SCHEMA, quoted, run
from model.bi.limited import Limited, limited, schema_of, statements, taken_away
from sync.audit import record
from sync.bi_closed import besides, close, owned
from sync.store import raw, unit_of_work

_NAME: Final = re.compile(r"[a-z_][a-z0-9_]{0,59}")
OURS: Final = "Reads the schema bi of Muster; made by `muster bi grant`"
_CONNECTIONS: Final = 20
_SETTINGS: Final = {
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
_PROJECTS: Final = text("SELECT key, id FROM project WHERE key = ANY(:keys)")
_KEYS: Final = text("SELECT key FROM project WHERE id = ANY(:ids) ORDER BY key")


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
    """A role that may read the schema. `beyond` are the tables it may touch besides: there ought to be none.

    `besides` is what else it may make or call, `owned` what it owns already, here and in other databases.
    """

    name: str
    until: datetime | None
    signs_in: bool
    made_here: bool
    connections: int
    beyond: tuple[str, ...]
    besides: tuple[str, ...]
    owned: tuple[str, ...]
    projects: tuple[str, ...] | None = None  # None: all


def grant(
    engine: Engine,
    name: str,
    *,
    until: datetime | None = None,
    projects: Sequence[str] | None = None,
    own_server: bool = False,
) -> Granted:
    """Let a role read the views; make it where there is none, and give one of ours a new password.

    Args:
        engine: Muster's own.
        name: The role.
        until: When its password ends; None: never.
        projects: The keys of the projects it may see. None: all, or those it was held to before.
        own_server: The server is Muster's own, so that what everybody may do there is Muster's to say.

    Raises:
        CannotGrant: The name is none, a project is unknown, or the role may do more already.
        NoRightToGrant: This database's user may not make roles.
    """
    said: list[str] = []
    try:
        with unit_of_work(engine) as connection:
            held = _held_to(connection, name, projects)
            granted, said = _prepare(connection, name, until, held)
            for statement in said:
                run(connection, statement)
            close(connection, own_server=own_server, ours=OURS)
            _hold(connection, name, SCHEMA if held is None else held.schema)
            record(
                connection,
                "bi.granted",
                f"role {name}",
                {"until": until, "projects": projects, "made": granted.made},
            )
    except (ProgrammingError, InternalError) as error:
        if isinstance(error.orig, psycopg.errors.DuplicateSchema):
            raise CannotGrant(
                f"there is a schema {schema_of(name)} of somebody else's; choose another name"
            ) from error
        if isinstance(error.orig, psycopg.errors.DependentObjectsStillExist):
            raise CannotGrant(
                f"something stands on the views of schema {schema_of(name)}; drop that first, or choose another name"
            ) from error
        if not isinstance(error.orig, psycopg.errors.InsufficientPrivilege):
            raise
        raise NoRightToGrant(
            f"the database user of Muster may not do this ({_first_line(error)}); somebody who may can run these"
            " lines, with a password of their own",
            [re.sub(r"PASSWORD '[^']*'", "PASSWORD '…'", line) for line in said],
        ) from error
    return granted


def readers(engine: Engine) -> list[BiReader]:
    """Return the roles that may read the views, of all projects or of some."""
    with engine.connect() as connection:
        return _readers(connection)


def _readers(connection: Connection) -> list[BiReader]:
    found = []
    for held in (None, *limited(connection)):
        schema = SCHEMA if held is None else held.schema
        keys = None if held is None else tuple(connection.scalars(_KEYS, {"ids": list(held.projects)}))
        found += [
            BiReader(
                row.name, row.until, row.signs_in, bool(row.made_here), row.connections,
                _beyond(connection, row.name, schema), besides(connection, row.name),
                owned(connection, row.name), keys,
            )
            for row in connection.execute(_READERS, {"schema": schema, "ours": OURS}).all()
        ]  # fmt: skip
    return found


def role_of(connection: Connection, name: str) -> Any:
    """Return what the server says of a role; None: there is none."""
    return connection.execute(_ROLE, {"name": name}).one_or_none()


def schemas_read(connection: Connection, name: str) -> list[str]:
    """Return which of our schemas a role may use."""
    schemas = [SCHEMA, *(each.schema for each in limited(connection))]
    return [
        schema
        for schema in schemas
        if name in {row.name for row in connection.execute(_READERS, {"schema": schema, "ours": OURS})}
    ]


def _held_to(connection: Connection, name: str, projects: Sequence[str] | None) -> Limited | None:
    schema = schema_of(name)
    if projects is None:  # a new password must not widen what is seen
        return next((each for each in limited(connection) if each.schema == schema), None)
    known = {row.key: row.id for row in connection.execute(_PROJECTS, {"keys": list(projects)})}
    if unknown := sorted(set(projects) - known.keys()):
        raise CannotGrant(f"no such project: {', '.join(unknown)}; `muster status` lists them")
    return Limited(schema, tuple(known.values()))


def _taken_back(connection: Connection, name: str) -> list[str]:
    """Return what takes every right to the views from a role."""
    who = quoted(name)
    return [
        f"REVOKE ALL ON ALL TABLES IN SCHEMA {SCHEMA} FROM {who}",
        f"REVOKE ALL ON SCHEMA {SCHEMA} FROM {who}",
        *own_dropped(connection, name),
    ]


def own_dropped(connection: Connection, name: str) -> list[str]:
    """Return what drops a role's own schema, where it has one."""
    own = schema_of(name)
    if own not in {each.schema for each in limited(connection)}:
        return []
    return [*taken_away(views(), own), f"DROP SCHEMA {quoted(own)}"]


def _prepare(
    connection: Connection, name: str, until: datetime | None, held: Limited | None
) -> tuple[Granted, list[str]]:
    if not _NAME.fullmatch(name) or name.startswith("pg_"):
        raise CannotGrant(
            f"{name!r} is no name for a role: small letters, digits and _, at most 60, not pg_…"
        )
    role = role_of(connection, name)
    if role is not None and (role.rolsuper or role.me):
        raise CannotGrant(f"{name} may do everything here already; choose a role that may do nothing else")
    who, database = quoted(name), quoted(str(connection.engine.url.database))
    schema = SCHEMA if held is None else held.schema
    said = own_dropped(connection, name) if role is None else _taken_back(connection, name)
    password = None
    if held is not None:
        said += [f"CREATE SCHEMA {quoted(schema)}", *statements(views(), schema, held.projects)]
    if role is None or role.says == OURS:
        password = secrets.token_urlsafe(24)
        verb = "CREATE" if role is None else "ALTER"
        said.append(f"{verb} ROLE {who} WITH {_options(connection, name, password, until)}")
        said.append(f"COMMENT ON ROLE {who} IS '{OURS}'")
        settings = {"search_path": schema, **_SETTINGS}
        said += [
            f"ALTER ROLE {who} IN DATABASE {database} SET {key} = {value}" for key, value in settings.items()
        ]
    said.append(f"GRANT CONNECT ON DATABASE {database} TO {who}")
    said.append(f"GRANT USAGE ON SCHEMA {quoted(schema)} TO {who}")
    said.append(f"GRANT SELECT ON ALL TABLES IN SCHEMA {quoted(schema)} TO {who}")
    return Granted(name, password, made=role is None), said


def _options(connection: Connection, name: str, password: str, until: datetime | None) -> str:
    # Only what the password is checked with is sent, so that it stands in no log of the server.
    sealed = (
        raw(connection).pgconn.encrypt_password(password.encode(), name.encode(), b"scram-sha-256").decode()
    )
    end = "infinity" if until is None else until.isoformat()
    return f"LOGIN CONNECTION LIMIT {_CONNECTIONS} PASSWORD '{sealed}' VALID UNTIL '{end}'"


def _hold(connection: Connection, name: str, schema: str) -> None:
    """Hold a role to what it is for, whatever it, or everybody, was given before.

    Raises:
        CannotGrant: It may touch something besides.
    """
    if beyond := _beyond(connection, name, schema):
        listed = ", ".join(beyond[:5]) + (f" and {len(beyond) - 5} more" if len(beyond) > 5 else "")  # noqa: PLR2004 - a line
        raise CannotGrant(
            f"{name} could touch more than schema {schema}: {listed}. Take that away from it, or from PUBLIC, first"
        )


def _beyond(connection: Connection, name: str, schema: str) -> tuple[str, ...]:
    return tuple(connection.scalars(_BEYOND, {"name": name, "schema": schema}))


def _first_line(error: Any) -> str:
    return str(error.orig).strip().partition("\n")[0]
