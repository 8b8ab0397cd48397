"""Help beside each field, terms in the headings of heads' tables, and reasons in the reader's language."""

from collections.abc import Callable, Iterator
from functools import cache
from html import unescape
from pathlib import Path
from typing import Any, Final

import pytest
from sqlalchemy import Engine, text
from starlette.testclient import TestClient

from api.glossary import TERMS
from api.pages.reasons.reading import translated
from api.translation import Preferences, preferring
from config.database import open_engine
from sync.accounts import Grant
from tests.support.databases import cloned
from tests.support.fields import Page, undescribed
from tests.support.portfolio_rows import seed
from tests.support.rights import account, browser, cookie_of
from tests.support.strings import TEMPLATES

FORMS: Final = (
    "/", "/portfolio", "/milestones", "/risks", "/money", "/trend", "/compare", "/changes", "/outcomes", "/search",
    "/projects/PORTAL", "/findings", "/matching", "/conflicts", "/collect", "/templates", "/policies", "/sources",
    "/sources/new", "/accounts", "/tokens", "/account", "/preferences", "/views?name=x&address=/", "/audit",
    "/policies/new", "/templates/new", "/hand-claims", "/nothing-here",
)  # fmt: skip
HEADS: Final = (
    "/", "/portfolio", "/milestones", "/risks", "/money", "/trend", "/compare", "/rollup", "/projects/PORTAL",
)  # fmt: skip
GERMAN: Final = {"Accept": "text/html", "Accept-Language": "de"}


@pytest.fixture(scope="module")
def portfolio(template_url: str) -> Iterator[Engine]:
    """The demo's twelve projects; no test writes to them."""
    with cloned(template_url) as url:
        engine = open_engine(url)
        seed(engine)
        yield engine
        engine.dispose()


@pytest.fixture(scope="module")
def officer(portfolio: Engine) -> TestClient:
    number = account(portfolio, "ida", Grant("administrator"), Grant("specialist"), Grant("pmo_head"))
    return browser(portfolio, cookie_of(portfolio, number))


@pytest.fixture(scope="module")
def read(officer: TestClient) -> Callable[[str], Page]:
    """Return a page as an officer sees it, asked for once."""
    return cache(lambda path: Page(officer.get(path, headers={"Accept": "text/html"}).text))


@pytest.mark.parametrize("template", sorted(TEMPLATES.glob("*.html")), ids=lambda path: path.stem)
def test_every_field_of_every_template_is_bound_to_what_is_said_of_it(template: Path) -> None:
    assert undescribed(template.read_text("utf-8")) == []


def test_a_field_of_which_nothing_is_said_is_seen() -> None:
    page = Page(
        '<label>Name<input name="a"></label><input name="b" aria-describedby="h"><p id="h">What it is</p>'
    )
    assert page.without_description() == ["<input name='a' id=''>"]
    assert page.without_label() == ["<input name='b' id=''>"]
    assert undescribed('<input name="a" value="{{ x > 1 }}">')
    assert not undescribed('<input type="hidden" name="a">')


@pytest.mark.parametrize("path", FORMS)
def test_every_field_of_a_page_has_a_label_and_a_description(read: Callable[[str], Page], path: str) -> None:
    page = read(path)
    assert page.fields
    assert page.without_label() == []
    assert page.without_description() == []
    assert page.repeated == []


@pytest.mark.parametrize("path", HEADS)
def test_a_heading_of_heads_that_is_a_term_has_its_entry_beside_it(
    read: Callable[[str], Page], path: str
) -> None:
    page = read(path)
    terms = {term.name for term in TERMS}
    headings = {" ".join(each.text.split("?")[0].split()) for each in page.headings}
    assert headings & terms
    assert (headings & terms) - page.helped == set()


ENGLISH: Final = """
    SELECT reason ->> 'text' FROM snapshot s, jsonb_each(s.document -> 'dimensions') d(name, value),
        jsonb_array_elements(value -> 'reasons') r(reason)
    UNION SELECT reason ->> 'text' FROM snapshot s, jsonb_array_elements(s.document -> 'overall_reasons') r(reason)
    UNION SELECT value ->> 'says' FROM snapshot s, jsonb_each(s.document -> 'measures') m(name, value)
    UNION SELECT says FROM finding
"""


@pytest.fixture(scope="module")
def english(portfolio: Engine) -> list[str]:
    """Every reason of a colour, a measure and a finding that is kept."""
    with portfolio.connect() as connection:
        return [row[0] for row in connection.execute(text(ENGLISH)) if row[0]]


def test_every_reason_that_is_kept_has_german_words(english: list[str]) -> None:
    assert english
    with preferring(Preferences(language="de")):
        assert [each for each in english if translated(each) == each] == []


@pytest.mark.parametrize(
    "path", ["/", "/portfolio", "/projects/PORTAL", "/projects/PORTAL/receipt/schedule", "/findings"]
)
def test_no_reason_on_a_page_is_english_for_who_reads_german(
    officer: TestClient, english: list[str], path: str
) -> None:
    page = unescape(officer.get(path, headers=GERMAN).text)
    assert '<html lang="de"' in page
    assert [each for each in english if len(each.split()) > 2 and each in page] == []


def test_what_the_api_says_stays_as_it_is_kept(officer: TestClient) -> None:
    wanted: dict[str, Any] = officer.get("/api/v1/projects/PORTAL/explain/schedule").json()
    again = officer.get("/api/v1/projects/PORTAL/explain/schedule", headers={"Accept-Language": "de"}).json()
    assert again["reasons"] == wanted["reasons"]
