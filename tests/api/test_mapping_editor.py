"""The page of how a source is read: settings as text, tried on what is stored, saved by somebody."""

from collections.abc import Iterator

import pytest
import yaml
from sqlalchemy import Engine
from starlette.testclient import TestClient

from api.pages.mapping_editor import _with_value
from config import shipped
from config.database import open_engine
from sync.mapping import parse_mapping
from tests.support.api_client import client
from tests.support.databases import cloned
from tests.support.html_forms import inputs
from tests.support.rows import Rows

HTML = {"Accept": "text/html"}
BLOCK = {"kind": "jira", "base_url": "https://jira.example", "auth": {"type": "pat", "token": "env:NONE"}}
PAGE = "/sources/tracker/mapping"


@pytest.fixture(scope="module")
def engine(template_url: str) -> Iterator[Engine]:
    with cloned(template_url) as url:
        engine = open_engine(url)
        rows = Rows(engine)
        rows.source("tracker", "jira", config=BLOCK)
        rows.source("pmo-files", "excel")
        yield engine
        engine.dispose()


@pytest.fixture(scope="module")
def officer(engine: Engine) -> TestClient:
    return client(engine, name="olu", scopes=("admin",), speaks_for=("Olu Adeyemi", ["project_officer"]))


def test_the_settings_that_count_are_shown_to_be_changed(officer: TestClient) -> None:
    shown = officer.get(PAGE, headers=HTML)
    assert shown.status_code == 200, shown.text
    assert yaml.safe_load(inputs(shown.text, "editor")["text"]) == {"mapping": {}}
    assert officer.get("/sources/nobody/mapping", headers=HTML).status_code == 404


@pytest.mark.parametrize(
    ("written", "says"),
    [
        ("mapping: " + "[" * 3000, "nested too deeply"), ("mapping: {", "this is not YAML"),
        ("schedule: daily", "not of how records are read"),
        ("mapping: {issues: {points: {transform: magic}}}", "magic"), ("source: other", "it is for other"),
        ("mapping: {}", "has no stored pages yet"),
    ],
)  # fmt: skip
def test_what_is_tried_or_cannot_be_is_said_and_stays_in_the_editor(
    officer: TestClient, written: str, says: str
) -> None:
    tried = officer.post(PAGE, data={"text": written, "act": "quick"}, headers=HTML)
    assert tried.status_code == 200
    assert says in tried.text
    assert inputs(tried.text, "editor")["text"].strip() == written


def test_a_save_that_is_refused_keeps_what_was_typed_with_its_note(officer: TestClient) -> None:
    refused = officer.post(PAGE, data={"text": "mapping: [", "act": "save", "note": "Size"}, headers=HTML)
    assert refused.status_code == 409
    assert inputs(refused.text, "editor")["note"] == "Size"


def test_who_may_not_configure_sources_may_not_change_how_they_are_read(engine: Engine) -> None:
    reader = client(engine, name="maya", speaks_for=("Maya", []))
    assert reader.get(PAGE, headers=HTML).status_code == 403
    assert reader.post(PAGE, data={"text": "mapping: {}", "act": "save"}, headers=HTML).status_code == 403


def test_a_meaning_is_put_beside_what_is_said_of_the_attribute_already() -> None:
    spec = parse_mapping(yaml.safe_load(shipped.text("mappings", "jira")), where="jira")
    written = "# ours\nmapping: {}\n"
    for value, meaning in (("Erledigt", "done"), ("Neu", "todo")):
        overlaid = parse_mapping(
            yaml.safe_load(shipped.text("mappings", "jira")),
            where="jira",
            overrides=yaml.safe_load(written)["mapping"],
        )
        written = _with_value(written, overlaid, ("issues", "priority"), value, meaning)
    said = yaml.safe_load(written)["mapping"]["issues"]["priority"]
    assert said == {"path": "fields.priority.name", "values": {"Erledigt": "done", "Neu": "todo"}}
    assert written.startswith("# ours\n")
    assert _with_value(written, spec, ("issues", "nothing"), "x", "y") == written
