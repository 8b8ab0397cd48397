"""Who asks: a token, an account or whoever runs the command line, and what they hold."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

from model.rights import Permission, Right, extent, right_of, right_of_scopes, roles_among

SCOPES: Final = ("read", "sync", "admin")
_OF_SCOPE: Final[Mapping[str, Permission]] = {
    "read": Permission.VIEW,
    "sync": Permission.SYNC,
    "admin": Permission.ADMINISTER,
}


@dataclass(frozen=True)
class Principal:
    """Who asks. `projects` None means every project; else those keys and no others.

    `person` is whom they speak for; None means they may look, and answer or move nothing. `projects` are of what is
    being done: for a route that needs a permission, those it is held for. `roles` are held for all of them, `within`
    are roles held for one of them, by key. `rights` None: they follow from scopes, projects and roles.
    """

    name: str
    scopes: frozenset[str] = frozenset()
    projects: tuple[str, ...] | None = None
    token: int | None = None
    person: str | None = None
    roles: frozenset[str] = frozenset()
    rights: tuple[Right, ...] | None = None
    account: int | None = None
    within: frozenset[tuple[str, str]] = frozenset()
    of: str | None = None  # the account's name, of a token that is an account's
    session: int | None = None  # of a browser that is signed in; None: a key came with the request

    @cached_property
    def held(self) -> tuple[Right, ...]:
        """The rights held."""
        if self.rights is not None:
            return self.rights
        projects = None if self.projects is None else frozenset(self.projects)
        of_scopes = right_of_scopes(self.scopes, projects, speaks=self.person is not None)
        return (of_scopes, *(right_of(role, projects) for role in sorted(self.roles)))

    def can(self, permission: Permission) -> bool:
        """Tell whether a permission is held, for whatever projects."""
        return extent(self.held, permission) is not None

    def may(self, scope: str) -> bool:
        """Tell whether what a scope of tokens stands for is held, by that scope or by a role."""
        return self.can(_OF_SCOPE[scope])

    def held_to(self, permission: Permission) -> "Principal | None":
        """Return them with the projects they hold a permission for; None where they do not hold it."""
        found = extent(self.held, permission)
        if found is None:
            return None
        projects = None if found.projects is None else tuple(sorted(found.projects))
        roles, within = roles_among(self.held, permission)
        return replace(self, projects=projects, rights=self.held, roles=roles, within=within)

    @property
    def shown(self) -> str:
        """What the log and the pages call them. No account is called like a token: its name holds no space."""
        who, of_link, _ = self.name.partition(": ")  # of a link, whom it was made for
        if self.token is None or of_link:
            return who
        return f"token {who} of {self.of}" if self.of else f"token {who}"

    @property
    def sees_everything(self) -> bool:
        """Whether nothing of the portfolio is hidden."""
        return self.projects is None

    @property
    def holder(self) -> str:
        """Whose keys and counters these are: the token's, the account's, else the person's."""
        if self.token is not None:
            return f"token {self.token}"
        return f"account {self.account}" if self.account is not None else f"person {self.person}"


# Whoever can run the command line holds the database's address: nothing could be kept from them.
OPERATOR: Final = Principal("operator", frozenset(SCOPES))
