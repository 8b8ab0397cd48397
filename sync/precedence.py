"""Precedence: whose claim wins for each attribute, and which claims it silences.

Where claims differ, a person's word goes before a rule, and a rule before precedence.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import orjson
from pydantic import BaseModel, ConfigDict, Field, field_validator
from sqlalchemy import text
from sqlalchemy.orm import Session

import config
from model.attributes import REGISTER, lookup
from model.declaration import Declaration
from model.exact import apart
from model.identity.settling import Word, lapsed, preference_says, preferred
from sync.identity.settlements import NOTHING_SETTLED, Settling, standing
from sync.identity.written import NOBODY, PERSON_ATTRIBUTES, WrittenNames

_TYPES: Final = {attribute.name: attribute.type for attribute in REGISTER["project"].values()}


class Tolerance(BaseModel):
    """How far apart two numbers may be without contradicting each other; 0 is to the hundredth."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    percent_points: float = Field(default=0, ge=0, description="Points between two percents")
    money_pct: float = Field(default=0, ge=0, description="Percent of the winning amount")

    def allows(self, kind: str, winner: Decimal, other: Decimal) -> bool:
        """Say whether two numbers of a type of attribute agree."""
        if kind == "percent":
            most = Decimal(str(self.percent_points))
        elif kind == "money":
            most = abs(winner) * Decimal(str(self.money_pct)) / 100
        else:
            most = Decimal(0)
        return apart(winner, other, 2) <= most


_EXACT: Final = Tolerance()


class Precedence(BaseModel):
    """Per attribute, the sources or kinds that go before the configuration's order."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    version: str
    attributes: Mapping[str, tuple[str, ...]] = {}
    tolerance: Tolerance = _EXACT

    @field_validator("attributes")
    @classmethod
    def _known(cls, given: Mapping[str, tuple[str, ...]]) -> Mapping[str, tuple[str, ...]]:
        return {lookup("project", name).name: order for name, order in given.items()}

    def rank(self, attribute: str, source: str, kind: str, position: int) -> tuple[int, int, str]:
        """Return what to sort claims by, the winner's first."""
        order = self.attributes.get(attribute, ())
        named = [index for index, word in enumerate(order) if word in (source, kind)]
        return (named[0] if named else len(order), position, source)


@lru_cache
def shipped_precedence() -> Precedence:
    """Load the precedence that comes with Muster.

    Raises:
        InvalidDeclaration: If the file does not hold.
    """
    path = Path(config.__file__).parent / "precedence.yaml"
    return Declaration(path.read_text(encoding="utf-8"), path.name).as_(Precedence)


@dataclass(frozen=True, slots=True)
class ClaimRow:
    """One claim as it stands, with the name of its source. `value` is typed, never None."""

    id: int
    project_id: UUID
    attribute: str
    value: Any
    unit: str | None
    source_id: int
    source: str
    kind: str
    position: int
    valid_from: date
    known_from: datetime
    run_id: int
    raw_page_id: int | None
    raw_position: int | None
    locator: str | None
    url: str | None
    sha256: str | None


@dataclass(frozen=True, slots=True)
class Winning:
    """An attribute's claims, the winner first; `because` says why it wins.

    `settled_by` is `person`, `rule` or `precedence`.
    """

    claims: tuple[ClaimRow, ...]
    because: str
    tolerance: Tolerance = _EXACT
    settled_by: str = "precedence"
    names: WrittenNames = NOBODY

    @property
    def winner(self) -> ClaimRow:
        """The claim that counts."""
        return self.claims[0]

    @property
    def value(self) -> Any:
        """What counts, typed."""
        return self.claims[0].value

    @property
    def conflicting(self) -> tuple[ClaimRow, ...]:
        """The losers that say something else, further off than the tolerance."""
        first = self.claims[0]
        return tuple(each for each in self.claims[1:] if not _same(first, each, self.tolerance, self.names))


Values = dict[str, Winning]


def winning(
    claims: Collection[ClaimRow], precedence: Precedence, settling: Settling = NOTHING_SETTLED
) -> Winning:
    """Rank the claims of one attribute of one project, at most one a source."""
    ranked = sorted(claims, key=lambda c: precedence.rank(c.attribute, c.source, c.kind, c.position))
    names = [claim.source for claim in ranked]
    because = (
        f"precedence: {names[0]} before {', '.join(names[1:])}" if names[1:] else f"only {names[0]} says"
    )
    found = Winning(tuple(ranked), because, precedence.tolerance, names=settling.names)
    return _settled(found, settling) if names[1:] else found


