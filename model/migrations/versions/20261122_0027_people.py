"""People who sign in, their roles and sessions

Revision ID: 20261122_0027
Revises: 20261122_0026
"""

revision = "20261122_0027"
down_revision = "20261122_0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing yet."""


def downgrade() -> None:
    """Nothing yet."""
