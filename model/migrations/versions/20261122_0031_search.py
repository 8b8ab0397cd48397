"""What search looks in

Revision ID: 20261122_0031
Revises: 20261122_0030
"""

from alembic import op

revision = "20261122_0031"
down_revision = "20261122_0030"
branch_labels = None
depends_on = None

# Words that are nearly right are found where the extension is there and this account may have it.
_TRIGRAMS = """
DO $$
BEGIN
    CREATE EXTENSION IF NOT EXISTS pg_trgm;
    EXECUTE 'CREATE INDEX ix_work_item_title_trigrams ON work_item USING gin (title gin_trgm_ops)';
EXCEPTION WHEN insufficient_privilege OR undefined_file OR feature_not_supported OR undefined_object THEN
    RAISE NOTICE 'pg_trgm is not to be had here: search finds the beginnings of words only';
END $$
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("CREATE INDEX ix_work_item_words ON work_item USING gin (to_tsvector('simple'::regconfig, title))")
    for table, column in (("milestone", "name"), ("raid_item", "title")):
        op.execute(
            f"CREATE INDEX ix_{table}_words ON {table} USING gin (to_tsvector('simple'::regconfig, {column})) "
            "WHERE known_to IS NULL"
        )
    op.execute(_TRIGRAMS)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("DROP INDEX IF EXISTS ix_work_item_title_trigrams")
    for table in ("raid_item", "milestone", "work_item"):
        op.execute(f"DROP INDEX ix_{table}_words")
