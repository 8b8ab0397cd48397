"""Baselines, and what measures are computed from

Revision ID: 20261122_0014
Revises: 20261122_0013
"""

revision = "20261122_0014"
down_revision = "20261122_0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
