"""What a model may have besides sets: functions, singletons, all primitive types; and ways from the root."""

from datetime import UTC, datetime
from typing import Any, Final

import orjson
import pytest
from sqlalchemy import Connection, text

from api.odata.csdl_json import as_json
from api.odata.edm import Function, InvalidModel, Model
from api.odata.exchange import Answer, Request
from api.odata.service import Service
from tests.support.odata_shop import MODEL, PRODUCT_TYPE

ROOT: Final = "https://hub.example/odata/v1/"
SERVICE: Final = Service(MODEL)


def ask(shop: Connection, url: str, accept: str = "application/json") -> Answer:
    path, _, query = url.partition("?")
    request = Request("GET", path, query, {"accept": [accept]}, ROOT)
    return SERVICE.answer(request, shop, caller=None, now=datetime(2026, 11, 22, tzinfo=UTC))


def get(shop: Connection, url: str, **given: Any) -> Any:
    answer = ask(shop, url, **given)
    assert answer.status == 200, answer.body
    return orjson.loads(answer.body)


def ids(shop: Connection, filter_: str, set_name: str = "Products") -> list[int]:
    found = get(shop, f"{set_name}?$select=ID&$orderby=ID&$filter={filter_.replace('+', '%2B')}")
    return [row["ID"] for row in found["value"]]


# filter, and what keeps the same rows in SQL
TABLE: Final = [
    ("Shop.Reduced(Percent=50) gt 2", "price / 2 > 2"),
    ("Reduced(Percent=50) gt 2", "price / 2 > 2"),
    ("Shop.Reduced(Percent=Rating) eq null", "price is null or rating is null"),
    ("Category/Products/Shop.Cheap(Most=1)/$count gt 2",
     "(select count(*) from product p where p.category_id = product.category_id and p.price <= 1) > 2"),
    ("Shop.Alike()/any(a:a/Name eq 'Milk')",
     "exists (select from product p where p.rating = product.rating and p.id <> product.id and p.name = 'Milk')"),
    ("Shop.Twice(X=ID) eq 8", "id = 4"),
    ("ID eq Shop.Twice(X=4)", "id = 8"),
    ("Name eq $root/Products(1)/Name", "name = 'Oat milk'"),
    ("Name eq $root/Products(ID=999)/Name", "name is null"),
    ("ID eq $root/Us/Best/ID", "id = 7"),
    ("Released gt $root/Us/Opened", "released > '1999-12-31'"),
    ("Rating eq $root/Products(Rating)/Rating",
     "rating is not distinct from (select p.rating from product p where p.id = product.rating)"),
    ("$root/Categories/$count eq 3", "true"),
    ("$root/Categories/any(c:c/Name eq $it/Name)", "name is null"),
    ("$root/Products/any(p:p/ID eq $it/Rating)", "rating between 1 and 60"),
    ("$root/Named(Name='Milk')/$count gt ID", "(select count(*) from product where name = 'Milk') > id"),
    ("Tags/any(t:t/ID eq $root/Products(2)/Rating)",
     "exists (select from tagged where product_id = id and tag_id = (select rating from product where id = 2))"),
    ("isdefined(Name)", "true"),
    ("isdefined(Category)", "true"),
    ("isdefined(Category/Name)", "category_id is not null"),
    ("isdefined(Shop.Book/Pages)", "kind = 'book'"),
    ("Category/Products/$filter(Rating eq 3)/$count gt 1",
     "(select count(*) from product p where p.category_id = product.category_id and p.rating = 3) > 1"),
    ("Category/Products/$filter(Rating eq 3)/any(p:p/ID ne $it/ID)",
     ("exists (select from product p where p.category_id = product.category_id and p.rating = 3"
      " and p.id <> product.id)")),
    ("Category/Products/Shop.Book/any(b:b/Pages gt 30)",
     "exists (select from product p where p.category_id = product.category_id and p.kind = 'book' and p.pages > 30)"),
    ("Category/Products/$count($search=oat) gt 1",
     "(select count(*) from product p where p.category_id = product.category_id and p.name ilike '%oat%') > 1"),
    ("Sizes/$count($filter=$this gt 0) eq 2", "(select count(*) from unnest(sizes) s where s > 0) = 2"),
    ("Sizes/$count($filter=$this eq $it/Rating) eq 1", "rating = any(sizes)"),
]  # fmt: skip


