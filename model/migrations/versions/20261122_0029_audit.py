"""The log of who changed what

Revision ID: 20261122_0029
Revises: 20261122_0028
"""

revision = "20261122_0029"
down_revision = "20261122_0028"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
