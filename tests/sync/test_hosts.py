"""Which sources take turns: those that call the same host, however its address is written."""

from typing import Any

import pytest
from sqlalchemy import Engine, text

from config.document import Document
from sync.apply import apply
from sync.registry import utc_now

GRAPH = {"type": "entra", "tenant": "t", "client_id": "c", "client_secret": "env:S"}
BOOKS = [{"path": "/a.xlsx", "holds": "projects"}]


def jira(name: str, address: str) -> dict[str, Any]:
    return {"name": name, "kind": "jira", "base_url": address, "auth": {"type": "pat", "token": "env:T"}}


def files(name: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "kind": "excel", "workbooks": BOOKS, **more}


@pytest.mark.parametrize(
    ("sources", "host"),
    [
        (
            [jira("a", "https://Jira.Example.com/x"), jira("b", "https://jira.example.com:443")],
            "jira.example.com",
        ),
        ([jira("a", "http://localhost:8080/jira")], "localhost:8080"),
        (
            [files("a", auth=GRAPH, site="x:/sites/1"), files("b", auth=GRAPH, site="x:/sites/2")],
            "graph.microsoft.com",
        ),
        ([files("a", auth={**GRAPH, "cloud": "us_gov"}, site="x:/sites/1")], "graph.microsoft.us"),
        ([files("a", folder="./registers")], "local:./registers"),
    ],
)
def test_sources_of_one_host_share_its_lock(engine: Engine, sources: list[dict[str, Any]], host: str) -> None:
    document = {
        "apiVersion": "muster/v1",
        "portfolio": {"key": "main", "name": "Main"},
        "sources": sources,
    }

    apply(engine, Document.model_validate(document), now=utc_now())

    with engine.connect() as connection:
        assert set(connection.scalars(text("SELECT host FROM source"))) == {host}


def test_a_proxy_given_by_reference_is_followed_only_where_sources_are_opened(engine: Engine) -> None:
    document = {
        "apiVersion": "muster/v1",
        "portfolio": {"key": "main", "name": "Main"},
        "sources": [{**jira("a", "https://jira.example.com"), "proxy": "env:NOT_SET_HERE"}],
    }

    apply(engine, Document.model_validate(document), now=utc_now())

    with engine.connect() as connection:
        assert connection.scalar(text("SELECT config ->> 'proxy' FROM source")) == "env:NOT_SET_HERE"
