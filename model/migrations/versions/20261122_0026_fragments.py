"""Stored fragments of the feed

Revision ID: 20261122_0026
Revises: 20261122_0025
"""

revision = "20261122_0026"
down_revision = "20261122_0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing yet."""


def downgrade() -> None:
    """Nothing yet."""
