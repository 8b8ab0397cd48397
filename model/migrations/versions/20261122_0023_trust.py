"""Receipts of roll-ups

Revision ID: 20261122_0023
Revises: 20261122_0022
"""

revision = "20261122_0023"
down_revision = "20261122_0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing yet."""


def downgrade() -> None:
    """Nothing yet."""
