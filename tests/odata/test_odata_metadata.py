"""`$metadata`, the service document, and values as JSON."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from xml.etree.ElementTree import fromstring

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Column, Integer, MetaData, Table

from api.odata.csdl import as_xml, service_document
from api.odata.csdl_json import as_json
from api.odata.edm import EntitySet, EntityType, InvalidModel, Model, Navigation, Property
from api.odata.payload import duration, instant, writer
from api.odata.syntax.scanner import duration as read_duration
from tests.support.odata_shop import COLOUR, MODEL, PERKS

EDM = "{http://docs.oasis-open.org/odata/ns/edm}"


def test_metadata_names_every_type_set_and_way() -> None:
    root = fromstring(as_xml(MODEL))  # noqa: S314 - our own
    schema = next(root.iter(f"{EDM}Schema"))
    types = {each.get("Name"): each for each in schema.iter(f"{EDM}EntityType")}
    assert list(types) == ["Product", "Book", "Category", "Tag", "Thing", "Shop"]
    assert types["Book"].get("BaseType") == "Shop.Product"
    assert [key.get("Name") for key in types["Product"].iter(f"{EDM}PropertyRef")] == ["ID"]
    properties = {each.get("Name"): each.attrib for each in types["Product"].iter(f"{EDM}Property")}
    assert properties["ID"]["Nullable"] == "false"
    assert properties["Words"]["Type"] == "Collection(Edm.String)"
    assert properties["Perks"]["Type"] == "Shop.Perks"
    assert properties["Price"]["Scale"] == "variable"
    ways = {each.get("Name"): each.attrib for each in types["Product"].iter(f"{EDM}NavigationProperty")}
    assert ways["Tags"] == {"Name": "Tags", "Type": "Collection(Shop.Tag)", "Partner": "Products"}
    [products] = [each for each in schema.iter(f"{EDM}EntitySet") if each.get("Name") == "Products"]
    ties = products.iter(f"{EDM}NavigationPropertyBinding")
    bound = {each.get("Path"): each.get("Target") for each in ties}
    assert bound == {"Category": "Categories", "Tags": "Tags"}


def test_metadata_says_the_same_in_json() -> None:
    schema = as_json(MODEL)["Shop"]
    assert schema["Perks"]["$IsFlags"] is True
    assert schema["Colour"]["Blue"] == COLOUR.members["Blue"]
    assert schema["Product"]["$Key"] == ["ID"]
    assert schema["Product"]["Words"] == {"$Collection": True}
    assert schema["Container"]["Products"]["$NavigationPropertyBinding"]["Tags"] == "Tags"
    assert orjson.dumps(as_json(MODEL))


def test_the_service_document_lists_the_sets() -> None:
    found = service_document(MODEL, "http://host/odata/v1/")
    assert found["@odata.context"] == "http://host/odata/v1/$metadata"
    assert [(each["url"], each["kind"]) for each in found["value"]] == [
        ("Products", "EntitySet"), ("Categories", "EntitySet"), ("Tags", "EntitySet"), ("Things", "EntitySet"),
        ("Us", "Singleton"),
    ]  # fmt: skip


SOURCE = Table("t", MetaData(), Column("id", Integer))


def made(*sets: EntitySet) -> Model:
    return Model("N", sets)


@pytest.mark.parametrize(
    ("sets", "says"),
    [
        ([EntitySet("A", EntityType("T", (Property("X", "Edm.Int32", "nope"),), ("X",)), SOURCE)], "held in nope"),
        ([EntitySet("A", EntityType("T", (Property("id", "Edm.Int32"),)), SOURCE)], "T has no key"),
        (
            [EntitySet("A", EntityType("T", (Property("id", "Edm.Int32"),), ("id",),
                                       (Navigation("W", "B", lambda a, b: a.c.id == b.c.id),)), SOURCE)],
            "T/W: there is no set B",
        ),
    ],
)  # fmt: skip
def test_a_model_that_contradicts_itself_is_refused(sets: list[EntitySet], says: str) -> None:
    with pytest.raises(InvalidModel, match=says):
        made(*sets)


@pytest.mark.parametrize(
    ("type_", "value", "written"),
    [
        ("Edm.Decimal", Decimal("1.10"), "1.10"), ("Edm.Decimal", Decimal("1E+3"), "1000"),
        ("Edm.DateTimeOffset", datetime(2026, 1, 2, 3, 4, 5, 600000, UTC), '"2026-01-02T03:04:05.600000Z"'),
        ("Edm.Duration", timedelta(days=1, hours=2, seconds=1.5), '"P1DT2H1.5S"'),
        ("Edm.Duration", timedelta(0), '"PT0S"'),
        ("Edm.Binary", b"\xff\xfe", '"__4="'),
        ("Edm.Double", float("inf"), '"INF"'), ("Edm.Double", float("nan"), '"NaN"'),
        (PERKS, 3, '"Gift,Express"'), (PERKS, 0, '"None"'),
    ],
)  # fmt: skip
def test_values_are_written_as_the_json_format_has_them(type_: Any, value: Any, written: str) -> None:
    write = writer(type_)
    assert write is not None
    assert orjson.dumps(write(value)).decode() == written


def test_large_numbers_are_texts_for_who_asks_for_it() -> None:
    big = writer("Edm.Int64", big_as_text=True)
    assert big is not None
    assert big(2**60) == "1152921504606846976"
    assert writer("Edm.Int64") is None


@given(span=st.timedeltas(min_value=timedelta(days=-9999), max_value=timedelta(days=9999)))
def test_a_duration_comes_back_as_it_was_written(span: timedelta) -> None:
    assert abs(read_duration(duration(span)) - span) < timedelta(milliseconds=1)


@given(at=st.datetimes(timezones=st.just(UTC)))
def test_an_instant_comes_back_as_it_was_written(at: datetime) -> None:
    assert datetime.fromisoformat(instant(at)) == at
