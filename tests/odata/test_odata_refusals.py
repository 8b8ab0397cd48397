"""What PostgreSQL or its driver does not do: a refusal of that one request, with nothing of SQL in it."""

from datetime import UTC, datetime
from typing import Any, Final

import orjson
import psycopg
import pytest
from sqlalchemy import Connection, func
from sqlalchemy.exc import DBAPIError, OperationalError, ProgrammingError

from api.odata.edm import EntitySet, EntityType, Function, Model, Property
from api.odata.exchange import Answer, Request
from api.odata.query.rows import Limits
from api.odata.refusals import refusal
from api.odata.service import Service
from tests.support.odata_shop import MODEL, PRODUCT

SERVICE: Final = Service(MODEL, Limits(page=5))
# A model with what the database does not know: a function nobody made, and one that fails in Python.
_TYPE: Final = EntityType("Product", (Property("ID", "Edm.Int32", "id", nullable=False),), ("ID",))
BROKEN: Final = Service(
    Model(
        "Broken",
        (EntitySet("Products", _TYPE, PRODUCT),),
        functions=(
            Function("Nobody", "Edm.Int32", lambda _me, _it, _given: func.nobody_made_this(1)),
            Function("Fails", "Edm.Int32", lambda _me, _it, given: given["Missing"]),
        ),
    )
)
OF_SQL: Final = ("select ", "from product", "order by", "psycopg", "line 1", "nobody_made", "alloc")


def ask(shop: Connection, url: str, service: Service = SERVICE, body: bytes = b"") -> Answer:
    path, _, query = url.partition("?")
    headers = {"content-type": ["application/json"], "prefer": ["continue-on-error"]}
    request = Request("POST" if body else "GET", path, query, headers, "https://hub.example/odata/v1/", body)
    return service.answer(request, shop, caller=None, now=datetime(2026, 11, 22, tzinfo=UTC))


def batched(shop: Connection, urls: list[str], service: Service = SERVICE) -> list[Any]:
    requests = [{"id": str(at), "method": "GET", "url": url} for at, url in enumerate(urls)]
    shop.exec_driver_sql("BEGIN")
    try:
        answer = ask(shop, "/$batch", service, orjson.dumps({"requests": requests}))
    finally:
        shop.exec_driver_sql("ROLLBACK")
    assert answer.status == 200
    found: list[Any] = orjson.loads(answer.body)["responses"]
    return found


def message(answer: Answer) -> str:
    says: str = orjson.loads(answer.body)["error"]["message"]
    assert not any(word in says.replace("$select", "").lower() for word in OF_SQL)
    return says


@pytest.mark.parametrize(
    "query",
    [
        "$orderby=null gt 1",
        "$orderby=null eq null desc",
        "$orderby=null in (null)",
        "$orderby=Rating in (null) and null gt 1",
        "$orderby=isdefined(Address/City)",
        "$orderby=not (null gt 1)",
        "$compute=null gt 1 as N&$orderby=N",
        "$apply=orderby(null gt 1)/top(5)",
        "$apply=filter(ID lt 6)&$orderby=null gt 1",
    ],
)
def test_rows_are_sorted_by_what_is_the_same_for_all_of_them(shop: Connection, query: str) -> None:
    answer = ask(shop, f"/Products?{query}&$select=ID&$top=5")
    assert answer.status == 200, answer.body
    assert [row["ID"] for row in orjson.loads(answer.body)["value"]] in (
        [1, 2, 3, 4, 5],
        [60, 59, 58, 57, 56],
    )


@pytest.mark.parametrize(("key", "value"), [("null gt 1", False), ("null", None), ("1", 1)])
def test_rows_are_grouped_by_what_is_the_same_for_all_of_them(
    shop: Connection, key: str, value: object
) -> None:
    answer = ask(shop, f"/Products?$apply=compute({key} as N)/groupby((N),aggregate($count as C))")
    assert answer.status == 200, answer.body
    assert orjson.loads(answer.body)["value"] == [{"N": value, "C": 60}]


