"""F22: whether a text is last month's text again, or speaks of another month."""

import re
from typing import Final

from rapidfuzz.distance import Levenshtein

SHINGLE: Final = 3
_WORD: Final = re.compile(r"[^\W_]+")
_MONTHS: Final = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
    "November", "December",
)  # fmt: skip
_SHORT: Final = "|".join(f"{month[:3]}t?" for month in _MONTHS)
# A month's name counts with a capital only: "may" and "march" are verbs too. Its short form needs a year, a
# full stop within a sentence, or a word before it that no person follows ("by Jan" may be one).
_WHEN: Final = "|".join(
    f"(?<=\\b{word} )" for word in ("in", "In", "since", "Since", "until", "during", "through")
)
_NAMED: Final = re.compile(
    r"\b(?:(?P<name>" + "|".join(_MONTHS) + r")(?:[ ,]+(?P<year>\d{4}))?"
    r"|(?P<short>" + _SHORT + r")\.?[ -](?P<short_year>\d{4})"
    r"|(?:" + _WHEN + r")(?P<alone>" + _SHORT + r")(?!\w)|(?P<stopped>" + _SHORT + r")\.(?= [a-z])"
    r"|(?<![\d/.-])(?P<number>0?[1-9]|1[0-2])/(?P<number_year>\d{4})(?![\d/])"
    r"|(?P<iso_year>\d{4})-(?P<iso_month>0[1-9]|1[0-2])(?!\d)"
    r"|Q(?P<quarter>[1-4])(?:[ /-]?(?P<quarter_year>\d{4}))?)(?!\w)"
)
_PERIOD: Final = re.compile(r"(?P<year>\d{4})(?:-(?P<month>0[1-9]|1[0-2])|-?Q(?P<quarter>[1-4]))?")


def similarity(one: str, other: str) -> float:
    """Return the Jaccard similarity of the texts' three-word shingles, 0 to 1.

    Words are letters and digits in lower case. A text of fewer words is one shingle; no words are like
    nothing. Source: docs/findings.md, rule F22.
    """
    mine, theirs = _shingles(one), _shingles(other)
    together = mine | theirs
    return len(mine & theirs) / len(together) if together else 0.0


def edit_similarity(one: str, other: str) -> float:
    """Return how much of two texts is the same, 0 to 1, by the letters one must change to make the other.

    1 - Levenshtein distance / length of the longer, over words of letters and digits in lower case with one
    blank between them; no words are like nothing. One word changed in a short text leaves it high, where
    `similarity` falls to a half. Source: docs/findings.md, rule F22.
    """
    mine, theirs = " ".join(_words(one)), " ".join(_words(other))
    return Levenshtein.normalized_similarity(mine, theirs) if mine and theirs else 0.0


def mentions_other_period(text: str, period: str) -> bool:
    """Say whether a text names a month or quarter outside the period (2025-06, 2025-Q2 or 2025).

    Raises:
        ValueError: If the period cannot be read.
    """
    year, months = _months(period)
    return any(_is_other(found, year, months) for found in _NAMED.finditer(text))


def _shingles(text: str) -> set[tuple[str, ...]]:
    words = _words(text)
    if not words:
        return set()
    return {tuple(words[start : start + SHINGLE]) for start in range(max(1, len(words) - SHINGLE + 1))}


def _words(text: str) -> list[str]:
    return _WORD.findall(text.lower())


def _months(period: str) -> tuple[int, frozenset[int]]:
    """Return the year and the months of a period."""
    found = _PERIOD.fullmatch(period)
    if found is None:
        raise ValueError(f"expected a period like 2025-06 or 2025-Q2, not {period!r}")
    if found["month"]:
        months = frozenset([int(found["month"])])
    elif found["quarter"]:
        months = _quarter(found["quarter"])
    else:
        months = frozenset(range(1, 13))
    return int(found["year"]), months


def _quarter(number: str) -> frozenset[int]:
    first = 3 * int(number) - 2
    return frozenset(range(first, first + 3))


def _is_other(found: re.Match[str], year: int, months: frozenset[int]) -> bool:
    years = ("year", "short_year", "number_year", "iso_year", "quarter_year")
    said = next((found[name] for name in years if found[name]), None)
    if found["quarter"]:
        named = _quarter(found["quarter"])
    elif number := found["iso_month"] or found["number"]:
        named = frozenset([int(number)])
    else:
        start = (found["name"] or found["short"] or found["alone"] or found["stopped"])[:3]
        named = frozenset([next(i for i, month in enumerate(_MONTHS, 1) if month.startswith(start))])
    return (said is not None and int(said) != year) or not named & months


def other_periods(text: str, period: str) -> tuple[str, ...]:
    """Return the months and quarters outside the period that a text names, each as it is written there.

    Raises:
        ValueError: If the period cannot be read.
    """
    year, months = _months(period)
    return tuple(dict.fromkeys(each[0] for each in _NAMED.finditer(text) if _is_other(each, year, months)))
