"""`$apply` over paths through many rows: right by the grammar and the model, and said not to be done."""

from datetime import UTC, datetime
from typing import Any, Final

import orjson
import pytest
from sqlalchemy import Connection

from api.odata.edm import EntitySet, EntityType, Model, Navigation, Property
from api.odata.exchange import Answer, Request
from api.odata.service import Service
from tests.support.odata_shop import MODEL, PRODUCT, TAGGED

# A key of two columns, the first of which is not enough.
_PAIR: Final = EntityType(
    "Pair",
    (
        Property("Tag", "Edm.Int32", "tag_id", nullable=False),
        Property("Product", "Edm.Int32", "product_id", nullable=False),
    ),
    ("Tag", "Product"),
)
_PRODUCT: Final = EntityType(
    "Product",
    (Property("ID", "Edm.Int32", "id", nullable=False),),
    ("ID",),
    (
        Navigation(
            "Last", "Pairs", lambda me, it: (it.c.product_id == me.c.id) & (it.c.tag_id == me.c.id % 3 + 1)
        ),
    ),
)
PAIRED: Final = Service(
    Model("Paired", (EntitySet("Pairs", _PAIR, TAGGED), EntitySet("Products", _PRODUCT, PRODUCT)))
)


def ask(shop: Connection, path: str, apply: str, service: Service) -> Answer:
    request = Request("GET", path, f"$apply={apply}", {}, "https://hub.example/odata/v1/")
    return service.answer(request, shop, caller=None, now=datetime(2026, 11, 22, tzinfo=UTC))


@pytest.mark.parametrize(
    ("path", "apply", "status"),
    [
        ("/Products", "aggregate(Tags/ID with sum as S)", 501),
        ("/Products", "aggregate(Tags/ID add 1 with max as S)", 501),
        ("/Products", "aggregate(Tags/$count as C)", 501),
        ("/Products", "groupby((Tags/Label))", 501),
        ("/Categories", "groupby((Children/Products/Name))", 501),
        ("/Categories", "groupby((Name),aggregate(Products/Price with sum as S))", 501),
        ("/Products", "groupby((Tags/Nope))", 400),
        ("/Products", "filter(Tags/Label eq 'x')", 400),
    ],
)
def test_a_path_through_many_rows_is_not_implemented_and_a_wrong_one_is_wrong(
    shop: Connection, path: str, apply: str, status: int
) -> None:
    answer = ask(shop, path, apply, Service(MODEL))
    error: Any = orjson.loads(answer.body)["error"]
    assert (answer.status, error["target"]) == (status, "$apply")


def test_rows_are_told_apart_by_all_of_their_key(shop: Connection) -> None:
    found = orjson.loads(ask(shop, "/Products", "aggregate(Last with countdistinct as N)", PAIRED).body)
    by_hand = shop.exec_driver_sql(
        "select count(*) from product p join tagged t on t.product_id = p.id and t.tag_id = mod(p.id, 3) + 1"
    ).scalar_one()
    assert by_hand > 3
    assert found["value"] == [{"N": by_hand}]
