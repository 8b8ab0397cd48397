"""Claims made by hand

Revision ID: 20261123_0040
Revises: 20261123_0039
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "20261123_0040"
down_revision = "20261123_0039"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "hand_claim",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("project_id", sa.Uuid(), nullable=False),
        sa.Column("attribute", sa.Text(), nullable=False),
        sa.Column("claim_id", sa.BigInteger(), nullable=False),
        sa.Column("instead", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("because", sa.Text(), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_by", sa.Text(), nullable=True),
        sa.Column("ended_because", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["claim_id"], ["claim.id"], name=op.f("fk_hand_claim_claim_id_claim")),
        sa.ForeignKeyConstraint(["project_id"], ["project.id"], name=op.f("fk_hand_claim_project_id_project")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hand_claim")),
    )
    op.create_index(op.f("ix_hand_claim_claim_id"), "hand_claim", ["claim_id"], unique=True)
    op.create_index(
        "uq_hand_claim_standing", "hand_claim", ["project_id", "attribute"], unique=True,
        postgresql_where=sa.text("ended_at IS NULL"),
    )  # fmt: skip


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_table("hand_claim")
