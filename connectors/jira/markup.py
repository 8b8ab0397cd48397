"""Wiki markup and HTML to plain text: what text fields hold on Data Center and in the second API version."""

import re
from html.parser import HTMLParser
from typing import Final

# A text is HTML when it closes a tag that only HTML has; wiki text may speak of <b> without being any.
_HTML: Final = re.compile(r"<(p|div|br|ul|ol|table|span|h[1-6])\b[^>]*>", re.IGNORECASE)
_HTML_END: Final = re.compile(r"</(p|div|ul|ol|table|span|h[1-6])\s*>|<br\s*/?>", re.IGNORECASE)

_VERBATIM: Final = re.compile(r"\{(code|noformat)(?::[^}\n]*)?\}\n?(.*?)\n?\{\1\}", re.DOTALL)
_MACRO: Final = re.compile(r"\{(?:color|panel|quote|anchor|expand|info|note|tip|warning)(?::[^}\n]*)?\}")
_LINK: Final = re.compile(r"\[([^\[\]|\n]+)\|([^\[\]|\n]+)(?:\|[^\[\]\n]*)?\]")
_BARE_LINK: Final = re.compile(r"\[((?:https?|mailto|ftp):[^\[\]|\s]+)\]")
_MENTION: Final = re.compile(r"\[~(?:accountid:)?([^\[\]\n]+)\]")
_ATTACHMENT: Final = re.compile(r"\[\^([^\[\]\n]+)\]")
_IMAGE: Final = re.compile(r"(?<!\w)!([^!\s|][^!\n|]*)(?:\|[^!\n]*)?!(?!\w)")
_MONO: Final = re.compile(r"\{\{(.+?)\}\}")
# Marks stand at the edges of words; what stands inside one (snake_case, 2*3*4) is meant as it is.
_MARK: Final = re.compile(r"(?<![\w*_\\])(\*|_|\?\?)(?=\S)(.+?)(?<=[^\s\\])\1(?![\w*_])")
_HEADING: Final = re.compile(r"^(?:h[1-6]|bq)\.\s+", re.MULTILINE)
_BULLET: Final = re.compile(r"^[ \t]*([*#-]+)[ \t]+(?=\S)", re.MULTILINE)
_RULE: Final = re.compile(r"^-{4,}[ \t]*$", re.MULTILINE)
_ROW: Final = re.compile(r"^[ \t]*\|{1,2}(.*?)\|{1,2}[ \t]*$", re.MULTILINE)
_ESCAPED: Final = re.compile(r"\\([\[\]{}*_+\-^~|!#?])")
_KEPT: Final = re.compile("\ufdd0(\\d+)\ufdd1")  # noncharacters of Unicode: no text holds them


def is_html(text: str) -> bool:
    """Say whether a text is HTML, as some editors of Data Center keep it."""
    return bool(_HTML.search(text) and _HTML_END.search(text))


def wiki_text(text: str) -> str:
    """Return the words of wiki markup: marks and macros gone, lists and tables as lines, code as it is."""
    kept: list[str] = []

    def keep(match: re.Match[str]) -> str:
        kept.append(match.group(2))
        return f"\ufdd0{len(kept) - 1}\ufdd1"

    text = text.replace("\r\n", "\n").replace("\r", "\n")
    text = _VERBATIM.sub(keep, text)
    text = _MACRO.sub("", text)
    text = _RULE.sub("", text)
    text = _HEADING.sub("", text)
    text = _BULLET.sub(lambda match: "  " * (len(match.group(1)) - 1) + "- ", text)
    text = _ATTACHMENT.sub(r"\1", text)
    text = _MENTION.sub(r"@\1", text)
    text = _LINK.sub(_linked, text)
    text = _BARE_LINK.sub(r"\1", text)
    text = _IMAGE.sub(r"\1", text)
    text = _MONO.sub(r"\1", text)
    for _ in range(3):  # bold in italic in bold is as deep as anybody goes
        text, count = _MARK.subn(r"\2", text)
        if not count:
            break
    text = _ROW.sub(lambda match: " | ".join(filter(None, map(str.strip, _cells(match.group(1))))), text)
    text = re.sub(r"\\\\(?:[ \t]*\n)?", "\n", text)
    text = _ESCAPED.sub(r"\1", text)
    return _KEPT.sub(lambda match: kept[int(match.group(1))], text)


def _linked(match: re.Match[str]) -> str:
    words, address = match.group(1).strip(), match.group(2).strip()
    return words if words == address else f"{words} ({address})"


def _cells(row: str) -> list[str]:
    return re.split(r"\|{1,2}", row)


_BLOCKS: Final = frozenset(
    {"p", "div", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "tr", "table", "blockquote", "pre", "hr",
     "section", "article", "header", "footer"}
)  # fmt: skip
_UNSEEN: Final = frozenset({"script", "style", "head", "title"})


class _Words(HTMLParser):
    """Collects what a reader of the page would see."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[str] = []
        self._hidden = 0
        self._links: list[tuple[str, int]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _UNSEEN:
            self._hidden += 1
        elif tag == "br" or tag in _BLOCKS:
            self.found.append("\n")
        elif tag == "li":
            self.found.append("\n- ")
        elif tag == "a":
            self._links.append((dict(attrs).get("href") or "", len(self.found)))
        elif tag == "img":
            self.found.append(dict(attrs).get("alt") or "")

    def handle_endtag(self, tag: str) -> None:
        if tag in _UNSEEN:
            self._hidden = max(0, self._hidden - 1)
        elif tag in _BLOCKS:
            self.found.append("\n")
        elif tag in {"td", "th"}:
            self.found.append(" | ")
        elif tag == "a" and self._links:
            href, start = self._links.pop()
            if href.startswith(("http", "mailto:")) and "".join(self.found[start:]).strip() != href:
                self.found.append(f" ({href})")

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.found.append(re.sub(r"\s+", " ", data))


def html_text(text: str) -> str:
    """Return the words of HTML as lines."""
    parser = _Words()
    parser.feed(text)
    parser.close()
    lines = (re.sub(r"[ \t]+", " ", line).strip() for line in "".join(parser.found).splitlines())
    return "\n".join(line.removesuffix(" |") for line in lines)
