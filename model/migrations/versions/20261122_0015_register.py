"""Contracts, benefits, roles and reviews

Revision ID: 20261122_0015
Revises: 20261122_0014
"""

revision = "20261122_0015"
down_revision = "20261122_0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
