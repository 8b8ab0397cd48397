"""Names of people: how alike two are, whoever wrote them down and however."""

import re
from dataclasses import dataclass
from typing import Final

from rapidfuzz.distance import DamerauLevenshtein, JaroWinkler

from model.identity.proposal import Reason
from model.identity.words import words_of

_NOTE: Final = re.compile(r"[(\[{][^)\]}]*[)\]}]|<[^>]*>|\s[-–|/]\s.*$")
_ADDRESS: Final = re.compile(r"[^\s@<>]+@[^\s@<>]+")
_TITLES: Final = frozenset(
    ["mr", "mrs", "ms", "miss", "dr", "prof", "professor", "sir", "dame", "eng", "ing"]
)
_ALIKE: Final = 0.9  # Jaro-Winkler from which two words may be one with a slip of the pen
_SLIPS: Final = 2  # letters wrong, missing or swapped
_LONG: Final = 5  # letters a word needs before a second slip is forgiven
_TWO: Final = 2  # words: a given name and a family name


@dataclass(frozen=True, slots=True)
class Name:
    """A person's name in words, given names first. `login` where it is only an account's name."""

    text: str
    words: tuple[str, ...]
    login: bool = False

    @property
    def key(self) -> str:
        """What two ways of writing the same words have in common."""
        return " ".join(sorted(self.words))

    @property
    def blocks(self) -> frozenset[str]:
        """Beginnings under which a like name can be found, also one that is made of it for an account."""
        found = {word[:4] for word in self.words if len(word) > 1}
        if len(self.words) > 1:
            found.add((self.words[0][0] + self.words[-1])[:4])
        return frozenset(found)


def read_name(text: str) -> Name:
    """Take a name apart: `Lindqvist, Maya (contractor)`, an address, or an account as `mlindqvist`.

    >>> read_name("Lindqvist, Dr. Maya (contractor)").words
    ('maya', 'lindqvist')
    """
    address = _ADDRESS.search(text)
    bare = _NOTE.sub(" ", text).strip()
    if address is not None and (not bare or _ADDRESS.fullmatch(bare)):
        bare = address[0].rpartition("@")[0]
    bare = bare.rpartition("\\")[2]
    family, comma, given = bare.partition(",")
    ordered = f"{given} {family}" if comma and given.strip() else bare
    words = tuple(word for word in words_of(ordered) if word not in _TITLES)
    return Name(text, words, login=len(words) == 1 and "," not in text)


def name_likeness(one: Name, other: Name) -> tuple[Reason, ...]:
    """Say what speaks for two names being of one person; nothing where nothing does.

    The first reason's weight is how sure the names alone make it.
    """
    if not one.words or not other.words or (one.login and other.login and one.words != other.words):
        return ()
    if one.login != other.login:
        return _by_login(one, other) if one.login else _by_login(other, one)
    if one.words == other.words and one.login:
        return (Reason("same_word", f"both are written {one.text!r}, one word only", 0.6),)
    if one.words == other.words:
        return (Reason("same_name", "the same name", 0.93),)
    if one.key == other.key:
        return (Reason("same_words", "the same name in another order", 0.9),)
    family = _word_likeness(one.words[-1], other.words[-1])
    return () if family == 0 else _by_given(one, other, family)


def _by_login(login: Name, full: Name) -> tuple[Reason, ...]:
    """Compare an account's name with a full one: mlindqvist, lindqvistm, mayalindqvist."""
    [word] = login.words
    given, family = full.words[0], full.words[-1]
    whole = {given + family: 0.88, family + given: 0.88, given[0] + family: 0.8, family + given[0]: 0.8}
    if len(word) > _TWO and word in whole:
        return (Reason("login", f"{login.text!r} is made of the name {full.text!r}", whole[word]),)
    return ()


def _by_given(one: Name, other: Name, family: float) -> tuple[Reason, ...]:
    """Compare the given names of two whose family names are this much alike."""
    mine, theirs = one.words[:-1], other.words[:-1]
    if mine != theirs and _initials_fit(mine, theirs):
        says = f"the family name is the same and {mine[0]!r} fits {theirs[0]!r}"
        return (Reason("initials", says, 0.82 * family),)
    if mine[0] == theirs[0] and len(mine) != len(theirs):
        more = max(one, other, key=lambda name: len(name.words))
        return (Reason("middle_name", f"the same but for a name more in {more.text!r}", 0.86 * family),)
    if mine == theirs:
        says = f"{one.words[-1]!r} and {other.words[-1]!r} differ by a slip of the pen"
        return (Reason("slip", says, 0.9 * family),)
    given = _word_likeness(mine[0], theirs[0])
    if given == 0 or family < 1 or mine[1:] != theirs[1:]:
        return ()
    return (Reason("slip", f"{mine[0]!r} and {theirs[0]!r} differ by a slip of the pen", 0.88 * given),)


def _initials_fit(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    """Say whether one of the first names is an initial of the other, and no further one speaks against it."""
    fits = [a == b or (min(len(a), len(b)) == 1 and a[0] == b[0]) for a, b in zip(one, other, strict=False)]
    return all(fits) and 1 in (len(one[0]), len(other[0]))


def _word_likeness(one: str, other: str) -> float:
    """Return 1 for the same word, less for a slip of the pen, 0 for two words."""
    if one == other:
        return 1.0
    shorter = min(len(one), len(other))
    slips = DamerauLevenshtein.distance(one, other, score_cutoff=_SLIPS)
    likeness = JaroWinkler.similarity(one, other)
    if shorter < _LONG - 1 or slips > (_SLIPS if shorter > _LONG else 1) or likeness < _ALIKE:
        return 0.0
    return likeness
