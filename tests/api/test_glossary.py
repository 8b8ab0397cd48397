"""The glossary: bound to fields that there are, and asked for by names that it has."""

import re
from pathlib import Path

import pytest
from sqlalchemy import Engine

import api
from api.glossary import TERMS, UnknownTerm, explained, field_of
from api.pages.glossary import ENTITIES
from model.attributes import REGISTER
from tests.support.api_client import client

TEMPLATES = Path(str(api.__file__)).parent / "templates"


def test_every_term_is_bound_to_fields_that_there_are() -> None:
    for term in TERMS:
        for field in term.fields:
            field_of(field)  # raises for one there is not


def test_every_term_that_a_page_asks_for_is_in_the_glossary() -> None:
    asked = {
        name
        for template in TEMPLATES.glob("*.html")
        for name in re.findall(r'm\.help\("([^"]+)"[,)]', template.read_text("utf-8"))
    }
    assert asked
    for name in asked:
        assert explained(name).says


def test_every_kind_of_record_has_a_heading() -> None:
    assert set(ENTITIES) == set(REGISTER)


def test_what_is_no_term_is_refused() -> None:
    for name in ("nonsense", "project.nonsense"):
        with pytest.raises(UnknownTerm):
            explained(name)


def test_the_page_shows_terms_and_fields_to_whoever_is_signed_in(engine: Engine) -> None:
    page = client(engine).get("/glossary", headers={"Accept": "text/html"}).text
    assert 'id="slip"' in page
    assert 'id="project.forecast_finish"' in page
    assert len(page.encode()) < 150_000