@pytest.mark.parametrize(("filter_", "sql"), TABLE)
def test_a_filter_keeps_what_sql_by_hand_keeps(shop: Connection, filter_: str, sql: str) -> None:
    assert ids(shop, filter_) == list(shop.scalars(text(f"SELECT id FROM product WHERE {sql} ORDER BY id")))


@pytest.mark.parametrize(
    ("url", "context", "expected"),
    [
        ("Twice(X=21)", "Edm.Int32", {"value": 42}),
        ("Twice(X=@x)?@x=3", "Edm.Int32", {"value": 6}),
        ("Products(2)/Shop.Reduced(Percent=50)", "Edm.Decimal", {"value": 1.75}),
        ("Products(2)/Reduced(Percent=0)", "Edm.Decimal", {"value": 3.5}),
        ("Us", "Us", {"Name": "Corner", "Opened": "1999-12-31"}),
        ("Us/Name", "Us/Name", {"value": "Corner"}),
        ("Us/Best?$select=ID", "Products(ID)/$entity", {"ID": 7}),
    ],
)
def test_functions_and_singletons_are_asked_for_by_path(
    shop: Connection, url: str, context: str, expected: dict[str, Any]
) -> None:
    assert get(shop, url) == {"@odata.context": f"{ROOT}$metadata#{context}", **expected}


def test_functions_that_give_rows_go_on_as_rows_do(shop: Connection) -> None:
    def found(url: str) -> list[int]:
        return [row["ID"] for row in get(shop, url)["value"]]

    by_hand = shop.scalars(text("select id from product where price <= 1 and rating = 1 order by id"))
    assert found("Products/Shop.Cheap(Most=1)?$filter=Rating eq 1&$select=ID") == list(by_hand)
    assert ask(shop, "Products/Shop.Cheap(Most=1)/$count").body == b"%d" % len(
        found("Products/Shop.Cheap(Most=1)")
    )
    assert found("Named(Name='Milk')?$top=1&$select=ID") == [7]
    assert get(shop, "Named(Name='Milk')")["@odata.context"] == f"{ROOT}$metadata#Products"
    assert get(shop, "Named(Name='Milk')(7)/Category")["ID"] == 2
    by_hand = shop.scalars(text("select id from product where rating = 1 and id <> 2 order by id"))
    assert found("Products(2)/Shop.Alike()?$select=ID") == list(by_hand)
    assert found("Products(2)/Shop.Alike()/Shop.Cheap(Most=0.5)") == found(
        "Products(2)/Alike()?$filter=Price le 0.5"
    )
    assert found("Categories(1)/Products/Cheap(Most=1)?$orderby=ID") == found(
        "Categories(1)/Products?$filter=Price le 1"
    )


def test_a_singleton_has_ways_too(shop: Connection) -> None:
    expanded = get(shop, "Us?$expand=Best($select=ID),Products($filter=ID lt 3;$select=ID)")
    assert expanded["Best"] == {"ID": 7}
    assert expanded["Products"] == [{"ID": 1}, {"ID": 2}]
    assert ask(shop, "Us/Products/$count").body == b"60"


@pytest.mark.parametrize(
    ("url", "status", "says"),
    [
        ("Twice", 400, "takes X"),
        ("Twice()", 400, "takes X, each by its name"), ("Twice(X='a')", 400, "X is Edm.Int32"),
        ("Twice(Y=1)", 400, "takes X"), ("Twice(X=1)/more", 404, "nothing but $value"),
        ("Products(999)/Reduced(Percent=1)", 404, "no such row"), ("Products(1)/Nope(X=1)", 404, "no Nope"),
        ("Products/Reduced(Percent=1)", 404, "one row"), ("Products?$filter=Nope(1) eq 1", 400, "no function Nope"),
        ("Products?$filter=$root/Nope eq 1", 400, "the service has no Nope"), ("Us(1)", 404, "a key needs rows"),
        ("Products?$filter=$root eq 1", 400, "a set behind it"), ("Products?$filter=isdefined(1)", 400, "takes a path"),
        ("Products?$filter=$root/Products(X=1)/Name eq 'a'", 400, "the key of Products"),
        ("Products?$filter=isdefined(Nope)", 400, "has no Nope"),
    ],
)  # fmt: skip
def test_what_is_asked_wrongly_is_refused(shop: Connection, url: str, status: int, says: str) -> None:
    answer = ask(shop, url)
    assert answer.status == status, answer.body
    assert says in orjson.loads(answer.body)["error"]["message"]


