"""Names as words: without case, accents and punctuation, so that two ways of writing one name meet."""

import re
import unicodedata
from typing import Final

# Letters that no decomposition takes apart.
_PLAIN: Final = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "æ": "ae", "œ": "oe", "þ": "th", "ð": "d", "\u0131": "i", "\u2019": "'",
     "\u2018": "'"}
)  # fmt: skip
_WORD: Final = re.compile(r"[^\W_]+")


def fold(text: str) -> str:
    """Return a text in plain lower-case letters.

    >>> fold("Łukasz  Müller-Østby")
    'lukasz  muller-ostby'
    """
    lowered = text.casefold().translate(_PLAIN)
    apart = unicodedata.normalize("NFKD", lowered)
    return "".join(letter for letter in apart if not unicodedata.combining(letter))


def words_of(text: str) -> tuple[str, ...]:
    """Return the words and numbers of a text, folded; an apostrophe parts nothing.

    >>> words_of("O'Brien, Séan (ext.)")
    ('obrien', 'sean', 'ext')
    """
    return tuple(_WORD.findall(fold(text).replace("'", "")))
