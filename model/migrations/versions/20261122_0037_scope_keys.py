"""Scopes are found by the keys that records name them by

Revision ID: 20261122_0037
Revises: 20261122_0036
"""

from alembic import op

revision = "20261122_0037"
down_revision = "20261122_0036"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_index(op.f("ix_scope_source_id_scope_key"), "scope", ["source_id", "key"])


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_index(op.f("ix_scope_source_id_scope_key"), table_name="scope")
