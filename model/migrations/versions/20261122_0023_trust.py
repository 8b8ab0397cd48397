"""Rates of exchange keep the hash of what was said of them

Revision ID: 20261122_0023
Revises: 20261122_0022
"""

import sqlalchemy as sa
from alembic import op

revision = "20261122_0023"
down_revision = "20261122_0022"
branch_labels = None
depends_on = None

_HASH = (
    "encode(sha256(convert_to(concat_ws(chr(10), day, base, quote, CAST(rate AS text), source), 'UTF8')), 'hex')"
)


def upgrade() -> None:
    """Hash the rates there are as new ones are hashed from now on."""
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column("currency_rate", sa.Column("sha256", sa.Text(), nullable=True))
    op.execute(f"UPDATE currency_rate SET sha256 = {_HASH}")  # noqa: S608  (the statement is written above)
    op.alter_column("currency_rate", "sha256", nullable=False)


def downgrade() -> None:
    """Forget the hashes."""
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_column("currency_rate", "sha256")
