"""What a consolidation has seen

Revision ID: 20261122_0017
Revises: 20261122_0016
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "20261122_0017"
down_revision = "20261122_0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "touched",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("project_id", sa.Uuid(), nullable=True),
        sa.Column("source_id", sa.BigInteger(), nullable=True),
        sa.Column("scope_external_id", sa.Text(), nullable=True),
        sa.Column("item_external_id", sa.Text(), nullable=True),
        sa.Column("counts_from", sa.DateTime(timezone=True), nullable=True),
        sa.Column("by_run", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_touched")),
    )
    op.create_table(
        "consolidation",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("known_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("incremental", sa.Boolean(), nullable=False),
        sa.Column("stood_on", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column(
            "said", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False
        ),
        sa.Column("projects", sa.BigInteger(), nullable=False),
        sa.Column("computed", sa.BigInteger(), nullable=False),
        sa.Column("snapshots", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consolidation")),
    )
    op.create_index(
        op.f("ix_consolidation_as_of_consolidation_known_at"), "consolidation", ["as_of", "known_at"]
    )
    op.create_table(
        "report_text",
        sa.Column("project_id", sa.Uuid(), nullable=False),
        sa.Column("template", sa.Text(), nullable=False),
        sa.Column("field", sa.Text(), nullable=False),
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("project_id", "template", "field", name=op.f("pk_report_text")),
    )
    op.create_index(op.f("ix_report_text_sha256"), "report_text", ["sha256"])


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_table("report_text")
    op.drop_table("consolidation")
    op.drop_table("touched")
