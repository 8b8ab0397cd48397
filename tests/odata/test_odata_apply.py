"""A truth table of `$apply` against SQL written by hand on the same rows."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final
from urllib.parse import quote

import orjson
import pytest
from sqlalchemy import Connection, text

from api.odata.exchange import Answer, Request
from api.odata.query.rows import Limits
from api.odata.service import Service
from tests.support.odata_shop import MODEL

NOW: Final = datetime(2026, 11, 22, tzinfo=UTC)


def ask(
    shop: Connection, apply: str, more: str = "", page: int = 1_000, set_name: str = "Products"
) -> Answer:
    request = Request("GET", f"/{set_name}", f"$apply={quote(apply)}{more}", {}, "http://hub.example/")
    return Service(MODEL, Limits(page=page)).answer(request, shop, caller=None, now=NOW)


def rows(answer: Answer) -> list[tuple[Any, ...]]:
    """Return the rows as tuples, in the order of the context's paths."""
    assert answer.status == 200, answer.body
    document = orjson.loads(answer.body)
    paths = document["@odata.context"].partition("(")[2].removesuffix(")").split(",")
    return [tuple(at(row, path.split("/")) for path in paths) for row in document["value"]]


def at(row: Any, names: list[str]) -> Any:
    for name in names:
        row = None if row is None else row.get(name)
    return row


def plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return round(float(value), 6)
    return round(value, 6) if isinstance(value, float) else value


def same(found: list[tuple[Any, ...]], by_hand: Any) -> None:
    one = sorted((tuple(map(plain, row)) for row in found), key=repr)
    other = sorted((tuple(plain(value) for value in row) for row in by_hand), key=repr)
    assert one == other