@pytest.mark.parametrize("operator", ["add", "sub"])
@pytest.mark.parametrize("column", ["Changed", "Released"])
@pytest.mark.parametrize(
    "query",
    ["$compute={0} as X&$select=X&$top=1", "$orderby={0} desc&$select=ID&$top=1", "$apply=compute({0} as X)"],
)
def test_an_instant_beyond_the_years_is_refused(
    shop: Connection, query: str, column: str, operator: str
) -> None:
    reckoned = f"{column} {operator} duration'P9999999D'"
    answer = ask(shop, f"/Products?{query.format(reckoned)}")
    assert answer.status == 400, answer.body
    assert "1 to 9999" in message(answer) or "too large" in message(answer)


@pytest.mark.parametrize(
    "pattern", ["(x{1,200}){1,200}", "((x{1,255}){1,255}){1,255}", "(", "x{300}", "(?<=a", "\\"]
)
def test_a_pattern_that_is_none_or_grows_too_far_is_refused(shop: Connection, pattern: str) -> None:
    answer = ask(shop, f"/Products?$filter=matchesPattern(Name,'{pattern}')")
    assert answer.status == 400, answer.body
    assert "pattern" in message(answer)


def test_what_the_database_refuses_in_one_part_of_a_batch_leaves_the_others_alone(shop: Connection) -> None:
    found = batched(
        shop,
        [
            "Products(1)/ID/$value",
            "Products?$filter=matchesPattern(Name,'(x{1,200}){1,200}')",
            "Products?$compute=Changed add duration'P9999999D' as X&$select=X",
            "Products/$count",
        ],
    )
    assert [each["status"] for each in found] == [200, 400, 400, 200]


def test_a_fault_of_ours_in_one_part_of_a_batch_is_logged_and_leaves_the_others_alone(
    shop: Connection, caplog: pytest.LogCaptureFixture
) -> None:
    found = batched(shop, ["Products/$count", "Nobody()", "Fails()", "Products/$count"], BROKEN)
    assert [each["status"] for each in found] == [200, 501, 500, 200]
    assert found[2]["body"]["error"]["message"] == "this failed here; the log of the hub says why"
    assert "KeyError" in caplog.text
    assert "nobody_made_this" in caplog.text


def test_a_question_that_the_database_does_not_understand_is_not_implemented(
    shop: Connection, caplog: pytest.LogCaptureFixture
) -> None:
    answer = ask(shop, "/Nobody()", BROKEN)
    assert answer.status == 501
    assert "put it another way" in message(answer)
    assert "nobody_made_this" in caplog.text


def _failure(kind: type[DBAPIError], driver: Exception, *, lost: bool = False) -> DBAPIError:
    return kind("SELECT 1", {}, driver, connection_invalidated=lost)


@pytest.mark.parametrize(
    "error",
    [
        _failure(OperationalError, psycopg.OperationalError("server closed the connection"), lost=True),
        _failure(OperationalError, psycopg.errors.AdminShutdown("stopped")),
        _failure(OperationalError, psycopg.errors.TooManyConnections("too many")),
        _failure(OperationalError, psycopg.errors.OutOfMemory("out of memory")),
        _failure(ProgrammingError, psycopg.errors.InsufficientPrivilege("permission denied")),
        _failure(ProgrammingError, psycopg.errors.UndefinedTable('relation "x" does not exist')),
        _failure(ProgrammingError, psycopg.errors.UndefinedColumn("column x does not exist")),
    ],
    ids=lambda error: type(error.orig).__name__,
)
def test_what_is_wrong_with_the_database_is_no_refusal(error: DBAPIError) -> None:
    assert refusal(error) is None


def test_a_table_that_cannot_be_named_in_a_place_is_a_gap_and_no_missing_table() -> None:
    error = psycopg.errors.UndefinedTable('missing FROM-clause entry for table "x"')
    found = refusal(_failure(ProgrammingError, error))
    assert found is not None
    assert found.status == 501
