import pytest
from sqlalchemy import Engine

from config.document import Document
from connectors.errors import MisconfiguredSource
from sync.apply import plan
from tests.support.fake_source import FakeTracker, configure, issue, run_once


def document(kind: str, url: str) -> Document:
    source = {"name": "fake", "kind": kind, "base_url": url, "projects": ["*"]}
    return Document.model_validate(
        {"apiVersion": "muster/v1", "portfolio": {"key": "main", "name": "Main"}, "sources": [source]}
    )


def planned(engine: Engine, kind: str, url: str) -> str:
    with engine.connect() as connection:
        changes = plan(connection, document(kind, url), check=lambda _: None)
    return "\n".join(line for change in changes for line in change.details)


def test_a_plan_says_what_it_means_to_read_a_source_at_another_address(engine: Engine) -> None:
    configure(engine)
    assert "taken for the same site's" not in planned(engine, "fake", "https://other.example")
    run_once(engine, FakeTracker({"*": [issue(1)]}))

    says = planned(engine, "fake", "https://other.example")

    assert "what was read at fake.example is taken for the same site's at other.example" in says
    assert "taken for" not in planned(engine, "fake", "https://fake.example")


def test_a_source_with_records_cannot_become_one_of_another_kind(engine: Engine) -> None:
    configure(engine)
    run_once(engine, FakeTracker({"*": [issue(1)]}))

    with pytest.raises(MisconfiguredSource, match="fake: kind: fake records are stored under this name"):
        planned(engine, "jira", "https://fake.example")
