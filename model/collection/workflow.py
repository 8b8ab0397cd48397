"""The steps of a submission: which there are, who may take them, and what each asks for."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from model.collection.roles import Actor, acted_as, held, known_role, one_of
from model.template.language import Move, Workflow
from model.template.template import Template

# What people say, and the state it leads to.
VERBS: Final = {
    "submit": "submitted",
    "review": "in_review",
    "return": "returned",
    "approve": "approved",
    "publish": "published",
    "withdraw": "superseded",
}
SAID: Final = {state: verb for verb, state in VERBS.items()}
_ROLES: Final = {
    "preparer": "project_manager", "reviewer": "project_officer", "approver": "sponsor", "publisher": "pmo_head",
}  # fmt: skip


@lru_cache
def usual() -> Workflow:
    """Return the steps of a template that names none."""
    moves = (
        {"from": "not_started", "to": "draft", "by": "system", "when": "window_open"},
        {"from": "draft", "to": "submitted", "by": "preparer", "when": "no_blocking_checks"},
        {"from": "submitted", "to": "in_review", "by": "reviewer"},
        {"from": "in_review", "to": "returned", "by": "reviewer", "needs": ["reason"]},
        {"from": "returned", "to": "submitted", "by": "preparer", "when": "no_blocking_checks"},
        {"from": "in_review", "to": "approved", "by": "approver", "forbids": "same_person_as_preparer"},
        {"from": "approved", "to": "published", "by": "publisher", "effect": "freeze_snapshot"},
        {
            "from": "published",
            "to": "superseded",
            "by": "publisher",
            "needs": ["reason"],
            "effect": "keep_both",
        },
    )
    chase = (
        {"at": "due - P2D", "to": "preparer"},
        {"at": "due", "to": ["preparer", "reviewer"]},
        {"at": "due + P2D", "to": "approver"},
        {"at": "due + P5D", "to": "pmo_head", "mark": "missing"},
    )
    states = ("not_started", "draft", *VERBS.values())
    return Workflow.model_validate({"states": states, "moves": moves, "chase": chase})


def workflow_of(template: Template) -> Workflow:
    """Return a template's own steps, else the usual ones."""
    return template.document.workflow or usual()


def role_of(template: Template, word: str) -> str:
    """Turn a template's word (approver) into the role that acts (sponsor)."""
    return (
        known_role(word, template.document.roles)
        if word in template.document.roles
        else _ROLES.get(word, word)
    )


def moves_from(template: Template, state: str) -> list[Move]:
    """Return the steps that lead on from a state, those of Muster itself left out."""
    return [move for move in workflow_of(template).moves if move.from_ == state and move.by != "system"]


@dataclass(frozen=True, slots=True)
class Step:
    """A step somebody asks for. `people` are the project's by role; `preparers` who answered or submitted."""

    template: Template
    state: str
    to: str
    actor: Actor
    people: Mapping[str, str | None]
    preparers: Collection[str | None]
    because: str | None = None
    attest: str | None = None


class StepRefused(Exception):
    """The step cannot be taken; `allowed` is False where only the role or the person is wrong."""

    def __init__(self, says: str, *, allowed: bool = True) -> None:
        super().__init__(says)
        self.allowed = allowed


def find_step(step: Step) -> Move:
    """Return the move that a step is.

    Raises:
        StepRefused: There is none from this state, by this person, or something it needs is left out.
    """
    wanted = VERBS.get(step.to, step.to)
    moves = moves_from(step.template, step.state)
    found = next((move for move in moves if move.to == wanted), None)
    if found is None:
        able = ", ".join(SAID.get(move.to, move.to) for move in moves) or "nothing"
        raise StepRefused(f"it is {step.state}: what can be done now is: {able}")
    _refuse_who(step, found)
    if "reason" in found.needs and not (step.because or "").strip():
        raise StepRefused(f"say why: to {SAID.get(wanted, wanted)} takes a reason")
    if found.attest is not None and _plain(step.attest) != _plain(found.attest):
        raise StepRefused(f"put your name to the sentence it takes: {found.attest!r}")
    return found


def _refuse_who(step: Step, move: Move) -> None:
    role = role_of(step.template, move.by)
    verb = SAID.get(move.to, move.to)
    if not held(role, step.actor, step.people):
        named = step.people.get(role)
        whom = f" ({named})" if named else ", who is not on record" if role in step.people else ""
        raise StepRefused(
            f"{step.actor.name} may not {verb} this: that takes the {role}{whom}", allowed=False
        )
    if move.forbids == "same_person_as_preparer" and one_of(step.preparers, step.actor, step.people):
        raise StepRefused(
            f"{step.actor.name} answered or submitted this: somebody else has to {verb} it", allowed=False
        )


def _plain(sentence: str | None) -> str:
    return " ".join((sentence or "").casefold().split()).rstrip(".")


def acted_in(template: Template, move: Move, actor: Actor, people: Mapping[str, str | None]) -> str:
    """Return the role a move is taken in: the one it asks for, or operator for whoever does not hold that."""
    return acted_as(role_of(template, move.by), actor, people)
