"""What the feed follows changes by

Revision ID: 20261122_0024
Revises: 20261122_0023
"""

revision = "20261122_0024"
down_revision = "20261122_0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing yet."""


def downgrade() -> None:
    """Nothing yet."""
