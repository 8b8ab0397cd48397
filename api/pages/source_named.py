"""What goes wrong with a draft, in the words of its fields: who types an address never saw `base_url`."""

import re
from collections.abc import Mapping
from typing import Any, Final

from api.pages.source_asked import Way
from api.pages.source_ways import sign_in_of
from api.translation import _

_OPTION: Final = re.compile(r"the address \((\w+)\)|\b(?:auth\.)?([a-z]+_[a-z_]+)\b")
_USER: Final = re.compile(r"\bthe user name\b(?! is an e-mail)")


def as_asked(way: Way | None, block: Mapping[str, Any], says: str) -> str:
    """Name options in a sentence as the page asks for them."""
    if way is None:
        return says
    chosen = sign_in_of(way, block)
    asked = (*way.place, *(chosen.asks if chosen is not None else ()))
    labels = {each.path[-1]: _(each.label) for each in reversed(asked) if each.path}

    def label(found: re.Match[str]) -> str:
        name = labels.get(found[1] or found[2])
        return found[0] if name is None else f'"{name}"'

    says = _OPTION.sub(label, says)
    user = labels.get("username")
    return says if user is None else _USER.sub(f'"{user}"', says)
