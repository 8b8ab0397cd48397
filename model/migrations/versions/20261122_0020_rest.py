"""Writes that may be repeated

Revision ID: 20261122_0020
Revises: 20261122_0019
"""

revision = "20261122_0020"
down_revision = "20261122_0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
