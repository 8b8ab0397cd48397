"""What can be said of a part of an expression from how it is written, and in which words."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from model.template.cel_tree import Call, ListOf, Literal, MapOf, Name, Node, Select
from model.template.functions import ARITHMETIC
from model.template.kinds import ANY, BYTES, NOTHING, NUMBER, TEXT, TRUTH, WHOLE, Kind
from model.template.months import is_month
from model.template.ranges import exactly

_PLACE: Final = re.compile(r"\bat=\d+, ")


def literal_kind(value: Any) -> Kind:
    """Return the kind of a value written out."""
    kinds: Mapping[type, Kind] = {bool: TRUTH, int: WHOLE, float: NUMBER, str: TEXT, bytes: BYTES,
                                   type(None): NOTHING}  # fmt: skip
    kind = kinds.get(type(value), ANY)
    return replace(kind, range=exactly(value)) if kind in (WHOLE, NUMBER) else kind


def may_be_null(node: Node) -> bool:
    """Say whether a part can come out as null: what is computed has a value or is an error."""
    if isinstance(node, Call):
        return node.function in ("_[_]", "_?_:_", "dyn")
    return isinstance(node, Name | Select | ListOf) or (isinstance(node, Literal) and node.value is None)


def same(one: Node, other: Node) -> bool:
    """Say whether two parts are written the same."""
    return _PLACE.sub("", repr(one)) == _PLACE.sub("", repr(other))


def names_anything(node: Node) -> bool:
    """Say whether a part depends on anything but what is written in it."""
    if isinstance(node, Literal):
        return False
    if isinstance(node, Call):
        return any(
            names_anything(part) for part in (*node.arguments, *([node.target] if node.target else []))
        )
    if isinstance(node, ListOf):
        return any(map(names_anything, node.parts))
    return not isinstance(node, MapOf) or any(names_anything(value) for _, value in node.entries)


def date_hint(one: Kind, other: Kind) -> str:
    """Say how a date is written, where one meets a text."""
    return (
        "; write a date as timestamp('2025-06-30T00:00:00Z')"
        if {one.name, other.name} == {"date", "text"}
        else ""
    )


def no_arithmetic(function: str, one: Kind, other: Kind) -> str:
    """Say why two kinds do not go together."""
    hint = "; a day is duration('24h')" if "date" in (one.name, other.name) else ""
    left, right = (other, one) if function == "_-_" else (one, other)
    if function == "_%_":
        return "% is for whole numbers: it can never run"
    return f"{left} cannot be {ARITHMETIC[function]} {right}: it can never run{hint}"


def outcomes(node: Node) -> Iterator[Literal]:
    """Go through what an expression gives where that is written out."""
    if isinstance(node, Literal):
        yield node
    elif isinstance(node, Call) and node.function in ("_?_:_", "dyn"):
        for part in node.arguments[1:] if node.function == "_?_:_" else node.arguments:
            yield from outcomes(part)


def no_key(node: Node, kind: Kind, key: Any) -> str | None:
    """Say why a map has nothing under a key that is written out; None where it may have."""
    if kind.is_period and not is_month(key):
        return f"its parts are months like 2025-06, never {key!r}"
    keys = [each for each, _ in node.entries] if isinstance(node, MapOf) else []
    written = [each.value for each in keys if isinstance(each, Literal)]
    if keys and len(written) == len(keys) and key not in written:
        return f"there is no {key!r} there; there are {', '.join(map(str, written))}"
    return None


def shape(name: str, parameters: Sequence[str], *, method: bool) -> str:
    """Write how a function is called."""
    shown = [parameter.replace("|", " or ") for parameter in parameters]
    return f"{shown[0]}.{name}({', '.join(shown[1:])})" if method else f"{name}({', '.join(shown)})"
