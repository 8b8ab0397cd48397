"""Mappings by version, and drift

Revision ID: 20261122_0005
Revises: 20261122_0004
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "20261122_0005"
down_revision = "20261122_0004"
branch_labels = None
depends_on = None

_OPEN_DRIFT = "ix_drift_source_id_drift_kind_drift_subject"


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    _mapping_version()
    _source_shape()
    _drift()
    op.add_column("run", sa.Column("mapping_version_id", sa.BigInteger(), nullable=True))
    op.create_foreign_key(
        op.f("fk_run_mapping_version_id_mapping_version"),
        "run",
        "mapping_version",
        ["mapping_version_id"],
        ["id"],
    )
    op.add_column("run", sa.Column("asked", postgresql.JSONB(none_as_null=True), nullable=True))


def _mapping_version() -> None:
    op.create_table(
        "mapping_version",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("source_id", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("settings", postgresql.JSONB(), nullable=False),
        sa.Column("shipped", sa.Text(), nullable=False),
        sa.Column("read_as", sa.Text(), nullable=False),
        sa.Column("examples", postgresql.JSONB(), server_default=sa.text("'[]'"), nullable=False),
        sa.Column("saved_by", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["source_id"], ["source.id"], name=op.f("fk_mapping_version_source_id_source")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mapping_version")),
        sa.UniqueConstraint("source_id", "version", name=op.f("uq_mapping_version_source_id_version")),
    )


def _source_shape() -> None:
    op.create_table(
        "source_shape",
        sa.Column("source_id", sa.BigInteger(), nullable=False),
        sa.Column("accepted", postgresql.JSONB(), nullable=False),
        sa.Column("seen", postgresql.JSONB(), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["source_id"], ["source.id"], name=op.f("fk_source_shape_source_id_source")),
        sa.PrimaryKeyConstraint("source_id", name=op.f("pk_source_shape")),
    )


def _drift() -> None:
    op.create_table(
        "drift",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("source_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("was", sa.Text(), nullable=True),
        sa.Column("now", sa.Text(), nullable=True),
        sa.Column("says", sa.Text(), nullable=False),
        sa.Column("todo", sa.Text(), nullable=False),
        sa.Column("first_seen", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_seen", sa.DateTime(timezone=True), nullable=False),
        sa.Column("run_id", sa.BigInteger(), nullable=True),
        sa.Column("resolved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("resolved_by", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name=op.f("fk_drift_run_id_run")),
        sa.ForeignKeyConstraint(["source_id"], ["source.id"], name=op.f("fk_drift_source_id_source")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_drift")),
    )
    op.create_index(
        op.f(_OPEN_DRIFT),
        "drift",
        ["source_id", "kind", "subject"],
        unique=True,
        postgresql_where=sa.text("resolved_at IS NULL"),
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_column("run", "asked")
    op.drop_constraint(op.f("fk_run_mapping_version_id_mapping_version"), "run", type_="foreignkey")
    op.drop_column("run", "mapping_version_id")
    op.drop_index(op.f(_OPEN_DRIFT), table_name="drift")
    op.drop_table("drift")
    op.drop_table("source_shape")
    op.drop_table("mapping_version")
