"""What can be done about a finding: its states, the steps between them, and who may take them."""

from collections.abc import Mapping
from typing import Final

from model.collection.roles import OFFICE_ROLES, Actor, Same, roles_in, same_person

NEW: Final = "new"  # nobody has said anything yet
ACCEPTED: Final = "accepted"  # somebody says it is right and sees to it
FIXING: Final = "fixing"  # said to be fixed at its source: the next reading tells
DISPUTED: Final = "disputed"  # said to be wrong: an officer answers
UPHELD: Final = "upheld"  # the dispute is right: the source is to be put right
WAIVED: Final = "waived"  # let off until a day
CLOSED: Final = "closed"
STATES: Final = (NEW, ACCEPTED, FIXING, DISPUTED, UPHELD, WAIVED, CLOSED)
OPEN: Final = (NEW, ACCEPTED, FIXING, DISPUTED, UPHELD)  # somebody has something to do

# action -> from which states it can be taken, and to which it leads
_STEPS: Final[Mapping[str, tuple[tuple[str, ...], str]]] = {
    "accept": ((NEW, FIXING, UPHELD), ACCEPTED),
    "fix": ((NEW, ACCEPTED, UPHELD), FIXING),
    "release": ((ACCEPTED, FIXING), NEW),
    "dispute": ((NEW, ACCEPTED, FIXING), DISPUTED),
    "withdraw": ((DISPUTED, UPHELD), NEW),
    "uphold": ((DISPUTED,), UPHELD),
    "refuse": ((DISPUTED,), NEW),
    "waive": (OPEN, WAIVED),
}
# What is said where there is nothing to do for anybody.
_OVER: Final = {
    CLOSED: "it is closed: there is nothing left to do; should it fail again, it comes back as a new one",
    WAIVED: "it is waived: there is nothing to do until the waiver's last day, or until the waiver is ended",
}
_OFFICE: Final = frozenset({"uphold", "refuse"})  # the rest also by whom the project or the record belongs to
_RESPONSIBLE: Final = ("project_manager", "sponsor", "owner")


class NotPossible(ValueError):
    """A step cannot be taken from where a finding stands; the message says which can."""


class NotAllowed(ValueError):
    """Somebody has no right to a step; the message says who has."""


def possible(state: str) -> tuple[str, ...]:
    """Return the steps that people can take from a state."""
    return tuple(action for action, (before, _) in _STEPS.items() if state in before)


def after(action: str, state: str) -> str:
    """Return the state a step leads to.

    Raises:
        NotPossible: It cannot be taken from there.
    """
    before, then = _STEPS[action]
    if state not in before:
        raise NotPossible(
            _OVER.get(state)
            or f"it is {state}, which leaves nothing to {action}; what can be done: {', '.join(possible(state))}"
        )
    return then


def role_for(action: str, actor: Actor, people: Mapping[str, str | None]) -> str:
    """Return the role in which an actor takes a step; `people` by role: project_manager, sponsor, owner.

    Raises:
        NotAllowed: They have none that may.
    """
    allowed = frozenset(OFFICE_ROLES if action in _OFFICE else (*_RESPONSIBLE, *OFFICE_ROLES))
    if actor.is_operator:
        return "operator"
    for role in (*_RESPONSIBLE, *OFFICE_ROLES):
        if role in allowed and role in roles_in(actor, people):
            return role
    offices = ", ".join(OFFICE_ROLES)
    if action in _OFFICE:
        raise NotAllowed(f"{actor.name} cannot {action} it: that takes one of {offices}")
    named = ", ".join(sorted({name for name in people.values() if name})) or "nobody on record"
    raise NotAllowed(
        f"{actor.name} cannot {action} it: that takes whoever answers for it ({named}) or one of {offices}"
    )


def answered_by_another(raised_by: str, actor: Actor, same: Same = same_person) -> None:
    """Refuse an answer to one's own dispute; `same` tells whether two names are one person's.

    Raises:
        NotAllowed: They raised it.
    """
    if same(raised_by, actor.name):
        raise NotAllowed(f"{actor.name} raised this dispute: somebody else of the office answers it")
