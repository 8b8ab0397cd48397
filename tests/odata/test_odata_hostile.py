"""Hostile requests: whatever is asked, there is an answer or a clean refusal, soon and in little memory."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import product
from typing import Final
from urllib.parse import quote

import orjson
import pytest
from sqlalchemy import Connection

from api.odata.exchange import Answer, Request
from api.odata.query.rows import Limits
from api.odata.service import Service
from api.odata.syntax.expression import FUNCTIONS
from tests.support.odata_shop import MODEL

CLEAN: Final = frozenset({200, 204, 400, 404, 405, 406, 501})
# Something of every type, and of every kind that is no single value.
OPERANDS: Final = (
    "ID", "Name", "Price", "Stock", "Weight", "Active", "Released", "Changed", "Opens", "Lasts", "Code", "Picture",
    "Colour", "Perks", "Words", "Sizes", "Address", "Category", "Tags", "null", "1", "-1.5", "1e3", "INF", "NaN",
    "'x'", "''", "true", "2026-11-22", "2026-11-22T10:00:00Z", "10:00", "duration'P1D'",
    "00000000-0000-0000-0000-000000000005", "binary'BQ=='", "Shop.Colour'Red'", "Shop.Perks'Gift'", "[1,2]", "['a']",
    "[]", "$it", "$this", "$root/Products", "$root/Us/Best", "Tags/$count", "Shop.Book", "Words/any(w:w eq 'a')",
    "Shop.Alike()", '{"a":1}', "99999999999999999999999999", "9223372036854775807",
)  # fmt: skip
OPERATORS: Final = (
    "eq", "ne", "lt", "le", "gt", "ge", "and", "or", "add", "sub", "mul", "div", "divby", "mod", "has", "in",
)  # fmt: skip
BOUND_S: Final = 4.0  # seconds for one request of this file, on a busy machine


def ask(shop: Connection, url: str, method: str = "GET", body: bytes = b"") -> Answer:
    path, _, query = url.partition("?")
    request = Request(
        method, path, query, {"content-type": ["application/json"]}, "https://hub.example/odata/v1/", body
    )
    service = Service(MODEL, Limits(page=5))
    return service.answer(request, shop, caller=None, now=datetime(2026, 11, 22, tzinfo=UTC))


def every_operator() -> Iterator[str]:
    for operator, left, right in product(OPERATORS, OPERANDS, OPERANDS):
        yield f"$filter={left} {operator} {right}"


def every_function() -> Iterator[str]:
    for name, (least, most) in FUNCTIONS.items():
        for number in range(least, most + 1):
            for given in product(OPERANDS if number < 3 else OPERANDS[::6], repeat=number):
                yield f"$filter={name}({','.join(given)}) eq null"


def every_option() -> Iterator[str]:
    for name, operand in product(("orderby", "compute", "select", "expand", "search", "top"), OPERANDS):
        yield f"${name}={operand}{' as X' if name == 'compute' else ''}"
    for method, operand in product(("sum", "min", "max", "average", "countdistinct"), OPERANDS):
        yield f"$apply=aggregate({operand} with {method} as X)"
        yield f"$apply=groupby(({operand}),aggregate($count as X))"
        yield f"$apply=topsum(2,{operand})"
        yield f"$apply=topcount({operand},ID)"


ALL: Final = (*every_operator(), *every_function(), *every_option())


def refusals(shop: Connection, queries: Iterator[str] | list[str]) -> list[tuple[str, int]]:
    """Return what was answered neither with rows nor with a clean refusal."""
    found = []
    for query in queries:
        try:
            answer = ask(shop, f"Products?{quote(query, safe='$=&')}")
        except Exception as error:  # noqa: BLE001 - collected, so that all of them are seen at once
            found.append((f"{query}: {type(error).__name__} {error}"[:300], 500))
            continue
        if answer.status not in CLEAN:
            found.append((query, answer.status))
    return found


def test_operators_functions_and_options_of_every_type_are_answered_or_refused(shop: Connection) -> None:
    assert refusals(shop, list(ALL[::193])) == []


@pytest.mark.slow
def test_every_operator_function_and_option_of_every_type_is_answered_or_refused(shop: Connection) -> None:
    assert refusals(shop, list(ALL)) == []


LONG: Final = {
    "600 terms": "$filter=" + " or ".join(f"ID eq {at}" for at in range(600)),
    "5,000 terms": "$filter=" + " or ".join(f"ID eq {at}" for at in range(5_000)),
    "5,000 terms under a not": f"$filter=not ({' or '.join(f'ID gt {at}' for at in range(5_000))})",
    "100 parentheses": f"$filter={'(' * 99}ID eq 1{')' * 99}",
    "5,000 parentheses": f"$filter={'(' * 5_000}ID eq 1{')' * 5_000}",
    "5,000 sums": f"$filter=ID{' add 1' * 5_000} gt 1",
    "5,000 comparisons": f"$filter=ID{' eq 1' * 5_000}",
    "5,000 signs": f"$filter={'-' * 5_000}ID eq 1",
    "5,000 nots": f"$filter={'not ' * 5_000}Active",
    "a list of 50,000": f"$filter=ID in ({','.join(map(str, range(50_000)))})",
    "a list of 90,000": f"$filter=ID in ({','.join(map(str, range(90_000)))})",
    "16 kB of text": f"$filter=Name eq '{'x' * 16_000}'",
    "a long path": f"$filter=Category{'/Parent' * 400}/Name eq 'x'",
    "nested quantifiers": "$filter=" + "Tags/any(t:t/Products/any(p:p/" * 8 + "ID eq 1" + "))" * 8,
    "2,000 sort keys": "$orderby=" + ",".join(f"ID add {at}" for at in range(2_000)),
    "2,000 columns": "$select=ID&$compute=" + ",".join(f"ID add {at} as C{at}" for at in range(2_000)),
    "doubling columns": "$compute=ID add ID as C0," + ",".join(f"C{at} add C{at} as C{at + 1}" for at in range(60)),
    "doubling aliases": "$filter=@a0 gt 1&@a60=ID&" + "&".join(
        f"@a{at}=@a{at + 1} add @a{at + 1}" for at in range(60)
    ),
    "doubling results": "$apply=groupby((ID),aggregate($count as C0))/" + "/".join(
        f"compute(C{at} add C{at} as C{at + 1})" for at in range(60)
    ),
    "doubling rows": "$apply=" + "concat(identity,identity)/" * 30 + "aggregate($count as N)",
    "wide concats": "$apply=concat(" + ",".join(["aggregate($count as N)"] * 3_000) + ")",
    "5,000 steps": "$apply=" + "/".join(["filter(ID gt 1)"] * 5_000),
    "2,000 groupings": "$apply=" + "/".join(["groupby((ID))"] * 2_000),
    "60 groupings": "$apply=" + "/".join(["groupby((ID))"] * 60),
    "60 cuts": "$apply=" + "/".join(["top(5)/skip(1)"] * 30),
    "2,000 cuts": "$apply=" + "/".join(["top(5)/skip(1)"] * 2_000),
    "an expansion of everything": (
        "$expand=Category($levels=max),Tags($expand=Products($expand=*;$levels=max);$levels=max)"
    ),
    "expansions there and back": "$expand=" + "Category($expand=Products($expand=" * 5 + "Tags" + "))" * 5,
    "wide expansions": "$expand=" + ",".join(["Category", "Tags"] * 2_000),
    "deep expansions": "$expand=" + "Tags($expand=Products($expand=" * 40 + "Tags" + "))" * 40,
    "a slow pattern": f"$filter=matchesPattern('{'a' * 40}!','^(a|aa|a?a)*$')",
    "a huge search": "$search=" + " OR ".join(f"word{at}" for at in range(3_000)),
    "huge numbers": "$top=999999999999999999&$skip=99999999999999999",
    "a number of 5,000 digits": f"$filter=ID eq {'9' * 5_000}",
    "an exponent": "$filter=Price eq 1e999999999",
    "powers": "$filter=ID" + " mul 99999999999999999999999" * 300 + " gt 1",
    "many options": "&".join(f"x{at}=1" for at in range(20_000)),
    "a broken mark": "$skiptoken=" + "A" * 20_000,
    "a null character": "$filter=Name eq '%00'",
    "half a character": "$filter=Name eq '%ED%A0%80'",
}  # fmt: skip


# These take a second each; the others leave nothing of theirs untried but their size.
HEAVY: Final = frozenset({"doubling aliases", "5,000 terms under a not", "2,000 columns", "5,000 terms"})


@pytest.mark.parametrize(
    "url",
    [
        pytest.param(f"Products?{query}", id=name, marks=[pytest.mark.slow] if name in HEAVY else [])
        for name, query in LONG.items()
    ],
)
def test_what_is_long_deep_or_wide_is_answered_or_refused_soon(shop: Connection, url: str) -> None:
    began = time.process_time()
    answer = ask(shop, url)
    assert answer.status in CLEAN, answer.body[:500]
    assert time.process_time() - began < BOUND_S
    assert len(answer.body) < 1_000_000


def test_a_batch_of_batches_and_of_too_many_is_refused(shop: Connection) -> None:
    each = {"method": "GET", "url": "Products(1)"}
    body = orjson.dumps({"requests": [{**each, "id": str(at)} for at in range(5_000)]})
    assert ask(shop, "$batch", "POST", body).status == 400
    assert ask(shop, "$batch", "POST", b"[" * 100_000).status == 400
    assert ask(shop, "Products/$query", "POST", b"\xff\xfe").status == 415  # it is no JSON that is read here
