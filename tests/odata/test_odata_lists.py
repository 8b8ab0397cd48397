"""`in` with null among the values: the same rows, however the list is given."""

from datetime import UTC, datetime
from typing import Final

import orjson
import pytest
from sqlalchemy import Connection, text

from api.odata.exchange import Request
from api.odata.query.rows import Limits
from api.odata.service import Service
from tests.support.odata_shop import MODEL

SERVICE: Final = Service(MODEL, Limits(page=100))


@pytest.mark.parametrize(
    "given",
    ["Rating in (1,null)", "Rating in [1,null]", "Rating in @p&@p=[1,null]", "Rating in @p&@p=[null,1,1]"],
)
@pytest.mark.parametrize("negated", [False, True])
def test_null_is_found_in_a_list_that_holds_it(shop: Connection, given: str, *, negated: bool) -> None:
    condition, _, alias = given.partition("&")
    filter_ = f"not ({condition})" if negated else condition
    query = f"$filter={filter_}&$select=ID&{alias}"
    request = Request("GET", "/Products", query, {}, "https://hub.example/odata/v1/")
    answer = SERVICE.answer(request, shop, caller=None, now=datetime(2026, 11, 22, tzinfo=UTC))
    assert answer.status == 200, answer.body
    found = [row["ID"] for row in orjson.loads(answer.body)["value"]]
    by_hand = "select id from product where coalesce(rating = 1, true) = :held order by id"
    assert found == list(shop.scalars(text(by_hand), {"held": not negated}))
