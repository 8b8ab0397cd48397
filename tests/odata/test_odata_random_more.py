"""Random questions about many rows, and random `$apply`: both as an evaluator in Python has it that shares no code."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final
from urllib.parse import quote

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection

from api.odata.exchange import Request
from api.odata.query.rows import Limits
from api.odata.service import Service
from tests.support.odata_shop import MODEL, products

NOW: Final = datetime(2026, 11, 22, tzinfo=UTC)
CATEGORIES: Final = {1: (1, "Food", None), 2: (2, "Fresh food", 1), 3: (3, None, 2)}
TAGS: Final = {1: "new", 2: "sale", 3: None}
Row = dict[str, Any]


def rows() -> list[Row]:
    found = products(60)
    for row in found:
        category = CATEGORIES.get(row["category_id"], (None, None, None))
        above = CATEGORIES.get(category[2], (None, None, None))
        row |= {"category": category[:2], "above": above[:2]}
        row["tags"] = [tag for tag in TAGS if (row["id"] * tag) % 5 == 1]
    return found


ROWS: Final = rows()


@dataclass(frozen=True)
class Made:
    text: str
    of: Callable[[Row], Any]


def read(shop: Connection, query: str, size: int = 1_000) -> list[Row]:
    """Return all rows of a query, page by page."""
    found: list[Row] = []
    more = ""
    while True:
        request = Request("GET", "Products", quote(query, safe="$=&") + more, {}, "http://hub.example/")
        answer = Service(MODEL, Limits(page=size)).answer(request, shop, caller=None, now=NOW)
        assert answer.status == 200, (query, answer.body)
        document = orjson.loads(answer.body)
        found += document["value"]
        if "@odata.nextLink" not in document:
            return found
        more = f"&$skiptoken={document['@odata.nextLink'].rpartition('=')[2]}"


def strict(act: Callable[..., Any], *parts: Made) -> Callable[[Row], Any]:
    def of(row: Row) -> Any:
        values = [part.of(row) for part in parts]
        return None if None in values else act(*values)

    return of


def number(value: int) -> Made:
    return Made(str(value), lambda _: value)


def substring(text: str, start: int) -> str:
    return text[max(start, 0) :]


SMALL: Final = st.integers(-2, 6).map(number)
WHOLE: Final = st.sampled_from(
    [
        Made("ID", lambda row: row["id"]), Made("Rating", lambda row: row["rating"]),
        Made("Category/ID", lambda row: row["category"][0]), Made("Category/Parent/ID", lambda row: row["above"][0]),
        Made("Tags/$count", lambda row: len(row["tags"])), Made("Words/$count", lambda row: len(row["words"] or [])),
        Made("$it/Rating", lambda row: row["rating"]),
        Made("year(Released)", lambda row: row["released"] and row["released"].year),
        Made("$root/Products(7)/Rating", lambda _: ROWS[6]["rating"]),
        Made("$root/Products(9)/Rating", lambda _: ROWS[8]["rating"]),
        Made("length(Category/Name)", lambda row: row["category"][1] and len(row["category"][1])),
    ]
)  # fmt: skip
TEXT: Final = st.sampled_from(
    [
        Made("Name", lambda row: row["name"]), Made("Category/Name", lambda row: row["category"][1]),
        Made("Category/Parent/Name", lambda row: row["above"][1]),
        Made("Address/City", lambda row: row["address_city"]),
    ]
)  # fmt: skip


def divided(left: Made, right: Made) -> Made:
    def of(row: Row) -> Any:
        one, other = left.of(row), right.of(row)
        return None if one is None or not other else int(Fraction(one, other))

    return Made(f"({left.text} div {right.text})", of)


def rest(left: Made, right: Made) -> Made:
    def of(row: Row) -> Any:
        one, other = left.of(row), right.of(row)
        return None if one is None or not other else one - other * int(Fraction(one, other))

    return Made(f"({left.text} mod {right.text})", of)


def chosen(when: Made, then: Made, other: Made) -> Made:
    return Made(
        f"case({when.text}:{then.text},true:{other.text})",
        lambda row: (then if when.of(row) else other).of(row),
    )


NUMERIC: Final = st.recursive(
    WHOLE | SMALL,
    lambda inner: st.builds(divided, inner, inner) | st.builds(rest, inner, inner),
    max_leaves=3,
)
ORDER: Final[dict[str, Callable[[Any, Any], bool]]] = {
    "eq": lambda a, b: a == b, "ne": lambda a, b: a != b,
    "lt": lambda a, b: None not in (a, b) and a < b, "ge": lambda a, b: None not in (a, b) and a >= b,
}  # fmt: skip


def compared(operator: str, left: Made, right: Made) -> Made:
    return Made(
        f"{left.text} {operator} {right.text}", lambda row: ORDER[operator](left.of(row), right.of(row))
    )


def among(left: Made, items: list[Made]) -> Made:
    return Made(
        f"{left.text} in [{','.join(each.text for each in items)}]",
        lambda row: left.of(row) in [each.of(row) for each in items],
    )


def of_tags(quantifier: str, operator: str, bound: Made) -> Made:
    asks = any if quantifier == "any" else all
    return Made(
        f"Tags/{quantifier}(t:t/ID {operator} {bound.text})",
        lambda row: asks(ORDER[operator](tag, bound.of(row)) for tag in row["tags"]),
    )


def of_tagged(operator: str) -> Made:
    def of(row: Row) -> bool:
        return any(
            ORDER[operator](other["rating"], row["rating"])
            for tag in row["tags"]
            for other in ROWS
            if tag in other["tags"]
        )

    return Made(f"Tags/any(t:t/Products/any(p:p/Rating {operator} Rating))", of)


def of_words(quantifier: str, word: str) -> Made:
    asks = any if quantifier == "any" else all
    return Made(
        f"Words/{quantifier}(w:w eq '{word}')", lambda row: asks(each == word for each in row["words"] or [])
    )


def counted(operator: str, bound: int) -> Made:
    return Made(
        f"Tags/$count($filter=ID {operator} {bound}) gt 0",
        lambda row: any(ORDER[operator](tag, bound) for tag in row["tags"]),
    )


def matched(text: Made, pattern: str) -> Made:
    found = re.compile(pattern, re.ASCII)
    return Made(
        f"matchesPattern({text.text},'{pattern}')",
        strict(lambda value: found.search(value) is not None, text),
    )


PATTERNS: Final = st.sampled_from(
    [r"\bmilk", r"^.{4}$", r"[^\W\d_]{3}", r"d$|^M", r"\Boo", r"[\s\S]{7}", r"^(?!F)", r"\w\s\w", r"R|e{2}"]
)
OPERATORS: Final = st.sampled_from(sorted(ORDER))
QUANTIFIERS: Final = st.sampled_from(["any", "all"])
LEAVES: Final = (
    st.builds(compared, OPERATORS, NUMERIC, NUMERIC)
    | st.builds(compared, st.sampled_from(["eq", "ne"]), TEXT, TEXT)
    | st.builds(
        among, WHOLE, st.lists(WHOLE | SMALL | st.just(Made("null", lambda _: None)), min_size=1, max_size=3)
    )
    | st.builds(of_tags, QUANTIFIERS, OPERATORS, WHOLE | SMALL)
    | st.builds(of_tagged, OPERATORS)
    | st.builds(of_words, QUANTIFIERS, st.sampled_from("abz"))
    | st.builds(counted, OPERATORS, st.integers(0, 4))
    | st.builds(matched, TEXT, PATTERNS)
)


def negated(inner: Made) -> Made:
    return Made(f"not ({inner.text})", strict(lambda value: not value, inner))


def joined(word: str, terms: list[Made]) -> Made:
    settles = word == "or"

    def of(row: Row) -> bool | None:
        values = [term.of(row) for term in terms]
        if settles in values:
            return settles
        return None if None in values else not settles

    return Made("(" + f" {word} ".join(term.text for term in terms) + ")", of)


FILTERS: Final = st.recursive(
    LEAVES,
    lambda inner: (
        inner.map(negated)
        | st.builds(joined, st.sampled_from(["and", "or"]), st.lists(inner, min_size=2, max_size=3))
        | st.builds(compared, OPERATORS, st.builds(chosen, inner, NUMERIC, NUMERIC), SMALL)
    ),
    max_leaves=4,
)


@pytest.mark.slow
@settings(max_examples=400, deadline=None)
@given(made=FILTERS)
def test_questions_about_many_and_far_rows_are_answered_as_the_evaluator_answers(
    shop: Connection, made: Made
) -> None:
    kept = read(shop, f"$filter={made.text}&$select=ID&$orderby=ID")
    assert [row["ID"] for row in kept] == [row["id"] for row in ROWS if made.of(row) is True], made.text


# `$apply`: rows are their values by name; the first are those of the products.
Step = tuple[str, Callable[[list[Row]], list[Row]]]
NAMES: Final = {"ID": "id", "Rating": "rating", "Price": "price", "Active": "active", "Stock": "stock"}
BEGIN: Final = [{name: row[column] for name, column in NAMES.items()} for row in ROWS]
NUMBERS: Final = ("ID", "Rating", "Price", "Stock")


def last_null(value: Any, *, down: bool) -> tuple[bool, Any]:
    return value is None, 0 if value is None else (-value if down else value)


def ranked(name: str, *, down: bool) -> Callable[[list[Row]], list[Row]]:
    return lambda found: sorted(found, key=lambda row: (last_null(row[name], down=down), row["ID"]))


def until(found: list[Row], name: str, goal: Any) -> list[Row]:
    kept, total = [], Decimal(0)
    for row in found:
        if total >= goal:
            break
        kept.append(row)
        total += row[name] or 0
    return kept


@st.composite
def of_rows(draw: st.DrawFn) -> Step:
    """A step from products to products."""
    name = draw(st.sampled_from(NUMBERS))
    kind = draw(
        st.sampled_from(
            ["filter", "topcount", "bottomcount", "topsum", "bottomsum", "toppercent", "cut", "skip"]
        )
    )
    bound = draw(st.integers(0, 40))
    order = ranked(name, down=kind.startswith("top"))
    if kind == "filter":
        return f"filter({name} gt {bound} or Rating lt {bound - 20})", lambda found: [
            row for row in found
            if (row[name] is not None and row[name] > bound)
            or (row["Rating"] is not None and row["Rating"] < bound - 20)
        ]  # fmt: skip
    if kind.endswith("count"):
        return f"{kind}({bound},{name})", lambda found: order(found)[:bound]
    if kind.endswith("sum"):
        return f"{kind}({bound},{name})", lambda found: until(order(found), name, bound)
    if kind == "toppercent":
        return f"{kind}({bound},{name})", lambda found: until(
            order(found), name, sum(Decimal(row[name] or 0) for row in found) * bound / 100
        )
    rows_ = ranked(name, down=True)
    if kind == "cut":
        return f"orderby({name} desc,ID)/top({bound})", lambda found: rows_(found)[:bound]
    return f"orderby({name} desc,ID)/skip({bound})/filter(true)", lambda found: rows_(found)[bound:]


def summed(values: list[Any], method: str) -> Any:
    there = [value for value in values if value is not None]
    if method == "countdistinct":
        return len(set(there))
    if not there:
        return None
    if method == "average":
        return Decimal(sum(there)) / len(there)
    return {"sum": sum, "min": min, "max": max}[method](there)


@st.composite
def of_groups(draw: st.DrawFn) -> Step:
    """A step from products to sums of theirs."""
    keys = draw(st.lists(st.sampled_from(["Rating", "Active"]), max_size=2, unique=True))
    name = draw(st.sampled_from(NUMBERS))
    method = draw(st.sampled_from(["sum", "min", "max", "average", "countdistinct"]))
    rolled = bool(keys) and draw(st.booleans())
    written = f"aggregate({name} with {method} as V,$count as N)"
    levels = [keys[:length] for length in range(len(keys), -1, -1)] if rolled else [keys]

    def act(found: list[Row]) -> list[Row]:
        made = []
        for level in levels:
            groups: dict[Any, list[Row]] = {} if level else {(): found}
            for row in found if level else []:
                groups.setdefault(tuple(row[key] for key in level), []).append(row)
            if rolled and not found:  # the sum of nothing is a row, groups of nothing are none
                groups = {} if level else {(): []}
            made += [
                {
                    **dict(zip(level, key, strict=True)),
                    "V": summed([row[name] for row in group], method),
                    "N": len(group),
                }
                for key, group in groups.items()
            ]
        return made

    if not keys:
        return written, act
    inner = f"rollup($all,{','.join(keys)})" if rolled else ",".join(keys)
    return f"groupby(({inner}),{written})", act


def told(value: Any) -> Any:
    number_ = isinstance(value, int | float | Decimal) and not isinstance(value, bool)
    return round(float(value), 6) if number_ else value


def plain(found: list[Row]) -> list[str]:
    named = ({name: told(value) for name, value in row.items() if name[0] != "@"} for row in found)
    return sorted(repr(sorted(row.items())) for row in named)


@pytest.mark.slow
@settings(max_examples=300, deadline=None)
@given(before=st.lists(of_rows(), max_size=3), then=of_groups(), size=st.sampled_from([3, 1_000]))
def test_transformations_in_any_order_give_what_the_evaluator_gives(
    shop: Connection, before: list[Step], then: Step, size: int
) -> None:
    text = "/".join(step for step, _ in [*before, then])
    wanted = BEGIN
    for _, act in [*before, then]:
        wanted = act(wanted)
    assert plain(read(shop, f"$apply={text}", size)) == plain(wanted), text


@pytest.mark.slow
@settings(max_examples=150, deadline=None)
@given(before=st.lists(of_rows(), max_size=2), one=st.lists(of_rows(), max_size=2), other=of_groups())
def test_sequences_side_by_side_give_what_the_evaluator_gives(
    shop: Connection, before: list[Step], one: list[Step], other: Step
) -> None:
    beginning = "/".join(step for step, _ in before) or "identity"
    first = "/".join([step for step, _ in one] or ["identity"])
    text = f"{beginning}/concat({first}/groupby((ID,Rating)),{other[0]})"
    wanted = BEGIN
    for _, act in before:
        wanted = act(wanted)
    mine = wanted
    for _, act in one:
        mine = act(mine)
    names = {"ID", "Rating", "V", "N"} | ({"Active"} if "Active" in other[0] else set())
    whole = [{"ID": row["ID"], "Rating": row["Rating"]} for row in mine] + other[1](wanted)
    got = [
        {name: value for name, value in row.items() if value is not None}
        for row in read(shop, f"$apply={text}")
    ]
    assert all(set(row) <= names for row in got)
    assert plain(got) == plain(
        [{name: value for name, value in row.items() if value is not None} for row in whole]
    ), text
