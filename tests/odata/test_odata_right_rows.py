"""What gave wrong rows once: each with the rows that are right, worked out by hand or in SQL."""

import ast
import base64
import logging
import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import orjson
import pytest
from sqlalchemy import Connection, text, true
from sqlalchemy.dialects import postgresql

import api.odata
from api.odata.edm import EntitySet, Model
from api.odata.exchange import Answer, Request
from api.odata.query.rows import Limits
from api.odata.query.statement import Loose, select
from api.odata.refusals import refusal
from api.odata.service import Service
from tests.support.odata_shop import CATEGORY, COLOUR, FUNCTIONS, MODEL, PERKS, PRODUCT, TAG

NOW: Final = datetime(2026, 11, 22, tzinfo=UTC)


def seen(source: Any, number: Any) -> Any:
    return true() if number is None else source.c.category_id == number


def _limited(each: EntitySet) -> EntitySet:
    return replace(each, visible=seen) if each.name == "Products" else each


LIMITED: Final = Service(Model("Shop", tuple(map(_limited, MODEL.sets)), (COLOUR, PERKS), FUNCTIONS))


def ask(shop: Connection, url: str, *, limited: bool = False, page: int = 1_000) -> Answer:
    path, _, query = url.partition("?")
    request = Request(
        "GET", quote(path, safe="/%()$',="), quote(query, safe="$=&@"), {}, "http://hub.example/"
    )
    service = LIMITED if limited else Service(MODEL, Limits(page=page))
    return service.answer(request, shop, caller=1 if limited else None, now=NOW)


def rows(shop: Connection, url: str) -> list[dict[str, Any]]:
    answer = ask(shop, url)
    assert answer.status == 200, answer.body
    found: list[dict[str, Any]] = orjson.loads(answer.body)["value"]
    return found


def ids(shop: Connection, filter_: str) -> list[int]:
    return [row["ID"] for row in rows(shop, f"Products?$filter={filter_}&$select=ID&$orderby=ID")]


def by_hand(shop: Connection, sql: str) -> list[Any]:
    return list(shop.scalars(text(sql)))


# Rights.


def test_a_cast_keeps_what_was_asked_of_the_rows_before_it(shop: Connection) -> None:
    wanted = by_hand(
        shop, "SELECT count(*) FROM product p JOIN category c ON c.id = p.category_id WHERE c.name = 'Food'"
    )
    found = ask(shop, "Products/$filter(Category%2FName eq 'Food')/Shop.Product/$count")
    assert found.body == str(wanted[0]).encode()
    books = by_hand(
        shop,
        "SELECT p.id FROM product p JOIN category c ON c.id = category_id"
        " WHERE c.name = 'Food' AND kind = 'book' ORDER BY 1",
    )
    cast = rows(shop, "Products/$filter(Category%2FName eq 'Food')/Shop.Book?$select=ID,Pages&$orderby=ID")
    assert [row["ID"] for row in cast] == books


LEAKS: Final = (
    "topcount(case(contains(Name,'il'):1),ID)", "topcount(ID,ID)", "topsum(Price,Price)", "bottompercent(Rating,Price)",
    "groupby((Colour),topcount(ID,Price))", "filter(ID gt 1)/topcount(case(ID gt 2:3),ID)", "topcount($it/ID,ID)",
    "topcount('x',ID)", "topcount(null,ID)",
)  # fmt: skip


@pytest.mark.parametrize("apply", LEAKS)
def test_how_many_are_kept_is_the_same_for_all_rows_or_refused(shop: Connection, apply: str) -> None:
    answer = ask(shop, f"Products/$count?$apply={apply}", limited=True)
    assert answer.status == 400
    assert b"a number" in answer.body


def test_how_many_are_kept_may_be_reckoned_with_constants(shop: Connection) -> None:
    found = rows(shop, "Products?$apply=topcount(@n add 1,ID)&@n=2&$select=ID")
    assert [row["ID"] for row in found] == [60, 59, 58]
    assert ask(shop, "Products?$apply=topcount($root/Products(3)/ID,ID)").status == 501


