"""The functions and operators of expressions: what they take and what they give."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from model.template.kinds import (
    ANY,
    DATE,
    NUMBER,
    SPAN,
    TEXT,
    TRUTH,
    WHOLE,
    Kind,
    basic,
    list_of,
    plain,
    whole_if,
)
from model.template.ranges import Range


@dataclass(frozen=True, slots=True)
class Function:
    """One way to call a function: the kinds it takes, by name (a method's own object first), and what it gives.

    A parameter may name several kinds, `list|map`; of a list or map of numbers `list of number`.
    """

    parameters: tuple[str, ...]
    gives: Kind | Callable[[Sequence[Kind]], Kind]
    method: bool = False

    def takes(self, given: Sequence[Kind]) -> bool:
        """Say whether it can be called with these."""
        return len(given) == len(self.parameters) and all(
            wanted == "anything" or kind == ANY or any(_is(kind, each) for each in wanted.split("|"))
            for wanted, kind in zip(self.parameters, given, strict=True)
        )


def _is(kind: Kind, wanted: str) -> bool:
    name, _, of = wanted.partition(" of ")
    return basic(kind) == name and (not of or kind.of in (None, ANY) or basic(kind.of) == of)


def _size_of(given: Sequence[Kind]) -> Kind:
    """Return the kind of a number without its sign."""
    own = given[0].range
    ends = sorted((abs(own.least), abs(own.most)))
    least = 0.0 if own.least <= 0 <= own.most else ends[0]
    return replace(plain(given[0]), range=Range(least, ends[1], own.whole))


def _total(given: Sequence[Kind]) -> Kind:
    return whole_if(NUMBER, given[0].of or ANY)


def _between(kind: Kind, least: float, most: float) -> Kind:
    return replace(kind, range=Range(least, most, whole=kind == WHOLE))


def _of_a_day(most: int) -> Callable[[Sequence[Kind]], Kind]:
    """Return what a part of a date's time gives; of a duration the same counts all of it."""
    return lambda given: _between(WHOLE, 0, most) if given[0].name == DATE.name else WHOLE


def _values(given: Sequence[Kind]) -> Kind:
    return list_of(given[0].of or ANY)


_DATE_PARTS: Final = {  # as CEL counts: months, days of the month, week and year from 0
    "getFullYear": (1, 9999), "getMonth": (0, 11), "getDate": (1, 31), "getDayOfMonth": (0, 30),
    "getDayOfWeek": (0, 6), "getDayOfYear": (0, 365),
}  # fmt: skip
_TIME_PARTS: Final = {"getHours": 23, "getMinutes": 59, "getSeconds": 59, "getMilliseconds": 999}
_SHARE: Final = _between(NUMBER, 0, 1)
_COUNT: Final = _between(WHOLE, 0, math.inf)
FUNCTIONS: Final[Mapping[str, tuple[Function, ...]]] = {
    "abs": (Function(("number",), _size_of),),
    "sum": (Function(("list of number|map of number",), _total),),
    "known": (Function(("list|map",), _values),),
    "similarity": (Function(("text", "text"), _SHARE),),
    "edit_similarity": (Function(("text", "text"), _SHARE),),
    "mentions_other_period": (Function(("text", "text"), TRUTH),),
    "size": (Function(("text|list|map",), _COUNT), Function(("text|list|map",), _COUNT, method=True)),
    "matches": (Function(("text", "text"), TRUTH), Function(("text", "text"), TRUTH, method=True)),
    "int": (Function(("number|text|date",), WHOLE),),
    "double": (Function(("number|text",), NUMBER),),
    "string": (Function(("anything",), TEXT),),
    "bool": (Function(("truth value|text",), TRUTH),),
    "timestamp": (Function(("text|date|number",), DATE),),
    "duration": (Function(("text|duration",), SPAN),),
    "dyn": (Function(("anything",), ANY),),
    "type": (Function(("anything",), ANY),),
    **{
        name: (Function(("text", "text"), TRUTH, method=True),)
        for name in ("startsWith", "endsWith", "contains")
    },
    **{
        name: tuple(
            Function(taken, _between(WHOLE, *ends), method=True) for taken in (("date",), ("date", "text"))
        )
        for name, ends in _DATE_PARTS.items()
    },
    **{
        name: (Function(("date|duration",), _of_a_day(most), method=True),)
        for name, most in _TIME_PARTS.items()
    },
}
ORDERED: Final = {"_<_": "<", "_<=_": "<=", "_>_": ">", "_>=_": ">="}
EQUAL: Final = {"_==_": "==", "_!=_": "!="}
LOGICAL: Final = {"_&&_": "&&", "_||_": "||"}
ARITHMETIC: Final = {
    "_+_": "added to",
    "_-_": "taken from",
    "_*_": "multiplied with",
    "_/_": "divided by",
    "_%_": "%",
}
# What arithmetic gives beside numbers, by operator and the two kinds.
MIXED: Final[Mapping[tuple[str, str, str], Kind]] = {
    ("_+_", "text", "text"): TEXT,
    ("_+_", "date", "duration"): DATE,
    ("_+_", "duration", "date"): DATE,
    ("_+_", "duration", "duration"): SPAN,
    ("_-_", "date", "date"): SPAN,
    ("_-_", "date", "duration"): DATE,
    ("_-_", "duration", "duration"): SPAN,
}
