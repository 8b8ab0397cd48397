"""Sources that are being set up

Revision ID: 20261122_0032
Revises: 20261122_0031
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "20261122_0032"
down_revision = "20261122_0031"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table("kept_secret",
    sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
    sa.Column("sealed", sa.LargeBinary(), nullable=False),
    sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("made_by", sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint("id", name=op.f("pk_kept_secret"))
    )
    op.create_table("source_draft",
    sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
    sa.Column("source_id", sa.BigInteger(), nullable=True),
    sa.Column("way", sa.Text(), nullable=False),
    sa.Column("block", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column("seen", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column("version", sa.BigInteger(), nullable=False),
    sa.Column("made_by", sa.Text(), nullable=False),
    sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("changed_by", sa.Text(), nullable=False),
    sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(["source_id"], ["source.id"], name=op.f("fk_source_draft_source_id_source")),
    sa.PrimaryKeyConstraint("id", name=op.f("pk_source_draft"))
    )
    op.create_index(op.f("ix_source_draft_source_id"), "source_draft", ["source_id"], unique=False)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_index(op.f("ix_source_draft_source_id"), table_name="source_draft")
    op.drop_table("source_draft")
    op.drop_table("kept_secret")