def test_arguments_of_functions_at_the_root_may_be_read_from_rows_that_are_seen(shop: Connection) -> None:
    assert ask(shop, "Twice(X=$root%2FProducts(7)%2FID)").status == 200
    one, other = by_hand(
        shop, "SELECT min(id) FROM product GROUP BY category_id = 1 HAVING category_id = 1 IS NOT NULL"
    )
    told = {
        orjson.loads(ask(shop, f"Twice(X=$root%2FProducts({each})%2FID)", limited=True).body or b"{}").get(
            "value"
        )
        for each in (one, other)
    }
    seen_one = by_hand(shop, "SELECT min(id) FROM product WHERE category_id = 1")[0]
    assert told == {2 * seen_one, None}
    [name] = by_hand(shop, "SELECT name FROM product WHERE id = 8")
    found = rows(shop, "Named(Name=$root%2FProducts(8)%2FName)?$select=ID&$orderby=ID")
    escaped = name.replace("'", "''")
    assert [row["ID"] for row in found] == by_hand(
        shop, f"SELECT id FROM product WHERE name = '{escaped}' ORDER BY 1"
    )


def test_a_statement_that_reads_rows_which_nothing_joins_is_never_written(
    caplog: pytest.LogCaptureFixture,
) -> None:
    product, category = PRODUCT.alias(), CATEGORY.alias()
    loose = select(product.c.id).select_from(product).where(category.c.id > 1)
    inner = select(product.c.id).select_from(product).where(category.c.id > 1).correlate_except(product)
    joined = select(product.c.id).select_from(product.join(category, true())).where(category.c.id > 1)
    for each in (
        loose,
        select(loose.subquery()),
        select(loose.scalar_subquery()),
        select(inner.scalar_subquery()),
    ):
        with pytest.raises(Loose):
            each.compile(dialect=postgresql.dialect())  # type: ignore[no-untyped-call]
    around = select(category.c.id).select_from(category).where(inner.exists())
    for each in (joined, around, select(joined.subquery())):
        assert "FROM" in str(each.compile(dialect=postgresql.dialect()))  # type: ignore[no-untyped-call]
    with caplog.at_level(logging.ERROR):
        told = refusal(Loose("2 sources"))
    assert told is not None
    assert told.status == 501
    assert "2 sources" in caplog.text
    assert "2 sources" not in told.message


def test_every_statement_of_the_engine_begins_where_it_is_held_to_that() -> None:
    folder = Path(api.odata.__file__).parent
    for module in sorted(folder.rglob("*.py")):
        for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] == "sqlalchemy":
                assert "select" not in {each.name for each in node.names}, module


# Rows.


def test_rows_from_the_root_in_two_aliases_are_two(shop: Connection) -> None:
    pair = "SELECT a.price < b.price FROM product a, product b WHERE (a.id, b.id) = (1, 2)"
    less = by_hand(shop, pair)[0]
    for one, other, wanted in (("1", "2", less), ("2", "1", not less)):
        asked = f"Products?$filter=@a lt @b&@a=$root/Products({one})/Price&@b=$root/Products({other})/Price&$select=ID"
        assert len(rows(shop, asked)) == (60 if wanted else 0)
    named = "Products?$compute=@a as A,@b as B&@a=$root/Shop.Twice(X=1)&@b=$root/Shop.Twice(X=2)&$select=A,B&$top=1"
    assert rows(shop, named) == [{"A": 2, "B": 4}]


def test_expanded_rows_are_compared_with_the_row_they_belong_to_by_it(shop: Connection) -> None:
    found = rows(
        shop,
        "Categories?$expand=Products($filter=ID gt $it/ID mul 20;$select=ID;$count=true;$orderby=ID)&$orderby=ID",
    )
    for row in found:
        wanted = by_hand(
            shop,
            f"SELECT id FROM product WHERE category_id = {row['ID']} AND id > {row['ID'] * 20} ORDER BY id",
        )
        assert [each["ID"] for each in row["Products"]] == wanted
        assert row["Products@odata.count"] == len(wanted)
    above = rows(
        shop, "Categories?$expand=Products($filter=$it/Parent/Name eq 'Food';$select=ID)&$orderby=ID"
    )
    assert [bool(row["Products"]) for row in above] == [False, True, False]
    many = rows(
        shop, "Products?$expand=Tags($filter=Products/any(p:p/ID lt $it/ID);$select=ID)&$top=9&$orderby=ID"
    )
    for row in many:
        wanted = by_hand(
            shop,
            f"SELECT tag_id FROM tagged t WHERE product_id = {row['ID']} AND EXISTS (SELECT FROM tagged o"
            f" WHERE o.tag_id = t.tag_id AND o.product_id < {row['ID']}) ORDER BY 1",
        )
        assert sorted(each["ID"] for each in row["Tags"]) == wanted
    deeper = "Categories?$expand=Products($expand=Tags($filter=ID eq $it/ID))"
    assert ask(shop, deeper).status == 501


