"""Requests and answers: what clients send, and what they get."""

from datetime import UTC, datetime
from typing import Any, Final

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection

from api.odata.exchange import Answer, Request
from api.odata.query.rows import Limits
from api.odata.service import Service
from tests.support.odata_shop import MODEL

NOW: Final = datetime(2026, 11, 22, tzinfo=UTC)
ROOT: Final = "https://hub.example/odata/v1/"
SERVICE: Final = Service(MODEL, Limits(page=25))
POWER_QUERY: Final = {
    "accept": [
        (
            "application/json;odata.metadata=minimal;q=1.0,application/json;odata=minimalmetadata;q=0.9,"
            "application/atomsvc+xml;q=0.8,application/atom+xml;q=0.8,application/xml;q=0.7,text/plain;q=0.7"
        )
    ],
    "odata-maxversion": ["4.0"],
    "maxdataserviceversion": ["3.0"],
}


def ask(
    shop: Connection,
    url: str,
    headers: dict[str, list[str]] | None = None,
    method: str = "GET",
    body: bytes = b"",
) -> Answer:
    path, _, query = url.partition("?")
    request = Request(method, path, query, headers or {}, ROOT, body)
    return SERVICE.answer(request, shop, caller=None, now=NOW)


def document(answer: Answer) -> Any:
    assert answer.status == 200, answer.body
    return orjson.loads(answer.body)


def get(shop: Connection, url: str, **headers: str) -> Any:
    return document(ask(shop, url, {name.replace("_", "-"): [value] for name, value in headers.items()}))


def test_a_power_query_session_goes_through_to_its_last_page(shop: Connection) -> None:
    root = ask(shop, "/", POWER_QUERY)
    assert document(root)["value"][0] == {"name": "Products", "kind": "EntitySet", "url": "Products"}
    metadata = ask(shop, "/$metadata", POWER_QUERY)
    assert metadata.headers["Content-Type"] == "application/xml"
    assert metadata.headers["OData-Version"] == "4.0"
    rows: list[Any] = []
    url = "/Products?$filter=ID gt 2&$orderby=Name"
    while url:
        answer = ask(shop, url, POWER_QUERY)
        assert answer.headers["Content-Type"].startswith("application/json;odata.metadata=minimal")
        found = document(answer)
        assert found["@odata.context"] == f"{ROOT}$metadata#Products"
        rows += found["value"]
        following = found.get("@odata.nextLink", "")
        assert following.startswith(ROOT) or not following
        url = "/" + following.removeprefix(ROOT) if following else ""
    assert sorted(row["ID"] for row in rows) == list(range(3, 61))


@pytest.mark.parametrize(
    ("url", "context"),
    [
        ("/Products", "Products"),
        ("/Products(1)", "Products/$entity"),
        ("/Products?$select=ID,Name", "Products(ID,Name)"),
        ("/Products?$expand=Category", "Products(Category())"),
        ("/Products?$select=ID&$expand=Category($select=Name)", "Products(ID,Category(Name))"),
        ("/Products(1)/Category", "Categories/$entity"),
        ("/Products(1)/Tags", "Tags"),
        ("/Products(1)/Name", "Products(1)/Name"),
        ("/Products(1)/Address/City", "Products(1)/Address/City"),
        ("/Categories(2)/Products(7)/Name", "Products(7)/Name"),
        ("/Products/Shop.Book", "Products/Shop.Book"),
        ("/Products/Shop.Book(4)", "Products/Shop.Book/$entity"),
        ("/Products(4)/Shop.Book/Pages", "Products(4)/Shop.Book/Pages"),
        ("/Products?$select=Address/City", "Products(Address/City)"),
        ("/Categories?$expand=Children($levels=2;$select=ID)", "Categories(Children+(ID))"),
        ("/Categories?$expand=Children($levels=max)", "Categories(Children+())"),
        ("/Products?$apply=groupby((Rating),aggregate($count as N))", "Products(Rating,N)"),
        ("/Products?$apply=groupby((Category/Name))", "Products(Category/Name)"),
        ("/Products(1)/Tags/$ref", "Collection($ref)"),
        ("/Products(1)/Category/$ref", "$ref"),
    ],
)
def test_the_context_says_what_came(shop: Connection, url: str, context: str) -> None:
    assert get(shop, url)["@odata.context"] == f"{ROOT}$metadata#{context}"


