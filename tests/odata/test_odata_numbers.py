"""Numbers and instants to their last digit, and types given in quotation marks."""

from datetime import UTC, datetime
from typing import Any, Final

import orjson
import pytest
from sqlalchemy import Connection, text

from api.odata.exchange import Answer, Request
from api.odata.query.rows import Limits
from api.odata.service import Service
from tests.support.odata_shop import MODEL

SERVICE: Final = Service(MODEL, Limits(page=100))


def ask(shop: Connection, url: str) -> Answer:
    path, _, query = url.partition("?")
    request = Request("GET", path, query, {}, "https://hub.example/odata/v1/")
    return SERVICE.answer(request, shop, caller=None, now=datetime(2026, 11, 22, tzinfo=UTC))


def ids(shop: Connection, set_: str, condition: str) -> list[Any]:
    answer = ask(shop, f"/{set_}?$filter={condition}&$select=ID&$orderby=ID")
    assert answer.status == 200, answer.body
    return [row["ID"] for row in orjson.loads(answer.body)["value"]]


def by_hand(shop: Connection, sql: str) -> list[Any]:
    return list(shop.scalars(text(sql)))


@pytest.mark.parametrize("name", ["floor", "ceiling", "round"])
def test_whole_numbers_of_64_bits_are_cut_to_themselves(shop: Connection, name: str) -> None:
    assert ids(shop, "Things", f"{name}(ID) eq 4611686018427387905") == []
    assert ids(shop, "Things", f"{name}(ID) eq 4611686018427387904") == [2**62]
    assert ids(shop, "Things", f"{name}(ID) eq ID") == by_hand(shop, "select id from thing order by id")


@pytest.mark.parametrize(
    ("condition", "sql"),
    [
        ("Double gt 5", "double = 'infinity'"),
        ("Double ge 5", "double = 'infinity'"),
        ("5 lt Double", "double = 'infinity'"),
        ("5 ge Double", "false"),
        ("Double ge NaN", "false"),
        ("NaN le Double", "false"),
        ("not (Double gt 5)", "double = 'nan' or double is null"),
        ("not (Double gt 5) and Double lt INF", "false"),
        ("(Double gt 5) eq (ID gt 0)", "true"),
        ("Double mul 2 gt 5", "double = 'infinity'"),
    ],
)
def test_what_is_no_number_is_neither_less_nor_more(shop: Connection, condition: str, sql: str) -> None:
    wanted = by_hand(shop, f"select id from thing where {sql} order by id")
    if condition.endswith("(ID gt 0)"):
        wanted = by_hand(shop, "select id from thing where (coalesce(double = 'infinity', false)) = (id > 0)")
    assert sorted(ids(shop, "Things", condition)) == sorted(wanted)


# A product has the instant 2025-01-01T04:59:59.25Z, and none another in that second.
@pytest.mark.parametrize(
    ("condition", "sql"),
    [
        ("Changed lt 2025-01-01T04:59:59.2500001Z", "changed <= '2025-01-01T04:59:59.25Z'"),
        ("Changed le 2025-01-01T04:59:59.2500001Z", "changed <= '2025-01-01T04:59:59.25Z'"),
        ("Changed gt 2025-01-01T04:59:59.2500001Z", "changed > '2025-01-01T04:59:59.25Z'"),
        ("Changed ge 2025-01-01T04:59:59.2500001Z", "changed > '2025-01-01T04:59:59.25Z'"),
        ("2025-01-01T04:59:59.2500001Z gt Changed", "changed <= '2025-01-01T04:59:59.25Z'"),
        ("2025-01-01T04:59:59.2500001Z ge Changed", "changed <= '2025-01-01T04:59:59.25Z'"),
        ("2025-01-01T05:59:59.2500001%2B01:00 lt Changed", "changed > '2025-01-01T04:59:59.25Z'"),
        ("2025-01-01T04:59:59.2500001Z le Changed", "changed > '2025-01-01T04:59:59.25Z'"),
        ("Changed eq 2025-01-01T04:59:59.2500001Z", "false"),
        ("Changed ne 2025-01-01T04:59:59.2500001Z", "true"),
        ("Changed in (2025-01-01T04:59:59.2500001Z)", "false"),
        ("Changed in (2025-01-01T04:59:59.2500001Z,null)", "changed is null"),
        ("Changed eq 2025-01-01T04:59:59.2500000Z", "changed = '2025-01-01T04:59:59.25Z'"),
        ("Changed lt 9999-12-31T23:59:59.9999999Z", "changed is not null"),
    ],
)
def test_digits_beyond_those_kept_of_a_second_still_tell_before_from_behind(
    shop: Connection, condition: str, sql: str
) -> None:
    assert by_hand(shop, "select id from product where changed = '2025-01-01T04:59:59.25Z'") == [1]
    assert ids(shop, "Products", condition) == by_hand(
        shop, f"select id from product where {sql} order by id"
    )


@pytest.mark.parametrize(
    "condition",
    [
        "substring(Name,1.6) eq 'x'",
        "substring(Name,1,Price) eq 'x'",
        "substring(Name,Weight) eq 'x'",
        "Opens lt 10:00:00.0000001",
    ],
)
def test_what_would_be_rounded_without_a_word_is_refused(shop: Connection, condition: str) -> None:
    assert ask(shop, f"/Products?$filter={condition}").status == 400


@pytest.mark.parametrize(
    "place", ["1", "ID sub ID add 1", "length(Name) div length(Name)", "cast(1.6,Edm.Int32)"]
)
def test_a_text_is_cut_at_whole_numbers(shop: Connection, place: str) -> None:
    found = ids(shop, "Products", f"substring(Name,{place}) eq 'ilk'")
    assert found == by_hand(shop, "select id from product where name = 'Milk' order by id")


def test_a_type_may_stand_in_quotation_marks(shop: Connection) -> None:
    books = by_hand(shop, "select id from product where kind = 'book' order by id")
    assert ids(shop, "Products", "isof('Shop.Book')") == books
    assert ids(shop, "Products", "isof($it,'Shop.Book')") == books
    assert ids(shop, "Products", "cast(ID,'Edm.String') eq '4'") == [4]
    assert ask(shop, "/Products?$filter=isof('Shop.Nope')").status == 400


@pytest.mark.parametrize(
    "condition",
    [
        "{0}(ID eq 1{1}",
        "{0}(1 eq ID{1}",
        "{0}(ID gt 0 and ID add 1 sub 1 mul 1 eq 1{1}",
        "tolower({2}{1} ne 'x'",
    ],
)
def test_a_hundred_levels_are_taken_as_the_documents_say(shop: Connection, condition: str) -> None:
    taken = condition.format("(" * 99, ")" * (50 if "{2}" in condition else 100), "tolower(" * 49 + "Name")
    assert ask(shop, f"/Products?$filter={taken}&$select=ID&$top=1").status == 200
    many = condition.format("(" * 149, ")" * 150, "tolower(" * 149 + "Name")
    answer = ask(shop, f"/Products?$filter={many}")
    assert answer.status == 400
    assert b"more than 100 levels" in answer.body
