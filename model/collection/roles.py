"""Who acts, and in which of a template's roles: preparer, reviewer, approver, publisher."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

# Held for one project: by whom its winning claims name. The rest are of the whole office.
PROJECT_ROLES: Final[Mapping[str, str]] = {"project_manager": "manager", "sponsor": "sponsor"}
OFFICE_ROLES: Final = ("project_officer", "pmo_head", "specialist")
OPERATOR: Final = "operator"  # whoever runs the command line holds the database: nothing could be kept back
SYSTEM: Final = "system"


@dataclass(frozen=True, slots=True)
class Actor:
    """A person who does something, with the roles held in the whole office.

    A project's own roles among `roles` grant nothing: who manages it, or sponsors it, is what its sources name.
    `within` are roles of the office that are held for one project only, by its key.
    """

    name: str
    roles: frozenset[str] = frozenset()
    within: frozenset[tuple[str, str]] = frozenset()

    @property
    def is_operator(self) -> bool:
        """Whether every role is held."""
        return OPERATOR in self.roles


def operator(name: str = OPERATOR) -> Actor:
    """Return who runs the command line. Even they cannot approve what they prepared."""
    return Actor(name, frozenset([OPERATOR]))


def system() -> Actor:
    """Return Muster itself, acting by the clock."""
    return Actor(SYSTEM, frozenset([SYSTEM]))


def same_person(one: str | None, other: str | None) -> bool:
    """Compare names as people write them: case and spaces do not matter; nobody is nobody."""
    if not one or not other:
        return False
    return one.casefold().split() == other.casefold().split()


Same = Callable[[str | None, str | None], bool]  # whether two names are one person's


@dataclass(frozen=True, slots=True, eq=False)
class People(Mapping[str, str | None]):
    """A project's people by role, and how to tell whether two names are one person's."""

    named: Mapping[str, str | None] = field(default_factory=dict)
    same: Same = same_person
    project: str | None = None  # its key

    def __getitem__(self, role: str) -> str | None:
        """Return who holds a role; None where nobody is on record."""
        return self.named[role]

    def __iter__(self) -> Iterator[str]:
        """Go through the roles."""
        return iter(self.named)

    def __len__(self) -> int:
        """Count the roles."""
        return len(self.named)

    def also(self, role: str, name: str | None) -> "People":
        """Return them with one more."""
        return People({**self.named, role: name}, self.same, self.project)


def sameness(people: Mapping[str, str | None]) -> Same:
    """Return how names are compared for a project: by what was confirmed, else only as people write them."""
    return people.same if isinstance(people, People) else same_person


def roles_in(actor: Actor, people: Mapping[str, str | None]) -> frozenset[str]:
    """Return all roles an actor holds for a project; `people` are its people by role."""
    same = sameness(people)
    named = {role for role, name in people.items() if same(actor.name, name)}
    project = people.project if isinstance(people, People) else None
    here = {role for role, key in actor.within if key == project}
    return ((actor.roles | here) - PROJECT_ROLES.keys()) | named


def held(role: str, actor: Actor, people: Mapping[str, str | None]) -> bool:
    """Say whether an actor may act in a role for a project."""
    return actor.is_operator or role in roles_in(actor, people)


def acted_as(role: str, actor: Actor, people: Mapping[str, str | None]) -> str:
    """Return what the history calls an actor who acts in a role: operator for one who does not hold it."""
    return role if role in roles_in(actor, people) else OPERATOR


def known_role(template_role: str, roles: Mapping[str, str]) -> str:
    """Turn a template's own word (preparer) into the role that holds it (project_manager)."""
    return roles.get(template_role, template_role)


def one_of(names: Iterable[str | None], actor: Actor, people: Mapping[str, str | None]) -> bool:
    """Say whether an actor is among some names, as names are compared for a project."""
    same = sameness(people)
    return any(same(actor.name, name) for name in names)
