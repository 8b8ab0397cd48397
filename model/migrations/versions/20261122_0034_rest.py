"""Changes that REST follows

Revision ID: 20261122_0034
Revises: 20261122_0033
"""

revision = "20261122_0034"
down_revision = "20261122_0033"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
