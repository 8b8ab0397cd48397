"""Which passwords are refused: short ones and ones that are guessed first. Nothing is said about which characters.

After NIST SP 800-63B, 5.1.1.2, and OWASP ASVS 4.0.3, 2.1: length decides; words everybody uses, the person's own
name and mere patterns are refused however long they are.
"""

import re
import unicodedata
from typing import Final

LEAST: Final = 12
MOST: Final = 256  # characters; longer ones only make the server work
_FEWEST: Final = 5  # different characters
_OWN: Final = 8  # characters that must be left when what everybody knows is taken out
_ROWS: Final = (
    "abcdefghijklmnopqrstuvwxyz",
    "01234567890123456789",
    "qwertyuiopasdfghjklzxcvbnm",
    "qwertzuiopasdfghjklyxcvbnm",
    "azertyuiopqsdfghjklmwxcvbn",
    "1q2w3e4r5t6y7u8i9o0p",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm",
)
_RUN: Final = 4  # neighbours in a row of keys or of the alphabet that count as a pattern
# What lists of stolen passwords are made of, without the digits and signs people add to them.
_WORDS: Final = """
    password passwort passwd passphrase motdepasse contrasena secret geheim letmein welcome willkommen admin
    administrator administrateur root user guest login master changeme default temporary temp test testing
    example sample demo office company business project projekt muster manager portfolio programme program
    monkey dragon sunshine princess football baseball basketball soccer hockey superman batman spiderman
    starwars pokemon naruto minecraft iloveyou loveyou lovely love forever family friends mother father
    daniel michael jessica charlie thomas jordan hunter buster tigger shadow killer ranger mustang ferrari
    porsche mercedes harley corvette summer winter spring autumn sommer herbst january february march april
    june july august september october november december monday tuesday wednesday thursday friday saturday
    sunday london paris berlin america england germany deutschland computer internet server windows
    microsoft office365 google facebook linkedin jira azure devops excel sharepoint trustno whatever nothing
    something blahblah freedom liverpool chelsea arsenal barcelona juventus flower cookie chocolate cheese
    banana orange pepper ginger purple yellow silver golden diamond matrix phoenix thunder
    correcthorsebatterystaple abc
"""
_COMMON: Final = frozenset(_WORDS.split())
_LEET: Final = str.maketrans("013457@$!|", "oleastasii")


def as_kept(password: str) -> str:
    """Return a password as it is hashed: however a keyboard composes its characters, they are the same ones."""
    return unicodedata.normalize("NFKC", password)


def fault(password: str, *names: str) -> str | None:
    """Say what is wrong with a password as a sentence; None where nothing is.

    Args:
        password: As it was typed.
        names: Of its person and of what it is for: no password is made of these.
    """
    text = as_kept(password)
    low = text.casefold()
    if len(text) < LEAST:
        return f"A password has at least {LEAST} characters. Several words in a row are easy to keep in mind."
    if len(text) > MOST:
        return f"A password has at most {MOST} characters."
    for what, is_so in (
        ("repeats a few characters", len(set(low)) < _FEWEST),
        ("is a pattern of keys or letters, which is guessed first", len(_without_patterns(low)) < _OWN),
        ("is made of your name", _is_of_names(low, names)),
        ("is a password many people use, which is guessed first", _is_common(low)),
    ):
        if is_so:
            return f"This {what}. Take several words in a row instead."
    return None


def _is_of_names(low: str, names: tuple[str, ...]) -> bool:
    left = low
    for name in names:
        for part in re.split(r"[^\w]+", name.casefold()):
            left = left.replace(part, "") if len(part) >= _RUN else left
    return left != low and len(_letters(left)) < _OWN


def _is_common(low: str) -> bool:
    left = _uncommon(low)
    return left != _letters(low) and len(left) < _OWN - 2


def _letters(text: str) -> str:
    return re.sub(r"[\W\d_]+", "", text)


def _uncommon(low: str) -> str:
    """Return what is left of its letters when everybody's words are taken out."""
    best = _letters(low)
    for reading in (_letters(low), _letters(low.translate(_LEET))):
        left = reading
        for word in sorted(_COMMON, key=len, reverse=True):
            left = left.replace(word, "")
        if len(left) < len(best):
            best = left
    return best


def _without_patterns(low: str) -> str:
    """Return it without runs of neighbours and without repeats of what came before."""
    kept = low
    for row in _ROWS:
        for line in (row, row[::-1]):
            for size in range(len(line), _RUN - 1, -1):
                for start in range(len(line) - size + 1):
                    kept = kept.replace(line[start : start + size], "")
    return re.sub(r"(.+?)\1{2,}", r"\1", kept)
