"""Findings as a queue

Revision ID: 20261122_0010
Revises: 20261122_0009
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "20261122_0010"
down_revision = "20261122_0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "dispute",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("project_id", sa.Uuid(), nullable=False),
        sa.Column("template", sa.Text(), nullable=False),
        sa.Column("record_ref", sa.Text(), nullable=False),
        sa.Column("field", sa.Text(), nullable=False),
        sa.Column("attribute", sa.Text(), nullable=True),
        sa.Column("value", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("proposed", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("source", sa.Text(), nullable=True),
        sa.Column("locator", sa.Text(), nullable=True),
        sa.Column("url", sa.Text(), nullable=True),
        sa.Column("because", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("door", sa.Text(), nullable=False),
        sa.Column("submission_id", sa.BigInteger(), nullable=True),
        sa.Column("finding_id", sa.BigInteger(), nullable=True),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answered_by", sa.Text(), nullable=True),
        sa.Column("answer_because", sa.Text(), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_because", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["finding_id"], ["finding.id"], name=op.f("fk_dispute_finding_id_finding")),
        sa.ForeignKeyConstraint(["project_id"], ["project.id"], name=op.f("fk_dispute_project_id_project")),
        sa.ForeignKeyConstraint(
            ["submission_id"], ["submission.id"], name=op.f("fk_dispute_submission_id_submission")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dispute")),
    )
    op.create_index(op.f("ix_dispute_finding_id"), "dispute", ["finding_id"], unique=False)
    op.create_index(
        "uq_dispute_standing",
        "dispute",
        ["project_id", "template", "record_ref", "field"],
        unique=True,
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.create_table(
        "finding_move",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("finding_id", sa.BigInteger(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("from_state", sa.Text(), nullable=False),
        sa.Column("to_state", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("because", sa.Text(), nullable=True),
        sa.Column("door", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["finding_id"], ["finding.id"], name=op.f("fk_finding_move_finding_id_finding")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_finding_move")),
    )
    op.create_index(op.f("ix_finding_move_finding_id"), "finding_move", ["finding_id"], unique=False)
    op.add_column("finding", sa.Column("state", sa.Text(), server_default=sa.text("'new'"), nullable=False))
    op.add_column("finding", sa.Column("owner", sa.Text(), nullable=True))
    op.add_column("finding", sa.Column("owner_role", sa.Text(), nullable=True))
    op.add_column(
        "finding",
        sa.Column(
            "evidence",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'"),
            nullable=False,
        ),
    )
    op.add_column("finding", sa.Column("due", sa.Date(), nullable=True))
    op.add_column("finding", sa.Column("moved_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("finding", sa.Column("unchecked_since", sa.DateTime(timezone=True), nullable=True))
    op.add_column("finding", sa.Column("closed_because", sa.Text(), nullable=True))
    op.add_column("finding", sa.Column("follows_id", sa.BigInteger(), nullable=True))
    op.add_column("finding", sa.Column("waiver_id", sa.BigInteger(), nullable=True))
    op.create_index(
        op.f("ix_finding_owner"),
        "finding",
        ["owner"],
        unique=False,
        postgresql_where=sa.text("closed_at IS NULL"),
    )
    op.create_foreign_key(op.f("fk_finding_follows_id_finding"), "finding", "finding", ["follows_id"], ["id"])
    op.create_foreign_key(op.f("fk_finding_waiver_id_waiver"), "finding", "waiver", ["waiver_id"], ["id"])
    op.drop_index(op.f("ix_finding_template_finding_record_ref_finding_rule"), table_name="finding")
    op.create_index("ix_finding_key", "finding", ["project_id", "template", "record_ref", "rule"])


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_index("ix_finding_key", table_name="finding")
    op.create_index(
        op.f("ix_finding_template_finding_record_ref_finding_rule"),
        "finding",
        ["template", "record_ref", "rule"],
    )
    op.drop_constraint(op.f("fk_finding_waiver_id_waiver"), "finding", type_="foreignkey")
    op.drop_constraint(op.f("fk_finding_follows_id_finding"), "finding", type_="foreignkey")
    op.drop_index(
        op.f("ix_finding_owner"), table_name="finding", postgresql_where=sa.text("closed_at IS NULL")
    )
    op.drop_column("finding", "waiver_id")
    op.drop_column("finding", "follows_id")
    op.drop_column("finding", "closed_because")
    op.drop_column("finding", "unchecked_since")
    op.drop_column("finding", "moved_at")
    op.drop_column("finding", "due")
    op.drop_column("finding", "evidence")
    op.drop_column("finding", "owner_role")
    op.drop_column("finding", "owner")
    op.drop_column("finding", "state")
    op.drop_index(op.f("ix_finding_move_finding_id"), table_name="finding_move")
    op.drop_table("finding_move")
    op.drop_index("uq_dispute_standing", table_name="dispute", postgresql_where=sa.text("ended_at IS NULL"))
    op.drop_index(op.f("ix_dispute_finding_id"), table_name="dispute")
    op.drop_table("dispute")
