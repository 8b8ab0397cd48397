"""Whether what a field is bound to is of the field's kind, and no other field's already."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from model.attributes import REGISTER, Attribute, UnknownAttribute
from model.template.context import ITEMS
from model.template.language import FieldRule
from model.template.references import attribute_of

_WORDS: Final = frozenset(["string", "text", "person", "ref", "document"])
# By the attribute's type: which fields can be filled from it and published to it, and lose nothing.
_HOLDS: Final[Mapping[str, frozenset[str]]] = {
    "text": _WORDS | {"enum"},
    "int": frozenset(["int", "number"]),
    "number": frozenset(["int", "number"]),
    "percent": frozenset(["percent", "number"]),
    "money": frozenset(["money"]),
    "date": frozenset(["date"]),
    "instant": frozenset(["date"]),
    "period": frozenset(["period"]),
    "enum": _WORDS | {"enum"},
    "rag": frozenset(["rag"]),
    "bool": frozenset(["bool"]),
    "texts": frozenset(["list_ref"]),
}
# Of the same name alone, a list may be of one: what the board is asked to decide is on record as a text.
_BY_NAME: Final[Mapping[str, frozenset[str]]] = {**_HOLDS, "text": _HOLDS["text"] | {"list_ref"}}
Written = tuple[int, FieldRule | None, Mapping[str, Any]]


def bind_complaints(fields: Sequence[Written], record: str) -> Iterator[tuple[int, str, str]]:
    """Complain of binds: the field's place, the key it is about, and what is wrong."""
    taken: dict[str, str] = {}
    for index, rule, raw in fields:
        bind, id_ = raw.get("bind"), str(raw.get("id"))
        try:
            found = attribute_of(bind) if isinstance(bind, str) else _named(id_, record)
        except UnknownAttribute as error:
            yield index, "bind", str(error)
            continue
        if found is None:
            continue
        key, place = (
            ("bind", bind) if isinstance(bind, str) else ("id", found.path or f"project.{found.name}")
        )
        if rule is not None and (said := _unlike(rule, found, by_name=key == "id")):
            how = f"binds {bind!r}" if key == "bind" else f"is filled from {place!r} by its name"
            yield index, key, f"{how}, which {said}"
        if place in taken:
            yield index, key, f"{place!r} fills {taken[place]!r} already: it cannot fill two fields"
        taken.setdefault(place, id_)


def _named(id_: str, record: str) -> Attribute | None:
    """Find the attribute that fills a field by its name, as it does in a project's own record."""
    return None if record in ITEMS else REGISTER["project"].get(id_)


def _unlike(rule: FieldRule, attribute: Attribute, *, by_name: bool) -> str | None:
    """Say why an attribute cannot be what a field is filled from."""
    if rule.repeat is not None:
        return "is one value, and the field has one for each month"
    if rule.type not in (_BY_NAME if by_name else _HOLDS).get(attribute.type, frozenset()):
        return f"is of type {attribute.type}, and the field is of type {rule.type}"
    strange = [value for value in rule.values if attribute.values and value not in attribute.values]
    if strange and not by_name:
        return f"is never {', '.join(map(repr, strange))}, only {', '.join(attribute.values)}"
    return None
