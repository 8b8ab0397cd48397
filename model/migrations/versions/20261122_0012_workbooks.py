"""Workbooks sent and returned

Revision ID: 20261122_0012
Revises: 20261122_0011
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "20261122_0012"
down_revision = "20261122_0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column("portfolio", sa.Column("workbooks", sa.Text(), nullable=True))
    op.create_table('workbook_sent',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=True), nullable=False),
    sa.Column('token', sa.Text(), nullable=False),
    sa.Column('submission_id', sa.BigInteger(), nullable=False),
    sa.Column('template', sa.Text(), nullable=False),
    sa.Column('version', sa.Text(), nullable=False),
    sa.Column('revision', sa.BigInteger(), nullable=False),
    sa.Column('checksum', sa.Text(), nullable=False),
    sa.Column('base', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('slots', postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False),
    sa.Column('title', sa.Text(), nullable=False),
    sa.Column('file', sa.Text(), nullable=False),
    sa.Column('destination', sa.Text(), nullable=True),
    sa.Column('position', postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
    sa.Column('url', sa.Text(), nullable=True),
    sa.Column('sent_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('sent_by', sa.Text(), nullable=False),
    sa.ForeignKeyConstraint(['submission_id'], ['submission.id'], name=op.f('fk_workbook_sent_submission_id_submission')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_workbook_sent')),
    sa.UniqueConstraint('token', name=op.f('uq_workbook_sent_token'))
    )
    op.create_index(op.f('ix_workbook_sent_submission_id'), 'workbook_sent', ['submission_id'], unique=False)
    op.create_table('workbook_returned',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=True), nullable=False),
    sa.Column('sent_id', sa.BigInteger(), nullable=True),
    sa.Column('submission_id', sa.BigInteger(), nullable=True),
    sa.Column('answered_id', sa.BigInteger(), nullable=True),
    sa.Column('file', sa.Text(), nullable=False),
    sa.Column('sha256', sa.Text(), nullable=False),
    sa.Column('body', sa.LargeBinary(), nullable=True),
    sa.Column('taken_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('taken_by', sa.Text(), nullable=False),
    sa.Column('state', sa.Text(), nullable=False),
    sa.Column('says', sa.Text(), nullable=False),
    sa.Column('outcome', postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
    sa.ForeignKeyConstraint(['answered_id'], ['workbook_sent.id'], name=op.f('fk_workbook_returned_answered_id_workbook_sent')),
    sa.ForeignKeyConstraint(['sent_id'], ['workbook_sent.id'], name=op.f('fk_workbook_returned_sent_id_workbook_sent')),
    sa.ForeignKeyConstraint(['submission_id'], ['submission.id'], name=op.f('fk_workbook_returned_submission_id_submission')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_workbook_returned'))
    )
    op.create_index(op.f('ix_workbook_returned_submission_id'), 'workbook_returned', ['submission_id'], unique=False)
    op.create_index('uq_workbook_returned_taken', 'workbook_returned', ['sent_id', 'sha256'], unique=True, postgresql_where=sa.text("state = 'taken'"))
    op.create_table('workbook_cell',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=True), nullable=False),
    sa.Column('returned_id', sa.BigInteger(), nullable=False),
    sa.Column('record_ref', sa.Text(), nullable=False),
    sa.Column('field', sa.Text(), nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('locator', sa.Text(), nullable=False),
    sa.Column('sent', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('returned', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('current', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('says', sa.Text(), nullable=False),
    sa.Column('settled', sa.Text(), nullable=True),
    sa.Column('settled_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('settled_by', sa.Text(), nullable=True),
    sa.ForeignKeyConstraint(['returned_id'], ['workbook_returned.id'], name=op.f('fk_workbook_cell_returned_id_workbook_returned')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_workbook_cell'))
    )
    op.create_index(op.f('ix_workbook_cell_returned_id'), 'workbook_cell', ['returned_id'], unique=False)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_index(op.f('ix_workbook_cell_returned_id'), table_name='workbook_cell')
    op.drop_table('workbook_cell')
    op.drop_index('uq_workbook_returned_taken', table_name='workbook_returned', postgresql_where=sa.text("state = 'taken'"))
    op.drop_index(op.f('ix_workbook_returned_submission_id'), table_name='workbook_returned')
    op.drop_table('workbook_returned')
    op.drop_index(op.f('ix_workbook_sent_submission_id'), table_name='workbook_sent')
    op.drop_table('workbook_sent')
    op.drop_column("portfolio", "workbooks")
