"""Programmes a project belongs to, rates, and roll-ups

Revision ID: 20261122_0019
Revises: 20261122_0018
"""

revision = "20261122_0019"
down_revision = "20261122_0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