def test_paths_lead_from_keys_over_ways_to_values(shop: Connection) -> None:
    assert get(shop, "/Products(1)")["Name"] == "Oat milk"
    assert get(shop, "/Products(ID=1)")["ID"] == 1
    assert get(shop, "/Products(@k)?@k=1")["ID"] == 1
    assert get(shop, "/Products/1")["ID"] == 1
    assert get(shop, "/Products(1)/Category/Parent")["Name"] == "Food"
    assert [row["ID"] for row in get(shop, "/Products(1)/Category/Products?$filter=ID lt 10")["value"]] == [
        1,
        7,
    ]
    assert get(shop, "/Categories(2)/Products(7)/Tags")["value"] == [{"ID": 3, "Label": None}]
    assert get(shop, "/Products(1)/Address/City")["value"] == "Bern"
    assert get(shop, "/Products(1)/Address")["City"] == "Bern"
    assert get(shop, "/Products(1)/Words")["value"] == ["a"]
    assert get(shop, "/Products(12)/Price")["value"] == 1.0
    assert ask(shop, "/Products(1)/Name/$value").body == b"Oat milk"
    assert ask(shop, "/Products(1)/Price/$value").body == b"1.75"
    assert ask(shop, "/Products(1)/Picture/$value").body == b"\x01"
    assert ask(shop, "/Products(5)/Price/$value").status == 204
    assert ask(shop, "/Products/$count").body == b"60"
    assert ask(shop, "/Products/$count?$filter=ID lt 10").body == b"9"
    assert ask(shop, "/Products(1)/Tags/$count").body == b"1"
    assert ask(shop, "/Products(3)/Words/$count").body == b"3"
    assert ask(shop, "/Products/$filter(ID lt 5)/$count").body == b"4"
    assert ask(shop, "/Products/Shop.Book/$count").body == b"15"
    assert get(shop, "/Products/Shop.Book(4)")["Pages"] == 4
    assert get(shop, "/Products(1)/Tags/$ref")["value"] == [{"@odata.id": "Tags(1)"}]


@pytest.mark.parametrize(
    ("url", "status", "says"),
    [
        ("/Nope", 404, "there is no Nope; there are Products"),
        ("/Products(999)", 404, "no such row"),
        ("/Products(999)/Name", 404, "no such row"),
        ("/Products(1)/Nope", 404, "Product has no Nope"),
        ("/Products('x')", 400, "cannot compare"),
        ("/Products(ID=1,X=2)", 400, "the key of Products is ID"),
        ("/Products/$value", 404, "does not belong here"),
        ("/Products/$count/x", 404, "nothing comes behind"),
        ("/Products(1)/Address/$value", 404, "does not belong"),
        ("/Products/Nope.Thing", 404, "no key"),
        ("/Products?$filter=ID eq", 400, "$filter, character 6: expected"),
        ("/Products?$nope=1", 400, "no such query option"),
        ("/Products?$filter=matchesPattern(Name,'(')", 400, "a pattern is none"),
        ("/$all", 501, "$all"),
        ("/Products?$deltatoken=1", 501, "$deltatoken"),
        ("/Products?$index=2", 501, "$index: "),
        ("/Products?$id=Products(1)", 400, "$id: it goes with $entity"),
        ("/Products?$filter=Price mul 1e308 mul 1e308 gt 1", 400, "too large"),
    ],
)
def test_mistakes_are_answered_with_their_place_and_what_to_do(
    shop: Connection, url: str, status: int, says: str
) -> None:
    answer = ask(shop, url)
    assert answer.status == status, answer.body
    assert says in orjson.loads(answer.body)["error"]["message"]
    assert answer.headers["OData-Version"] == "4.0"


def test_a_syntax_error_says_its_position(shop: Connection) -> None:
    error = orjson.loads(ask(shop, "/Products?$filter=ID eq 1 and").body)["error"]
    assert error["target"] == "$filter"
    assert error["innererror"] == {"position": 11}


