"""The job queue: Procrastinate's own tables, in the version this project pins

Revision ID: 20261122_0002
Revises: 20261122_0001
"""

from typing import Any

import psycopg
from alembic import op
from procrastinate.schema import SchemaManager

revision = "20261122_0002"
down_revision = "20261122_0001"
branch_labels = None
depends_on = None


def _driver() -> psycopg.Connection[Any]:
    """By the driver itself: the text holds percent signs that are not parameters."""
    driver = op.get_bind().connection.driver_connection
    assert isinstance(driver, psycopg.Connection)
    return driver


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    _driver().execute(SchemaManager.get_schema())


def downgrade() -> None:
    _driver().execute(
        """
        DROP TABLE procrastinate_periodic_defers, procrastinate_events, procrastinate_jobs,
          procrastinate_workers CASCADE;
        DO $$
        DECLARE each record;
        BEGIN
          FOR each IN SELECT oid::regprocedure AS name FROM pg_proc WHERE proname LIKE 'procrastinate%' LOOP
            EXECUTE 'DROP FUNCTION IF EXISTS ' || each.name || ' CASCADE';
          END LOOP;
          FOR each IN SELECT typname AS name FROM pg_type WHERE typname LIKE 'procrastinate%' AND typtype IN ('e', 'c') LOOP
            EXECUTE 'DROP TYPE IF EXISTS ' || each.name || ' CASCADE';
          END LOOP;
        END $$
        """
    )
