"""When scopes and people last changed, for who asks the API for what is new

Revision ID: 20261122_0034
Revises: 20261122_0033
"""

import sqlalchemy as sa
from alembic import op

revision = "20261122_0034"
down_revision = "20261122_0033"
branch_labels = None
depends_on = None

# What the API shows of a scope: where on which page it was read is no news.
SHOWN = ("kind", "key", "name", "lead", "url", "project_id", "bound_by", "locator", "deleted_at")

# A person is shown with their accounts: one that comes, goes or is renamed changes the person, and the one it was of.
STAMP_PERSON = """
CREATE FUNCTION stamp_person() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE person SET changed_at = now() WHERE id = NEW.person_id AND changed_at < now();
  IF TG_OP = 'UPDATE' AND OLD.person_id IS DISTINCT FROM NEW.person_id THEN
    UPDATE person SET changed_at = now() WHERE id = OLD.person_id AND changed_at < now();
  END IF;
  RETURN NULL;
END
$$
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column(
        "scope",
        sa.Column("changed_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
    )
    before, after = (", ".join(f"{row}.{name}" for name in SHOWN) for row in ("OLD", "NEW"))
    op.execute(
        f"CREATE TRIGGER stamp_changed BEFORE UPDATE ON scope FOR EACH ROW"
        f" WHEN (({before}) IS DISTINCT FROM ({after})) EXECUTE FUNCTION stamp_changed()"
    )
    op.execute(STAMP_PERSON)
    op.execute(
        "CREATE TRIGGER stamp_person_came AFTER INSERT ON identity FOR EACH ROW"
        " WHEN (NEW.person_id IS NOT NULL) EXECUTE FUNCTION stamp_person()"
    )
    op.execute(
        "CREATE TRIGGER stamp_person AFTER UPDATE ON identity FOR EACH ROW"
        " WHEN ((OLD.person_id, OLD.display_name, OLD.active, OLD.matched_by)"
        " IS DISTINCT FROM (NEW.person_id, NEW.display_name, NEW.active, NEW.matched_by))"
        " EXECUTE FUNCTION stamp_person()"
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("DROP FUNCTION stamp_person() CASCADE")
    op.execute("DROP TRIGGER stamp_changed ON scope")
    op.drop_column("scope", "changed_at")
