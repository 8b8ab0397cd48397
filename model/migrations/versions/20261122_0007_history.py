"""Comments, work logs and former keys

Revision ID: 20261122_0007
Revises: 20261122_0006
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "20261122_0007"
down_revision = "20261122_0006"
branch_labels = None
depends_on = None

_KEEP_FORMER_KEY = """
CREATE FUNCTION keep_former_key() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO work_item_key (source_id, key, item_external_id, known_from, says)
  VALUES (old.source_id, old.key, old.external_id, now(), 'its key was another when it was read before')
  ON CONFLICT DO NOTHING;
  RETURN NULL;
END $$
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    _of_item(
        "comment",
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("text", sa.Text(), nullable=True),
    )
    _of_item(
        "worklog",
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("hours", sa.Double(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("text", sa.Text(), nullable=True),
    )
    op.create_table(
        "work_item_key",
        sa.Column("source_id", sa.BigInteger(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("item_external_id", sa.Text(), nullable=False),
        sa.Column("known_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("says", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("source_id", "key", name=op.f("pk_work_item_key")),
    )
    # A key that changes between two readings is kept by whoever writes the new one, in the same statement.
    op.execute(_KEEP_FORMER_KEY)
    op.execute(
        "CREATE TRIGGER keep_former_key AFTER UPDATE OF key ON work_item FOR EACH ROW"
        " WHEN (old.key IS DISTINCT FROM new.key) EXECUTE FUNCTION keep_former_key()"
    )
    op.create_index(
        op.f("ix_work_item_key_source_id_work_item_key_item_external_id"),
        "work_item_key",
        ["source_id", "item_external_id"],
    )


def _of_item(name: str, *columns: sa.Column[Any]) -> None:
    op.create_table(
        name,
        sa.Column("source_id", sa.BigInteger(), nullable=False),
        sa.Column("item_external_id", sa.Text(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.Column("author", sa.Text(), nullable=True),
        sa.Column("author_id", sa.Text(), nullable=True),
        *columns,
        sa.PrimaryKeyConstraint("source_id", "item_external_id", "external_id", name=op.f(f"pk_{name}")),
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("DROP TRIGGER keep_former_key ON work_item")
    op.execute("DROP FUNCTION keep_former_key()")
    op.drop_table("work_item_key")
    op.drop_table("worklog")
    op.drop_table("comment")
