"""What was said about work items: only where asked for, and then all of it."""

from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from connectors.azure_devops.api import Api, content
from connectors.azure_devops.connector import AzureDevOps
from connectors.azure_devops.transforms import comments
from connectors.errors import MisconfiguredSource
from connectors.http import Http
from sandbox.options import App
from tests.support.ado_reading import Stored, connector
from tests.support.ado_sandbox import client, edit, fresh
from tests.support.asgi import InProcess

BACKSLASH = "\\"
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def app() -> App:
    return fresh(issues=60)


def opened(app: App, **options: Any) -> AzureDevOps:
    return connector("http://ado.test/contoso", transport=InProcess(app), **options)


def words(stored: Stored, id_: str) -> list[str]:
    return [row[5] for row in stored.rows[id_]["comments"]]


def test_they_are_read_where_asked_for_with_those_said_later_and_for_nothing_where_nobody_spoke(
    app: App,
) -> None:
    some, other, silent = sorted(Stored().pull(opened(app)).rows, key=int)[:3]
    for text in ("<div>Is this <b>ready</b> &amp; tested?</div>", "<div>Yes</div>"):
        edit(app, id=int(some), comment=text)
    bare = Stored().pull(opened(app))
    source = opened(app, read=["comments"])
    before = source.traffic.requests
    stored = Stored().pull(source)
    asked = [part.request for page in stored.pages for part in page.parts if "/comments?" in part.request]

    assert {tuple(row["comments"]) for row in bare.rows.values()} == {()}
    assert words(stored, some) == ["Is this ready & tested?", "Yes"]
    assert all(row[1] and row[2] and row[3].tzinfo for row in stored.rows[some]["comments"])
    assert words(stored, silent) == []
    counted = {id_ for id_, row in stored.rows.items() if row["comments"]}
    assert len(asked) == len(counted) < source.traffic.requests - before

    edit(app, id=int(some), comment="<div>Shipped</div>")
    edit(app, id=int(other), comment="<div>Me too</div>")
    stored.pull(opened(app, read=["comments"]))
    assert words(stored, some) == ["Is this ready & tested?", "Yes", "Shipped"]
    assert words(stored, other) == ["Me too"]


@pytest.mark.slow
def test_the_sandbox_and_the_store_tell_the_same_of_a_whole_story() -> None:
    app = fresh()
    stored = Stored().pull(opened(app, read=["comments"]))
    calling = client(app)
    spoken = {id_: row for id_, row in stored.rows.items() if row["comments"]}
    for id_, row in list(spoken.items())[:10]:
        found = calling.get(
            f"/{row['area'].partition(BACKSLASH)[0]}/_apis/wit/workItems/{id_}/comments",
            params={"api-version": "7.1-preview.4"},
        ).json()
        assert [str(one["id"]) for one in reversed(found["comments"])] == [
            said[0] for said in row["comments"]
        ]

    assert len(spoken) > 10


def api(pages: list[dict[str, Any]]) -> Api:
    """An organisation whose discussions are these pages, by their tokens."""

    def answer(request: httpx.Request) -> httpx.Response:
        if "preview" not in request.url.params["api-version"]:
            return httpx.Response(400, json={"message": "The -preview flag must be supplied", "typeKey": "x"})
        return httpx.Response(200, json=pages[int(request.url.params.get("continuationToken", "0"))])

    http = Http(
        "ado", base_url="https://ado.example/c", auth=("", "x"), transport=httpx.MockTransport(answer)
    )
    return Api(http, version="7.1", connections=2)


def test_a_long_discussion_is_read_by_its_own_tokens_and_one_without_an_end_is_an_error() -> None:
    pages = [{"comments": [{"id": 1}], "continuationToken": "1"}, {"comments": [{"id": 2}]}]
    found, broken = api(pages).comments({7: "Apollo"})
    assert [one["id"] for answer in found[7] for one in content(answer)["comments"]] == [1, 2]
    assert broken == {}

    with pytest.raises(MisconfiguredSource, match="again and again"):
        api([{"comments": [], "continuationToken": "0"}]).comments({7: "Apollo"})


def test_of_a_discussion_the_words_are_kept_as_a_reader_sees_them_and_what_was_taken_back_is_not() -> None:
    who = {"displayName": "Ann", "id": "a-1"}
    said = [
        {
            "id": 5, "text": "**Done** <b>x</b>", "format": "markdown", "createdBy": who,
            "createdDate": "2026-03-02T12:00:00Z",
        },
        {"id": 6, "text": "gone", "isDeleted": True},
        {"revision": 3, "text": "<p>Old</p>", "revisedBy": who, "revisedDate": "2026-03-02T12:00:00.0000000Z"},
    ]  # fmt: skip

    assert comments(said) == [
        ("5", "Ann", "a-1", NOON, None, "Done x"),
        ("revision 3", "Ann", "a-1", NOON, None, "Old"),
    ]
