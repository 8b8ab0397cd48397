"""A record handed in by a program and by a file: what is wrong with it is said alike, and nothing is read twice."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from model.collection.numbers import GivenTwice, loads_exactly, loads_strictly
from tests.support.api_client import client
from tests.support.command_line import CommandLine
from tests.support.submissions import open_submission, speaking_for

JSON = {"Content-Type": "application/json"}
DEEP = b'{"record": {"title": ' + b"[" * 100_000 + b"]" * 100_000 + b"}}"
REFUSED = [
    (b'{"record": {}, "age_days": {}}', "holds 'age_days' beside record, ages_days, context: nothing reads that"),
    (b'{"record": []}', "record must be an object"),
    (b'{"ages_days": {}}', "record must be given"),
    (b"[]", "must be an object"),
    (b'{"record": {}, "ages_days": {"title": NaN}}', "ages_days.title must be a finite number"),
    (b'{"record": {}, "context": {"computed": {"overall": "PURPLE"}}}', "computed.overall must be one of GREEN"),
    (b'{"record": {}, "context": {"computed": {"money": "RED"}}}', "must be one of schedule, cost"),
    (b'{"record": {}, "context": {"period": "June"}}', "context.period must be a period like 2025-06, not 'June'"),
    (b'{"record": {"title": "a", "title": "b"}}', "gives 'title' twice"),
    (b'{"record": {"months": {"2025-06": 1, "2025-06": 2}}}', "gives '2025-06' twice"),
    (DEEP, "it is nested too deeply"),
]  # fmt: skip
JUDGED = [
    b'{"record": {"probability": NaN}}',
    b'{"record": {"probability": 1e999, "impact": -Infinity}}',
    b'\xef\xbb\xbf{"record": {"kind": "risk"}}',
    b'{"record": {"title": "half \\ud800", "\\udc00": 1}}',
    b'{"record": {"probability": 12345678901234567.89}}',
    b'{"record": {"titel": "x"}, "ages_days": {"reviewd_on": 3}}',
]


def test_what_one_door_refuses_or_judges_the_other_does_alike(
    engine: Engine, database_url: str, tmp_path: Path
) -> None:
    asking, muster = client(engine), CommandLine(database_url, tmp_path, {})
    file = tmp_path / "record.json"
    for body, says in REFUSED:
        file.write_bytes(body)
        answer = asking.post("/api/v1/templates/raid-log/check", content=body, headers=JSON)
        told = muster("template", "check", "raid-log", str(file))
        assert (answer.status_code, answer.json()["type"]) == (422, "urn:muster:problem:invalid-parameter")
        assert says in answer.json()["detail"], answer.text
        assert (told.code, says in told.err) == (2, True), told.err
    for body in JUDGED:
        file.write_bytes(body)
        sent = asking.post("/api/v1/templates/raid-log/check", content=body, headers=JSON).json()
        printed = json.loads(muster("template", "check", "raid-log", str(file)).out)
        assert printed["findings"] == sent["findings"]
        assert (printed["score"], printed.get("not_asked")) == (sent["score"], sent.get("not_asked"))
    assert printed["not_asked"] == ["titel", "ages_days.reviewd_on"]


TWICE = [
    ("PATCH", "submissions/{id}/answers", b'{"answers": [{"field": "tier", "field": "stage"}]}'),
    ("POST", "submissions/{id}/comments", b'{"says": "a", "says": "b"}'),
    ("POST", "templates/raid-log/check", b'{"record": {"says": 1, "says": 1}}'),
    ("POST", "findings/1/accept", b'{"because": "a", "because": "b"}'),
    ("POST", "sources/files/questions/1/accept", b'{"by": "a", "by": "b"}'),
    ("POST", "conflicts/1/settle", b'{"because": "a", "because": "b"}'),
]


def test_a_body_that_gives_a_key_twice_is_refused_with_the_key(engine: Engine) -> None:
    at, asking = open_submission(engine), speaking_for(engine)
    for method, path, body in TWICE:
        to = f"/api/v1/{path.format(id=at.id)}"
        answer = asking.request(method, to, content=body, headers={**JSON, "If-Match": "*"})
        assert answer.status_code == 422, answer.text
        assert "The body gives '" in answer.json()["detail"], answer.text


@pytest.mark.parametrize("read", [loads_exactly, loads_strictly])
def test_a_key_given_twice_is_named_however_deep_it_stands(read: Callable[[str], Any]) -> None:
    with pytest.raises(GivenTwice, match="gives 'b' twice"):
        read('{"a": [{"b": 1, "c": 2, "b": 3}]}')
    assert read('{"a": {"b": 1}, "c": {"b": 1}}') == {"a": {"b": 1}, "c": {"b": 1}}
