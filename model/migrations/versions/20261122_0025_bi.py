"""The bi schema: views for SQL tools, which `model.bi.build` builds

Revision ID: 20261122_0025
Revises: 20261122_0024
"""

from alembic import op

revision = "20261122_0025"
down_revision = "20261122_0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing: the schema and its views are built after all revisions."""


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("DROP SCHEMA IF EXISTS bi CASCADE")
