"""What a template's `bind` refers to in the register of attributes."""

import difflib
from typing import Final

from model.attributes import REGISTER, Attribute, UnknownAttribute, lookup

RELATIONS: Final = frozenset(["giving_project"])  # a bind may lead to another project's attribute


def attribute_of(bind: str) -> Attribute:
    """Find what a bind names: a project's dotted path, or `entity.attribute`, of another project too.

    Raises:
        UnknownAttribute: With what the register does hold.
    """
    first, _, rest = bind.partition(".")
    path = rest if first in RELATIONS else bind
    known = {attribute.path: attribute for attribute in REGISTER["project"].values() if attribute.path}
    if path in known:
        return known[path]
    entity, _, name = path.partition(".")
    if entity in REGISTER and entity != "project" and name in REGISTER[entity]:
        return lookup(entity, name)
    if entity in REGISTER and entity != "project":
        names = [f"{entity}.{name}" for name in sorted(REGISTER[entity])]
    else:
        names = sorted(known)
    near = difflib.get_close_matches(path, names, 1)
    hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(names)}"
    raise UnknownAttribute(f"binds {bind!r}, which is no registered attribute; {hint}")
