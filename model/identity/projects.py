"""Names of projects: how alike two are. A number that differs parts them, however alike the rest is."""

from dataclasses import dataclass
from functools import cached_property
from typing import Final

from rapidfuzz import fuzz

from model.identity.proposal import Reason
from model.identity.words import fold, words_of

# Words that say only that it is one.
_EMPTY: Final = frozenset(
    ["a", "an", "and", "for", "in", "of", "on", "the", "to", "project", "programme", "program", "initiative",
     "team", "board"]
)  # fmt: skip
_ROMAN: Final = {"ii": "2", "iii": "3", "iv": "4", "vi": "6", "vii": "7", "viii": "8", "ix": "9"}
_COUNTED: Final = frozenset(
    ["phase", "release", "stage", "wave", "tranche", "part", "lot", "version", "v", "increment"]
)  # fmt: skip
_SHORT: Final = 3  # letters from which a key's likeness to initials means something
_ALIKE: Final = 0.86  # likeness of letters from which two names may be one, written twice
_TWO: Final = 2


@dataclass(frozen=True)
class Named:
    """A project, or a piece of a tracker, by all it is known by."""

    name: str
    keys: tuple[str, ...] = ()

    @cached_property
    def words(self) -> tuple[str, ...]:
        """The words that tell it from others, in order."""
        found = [_ROMAN.get(word, word) for word in words_of(self.name)]
        telling = [word for word in found if word not in _EMPTY]
        return tuple(telling or found)

    @cached_property
    def numbers(self) -> frozenset[str]:
        """The numbers in it: `Phase 2` is not `Phase 3`."""
        bare = {word.lstrip("v") for word in self.words if word.lstrip("v").isdigit()}
        return frozenset(number.lstrip("0") or "0" for number in bare)

    @cached_property
    def text_words(self) -> tuple[str, ...]:
        """The words without numbers and what counts them."""
        return tuple(word for word in self.words if not word.lstrip("v").isdigit() and word not in _COUNTED)

    @cached_property
    def initials(self) -> str:
        """The first letters of its words."""
        return "".join(word[0] for word in self.text_words)

    @cached_property
    def folded_keys(self) -> frozenset[str]:
        """Its keys without case."""
        return frozenset(fold(key).strip() for key in self.keys if key.strip())

    @cached_property
    def blocks(self) -> frozenset[str]:
        """Under what a like one can be found: beginnings of words, its initials, its keys."""
        found = {word[:4] for word in self.text_words} | self.folded_keys
        return frozenset(found | ({self.initials} if len(self.initials) >= _SHORT else set()))


def project_likeness(one: Named, other: Named) -> tuple[Reason, ...]:
    """Say what the names and keys of two projects speak for; nothing where nothing does.

    The first reason's weight is how sure the strongest of them makes it.
    """
    if one.numbers and other.numbers and one.numbers != other.numbers:
        return ()
    first = _strongest(one, other)
    if first is None:
        return ()
    found = [first]
    if one.numbers != other.numbers:
        number = ", ".join(sorted(one.numbers | other.numbers))
        found.append(Reason("number", f"only one of them has the number {number}", -0.12))
    if first.rule != "initials" and (said := _by_initials(one, other)) is not None:
        found.append(Reason("initials", said, 0.04))
    return tuple(found)


def _strongest(one: Named, other: Named) -> Reason | None:
    shared = sorted(one.folded_keys & other.folded_keys)
    if shared:
        return Reason("same_key", f"both are called {shared[0].upper()}", 0.94)
    mine, theirs = one.text_words, other.text_words
    if mine and theirs:
        named = _by_words(mine, theirs)
        if named is not None:
            return named
    said = _by_initials(one, other)
    return None if said is None else Reason("initials", said, 0.7)


def _by_words(mine: tuple[str, ...], theirs: tuple[str, ...]) -> Reason | None:
    if mine == theirs:
        return Reason("same_name", "the same name", 0.93)
    if sorted(mine) == sorted(theirs):
        return Reason("same_words", "the same words in another order", 0.92)
    likeness = fuzz.token_sort_ratio(" ".join(mine), " ".join(theirs)) / 100
    lesser, greater = sorted((set(mine), set(theirs)), key=len)
    if lesser < greater:
        more = ", ".join(sorted(greater - lesser))
        weight = 0.86 if len(lesser) >= _TWO else 0.72
        return Reason("more_words", f"the same words, and {more} more in one of them", weight)
    if likeness >= _ALIKE:
        return Reason("alike", f"the names are {round(likeness * 100)} % alike", 0.95 * likeness)
    return None


def _by_initials(one: Named, other: Named) -> str | None:
    """Say which key is made of the other's initials."""
    for keyed, named in ((one, other), (other, one)):
        if len(named.initials) >= _SHORT and named.initials in keyed.folded_keys:
            return f"the key {named.initials.upper()} is made of the initials of {named.name!r}"
    return None