def test_a_function_without_a_value_gives_no_content(shop: Connection) -> None:
    assert ask(shop, "Products(5)/Reduced(Percent=1)").status == 204
    assert ask(shop, "Twice(X=2)/$value").body == b"4"


def test_primitive_values_come_to_their_last_digit(shop: Connection) -> None:
    body = ask(shop, "Things?$orderby=ID desc").body
    largest, nothing, least = orjson.loads(body)["value"]
    assert b"9007199254740993.0001" in body
    assert (largest["ID"], least["ID"]) == (2**62, -(2**63))
    assert (largest["Tiny"], largest["Byte"], largest["Small"]) == (-128, 255, 32_767)
    assert (largest["Single"], largest["Double"], least["Double"]) == (0.5, "INF", "NaN")
    assert (largest["Data"], least["Data"]) == ("AP8=", "")
    assert (largest["At"], least["At"]) == ("9999-12-31T23:59:59.999999Z", "0001-01-02T00:00:00Z")
    assert [value for name, value in nothing.items() if name != "ID" and value is not None] == [[]]


@pytest.mark.parametrize(
    ("filter_", "number"),
    [
        ("Tiny eq -128", 1), ("Byte gt 254", 1), ("Small lt 0", 1), ("Single eq 0.5", 1), ("Double eq INF", 1),
        ("Double eq NaN", 1), ("Double gt 1e300", 1), ("Amount eq 9007199254740993.0001", 1),
        ("Amount lt -0.00005", 1), ("ID eq -9223372036854775808", 1), ("Data eq binary'AP8='", 1),
        ("Data eq binary''", 1),
        ("At gt 2026-01-01T00:00:00Z", 1), ("Tiny eq null", 1), ("Tiny add Byte eq 127", 2),
    ],
)  # fmt: skip
def test_filters_know_every_primitive_type(shop: Connection, filter_: str, number: int) -> None:
    assert len(ids(shop, filter_, "Things")) == number


def test_functions_stand_in_the_metadata() -> None:
    schema = as_json(MODEL)["Shop"]
    assert schema["Cheap"] == [
        {
            "$Kind": "Function", "$IsBound": True, "$IsComposable": True,
            "$Parameter": [
                {"$Name": "it", "$Type": "Shop.Product", "$Collection": True},
                {"$Name": "Most", "$Type": "Edm.Decimal", "$Nullable": True},
            ],
            "$ReturnType": {"$Type": "Shop.Product", "$Collection": True},
        }
    ]  # fmt: skip
    assert schema["Container"]["Named"] == {"$Function": "Shop.Named", "$EntitySet": "Products"}
    us = schema["Container"]["Us"]
    assert us["$Type"] == "Shop.Shop"
    assert us["$NavigationPropertyBinding"] == {"Best": "Products", "Products": "Products"}


@pytest.mark.parametrize(
    ("function", "says"),
    [
        (Function("F", "Nope", lambda *_: None), "no primitive type and no set"),  # type: ignore[arg-type]  # never called
        (Function("F", "Tags", lambda *_: None, bound=PRODUCT_TYPE, of_collection=True), "some of its rows"),  # type: ignore[arg-type]  # never called
    ],
)
def test_a_function_that_leads_nowhere_is_refused(function: Function, says: str) -> None:
    with pytest.raises(InvalidModel, match=says):
        Model("Shop", MODEL.sets, MODEL.enums, (function,))


