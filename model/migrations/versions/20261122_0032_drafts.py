"""Sources that are being set up

Revision ID: 20261122_0032
Revises: 20261122_0031
"""

revision = "20261122_0032"
down_revision = "20261122_0031"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
