"""The query language, as far as a tracker's callers need it: conditions, precedence, order, a past day."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from re import Match
from typing import Any, Final

from sandbox.ado.calls import Answer, ApiError, Call, instant, invalid
from sandbox.ado.process import FIELDS
from sandbox.ado.world import Person, Revision, stamp

LIMIT: Final = 20_000
LONGEST: Final = 32_000
Test = Callable[[Revision], bool]

_TOKEN = re.compile(
    r"\s*(?:(?P<field>\[[^\]]+\])|'(?P<text>(?:[^']|'')*)'|\"(?P<quoted>[^\"]*)\"|(?P<op><>|<=|>=|=|<|>)"
    r"|(?P<mark>[(),])|(?P<macro>@\w+(?:\s*[-+]\s*\d+)?)|(?P<word>[A-Za-z_][\w.]*)|(?P<number>-?\d+(?:\.\d+)?))"
)
_NAMES: Final = {kind.name.lower(): reference for reference, kind in FIELDS.items()}
_REFERENCES: Final = {reference.lower(): reference for reference in FIELDS}
_TIME = re.compile(r"\d\d?:\d\d")


@dataclass(slots=True)
class Query:
    """A parsed query."""

    columns: list[str]
    test: Test
    order: list[tuple[str, bool]]  # field, whether descending
    as_of: datetime | None


def _syntax(words: str) -> ApiError:
    return ApiError(400, "SyntaxErrorException", words)


def _reference(given: str) -> str:
    name = given.strip("[]").strip().lower()
    found = _REFERENCES.get(name) or _NAMES.get(name)
    if found is None:
        raise _syntax(
            f"TF51005: The query references a field that does not exist. The error is caused by «{given.strip('[]')}»."
        )
    return found


class _Parser:
    """Reads a query by descent: or, and, not, condition."""

    def __init__(self, call: Call, text: str) -> None:
        self.call, self.at = call, 0
        self.exact = call.query.get("timePrecision", "").lower() == "true"
        self.tokens: list[tuple[str, str]] = []
        position = 0
        text = text.rstrip()
        while position < len(text):
            found = _TOKEN.match(text, position)
            if found is None:
                raise _syntax(
                    f"TF51006: The query statement is missing a clause near «{text[position : position + 20]}»."
                )
            self.tokens.append((str(found.lastgroup), str(found.group(str(found.lastgroup)))))
            position = found.end()

    def peek(self, *words: str) -> bool:
        """Say whether the next tokens are these words."""
        ahead = self.tokens[self.at : self.at + len(words)]
        return len(ahead) == len(words) and all(
            kind in {"word", "mark", "op"} and value.lower() == word
            for (kind, value), word in zip(ahead, words, strict=True)
        )

    def take(self, *words: str) -> bool:
        """Pass these words, if they are next."""
        if self.peek(*words):
            self.at += len(words)
            return True
        return False

    def need(self, word: str) -> None:
        """Pass a word, or complain."""
        if not self.take(word):
            near = self.tokens[self.at][1] if self.at < len(self.tokens) else "the end"
            raise _syntax(
                f"TF51006: The query statement is missing a {word.upper()} clause. The error is caused by «{near}»."
            )

    def next(self) -> tuple[str, str]:
        """Return the next token and pass it."""
        if self.at >= len(self.tokens):
            raise _syntax("TF51006: The query statement is incomplete.")
        self.at += 1
        return self.tokens[self.at - 1]

    def query(self) -> Query:
        """Read the whole statement."""
        self.need("select")
        columns = [_reference(self.next()[1])]
        while self.take(","):
            columns.append(_reference(self.next()[1]))
        self.need("from")
        if self.next()[1].lower() != "workitems":
            raise _syntax("TF51007: Only queries FROM WorkItems are answered here.")
        test: Test = self.either() if self.take("where") else (lambda _: True)
        order: list[tuple[str, bool]] = []
        if self.take("order", "by"):
            order.append(self.sorting())
            while self.take(","):
                order.append(self.sorting())
        as_of = instant(self.next()[1]) if self.take("asof") else None
        if self.at < len(self.tokens):
            raise _syntax(
                f"TF51006: The query statement goes on after its end with «{self.tokens[self.at][1]}»."
            )
        return Query(columns, test, order, as_of)

    def sorting(self) -> tuple[str, bool]:
        """Read a field of ORDER BY."""
        field = _reference(self.next()[1])
        descending = self.take("desc")
        if not descending:
            self.take("asc")
        return field, descending

    def either(self) -> Test:
        """Read conditions joined by OR."""
        tests = [self.every()]
        while self.take("or"):
            tests.append(self.every())
        return lambda item: any(test(item) for test in tests)

    def every(self) -> Test:
        """Read conditions joined by AND."""
        tests = [self.single()]
        while self.take("and"):
            tests.append(self.single())
        return lambda item: all(test(item) for test in tests)

    def single(self) -> Test:
        """Read a condition, a group, or the negation of one."""
        if self.take("not"):
            inner = self.single()
            return lambda item: not inner(item)
        if self.take("("):
            inner = self.either()
            self.need(")")
            return inner
        return self.condition()

    def condition(self) -> Test:
        """Read `[Field] operator value`."""
        shown = self.next()[1]
        field = _reference(shown)
        if self.take("is", "empty"):
            return lambda item: _value(item, field) in {None, ""}
        if self.take("is", "not", "empty"):
            return lambda item: _value(item, field) not in {None, ""}
        negated = self.take("not")
        test = self.comparison(field, shown)
        return (lambda item: not test(item)) if negated else test

    def comparison(self, field: str, shown: str) -> Test:
        """Read the operator and what stands on its right."""
        if self.take("in"):
            self.need("(")
            wanted = [self.value(field, shown, "in")]
            while self.take(","):
                wanted.append(self.value(field, shown, "in"))
            self.need(")")
            return lambda item: self.left(item, field) in wanted
        if self.take("under"):
            root = str(self.value(field, shown, "under"))
            return lambda item: f"{self.left(item, field)}\\".startswith(f"{root}\\")
        if self.take("contains") or self.take("contains", "words"):
            part = str(self.value(field, shown, "contains"))
            return lambda item: part in str(self.left(item, field) or "")
        kind, operator = self.next()
        if kind != "op":
            raise _syntax(f"TF51008: Expecting an operator. The error is caused by «{operator}».")
        right = self.value(field, shown, operator)
        return lambda item: _compare(self.left(item, field), operator, right)

    def left(self, item: Revision, field: str) -> Any:
        """Return an item's value as it is compared: text without case, dates by the day unless asked finer."""
        value = _value(item, field)
        if isinstance(value, str):
            if FIELDS[field].type == "dateTime":
                found = instant(value)
                return found if self.exact else found.date()
            return value.lower()
        return value

    def value(self, field: str, shown: str, operator: str) -> Any:
        """Read a literal or a macro, as what the field holds."""
        kind, text = self.next()
        if kind == "macro":
            return self.macro(text)
        type_ = FIELDS[field].type
        if type_ == "dateTime":
            if not self.exact and _TIME.search(text):
                raise invalid(
                    "You cannot supply a time with the date when running a query using date precision. "
                    f"The error is caused by «{shown} {operator} '{text}'»."
                )
            found = instant(text)
            return found if self.exact else found.date()
        if type_ in {"integer", "double"}:
            return float(text)
        if type_ == "boolean":
            return text.lower() == "true"
        return text.replace("''", "'").lower()

    def macro(self, text: str) -> Any:
        """Return what @project, @today or @me stands for."""
        name, _, offset = re.sub(r"\s", "", text).replace("+", " ").replace("-", " -").partition(" ")
        if name.lower() == "@project":
            if self.call.project is None:
                raise _syntax("TF51011: The @project macro needs a project in the address.")
            return self.call.project.name.lower()
        if name.lower() == "@today":
            day = self.call.world.now + timedelta(days=int(offset or 0))
            return day if self.exact else day.date()
        if name.lower() == "@me":
            return "sync account"
        raise _syntax(f"TF51004: The macro «{name}» is not known here.")


