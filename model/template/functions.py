"""The functions and operators of expressions: what they take and what they give."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from model.template.kinds import ANY, DATE, NUMBER, SPAN, TEXT, TRUTH, WHOLE, Kind, basic, list_of, plain


@dataclass(frozen=True, slots=True)
class Function:
    """One way to call a function: the kinds it takes, by name (a method's own object first), and what it gives.

    A parameter may name several kinds, `list|map`.
    """

    parameters: tuple[str, ...]
    gives: Kind | Callable[[Sequence[Kind]], Kind]
    method: bool = False

    def takes(self, given: Sequence[Kind]) -> bool:
        """Say whether it can be called with these."""
        return len(given) == len(self.parameters) and all(
            wanted == "anything" or kind == ANY or basic(kind) in wanted.split("|")
            for wanted, kind in zip(self.parameters, given, strict=True)
        )


def _same(given: Sequence[Kind]) -> Kind:
    return plain(given[0])


def _values(given: Sequence[Kind]) -> Kind:
    return list_of(given[0].of or ANY)


_DATE_PARTS: Final = (
    "getFullYear", "getMonth", "getDate", "getDayOfMonth", "getDayOfWeek", "getDayOfYear",
)  # fmt: skip
_TIME_PARTS: Final = ("getHours", "getMinutes", "getSeconds", "getMilliseconds")
FUNCTIONS: Final[Mapping[str, tuple[Function, ...]]] = {
    "abs": (Function(("number",), _same),),
    "sum": (Function(("list|map",), NUMBER),),
    "known": (Function(("list|map",), _values),),
    "similarity": (Function(("text", "text"), NUMBER),),
    "edit_similarity": (Function(("text", "text"), NUMBER),),
    "mentions_other_period": (Function(("text", "text"), TRUTH),),
    "size": (Function(("text|list|map",), WHOLE), Function(("text|list|map",), WHOLE, method=True)),
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
        name: (Function(("date",), WHOLE, method=True), Function(("date", "text"), WHOLE, method=True))
        for name in _DATE_PARTS
    },
    **{name: (Function(("date|duration",), WHOLE, method=True),) for name in _TIME_PARTS},
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
