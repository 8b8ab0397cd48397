"""Identity and conflicts, settled by people

Revision ID: 20261122_0011
Revises: 20261122_0010
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "20261122_0011"
down_revision = "20261122_0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table('match_proposal',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=True), nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('subject', sa.Text(), nullable=False),
    sa.Column('target', sa.Uuid(), nullable=False),
    sa.Column('subject_says', sa.Text(), nullable=False),
    sa.Column('target_says', sa.Text(), nullable=False),
    sa.Column('origin', sa.Text(), nullable=False),
    sa.Column('confidence', sa.Double(), nullable=False),
    sa.Column('reasons', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('state', sa.Text(), nullable=False),
    sa.Column('proposed_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('changed_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('decided_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('decided_by', sa.Text(), nullable=True),
    sa.Column('because', sa.Text(), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_match_proposal')),
    sa.UniqueConstraint('kind', 'subject', 'target', name=op.f('uq_match_proposal_kind_subject_target'))
    )
    op.create_index(op.f('ix_match_proposal_state_match_proposal_kind'), 'match_proposal', ['state', 'kind'], unique=False)
    op.create_table('match_scan',
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('sha256', sa.Text(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('kind', name=op.f('pk_match_scan'))
    )
    op.create_table('match_decision',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=True), nullable=False),
    sa.Column('proposal_id', sa.BigInteger(), nullable=False),
    sa.Column('act', sa.Text(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('by', sa.Text(), nullable=False),
    sa.Column('because', sa.Text(), nullable=False),
    sa.Column('confidence', sa.Double(), nullable=False),
    sa.Column('reasons', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.ForeignKeyConstraint(['proposal_id'], ['match_proposal.id'], name=op.f('fk_match_decision_proposal_id_match_proposal')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_match_decision'))
    )
    op.create_index(op.f('ix_match_decision_proposal_id'), 'match_decision', ['proposal_id'], unique=False)
    op.create_table('claim_conflict',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=True), nullable=False),
    sa.Column('project_id', sa.Uuid(), nullable=False),
    sa.Column('attribute', sa.Text(), nullable=False),
    sa.Column('claims', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('settled_by', sa.Text(), nullable=False),
    sa.Column('because', sa.Text(), nullable=False),
    sa.Column('opened_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('changed_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('closed_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('closed_because', sa.Text(), nullable=True),
    sa.ForeignKeyConstraint(['project_id'], ['project.id'], name=op.f('fk_claim_conflict_project_id_project')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_claim_conflict'))
    )
    op.create_index('uq_claim_conflict_open', 'claim_conflict', ['project_id', 'attribute'], unique=True, postgresql_where=sa.text('closed_at IS NULL'))
    op.create_table('settling_rule',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=True), nullable=False),
    sa.Column('attribute', sa.Text(), nullable=False),
    sa.Column('project_id', sa.Uuid(), nullable=True),
    sa.Column('programme', sa.Text(), nullable=True),
    sa.Column('prefer', sa.Text(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('by', sa.Text(), nullable=False),
    sa.Column('because', sa.Text(), nullable=False),
    sa.Column('ended_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('ended_by', sa.Text(), nullable=True),
    sa.Column('ended_because', sa.Text(), nullable=True),
    sa.ForeignKeyConstraint(['project_id'], ['project.id'], name=op.f('fk_settling_rule_project_id_project')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_settling_rule'))
    )
    op.create_index(op.f('ix_settling_rule_attribute'), 'settling_rule', ['attribute'], unique=False)
    op.create_table('settlement',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=True), nullable=False),
    sa.Column('project_id', sa.Uuid(), nullable=False),
    sa.Column('attribute', sa.Text(), nullable=False),
    sa.Column('claim_id', sa.BigInteger(), nullable=False),
    sa.Column('said', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('by', sa.Text(), nullable=False),
    sa.Column('because', sa.Text(), nullable=False),
    sa.Column('ended_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('ended_by', sa.Text(), nullable=True),
    sa.Column('ended_because', sa.Text(), nullable=True),
    sa.ForeignKeyConstraint(['claim_id'], ['claim.id'], name=op.f('fk_settlement_claim_id_claim')),
    sa.ForeignKeyConstraint(['project_id'], ['project.id'], name=op.f('fk_settlement_project_id_project')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_settlement'))
    )
    op.create_index(op.f('ix_settlement_project_id_settlement_attribute'), 'settlement', ['project_id', 'attribute'], unique=False)
    op.add_column('person', sa.Column('same_as', sa.Uuid(), nullable=True))
    op.create_foreign_key(op.f('fk_person_same_as_person'), 'person', 'person', ['same_as'], ['id'])


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_constraint(op.f('fk_person_same_as_person'), 'person', type_='foreignkey')
    op.drop_column('person', 'same_as')
    op.drop_index(op.f('ix_settlement_project_id_settlement_attribute'), table_name='settlement')
    op.drop_table('settlement')
    op.drop_index(op.f('ix_settling_rule_attribute'), table_name='settling_rule')
    op.drop_table('settling_rule')
    op.drop_index('uq_claim_conflict_open', table_name='claim_conflict', postgresql_where=sa.text('closed_at IS NULL'))
    op.drop_table('claim_conflict')
    op.drop_index(op.f('ix_match_decision_proposal_id'), table_name='match_decision')
    op.drop_table('match_decision')
    op.drop_table('match_scan')
    op.drop_index(op.f('ix_match_proposal_state_match_proposal_kind'), table_name='match_proposal')
    op.drop_table('match_proposal')
