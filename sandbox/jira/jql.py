"""The part of JQL the sandbox understands; everything else is refused in Jira's words."""

import re
from dataclasses import dataclass, field
from typing import Final

from sandbox.jira.clauses import COMPARISONS, Asker, BadQuery, Clause, Test, clause

ALIASES: Final = {
    "key": "key", "issuekey": "key", "issue": "key", "id": "key",
    "project": "project", "issuetype": "type", "type": "type",
    "status": "status", "statuscategory": "statusCategory",
    "sprint": "sprint", "fixversion": "fixVersion", "filter": "filter", "savedfilter": "filter",
    "updated": "updated", "updateddate": "updated", "created": "created", "createddate": "created",
}  # fmt: skip
MOST_ORDERS: Final = 7

_TOKEN = re.compile(
    r"""\s*(?:(?P<quoted>"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')|(?P<sign>>=|<=|!=|!~|[=<>~(),])"""
    r"""|(?P<word>[^\s"'=<>!~(),]+))"""
)


@dataclass(slots=True)
class Query:
    """A parsed query: a test of rows, an order, and the projects it is confined to (None: all)."""

    test: Test | None
    order: list[tuple[str, bool]] = field(default_factory=list)  # field, descending
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
            raise BadQuery(
                f"Error in the JQL Query: The character '{text[at:].lstrip()[0]}' is not understood here."
            )
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

    def _back(self, token: _Token) -> None:
        self._next -= token.kind != "end"

    def _unexpected(self, expected: str) -> BadQuery:
        token = self._peek()
        got = f"'{token.text}'" if token.kind != "end" else "the end of the query"
        return BadQuery(
            f"Error in the JQL Query: Expecting {expected} but got {got}. (line 1, character {token.at + 1})"
        )

    def _either(self) -> Clause:
        clause = self._both()
        while self._peek().upper == "OR":
            self._take()
            other = self._both()
            clause = Clause(
                _any_of(clause.test, other.test),
                None
                if clause.projects is None or other.projects is None
                else clause.projects | other.projects,
                None if clause.ids is None or other.ids is None else clause.ids | other.ids,
            )
        return clause

    def _both(self) -> Clause:
        clause = self._one()
        while self._peek().upper == "AND":
            self._take()
            other = self._one()
            clause = Clause(
                _all_of(clause.test, other.test),
                _meet(clause.projects, other.projects),
                _meet(clause.ids, other.ids),
            )
        return clause

    def _one(self) -> Clause:
        if self._peek().upper == "NOT":
            self._take()
            inner = self._one().test
            return Clause(lambda row: not inner(row))
        if self._peek().text == "(" and self._peek().kind == "sign":
            self._take()
            clause = self._either()
            self._close()
            return clause
        return self._comparison()

    def _close(self) -> None:
        token = self._take()
        if token.text != ")":
            self._back(token)
            raise self._unexpected("')'")

    def _comparison(self) -> Clause:
        token = self._take()
        if token.kind not in {"word", "quoted"}:
            self._back(token)
            raise self._unexpected("a field name")
        name = ALIASES.get(token.text.lower())
        if name is None:
            raise BadQuery(f"Field '{token.text}' does not exist or you do not have permission to view it.")
        sign = self._operator()
        values = self._values() if sign.endswith("in") else [self._value()]
        if name == "filter":
            return self._saved(sign, values)
        return clause(name, sign, values, self._asker)

    def _saved(self, sign: str, values: list[str]) -> Clause:
        """Put a saved filter in; only `=` and `in` of a single one are known here."""
        number = values[0].removeprefix('"')
        text = self._asker.saved(int(number)) if number.isdigit() else None
        if text is None or sign not in {"=", "in"} or len(values) != 1:
            raise BadQuery(f"The value '{number}' does not exist for the field 'filter'.")
        query = parse(text, self._asker)
        return Clause(query.test or (lambda _: True), query.projects, query.ids)

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
        self._back(token)
        raise self._unexpected("operator")

    def _values(self) -> list[str]:
        token = self._take()
        if token.text != "(":
            self._back(token)
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
            self._back(token)
            raise self._unexpected("either a value, list or function")
        # An unquoted number is an instant in milliseconds, a quoted one is not: keep them apart.
        return token.text if token.kind == "word" else f'"{token.text}'

    def _order(self) -> list[tuple[str, bool]]:
        self._take()
        token = self._take()
        if token.upper != "BY":
            self._back(token)
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
