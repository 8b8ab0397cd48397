"""Forecasts kept, and what came of them

Revision ID: 20261122_0018
Revises: 20261122_0017
"""

revision = "20261122_0018"
down_revision = "20261122_0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
