"""Programmes a project belongs to, rates, and roll-ups

Revision ID: 20261122_0019
Revises: 20261122_0017
"""

import sqlalchemy as sa
from alembic import op

revision = "20261122_0019"
down_revision = "20261122_0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "currency_rate",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("base", sa.Text(), nullable=False),
        sa.Column("quote", sa.Text(), nullable=False),
        sa.Column("rate", sa.Numeric(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("known_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("known_to", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_currency_rate")),
    )
    op.create_index(op.f("ix_currency_rate_known_to"), "currency_rate", ["known_to"], unique=False)
    op.create_index(
        "uq_currency_rate_current", "currency_rate", ["base", "quote", "day"], unique=True,
        postgresql_where=sa.text("known_to IS NULL"),
    )  # fmt: skip
    op.create_table(
        "programme_project",
        sa.Column("project_id", sa.Uuid(), nullable=False),
        sa.Column("programme_id", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("share", sa.Numeric(), nullable=True),
        sa.Column("critical", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.ForeignKeyConstraint(
            ["programme_id"], ["programme.id"], name=op.f("fk_programme_project_programme_id_programme")
        ),
        sa.ForeignKeyConstraint(
            ["project_id"], ["project.id"], name=op.f("fk_programme_project_project_id_project")
        ),
        sa.PrimaryKeyConstraint("project_id", "programme_id", name=op.f("pk_programme_project")),
    )
    op.create_index(
        op.f("ix_programme_project_programme_id"), "programme_project", ["programme_id"], unique=False
    )
    op.execute(
        "INSERT INTO programme_project (project_id, programme_id, position)"
        " SELECT id, programme_id, 0 FROM project WHERE programme_id IS NOT NULL"
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_table("programme_project")
    op.drop_table("currency_rate")
