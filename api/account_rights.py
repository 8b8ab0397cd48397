"""What an account holds at this moment: its roles, with the projects that portfolios and programmes come to now."""

from typing import Final

from sqlalchemy import Connection, text

from model.rights import EVERYTHING, Right, right_of

_GRANTS: Final = text(
    """SELECT r.role, r.scope,
         CASE r.scope
           WHEN 'everything' THEN NULL
           WHEN 'project' THEN ARRAY[r.key]
           WHEN 'portfolio' THEN ARRAY(SELECT p.key FROM project p JOIN portfolio f ON f.id = p.portfolio_id
                                       WHERE f.key = r.key)
           ELSE ARRAY(SELECT p.key FROM project p JOIN programme_project m ON m.project_id = p.id
                      JOIN programme g ON g.id = m.programme_id WHERE g.name = r.key)
         END AS projects
       FROM account_role r WHERE r.account_id = :account ORDER BY r.id"""
)


def rights_of_account(connection: Connection, number: int) -> tuple[Right, ...]:
    """Return what an account holds, one right a role it was given."""
    return tuple(
        right_of(row.role, None if row.scope == EVERYTHING else frozenset(row.projects))
        for row in connection.execute(_GRANTS, {"account": number})
    )
