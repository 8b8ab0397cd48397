"""Keys that make a repeated write one write

Revision ID: 20261122_0022
Revises: 20261122_0021
"""

revision = "20261122_0022"
down_revision = "20261122_0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing yet."""


def downgrade() -> None:
    """Nothing yet."""
