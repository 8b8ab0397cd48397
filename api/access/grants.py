"""Read what a token or an account holds now: of programmes and portfolios the projects they have at this moment."""

from dataclasses import replace
from typing import Any, Final

from api.access.principal import Principal
from model.rights import EVERYTHING, Permission, Right, right_of, right_of_scopes, within

_OF_PROGRAMME: Final = """SELECT p.key FROM project p LEFT JOIN programme_project pp ON pp.project_id = p.id
    JOIN programme g ON g.id = pp.programme_id OR g.id = p.programme_id WHERE g.name = {name}"""
_OF_PORTFOLIO: Final = (
    "SELECT p.key FROM project p JOIN portfolio f ON f.id = p.portfolio_id WHERE f.key = {name}"
)
_EXTENT: Final = f"""CASE WHEN t.projects IS NULL THEN NULL WHEN t.programmes = '[]' AND t.portfolios = '[]'
    THEN t.projects ELSE (SELECT coalesce(jsonb_agg(key), '[]') FROM (
        SELECT jsonb_array_elements_text(t.projects) AS key
        UNION {_OF_PROGRAMME.format(name="ANY (SELECT jsonb_array_elements_text(t.programmes))")}
        UNION {_OF_PORTFOLIO.format(name="ANY (SELECT jsonb_array_elements_text(t.portfolios))")}) AS keys) END"""
_RIGHTS: Final = f"""(SELECT coalesce(jsonb_agg(jsonb_build_array(r.role, r.scope, CASE r.scope
        WHEN 'project' THEN jsonb_build_array(r.key)
        WHEN 'programme' THEN (SELECT jsonb_agg(key) FROM ({_OF_PROGRAMME.format(name="r.key")}) AS keys)
        WHEN 'portfolio' THEN (SELECT jsonb_agg(key) FROM ({_OF_PORTFOLIO.format(name="r.key")}) AS keys)
        END)), '[]') FROM account_role r WHERE r.account_id = a.id)"""
# Columns of a statement that has a token as `t` and beside it, or alone, the account it is of as `a`.
WHOSE: Final = f"""t.id, t.name, t.hash, t.scopes, t.person, t.roles, t.expires_at, t.account_id AS owner,
    {_EXTENT} AS projects, a.id AS account, a.name AS account_name, a.shown, a.person AS account_person,
    CASE WHEN a.id IS NULL THEN NULL ELSE {_RIGHTS} END AS account_rights"""
# Join it after `t`; a token whose account is shut, or was made for one that is not there, is none.
OWNER: Final = "LEFT JOIN account a ON a.id = t.account_id AND a.disabled_at IS NULL"


def stands(row: Any) -> bool:
    """Tell whether a row is of somebody: a token that needs no account, or whose account is open, or an account."""
    if row.id is None:
        return row.account is not None
    return row.owner is None or row.owner == row.account


def principal_of(row: Any) -> Principal:
    """Return whom a row of `WHOSE` is of. A token of an account never holds more than that account does now."""
    if row.id is None:
        rights = _of_account(row.account_rights)
        return _principal(row.account_name, None, row.account_person, rights, account=row.account)
    person = row.person if row.owner is None else row.account_person
    projects = None if row.projects is None else frozenset(map(str, row.projects))
    speaks = person is not None and (row.owner is None or bool(row.roles))
    held = (
        right_of_scopes(map(str, row.scopes), projects, speaks=speaks),
        *(right_of(str(role), projects) for role in row.roles or ()),
    )
    if row.owner is not None:
        held = within(held, _of_account(row.account_rights))
    scopes = frozenset(map(str, row.scopes))
    found = _principal(row.name, row.id, person, held, account=row.owner, scopes=scopes)
    return replace(found, of=None if row.owner is None else row.account_name)


def _of_account(rights: Any) -> tuple[Right, ...]:
    return tuple(
        right_of(role, None if scope == EVERYTHING else frozenset(keys or ())) for role, scope, keys in rights
    )


def _principal(
    name: str,
    token: int | None,
    person: str | None,
    rights: tuple[Right, ...],
    *,
    account: int | None,
    scopes: frozenset[str] = frozenset(),
) -> Principal:
    """Return them with all that any right is of; a route then holds them to what it is about."""
    found = Principal(name, scopes, (), token, person, rights=rights, account=account)
    return found.held_to(Permission.SIGNED_IN) or found
