"""What is answered by a statement kept from a request before is what a new one gives, byte by byte."""

import random
import re
from datetime import UTC, datetime
from typing import Final
from urllib.parse import quote, unquote

import orjson
import pytest
from sqlalchemy import Connection

from api.odata.exchange import Answer, Request
from api.odata.query.rows import Limits
from api.odata.ready import _VALUE as VALUE
from api.odata.ready import Shapes, Taken, taken
from api.odata.service import Service
from tests.odata.test_odata_apply import TABLE as APPLIED
from tests.odata.test_odata_filters import TABLE as FILTERS
from tests.support.odata_shop import MODEL

NOW: Final = datetime(2026, 11, 22, tzinfo=UTC)
ROOT: Final = "https://hub.example/odata/v1/"
ASKED: Final = [
    *(f"Products?$filter={quote(filter_)}" for filter_, _ in FILTERS),
    *(f"Products/$count?$filter={quote(filter_)}" for filter_, _ in FILTERS[::5]),
    *(f"Products?$apply={quote(apply)}" for apply, _ in APPLIED),
]
_OTHERS: Final = {
    "text": ("''", "'Milk'", "'a%_b'", "'it''s'", "'Ö \\ \"'", "'100'", "'Red'", "'P1D'"),
    "guid": ("00000000-0000-0000-0000-000000000001", "ffffffff-ffff-ffff-ffff-ffffffffffff"),
    "instant": ("2026-11-22T00:00:00Z", "1970-01-01T00:00:00.000001Z", "2026-01-31T23:59Z"),
    "day": ("2026-02-28", "0001-01-01", "2026-02-30"),
    "decimal": ("0.0", "2.50", "123456789.123456789"),
    "whole": ("0", "1", "2", "3", "999999999999999"),
}


def ask(service: Service, shop: Connection, url: str, **headers: str) -> Answer:
    path, _, query = url.removeprefix(ROOT).partition("?")
    request = Request("GET", path, query, {name: [value] for name, value in headers.items()}, ROOT)
    return service.answer(request, shop, caller=None, now=NOW)


def anew(url: str, seed: int) -> str:
    """Return the same request with other values."""
    choose = random.Random(seed)  # noqa: S311 - no secret
    path, _, option = url.partition("=")
    other = VALUE.sub(lambda found: choose.choice(_OTHERS[str(found.lastgroup)]), unquote(option))
    return f"{path}={quote(other)}"


def same(service: Service, shop: Connection, url: str, **headers: str) -> Answer:
    """Hold an answer of one who has answered before against that of one who has not."""
    kept, new = ask(service, shop, url, **headers), ask(Service(MODEL), shop, url, **headers)
    assert (kept.status, kept.body, kept.headers) == (new.status, new.body, new.headers), unquote(url)
    return kept


def held(shop: Connection, urls: list[str]) -> int:
    """Ask for everything several times, with other values too; returns for how many a statement was kept."""
    service, number = Service(MODEL), 0
    for url in urls:
        for seed in range(2):
            same(service, shop, url if seed else anew(url, seed))
        for seed in range(2, 5):
            same(service, shop, anew(url, seed))
        path, _, query = url.partition("?")
        shape = taken(MODEL, Request("GET", path, query, {}, ROOT), None)
        number += shape is not None and service.shapes.ready(shape) is not None
    return number


def test_a_shape_that_is_known_gives_what_is_read_anew(shop: Connection) -> None:
    some = random.Random(8).sample(ASKED, 40)  # noqa: S311 - no secret
    assert held(shop, some) > 20


@pytest.mark.slow
def test_every_shape_of_the_truth_tables_gives_what_is_read_anew(shop: Connection) -> None:
    assert held(shop, ASKED) > len(ASKED) / 2


