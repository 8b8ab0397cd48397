"""Build the views of the `bi` schema, and build them anew whenever they are declared otherwise.

They are no part of the revisions: `migrate` builds them after those, so that a revision that changes a table
says `DROP VIEW` of what reads it and nothing more. Who may use the schema may read every view in it.
"""

import hashlib
import logging
from collections.abc import Sequence
from functools import cache
from typing import Final

import psycopg.errors
from sqlalchemy import Connection, text
from sqlalchemy.exc import ProgrammingError

from model.bi import dimensions, record_facts, status_facts, work_facts
from model.bi.declare import SCHEMA, View, comments, literal, quoted, run
from model.bi.limited import build_limited, limited, statements, taken_away

log = logging.getLogger(__name__)

_SAYS: Final = "Muster for SQL tools: a star schema of views, documented in their comments. Definition"
_READERS: Final = text(
    "SELECT DISTINCT r.rolname FROM pg_namespace n, aclexplode(n.nspacl) AS g JOIN pg_roles r ON r.oid = g.grantee"
    " WHERE n.nspname = :schema AND g.privilege_type = 'USAGE' AND r.oid <> n.nspowner ORDER BY 1"
)


@cache
def views() -> tuple[View, ...]:
    """Return the views in the order in which they are listed: dimensions, bridges, facts."""
    found = [
        dimensions.dim_date(),
        dimensions.dim_portfolio(),
        dimensions.dim_programme(),
        dimensions.dim_project(),
        dimensions.dim_person(),
        dimensions.dim_source(),
        dimensions.dim_iteration(),
        dimensions.bridge_programme_project(),
        work_facts.bridge_work_item_iteration(),
        status_facts.fact_status(),
        status_facts.fact_status_dimension(),
        status_facts.fact_status_measure(),
        status_facts.fact_rate(),
        record_facts.fact_milestone(),
        record_facts.fact_raid_item(),
        record_facts.fact_cost(),
        record_facts.fact_contract(),
        record_facts.fact_benefit(),
        record_facts.fact_role(),
        record_facts.fact_utilisation(),
        record_facts.fact_quality_review(),
        record_facts.fact_baseline(),
        record_facts.fact_change_request(),
        record_facts.fact_decision(),
        work_facts.fact_work_item(),
        work_facts.fact_work_item_field(),
        work_facts.fact_work_item_change(),
        work_facts.fact_finding(),
        work_facts.fact_claim(),
        work_facts.fact_run(),
    ]
    return tuple(found)


def build(connection: Connection) -> None:
    """Build what is missing or declared otherwise, in the caller's transaction; else ask one question."""
    wanted = f"{_SAYS} {_digest(views())}"
    now = connection.scalar(
        text("SELECT obj_description(to_regnamespace(:schema), 'pg_namespace')"), {"schema": SCHEMA}
    )
    if now == wanted:
        return
    if not _there(connection):
        return
    narrower = limited(connection)
    for each in narrower:
        run(connection, "; ".join(taken_away(views(), each.schema)))
    for view in views():
        _build(connection, view)
    run(connection, "; ".join(comments(views())))
    for each in narrower:
        build_limited(connection, views(), each)
    for schema in (SCHEMA, *(each.schema for each in narrower)):
        for reader in connection.scalars(_READERS, {"schema": schema}).all():
            run(connection, f"GRANT SELECT ON ALL TABLES IN SCHEMA {quoted(schema)} TO {quoted(reader)}")
    run(connection, f"COMMENT ON SCHEMA {SCHEMA} IS {literal(wanted)}")


def _there(connection: Connection) -> bool:
    """Make the schema where it is not; False where this user may not, which keeps nobody from anything else."""
    there, may = connection.execute(
        text(
            "SELECT to_regnamespace(:schema) IS NOT NULL, has_database_privilege(current_database(), 'CREATE')"
        ),
        {"schema": SCHEMA},
    ).one()
    if not there and not may:
        log.warning(
            "no views for SQL tools: this database's user may not make schema %s (docs/sql.md)", SCHEMA
        )
        return False
    if not there:
        run(connection, f"CREATE SCHEMA {SCHEMA}")
    return True


def _build(connection: Connection, view: View) -> None:
    statement = f"CREATE OR REPLACE VIEW {SCHEMA}.{view.name} AS {view.select}"
    try:
        with connection.begin_nested():
            run(connection, statement)
    except ProgrammingError as error:
        if not isinstance(error.orig, psycopg.errors.InvalidTableDefinition):
            raise
        # More than columns added at its end: it cannot be replaced, and what stands on it stops this here.
        run(connection, f"DROP VIEW {SCHEMA}.{view.name}")
        run(connection, statement)


def _digest(declared: Sequence[View]) -> str:
    # The narrower ones, too, of no project: what they hold back is built anew when it is declared otherwise.
    narrower = statements(declared, "narrower", ())
    told = "\n".join([view.select for view in declared] + comments(declared) + narrower)
    return hashlib.sha256(told.encode()).hexdigest()[:16]