@pytest.mark.parametrize("listed", ["Words/any(w:w eq 'a')", "not (Words/all(w:w eq 'a'))"])
def test_a_question_about_a_list_leaves_the_ways_of_its_row_to_the_row(shop: Connection, listed: str) -> None:
    asked = f"{listed} and Category/Name eq 'Food'"
    for_each = "bool_or(w = 'a')" if "any" in listed else "NOT bool_and(w = 'a')"
    wanted = by_hand(
        shop,
        f"SELECT id FROM product, unnest(words) w WHERE category_id = 1 GROUP BY id HAVING {for_each} ORDER BY id",
    )
    assert ids(shop, asked) == wanted
    assert ids(shop, "Words/any(w:contains(Category/Name,w)) and Category/ID eq 2") == by_hand(
        shop,
        "SELECT DISTINCT id FROM product, unnest(words) w WHERE category_id = 2 AND 'Fresh food' ~ w ORDER BY id",
    )


def test_a_sum_that_is_reached_is_not_taken_back_by_what_is_below_nought(shop: Connection) -> None:
    found = rows(shop, "Products?$apply=topsum(59,Rating)&$select=ID,Rating")
    assert min(row["Rating"] for row in found) > 0
    assert sum(row["Rating"] for row in found) == 59


def test_two_things_of_one_name_are_refused_even_where_one_leads_on(shop: Connection) -> None:
    assert (
        ask(shop, "Products?$apply=groupby((Category/Name),aggregate(Price with sum as Category))").status
        == 400
    )


def test_what_is_put_together_has_the_wider_type(shop: Connection) -> None:
    count, average = by_hand(
        shop, "SELECT count(*)::text FROM product UNION ALL SELECT avg(weight)::text FROM product"
    )
    for apply in (
        "concat(aggregate($count as V),aggregate(Weight with average as V))",
        "concat(aggregate(Weight with average as V),aggregate($count as V))",
    ):
        found = {row["V"] for row in rows(shop, f"Products?$apply={apply}")}
        assert found == {float(count), float(average)}


def test_what_is_cut_off_and_the_rest_are_all_rows_together(shop: Connection) -> None:
    for at in range(1, 60, 7):
        apply = f"orderby(Active)/concat(top({at}),skip({at})/aggregate(ID with sum as Rest))"
        found = rows(shop, f"Products?$apply={apply}&$select=ID,Rest")
        assert sum(row["ID"] or row["Rest"] for row in found) == sum(range(1, 61)), at


def test_sums_of_all_say_nothing_of_what_they_are_over_all_of(shop: Connection) -> None:
    found = rows(shop, "Products?$apply=groupby((rollup($all,Colour,Rating),Active),aggregate($count as N))")
    kinds = {"Colour" in row: set() for row in found}
    for row in found:
        kinds["Colour" in row].add("Rating" in row)
    assert kinds == {True: {True, False}, False: {False}}
    assert all("Active" in row for row in found)
    without = by_hand(shop, "SELECT count(*) FROM product WHERE colour IS NULL AND active")[0]
    assert [
        row["N"] for row in found if row.get("Colour", "") is None and "Rating" not in row and row["Active"]
    ] == [without]
    nested = rows(shop, "Products?$apply=groupby((rollup($all,Category/Name)),aggregate($count as N))")
    assert min(("Category" in row, row["N"]) for row in nested) == (False, 60)
    assert {"Name"} == set().union(
        *(row["Category"] or {"Name": None} for row in nested if "Category" in row)
    )
    later = (
        "groupby((rollup($all,Colour)),aggregate($count as N))/orderby(N desc)/top(9)/compute(N add 1 as M)"
    )
    assert "Colour" not in rows(shop, f"Products?$apply={later}")[0]
    whole = "concat(groupby((rollup($all,Colour)),aggregate($count as N)),groupby((Colour),aggregate($count as N)))"
    assert sum("Colour" not in row for row in rows(shop, f"Products?$apply={whole}")) == 1


