"""Baselines, and what measures are computed from

Revision ID: 20261122_0014
Revises: 20261122_0013
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "20261122_0014"
down_revision = "20261122_0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "baseline",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("source_id", sa.BigInteger(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.Column("project_ref", sa.Text(), nullable=True),
        sa.Column("project_id", sa.Uuid(), nullable=True),
        sa.Column("number", sa.BigInteger(), nullable=True),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("approved_on", sa.Date(), nullable=True),
        sa.Column("approved_by", sa.Text(), nullable=True),
        sa.Column("change_request", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("start", sa.Date(), nullable=True),
        sa.Column("finish", sa.Date(), nullable=True),
        sa.Column("budget", sa.Numeric(), nullable=True),
        sa.Column("currency", sa.Text(), nullable=True),
        sa.Column("points", sa.Double(), nullable=True),
        sa.Column("known_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("known_to", sa.DateTime(timezone=True), nullable=True),
        sa.Column("deleted", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("fate", sa.Text(), nullable=True),
        sa.Column("url", sa.Text(), nullable=True),
        sa.Column("raw_page_id", sa.BigInteger(), nullable=False),
        sa.Column("raw_position", sa.BigInteger(), nullable=False),
        sa.Column("locator", sa.Text(), nullable=True),
        sa.Column("content_hash", sa.LargeBinary(), nullable=False),
        sa.Column("run_id", sa.BigInteger(), nullable=False),
        sa.Column("amends_source_id", sa.BigInteger(), nullable=True),
        sa.Column("amends_external_id", sa.Text(), nullable=True),
        sa.Column("answered", postgresql.ARRAY(sa.Text()), nullable=True),
        *(
            sa.ForeignKeyConstraint([column], [f"{other}.id"], name=op.f(f"fk_baseline_{column}_{other}"))
            for column, other in (
                ("amends_source_id", "source"),
                ("project_id", "project"),
                ("raw_page_id", "raw_page"),
                ("source_id", "source"),
            )
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_baseline")),
        sa.UniqueConstraint(
            "source_id",
            "external_id",
            "known_from",
            name=op.f("uq_baseline_source_id_external_id_known_from"),
        ),
    )
    op.create_index(op.f("ix_baseline_project_id"), "baseline", ["project_id"], unique=False)
    op.create_index(
        "uq_baseline_current", "baseline", ["source_id", "external_id"], unique=True,
        postgresql_where=sa.text("known_to IS NULL"),
    )  # fmt: skip


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_table("baseline")
