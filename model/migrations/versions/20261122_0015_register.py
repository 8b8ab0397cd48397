"""Contracts, benefits, roles and reviews

Revision ID: 20261122_0015
Revises: 20261122_0014
"""

from typing import Any, Final

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "20261122_0015"
down_revision = "20261122_0014"
branch_labels = None
depends_on = None

_TEXT, _DATE, _MONEY = sa.Text(), sa.Date(), sa.Numeric()
_NUMBER: Final[Any] = sa.Double()
_NEEDED: Final = frozenset({"role", "week"})
_TABLES: Final[dict[str, dict[str, Any]]] = {
    "contract": {
        "contract_id": _TEXT, "title": _TEXT, "supplier": _TEXT, "state": _TEXT, "owner": _TEXT,
        "starts_on": _DATE, "ends_on": _DATE, "value": _MONEY, "invoiced": _MONEY, "currency": _TEXT,
    },
    "benefit": {
        "benefit_id": _TEXT, "title": _TEXT, "category": _TEXT, "owner": _TEXT, "target": _MONEY,
        "forecast": _MONEY, "actual": _MONEY, "currency": _TEXT, "unit": _TEXT, "due": _DATE,
    },
    "project_role": {
        "role": _TEXT, "holder": _TEXT, "key_role": sa.Boolean(), "held_from": _DATE, "held_to": _DATE,
        "vacant_since": _DATE,
    },
    "utilisation": {
        "team": _TEXT, "week": _DATE, "percent": _NUMBER, "booked_hours": _NUMBER, "capacity_hours": _NUMBER,
    },
    "quality_review": {
        "review_id": _TEXT, "title": _TEXT, "reviewer": _TEXT, "due": _DATE, "held_on": _DATE, "result": _TEXT,
        "open_criteria": sa.BigInteger(), "closed_on": _DATE,
    },
}  # fmt: skip
_OF_RAID: Final[dict[str, Any]] = {
    "closed_on": _DATE, "rating": _TEXT, "schedule_likelihood": _TEXT, "schedule_severity": _TEXT,
    "schedule_rating": _TEXT,
}  # fmt: skip


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for name, kind in _OF_RAID.items():
        op.add_column("raid_item", sa.Column(name, kind, nullable=True))
    for table, columns in _TABLES.items():
        _create(table, columns)


def _create(table: str, columns: dict[str, Any]) -> None:
    op.create_table(
        table,
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("source_id", sa.BigInteger(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.Column("project_ref", sa.Text(), nullable=True),
        sa.Column("project_id", sa.Uuid(), nullable=True),
        *(sa.Column(name, kind, nullable=name not in _NEEDED) for name, kind in columns.items()),
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


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for table in reversed(_TABLES):
        op.drop_table(table)
    for name in reversed(_OF_RAID):
        op.drop_column("raid_item", name)
