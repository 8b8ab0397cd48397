"""The strings shown to people: extracted for translators, and looked for where they were not marked.

`python -m tests.support.strings` (`make strings`) writes api/locales/muster.pot anew and brings the catalogue of
each language to it; what is translated stays, what is gone is left out, what is new stands empty.
"""

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from io import BytesIO
from pathlib import Path
from typing import Final

from babel.messages.catalog import Catalog
from babel.messages.extract import extract
from babel.messages.pofile import read_po, write_po
from jinja2.ext import babel_extract

import api
from api.pages.render import TEMPLATES as ENVIRONMENT
from api.translation import DOMAIN, FOLDER, LANGUAGES, SOURCE
from model.attributes import REGISTER

API: Final = Path(str(api.__file__)).parent
TEMPLATES: Final = API / "templates"
POT: Final = FOLDER / f"{DOMAIN}.pot"
_KEYWORDS: Final = {"_": None, "N_": None, "gettext": None, "ngettext": (1, 2), "pgettext": ((1, "c"), 2)}
_OPTIONS: Final = {
    "trim_blocks": "true",
    "lstrip_blocks": "true",
    "trimmed": "true",
    "newstyle_gettext": "true",
}
_HEADER: Final = "# Strings of Muster, written by `make strings`.\n"


def catalogue() -> Catalog:
    """Return every string there is in the sources, without a translation."""
    found = Catalog(project="Muster", charset="utf-8", fuzzy=False)
    for path in sorted(API.rglob("*.py")):
        source = path.read_bytes()
        if b"api.translation" in source:
            for _line, message, _comments, context in extract("python", BytesIO(source), _KEYWORDS):
                _add(found, message, context)
    for path in sorted(TEMPLATES.glob("*.html")):
        for _line, function, message, _comments in babel_extract(
            BytesIO(path.read_bytes()), list(_KEYWORDS), (), _OPTIONS
        ):
            if function == "pgettext":
                _add(found, message[1], message[0])
            else:
                _add(found, tuple(message[:2]) if function == "ngettext" else message, None)
    for attributes in REGISTER.values():
        for attribute in attributes.values():
            _add(found, attribute.help, None)
    return found


def _add(found: Catalog, message: str | tuple[str, ...] | list[str] | None, context: str | None) -> None:
    if isinstance(message, list):
        message = tuple(message)
    if isinstance(message, tuple):
        message = message if all(message) and len(message) > 1 else message[0]
    if message:
        found.add(message, context=context)


def written(found: Catalog) -> str:
    """Return a catalogue as its file holds it: sorted, without lines or dates that change by themselves."""
    out = BytesIO()
    write_po(out, found, width=110, no_location=True, omit_header=True, sort_output=True)
    return _HEADER + out.getvalue().decode()


def path_of(language: str) -> Path:
    """Return where a language's translations stand."""
    return FOLDER / language / "LC_MESSAGES" / f"{DOMAIN}.po"


def translated(language: str, source: Catalog) -> str:
    """Return a language's file brought to the strings there are."""
    with path_of(language).open("rb") as file:
        known = read_po(file, locale=language)
    fresh = Catalog(locale=language, charset="utf-8", project="Muster", fuzzy=False)
    for message in source:
        if message.id:
            before = known.get(message.id, message.context)
            fresh.add(message.id, before.string if before else None, context=message.context)
    out = BytesIO()
    write_po(out, fresh, width=110, no_location=True, omit_header=True, sort_output=True)
    plural = f'msgid ""\nmsgstr ""\n"Language: {language}\\n"\n"Content-Type: text/plain; charset=utf-8\\n"\n'
    return f'{_HEADER}{plural}"Plural-Forms: {fresh.plural_forms}\\n"\n\n{out.getvalue().decode()}'


def main() -> None:
    """Write the files."""
    source = catalogue()
    POT.parent.mkdir(exist_ok=True)
    POT.write_text(written(source), "utf-8")
    for language in LANGUAGES:
        if language != SOURCE:
            path = path_of(language)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
            path.write_text(translated(language, source), "utf-8")


_SAID: Final = frozenset({"title", "aria-label", "placeholder", "alt", "data-label", "label"})
_WORD: Final = re.compile(r"[A-Za-z]{2,}")
_QUIET: Final = frozenset({"code", "style", "script"})
# What is written in a field as an example of what belongs there.
_EXAMPLES: Final = frozenset({
    "ada@example.org", "Ada Byron", "Europe/London", "GBP", "30 6 * * mon-fri", "Power BI", "PORTAL, LEDGER",
    "-----BEGIN CERTIFICATE-----",
})  # fmt: skip
_NAMES: Final = frozenset(
    {"Muster", "JSON", "UTC", "YAML", "Jira", "Azure", "DevOps", "Excel", "CSV", "NDJSON"}
)
_ATTRIBUTES: Final = re.compile(r'(?:\s*[a-z-]+="[^"]*")+')  # that a macro writes into a tag
_LITERAL: Final = re.compile(r"[A-Z][a-z]+\s[a-z]|[a-z]{2,}\s[a-z]{2,}|^[A-Z][a-z]+$")


class _Texts(HTMLParser):
    """What a template says outside of its expressions."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.said: list[str] = []
        self._quiet = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._quiet += tag in _QUIET
        self.said += [value for name, value in attrs if name in _SAID and value]

    def handle_endtag(self, tag: str) -> None:
        self._quiet -= tag in _QUIET

    def handle_data(self, data: str) -> None:
        if not self._quiet:
            self.said.append(data)


def unmarked(source: str) -> list[str]:
    """Return the words of a template that are shown and not marked for translation."""
    texts = _Texts()
    texts.feed("".join(_outside(source)))
    texts.close()
    said = [" ".join(text.replace("\x00", " ").split()) for text in texts.said]
    said = [text for text in said if not _ATTRIBUTES.fullmatch(text)]
    shown = [text for text in said if text not in _EXAMPLES and set(_WORD.findall(text)) - _NAMES]
    return shown + list(_inside(source))


def _outside(source: str) -> Iterator[str]:
    """Yield the text of a template, an expression or a translated part as one mark."""
    translating = False
    block: list[str] = []
    for _line, kind, value in ENVIRONMENT.lex(source):
        if kind == "block_begin":
            block = []
        elif kind == "name" and not block:
            block.append(value)
            translating = value == "trans" or (translating and value != "endtrans")
        elif kind in ("data", "raw_begin") and not translating:
            yield value
        elif kind == "variable_begin":
            block.append("")
            yield "\x00"


def _inside(source: str) -> Iterator[str]:
    """Yield the literal texts of a template's expressions that look like words and are in no call of `_`."""
    for parts in re.findall(r"\{\{(.*?)\}\}|\{%\s*(?:for|set)\b(.*?)%\}", source, re.DOTALL):
        bare = re.sub(
            r"""\b(?:_|ngettext|pgettext)\((?:[^()"']|"[^"]*"|'[^']*'|\([^()]*\))*\)""", " ", "".join(parts)
        )
        bare = re.sub(r"\[(?:\"[^\"]*\"|'[^']*')\]", " ", bare)
        bare = re.sub(r"(?:==|!=|\bin)\s*(?:\"[^\"]*\"|'[^']*')", " ", bare)
        for one, other in re.findall(r"\"([^\"]*)\"|'([^']*)'", bare):
            found = one or other
            if _LITERAL.search(found) and found not in _NAMES | _EXAMPLES:
                yield found


if __name__ == "__main__":
    main()