# $apply, and what gives the same rows in SQL
TABLE: Final = [
    ("aggregate($count as N)", "select count(*) from product"),
    ("aggregate(Price with sum as S)", "select sum(price) from product"),
    ("aggregate(Price with average as S)", "select avg(price) from product"),
    ("aggregate(Price with min as S)", "select min(price) from product"),
    ("aggregate(Price with max as S)", "select max(price) from product"),
    ("aggregate(Rating with countdistinct as S)", "select count(distinct rating) from product"),
    (
        "aggregate(Rating with sum as A,Rating with average as B)",
        "select sum(rating), avg(rating) from product",
    ),
    ("aggregate(Weight with sum as A)", "select sum(weight) from product"),
    ("aggregate(Stock with sum as A)", "select sum(stock) from product"),
    ("aggregate(Price mul 2 with sum as A)", "select sum(price * 2) from product"),
    ("aggregate((Price add Rating) mul 2 with max as A)", "select max((price + rating) * 2) from product"),
    ("aggregate(Name with min as A)", "select min(name) from product"),
    ("aggregate(length(Name) with max as A)", "select max(length(name)) from product"),
    ("aggregate(Category with countdistinct as A)", "select count(distinct category_id) from product"),
    (
        "aggregate(Category/Name with countdistinct as A)",
        "select count(distinct c.name) from product p left join category c on c.id = p.category_id",
    ),
    ("aggregate(Address/City with countdistinct as A)", "select count(distinct address_city) from product"),
    ("filter(ID gt 1000)/aggregate(Price with sum as S,$count as N)", "select null, 0"),
    ("filter(Rating gt 1)/aggregate($count as N)", "select count(*) from product where rating > 1"),
    (
        "filter(Rating gt 1)/filter(Price lt 5)/aggregate($count as N)",
        "select count(*) from product where rating > 1 and price < 5",
    ),
    ("groupby((Rating))", "select distinct rating from product"),
    ("groupby((Rating,Active))", "select distinct rating, active from product"),
    (
        "groupby((Category/Name))",
        "select distinct c.name from product p left join category c on c.id = category_id",
    ),
    ("groupby((Address/City))", "select distinct address_city from product"),
    ("groupby((Rating),aggregate($count as N))", "select rating, count(*) from product group by rating"),
    (
        "groupby((Rating,Active),aggregate($count as N))",
        "select rating, active, count(*) from product group by rating, active",
    ),
    (
        (
            "groupby((Rating),aggregate(Price with sum as A,Price with min as B,Price with max as "
            "C,Price with average as D))"
        ),
        "select rating, sum(price), min(price), max(price), avg(price) from product group by rating",
    ),
    (
        "groupby((Category/Name),aggregate(Price with sum as S))",
        "select c.name, sum(price) from product p left join category c on c.id = category_id group by c.name",
    ),
    (
        "groupby((Category/Parent/Name),aggregate($count as N))",
        (
            "select q.name, count(*) from product p left join category c on c.id = category_id"
            " left join category q on q.id = c.parent group by q.name"
        ),
    ),
    (
        "groupby((Category/ID,Category/Name),aggregate($count as N))",
        (
            "select c.id, c.name, count(*) from product p left join category c on c.id = category_id "
            "group by c.id, c.name"
        ),
    ),
    ("groupby((Colour),aggregate($count as N))", "select colour, count(*) from product group by colour"),
    (
        "groupby((Shop.Book/Pages),aggregate($count as N))",
        "select pages, count(*) from product group by pages",
    ),
    (
        "filter(Rating ge 2)/groupby((Rating),aggregate($count as N))",
        "select rating, count(*) from product where rating >= 2 group by rating",
    ),
    (
        "groupby((Rating),aggregate($count as N))/filter(N gt 9)",
        "select rating, count(*) from product group by rating having count(*) > 9",
    ),
    (
        "groupby((Rating),aggregate($count as N))/aggregate(N with max as M)",
        "select max(n) from (select count(*) n from product group by rating) s",
    ),
    (
        "groupby((Rating),aggregate(Price with sum as S))/groupby((S),aggregate($count as N))",
        "select s, count(*) from (select sum(price) s from product group by rating) t group by s",
    ),
    (
        "groupby((Category/Name,Rating),aggregate($count as N))/groupby((Category/Name),aggregate(N with max as M))",
        (
            "select name, max(n) from (select c.name, rating, count(*) n from product p left join category c"
            " on c.id = category_id group by c.name, rating) s group by name"
        ),
    ),
    ("compute(Price mul 2 as Twice)/aggregate(Twice with sum as S)", "select sum(price * 2) from product"),
    (
        "compute(year(Released) as Y)/groupby((Y),aggregate($count as N))",
        "select extract(year from released)::int, count(*) from product group by 1",
    ),
    (
        "compute(case(Price gt 5:'dear',true:'cheap') as K)/groupby((K),aggregate($count as N))",
        "select case when price > 5 then 'dear' else 'cheap' end, count(*) from product group by 1",
    ),
    (
        "groupby((Rating),aggregate(Price with sum as S,$count as N))/compute(S divby N as M)",
        "select rating, sum(price), count(*), sum(price) / count(*) from product group by rating",
    ),
    (
        "groupby((Rating),filter(Price gt 5)/aggregate($count as N))",
        "select rating, count(*) filter (where price > 5) from product group by rating",
    ),
    (
        "groupby((Rating),filter(Price gt 5)/aggregate(Price with sum as S))",
        "select rating, sum(price) filter (where price > 5) from product group by rating",
    ),
    (
        "groupby((Rating),compute(Price mul 3 as T)/aggregate(T with sum as S))",
        "select rating, sum(price * 3) from product group by rating",
    ),
    (
        "groupby((Rating),aggregate($count as N)/filter(N gt 9))",
        "select rating, count(*) from product group by rating having count(*) > 9",
    ),
    (
        "groupby((Rating),topcount(2,Price)/aggregate(Price with sum as S))",
        (
            "select rating, sum(price) from (select *, row_number() over (partition by rating order by "
            "price desc nulls last,"
            " id) r from product) t where r <= 2 group by rating"
        ),
    ),
    (
        "topcount(5,Price)/aggregate(Price with min as M,$count as N)",
        "select min(price), count(*) from (select price from product order by price desc nulls last, id limit 5) t",
    ),
    (
        "bottomcount(5,Price)/aggregate(Price with max as M)",
        "select max(price) from (select price from product order by price nulls last, id limit 5) t",
    ),
    (
        "topsum(50,Price)/aggregate($count as N)",
        (
            "select count(*) from (select sum(coalesce(price, 0)) over (order by price desc nulls last, id"
            " rows unbounded preceding) - coalesce(price, 0) before from product) t where before < 50"
        ),
    ),
    (
        "bottomsum(10,Price)/aggregate($count as N)",
        (
            "select count(*) from (select sum(coalesce(price, 0)) over (order by price nulls last, id"
            " rows unbounded preceding) - coalesce(price, 0) before from product) t where before < 10"
        ),
    ),
    (
        "toppercent(30,Price)/aggregate($count as N)",
        (
            "select count(*) from (select sum(coalesce(price, 0)) over (order by price desc nulls last, id"
            " rows unbounded preceding) - coalesce(price, 0) before, sum(coalesce(price, 0)) over () "
            "whole from product) t"
            " where before < whole * 0.3"
        ),
    ),
    (
        "bottompercent(10,Price)/aggregate($count as N)",
        (
            "select count(*) from (select sum(coalesce(price, 0)) over (order by price nulls last, id"
            " rows unbounded preceding) - coalesce(price, 0) before, sum(coalesce(price, 0)) over () "
            "whole from product) t"
            " where before < whole * 0.1"
        ),
    ),
    (
        "groupby((Rating),aggregate(Price with sum as S))/topcount(2,S)",
        "select rating, sum(price) s from product group by rating order by s desc nulls last, rating limit 2",
    ),
    (
        "groupby((Rating),aggregate($count as N))/orderby(Rating desc)/top(2)",
        "select rating, count(*) from product group by rating order by rating desc nulls last limit 2",
    ),
    (
        "groupby((Rating),aggregate($count as N))/orderby(Rating)/skip(2)/top(2)",
        "select rating, count(*) from product group by rating order by rating nulls first offset 2 limit 2",
    ),
    ("orderby(ID desc)/top(10)/aggregate(ID with min as M)", "select 51"),
    ("orderby(ID)/skip(50)/aggregate(ID with min as M)", "select 51"),
    ("top(10)/top(3)/aggregate($count as N)", "select 3"),
    ("orderby(ID)/top(10)/skip(4)/aggregate($count as N)", "select 6"),
    ("orderby(ID)/top(10)/filter(ID gt 8)/aggregate($count as N)", "select 2"),
    ("identity/aggregate($count as N)", "select count(*) from product"),
    ("search(milk)/aggregate($count as N)", "select count(*) from product where name ilike '%milk%'"),
    ("search(milk NOT oat)/groupby((Name))", "select 'Milk'"),
    (
        "concat(aggregate($count as N),aggregate(Price with sum as S))",
        "select count(*), null from product union all select null, sum(price) from product",
    ),
    (
        "concat(groupby((Rating),aggregate($count as N)),aggregate($count as N))",
        "select rating, count(*) from product group by rating union all select null, count(*) from product",
    ),
    (
        "filter(ID le 10)/concat(filter(ID le 3)/aggregate($count as N),aggregate($count as N))",
        "values (3), (10)",
    ),
    (
        (
            "concat(topcount(2,Price)/aggregate(Price with sum as "
            "S),bottomcount(2,Price)/aggregate(Price with sum as S))"
        ),
        (
            "select sum(price) from (select price from product order by price desc nulls last, id limit 2) a"
            " union all select sum(price) from (select price from product order by price nulls last, id limit 2) b"
        ),
    ),
    (
        "groupby((rollup(Colour,Rating)),aggregate($count as N))",
        "select colour, rating, count(*) from product group by grouping sets ((colour, rating), (colour))",
    ),
    (
        "groupby((rollup($all,Colour,Rating)),aggregate($count as N))",
        "select colour, rating, count(*) from product group by rollup (colour, rating)",
    ),
    (
        "groupby((rollup(Colour,Rating),Active),aggregate($count as N))",
        (
            "select colour, rating, active, count(*) from product"
            " group by grouping sets ((active, colour, rating), (active, colour))"
        ),
    ),
    (
        "groupby((rollup($all,Category/Name)),aggregate(Price with sum as S))",
        (
            "select c.name, sum(price) from product p left join category c on c.id = category_id group "
            "by rollup (c.name)"
        ),
    ),
    (
        "groupby((rollup(Colour,Rating),rollup($all,Active)),aggregate($count as N))",
        (
            "select colour, rating, active, count(*) from product group by grouping sets ((colour, rating, active),"
            " (colour, rating), (colour, active), (colour))"
        ),
    ),
    (
        "filter(Tags/any(t:t/Label eq 'new'))/aggregate($count as N)",
        "select count(distinct product_id) from tagged where tag_id = 1",
    ),
    (
        "compute(Tags/$count as T)/groupby((T),aggregate($count as N))",
        (
            "select t, count(*) from (select (select count(*) from tagged where product_id = id) t "
            "from product) s group by t"
        ),
    ),
    (
        "filter(Category/Name eq 'Food')/groupby((Rating),aggregate($count as N))",
        "select rating, count(*) from product where category_id = 1 group by rating",
    ),
    (
        "groupby((Active),aggregate(Released with max as R,Released with min as Q))",
        "select active, max(released)::text, min(released)::text from product group by active",
    ),
    (
        "groupby((Active),aggregate(Rating with countdistinct as R))",
        "select active, count(distinct rating) from product group by active",
    ),
    (
        "groupby((Rating),aggregate($count as N))/filter(Rating eq null)",
        "select rating, count(*) from product where rating is null group by rating",
    ),
    (
        "groupby((Rating),aggregate($count as N))/filter(Rating ne null and N ge 8)/aggregate(N with sum as S)",
        "select sum(n) from (select count(*) n from product where rating is not null group by rating) t where n >= 8",
    ),
    (
        "groupby((Name),aggregate(Price with sum as S))/concat(topcount(1,S),bottomcount(1,S))",
        (
            "(select name, sum(price) s from product group by name order by s desc nulls last, name "
            "limit 1) union all"
            " (select name, sum(price) s from product group by name order by s nulls last, name limit 1)"
        ),
    ),
    (
        "compute(not Active as D)/filter(D eq null)/aggregate($count as N)",
        "select count(*) from product where active is null",
    ),
    (
        "filter((not Active) ne true)/groupby((Rating),aggregate($count as N))",
        "select rating, count(*) from product where active is null or active group by rating",
    ),
    ("filter(ID le 3)/compute(ID mul 10 as T)/groupby((ID,T))", "values (1, 10), (2, 20), (3, 30)"),
    (
        "groupby((Address/City,Colour),aggregate($count as N))/groupby((Address/City),aggregate(N with sum as S))",
        "select address_city, count(*) from product group by address_city",
    ),
]