@pytest.mark.parametrize(
    ("query", "target", "position"),
    [
        ("$filter=Name eq 'x' and Nope eq 1", "$filter", 16), ("$orderby=Name,Nope", "$orderby", 5),
        ("$compute=Nope mul 2 as X", "$compute", 0), ("$select=Name,Nope", "$select", 5),
        ("$expand=Category($select=Nope)", "$expand", 17), ("$expand=Category($filter=Nope eq 1)", "$expand", 17),
        ("$expand=Tags($orderby=Nope)", "$expand", 14), ("$apply=filter(ID gt 1)/groupby((Nope))", "$apply", 25),
        ("$apply=aggregate(Nope with sum as X)", "$apply", 10), ("$expand=Nope", "$expand", 0),
    ],
)  # fmt: skip
def test_names_that_lead_nowhere_are_found_where_they_stand(
    shop: Connection, query: str, target: str, position: int
) -> None:
    error = orjson.loads(ask(shop, f"/Products?{query}").body)["error"]
    assert (error["target"], error["innererror"]["position"]) == (target, position)
    assert error["message"].startswith(f"{target}, character {position + 1}: ")


@pytest.mark.parametrize(
    ("query", "status", "position"),
    [
        ("$apply=groupby((Name),filter(ID gt 3)/topcount(2,ID))", 501, 31),
        ("$apply=groupby((Name),aggregate($count as N)/topcount(2,N))", 501, 38),
        ("$expand=Category,Tags($apply=identity)", 501, 9),
        ("$filter=ID" + " add 1" * 101 + " gt 1", 400, 602),
    ],
)
def test_what_is_not_done_here_says_where_it_stands(
    shop: Connection, query: str, status: int, position: int
) -> None:
    answer = ask(shop, f"/Products?{query}")
    error = orjson.loads(answer.body)["error"]
    assert (answer.status, error["innererror"]["position"]) == (status, position), error
    assert f"character {position + 1}: " in error["message"]


def test_as_many_operators_are_taken_as_are_told_and_any_place_in_a_text(shop: Connection) -> None:
    for operator in ("add", "divby"):
        asked = f"/Products/$count?$filter=Price{f' {operator} 1' * 99} gt 0"
        assert ask(shop, asked).status == 200, operator
    named = ask(shop, "/Products/$count?$filter=Name ne null").body
    assert ask(shop, "/Products/$count?$filter=substring(Name,99999999999) eq ''").body == named
    assert (
        ask(shop, "/Products/$count?$filter=substring(Name,0,99999999999) eq Name and Name ne null").body
        == named
    )


def test_only_reading_is_allowed(shop: Connection) -> None:
    for method in ("POST", "PATCH", "PUT", "DELETE"):
        answer = ask(shop, "/Products", method=method)
        assert (answer.status, answer.headers["Allow"]) == (405, "GET, HEAD")
    assert ask(shop, "/Products", method="HEAD").body == b""


def test_a_long_query_may_be_posted(shop: Connection) -> None:
    body = b"$filter=" + b" or ".join(b"ID eq %d" % at for at in range(1, 4))
    answer = ask(shop, "/Products/$query?$select=ID", method="POST", body=body)
    assert [row["ID"] for row in document(answer)["value"]] == [1, 2, 3]


@pytest.mark.parametrize(
    ("body", "media", "status"),
    [
        (b"$filter=ID eq 2", "text/plain;charset=utf-8", 200),
        (b"%24filter=ID+eq+2", "application/x-www-form-urlencoded", 200),
        (b'{"$filter":"ID eq 2","$top":1}', "application/json", 415),
        (b"<x/>", "application/xml", 415),
        (b'{"$filter":"ID eq 2","$top":1}', None, 400),
        (b'{"$filter":"ID eq 2","x":"a=b"}', "text/plain", 400),
        (b"<x a='b'/>", "text/plain", 400),
        (b"ID eq 2", None, 400),
    ],
)
def test_a_posted_query_is_read_or_refused_and_never_passed_over(
    shop: Connection, body: bytes, media: str | None, status: int
) -> None:
    headers = {} if media is None else {"content-type": [media]}
    answer = ask(shop, "/Products/$query?$select=ID", headers, method="POST", body=body)
    assert answer.status == status, answer.body
    if status == 200:
        assert document(answer)["value"] == [{"ID": 2}]