@pytest.mark.parametrize(
    ("expression", "written"),
    [
        ("ID mul 3", 3), ("ID sub 2", -1), ("Price mul 2", 3.5), ("Weight mul 3", 1.0), ("round(Weight)", 0.0),
        ("ceiling(Weight)", 1.0), ("Weight mod 2", 1 / 3), ("ID mod 2", 1), ("Stock mul Stock", 1e24),
        ("Released sub 2020-03-01", "P10D"), ("Lasts add duration'PT1H'", "PT2H1.5S"), ("date(Changed)", "2025-01-01"),
        ("Shop.Reduced(Percent=50)", 0.875), ("length(Name)", 8), ("ID gt 0", True), ("null", None), ("'x'", "x"),
        ("case(ID gt 5:1,true:2.5)", 2.5), ("cast(Price,Edm.Int32)", 1), ("Colour", "Green"), ("Perks", "Gift"),
        ("totalseconds(Lasts)", 3601.5), ("Category/Name", "Fresh food"),
    ],
)  # fmt: skip
def test_what_is_computed_is_written_as_its_type(shop: Connection, expression: str, written: Any) -> None:
    found = get(shop, f"Products(1)?$select=Made&$compute={expression} as Made")
    assert found["Made"] == (pytest.approx(written) if isinstance(written, float) else written)


LARGE, SMALL, NOTHING = 2**62, -(2**63), 3


def test_an_open_row_has_whatever_properties_stand_in_it(shop: Connection) -> None:
    large, nothing, small = get(shop, "Things?$orderby=ID desc")["value"]
    assert (large["Size"], large["Label"], large["Sold"], large["Gone"]) == (12.5, "large", True, None)
    assert large["ID"] == LARGE  # what is declared stays what it is
    assert (small["Size"], small["Label"], "Sold" in small, "Size" in nothing) == (3, 7, False, False)
    found = get(shop, "Things?$select=ID,Size,Nowhere&$orderby=cast(Size,Edm.Decimal) desc")["value"]
    assert [row["Size"] for row in found] == [12.5, 3, None]
    assert {row["Nowhere"] for row in found} == {None}
    assert as_json(MODEL)["Shop"]["Thing"]["$OpenType"] is True


@pytest.mark.parametrize(
    ("filter_", "expected"),
    [
        ("Size gt 5", [LARGE]), ("Size eq 3", [SMALL]), ("12.5 eq Size", [LARGE]), ("Size in (3,4)", [SMALL]),
        ("Size add 1 eq 4", [SMALL]), ("Label eq 'large'", [LARGE]), ("Label eq 7", [SMALL]), ("Label eq '7'", []),
        ("Sold", [LARGE]), ("Sold eq true", [LARGE]), ("Since eq 2024-02-29", [LARGE]),
        ("year(Since) eq 2024", [LARGE]),
        ("contains(Label,'arg')", [LARGE]), ("Gone eq null", [SMALL, NOTHING, LARGE]), ("Size ne null", [SMALL, LARGE]),
        ("Nowhere eq 1", []), ("cast(Size,Edm.Int32) eq 12", [LARGE]), ("cast(Label,Edm.String) eq '7'", [SMALL]),
        ("not (Size gt 5)", [SMALL, NOTHING]), ("Size eq Label", [NOTHING]),
        ("Places/any(p:p/City eq 'Bern')", [LARGE]), ("Places/any(p:p/City eq 'Bern' and p/Street eq 'B 2')", []),
        ("Places/all(p:startswith(p/City,'B'))", [SMALL, NOTHING, LARGE]), ("Places/$count eq 2", [LARGE]),
        ("Places/any()", [LARGE]), ("Places/any(p:p/City eq null)", []),
    ],
)  # fmt: skip
def test_dynamic_properties_and_lists_of_structures_are_filtered_by(
    shop: Connection, filter_: str, expected: list[int]
) -> None:
    assert ids(shop, filter_, "Things") == expected


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("$orderby=Size", 501), ("$filter=Size gt duration'PT1S'", 501), ("$filter=Size/Inner eq 1", 400),
        ("$filter=Places/any(p:p/Nope eq 1)", 400), ("$filter=Places eq null", 400), ("$select=Places/Nope", 400),
        ("$filter=Places/$count($filter=true) eq 1", 501), ("$apply=groupby((Size),aggregate($count as N))", 200),
    ],
)  # fmt: skip
def test_what_cannot_be_asked_of_them_is_refused(shop: Connection, query: str, status: int) -> None:
    answer = ask(shop, f"Things?{query}")
    assert answer.status == status, answer.body


def test_a_list_of_structures_is_written_whole(shop: Connection) -> None:
    found = get(shop, f"Things({LARGE})?$select=Places")
    assert found["Places"] == [{"Street": "A 1", "City": "Bern"}, {"Street": "B 2", "City": "Basel"}]
    assert get(shop, f"Things({LARGE})/Places")["value"][0]["City"] == "Bern"
