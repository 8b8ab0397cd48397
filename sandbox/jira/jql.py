"""The part of JQL the sandbox understands; everything else is refused in Jira's words."""

import operator
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final, TypeVar
from zoneinfo import ZoneInfo

from sandbox.jira.model import Row, milliseconds

Test = Callable[[Row], bool]
T = TypeVar("T")

ALIASES: Final = {
    "key": "key", "issuekey": "key", "issue": "key", "id": "key",
    "project": "project", "issuetype": "type", "type": "type",
    "status": "status", "statuscategory": "statusCategory",
    "updated": "updated", "updateddate": "updated", "created": "created", "createddate": "created",
}  # fmt: skip
COMPARISONS: Final[dict[str, Callable[[int, int], bool]]] = {
    ">=": operator.ge, "<=": operator.le, ">": operator.gt, "<": operator.lt, "=": operator.eq, "!=": operator.ne,
}  # fmt: skip
MOST_ORDERS: Final = 7
MINUTE_MS: Final = 60_000

_TOKEN = re.compile(
    r"""\s*(?:(?P<quoted>"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')|(?P<sign>>=|<=|!=|!~|[=<>~(),])"""
    r"""|(?P<word>[^\s"'=<>!~(),]+))"""
)
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


@dataclass(slots=True)
class Query:
    """A parsed query: a test of rows, an order, and the projects it is confined to (None: all)."""

    test: Test | None
    order: list[tuple[str, bool]] = field(default_factory=list)  # field, descending
    projects: frozenset[int] | None = None
    ids: frozenset[int] | None = None


@dataclass(frozen=True, slots=True)
class _Clause:
    test: Test
    projects: frozenset[int] | None = None
    ids: frozenset[int] | None = None


def parse(text: str, asker: Asker) -> Query:
    """Compile a query.

    Raises:
        BadQuery: It is not JQL, or beyond what this sandbox knows of it.
    """
    return _Parser(text, asker).query()


@dataclass(frozen=True, slots=True)
class _Token:
    text: str
    kind: str  # quoted, sign, word, end
    at: int

    @property
    def upper(self) -> str:
        return self.text.upper() if self.kind == "word" else ""


def _tokens(text: str) -> list[_Token]:
    found: list[_Token] = []
    at = 0
    end = len(text.rstrip())
    while at < end:
        match = _TOKEN.match(text, at)
        if match is None:
            raise BadQuery(f"Error in the JQL Query: The character '{text[at]}' is not understood here.")
        kind = str(match.lastgroup)
        word = match.group(kind)
        if kind == "quoted":
            word = re.sub(r"\\(.)", r"\1", word[1:-1])
        found.append(_Token(word, kind, match.start(kind)))
        at = match.end()
    found.append(_Token("", "end", end))
    return found


