"""The fields of a page: what each is called, and what is said of it."""

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Final

_FIELDS: Final = frozenset({"input", "select", "textarea"})
_VOID: Final = frozenset(
    {"input", "br", "img", "meta", "link", "hr", "use", "path", "rect", "circle", "line", "wbr"}
)
_NO_FIELDS: Final = frozenset({"hidden", "submit", "button", "reset", "image"})
_WORD: Final = re.compile(r"\w{2,}")
_HELP: Final = re.compile(r"What is “(.+)”\?")
_SENTENCE: Final = 2  # words of a tick's own label from which it says itself what it does


@dataclass(slots=True)
class Element:
    """One element that is open, or one field."""

    tag: str
    attributes: dict[str, str | None]
    within: list["Element"] = field(default_factory=list)
    text: str = ""

    def named(self, name: str) -> str:
        """Return an attribute, empty where it is not there."""
        return self.attributes.get(name) or ""


class Page(HTMLParser):
    """Every element of a page with its text, and its fields with what they stand in."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.fields: list[Element] = []
        self.by_id: dict[str, Element] = {}
        self.repeated: list[str] = []
        self.labels: dict[str, Element] = {}
        self.headings: list[Element] = []
        self.helped: set[str] = set()
        self._open: list[Element] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = Element(tag, dict(attrs), list(self._open))
        if (name := found.named("id")) and name in self.by_id:
            self.repeated.append(name)
        self.by_id[name] = found
        if tag in _FIELDS and found.named("type") not in _NO_FIELDS and "aria-hidden" not in found.attributes:
            self.fields.append(found)
        if tag == "label" and found.named("for"):
            self.labels[found.named("for")] = found
        if tag == "dt" or (tag == "th" and found.named("scope") != "row"):
            self.headings.append(found)
        if tag == "button" and (said := _HELP.fullmatch(found.named("aria-label"))):
            self.helped.add(said[1])
        if tag not in _VOID:
            self._open.append(found)

    def handle_endtag(self, tag: str) -> None:
        while self._open:
            if self._open.pop().tag == tag:
                return

    def handle_data(self, data: str) -> None:
        for each in self._open:
            each.text += data

    def without_label(self) -> list[str]:
        """Return the fields that nothing names."""
        return [_written(each) for each in self.fields if not self._label(each).strip()]

    def without_description(self) -> list[str]:
        """Return the fields of which nothing says what they are for and what to put in."""
        return [_written(each) for each in self.fields if not self._described(each)]

    def _label(self, each: Element) -> str:
        if found := each.named("aria-label"):
            return found
        if (by := each.named("aria-labelledby")) and by in self.by_id:
            return self.by_id[by].text
        if (label := self.labels.get(each.named("id"))) is not None:
            return label.text
        return next((one.text for one in reversed(each.within) if one.tag == "label"), "")

    def _described(self, each: Element) -> bool:
        if each.named("type") in ("radio", "checkbox") and len(_WORD.findall(self._label(each))) >= _SENTENCE:
            return True
        around = [each, *(one for one in reversed(each.within) if one.tag in ("fieldset", "div", "form"))]
        for one in around:
            ids = one.named("aria-describedby").split()
            if ids:
                return all(self.by_id[id_].text.strip() for id_ in ids if id_ in self.by_id) and any(
                    id_ in self.by_id for id_ in ids
                )
        return False


def _written(each: Element) -> str:
    return f"<{each.tag} name={each.named('name')!r} id={each.named('id')!r}>"


_TAG: Final = re.compile(r"<(input|select|textarea)\b((?:\{\{.*?\}\}|\{%.*?%\}|[^>{])*)>", re.DOTALL)


def undescribed(template: str) -> list[str]:
    """Return the fields of a template's source that are bound to no description, whatever state the page is in."""
    found = []
    for tag, inside in _TAG.findall(template):
        kind = re.search(r'type="(\w+)"', inside)
        if kind and kind[1] in (*_NO_FIELDS, "radio", "checkbox"):
            continue
        if not re.search(r'aria-describedby="|\{\{ more \}\}|aria-hidden="true"', inside):
            found.append(f"<{tag}{inside[:80]}")
    return found
