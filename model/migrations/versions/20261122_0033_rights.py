"""What tokens may see and do: of programmes and portfolios, and never more than the account they are of

Revision ID: 20261122_0033
Revises: 20261122_0032
"""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "20261122_0033"
down_revision = "20261122_0032"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for name in ("programmes", "portfolios"):
        none = sa.text("'[]'")
        column: sa.Column[Any] = sa.Column(
            name, postgresql.JSONB(astext_type=sa.Text()), server_default=none, nullable=False
        )
        op.add_column("api_token", column)
    op.add_column("api_token", sa.Column("account_id", sa.BigInteger(), nullable=True))
    op.create_index(op.f("ix_api_token_account_id"), "api_token", ["account_id"])
    op.create_foreign_key(
        op.f("fk_api_token_account_id_account"), "api_token", "account", ["account_id"], ["id"]
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_constraint(op.f("fk_api_token_account_id_account"), "api_token", type_="foreignkey")
    op.drop_index(op.f("ix_api_token_account_id"), table_name="api_token")
    for name in ("account_id", "portfolios", "programmes"):
        op.drop_column("api_token", name)