@pytest.mark.parametrize(("apply", "sql"), TABLE)
def test_transformations_give_the_rows_that_sql_by_hand_gives(shop: Connection, apply: str, sql: str) -> None:
    same(rows(ask(shop, apply)), shop.execute(text(sql)))


def test_the_table_is_as_long_as_it_is_said_to_be() -> None:
    assert len(TABLE) >= 80


def test_rows_that_are_still_rows_keep_their_shape_and_options(shop: Connection) -> None:
    found = rows(ask(shop, "filter(ID le 5)", "&$select=ID&$orderby=ID desc&$top=2"))
    assert [row[0] for row in found] == [5, 4]
    answer = ask(shop, "topcount(3,Price)/compute(Price mul 2 as T)", "&$select=ID,T&$count=true")
    document = orjson.loads(answer.body)
    assert document["@odata.count"] == 3
    assert all(set(row) - {"@odata.type"} == {"ID", "T"} for row in document["value"])


NAMED: Final = "(select name from category c where c.id = category_id)"
PRICES: Final = "price desc nulls last, id"
ORDERED: Final = [
    ("orderby(Price desc,ID)", "&$top=3", f"select id from product order by {PRICES} limit 3"),
    ("orderby(Price desc)", "&$top=40", f"select id from product order by {PRICES} limit 40"),
    ("orderby(Category/Name desc,ID)", "&$skip=5&$top=4",
     f"select id from product order by {NAMED} desc nulls last, id limit 4 offset 5"),
    ("orderby(not Active,ID)", "", "select id from product order by not active nulls first, id"),
    ("orderby(null,Price desc,ID)", "&$top=3", f"select id from product order by {PRICES} limit 3"),
    ("orderby(ID desc)/orderby(Rating)", "&$top=30",
     "select id from product order by rating nulls first, id desc limit 30"),
    ("orderby(Price desc,ID)", "&$orderby=Rating&$top=30",
     f"select id from product order by rating nulls first, {PRICES} limit 30"),
    ("filter(ID lt 30)/orderby(Price desc,ID)/top(3)", "&$skip=1",
     f"select id from product where id < 30 order by {PRICES} limit 2 offset 1"),
    ("orderby(Price desc,ID)/top(9)/skip(2)/top(3)", "",
     f"select id from product order by {PRICES} limit 3 offset 2"),
    ("orderby(Price desc,ID)/top(9)/filter(ID gt 20)/top(2)", "",
     f"select id from (select * from product order by {PRICES} limit 9) t where id > 20 order by {PRICES} limit 2"),
    ("orderby(Price desc,ID)/compute(Price mul 2 as T)/top(9)", "&$skip=1&$select=ID,T",
     f"select id from product order by {PRICES} limit 8 offset 1"),
    ("topcount(5,Price)", "&$top=2", f"select id from product order by {PRICES} limit 2"),
    ("topcount(5,Price)/skip(1)/top(2)", "", f"select id from product order by {PRICES} limit 2 offset 1"),
]  # fmt: skip


