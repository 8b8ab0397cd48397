"""What tokens may see and do

Revision ID: 20261122_0033
Revises: 20261122_0032
"""

revision = "20261122_0033"
down_revision = "20261122_0032"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