def test_sums_of_all_are_told_apart_across_pages(shop: Connection) -> None:
    apply = "groupby((rollup($all,Colour,Rating)),aggregate($count as N))"
    at_once = rows(shop, f"Products?$apply={apply}")
    found: list[Any] = []
    more = ""
    while True:
        document = orjson.loads(ask(shop, f"Products?$apply={apply}{more}", page=3).body)
        found += document["value"]
        if "@odata.nextLink" not in document:
            break
        more = f"&$skiptoken={document['@odata.nextLink'].rpartition('=')[2]}"
    assert found == at_once


PATTERNS: Final = {
    r"\bmilk": r"Oat milk", r"\bMilk\b": "Milk", r"^.{4}$": "Milk", r"^[A-Z]\w+$": "Milk", r"\d\d%": "50% off_er",
    r"^\S+$": "Milk", r"O'N[\w-]il": "O'Neil", r"^\u004dilk$": "Milk", r"^\x4dilk$": "Milk", r"l(?=k)": "Milk",
    r"^(?!Oat)[\s\S]*milk|^Oat\x20": "Oat milk", r"^[^\W\d]+$": "Milk", r"\x4dilk0?$": "Milk", r"_\Ber": "50% off_er",
    r"^[\]a-zA-Z[:]+$": "Milk", r"Mi(?:l)k": "Milk", r"M.*?k": "Milk", r"Milk{1,2}$": "Milk",
}  # fmt: skip


@pytest.mark.parametrize("pattern", PATTERNS)
def test_a_pattern_is_read_as_its_language_has_it(shop: Connection, pattern: str) -> None:
    names = dict(
        tuple(row) for row in shop.execute(text("SELECT id, name FROM product WHERE name IS NOT NULL"))
    )
    plain = re.compile(pattern.replace("[:]", r"\[:]"), re.ASCII)
    wanted = sorted(at for at, name in names.items() if plain.search(name))
    assert PATTERNS[pattern] in {names[at] for at in wanted}
    escaped = pattern.replace("'", "''")
    assert ids(shop, f"matchesPattern(Name,'{escaped}')") == wanted


@pytest.mark.parametrize(
    "pattern",
    [r"(a)\1", r"\A", r"\m", r"\p{L}", r"(?<n>a)", "(?i)a", "***=a", "***:a", r"\cJ", r"\0", "[]", "[^]",
     r"\y", r"\u{61}", "a\\", "(?#x)", r"\xZ"],
)  # fmt: skip
def test_a_pattern_that_means_something_else_to_the_database_is_refused(
    shop: Connection, pattern: str
) -> None:
    assert ask(shop, f"Products?$filter=matchesPattern(Name,'{pattern}')").status in (400, 501)


def test_a_pattern_is_written_down_and_never_a_column(shop: Connection) -> None:
    assert ask(shop, "Products?$filter=matchesPattern('a',Name)").status == 501
    assert ids(shop, "matchesPattern(Name,@p)&@p='^Milk$'") == by_hand(
        shop, "SELECT id FROM product WHERE name = 'Milk' ORDER BY 1"
    )
    assert ids(shop, "matchesPattern(Name,null) eq null") == list(range(1, 61))


def test_null_is_among_values_of_which_one_is_null(shop: Connection) -> None:
    both = by_hand(shop, "SELECT id FROM product WHERE rating IS NOT DISTINCT FROM stock ORDER BY id")
    assert ids(shop, "Rating in [Stock]") == both == ids(shop, "Rating eq Stock")
    either = "SELECT id FROM product WHERE rating IS NOT DISTINCT FROM stock OR rating IN (1, 2) ORDER BY id"
    assert ids(shop, "Rating in [Stock,1,2]") == by_hand(shop, either)
    neither = f"SELECT id FROM product WHERE id NOT IN ({either.partition('ORDER')[0]}) ORDER BY id"
    assert ids(shop, "not (Rating in [Stock,1,2])") == by_hand(shop, neither)
    missing = by_hand(shop, "SELECT id FROM product WHERE stock IS NULL ORDER BY id")
    assert missing
    assert ids(shop, "null in [Stock]") == missing == ids(shop, "null in [Stock,1]")


