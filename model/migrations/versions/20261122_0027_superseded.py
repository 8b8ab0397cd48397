"""A status that a later look at its day takes the place of has changed

Revision ID: 20261122_0027
Revises: 20261122_0026
"""

from alembic import op

revision = "20261122_0027"
down_revision = "20261122_0026"
branch_labels = None
depends_on = None

# It is no longer the newest of its day: who follows changes has to hear of it.
STAMP = """
CREATE FUNCTION stamp_superseded() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE snapshot SET changed_at = now()
    WHERE changed_at < now() AND id = (
      SELECT id FROM snapshot WHERE project_id = NEW.project_id AND as_of = NEW.as_of AND known_at < NEW.known_at
      ORDER BY known_at DESC LIMIT 1);
  RETURN NULL;
END
$$
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute(STAMP)
    op.execute(
        "CREATE TRIGGER stamp_superseded AFTER INSERT ON snapshot FOR EACH ROW EXECUTE FUNCTION stamp_superseded()"
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("DROP FUNCTION stamp_superseded() CASCADE")