@pytest.mark.parametrize(("apply", "more", "sql"), ORDERED)
@pytest.mark.parametrize("page", [1_000, 4])
def test_an_order_stays_through_limits_pages_and_later_steps(
    shop: Connection, apply: str, more: str, sql: str, page: int
) -> None:
    found: list[int] = []
    answer = ask(shop, apply, more, page)
    while True:
        assert answer.status == 200, answer.body
        document = orjson.loads(answer.body)
        found += [row["ID"] for row in document["value"]]
        if "@odata.nextLink" not in document:
            break
        mark = document["@odata.nextLink"].rpartition("&$skiptoken=")[2]
        answer = ask(shop, apply, f"{more}&$skiptoken={mark}", page)
    assert found == list(shop.scalars(text(sql)))


def test_an_order_stays_for_results_and_for_each_part_of_a_concat(shop: Connection) -> None:
    found = rows(
        ask(shop, "groupby((Rating),aggregate($count as N))/orderby(Rating desc)/top(3)", "&$skip=1")
    )
    by_hand = "select rating, count(*) from product group by rating order by rating desc nulls last limit 2 offset 1"
    assert found == [tuple(row) for row in shop.execute(text(by_hand))]
    parts = "concat(top(2)/aggregate(ID with sum as S),skip(2)/top(2)/aggregate(ID with max as M))"
    top = list(shop.scalars(text(f"select id from product order by {PRICES} limit 4")))
    same(rows(ask(shop, f"orderby(Price desc,ID)/{parts}")), [(sum(top[:2]), None), (None, max(top[2:]))])


