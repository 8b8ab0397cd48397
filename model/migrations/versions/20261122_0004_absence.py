"""What is gone and why, ledgers accepted, scopes by version

Revision ID: 20261122_0004
Revises: 20261122_0003
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from model.base import Utc

revision = "20261122_0004"
down_revision = "20261122_0003"
branch_labels = None
depends_on = None

_FATED = ("work_item", "scope", "iteration", "milestone", "raid_item", "cost_line", "identity")
_TABLES = ("absence", "question", "census", "scope_version")
_REJECTED = ("kind", "slice", "external_ids", "attempts", "retried_at")


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for table in _FATED:
        op.add_column(table, sa.Column("fate", sa.Text()))
    op.add_column("run", sa.Column("attempts", sa.BigInteger(), nullable=False, server_default=sa.text("0")))
    op.add_column("run", sa.Column("census", sa.Boolean(), nullable=False, server_default=sa.text("false")))
    op.add_column(
        "run", sa.Column("cut_short", sa.Boolean(), nullable=False, server_default=sa.text("false"))
    )
    op.add_column(
        "run_stream", sa.Column("controls", JSONB(), nullable=False, server_default=sa.text("'{}'"))
    )
    op.add_column("cursor", sa.Column("walk_run_id", sa.BigInteger()))
    for column in (
        sa.Column("kind", sa.Text(), nullable=False, server_default=sa.text("'record'")),
        sa.Column("slice", sa.Text()),
        sa.Column("external_ids", JSONB()),
        sa.Column("attempts", sa.BigInteger(), nullable=False, server_default=sa.text("1")),
        sa.Column("retried_at", Utc()),
    ):
        op.add_column("rejected_record", column)
    _question()
    _absence()
    _census()
    _scope_version()


def _question() -> None:
    op.create_table(
        "question",
        *_head(),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("says", sa.Text(), nullable=False),
        sa.Column("if_accepted", sa.Text(), nullable=False),
        sa.Column("evidence", JSONB(), nullable=False, server_default=sa.text("'{}'")),
        sa.Column("asked_at", Utc(), nullable=False),
        sa.Column("accepted_at", Utc()),
        sa.Column("accepted_by", sa.Text()),
        sa.Column("because", sa.Text()),
        sa.Column("settled_at", Utc()),
        *_keys("question"),
    )
    op.create_index(
        "uq_question_current", "question", ["source_id", "kind", "subject"], unique=True,
        postgresql_where=sa.text("settled_at IS NULL"),
    )  # fmt: skip
    op.create_index(op.f("ix_question_run_id"), "question", ["run_id"])


def _absence() -> None:
    op.create_table(
        "absence",
        *_head(),
        sa.Column("stream", sa.Text(), nullable=False),
        sa.Column("slice", sa.Text(), nullable=False),
        sa.Column("entity", sa.Text(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.Column("found_at", Utc(), nullable=False),
        sa.Column("found_by", sa.Text(), nullable=False),
        sa.Column("fate", sa.Text()),
        sa.Column("says", sa.Text()),
        sa.Column("settled_at", Utc()),
        sa.Column("ended_at", Utc()),
        sa.Column("question_id", sa.BigInteger()),
        sa.ForeignKeyConstraint(
            ["question_id"], ["question.id"], name=op.f("fk_absence_question_id_question")
        ),
        *_keys("absence"),
    )
    op.create_index(
        "uq_absence_current", "absence", ["source_id", "entity", "external_id"], unique=True,
        postgresql_where=sa.text("ended_at IS NULL"),
    )  # fmt: skip
    op.create_index(op.f("ix_absence_run_id"), "absence", ["run_id"])
    op.create_index(op.f("ix_absence_question_id"), "absence", ["question_id"])


def _census() -> None:
    op.create_table(
        "census",
        *_head(),
        sa.Column("stream", sa.Text(), nullable=False),
        sa.Column("slice", sa.Text(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("taken_at", Utc(), nullable=False),
        sa.Column("listed", sa.BigInteger(), nullable=False),
        sa.Column("said", sa.BigInteger()),
        *(
            sa.Column(name, sa.BigInteger(), nullable=False)
            for name in ("stored", "absent", "holes", "fetched", "missed")
        ),
        *_keys("census"),
    )
    op.create_index(op.f("ix_census_source_id_census_taken_at"), "census", ["source_id", "taken_at"])
    op.create_index(op.f("ix_census_run_id"), "census", ["run_id"])


def _scope_version() -> None:
    op.create_table(
        "scope_version",
        *_head(),
        sa.Column("seen_at", Utc(), nullable=False),
        sa.Column("parts", JSONB(), nullable=False),
        sa.Column("says", JSONB(), nullable=False, server_default=sa.text("'[]'")),
        *_keys("scope_version"),
    )
    op.create_index(op.f("ix_scope_version_source_id_scope_version_id"), "scope_version", ["source_id", "id"])


def _head() -> tuple[sa.Column[int], ...]:
    return (
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("source_id", sa.BigInteger(), nullable=False),
        sa.Column("run_id", sa.BigInteger(), nullable=False),
    )


def _keys(table: str) -> tuple[sa.Constraint, ...]:
    return (
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
        sa.ForeignKeyConstraint(["source_id"], ["source.id"], name=op.f(f"fk_{table}_source_id_source")),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name=op.f(f"fk_{table}_run_id_run")),
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_table("absence")
    for table in _TABLES[1:]:
        op.drop_table(table)
    for column in _REJECTED:
        op.drop_column("rejected_record", column)
    op.drop_column("cursor", "walk_run_id")
    op.drop_column("run_stream", "controls")
    op.drop_column("run", "cut_short")
    op.drop_column("run", "census")
    op.drop_column("run", "attempts")
    for table in _FATED:
        op.drop_column(table, "fate")
