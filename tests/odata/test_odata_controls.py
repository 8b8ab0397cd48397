"""All control information, rows by their address, and the service's OpenAPI description."""

from datetime import UTC, datetime
from typing import Any, Final

import orjson
import pytest
from openapi_spec_validator import validate
from sqlalchemy import Connection

from api.odata.exchange import Answer, Request
from api.odata.query.rows import Limits
from api.odata.service import Service
from tests.support.odata_shop import MODEL

ROOT: Final = "https://hub.example/odata/v1/"
SERVICE: Final = Service(MODEL, Limits(page=25))
FULL: Final = "$format=application/json;odata.metadata=full"


def ask(shop: Connection, url: str) -> Answer:
    path, _, query = url.partition("?")
    request = Request("GET", path, query, {}, ROOT)
    return SERVICE.answer(request, shop, caller=None, now=datetime(2026, 11, 22, tzinfo=UTC))


def get(shop: Connection, url: str) -> Any:
    answer = ask(shop, url)
    assert answer.status == 200, answer.body
    return orjson.loads(answer.body)


def test_full_metadata_says_what_values_are_and_where_ways_lead(shop: Connection) -> None:
    row = get(shop, f"/Products(1)?{FULL}")
    assert (row["@odata.type"], row["@odata.id"]) == ("#Shop.Product", "Products(1)")
    assert row["Price@odata.type"] == "#Decimal"
    assert "Name@odata.type" not in row, "a text says so itself"
    assert row["Category@odata.navigationLink"] == "Products(1)/Category"
    assert get(shop, f"/{row['Category@odata.navigationLink']}")["ID"] is not None


def test_expanded_rows_and_rows_of_derived_types_have_theirs_too(shop: Connection) -> None:
    assert get(shop, f"/Products(4)?{FULL}")["@odata.type"] == "#Shop.Book"
    row = get(shop, f"/Products(1)?$expand=Category&{FULL}")
    inner = row["Category"]
    assert inner["@odata.type"] == "#Shop.Category"
    assert get(shop, f"/{inner['@odata.id']}")["ID"] == inner["ID"]
    assert inner["Products@odata.navigationLink"] == f"{inner['@odata.id']}/Products"


def test_ways_that_were_not_selected_are_not_told_of(shop: Connection) -> None:
    row = get(shop, f"/Products(1)?$select=Name&{FULL}")
    assert not any(name.endswith("navigationLink") for name in row)
    assert "Category@odata.navigationLink" in get(shop, f"/Products(1)?$select=Name,Category&{FULL}")
    assert not any("@" in name for name in get(shop, "/Products(1)") if not name.startswith("@odata.context"))


@pytest.mark.parametrize("id_", ["Products(1)", f"{ROOT}Products(1)", "/odata/v1/Products(1)", "Products/1"])
def test_a_row_is_found_by_its_address(shop: Connection, id_: str) -> None:
    found = get(shop, f"/$entity?$id={id_}&$select=ID&$expand=Category($select=ID)")
    assert (found["ID"], "ID" in found["Category"]) == (1, True)
    assert found["@odata.context"].endswith("$metadata#Products(ID,Category(ID))/$entity")


def test_a_cast_behind_entity_takes_rows_of_that_type_alone(shop: Connection) -> None:
    assert get(shop, "/$entity/Shop.Book?$id=Products(4)")["Pages"] is not None
    assert ask(shop, "/$entity/Shop.Book?$id=Products(1)").status == 404


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        ("", 400), ("?$id=", 400), ("?$id=Products", 400), ("?$id=Products(1)/Name", 400), ("?$id=Nope(1)", 404),
        ("?$id=Products(1)/$ref", 400), ("?$id=https://other.example/odata/v1/Products(1)", 400),
        ("?$id=Products(1)%3F$select=ID", 400), ("?$id=../../etc", 400), ("?$id=Products(99999)", 404),
        ("?$id=$metadata", 404), ("/Nope?$id=Products(1)", 404),
    ],
)  # fmt: skip
def test_what_is_no_address_of_a_row_is_refused(shop: Connection, asked: str, status: int) -> None:
    answer = ask(shop, f"/$entity{asked}")
    assert answer.status == status, answer.body


def test_the_description_is_valid_and_has_every_set(shop: Connection) -> None:
    told = get(shop, "/openapi.json")
    validate(told)
    for each in MODEL.sets:
        assert f"/{each.name}" in told["paths"], each.name
    product = told["components"]["schemas"]["Product"]["properties"]
    assert product["ID"] == {"type": "integer"}
    assert told["servers"] == [{"url": ROOT.rstrip("/")}]