class _Parser:
    def __init__(self, text: str, asker: Asker) -> None:
        self._tokens = _tokens(text)
        self._next = 0
        self._asker = asker

    def query(self) -> Query:
        clause = None
        if self._peek().kind != "end" and self._peek().upper != "ORDER":
            clause = self._either()
        order = self._order() if self._peek().upper == "ORDER" else []
        if self._peek().kind != "end":
            raise self._unexpected("either 'OR' or 'AND'")
        if clause is None:
            return Query(None, order)
        return Query(clause.test, order, clause.projects, clause.ids)

    def _peek(self) -> _Token:
        return self._tokens[self._next]

    def _take(self) -> _Token:
        token = self._tokens[self._next]
        self._next += token.kind != "end"
        return token

    def _unexpected(self, expected: str) -> BadQuery:
        token = self._peek()
        got = f"'{token.text}'" if token.kind != "end" else "the end of the query"
        return BadQuery(
            f"Error in the JQL Query: Expecting {expected} but got {got}. (line 1, character {token.at + 1})"
        )

    def _either(self) -> _Clause:
        clause = self._both()
        while self._peek().upper == "OR":
            self._take()
            other = self._both()
            clause = _Clause(
                _any_of(clause.test, other.test),
                None
                if clause.projects is None or other.projects is None
                else clause.projects | other.projects,
                None if clause.ids is None or other.ids is None else clause.ids | other.ids,
            )
        return clause

    def _both(self) -> _Clause:
        clause = self._one()
        while self._peek().upper == "AND":
            self._take()
            other = self._one()
            clause = _Clause(
                _all_of(clause.test, other.test),
                _meet(clause.projects, other.projects),
                _meet(clause.ids, other.ids),
            )
        return clause

    def _one(self) -> _Clause:
        if self._peek().upper == "NOT":
            self._take()
            inner = self._one().test
            return _Clause(lambda row: not inner(row))
        if self._peek().text == "(" and self._peek().kind == "sign":
            self._take()
            clause = self._either()
            self._close()
            return clause
        return self._comparison()

    def _close(self) -> None:
        if self._take().text != ")":
            self._next -= 1
            raise self._unexpected("')'")

    def _comparison(self) -> _Clause:
        token = self._take()
        if token.kind not in {"word", "quoted"}:
            self._next -= 1
            raise self._unexpected("a field name")
        name = ALIASES.get(token.text.lower())
        if name is None:
            raise BadQuery(f"Field '{token.text}' does not exist or you do not have permission to view it.")
        sign = self._operator()
        values = self._values() if sign.endswith("in") else [self._value()]
        return _clause(name, sign, values, self._asker)

    def _operator(self) -> str:
        token = self._take()
        if token.kind == "sign" and token.text in COMPARISONS:
            return token.text
        if token.upper == "IN":
            return "in"
        if token.upper == "NOT" and self._peek().upper == "IN":
            self._take()
            return "not in"
        if token.upper == "IS":
            negative = self._peek().upper == "NOT"
            if negative:
                self._take()
            return "is not" if negative else "is"
        self._next -= token.kind != "end"
        raise self._unexpected("operator")

    def _values(self) -> list[str]:
        if self._take().text != "(":
            self._next -= 1
            raise self._unexpected("'('")
        found = [self._value()]
        while self._peek().text == "," and self._peek().kind == "sign":
            self._take()
            found.append(self._value())
        self._close()
        return found

    def _value(self) -> str:
        token = self._take()
        if token.kind not in {"word", "quoted"}:
            self._next -= token.kind != "end"
            raise self._unexpected("either a value, list or function")
        # An unquoted number is an instant in milliseconds, a quoted one is not: keep them apart.
        return token.text if token.kind == "word" else f'"{token.text}'

    def _order(self) -> list[tuple[str, bool]]:
        self._take()
        if self._take().upper != "BY":
            self._next -= 1
            raise self._unexpected("'BY'")
        order: list[tuple[str, bool]] = []
        while True:
            token = self._take()
            name = ALIASES.get(token.text.lower())
            if name is None:
                raise BadQuery(f"Not able to sort using field '{token.text}'.")
            descending = False
            if self._peek().upper in {"ASC", "DESC"}:
                descending = self._take().upper == "DESC"
            order.append((name, descending))
            if not (self._peek().text == "," and self._peek().kind == "sign"):
                break
            self._take()
        if len(order) > MOST_ORDERS:
            raise BadQuery(f"JQL can be ordered by at most {MOST_ORDERS} fields.")
        return order


def _any_of(one: Test, other: Test) -> Test:
    return lambda row: one(row) or other(row)


def _all_of(one: Test, other: Test) -> Test:
    return lambda row: one(row) and other(row)


def _meet(one: frozenset[int] | None, other: frozenset[int] | None) -> frozenset[int] | None:
    if one is None or other is None:
        return other if one is None else one
    return one & other


def _plain(value: str) -> str:
    return value.removeprefix('"')


