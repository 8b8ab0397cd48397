"""When memberships and rates last changed, and which memberships ended

Revision ID: 20261122_0035
Revises: 20261122_0034
"""

import sqlalchemy as sa
from alembic import op

revision = "20261122_0035"
down_revision = "20261122_0034"
branch_labels = None
depends_on = None

STAMPED = ("programme_project", "currency_rate")
# A membership that ends is deleted: that it did is kept for whoever follows the changes.
LEFT = """
CREATE FUNCTION keep_left_programme() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO programme_left (project_id, programme_id) VALUES (OLD.project_id, OLD.programme_id)
    ON CONFLICT (project_id, programme_id) DO UPDATE SET changed_at = now();
  RETURN NULL;
END
$$
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for table in STAMPED:
        op.add_column(
            table, sa.Column("changed_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False)
        )
        op.execute(
            f"CREATE TRIGGER stamp_changed BEFORE UPDATE ON {table} FOR EACH ROW"
            " WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION stamp_changed()"
        )
    op.create_table(
        "programme_left",
        sa.Column("project_id", sa.Uuid(), nullable=False),
        sa.Column("programme_id", sa.BigInteger(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("project_id", "programme_id", name=op.f("pk_programme_left")),
    )
    op.execute(LEFT)
    op.execute(
        "CREATE TRIGGER keep_left_programme AFTER DELETE ON programme_project FOR EACH ROW"
        " EXECUTE FUNCTION keep_left_programme()"
    )
    # The feed gives what is in it.
    op.execute(
        "CREATE TRIGGER count_write AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON programme_left"
        " FOR EACH STATEMENT EXECUTE FUNCTION count_write()"
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("DROP FUNCTION keep_left_programme() CASCADE")
    op.drop_table("programme_left")
    for table in STAMPED:
        op.execute(f"DROP TRIGGER stamp_changed ON {table}")
        op.drop_column(table, "changed_at")
