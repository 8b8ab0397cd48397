"""No number, however long or small, breaks an answer or is altered on its way in."""

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, text

from model.collection.numbers import loads_exactly
from sync.json import dumps
from tests.support.api_client import client
from tests.support.cycles import REPORT, office
from tests.support.store import ask
from tests.support.submissions import open_submission, speaking_for

HUGE = [
    "1e21",
    "1e300",
    "-1e25",
    "18446744073709551616",
    "-9223372036854775809",
    "9" * 300,
    "5e-324",
    "1e-30",
]
NUMBERS = st.one_of(
    st.integers(-(10**60), 10**60).map(str),
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
    st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**25), max_value=10**25).map(str),
)


def send(asking: Any, id_: int, field: str, number: str) -> Any:
    body = json.dumps({"answers": [{"field": field, "value": "?", "because": "As agreed"}]})
    return asking.patch(
        f"/api/v1/submissions/{id_}/answers?draft=true",
        content=body.replace('"?"', number),
        headers={"If-Match": "*", "Content-Type": "application/json"},
    )


def value_in(body: str, field: str) -> Any:
    [record] = json.loads(body, parse_float=Decimal)["records"]
    return next(each["value"] for each in record["fields"] if each["field"] == field)


@pytest.mark.parametrize("field", ["budget", "achievements", "rag_cost"])
def test_a_number_of_any_size_reads_back_as_it_was_sent(engine: Engine, field: str) -> None:
    at = open_submission(engine)
    asking = speaking_for(engine)
    for number in HUGE:
        assert send(asking, at.id, field, number).status_code == 200
        read = asking.get(f"/api/v1/submissions/{at.id}")
        assert (read.status_code, Decimal(value_in(read.text, field))) == (200, Decimal(number))
        assert asking.get(f"/submissions/{at.id}").status_code == 200


def test_a_conflict_over_a_huge_number_shows_it(engine: Engine) -> None:
    at = open_submission(engine)
    asking = speaking_for(engine)
    before = asking.get(f"/api/v1/submissions/{at.id}").headers["etag"]
    send(asking, at.id, "budget", "1e21")
    refused = asking.patch(
        f"/api/v1/submissions/{at.id}/answers", headers={"If-Match": before},
        json={"answers": [{"field": "budget", "value": 5, "because": "Cut"}]},
    )  # fmt: skip
    assert (refused.status_code, refused.json()["errors"][0]["value"]) == (412, 10**21)


def test_an_amount_keeps_every_digit_and_another_number_says_that_it_has_too_many(engine: Engine) -> None:
    at = open_submission(engine)
    asking = speaking_for(engine)
    long = "12345678901234567.89"
    assert send(asking, at.id, "budget", long).status_code == 200
    assert value_in(asking.get(f"/api/v1/submissions/{at.id}").text, "budget") == long

    refused = send(asking, at.id, "rag_cost", long)
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["says"].startswith("has more digits than can be kept")
    assert [row["field"] for row in ask(engine, "SELECT field FROM answer")] == ["budget"]


UNKEPT = ["9" * 5000, "1e400", "1e-5000", "1e999999999", "NaN", "-Infinity", '"1e-999999999"']


@pytest.mark.parametrize("number", UNKEPT)
def test_a_number_that_nobody_can_keep_is_refused_in_words(engine: Engine, number: str) -> None:
    at = open_submission(engine)
    refused = send(speaking_for(engine), at.id, "budget", number)
    assert (refused.status_code, refused.json()["detail"][:19]) == (422, "Nothing was stored:")
    assert ask(engine, "SELECT count(*) AS n FROM answer") == [{"n": 0}]


def test_what_was_sent_reads_back_or_is_refused(engine: Engine) -> None:
    at = open_submission(engine)
    asking = speaking_for(engine)

    @settings(max_examples=30, deadline=None)
    @given(number=NUMBERS)
    def sent_and_read(number: str) -> None:
        sent = send(asking, at.id, "budget", number)
        read = asking.get(f"/api/v1/submissions/{at.id}")
        assert (sent.status_code in (200, 422), read.status_code) == (True, 200)
        if sent.status_code == 200:
            assert Decimal(value_in(read.text, "budget")) == Decimal(number)

    sent_and_read()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(number=NUMBERS.map(loads_exactly))
def test_the_store_writes_every_number_as_json(engine: Engine, number: Any) -> None:
    with engine.connect() as connection:
        stored = connection.scalar(text("SELECT CAST(:value AS jsonb)"), {"value": dumps({"a": [number]})})
    assert Decimal(str(stored["a"][0])) == Decimal(str(number))


def test_a_body_that_is_no_json_is_told_what_and_where(engine: Engine) -> None:
    at = open_submission(engine)
    refused = speaking_for(engine).patch(
        f"/api/v1/submissions/{at.id}/answers", content="{",
        headers={"If-Match": "*", "Content-Type": "application/json"},
    )  # fmt: skip
    assert refused.status_code == 422
    assert refused.json()["detail"] == (
        "The body is no JSON: Expecting property name enclosed in double quotes, at character 2"
    )


def test_huge_numbers_are_published_and_read_digit_by_digit(engine: Engine) -> None:
    apollo = office(engine)
    apollo.project("APOLLO")
    apollo.open()
    apollo.answer(
        REPORT | {"variance_narrative": "The vendor asks for more than anybody has, and we ask why."}
    )
    apollo.answer({"forecast_cost": 1e21, "budget": Decimal("12345678901234567890.12")}, because="As agreed")
    blocked = {one.field for _, one in apollo.case().judge().blocking()}
    assert not blocked, blocked
    head = apollo.through("submit", "review", "approve", "publish")
    asking = client(engine)
    body = asking.get(f"/api/v1/submissions/{head.id}/publication")
    assert body.status_code == 200
    assert '"value":1000000000000000000000' in body.text
    assert '"value":"12345678901234567890.12"' in body.text
    assert asking.get("/api/v1/projects/APOLLO").status_code == 200
