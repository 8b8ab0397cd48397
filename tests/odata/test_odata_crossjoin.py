"""`$crossjoin`: rows of several sets side by side, against SQL written by hand."""

from datetime import UTC, datetime
from typing import Any, Final

import orjson
import pytest
from sqlalchemy import Connection, text

from api.odata.exchange import Answer, Request
from api.odata.query.rows import Limits
from api.odata.service import Service
from tests.support.odata_shop import MODEL

ROOT: Final = "https://hub.example/odata/v1/"
SERVICE: Final = Service(MODEL, Limits(page=20))
PAIRS: Final = "$crossjoin(Products,Tags)"


def ask(shop: Connection, url: str) -> Answer:
    path, _, query = url.removeprefix(ROOT).partition("?")
    request = Request("GET", path, query, {}, ROOT)
    return SERVICE.answer(request, shop, caller=None, now=datetime(2026, 11, 22, tzinfo=UTC))


def get(shop: Connection, url: str) -> Any:
    answer = ask(shop, url)
    assert answer.status == 200, answer.body
    return orjson.loads(answer.body)


@pytest.mark.parametrize(
    ("filter_", "sql"),
    [
        ("Products/ID eq Tags/ID", "p.id = t.id"),
        ("Products/Rating eq Tags/ID and Products/Name ne 'Milk'",
         "p.rating = t.id and p.name is distinct from 'Milk'"),
        ("Products/Category/Name eq 'Food' and Tags/ID lt 3", "p.category_id = 1 and t.id < 3"),
        ("Tags/Products/any(x:x/ID eq Products/ID)",
         "exists (select from tagged g where g.tag_id = t.id and g.product_id = p.id)"),
        ("contains(Tags/Label,'s') or Products/ID eq 1", "position('s' in t.label) > 0 or p.id = 1"),
    ],
)  # fmt: skip
def test_a_filter_brings_rows_together_as_sql_by_hand_does(shop: Connection, filter_: str, sql: str) -> None:
    by_hand = [
        tuple(row) for row in shop.execute(text(f"SELECT p.id, t.id FROM product p, tag t WHERE {sql}"))
    ]
    url = f"{PAIRS}?$select=Products/ID,Tags/ID&$orderby=Tags/ID desc&$filter={filter_}"
    found = []
    while url:
        document = get(shop, url)
        assert document["@odata.context"] == f"{ROOT}$metadata#Collection(Edm.ComplexType)"
        found += [(row["Products"]["ID"], row["Tags"]["ID"]) for row in document["value"]]
        url = document.get("@odata.nextLink", "")
    assert sorted(found) == sorted(by_hand)
    assert [tag for _, tag in found] == sorted((tag for _, tag in found), reverse=True)
    assert ask(shop, f"{PAIRS}/$count?$filter={filter_}").body == b"%d" % len(by_hand)


def test_rows_are_links_unless_they_are_expanded(shop: Connection) -> None:
    url = f"{PAIRS}?$filter=Products/ID eq 1 and Tags/ID eq 2"
    assert get(shop, url)["value"] == [
        {"Products@odata.navigationLink": "Products(1)", "Tags@odata.navigationLink": "Tags(2)"}
    ]
    expand = "&$expand=Products($select=ID;$expand=Category($select=Name)),Tags"
    assert get(shop, url + expand)["value"] == [
        {"Products": {"ID": 1, "Category": {"Name": "Fresh food"}}, "Tags": {"ID": 2, "Label": "sale"}}
    ]
    [both] = get(shop, url + "&$expand=*")["value"]
    assert (both["Products"]["Name"], both["Tags"]["Label"]) == ("Oat milk", "sale")


def test_what_is_computed_counted_and_aggregated_comes_too(shop: Connection) -> None:
    found = get(shop, f"{PAIRS}?$compute=Products/ID mul Tags/ID as M&$filter=M eq 12&$count=true&$orderby=M")
    assert found["@odata.count"] == 3
    assert [row["M"] for row in found["value"]] == [12, 12, 12]
    grouping = "groupby((Tags/Label),aggregate(Products/Price with sum as S))"
    url = f"{PAIRS}?$apply=filter(Products/Rating eq Tags/ID)/{grouping}"
    by_hand = shop.execute(
        text("select t.label, sum(p.price) from product p join tag t on p.rating = t.id group by t.label")
    )
    assert {((row["Tags"] or {}).get("Label"), row["S"]) for row in get(shop, url)["value"]} == {
        (label, float(total)) for label, total in by_hand
    }
    rows = get(shop, f"{PAIRS}?$apply=filter(Products/ID eq 1)/compute(1 as One)&$top=1")["value"]
    assert rows[0]["Products"]["ID"] == 1


@pytest.mark.parametrize(
    ("url", "status"),
    [
        ("$crossjoin(Products,Nope)", 400), ("$crossjoin(Products,Products)", 400), ("$crossjoin(Products)", 400),
        ("$crossjoin(Products,Us)", 400), (f"{PAIRS}?$search=x", 501), (f"{PAIRS}/Products", 404),
        (f"{PAIRS}?$filter=ID eq 1", 400), (f"{PAIRS}?$expand=Nope", 501), (f"{PAIRS}?$select=ID", 400),
        (f"{PAIRS}?$expand=Products($filter=ID eq 1)", 501), (f"{PAIRS}?$deltatoken=1", 501), ("$crossjoin(", 400),
        (f"{PAIRS}?$compute=1 as Tags", 400), (f"{PAIRS}?$filter=Products eq 1", 400),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused(shop: Connection, url: str, status: int) -> None:
    answer = ask(shop, url)
    assert answer.status == status, answer.body