def test_formats_are_those_the_client_can_read(shop: Connection) -> None:
    assert ask(shop, "/Products", {"accept": ["application/atom+xml"]}).status == 406
    assert (
        ask(shop, "/$metadata", {"accept": ["application/json"]}).headers["Content-Type"]
        == "application/json"
    )
    assert ask(shop, "/$metadata?$format=json").headers["Content-Type"] == "application/json"
    assert ask(shop, "/$metadata?$format=xml").headers["Content-Type"] == "application/xml"
    bare = get(shop, "/Products(4)", accept="application/json;odata.metadata=none")
    assert not any(name.startswith("@") for name in bare)
    full = get(shop, "/Products(1)", accept="application/json;odata.metadata=full")
    assert full["@odata.id"] == "Products(1)"
    texts = get(shop, "/Products(1)?$select=Price,Stock", accept="application/json;IEEE754Compatible=true")
    assert texts["Price"] == "1.75"
    assert texts["Stock"] == "1000000000000"


def test_a_client_that_knows_only_older_protocols_is_refused(shop: Connection) -> None:
    assert ask(shop, "/Products", {"odata-maxversion": ["3.0"]}).status == 406
    assert ask(shop, "/Products?$top=1", {"odata-maxversion": ["4.01"]}).status == 200


def test_preferences_are_applied_and_said(shop: Connection) -> None:
    answer = ask(shop, "/Products?$select=ID,Price", {"prefer": ["odata.maxpagesize=5, omit-values=nulls"]})
    found = document(answer)
    assert len(found["value"]) == 5
    assert found["value"][4] == {"ID": 5}
    assert answer.headers["Preference-Applied"] == "odata.maxpagesize=5, omit-values=nulls"
    assert "Preference-Applied" not in ask(shop, "/Products", {"prefer": ["respond-async"]}).headers


def test_what_takes_too_long_is_stopped_and_said(shop: Connection) -> None:
    shop.exec_driver_sql("SET statement_timeout = '1ms'")
    try:
        slow = " or ".join(
            ["Tags/any(t:t/Products/any(p:p/Tags/any(u:u/Products/any(q:q/ID mod 7 eq 9))))"] * 12
        )
        answer = ask(shop, f"/Products?$filter={slow}")
    finally:
        shop.exec_driver_sql("SET statement_timeout = 0")
    assert answer.status == 503
    assert b"took too long" in answer.body


MULTIPART: Final = (
    "--b1\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n\r\n"
    "GET Products?$select=ID&$top=1 HTTP/1.1\r\nAccept: application/json\r\n\r\n\r\n"
    "--b1\r\nContent-Type: application/http\r\n\r\nGET /odata/v1/Products(999) HTTP/1.1\r\n\r\n\r\n"
    "--b1\r\nContent-Type: application/http\r\n\r\n"
    "GET https://hub.example/odata/v1/Products/$count HTTP/1.1\r\n\r\n\r\n"
    "--b1--\r\n"
)


def batched(shop: Connection, body: bytes, type_: str, prefer: str = "continue-on-error") -> Answer:
    shop.exec_driver_sql("BEGIN")  # parts are held apart inside a transaction, as a server has one
    try:
        return ask(shop, "/$batch", {"content-type": [type_], "prefer": [prefer]}, "POST", body)
    finally:
        shop.exec_driver_sql("ROLLBACK")


def test_a_multipart_batch_is_answered_part_by_part(shop: Connection) -> None:
    answer = batched(shop, MULTIPART.encode(), "multipart/mixed;boundary=b1")
    assert answer.status == 200
    assert answer.headers["Content-Type"].startswith("multipart/mixed;boundary=")
    parts = answer.body.decode().split("HTTP/1.1 ")[1:]
    assert [part[:3] for part in parts] == ["200", "404", "200"]
    assert '"value":[{"ID":1}]' in parts[0]
    assert "\r\n\r\n60\r\n" in parts[2]