COUNTED: Final = [
    ("Products/$count", "filter(Rating eq 1)", "", "select count(*) from product where rating = 1"),
    ("Products/$count", "filter(ID lt 30)/top(7)", "", "select 7"),
    ("Products/$count", "topcount(20,Price)", "&$filter=Rating eq 1",
     f"select count(*) from (select * from product order by {PRICES} limit 20) t where rating = 1"),
    ("Products/$count", "compute(Price mul 2 as T)/orderby(T)", "&$filter=T gt 10&$orderby=T",
     "select count(*) from product where price * 2 > 10"),
    ("Products/$count", "groupby((Rating))", "", "select count(*) from (select distinct rating from product) t"),
    ("Products/$count", "groupby((Rating),aggregate($count as N))", "&$filter=N gt 9",
     "select count(*) from (select 1 from product group by rating having count(*) > 9) t"),
    ("Products/$count", "aggregate(Price with sum as S)", "", "select 1"),
    ("$crossjoin(Categories,Tags)/$count", "filter(Categories/ID lt 3)", "", "select 6"),
    ("$crossjoin(Categories,Tags)/$count", "groupby((Tags/Label))", "", "select 3"),
]  # fmt: skip


@pytest.mark.parametrize(("path", "apply", "more", "sql"), COUNTED)
def test_a_count_is_of_what_is_applied(shop: Connection, path: str, apply: str, more: str, sql: str) -> None:
    answer = ask(shop, apply, more, set_name=path)
    assert (answer.status, answer.body) == (200, str(shop.scalar(text(sql))).encode())


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("Products/$count", "$apply=filter(Nope eq 1)"),
        ("Products/$count", "$apply=groupby((Rating))&$orderby=Price"),
        ("Products/$count", "$orderby=Nope"),
        ("$crossjoin(Categories,Tags)/$count", "$orderby=Nope"),
        ("Products(1)/Words/$count", "$apply=filter(true)"),
        ("Products(1)/Words/$count", "$filter=$it eq 'a'"),
    ],
)
def test_a_count_refuses_what_does_not_fit_as_the_rows_do(shop: Connection, path: str, query: str) -> None:
    request = Request("GET", f"/{path}", quote(query, safe="$=&"), {}, "http://hub.example/")
    answer = Service(MODEL, Limits()).answer(request, shop, caller=None, now=NOW)
    assert answer.status in (400, 501), answer.body


