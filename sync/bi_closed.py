"""What any role of PostgreSQL may do without being given it: taken away where that is ours, and told where not."""

from typing import Final

from sqlalchemy import Connection, text

from model.bi.declare import quoted, run

# Those by which an ordinary role makes or fills a large object; `lo_import` is a superuser's alone as it comes.
_LARGE: Final = "('lo_create', 'lo_creat', 'lo_from_bytea', 'lo_import', 'lo_put')"
_OF_PUBLIC: Final = text(
    f"""SELECT p.oid::regprocedure::text FROM pg_proc p WHERE p.pronamespace = 'pg_catalog'::regnamespace
        AND p.proname IN {_LARGE} AND pg_has_role(p.proowner, 'USAGE')
        AND has_function_privilege('public', p.oid, 'EXECUTE') ORDER BY 1"""
)
_TEMP: Final = text(
    "SELECT pg_has_role(d.datdba, 'USAGE') AND has_database_privilege('public', d.oid, 'TEMP')"
    " FROM pg_database d WHERE d.datname = current_database()"
)
# Somebody else who signs in to this database may live by what is taken from everybody.
_OTHERS: Final = text(
    """SELECT EXISTS (SELECT 1 FROM pg_roles r, pg_database d WHERE d.datname = current_database()
         AND r.rolcanlogin AND NOT r.rolsuper AND r.rolname <> current_user
         AND NOT pg_has_role(r.oid, d.datdba, 'USAGE') AND has_database_privilege(r.oid, d.oid, 'CONNECT')
         AND shobj_description(r.oid, 'pg_authid') IS DISTINCT FROM :ours)"""
)
_BESIDES: Final = text(
    f"""SELECT says FROM (
          SELECT 1 AS at, 'temporary tables' AS says
            WHERE has_database_privilege(:name, current_database(), 'TEMP')
          UNION ALL SELECT 2, 'large objects' WHERE EXISTS (SELECT 1 FROM pg_proc p
            WHERE p.pronamespace = 'pg_catalog'::regnamespace AND p.proname IN {_LARGE}
              AND has_function_privilege(:name, p.oid, 'EXECUTE'))
          UNION ALL SELECT 3, 'schemas of its own' WHERE has_database_privilege(:name, current_database(), 'CREATE')
          UNION ALL SELECT 4, 'tables in schema ' || quote_ident(n.nspname) FROM pg_namespace n
            WHERE n.nspname !~ '^pg_(toast|temp)' AND has_schema_privilege(:name, n.oid, 'CREATE')
          UNION ALL SELECT 5, 'calls of ' || p.oid::regprocedure || ' as ' || quote_ident(o.rolname)
            FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace JOIN pg_roles o ON o.oid = p.proowner
            WHERE p.prosecdef AND o.rolname <> :name AND n.nspname NOT IN ('pg_catalog', 'information_schema')
              AND has_schema_privilege(:name, n.oid, 'USAGE') AND has_function_privilege(:name, p.oid, 'EXECUTE')
        ) found ORDER BY at, says"""
)
_OWNS: Final = text(
    """SELECT CASE WHEN s.dbid = d.oid OR s.dbid = 0 THEN pg_describe_object(s.classid, s.objid, s.objsubid)
              ELSE 'something in database ' || quote_ident(e.datname) END AS says
       FROM pg_shdepend s JOIN pg_roles r ON r.oid = s.refobjid AND r.rolname = :name
         JOIN pg_database d ON d.datname = current_database() LEFT JOIN pg_database e ON e.oid = s.dbid
       WHERE s.refclassid = 'pg_authid'::regclass AND s.deptype = 'o' GROUP BY 1 ORDER BY 1"""
)


def close(connection: Connection, *, own_server: bool, ours: str) -> None:
    """Take temporary tables and large objects from everybody but this user, where we may and it hurts nobody.

    Args:
        connection: Of Muster's user.
        own_server: The server is Muster's own; on another, nothing changes while others sign in to this database.
        ours: What the comment on the roles made here says.
    """
    if not own_server and connection.scalar(_OTHERS, {"ours": ours}):
        return
    database = quoted(str(connection.scalar(text("SELECT current_database()"))))
    if connection.scalar(_TEMP):
        run(connection, f"GRANT TEMPORARY ON DATABASE {database} TO CURRENT_USER")
        run(connection, f"REVOKE TEMPORARY ON DATABASE {database} FROM PUBLIC")
    for function in connection.scalars(_OF_PUBLIC).all():
        run(connection, f"REVOKE EXECUTE ON FUNCTION pg_catalog.{function} FROM PUBLIC")


def besides(connection: Connection, name: str) -> tuple[str, ...]:
    """Return what a role may make or call besides reading, as far as it can be taken away."""
    return tuple(connection.scalars(_BESIDES, {"name": name}))


def owned(connection: Connection, name: str) -> tuple[str, ...]:
    """Return what a role owns, here and in other databases of the server."""
    return tuple(connection.scalars(_OWNS, {"name": name}))
