"""Which transitions, custom fields and iterations work items had and have no longer

Revision ID: 20261122_0038
Revises: 20261122_0037
"""

import sqlalchemy as sa
from alembic import op

revision = "20261122_0038"
down_revision = "20261122_0037"
branch_labels = None
depends_on = None

CHILDREN = ("transition", "work_item_iteration")

# A changed item's children are all deleted and written anew: what is there again at the end never left. Whether any was
# deleted is told by a setting of the transaction, so that writing alone costs nothing. Tables are named with their
# schema: a replay has others of the same names in front.
KEEP = """
CREATE FUNCTION keep_left_child() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM gone) THEN
    RETURN NULL;
  END IF;
  PERFORM set_config('muster.left', 'yes', true);
  EXECUTE format('INSERT INTO %I.work_item_left (source_id, item_external_id, kind, external_id)'
                 ' SELECT source_id, item_external_id, $1, external_id FROM gone'
                 ' ON CONFLICT (source_id, item_external_id, kind, external_id) DO UPDATE SET changed_at = now()',
                 TG_TABLE_SCHEMA)
    USING TG_TABLE_NAME;
  RETURN NULL;
END
$$
"""
FORGET = """
CREATE FUNCTION forget_left_child() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE format('DELETE FROM %1$I.work_item_left AS l WHERE l.changed_at = now() AND l.kind = $1 AND EXISTS'
                 ' (SELECT FROM %1$I.%2$I AS t WHERE t.source_id = l.source_id'
                 ' AND t.item_external_id = l.item_external_id AND t.external_id = l.external_id)',
                 TG_TABLE_SCHEMA, TG_TABLE_NAME)
    USING TG_TABLE_NAME;
  RETURN NULL;
END
$$
"""
FIELDS = """
CREATE FUNCTION keep_left_field() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE format('INSERT INTO %I.work_item_left (source_id, item_external_id, kind, external_id)'
                 ' SELECT $1, $2, $3, had FROM jsonb_object_keys($4) AS had WHERE NOT coalesce(jsonb_exists($5, had), false)'
                 ' ON CONFLICT (source_id, item_external_id, kind, external_id) DO UPDATE SET changed_at = now()',
                 TG_TABLE_SCHEMA)
    USING OLD.source_id, OLD.external_id, 'custom', OLD.custom, NEW.custom;
  RETURN NULL;
END
$$
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "work_item_left",
        sa.Column("source_id", sa.BigInteger(), nullable=False),
        sa.Column("item_external_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint(
            "source_id", "item_external_id", "kind", "external_id", name=op.f("pk_work_item_left")
        ),
    )
    op.create_index("ix_work_item_left_changed_at", "work_item_left", ["changed_at"])
    op.execute(KEEP)
    op.execute(FORGET)
    op.execute(FIELDS)
    for table in CHILDREN:
        op.execute(
            f"CREATE TRIGGER keep_left_child AFTER DELETE ON {table} REFERENCING OLD TABLE AS gone"
            " FOR EACH STATEMENT EXECUTE FUNCTION keep_left_child()"
        )
        op.execute(
            f"CREATE TRIGGER forget_left_child AFTER INSERT ON {table} FOR EACH STATEMENT"
            " WHEN (current_setting('muster.left', true) = 'yes') EXECUTE FUNCTION forget_left_child()"
        )
    op.execute(
        "CREATE TRIGGER keep_left_field AFTER UPDATE OF custom ON work_item FOR EACH ROW"
        " WHEN (jsonb_typeof(OLD.custom) = 'object' AND OLD.custom IS DISTINCT FROM NEW.custom)"
        " EXECUTE FUNCTION keep_left_field()"
    )
    # The feed gives what is in it.
    op.execute(
        "CREATE TRIGGER count_write AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON work_item_left"
        " FOR EACH STATEMENT EXECUTE FUNCTION count_write()"
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for function in ("keep_left_field", "forget_left_child", "keep_left_child"):
        op.execute(f"DROP FUNCTION {function}() CASCADE")
    op.drop_table("work_item_left")
