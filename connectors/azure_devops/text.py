"""Rich text as a reader would see it: HTML, and Markdown where a field is kept in that."""

import re
from html import unescape
from html.parser import HTMLParser
from typing import Any, Final

_BLOCKS: Final = frozenset({"p", "div", "br", "li", "tr", "ul", "ol", "table", "h1", "h2", "h3", "h4", "pre"})
_UNSEEN: Final = frozenset({"script", "style", "head"})
_TAG: Final = re.compile(r"<[a-zA-Z/!][^>]*>")
# Markdown, in the order it is taken away.
_MARKS: Final = (
    (re.compile(r"^\s*(```|~~~).*$", re.MULTILINE), ""),
    (re.compile(r"!\[([^\]]*)\]\([^)]*\)"), r"\1"),
    (re.compile(r"\[([^\]]*)\]\([^)]*\)"), r"\1"),
    (re.compile(r"^\s{0,3}(#{1,6}\s+|>\s?|[-*+]\s+(\[[ xX]\]\s+)?|\d+[.)]\s+)", re.MULTILINE), ""),
    (re.compile(r"^\s{0,3}([-*_])(\s*\1){2,}\s*$", re.MULTILINE), ""),
    (re.compile(r"(\*\*|__)(?=\S)(.+?)(?<=\S)\1", re.DOTALL), r"\2"),
    (re.compile(r"(?<![\w*])\*(?=\S)([^*\n]+?)(?<=\S)\*(?![\w*])"), r"\1"),
    (re.compile(r"(?<![\w_])_(?=\S)([^_\n]+?)(?<=\S)_(?![\w_])"), r"\1"),
    (re.compile(r"~~(?=\S)(.+?)(?<=\S)~~"), r"\1"),
    (re.compile(r"`([^`\n]+)`"), r"\1"),
)


def plain_text(value: Any) -> str | None:
    r"""Text without its HTML; text that has none stays as it is.

    >>> plain_text("<div>Ship it <b>now</b>&nbsp;&amp; tell us</div><ul><li>one</li></ul>")
    'Ship it now & tell us\none'
    """
    text = str(value)
    if _TAG.search(text) or "&" in text:
        parser = _Text()
        parser.feed(text)
        parser.close()
        text = "".join(parser.pieces)
    return _tidy(text)


def plain_markdown(value: Any) -> str | None:
    r"""Text without its Markdown; what is less than, and no tag, stays.

    >>> plain_markdown("## Goal\n- **ship** [it](https://example.com) if a < b\n- `now`")
    'Goal\nship it if a < b\nnow'
    """
    text = str(value)
    for mark, instead in _MARKS:
        text = mark.sub(instead, text)
    return _tidy(unescape(_TAG.sub(" ", text)))


def _tidy(text: str) -> str | None:
    lines = [" ".join(line.split()) for line in text.replace("\xa0", " ").splitlines()]
    return "\n".join(filter(None, lines)) or None


class _Text(HTMLParser):
    """Collects what a reader would see."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.pieces: list[str] = []
        self._unseen = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        del attrs
        self._unseen += tag in _UNSEEN
        if tag in _BLOCKS:
            self.pieces.append("\n")

    def handle_endtag(self, tag: str) -> None:
        self._unseen -= tag in _UNSEEN and self._unseen > 0
        if tag in _BLOCKS:
            self.pieces.append("\n")

    def handle_data(self, data: str) -> None:
        if not self._unseen:
            self.pieces.append(data)
