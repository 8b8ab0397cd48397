"""A language nobody speaks, in which every translated string can be told from one that was not marked."""

import gettext as gnu
import re
from typing import Final

PSEUDO: Final = "en-XA"
_KEPT: Final = re.compile(r"%\(\w+\)[a-z]|%%|<[^>]*>|&[a-z]+;")  # what the programme reads in a message
_LETTERS: Final = str.maketrans("aeiouAEIOUcnyCNY", "áéíóúÁÉÍÓÚçñýÇÑÝ")


class Pseudo(gnu.NullTranslations):
    """English with accents between brackets, a third longer, as German would be."""

    def gettext(self, message: str) -> str:
        """Return the message, recognisable."""
        return pseudo(message)

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        """Return the form for a number, recognisable."""
        return pseudo(msgid1 if n == 1 else msgid2)

    def pgettext(self, context: str, message: str) -> str:
        """Return the message, recognisable."""
        del context
        return pseudo(message)


def pseudo(message: str) -> str:
    """Write a message with accents, leaving alone what stands for a value or for markup."""
    parts, at = [], 0
    for kept in _KEPT.finditer(message):
        parts += [message[at : kept.start()].translate(_LETTERS), kept.group()]
        at = kept.end()
    parts.append(message[at:].translate(_LETTERS))
    return f"[{''.join(parts)}{'·' * (len(message) // 3)}]"
