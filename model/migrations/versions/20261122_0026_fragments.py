"""What is counted most of work items, out of an index

Revision ID: 20261122_0026
Revises: 20261122_0025
"""

from alembic import op

revision = "20261122_0026"
down_revision = "20261122_0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    columns = ["status_category", "hub_type", "created_at", "points", "remaining_hours"]
    op.create_index("ix_work_item_counted", "work_item", columns)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_index("ix_work_item_counted", "work_item")
