"""How claims that differ are settled: by a person's word while it holds, else by a rule, else by precedence."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final, Protocol, TypeVar
from uuid import UUID

_WORST: Final = ("RED", "AMBER", "GREEN")

# What may be preferred, and for which types of attribute; None: for all.
_ORDERS: Final[Mapping[str, frozenset[str] | None]] = {
    "newest": None,
    "latest": frozenset(["date"]),
    "earliest": frozenset(["date"]),
    "highest": frozenset(["int", "number", "percent", "money"]),
    "lowest": frozenset(["int", "number", "percent", "money"]),
    "worst": frozenset(["rag"]),
}
_SAYS: Final = {
    "newest": "the newest word", "latest": "the latest date", "earliest": "the earliest date",
    "highest": "the highest value", "lowest": "the lowest value", "worst": "the worst colour",
}  # fmt: skip
PREFERENCES: Final = tuple(_ORDERS)


class Said(Protocol):
    """What settling needs to know of a claim."""

    @property
    def id(self) -> int:
        """Its number."""

    @property
    def value(self) -> Any:
        """What it says, typed."""

    @property
    def unit(self) -> str | None:
        """The value's unit."""

    @property
    def source_id(self) -> int:
        """Whose word it is."""

    @property
    def source(self) -> str:
        """The source's name."""

    @property
    def kind(self) -> str:
        """The source's kind."""

    @property
    def valid_from(self) -> date:
        """Since when it is true."""

    @property
    def known_from(self) -> datetime:
        """Since when it is known."""


ClaimT = TypeVar("ClaimT", bound=Said)


@dataclass(frozen=True, slots=True)
class Word:
    """A person's word: the claim that counts, as long as every source says what it said then (`said`)."""

    id: int
    claim_id: int
    said: Mapping[int, int]  # source -> claim
    by: str
    at: datetime
    because: str


@dataclass(frozen=True, slots=True)
class Rule:
    """What settles the conflicts of an attribute everywhere, in a programme, or in one project."""

    id: int
    attribute: str
    project_id: UUID | None
    programme: str | None
    prefer: str
    by: str
    because: str


def check_preference(prefer: str, attribute_type: str) -> str | None:
    """Say in words why a preference cannot be one for a type of attribute; None where it can."""
    what, colon, name = prefer.partition(":")
    if colon and what in ("source", "kind"):
        return None if name.strip() else f"{prefer!r} names no {what}"
    if prefer not in _ORDERS:
        known = ", ".join(("source:NAME", "kind:KIND", *_ORDERS))
        return f"nothing can be preferred as {prefer!r}; there are: {known}"
    fits = _ORDERS[prefer]
    if fits is not None and attribute_type not in fits:
        return f"{prefer!r} is for {', '.join(sorted(fits))}, not for {attribute_type}"
    return None


def preference_says(prefer: str) -> str:
    """Say what is preferred, in words."""
    what, colon, name = prefer.partition(":")
    if colon:
        return name if what == "source" else f"any {name.replace('_', ' ')} source"
    return _SAYS.get(prefer, prefer)


def preferred(prefer: str, claims: Sequence[ClaimT]) -> ClaimT | None:
    """Return the claim a rule chooses of those in order of precedence; None where it cannot choose.

    Amounts in different units cannot be compared, and a source that says nothing cannot be preferred.
    """
    what, colon, name = prefer.partition(":")
    if colon:
        field: Callable[[ClaimT], str] = (lambda c: c.source) if what == "source" else (lambda c: c.kind)
        return next((claim for claim in claims if field(claim) == name.strip()), None)
    if not claims:
        return None
    if prefer == "newest":
        return max(claims, key=lambda c: (c.valid_from, c.known_from))
    if len({claim.unit for claim in claims}) > 1:
        return None
    if prefer == "worst":
        known = [claim for claim in claims if claim.value in _WORST]
        return min(known, key=lambda c: _WORST.index(c.value), default=None)
    choose: Callable[..., ClaimT] = max if prefer in ("latest", "highest") else min
    return choose(claims, key=lambda c: c.value)


def fitting(rules: Sequence[Rule], project: UUID, programmes: Sequence[str]) -> list[Rule]:
    """Return the rules of an attribute that are for a project, the narrowest first.

    Of rules for several of its programmes those of its own, the first, go before the others' in their order.
    """
    here = [
        rule
        for rule in rules
        if rule.project_id in (None, project) and (rule.programme is None or rule.programme in programmes)
    ]

    def narrowness(rule: Rule) -> tuple[bool, bool, int, int]:
        nearness = 0 if rule.programme is None else -programmes.index(rule.programme)
        return (rule.project_id is not None, rule.programme is not None, nearness, rule.id)

    return sorted(here, key=narrowness, reverse=True)


def lapsed(word: Word, claims: Sequence[ClaimT], same: Callable[[ClaimT, ClaimT], bool]) -> str | None:
    """Say why a person's word no longer holds; None while it does.

    It was about what was said then: a source that says something else, or a new one that contradicts the
    chosen value, was not weighed. One that now agrees or no longer says anything changes nothing.
    """
    chosen = next((claim for claim in claims if claim.id == word.claim_id), None)
    if chosen is None:
        return "the chosen source says something else by now, or nothing"
    for claim in claims:
        if word.said.get(claim.source_id) != claim.id and not same(chosen, claim):
            return f"{claim.source} says something else by now"
    return None
