"""Findings as a queue

Revision ID: 20261122_0010
Revises: 20261122_0009
"""

from alembic import op

revision = "20261122_0010"
down_revision = "20261122_0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
