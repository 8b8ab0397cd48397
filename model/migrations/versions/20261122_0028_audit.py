"""The append-only log of who changed what

Revision ID: 20261122_0028
Revises: 20261122_0027
"""

revision = "20261122_0028"
down_revision = "20261122_0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing yet."""


def downgrade() -> None:
    """Nothing yet."""
