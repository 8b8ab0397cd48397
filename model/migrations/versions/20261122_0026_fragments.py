"""What is counted most of work items, out of an index; and how often anything the feed gives was written

Revision ID: 20261122_0026
Revises: 20261122_0025
"""

from alembic import op

revision = "20261122_0026"
down_revision = "20261122_0025"
branch_labels = None
depends_on = None

GIVEN = (
    "baseline", "benefit", "change_request", "claim", "contract", "cost_line", "currency_rate", "decision", "finding",
    "gate_criterion", "identity", "iteration", "milestone", "person", "portfolio", "programme", "programme_project", "project",
    "project_role", "quality_review", "raid_item", "run", "scope", "snapshot", "source", "transition", "utilisation",
    "work_item", "work_item_iteration", "work_plan_line",
)
# A sequence, because writers of a row would wait for each other. It goes up before what is written can be seen:
# api/feed/writes.py says how it is read.
COUNT = """
CREATE FUNCTION count_write() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM nextval('feed_writes');
  RETURN NULL;
END
$$
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    columns = ["status_category", "hub_type", "created_at", "points", "remaining_hours"]
    op.create_index("ix_work_item_counted", "work_item", columns)
    op.execute("CREATE SEQUENCE feed_writes")
    op.execute(COUNT)
    for table in GIVEN:
        op.execute(
            f'CREATE TRIGGER count_write AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON "{table}"'
            " FOR EACH STATEMENT EXECUTE FUNCTION count_write()"
        )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("DROP FUNCTION count_write() CASCADE")
    op.execute("DROP SEQUENCE feed_writes")
    op.drop_index("ix_work_item_counted", "work_item")
