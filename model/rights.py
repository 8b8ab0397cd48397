"""Who may do what: permissions by role, and what somebody's grants come to together.

A grant is a role held for everything or for some projects. A permission is held where a grant's role has it;
those of the whole office only where the grant is for everything.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

EVERYTHING: Final = "everything"
GRANT_SCOPES: Final = (EVERYTHING, "portfolio", "programme", "project")


class Permission(StrEnum):
    """What may be done; the value is how messages and tables call it."""

    OPEN = "open"  # nobody needs to be signed in
    SIGNED_IN = "signed in"  # whoever is, in whatever role, also in none: one's own account
    VIEW = "view"  # projects, and everything that is known of them
    EXTRACT = "extract"  # whole sets of rows for other programs: OData and files
    REPORT = "report"  # answer, hand in and decide on submissions, as the template's workflow lets one
    WORK = "work"  # findings, waivers and disputes
    SETTLE = "settle"  # which of several sources' values counts
    INSPECT = "inspect"  # sources, runs, what was rejected, who is one person
    MATCH = "match"  # say what is one project and who is one person; rules that settle conflicts
    COLLECT = "collect"  # open and close cycles of collection
    DESIGN = "design"  # templates and policies: write, try, propose, approve as their steps let one
    SYNC = "sync"  # let sources be read, answer what runs ask, deliver messages
    CONFIGURE = "configure"  # sources: add, map, change, pause
    MEASURE = "measure"  # what Muster itself does: /metrics
    AUDIT = "audit"  # read who did what
    ADMINISTER = "administer"  # accounts, roles, everybody's tokens


P = Permission
# Not of projects but of the office: a role held for some projects gives none of these.
OFFICE_WIDE: Final = frozenset(
    {P.INSPECT, P.MATCH, P.COLLECT, P.DESIGN, P.SYNC, P.CONFIGURE, P.MEASURE, P.AUDIT, P.ADMINISTER}
)
_PROJECTS: Final = frozenset({P.VIEW, P.REPORT, P.WORK})
_OFFICE: Final = _PROJECTS | {P.EXTRACT, P.INSPECT, P.DESIGN}
ROLES: Final[Mapping[str, frozenset[Permission]]] = {
    "pmo_head": _OFFICE | {P.SETTLE, P.MATCH, P.COLLECT, P.AUDIT},
    "specialist": _OFFICE,
    "project_officer": _OFFICE | {P.SETTLE, P.MATCH, P.COLLECT, P.SYNC, P.CONFIGURE},
    "project_manager": _PROJECTS,
    "reader": frozenset({P.VIEW}),
    "bi": frozenset({P.VIEW, P.EXTRACT}),
    "administrator": frozenset(
        {P.VIEW, P.EXTRACT, P.INSPECT, P.SYNC, P.CONFIGURE, P.MEASURE, P.AUDIT, P.ADMINISTER}
    ),
}
ADMINISTRATOR: Final = "administrator"
OFFICE_ONLY: Final = frozenset({ADMINISTRATOR})  # roles that are not given for some projects
SHOWN: Final[Mapping[str, str]] = {
    "pmo_head": "head of the office",
    "specialist": "specialist",
    "project_officer": "project officer",
    "project_manager": "project manager",
    "reader": "reader",
    "bi": "BI",
    "administrator": "administrator",
}
# What the scopes of tokens come to; whether a person may act as they ask is up to that person's roles.
TOKEN_SCOPES: Final[Mapping[str, frozenset[Permission]]] = {
    "read": frozenset({P.VIEW, P.EXTRACT, P.INSPECT, P.MEASURE}),
    "sync": frozenset({P.SYNC}),
    "admin": frozenset(P) - {P.OPEN},
}
PERSON: Final = frozenset({P.REPORT, P.WORK, P.SETTLE, P.MATCH, P.COLLECT, P.DESIGN})


@dataclass(frozen=True, slots=True)
class Right:
    """Permissions held together for some projects, by key; `projects` None is everything, also what is to come.

    `roles` are those they come from; a token's scopes come from none.
    """

    permissions: frozenset[Permission]
    projects: frozenset[str] | None = None
    roles: frozenset[str] = frozenset()

    def gives(self, permission: Permission) -> bool:
        """Tell whether a permission follows from it: for the whole office only from one for everything."""
        return permission in self.permissions and (permission not in OFFICE_WIDE or self.projects is None)


@dataclass(frozen=True, slots=True)
class Extent:
    """For which projects something is held, by key; None is every project, none at all is still held."""

    projects: frozenset[str] | None


def right_of(role: str, projects: frozenset[str] | None) -> Right:
    """Return what a role held for some projects comes to; a role that is not known gives nothing."""
    return Right(ROLES.get(role, frozenset()), projects, frozenset([role]))


def right_of_scopes(scopes: Iterable[str], projects: frozenset[str] | None, *, speaks: bool) -> Right:
    """Return what a token's scopes come to; one that `speaks` for a person lets it act too."""
    held: frozenset[Permission] = frozenset()
    for scope in scopes:
        held |= TOKEN_SCOPES.get(scope, frozenset())
    return Right(held | PERSON if speaks and P.VIEW in held else held, projects)


def extent(rights: Iterable[Right], permission: Permission) -> Extent | None:
    """Say for which projects a permission is held; None where it is not held at all."""
    if permission is P.OPEN:
        return Extent(None)
    giving = [right.projects for right in rights if permission is P.SIGNED_IN or right.gives(permission)]
    if not giving:
        return Extent(frozenset()) if permission is P.SIGNED_IN else None
    found: frozenset[str] = frozenset()
    for projects in giving:
        if projects is None:
            return Extent(None)
        found |= projects
    return Extent(found)


def roles_among(
    rights: Iterable[Right], permission: Permission
) -> tuple[frozenset[str], frozenset[tuple[str, str]]]:
    """Return in which roles a permission is held for all the projects it is held for, and in which for which.

    Somebody who is an officer of one programme and the head of another is neither for both of them.
    """
    signed_in = permission is P.SIGNED_IN
    giving = [right for right in rights if signed_in or right.gives(permission)]
    whole = extent(giving, permission)
    everywhere: set[str] = set()
    somewhere: set[tuple[str, str]] = set()
    for role in {role for right in giving for role in right.roles}:
        held = extent((right for right in giving if role in right.roles), permission)
        if whole is None or held is None:
            continue
        if held.projects is None or held == whole:
            everywhere.add(role)
        else:
            somewhere |= {(role, project) for project in held.projects}
    return frozenset(everywhere), frozenset(somewhere)


def within(rights: Iterable[Right], limits: Iterable[Right]) -> tuple[Right, ...]:
    """Return the rights that remain when they are held to others: a token's to its account's of now."""
    bounds = tuple(limits)
    both = (_both(right, bound) for right in rights for bound in bounds)
    return tuple(right for right in both if right.permissions)


def _both(one: Right, other: Right) -> Right:
    if one.projects is None or other.projects is None:
        projects = other.projects if one.projects is None else one.projects
    else:
        projects = one.projects & other.projects
    # A token says which of the account's roles it acts in; one that names none acts in none.
    return Right(one.permissions & other.permissions, projects, one.roles & other.roles)


def who_may(permission: Permission) -> tuple[str, ...]:
    """Return the roles that have a permission, in the order they are listed."""
    return tuple(role for role, held in ROLES.items() if permission in held)
