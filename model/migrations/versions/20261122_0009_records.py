"""Records people answer for

Revision ID: 20261122_0009
Revises: 20261122_0008
"""

from typing import Any, Final

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "20261122_0009"
down_revision = "20261122_0008"
branch_labels = None
depends_on = None

_AMENDED: Final = ("cost_line", "milestone", "raid_item")
_TEXT, _DATE, _MONEY = sa.Text(), sa.Date(), sa.Numeric()
_NUMBER: Final[Any] = sa.Double()
_TABLES: Final[dict[str, dict[str, Any]]] = {
    "change_request": {
        "request_id": _TEXT, "title": _TEXT, "reason": _TEXT, "state": _TEXT, "raised_by": _TEXT,
        "raised_on": _DATE, "scope_points": _NUMBER, "days_impact": _NUMBER, "cost_impact": _MONEY,
        "benefit_impact": _MONEY, "currency": _TEXT, "alternatives": _TEXT, "approver": _TEXT,
        "decide_by": _DATE, "decided_on": _DATE, "decision": _TEXT, "baseline": _TEXT,
    },
    "decision": {
        "decision_id": _TEXT, "title": _TEXT, "state": _TEXT, "alternatives": _TEXT, "board": _TEXT,
        "requested_by": _TEXT, "requested_on": _DATE, "needed_by": _DATE, "decided_on": _DATE,
        "decided_by": _TEXT, "outcome": _TEXT, "rationale": _TEXT,
    },
    "gate_criterion": {
        "gate": _TEXT, "criterion_id": _TEXT, "criterion": _TEXT, "mandatory": sa.Boolean(), "result": _TEXT,
        "evidence": _TEXT, "assessed_by": _TEXT, "assessed_on": _DATE, "action": _TEXT, "owner": _TEXT,
        "action_due": _DATE,
    },
    "work_plan_line": {
        "month": _TEXT, "work": _TEXT, "milestones": postgresql.ARRAY(sa.Text()), "planned_hours": _NUMBER,
        "planned_cost": _MONEY, "actual_hours": _NUMBER, "actual_cost": _MONEY, "currency": _TEXT,
        "difference": _TEXT,
    },
}  # fmt: skip


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for table, columns in _TABLES.items():
        _create(table, columns)
    for table in _AMENDED:
        for column in _amending():
            op.add_column(table, column)
        op.create_foreign_key(
            op.f(f"fk_{table}_amends_source_id_source"), table, "source", ["amends_source_id"], ["id"]
        )


def _create(table: str, columns: dict[str, Any]) -> None:
    op.create_table(
        table,
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("source_id", sa.BigInteger(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.Column("project_ref", sa.Text(), nullable=True),
        sa.Column("project_id", sa.Uuid(), nullable=True),
        *(sa.Column(name, kind, nullable=True) for name, kind in columns.items()),
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
        *_amending(),
        *(
            sa.ForeignKeyConstraint([column], [f"{other}.id"], name=op.f(f"fk_{table}_{column}_{other}"))
            for column, other in (
                ("amends_source_id", "source"),
                ("project_id", "project"),
                ("raw_page_id", "raw_page"),
                ("source_id", "source"),
            )
        ),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
        sa.UniqueConstraint(
            "source_id",
            "external_id",
            "known_from",
            name=op.f(f"uq_{table}_source_id_external_id_known_from"),
        ),
    )
    op.create_index(op.f(f"ix_{table}_project_id"), table, ["project_id"], unique=False)
    op.create_index(
        f"uq_{table}_current", table, ["source_id", "external_id"], unique=True,
        postgresql_where=sa.text("known_to IS NULL"),
    )  # fmt: skip


def _amending() -> list[sa.Column[Any]]:
    return [
        sa.Column("amends_source_id", sa.BigInteger(), nullable=True),
        sa.Column("amends_external_id", sa.Text(), nullable=True),
        sa.Column("answered", postgresql.ARRAY(sa.Text()), nullable=True),
    ]


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for table in reversed(_AMENDED):
        op.drop_constraint(op.f(f"fk_{table}_amends_source_id_source"), table, type_="foreignkey")
        for column in reversed(_amending()):
            op.drop_column(table, column.name)
    for table in reversed(_TABLES):
        op.drop_table(table)
