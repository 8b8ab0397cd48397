"""Who may do what in a cycle

Revision ID: 20261122_0013
Revises: 20261122_0012
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "20261122_0013"
down_revision = "20261122_0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column("api_token", sa.Column("person", sa.Text(), nullable=True))
    for table, name, empty in (("api_token", "roles", "'[]'"), ("submission", "context", "'{}'")):
        column = sa.Column(
            name, postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text(empty), nullable=False
        )
        op.add_column(table, column)
    revision = sa.Column("revision", sa.BigInteger(), server_default=sa.text("0"), nullable=False)
    op.add_column("answer", revision)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_column("answer", "revision")
    op.drop_column("submission", "context")
    op.drop_column("api_token", "roles")
    op.drop_column("api_token", "person")
