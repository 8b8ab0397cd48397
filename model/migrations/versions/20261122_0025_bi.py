"""The bi schema: views for SQL tools

Revision ID: 20261122_0025
Revises: 20261122_0024
"""

revision = "20261122_0025"
down_revision = "20261122_0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing yet."""


def downgrade() -> None:
    """Nothing yet."""
