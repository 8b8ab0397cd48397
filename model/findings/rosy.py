"""F22: words that say all is well, and of which part of a project they say it."""

import re
from collections.abc import Mapping
from typing import Final

ALL: Final = "overall"  # of the whole project
# What is said of one dimension, and what of the whole.
_PHRASES: Final[Mapping[str, tuple[str, ...]]] = {
    "schedule": (
        "on schedule", "ahead of schedule", "no delay", "no delays", "no slippage",
        "ahead of plan", "in line with the plan", "according to plan", "as planned",
    ),
    "cost": (
        "on budget", "within budget", "in budget", "under budget", "no overspend", "no cost pressure",
        "costs are under control", "spend is under control", "in line with the budget",
    ),
    "scope": ("no change in scope", "no scope change", "no scope changes", "scope is stable"),
    "risk": ("no risks", "no major risks", "no significant risks", "no new risks", "risks are under control"),
    ALL: (
        "on track", "on target", "on course", "all is well", "all well", "all good", "going well",
        "progressing well", "going to plan", "in good shape", "no issues", "no major issues",
        "no significant issues", "no problems", "no concerns", "nothing to report", "no blockers",
        "everything is fine", "all green", "is green", "are green", "remains green", "stays green",
        "still green", "healthy",
    ),
}  # fmt: skip
_DIMENSION: Final = {phrase: name for name, phrases in _PHRASES.items() for phrase in phrases}
_LONGEST_FIRST: Final = sorted(_DIMENSION, key=len, reverse=True)
_SAID: Final = re.compile(
    r"(?<![\w-])(?:" + "|".join(r"\s+".join(map(re.escape, each.split())) for each in _LONGEST_FIRST)
    + r")(?![\w-])", re.IGNORECASE,
)  # fmt: skip
# What turns a phrase round, or puts it in the past or the future, when it stands shortly before it.
_TURNS: Final = frozenset(
    [
        "not", "no", "never", "neither", "nor", "hardly", "barely", "longer", "without", "isn't", "aren't",
        "wasn't", "weren't", "cannot", "can't", "won't", "don't", "doesn't", "isnt", "arent", "was", "were",
        "until", "unless", "if", "when", "once", "should", "would", "could", "will", "must", "to", "back",
        "bring", "bringing", "get", "getting", "return", "returns", "returning", "far", "less", "than",
        "anything", "but",
    ]
)  # fmt: skip
_BEFORE: Final = 4  # words that are looked back
_WORD: Final = re.compile(r"[^\W_]+(?:['’][^\W_]+)?")
# Where a new statement begins. A line break alone begins none: texts are wrapped by hand in cells.
_STATEMENT: Final = re.compile(
    r"[.!?;:]|\n\s*\n|\b(?:and|but) (?=(?:it |we |all )?(?:is|are|remains?|stays?)\b)"
)


def green_words(text: str) -> dict[str, str]:
    """Return what a text says is well: by dimension (`overall` for the whole) the words that say so.

    "On track" does, "not on track", "back on track by June" and "was on track until May" do not: a word
    among the four before it, in the same statement, that turns it round or moves it in time takes it back.
    Source: docs/findings.md.
    """
    found: dict[str, str] = {}
    for said in _SAID.finditer(text):
        start = max((end.end() for end in _STATEMENT.finditer(text) if end.end() <= said.start()), default=0)
        words = _WORD.findall(text[start : said.start()])[-_BEFORE:]
        if not _TURNS.intersection(word.replace("’", "'").lower() for word in words):
            about = _DIMENSION.get(" ".join(said[0].casefold().split()))
            if about is not None:  # letters that are the same in another case only to the search: İ and i
                found.setdefault(about, said[0])
    return found
