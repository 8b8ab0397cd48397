"""What the feed follows changes by

Revision ID: 20261122_0024
Revises: 20261122_0023
"""

import sqlalchemy as sa
from alembic import op

revision = "20261122_0024"
down_revision = "20261122_0023"
branch_labels = None
depends_on = None

VERSIONED = (
    "milestone", "raid_item", "cost_line", "change_request", "decision", "gate_criterion", "work_plan_line", "contract",
    "benefit", "project_role", "utilisation", "quality_review", "baseline",
)
FOLLOWED = ("work_item", "finding", "claim", "snapshot")
SMALL = ("portfolio", "programme", "project", "person", "iteration", "run")

# The instant is that of the transaction: whoever reads while it is under way can tell by its beginning that
# something may come with an earlier instant than theirs, and asks from there the next time.
STAMP = """
CREATE FUNCTION stamp_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.changed_at := now();
  RETURN NEW;
END
$$
"""

# What people answer about a record changes how that record is shown.
STAMP_AMENDED = """
CREATE FUNCTION stamp_amended() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE format('UPDATE %I.%I SET changed_at = now() WHERE source_id = $1 AND external_id = $2 AND known_to IS NULL'
                 ' AND changed_at < now()', TG_TABLE_SCHEMA, TG_TABLE_NAME)
    USING NEW.amends_source_id, NEW.amends_external_id;
  RETURN NULL;
END
$$
"""

# Whose project items are of, and who may see them, hangs on what their scope is bound to.
STAMP_BOUND = """
CREATE FUNCTION stamp_bound() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE work_item SET changed_at = now()
    WHERE source_id = NEW.source_id AND scope_external_id = NEW.external_id AND changed_at < now();
  UPDATE iteration SET changed_at = now()
    WHERE source_id = NEW.source_id AND scope_external_id = NEW.external_id AND changed_at < now();
  RETURN NULL;
END
$$
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute(STAMP_BOUND)
    op.execute(
        "CREATE TRIGGER stamp_bound AFTER UPDATE OF project_id ON scope FOR EACH ROW"
        " WHEN (OLD.project_id IS DISTINCT FROM NEW.project_id) EXECUTE FUNCTION stamp_bound()"
    )
    op.execute(STAMP)
    op.execute(STAMP_AMENDED)
    for table in (*VERSIONED, *FOLLOWED, *SMALL):
        op.add_column(
            table, sa.Column("changed_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False)
        )
        op.execute(
            f'CREATE TRIGGER stamp_changed BEFORE UPDATE ON "{table}" FOR EACH ROW'
            " WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION stamp_changed()"
        )
    for table in VERSIONED:
        op.create_index(f"ix_{table}_changed_at", table, ["changed_at"])
        op.create_index(
            f"ix_{table}_amends", table, ["amends_source_id", "amends_external_id"],
            postgresql_where=sa.text("amends_source_id IS NOT NULL"),
        )
        op.execute(
            f'CREATE TRIGGER stamp_amended AFTER INSERT OR UPDATE ON "{table}" FOR EACH ROW'
            " WHEN (NEW.amends_source_id IS NOT NULL) EXECUTE FUNCTION stamp_amended()"
        )
    for table in FOLLOWED:
        op.create_index(f"ix_{table}_changed_at_{table}_id", table, ["changed_at", "id"])


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for table in FOLLOWED:
        op.drop_index(f"ix_{table}_changed_at_{table}_id", table)
    for table in VERSIONED:
        op.drop_index(f"ix_{table}_amends", table)
        op.drop_index(f"ix_{table}_changed_at", table)
    op.execute("DROP FUNCTION stamp_bound() CASCADE")
    op.execute("DROP FUNCTION stamp_amended() CASCADE")
    op.execute("DROP FUNCTION stamp_changed() CASCADE")
    for table in (*VERSIONED, *FOLLOWED, *SMALL):
        op.drop_column(table, "changed_at")