def test_a_json_batch_is_answered_by_id(shop: Connection) -> None:
    requests = [
        {"id": "a", "method": "get", "url": "Products?$select=ID&$top=1"},
        {"id": "b", "method": "GET", "url": "Products?$filter=Nope eq 1"},
        {"id": "c", "method": "DELETE", "url": "Products(1)"},
        {"id": "d", "method": "GET", "url": "Products/$count"},
        {"id": "e", "method": "GET", "url": "https://elsewhere.example/Products"},
        {"id": "f", "method": "POST", "url": "$batch"},
        {"id": "g", "method": "GET", "url": "Products?$filter=matchesPattern(Name,'(')"},
        {"id": "h", "method": "GET", "url": "Products/$count"},
    ]
    found = document(batched(shop, orjson.dumps({"requests": requests}), "application/json"))["responses"]
    assert {each["id"]: each["status"] for each in found} == {
        "a": 200, "b": 400, "c": 405, "d": 200, "e": 400, "f": 400, "g": 400, "h": 200,
    }  # fmt: skip
    assert found[0]["body"]["value"] == [{"ID": 1}]
    assert found[3]["body"] == "60"


def test_a_batch_ends_with_what_is_refused_unless_it_is_to_go_on(shop: Connection) -> None:
    answer = batched(
        shop, MULTIPART.encode(), "multipart/mixed;boundary=b1", prefer="odata.continue-on-error=false"
    )
    assert [part[:3] for part in answer.body.decode().split("HTTP/1.1 ")[1:]] == ["200", "404"]
    requests = [{"id": each, "method": "GET", "url": f"Products({each})"} for each in ("1", "999", "2")]
    answer = batched(shop, orjson.dumps({"requests": requests}), "application/json", prefer="")
    assert [each["status"] for each in document(answer)["responses"]] == [200, 404]


def test_a_request_that_depends_on_a_refused_one_is_not_asked(shop: Connection) -> None:
    requests = [
        {"id": "1", "method": "GET", "url": "Products(999)"},
        {"id": "2", "method": "GET", "url": "Products(1)", "dependsOn": ["1"]},
        {"id": "3", "method": "POST", "url": "Products/$query", "body": "$filter=ID eq 2&$select=ID"},
    ]
    found = document(batched(shop, orjson.dumps({"requests": requests}), "application/json"))["responses"]
    assert [each["status"] for each in found] == [404, 424, 200]
    assert found[2]["body"]["value"] == [{"ID": 2}]


def test_a_schema_version_that_is_not_there_is_not_found(shop: Connection) -> None:
    assert ask(shop, "/Products?$schemaversion=1.0&$top=1").status == 200
    assert ask(shop, "/$metadata?$schemaversion=*").status == 200
    assert ask(shop, "/Products?$schemaversion=9").status == 404


@pytest.mark.parametrize(
    ("body", "type_", "status"),
    [
        (b"x", "text/plain", 415),
        (b"x", "multipart/mixed;boundary=b1", 400),
        (b"x", "multipart/mixed", 400),
        (b"{}", "application/json", 400),
        (b'{"requests":[1]}', "application/json", 400),
        (
            b'{"requests":[{"id":"1","method":"GET","url":"P"},{"id":"1","method":"GET","url":"P"}]}',
            "application/json",
            400,
        ),
        (
            b"--b\r\nContent-Type: multipart/mixed;boundary=c\r\n\r\n--c\r\n\r\nx\r\n--c--\r\n--b--",
            "multipart/mixed;boundary=b",
            501,
        ),
        (b"--b\r\nContent-Type: application/http\r\n\r\nGET\r\n--b--", "multipart/mixed;boundary=b", 400),
        (
            b'{"requests":[' + b",".join([b'{"id":"1","method":"GET","url":"P"}'] * 101) + b"]}",
            "application/json",
            400,
        ),
    ],
)
def test_a_batch_that_cannot_be_read_is_refused(
    shop: Connection, body: bytes, type_: str, status: int
) -> None:
    assert batched(shop, body, type_).status == status


WORDS: Final = st.sampled_from(
    [
        "Products",
        "(1)",
        "/",
        "Category",
        "Tags",
        "$count",
        "$value",
        "?",
        "$filter=",
        "ID eq 1",
        "&",
        "$select=",
        "Name",
        "$expand=",
        "$orderby=",
        "$top=1",
        "$skip=2",
        " desc",
        "null",
        "(",
        ")",
        "'x'",
        "$search=",
        "$apply=",
        "any(t:t)",
        "%",
    ]
)


@settings(max_examples=150)
@given(url=st.lists(WORDS, max_size=10).map("".join))
def test_whatever_is_asked_is_answered_or_refused(shop: Connection, url: str) -> None:
    answer = ask(shop, "/" + url)
    assert answer.status in (200, 204, 400, 404, 405, 406, 501), answer.body
