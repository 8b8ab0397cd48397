"""What search looks in

Revision ID: 20261122_0031
Revises: 20261122_0030
"""

revision = "20261122_0031"
down_revision = "20261122_0030"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
