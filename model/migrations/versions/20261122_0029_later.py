"""Mends

Revision ID: 20261122_0029
Revises: 20261122_0028
"""

revision = "20261122_0029"
down_revision = "20261122_0028"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing yet."""


def downgrade() -> None:
    """Nothing yet."""