def test_doubles_keep_all_their_digits(shop: Connection) -> None:
    got = rows(
        shop,
        "Products?$filter=ID eq 1&$compute=cast(9007199254740991e0,Edm.Decimal) as A,round(9007199254740991e0) as B,"
        "9007199254740991e0 mod 10 as C,cast(0.1234567890123456e0,Edm.Decimal) as D,"
        "cast(9007199254740991e0,Edm.Int64) as E&$select=A,B,C,D,E",
    )
    assert got == [
        {
            "A": 9007199254740991,
            "B": 9007199254740991.0,
            "C": 1.0,
            "D": 0.1234567890123456,
            "E": 9007199254740991,
        }
    ]


@pytest.mark.parametrize(
    "order",
    ["ID mul 9223372036854775807", "ID mul 9223372036854775807 desc", "Stock mul 9223372036854775807 desc",
     "-ID mul 9223372036854775807 mul 9223372036854775807", "length(Name) mul 9223372036854775807",
     "Weight mul 1.5 desc", "round(Weight)", "ceiling(Weight) desc", "Price div 3", "ID div 7"],
)  # fmt: skip
def test_pages_in_an_order_of_reckoned_numbers_are_all_rows_once(shop: Connection, order: str) -> None:
    at_once = [row["ID"] for row in rows(shop, f"Products?$orderby={order}&$select=ID")]
    found: list[int] = []
    more = ""
    for _ in range(20):
        answer = ask(shop, f"Products?$orderby={order}&$select=ID{more}", page=7)
        assert answer.status == 200, answer.body
        document = orjson.loads(answer.body)
        found += [row["ID"] for row in document["value"]]
        if "@odata.nextLink" not in document:
            break
        more = f"&$skiptoken={document['@odata.nextLink'].rpartition('=')[2]}"
    assert found == at_once
    assert sorted(found) == list(range(1, 61))


# What failed.


def test_texts_in_quotation_marks_are_read_as_json_has_them(shop: Connection) -> None:
    assert ids(shop, r'Name in ["\ud83d\ude00"]') == []
    assert ids(shop, r'Name in ["\u004dilk","\\","\/","\"","\n"]') == by_hand(
        shop, "SELECT id FROM product WHERE name = 'Milk' ORDER BY 1"
    )
    for half in (r"\ud83d", r"\ude00", r"\ude00\ud83d", r"a\ud83dz"):
        assert ask(shop, f'Products?$filter=Name in ["{half}"]').status == 400, half


@pytest.mark.parametrize("number", ["²", "٣", "9" * 5_000, "-²", "1²"])
def test_what_looks_like_digits_and_is_none_is_no_number(shop: Connection, number: str) -> None:
    apply = quote("groupby((ID))")
    request = Request(
        "GET",
        "Products",
        f"$apply={apply}&$skiptoken={quote(number)}",
        {"prefer": [f"maxpagesize={number}"]},
        "http://x/",
    )
    assert Service(MODEL).answer(request, shop, caller=None, now=NOW).status == 400
    plain = Request("GET", "Products", "$top=1", {"prefer": [f"maxpagesize={number}"]}, "http://x/")
    assert Service(MODEL).answer(plain, shop, caller=None, now=NOW).status == 200
    assert ask(shop, f"Products?$filter=Colour eq Shop.Colour'{number}'").status == 400
    mark = base64.urlsafe_b64encode(orjson.dumps(["x", None, [number]])).decode().rstrip("=")
    assert ask(shop, f"Products?$skiptoken={mark}").status == 400


def test_a_mistake_of_the_model_is_not_taken_for_a_column_that_a_core_has_not(shop: Connection) -> None:
    asked = []

    def visible(_source: Any, _caller: Any) -> Any:
        asked.append("once")
        raise KeyError("mistake")

    tags = MODEL.by_name["Tags"]
    alone = replace(
        tags,
        type=replace(tags.type, navigations=()),
        visible=visible,
        core=select(TAG.c.id).select_from(TAG).subquery(),
    )
    request = Request("GET", "Tags/$count", "", {}, "http://hub.example/")
    with pytest.raises(KeyError, match="mistake"):
        Service(Model("Shop", (alone,))).answer(request, shop, caller=None, now=NOW)
    assert asked == ["once"]
    seeing = replace(alone, visible=None)
    narrowed = Request("GET", "Tags/$count", "$filter=Label%20eq%20'new'", {}, "http://hub.example/")
    assert Service(Model("Shop", (seeing,))).answer(narrowed, shop, caller=None, now=NOW).body == b"1"
