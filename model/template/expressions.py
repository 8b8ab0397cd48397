"""Expressions that people write: CEL, compiled once and evaluated over a record's variables.

The language: https://cel.dev, through Google's binding cel-expr-python. Numbers are doubles, dates are
timestamps at midnight UTC. A name that is not bound, or an operation on null, is an error, and an error
is None here: it could not be evaluated.
"""

import math
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any

from cel_expr_python import cel
from google.protobuf.timestamp_pb2 import Timestamp  # type: ignore[import-untyped]  # it ships no types

from model.template.context import CONTEXT
from model.template.narrative import edit_similarity, mentions_other_period, similarity


class Expression:
    """A compiled expression, and the variables it names. In one language the same text is the same expression."""

    def __init__(self, program: Any, names: frozenset[str]) -> None:
        self._program = program
        self.names = names

    def value(self, activation: Any) -> Any:
        """Evaluate; None where it cannot be, where the result is null, or is no number: divided by 0."""
        found = self._program.eval(activation)
        value = None if found.type() == cel.Type.ERROR else found.plain_value()
        return None if isinstance(value, float) and not math.isfinite(value) else value

    def holds(self, activation: Any) -> bool | None:
        """Evaluate a condition; None where it cannot be evaluated or is neither true nor false."""
        found = self._program.eval(activation).plain_value()  # an error's plain value is its text
        return found if found is True or found is False else None


class Language:
    """CEL with the variables of one template and the functions templates may call."""

    def __init__(self, fields: Iterable[str]) -> None:
        self._compiled: dict[str, Expression] = {}
        dyn, text = cel.Type.DYN, cel.Type.STRING
        self._environment = cel.NewEnv(
            variables=dict.fromkeys(CONTEXT.union(fields), dyn),
            functions=[
                _function("abs", abs, [[cel.Type.DOUBLE], [cel.Type.INT]]),
                _function("sum", _sum, [[cel.Type.Map(text, dyn)], [cel.Type.List(dyn)]]),
                _function("known", _known, [[cel.Type.Map(text, dyn)], [cel.Type.List(dyn)]]),
                _function("similarity", similarity, [[text, text]]),
                _function("edit_similarity", edit_similarity, [[text, text]]),
                _function("mentions_other_period", mentions_other_period, [[text, text]]),
            ],
        )

    def compile(self, source: str, names: frozenset[str]) -> Expression:
        """Compile an expression that was checked (see `typecheck`), and of which it is known what it names."""
        # The binding's own check knows a text that may be null as anything, and refuses 1.5 < size(name).
        found = self._compiled.get(source)
        if found is None:
            found = Expression(self._environment.compile(source, disable_check=True), names)
            self._compiled[source] = found
        return found

    def activation(self, variables: Mapping[str, Any]) -> Any:
        """Bind variables, already in CEL's types, for any number of evaluations."""
        return self._environment.Activation(variables)


def to_cel(value: Any) -> Any:
    """Turn a value into CEL's types: doubles, timestamps, and maps and lists of them."""
    if value is None or isinstance(value, str | bool):
        return value
    if isinstance(value, int | float | Decimal):
        return _double(value)
    if isinstance(value, date):
        return _timestamp(value.date() if isinstance(value, datetime) else value)
    if isinstance(value, Mapping):
        return {str(key): to_cel(part) for key, part in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [to_cel(part) for part in value]
    return str(value)


def _known(values: Mapping[Any, Any] | Iterable[Any]) -> list[Any]:
    """Return the values of a map or list that are there."""
    return [value for value in _each(values) if value is not None]


def _sum(values: Mapping[Any, Any] | Iterable[Any]) -> float:
    """Add up a map's or a list's values; with an unknown one among them the sum is unknown, an error."""
    return math.fsum(float(value) for value in _each(values))


def _each(values: Mapping[Any, Any] | Iterable[Any]) -> Iterable[Any]:
    return values.values() if isinstance(values, Mapping) else values


def _double(value: float | Decimal) -> float | str:
    try:
        return float(value)
    except (OverflowError, ValueError):  # too large, or a signalling NaN: as a text it fails what it meets
        return str(value)


@lru_cache(maxsize=4096)
def _timestamp(day: date) -> Timestamp:
    return Timestamp(seconds=int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()))


def _function(name: str, implementation: Any, overloads: list[list[Any]]) -> Any:
    """Declare a function; its result is dynamic, so that it compares with whole and other numbers."""
    return cel.FunctionDecl(
        name,
        [
            cel.Overload(f"{name}_{index}", cel.Type.DYN, parameters, False, implementation)
            for index, parameters in enumerate(overloads)
        ],
    )
