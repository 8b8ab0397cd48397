"""The kinds of thing that expressions work with: what a field, a variable or a part of an expression is."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from model.status.colour import Colour
from model.template.months import Repeat
from model.template.parts import FieldType
from model.template.ranges import UNBOUNDED, Range


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind by its name, as people read it in a complaint.

    `of` is what a list or map holds, `values` what a text may be where that is known, `parts` what a record has.
    `range` is what a number can be, `longest` how long a text, `is_period` says that a text is a period or a map's
    keys are months, `weeks` that a period may be a week: kinds that differ in these alone are the same.
    A number of a record is always a double; only what is written out without a point is whole.
    """

    name: str
    of: "Kind | None" = None
    values: tuple[str, ...] = ()
    parts: Mapping[str, "Kind"] = field(default_factory=dict, hash=False)
    range: Range = field(default=UNBOUNDED, compare=False)
    is_period: bool = field(default=False, compare=False)
    weeks: bool = field(default=False, compare=False)
    longest: int | None = field(default=None, compare=False)

    def __str__(self) -> str:
        """Name it with its article."""
        return f"{'an' if self.name[0] in 'aeiou' else 'a'} {self.name}"


ANY: Final = Kind("anything")
NOTHING: Final = Kind("null")
TRUTH: Final = Kind("truth value")
NUMBER: Final = Kind("number")
WHOLE: Final = Kind("whole number")
TEXT: Final = Kind("text")
DATE: Final = Kind("date")
SPAN: Final = Kind("duration")
BYTES: Final = Kind("byte string")
PERIOD: Final = Kind("text", is_period=True)
_OF_TYPE: Final[Mapping[FieldType, Kind]] = {
    "string": TEXT,
    "text": TEXT,
    "int": NUMBER,
    "number": NUMBER,
    "percent": NUMBER,
    "money": NUMBER,
    "date": DATE,
    "period": PERIOD,
    "enum": TEXT,
    "rag": Kind("text", values=tuple(Colour.__members__)),
    "person": TEXT,
    "ref": TEXT,
    "list_ref": Kind("list", of=TEXT),
    "bool": TRUTH,
    "document": TEXT,
}


def list_of(kind: Kind) -> Kind:
    """Return the kind of a list."""
    return Kind("list", of=kind)


def map_of(kind: Kind) -> Kind:
    """Return the kind of a map from texts."""
    return Kind("map", of=kind)


def record_of(parts: Mapping[str, Kind]) -> Kind:
    """Return the kind of a record with parts of its own."""
    return Kind("record", parts=parts)


def field_kind(
    type_: FieldType,
    values: tuple[str, ...] = (),
    repeat: Repeat | None = None,
    limits: tuple[float | None, float | None] = (None, None),
    longest: int | None = None,
) -> Kind:
    """Return the kind of a field's value; `limits` are a number's, `longest` a text's."""
    kind = replace(_OF_TYPE[type_], values=values) if values else _OF_TYPE[type_]
    if kind == NUMBER:
        least, most = limits
        kind = replace(
            kind,
            range=Range(
                -math.inf if least is None else least, math.inf if most is None else most, type_ == "int"
            ),
        )
    elif longest is not None:
        kind = replace(kind, longest=longest)
    return kind if repeat is None else replace(map_of(kind), is_period=True)


def plain(kind: Kind) -> Kind:
    """Return a kind without what is known of its numbers, periods or length beside."""
    if kind.range is UNBOUNDED and not kind.is_period and kind.longest is None:
        return kind
    return replace(kind, range=UNBOUNDED, is_period=False, weeks=False, longest=None)


def basic(kind: Kind) -> str:
    """Return what decides whether two things can be compared: whole and other numbers can."""
    return NUMBER.name if kind.name == WHOLE.name else kind.name


def _beside(kind: Kind) -> tuple[object, ...]:
    return kind.range, kind.is_period, kind.weeks, kind.longest


def joined(one: Kind, other: Kind) -> Kind:
    """Return the kind of what may be either."""
    if NOTHING in (one, other):
        return other if one == NOTHING else one
    if one == other:
        return one if _beside(one) == _beside(other) else whole_if(plain(one), one, other)
    if one.name == other.name and one.name in ("list", "map"):
        return Kind(one.name, of=joined(one.of or ANY, other.of or ANY))
    if one.name == other.name == "text":
        return (
            TEXT
            if not one.values or not other.values
            else Kind("text", values=tuple(dict.fromkeys(one.values + other.values)))
        )
    return whole_if(NUMBER, one, other) if basic(one) == basic(other) == NUMBER.name else ANY


def whole_if(kind: Kind, *parts: Kind) -> Kind:
    """Return the kind of a number that comes of others by what keeps whole numbers whole."""
    return replace(kind, range=Range(whole=True)) if all(part.range.whole for part in parts) else kind
