"""Saved views

Revision ID: 20261122_0030
Revises: 20261122_0029
"""

revision = "20261122_0030"
down_revision = "20261122_0029"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