def _clause(name: str, sign: str, values: Sequence[str], asker: Asker) -> _Clause:
    if sign in {"is", "is not"}:
        if _plain(values[0]).upper() not in {"EMPTY", "NULL"}:
            raise BadQuery(f"The operator '{sign}' is only followed by EMPTY or NULL.")
        return _Clause(lambda _: sign == "is not")  # none of the known fields is ever empty
    if name in {"updated", "created"}:
        return _instant(name, sign, values, asker)
    if name == "key":
        return _issues(sign, values, asker)
    if sign not in {"=", "!=", "in", "not in"}:
        raise BadQuery(f"The operator '{sign}' is not supported by the '{name}' field.")
    return _named(name, values, asker, negative=sign in {"!=", "not in"})


def _named(name: str, values: Sequence[str], asker: Asker, *, negative: bool) -> _Clause:
    if name == "project":
        wanted = frozenset(
            found for value in values if (found := _known(name, value, asker.project, asker)) is not None
        )
        if negative:
            return _Clause(lambda row: row.project not in wanted)
        return _Clause(lambda row: row.project in wanted, wanted)
    look_up = {"type": asker.types, "status": asker.statuses, "statusCategory": asker.in_category}[name]
    matching: frozenset[str] = frozenset()
    for value in values:
        matching |= _known(name, value, lambda one: look_up(one) or None, asker) or frozenset()
    if name == "type":
        return _Clause(lambda row: (row.type in matching) != negative)
    return _Clause(lambda row: (row.status in matching) != negative)


def _known(name: str, value: str, look_up: Callable[[str], T | None], asker: Asker) -> T | None:
    found = look_up(_plain(value))
    if found is None and asker.strict:
        raise BadQuery(f"The value '{_plain(value)}' does not exist for the field '{name}'.")
    return found


def _issues(sign: str, values: Sequence[str], asker: Asker) -> _Clause:
    if sign in {"in", "not in", "=", "!="}:
        wanted = frozenset(
            found for value in values if (found := _known("key", value, asker.issue, asker)) is not None
        )
        if sign in {"in", "="}:
            return _Clause(lambda row: row.id in wanted, ids=wanted)
        return _Clause(lambda row: row.id not in wanted)
    value = _plain(values[0])
    compare = COMPARISONS[sign]
    if value.isdigit():
        bound = int(value)
        return _Clause(lambda row: compare(row.id, bound))
    key, _, number = value.rpartition("-")
    project = asker.project(key)
    if project is None or not number.isdigit():
        raise BadQuery(f"The issue key '{value}' for field 'issuekey' is invalid.")
    place = int(number)
    return _Clause(lambda row: row.project == project and compare(row.number, place), frozenset({project}))


def _instant(name: str, sign: str, values: Sequence[str], asker: Asker) -> _Clause:
    if sign not in COMPARISONS:
        raise BadQuery(f"The operator '{sign}' is not supported by the '{name}' field.")
    bound = _moment(name, values[0], asker)
    compare = COMPARISONS[sign]
    if name == "updated":
        return _Clause(lambda row: compare(row.updated, bound))
    return _Clause(lambda row: compare(row.created, bound))


def _moment(name: str, value: str, asker: Asker) -> int:
    """Return a date value as epoch milliseconds; literals are minutes in the asker's time zone."""
    text = _plain(value)
    if value == text and text.isdigit():
        return int(text)
    relative = _RELATIVE.match(text)
    if relative and relative.group(3) in _UNITS:
        sign = 1 if relative.group(1) in {"+", ""} else -1
        return milliseconds(asker.now + sign * int(relative.group(2)) * _UNITS[relative.group(3)])
    for pattern in _LITERALS:
        try:
            local = datetime.strptime(text, pattern).replace(tzinfo=asker.zone)
        except ValueError:
            continue
        return milliseconds(local.astimezone(UTC))
    raise BadQuery(
        f"Date value '{text}' for field '{name}' is invalid. Valid formats include: 'yyyy/MM/dd HH:mm', "
        "'yyyy-MM-dd HH:mm', 'yyyy/MM/dd', 'yyyy-MM-dd', or a period format e.g. '-5d', '4w 2d'."
    )
