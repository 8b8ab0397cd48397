"""What the metadata says a service can do, it does; what it says it cannot, it refuses."""

from datetime import UTC, datetime
from typing import Any, Final
from xml.etree.ElementTree import fromstring

import orjson
import pytest
from sqlalchemy import Connection

from api.odata.capabilities import FILTER_FUNCTIONS, NOT_DONE, TRANSFORMATIONS, of_container, of_set
from api.odata.csdl import as_xml
from api.odata.csdl_json import as_json
from api.odata.exchange import Answer, Request
from api.odata.query.expand import DEEPEST
from api.odata.service import Service
from tests.support.odata_shop import MODEL

CAN: Final = "Org.OData.Capabilities.V1"
EDM: Final = "{http://docs.oasis-open.org/odata/ns/edm}"
PRODUCTS: Final = of_set(MODEL.by_name["Products"])
# A call of each canonical function.
CALLS: Final = {
    "cast": "cast(ID,Edm.String) eq '1'", "ceiling": "ceiling(Price) eq 1", "concat": "concat(Name,'x') eq 'x'",
    "contains": "contains(Name,'x')", "date": "date(Changed) eq 2026-01-01", "day": "day(Released) eq 1",
    "endswith": "endswith(Name,'x')", "floor": "floor(Price) eq 1",
    "fractionalseconds": "fractionalseconds(Changed) eq 0.25", "hassubset": "hassubset(Words,['a'])",
    "hour": "hour(Changed) eq 1", "indexof": "indexof(Name,'x') eq 1", "isdefined": "isdefined(Name)",
    "isof": "isof(Shop.Book)", "length": "length(Name) eq 1", "matchespattern": "matchesPattern(Name,'x')",
    "maxdatetime": "Changed lt maxdatetime()", "mindatetime": "Changed gt mindatetime()",
    "minute": "minute(Changed) eq 1", "month": "month(Released) eq 1", "now": "Changed lt now()",
    "round": "round(Price) eq 1", "second": "second(Changed) eq 1", "startswith": "startswith(Name,'x')",
    "substring": "substring(Name,1) eq 'x'", "time": "time(Changed) eq 01:00", "tolower": "tolower(Name) eq 'x'",
    "totaloffsetminutes": "totaloffsetminutes(Changed) eq 0", "totalseconds": "totalseconds(Lasts) eq 1",
    "toupper": "toupper(Name) eq 'X'", "trim": "trim(Name) eq 'x'", "year": "year(Released) eq 2026",
}  # fmt: skip
APPLIED: Final = {
    "filter": "filter(ID eq 1)", "groupby": "groupby((Rating))", "aggregate": "aggregate($count as N)",
    "compute": "compute(1 as One)", "concat": "concat(identity,identity)", "identity": "identity",
    "search": "search(milk)", "orderby": "orderby(ID)", "top": "top(1)", "skip": "skip(1)",
    **{name: f"{name}(1,ID)" for name in TRANSFORMATIONS if name[:3] in ("top", "bot") and name != "top"},
}  # fmt: skip


def ask(shop: Connection, url: str, method: str = "GET", body: bytes = b"", **headers: str) -> Answer:
    path, _, query = url.partition("?")
    sent = {name.replace("_", "-"): [value] for name, value in headers.items()}
    request = Request(method, path, query, sent, "https://hub.example/odata/v1/", body)
    return Service(MODEL).answer(request, shop, caller=None, now=datetime(2026, 11, 22, tzinfo=UTC))


@pytest.mark.parametrize("name", FILTER_FUNCTIONS)
def test_every_function_that_is_named_is_done(shop: Connection, name: str) -> None:
    assert ask(shop, f"Products?$filter={CALLS[name]}").status == 200


def test_functions_that_are_not_named_are_refused(shop: Connection) -> None:
    assert NOT_DONE.isdisjoint(CALLS)
    for name in NOT_DONE:
        arguments = "Name" if name == "geo.length" else "Name,Name"
        assert ask(shop, f"Products?$filter={name}({arguments})").status in (400, 501)


@pytest.mark.parametrize("name", TRANSFORMATIONS)
def test_every_transformation_that_is_named_is_done(shop: Connection, name: str) -> None:
    assert ask(shop, f"Products?$apply={APPLIED[name]}").status == 200