@pytest.mark.parametrize(
    ("query", "kept"),
    [("$filter=Price gt 3 and Name ne 'x'&$orderby=Changed desc&$top=2&$select=ID,Name", True),
     ("$filter=Released ge 2026-01-01 or Changed lt 2026-01-01T00:00:00Z or Rating in (1,2)", True),
     ("$apply=filter(Price gt 1.5)/groupby((Rating),aggregate($count as N))", True),
     ("$filter=Colour eq 'Red'", False), ("$filter=Lasts eq 'PT1H'", False),
     ("$filter=cast(Price,'Edm.String') eq '1'", False), ("$apply=top(3)", False),
     ("$filter=Changed lt now()", False), ("$filter=Price gt @p&@p=1", False),
     ("$filter=Price gt 1&$count=true", False),
     ("$filter=Price gt 1&$expand=Category($select=Name)", True),
     ("$filter=ID lt 9&$expand=Tags($filter=ID gt 1;$top=2),Category&$top=2", True),
     ("$filter=Price gt 1&$expand=Tags($filter=now() gt null)", False), ("$filter=Price gt 1&$search=milk", False)],
)  # fmt: skip
def test_only_what_values_alone_tell_apart_is_kept(shop: Connection, query: str, *, kept: bool) -> None:
    service, request = Service(MODEL), Request("GET", "Products", query, {}, ROOT)
    for _ in range(3):
        same(service, shop, f"Products?{query}")
    shape = taken(MODEL, request, None)
    assert (shape is not None and service.shapes.ready(shape) is not None) is kept


@pytest.mark.parametrize(
    ("url", "headers"),
    [("Products?$orderby=Rating desc", {}), ("Products?$orderby=Price,Name&$select=ID", {}),
     ("Things?$select=ID,Double,Amount,Data,At", {"accept": "application/json;IEEE754Compatible=true"}),
     ("Products?$expand=Tags($orderby=ID desc),Category($expand=Parent)&$select=ID", {}),
     ("Things", {"accept": "application/json;odata.metadata=full"}), ("Things", {"prefer": "omit-values=nulls"})],
)  # fmt: skip
def test_pages_that_are_known_follow_each_other_as_new_ones_do(
    shop: Connection, url: str, headers: dict[str, str]
) -> None:
    preferred = ",".join(filter(None, ["odata.maxpagesize=2", headers.get("prefer")]))
    service, all_ = Service(MODEL), headers | {"prefer": preferred}
    for _ in range(3):
        link, pages, keys = url, 0, []
        while link:
            document = orjson.loads(same(service, shop, link, **all_).body)
            keys += [row["ID"] for row in document["value"]]
            link, pages = document.get("@odata.nextLink", ""), pages + 1
        assert pages > 1
        assert len(set(keys)) == len(keys)
    assert service.shapes._known


def test_a_place_of_another_query_is_refused_by_what_is_known_too(shop: Connection) -> None:
    service = Service(MODEL, Limits(page=2))
    filter_ = "Products?$filter=ID gt {}"
    for number in range(3):
        link = orjson.loads(ask(service, shop, filter_.format(number)).body)["@odata.nextLink"]
        assert ask(service, shop, link).status == 200
    other = re.sub("gt%20.|gt .", "gt 1", link)
    assert other != link
    assert ask(service, shop, other).status == 400


def test_what_one_may_see_is_kept_for_each_by_themselves(shop: Connection) -> None:
    service = Service(MODEL)
    request = Request("GET", "Products", "$filter=ID gt 0", {}, ROOT)
    shapes = {
        repr(shape.shape) for caller in (None, frozenset({1}), frozenset({2}))
        if (shape := taken(MODEL, request, caller)) is not None
    }  # fmt: skip
    assert len(shapes) == 3
    assert taken(MODEL, request, {"no": "hash"}) is None
    assert service.answer(request, shop, caller=None, now=NOW).status == 200


def test_no_more_shapes_are_kept_than_fit(shop: Connection) -> None:
    shapes, request = Shapes(), Request("GET", "Tags", "", {}, ROOT)
    for number in range(700):
        for _ in range(2):
            shapes.note(Taken((number,)), [], request, shop)
    assert len(shapes._known) == 256