def _value(item: Revision, field: str) -> Any:
    value = item.fields.get(field)
    return value.name if isinstance(value, Person) else value


def _compare(left: Any, operator: str, right: Any) -> bool:
    if operator == "=":
        return bool(left == right)
    if operator == "<>":
        return bool(left != right)
    if left is None:
        return False
    less, equal = left < right, left == right
    return bool({"<": less, "<=": less or equal, ">": not less and not equal, ">=": not less}[operator])


def run(call: Call, _: Match[str]) -> Answer:
    """Answer a query: ids only, whatever it selects."""
    text = call.body.get("query") if isinstance(call.body, dict) else None
    if not isinstance(text, str) or len(text) > LONGEST:
        raise invalid("The query is missing, or longer than 32000 characters.")
    query = _Parser(call, text).query()
    found = [(item_id, item) for item_id, item in call.world.live(query.as_of) if query.test(item)]
    for field, descending in reversed(query.order):
        found.sort(key=lambda pair: _sortable(pair[1], field), reverse=descending)
    top = call.number("$top", 0)
    if not top and len(found) > LIMIT:
        words = f"VS402337: The number of work items returned exceeds the size limit of {LIMIT}."
        raise ApiError(
            400,
            "WorkItemTrackingQueryResultSizeLimitExceededException",
            f"{words} Change the query to return fewer items.",
        )
    return Answer({
        "queryType": "flat", "queryResultType": "workItem", "asOf": stamp(query.as_of or call.world.now),
        "columns": [_field(call, field) for field in query.columns],
        "sortColumns": [{"field": _field(call, field), "descending": descending} for field, descending in query.order],
        "workItems": [
            {"id": item_id, "url": f"{call.base}/_apis/wit/workItems/{item_id}"} for item_id, _ in found[: top or LIMIT]
        ],
    })  # fmt: skip


def _sortable(item: Revision, field: str) -> tuple[bool, Any]:
    value = _value(item, field)
    if FIELDS[field].type == "dateTime" and isinstance(value, str):
        value = instant(value)
    return (value is not None, value if value is not None else 0)


def _field(call: Call, reference: str) -> dict[str, str]:
    return {
        "referenceName": reference,
        "name": FIELDS[reference].name,
        "url": f"{call.base}/_apis/wit/fields/{reference}",
    }
