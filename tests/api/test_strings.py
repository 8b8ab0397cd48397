"""Every string shown to people can be translated: all are marked, all are in the catalogue, German is whole."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.pofile import read_po
from starlette.testclient import TestClient

from api.preferred import COOKIE
from api.pseudo import PSEUDO, pseudo
from api.translation import LANGUAGES, SOURCE, Preferences, _, ngettext, preferring
from config.database import open_engine
from tests.support.api_client import client
from tests.support.databases import cloned
from tests.support.strings import POT, TEMPLATES, catalogue, path_of, translated, unmarked, written

HTML = {"Accept": "text/html"}
AGAIN = "run `make strings`, and translate what is new"
PLACES = re.compile(r"%\((\w+)\)")


def test_the_catalogue_has_the_strings_there_are() -> None:
    source = catalogue()
    assert POT.read_text("utf-8") == written(source), AGAIN
    for language in LANGUAGES:
        if language != SOURCE:
            assert path_of(language).read_text("utf-8") == translated(language, source), AGAIN


@pytest.mark.parametrize("template", sorted(TEMPLATES.glob("*.html")), ids=lambda path: path.stem)
def test_templates_show_no_words_that_are_not_marked(template: Path) -> None:
    assert unmarked(template.read_text("utf-8")) == []


def test_words_that_are_not_marked_are_seen() -> None:
    assert unmarked("<p>Some words</p>") == ["Some words"]
    assert unmarked('<p title="Some words">{{ x }}</p>') == ["Some words"]
    assert unmarked("{{ 'Some words' if x else _('Other words') }}") == ["Some words"]
    assert (
        unmarked("<p>{{ _('Some words') }}{% trans %}Other words{% endtrans %}<code>muster x</code></p>")
        == []
    )


def test_only_literals_are_marked_for_what_is_marked_is_not_escaped() -> None:
    for template in TEMPLATES.glob("*.html"):
        assert re.findall(r"\b_\((?![\"'])", template.read_text("utf-8")) == [], template.name


def test_translations_keep_the_places_of_values_and_bring_no_markup() -> None:
    for language in LANGUAGES:
        if language == SOURCE:
            continue
        with path_of(language).open("rb") as file:
            for message in read_po(file, locale=language):
                if not message.id:
                    continue
                ids = message.id if isinstance(message.id, tuple) else (message.id,)
                strings = message.string if isinstance(message.string, tuple) else (message.string,)
                wanted = {name for each in ids for name in PLACES.findall(each)}
                for string in filter(None, strings):
                    assert set(PLACES.findall(string)) <= wanted, string
                    assert re.findall(r"<[^>]*>", string) == re.findall(r"<[^>]*>", ids[0]), string


@pytest.fixture(scope="module")
def asking(template_url: str) -> Iterator[TestClient]:
    """Somebody who looks at an empty store; no test writes to it."""
    with cloned(template_url) as url:
        engine = open_engine(url)
        yield client(engine, name="x1")
        engine.dispose()


def test_german_has_the_shell_and_the_board(asking: TestClient) -> None:
    german = asking.get("/", headers={**HTML, "Accept-Language": "de-AT,de;q=0.9,en;q=0.5"})
    assert '<html lang="de"' in german.text
    assert "Abmelden" in german.text
    assert german.headers["content-language"] == "de"
    assert "Accept-Language" in german.headers["vary"]
    english = asking.get("/", headers={**HTML, "Accept-Language": "en"})
    assert "Sign out" in english.text
    assert german.headers["etag"] != english.headers["etag"]


def test_a_choice_goes_before_what_the_browser_says(asking: TestClient) -> None:
    chosen = f"{COOKIE}=language=en&zone=Europe%2FBerlin&theme=dark"
    headers = {**HTML, "Accept-Language": "de", "Cookie": chosen}
    page = asking.get("/preferences", headers=headers).text
    assert '<html lang="en" data-theme="dark">' in page
    assert re.search(r"Now it is .* CES?T", page)


def test_what_is_not_known_of_a_choice_is_left_out(asking: TestClient) -> None:
    unknown = f"{COOKIE}=language=xx&zone=..%2Fetc%2Fpasswd&theme=%3Cscript%3E"
    page = asking.get("/preferences", headers={**HTML, "Cookie": unknown}).text
    assert '<html lang="en">' in page
    assert "UTC" in page


EMPTY = (
    "/", "/search", "/search?q=zebra", "/milestones", "/risks", "/trend", "/changes", "/findings", "/collect",
    "/conflicts", "/matching", "/sources", "/preferences",
)  # fmt: skip


@pytest.mark.parametrize("path", EMPTY)
def test_pages_without_data_say_nothing_that_is_not_marked(asking: TestClient, path: str) -> None:
    page = asking.get(path, headers={**HTML, "Cookie": f"{COOKIE}=language={PSEUDO}"}).text
    text = re.sub(r"<(script|style|code|title|svg|select)\b.*?</\1>|<[^>]*>", " ", page, flags=re.DOTALL)
    while (shorter := re.sub(r"\[[^\[\]]*\]", " ", text)) != text:
        text = shorter
    assert re.findall(r"[A-Za-z]{3,}", re.sub(r"Muster|UTC|zebra|\bnone\b|\btoken x1\b", "", text)) == []


def test_pseudo_leaves_values_and_markup_alone() -> None:
    assert pseudo("%(count)s of <b>all</b>") == "[%(count)s óf <b>áll</b>·······]"


def test_numbers_take_their_plural_and_values_their_places() -> None:
    with preferring(Preferences(language="en")):
        assert ngettext("%(num)s project", "%(num)s projects", 1) == "1 project"
        assert _("%(a)s of %(b)s", a=1, b=2) == "1 of 2"


def test_an_error_page_says_what_to_do_and_where_to_look(asking: TestClient) -> None:
    page = asking.get("/nothing-<here>", headers={**HTML, "Accept-Language": "de"})
    assert page.status_code == 404
    assert '<html lang="de"' in page.text
    assert "/nothing-&lt;here&gt;" in page.text
    assert 'action="/search"' in page.text
