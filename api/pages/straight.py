"""Pages without what turns writing round: a title of a tracker reads as it is stored, and so does what is beside it."""

import re
from typing import Final

# Overrides, embeddings and isolates; the marks that Arabic and Hebrew need beside a number stay.
_TURNS: Final = re.compile("[\u202a-\u202e\u2066-\u2069]")


def straight(page: str) -> str:
    """Return a page whose texts run the way their letters do."""
    return page if page.isascii() else _TURNS.sub("", page)
