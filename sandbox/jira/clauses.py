"""What the single conditions of a query mean: fields, operators, values, and dates in a time zone."""

import operator
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, TypeVar
from zoneinfo import ZoneInfo

from sandbox.jira.model import Row, milliseconds

T = TypeVar("T")
Test = Callable[[Row], bool]

COMPARISONS: Final[dict[str, Callable[[int, int], bool]]] = {
    ">=": operator.ge, "<=": operator.le, ">": operator.gt, "<": operator.lt, "=": operator.eq, "!=": operator.ne,
}  # fmt: skip
MOST_DIGITS: Final = 8  # of a relative time

_RELATIVE = re.compile(r"([+-]?)(\d+)([mhdwMy]?)\Z")
_UNITS: Final = {
    "": timedelta(minutes=1),
    "m": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
    "w": timedelta(weeks=1),
}
_LITERALS: Final = ("%Y/%m/%d %H:%M", "%Y-%m-%d %H:%M", "%Y/%m/%d", "%Y-%m-%d")


class BadQuery(ValueError):
    """A query Jira would answer with 400; the text is what it would say."""


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks and of which Jira: JQL means nothing without a time zone and the names of things.

    `strict` refuses values that do not exist, as Data Center does; Cloud just finds nothing.
    """

    zone: ZoneInfo
    now: datetime
    project: Callable[[str], int | None]
    issue: Callable[[str], int | None]
    types: Callable[[str], frozenset[str]]
    statuses: Callable[[str], frozenset[str]]
    in_category: Callable[[str], frozenset[str]]
    strict: bool
    holds: Callable[[int, str], Sequence[int]] = (
        lambda _id, _field: ()
    )  # the ids an issue has in a field of several
    saved: Callable[[int], str | None] = lambda _number: None  # a filter's JQL
    epoch: bool = True  # an unquoted number is an instant in milliseconds
    fold: int = 0  # which of two equal local times is meant


@dataclass(frozen=True, slots=True)
class Clause:
    """A condition, and what it confines a query to (None: nothing)."""

    test: Test
    projects: frozenset[int] | None = None
    ids: frozenset[int] | None = None


def _plain(value: str) -> str:
    return value.removeprefix('"')


def clause(name: str, sign: str, values: Sequence[str], asker: Asker) -> Clause:
    """Compile one condition; quoted values begin with a quotation mark.

    Raises:
        BadQuery: The field takes no such operator, or the value is none of its.
    """
    if sign in {"is", "is not"}:
        if _plain(values[0]).upper() not in {"EMPTY", "NULL"}:
            raise BadQuery(f"The operator '{sign}' is only followed by EMPTY or NULL.")
        return Clause(lambda _: sign == "is not")  # none of the known fields is ever empty
    if name in {"updated", "created"}:
        return _instant(name, sign, values, asker)
    if name == "key":
        return _issues(sign, values, asker)
    if name in {"sprint", "fixVersion"}:
        numbers = frozenset(int(one) for value in values if (one := _plain(value)).isdigit())
        field = "sprints" if name == "sprint" else "versions"
        return Clause(lambda row: not numbers.isdisjoint(asker.holds(row.id, field)))
    if sign not in {"=", "!=", "in", "not in"}:
        raise BadQuery(f"The operator '{sign}' is not supported by the '{name}' field.")
    return _named(name, values, asker, negative=sign in {"!=", "not in"})


def _named(name: str, values: Sequence[str], asker: Asker, *, negative: bool) -> Clause:
    if name == "project":
        wanted = frozenset(
            found for value in values if (found := _known(name, value, asker.project, asker)) is not None
        )
        if negative:
            return Clause(lambda row: row.project not in wanted)
        return Clause(lambda row: row.project in wanted, wanted)
    look_up = {"type": asker.types, "status": asker.statuses, "statusCategory": asker.in_category}[name]
    matching: frozenset[str] = frozenset()
    for value in values:
        matching |= _known(name, value, lambda one: look_up(one) or None, asker) or frozenset()
    if name == "type":
        return Clause(lambda row: (row.type in matching) != negative)
    return Clause(lambda row: (row.status in matching) != negative)


def _known(name: str, value: str, look_up: Callable[[str], T | None], asker: Asker) -> T | None:
    found = look_up(_plain(value))
    if found is None and asker.strict:
        raise BadQuery(f"The value '{_plain(value)}' does not exist for the field '{name}'.")
    return found


def _issues(sign: str, values: Sequence[str], asker: Asker) -> Clause:
    if sign in {"in", "not in", "=", "!="}:
        wanted = frozenset(
            found for value in values if (found := _known("key", value, asker.issue, asker)) is not None
        )
        if sign in {"in", "="}:
            return Clause(lambda row: row.id in wanted, ids=wanted)
        return Clause(lambda row: row.id not in wanted)
    value = _plain(values[0])
    compare = COMPARISONS[sign]
    if value.isdigit():
        bound = int(value)
        return Clause(lambda row: compare(row.id, bound))
    key, _, number = value.rpartition("-")
    project = asker.project(key)
    if project is None or not number.isdigit():
        raise BadQuery(f"The issue key '{value}' for field 'issuekey' is invalid.")
    place = int(number)
    return Clause(lambda row: row.project == project and compare(row.number, place), frozenset({project}))


def _instant(name: str, sign: str, values: Sequence[str], asker: Asker) -> Clause:
    if sign not in COMPARISONS:
        raise BadQuery(f"The operator '{sign}' is not supported by the '{name}' field.")
    bound = _moment(name, values[0], asker)
    compare = COMPARISONS[sign]
    if name == "updated":
        return Clause(lambda row: compare(row.updated, bound))
    return Clause(lambda row: compare(row.created, bound))


def _moment(name: str, value: str, asker: Asker) -> int:
    """Return a date value as epoch milliseconds; literals are minutes in the asker's time zone."""
    text = _plain(value)
    if value == text and text.isdigit() and asker.epoch:
        return int(text)
    relative = _RELATIVE.match(text)
    # Longer numbers are instants in milliseconds, and those may not be quoted.
    if relative and relative.group(3) in _UNITS and len(relative.group(2)) < MOST_DIGITS:
        sign = 1 if relative.group(1) in {"+", ""} else -1
        return milliseconds(asker.now + sign * int(relative.group(2)) * _UNITS[relative.group(3)])
    for pattern in _LITERALS:
        try:
            local = datetime.strptime(text, pattern).replace(tzinfo=asker.zone, fold=asker.fold)
        except ValueError:
            continue
        return milliseconds(local.astimezone(UTC))
    raise BadQuery(
        f"Date value '{text}' for field '{name}' is invalid. Valid formats include: 'yyyy/MM/dd HH:mm', "
        "'yyyy-MM-dd HH:mm', 'yyyy/MM/dd', 'yyyy-MM-dd', or a period format e.g. '-5d', '4w 2d'."
    )
