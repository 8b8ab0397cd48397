"""Take the views away from a role of PostgreSQL, whatever it has made meanwhile, and drop it where we made it."""

from dataclasses import dataclass, replace
from typing import Any, Final

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError

from model.bi.declare import quoted, run
from model.bi.limited import schema_of
from sync.audit import record
from sync.bi_roles import OURS, own_dropped, role_of, schemas_read
from sync.store import unit_of_work

_END: Final = text(
    "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE usesysid = :oid AND pid <> pg_backend_pid()"
)
# Things that last: a session's own tables went with it.
_OWNED: Final = text(
    "SELECT pg_describe_object(s.classid, s.objid, s.objsubid) FROM pg_shdepend s"
    " JOIN pg_database d ON d.oid = s.dbid AND d.datname = current_database()"
    " WHERE s.refclassid = 'pg_authid'::regclass AND s.refobjid = :oid AND s.deptype = 'o' ORDER BY 1"
)
_ELSEWHERE: Final = text(
    "SELECT DISTINCT d.datname FROM pg_shdepend s JOIN pg_database d ON d.oid = s.dbid"
    " WHERE s.refclassid = 'pg_authid'::regclass AND s.refobjid = :oid AND d.datname <> current_database()"
    " ORDER BY 1"
)


@dataclass(frozen=True, slots=True)
class Revoked:
    """A role that reads no more.

    `inherited` are the things it had made here: they are kept, and belong to Muster's user now. `stays` says what
    of it could not be cleared away, None where nothing is left; `todo` are the lines that do so, for who may.
    """

    inherited: tuple[str, ...] = ()
    stays: str | None = None
    todo: tuple[str, ...] = ()


def revoke(engine: Engine, name: str) -> Revoked | None:
    """Take the views away from a role, end its connections, and drop it where we made it; None: no such reader.

    That it reads no more is committed first, so that nothing it made or holds keeps it reading.
    """
    with unit_of_work(engine) as connection:
        role = role_of(connection, name)
        ours = role is not None and role.says == OURS
        read = schemas_read(connection, name)
        if role is None or not (read or ours):
            return None
        for schema in read:
            run(connection, f"REVOKE ALL ON ALL TABLES IN SCHEMA {quoted(schema)} FROM {quoted(name)}")
            run(connection, f"REVOKE ALL ON SCHEMA {quoted(schema)} FROM {quoted(name)}")
        shut = _tried(connection, [f"ALTER ROLE {quoted(name)} NOLOGIN"]) if ours else None
        record(connection, "bi.revoked", f"role {name}")
    with unit_of_work(engine) as connection:
        found = Revoked()
        if shut is not None:
            found = Revoked(stays=f"the role itself stays ({shut})", todo=_lines(name))
        elif ours:
            found = _ended(connection, name, role.oid)
        if (why := _tried(connection, own_dropped(connection, name))) is not None:
            stays = f"its schema {schema_of(name)} stays ({why})"
            found = replace(
                found,
                stays=stays if found.stays is None else f"{found.stays}, and {stays}",
                todo=(f"DROP SCHEMA {quoted(schema_of(name))} CASCADE", *found.todo),
            )
    return found


def _ended(connection: Connection, name: str, oid: int) -> Revoked:
    """End a role's connections and drop it; what it made here is kept."""
    who = quoted(name)
    # Who is no superuser may end the connections of those only whose rights it has.
    if (why := _tried(connection, [f"GRANT {who} TO CURRENT_USER"])) is not None:
        return Revoked(stays=f"the role itself stays, and cannot sign in ({why})", todo=_lines(name))
    connection.execute(_END, {"oid": oid})
    owned = tuple(connection.scalars(_OWNED, {"oid": oid}))
    # The second takes what it was given: nothing of its own is left by then.
    cleared = [f"REASSIGN OWNED BY {who} TO CURRENT_USER", f"DROP OWNED BY {who}"]
    if (why := _tried(connection, cleared)) is not None:
        return Revoked(stays=f"the role itself stays, and cannot sign in ({why})", todo=_lines(name))
    if elsewhere := connection.scalars(_ELSEWHERE, {"oid": oid}).all():
        return Revoked(
            inherited=owned,
            stays="the role itself stays, and cannot sign in: it owns or was given something in database "
            + ", ".join(elsewhere),
            todo=(
                *(f"\\connect {quoted(each)}\n  DROP OWNED BY {who}" for each in elsewhere),
                f"DROP ROLE {who}",
            ),
        )
    if (why := _tried(connection, [f"DROP ROLE {who}"])) is not None:
        return Revoked(owned, f"the role itself stays, and cannot sign in ({why})", _lines(name))
    return Revoked(inherited=owned)


def _lines(name: str) -> tuple[str, ...]:
    who = quoted(name)
    return (
        f"ALTER ROLE {who} NOLOGIN",
        f"REASSIGN OWNED BY {who} TO CURRENT_USER",
        f"DROP OWNED BY {who}",
        f"DROP ROLE {who}",
    )


def _tried(connection: Connection, statements: list[str]) -> str | None:
    """Carry out all of the statements or none, and return why none; None: they are done."""
    try:
        with connection.begin_nested():
            for statement in statements:
                run(connection, statement)
    except DBAPIError as error:
        if connection.invalidated:
            raise
        return _first_line(error)
    return None


def _first_line(error: Any) -> str:
    return str(error.orig).strip().partition("\n")[0]
