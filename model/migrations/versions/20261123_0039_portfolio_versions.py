"""A portfolio's name, time zone and currency by version; how grave a finding was before

Revision ID: 20261123_0039
Revises: 20261122_0038
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "20261123_0039"
down_revision = "20261122_0038"
branch_labels = None
depends_on = None

# What a finding's severity was, for listings in its order: kept for a week, the oldest first.
KEEP_SEVERITY = """
CREATE FUNCTION keep_severity() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.severity_before := (
    SELECT coalesce(jsonb_agg(e ORDER BY n), '[]')
    FROM jsonb_array_elements(OLD.severity_before) WITH ORDINALITY AS t(e, n)
    WHERE CAST(e ->> 'at' AS timestamptz) > now() - interval '7 days'
  ) || jsonb_build_object(
    'was', OLD.severity, 'at', now(), 'xid', CAST(CAST(pg_current_xact_id() AS text) AS bigint)
  );
  RETURN NEW;
END
$$
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "portfolio_version",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("portfolio_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("timezone", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("known_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("known_to", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["portfolio_id"], ["portfolio.id"], name=op.f("fk_portfolio_version_portfolio_id_portfolio")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_portfolio_version")),
    )
    op.create_index(
        "uq_portfolio_version_current", "portfolio_version", ["portfolio_id", "valid_from"], unique=True,
        postgresql_where=sa.text("known_to IS NULL"),
    )  # fmt: skip
    # What there is now holds since ever: nobody put down what it was before.
    op.execute(
        "INSERT INTO portfolio_version (portfolio_id, name, timezone, currency, valid_from, known_from)"
        " SELECT id, name, timezone, currency, DATE '0001-01-01', TIMESTAMPTZ '0001-01-01 00:00:00+00' FROM portfolio"
    )
    op.add_column(
        "finding",
        sa.Column(
            "severity_before",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'[]'"),
            nullable=False,
        ),
    )
    op.execute(KEEP_SEVERITY)
    op.execute(
        "CREATE TRIGGER keep_severity BEFORE UPDATE ON finding FOR EACH ROW"
        " WHEN (OLD.severity IS DISTINCT FROM NEW.severity) EXECUTE FUNCTION keep_severity()"
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("DROP FUNCTION keep_severity() CASCADE")
    op.drop_column("finding", "severity_before")
    op.drop_table("portfolio_version")
