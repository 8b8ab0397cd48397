"""Sessions of tokens as of accounts, and the browsers they are open in

Revision ID: 20261122_0036
Revises: 20261122_0035
"""

import sqlalchemy as sa
from alembic import op

revision = "20261122_0036"
down_revision = "20261122_0035"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.alter_column('account_session', 'account_id', nullable=True)
    op.add_column('account_session', sa.Column('token_id', sa.BigInteger(), nullable=True))
    op.add_column('account_session', sa.Column('agent', sa.Text(), nullable=True))
    op.create_foreign_key(op.f('fk_account_session_token_id_api_token'), 'account_session', 'api_token', ['token_id'], ['id'])
    op.create_check_constraint(op.f('ck_account_session_whose'), 'account_session', 'num_nonnulls(account_id, token_id) = 1')


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_constraint(op.f('ck_account_session_whose'), 'account_session', type_='check')
    op.drop_constraint(op.f('fk_account_session_token_id_api_token'), 'account_session', type_='foreignkey')
    op.drop_column('account_session', 'agent')
    op.drop_column('account_session', 'token_id')
    op.execute('DELETE FROM account_session WHERE account_id IS NULL')
    op.alter_column('account_session', 'account_id', nullable=False)