def test_options_after_a_result_work_on_it(shop: Connection) -> None:
    apply = "groupby((Rating),aggregate($count as N))"
    by_hand = shop.execute(
        text("select rating, count(*) from product group by rating order by 2 desc, 1 nulls first")
    )
    whole = [tuple(row) for row in by_hand]
    assert rows(ask(shop, apply, "&$orderby=N desc")) == whole
    assert rows(ask(shop, apply, "&$orderby=N desc&$top=2&$skip=1")) == whole[1:3]
    assert rows(ask(shop, apply, "&$filter=N gt 9&$select=N&$orderby=N desc")) == [
        (n,) for _, n in whole if n > 9
    ]
    document = orjson.loads(ask(shop, apply, "&$count=true&$top=1").body)
    assert document["@odata.count"] == len(whole)
    assert document["@odata.context"] == "http://hub.example/$metadata#Products(Rating,N)"
    assert rows(ask(shop, apply, "&$compute=N mul 2 as T&$orderby=N desc&$top=1"))[0][2] == whole[0][1] * 2


def test_a_result_is_nested_as_its_paths_are(shop: Connection) -> None:
    document = orjson.loads(
        ask(shop, "filter(ID eq 1)/groupby((Category/Name,ID),aggregate($count as N))").body
    )
    assert document["value"] == [{"ID": 1, "N": 1, "Category": {"Name": "Fresh food"}}]
    assert document["@odata.context"].endswith("#Products(Category/Name,ID,N)")


def test_a_result_comes_in_pages_too(shop: Connection) -> None:
    found: list[Any] = []
    more = ""
    while True:
        answer = ask(shop, "groupby((ID),aggregate(Price with sum as S))", more, page=7)
        found += rows(answer)
        following = orjson.loads(answer.body).get("@odata.nextLink")
        if following is None:
            break
        more = "&$skiptoken=" + following.rpartition("=")[2]
    assert sorted(row[0] for row in found) == list(range(1, 61))


@pytest.mark.parametrize(
    ("apply", "status"),
    [
        ("aggregate(Name with sum as S)", 400),
        ("aggregate(Nope with sum as S)", 400),
        ("groupby((Nope))", 400),
        ("groupby((Rating),aggregate($count as Rating))", 400),
        ("compute(1 as Name)", 400),
        ("topsum(1,Name)", 400),
        ("topcount('x',Price)", 400),
        ("groupby((Tags/Label))", 501),
        ("groupby((Category))", 501),
        ("aggregate(Price as S)", 501),
        ("aggregate(Price with sum from Name with max as S)", 501),
        ("concat(compute(1 as A),compute('x' as A))", 400),
        ("join(Tags as T)", 501),
        ("ancestors($root/X,Y,Z,identity)", 501),
        ("aggregate(Price with Custom.x as S)", 501),
        (
            (
                "groupby((rollup(Name,Rating,Active),rollup(Price,Stock,Weight),rollup(Code,Colour,"
                "Released),rollup(ID,Opens,Lasts)))"
            ),
            400,
        ),
        ("groupby((Rating))/filter(Price gt 1)", 400),
        ("groupby((Rating))/search(x)", 501),
        ("groupby((Rating),concat(identity,identity))", 501),
        ("aggregate(Active with max as S)", 400),
    ],
)
def test_what_does_not_fit_is_refused_and_never_guessed(shop: Connection, apply: str, status: int) -> None:
    answer = ask(shop, apply)
    assert answer.status == status, answer.body
    assert orjson.loads(answer.body)["error"]["message"]