def _settled(found: Winning, settling: Settling) -> Winning:
    """Let a person's word, or else a rule, choose among claims that differ."""
    first = found.winner
    word = settling.words.get((first.project_id, first.attribute))
    told = ""
    if word is not None:
        why = lapsed(word, found.claims, lambda a, b: _same(a, b, found.tolerance, found.names))
        if why is None:
            chosen = next(claim for claim in found.claims if claim.id == word.claim_id)
            return _with(found, chosen, _in_words(word), "person")
        told = f"; the word of {word.by} of {word.at:%Y-%m-%d} no longer holds: {why}"
    if found.conflicting:
        for rule in settling.rules_for(first.project_id, first.attribute):
            chosen_by_rule = preferred(rule.prefer, found.claims)
            if chosen_by_rule is not None:
                says = f"rule {rule.id} of {rule.by}: {preference_says(rule.prefer)} ({rule.because})"
                return _with(found, chosen_by_rule, says + told, "rule")
    return replace(found, because=found.because + told) if told else found


def _in_words(word: Word) -> str:
    return f"settled by {word.by} on {word.at:%Y-%m-%d}: {word.because}"


def _with(found: Winning, chosen: ClaimRow, because: str, settled_by: str) -> Winning:
    others = tuple(claim for claim in found.claims if claim.id != chosen.id)
    return replace(found, claims=(chosen, *others), because=because, settled_by=settled_by)


# The last word of each source as known then; a withdrawn claim (JSON null) is dropped afterwards, so that
# it does not let an older one through.
_STANDING: Final = text(
    "SELECT DISTINCT ON (c.project_id, c.attribute, c.source_id) c.id, c.project_id, c.attribute,"
    " CAST(c.value AS text), c.unit, c.source_id, s.name AS source, s.kind, s.position, c.valid_from,"
    " c.known_from, c.run_id, c.raw_page_id, c.raw_position, c.locator, c.url, c.sha256"
    " FROM claim c JOIN source s ON s.id = c.source_id"
    " WHERE c.known_from <= :known_at AND c.valid_from <= :as_of"
    " AND (CAST(:projects AS uuid[]) IS NULL OR c.project_id = ANY(CAST(:projects AS uuid[])))"
    " ORDER BY c.project_id, c.attribute, c.source_id, c.known_from DESC, c.id DESC"
)


def read_values(
    session: Session,
    *,
    as_of: date,
    known_at: datetime,
    projects: Sequence[UUID] | None = None,
    precedence: Precedence | None = None,
    settling: Settling | None = None,
) -> dict[UUID, Values]:
    """Return each project's winning values on a day, as known at an instant.

    `precedence` None is the shipped one, `settling` None what stood at that instant.
    """
    precedence = precedence or shipped_precedence()
    asked = None if projects is None else list(projects)
    settling = settling or standing(session, known_at)
    rows = session.execute(_STANDING, {"known_at": known_at, "as_of": as_of, "projects": asked})
    grouped: dict[UUID, dict[str, list[ClaimRow]]] = {}
    for id_, project_id, attribute, written, *rest in rows.all():
        value = orjson.loads(written)
        if value is None or attribute not in _TYPES:
            continue
        found = ClaimRow(id_, project_id, attribute, typed(attribute, value), *rest)
        grouped.setdefault(found.project_id, {}).setdefault(found.attribute, []).append(found)
    return {
        project: {name: winning(claims, precedence, settling) for name, claims in attributes.items()}
        for project, attributes in grouped.items()
    }


def typed(attribute: str, value: Any) -> Any:
    """Turn a claim's JSON scalar into the attribute's type: dates, decimals for money."""
    kind = _TYPES[attribute]
    if kind == "date":
        return date.fromisoformat(value)
    return Decimal(str(value)) if kind == "money" else value


def plain(value: Any) -> Any:
    """Turn a typed value back into a claim's JSON scalar."""
    if isinstance(value, date):
        return value.isoformat()
    return format(value, "f") if isinstance(value, Decimal) else value


def _same(one: ClaimRow, other: ClaimRow, tolerance: Tolerance, names: WrittenNames) -> bool:
    """Say whether two claims agree: texts by their words, people by who they are, numbers within the tolerance."""
    if one.unit != other.unit:
        return False
    if one.attribute in PERSON_ATTRIBUTES and names.same(str(one.value), str(other.value)):
        return True
    if isinstance(one.value, str) and isinstance(other.value, str):
        return one.value.casefold().split() == other.value.casefold().split()
    if isinstance(one.value, float | int | Decimal) and isinstance(other.value, float | int | Decimal):
        kind = _TYPES.get(one.attribute, "number")
        return tolerance.allows(kind, Decimal(str(one.value)), Decimal(str(other.value)))
    return bool(one.value == other.value)