@pytest.mark.parametrize(
    ("term", "value", "url"),
    [
        ("TopSupported", True, "Products?$top=1"), ("SkipSupported", True, "Products?$skip=1"),
        ("ComputeSupported", True, "Products?$compute=1 as One&$select=One"), ("IndexableByKey", True, "Products(1)"),
        ("FilterRestrictions", {"Filterable": True}, "Products?$filter=ID eq 1"),
        ("SortRestrictions", {"Sortable": True}, "Products?$orderby=Name"),
        ("CountRestrictions", {"Countable": True}, "Products?$count=true"),
        ("CountRestrictions", {"Countable": True}, "Products/$count"),
        ("SearchRestrictions", {"Searchable": True}, "Products?$search=milk"),
        ("SelectSupport", {"Supported": True}, "Products?$select=Name"),
        ("ExpandRestrictions", {"Expandable": True, "MaxLevels": DEEPEST},
         f"Categories?$expand=Children($levels={DEEPEST})"),
    ],
)  # fmt: skip
def test_what_can_be_done_with_a_set_is_done(shop: Connection, term: str, value: Any, url: str) -> None:
    assert PRODUCTS[f"{CAN}.{term}"] == value
    assert ask(shop, url).status == 200


@pytest.mark.parametrize(
    ("term", "value", "url"),
    [
        ("AsynchronousRequestsSupported", False, "Products?$top=1"),
        ("CrossJoinSupported", True, "$crossjoin(Products,Tags)"),
        ("KeyAsSegmentSupported", True, "Products/1"),
    ],
)  # fmt: skip
def test_what_can_be_done_with_the_service_is_done(shop: Connection, term: str, value: Any, url: str) -> None:
    assert of_container()[f"{CAN}.{term}"] == value
    answer = ask(shop, url, prefer="respond-async")
    assert (answer.status, "Preference-Applied" in answer.headers) == (200, False)


def test_queries_may_be_posted_and_batches_go_on(shop: Connection) -> None:
    said = of_container()
    assert said[f"{CAN}.QuerySegmentSupported"] is True
    assert ask(shop, "Products/$query", "POST", b"$top=1").status == 200
    assert (said[f"{CAN}.BatchSupported"], said[f"{CAN}.BatchContinueOnErrorSupported"]) == (True, True)
    body = orjson.dumps({"requests": [{"id": "1", "method": "GET", "url": "$metadata"}]})
    shop.exec_driver_sql("BEGIN")
    answer = ask(shop, "$batch", "POST", body, content_type="application/json", prefer="continue-on-error")
    shop.exec_driver_sql("ROLLBACK")
    assert answer.headers["Preference-Applied"] == "continue-on-error"


@pytest.mark.parametrize("method", ["POST", "PATCH", "PUT", "DELETE"])
def test_what_cannot_be_done_is_refused(shop: Connection, method: str) -> None:
    for term in ("InsertRestrictions", "UpdateRestrictions", "DeleteRestrictions"):
        assert False in dict(PRODUCTS[f"{CAN}.{term}"]).values()  # type: ignore[arg-type]  # a record
    assert ask(shop, "Products", method).status == 405
    assert of_set(MODEL.by_name["Tags"])[f"{CAN}.SearchRestrictions"] == {"Searchable": False}
    assert ask(shop, "Tags?$search=x").status == 501
    assert of_set(MODEL.by_name["Tags"])[f"{CAN}.ChangeTracking"] == {"Supported": False}
    assert b"deltaLink" not in ask(shop, "Tags", prefer="track-changes").body
    assert ask(shop, "Products?$apply=aggregate(Price with sum from Name with max as S)").status == 501


def test_formats_that_are_named_are_given(shop: Connection) -> None:
    for type_ in of_container()[f"{CAN}.SupportedFormats"]:  # type: ignore[union-attr]  # a list
        assert ask(shop, "Products?$top=1", accept=type_).status == 200


def test_metadata_holds_no_annotation_that_readers_stumble_over() -> None:
    # A single member of an enumeration in an annotation has made Power BI refuse a whole feed.
    root = fromstring(as_xml(MODEL))  # noqa: S314 - our own
    assert not [*root.iter(f"{EDM}EnumMember")]
    terms = {each.get("Term", "") for each in root.iter(f"{EDM}Annotation")}
    assert f"{CAN}.ChangeTracking" in terms
    assert f"{CAN}.ConformanceLevel" not in terms
    included = {
        each.get("Namespace") for each in root.iter("{http://docs.oasis-open.org/odata/ns/edmx}Include")
    }
    assert {term.rpartition(".")[0] for term in terms} == included
    assert as_json(MODEL)["Shop"]["Container"][f"@{CAN}.ConformanceLevel"] == "Intermediate"
    assert as_json(MODEL)["Shop"]["@Org.OData.Core.V1.SchemaVersion"] == "1.0"
