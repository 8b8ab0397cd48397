"""In whose words a page is written: its reader's language, time zone and theme; and strings in that language.

`_("…")` marks a string and returns it in the language of the request under way; outside a request it is English.
A string with values in it is one message with names, `_("%(count)s of %(all)s", count=…, all=…)`, so that a
translation may turn them round. What comes from people or trackers is never a message, always a value.
"""

import gettext as gnu
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import lru_cache
from io import BytesIO
from pathlib import Path
from typing import Any, Final

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from api.pseudo import PSEUDO, Pseudo

FOLDER: Final = Path(__file__).parent / "locales"
DOMAIN: Final = "muster"
SOURCE: Final = "en"  # the language the strings are written in
LANGUAGES: Final = {"en": "English", "de": "Deutsch"}  # each in its own words
THEMES: Final = ("system", "light", "dark")


@dataclass(frozen=True, slots=True)
class Preferences:
    """How one reader wants pages written.

    `zone` is a name of the IANA time zone database.
    """

    language: str = SOURCE
    zone: str = "UTC"
    theme: str = "system"


_USUAL: Final = Preferences()
_PREFERRED: ContextVar[Preferences] = ContextVar("preferred", default=_USUAL)


def preferences() -> Preferences:
    """Return those of the request under way; outside one, English in UTC."""
    return _PREFERRED.get()


@contextmanager
def preferring(wanted: Preferences) -> Iterator[None]:
    """Write pages as wanted within this block."""
    token = _PREFERRED.set(wanted)
    try:
        yield
    finally:
        _PREFERRED.reset(token)


@lru_cache
def _catalogue(language: str) -> gnu.NullTranslations:
    if language == PSEUDO:
        return Pseudo()
    path = FOLDER / language / "LC_MESSAGES" / f"{DOMAIN}.po"
    if language not in LANGUAGES or not path.exists():
        return gnu.NullTranslations()
    with path.open("rb") as file:
        catalogue = read_po(file, locale=language)
    compiled = BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return gnu.GNUTranslations(compiled)


def _(message: str, /, **values: Any) -> str:
    """Return a message in the reader's language, its values filled in."""
    text = _catalogue(preferences().language).gettext(message) if message else ""
    return text % values if values else text


def N_(message: str, /) -> str:  # noqa: N802 - gettext's own name for it
    """Mark a message that is translated later, where it is shown; return it as it is."""
    return message


def gettext(message: str) -> str:
    """Return a message in the reader's language, as templates ask for it."""
    return _catalogue(preferences().language).gettext(message) if message else ""


def ngettext(singular: str, plural: str, num: float, /, **values: Any) -> str:
    """Return the form of a message that goes with a number; `%(num)s` in it is the number."""
    text = plural_form(singular, plural, num)
    return text % {"num": num, **values}


def plural_form(singular: str, plural: str, num: float) -> str:
    """Return the form of a message that goes with a number, its values not yet filled in."""
    return _catalogue(preferences().language).ngettext(singular, plural, int(num) if num == int(num) else 2)


def pgettext(context: str, message: str, /, **values: Any) -> str:
    """Return a message in the reader's language, where the word alone would not say which sense is meant."""
    text = sense(context, message)
    return text % values if values else text


def sense(context: str, message: str) -> str:
    """Return a message of one sense, its values not yet filled in."""
    return _catalogue(preferences().language).pgettext(context, message)


class Translated(Mapping[str, str]):
    """Words by key, each in the reader's language at the time it is asked for."""

    def __init__(self, words: Mapping[str, str]) -> None:
        self._words = words

    def __getitem__(self, key: str) -> str:
        return _(self._words[key])

    def __iter__(self) -> Iterator[str]:
        return iter(self._words)

    def __len__(self) -> int:
        return len(self._words)
