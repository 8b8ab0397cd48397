"""What a consolidation has seen

Revision ID: 20261122_0017
Revises: 20261122_0016
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "20261122_0017"
down_revision = "20261122_0016"
branch_labels = None
depends_on = None

# Puts down what was written: by whoever writes it, in the same transaction. The trigger gives five expressions
# over the written rows: project, source, scope, work item, and from when on it counts.
_NOTE = """
CREATE FUNCTION note_touched() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  writer text := nullif(current_setting('muster.consolidation', true), '');
  written text;
BEGIN
  IF writer = 'colouring' THEN
    RETURN NULL;
  END IF;
  IF TG_OP = 'TRUNCATE' THEN
    INSERT INTO touched (what, by_run) VALUES (TG_TABLE_NAME, writer);
    RETURN NULL;
  END IF;
  written := CASE TG_OP
    WHEN 'INSERT' THEN 'SELECT * FROM rows_after'
    WHEN 'DELETE' THEN 'SELECT * FROM rows_before'
    ELSE 'SELECT * FROM rows_before UNION ALL SELECT * FROM rows_after'
  END;
  EXECUTE format(
    'INSERT INTO touched (what, project_id, source_id, scope_external_id, item_external_id, counts_from, by_run)'
    ' SELECT %L, project, source, scope, item, max(counts), %L FROM'
    ' (SELECT %s FROM (%s) AS r) AS t(project, source, scope, item, counts) GROUP BY project, source, scope, item',
    TG_TABLE_NAME, writer, TG_ARGV[0], written);
  RETURN NULL;
END $$
"""
_NOTHING = "CAST(NULL AS uuid), CAST(NULL AS bigint), CAST(NULL AS text), CAST(NULL AS text), CAST(NULL AS timestamptz)"
_PROJECT = "r.project_id, CAST(NULL AS bigint), CAST(NULL AS text), CAST(NULL AS text), {0}"
_WATCHED = {
    "claim": "r.project_id, r.source_id, CAST(NULL AS text), CAST(NULL AS text), r.known_from",
    "settlement": _PROJECT.format("greatest(r.at, r.ended_at)"),
    "submission": _PROJECT.format("greatest(r.published_at, r.withdrawn_at)"),
    "waiver": _PROJECT.format("CAST(NULL AS timestamptz)"),
    "dispute": _PROJECT.format("CAST(NULL AS timestamptz)"),
    "finding": _PROJECT.format("CAST(NULL AS timestamptz)"),
    "project": "r.id, CAST(NULL AS bigint), CAST(NULL AS text), CAST(NULL AS text), greatest(r.created_at, r.closed_at)",
    "scope": "r.project_id, r.source_id, r.external_id, CAST(NULL AS text), CAST(NULL AS timestamptz)",
    "work_item": "CAST(NULL AS uuid), r.source_id, r.scope_external_id, CAST(NULL AS text), r.deleted_at",
    "absence": (
        "CAST(NULL AS uuid), r.source_id, CAST(NULL AS text), r.external_id,"
        " greatest(r.found_at, r.settled_at, r.ended_at)"
    ),
    "programme": _NOTHING,
    "identity": _NOTHING,
    "person": _NOTHING,
    "match_proposal": _NOTHING,
}
_VERSION = (
    "r.project_id, r.source_id, CAST(NULL AS text), CAST(NULL AS text), greatest(r.known_from, r.known_to)"
)
_VERSIONS = """
SELECT table_name FROM information_schema.columns WHERE table_schema = current_schema()
AND column_name IN ('project_id', 'known_from', 'known_to') GROUP BY table_name HAVING count(*) = 3
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "touched",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("project_id", sa.Uuid(), nullable=True),
        sa.Column("source_id", sa.BigInteger(), nullable=True),
        sa.Column("scope_external_id", sa.Text(), nullable=True),
        sa.Column("item_external_id", sa.Text(), nullable=True),
        sa.Column("counts_from", sa.DateTime(timezone=True), nullable=True),
        sa.Column("by_run", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_touched")),
    )
    op.create_table(
        "consolidation",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("known_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("whole", sa.Boolean(), nullable=False),
        sa.Column("ended", sa.Boolean(), nullable=False),
        sa.Column(
            "stood_on", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False
        ),
        sa.Column(
            "said", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False
        ),
        sa.Column("projects", sa.BigInteger(), nullable=True),
        sa.Column("computed", sa.BigInteger(), nullable=True),
        sa.Column("snapshots", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consolidation")),
    )
    op.create_index(
        op.f("ix_consolidation_as_of_consolidation_known_at"), "consolidation", ["as_of", "known_at"]
    )
    op.create_table(
        "report_text",
        sa.Column("project_id", sa.Uuid(), nullable=False),
        sa.Column("template", sa.Text(), nullable=False),
        sa.Column("field", sa.Text(), nullable=False),
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("project_id", "template", "field", name=op.f("pk_report_text")),
    )
    op.create_index(op.f("ix_report_text_sha256"), "report_text", ["sha256"])
    op.execute(_NOTE)
    versions = op.get_bind().execute(sa.text(_VERSIONS)).scalars()
    for table, expressions in ({name: _VERSION for name in versions} | _WATCHED).items():
        _watch(table, expressions)


def _watch(table: str, expressions: str) -> None:
    rows = {
        "insert": "REFERENCING NEW TABLE AS rows_after",
        "update": "REFERENCING OLD TABLE AS rows_before NEW TABLE AS rows_after",
        "delete": "REFERENCING OLD TABLE AS rows_before",
        "truncate": "",
    }
    if table == "programme":
        del rows["insert"]  # a new one says nothing of any project until one belongs to it
    for event, named in rows.items():
        op.execute(
            f'CREATE TRIGGER touched_{event} AFTER {event} ON "{table}" {named} FOR EACH STATEMENT'
            f" EXECUTE FUNCTION note_touched('{expressions}')"
        )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("DROP FUNCTION note_touched() CASCADE")
    op.drop_table("report_text")
    op.drop_table("consolidation")
    op.drop_table("touched")
