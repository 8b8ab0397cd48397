"""Changes that the feed follows

Revision ID: 20261122_0035
Revises: 20261122_0034
"""

revision = "20261122_0035"
down_revision = "20261122_0034"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
