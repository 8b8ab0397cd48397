"""Tokens that rotate

Revision ID: 20261122_0006
Revises: 20261122_0005
"""

import sqlalchemy as sa
from alembic import op

from model.base import Utc

revision = "20261122_0006"
down_revision = "20261122_0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "credential",
        sa.Column("source_id", sa.BigInteger(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("stored_at", Utc(), nullable=False),
        sa.Column("exchange_began_at", Utc()),
        sa.ForeignKeyConstraint(["source_id"], ["source.id"], name=op.f("fk_credential_source_id_source")),
        sa.PrimaryKeyConstraint("source_id", name=op.f("pk_credential")),
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_table("credential")
