"""The log of who changed what: only ever added to, each event chained to the one before

Revision ID: 20261122_0029
Revises: 20261122_0028
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "20261122_0029"
down_revision = "20261122_0028"
branch_labels = None
depends_on = None

# At the commit, under a lock that is held until it is done: in the order in which things came to hold, and without
# making one transaction wait for all that another has yet to do. `model.audit.link` is the same formula.
CHAIN = """
CREATE FUNCTION chain_audit_event() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  last_seq bigint;
  last_hash text;
BEGIN
  PERFORM pg_advisory_xact_lock(1297437524, 29);
  SELECT seq, hash INTO last_seq, last_hash FROM audit_event WHERE seq IS NOT NULL ORDER BY seq DESC LIMIT 1;
  last_seq := coalesce(last_seq, 0) + 1;
  last_hash := coalesce(last_hash, repeat('0', 64));
  UPDATE audit_event SET seq = last_seq, prev = last_hash,
    hash = encode(sha256(convert_to(last_hash || ' ' || last_seq || ' ' || NEW.digest, 'UTF8')), 'hex')
    WHERE id = NEW.id;
  RETURN NULL;
END
$$
"""
KEEP = """
CREATE FUNCTION keep_audit_event() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'UPDATE' THEN
    IF OLD.seq IS NULL AND NEW.seq IS NOT NULL THEN
      RETURN NEW;
    END IF;
  END IF;
  RAISE EXCEPTION 'audit_event is only ever added to: % is refused', TG_OP USING ERRCODE = 'insufficient_privilege';
END
$$
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table('audit_event',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=True), nullable=False),
    sa.Column('seq', sa.BigInteger(), nullable=True),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('actor', sa.Text(), nullable=False),
    sa.Column('way', sa.Text(), nullable=False),
    sa.Column('address', sa.Text(), nullable=True),
    sa.Column('action', sa.Text(), nullable=False),
    sa.Column('subject', sa.Text(), nullable=False),
    sa.Column('detail', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('digest', sa.Text(), nullable=False),
    sa.Column('prev', sa.Text(), nullable=True),
    sa.Column('hash', sa.Text(), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_audit_event')),
    sa.UniqueConstraint('seq', name=op.f('uq_audit_event_seq'))
    )
    op.create_index('ix_audit_event_at', 'audit_event', ['at'])
    op.create_index('ix_audit_event_action', 'audit_event', ['action', 'seq'])
    op.create_index('ix_audit_event_subject', 'audit_event', ['subject', 'seq'])
    op.create_index('ix_audit_event_actor', 'audit_event', ['actor', 'seq'])
    op.execute(CHAIN)
    op.execute(KEEP)
    op.execute(
        "CREATE CONSTRAINT TRIGGER chain_audit_event AFTER INSERT ON audit_event DEFERRABLE INITIALLY DEFERRED"
        " FOR EACH ROW EXECUTE FUNCTION chain_audit_event()"
    )
    op.execute(
        "CREATE TRIGGER keep_audit_event BEFORE UPDATE OR DELETE ON audit_event"
        " FOR EACH ROW EXECUTE FUNCTION keep_audit_event()"
    )
    op.execute(
        "CREATE TRIGGER keep_audit_events BEFORE TRUNCATE ON audit_event"
        " FOR EACH STATEMENT EXECUTE FUNCTION keep_audit_event()"
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_table('audit_event')
    op.execute("DROP FUNCTION chain_audit_event()")
    op.execute("DROP FUNCTION keep_audit_event()")
