"""Jira's rich text to plain text: the document format of Cloud, wiki markup, and HTML."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final

from connectors.jira.markup import html_text, is_html, wiki_text

Node = dict[str, Any]

_BLOCKS: Final = frozenset(
    {"paragraph", "heading", "blockquote", "panel", "codeBlock", "bulletList", "orderedList", "taskList",
     "decisionList", "listItem", "taskItem", "decisionItem", "table", "tableRow", "rule", "mediaSingle",
     "mediaGroup", "expand", "nestedExpand", "layoutSection", "layoutColumn", "bodiedExtension"}
)  # fmt: skip
_DEEPEST: Final = 200  # levels; documents nest a dozen


def plain_text(value: Any) -> str:
    """Return the words of a rich text field, whichever of the three forms it is kept in.

    Raises:
        ValueError: The value is neither text nor a document.
    """
    if isinstance(value, str):
        words = html_text(value) if is_html(value) else wiki_text(value)
    elif isinstance(value, dict):
        words = _render(value, 0)
    else:
        raise ValueError("expected text or a document")  # noqa: TRY004 - transforms raise ValueError
    lines = (line.rstrip() for line in words.splitlines())
    text = "\n".join(lines)
    while "\n\n\n" in text:
        text = text.replace("\n\n\n", "\n\n")
    return text.strip()


def _render(node: Any, depth: int) -> str:
    if not isinstance(node, dict) or depth > _DEEPEST:
        return ""
    kind = str(node.get("type", ""))
    leaf = _LEAVES.get(kind)
    if leaf is not None:
        return leaf(node)
    children = node.get("content")
    parts = [_render(child, depth + 1) for child in children] if isinstance(children, list) else []
    if kind in ("bulletList", "orderedList", "taskList", "decisionList"):
        return _list(kind, node, parts)
    if kind == "tableRow":
        return " | ".join(" ".join(part.split()) for part in parts) + "\n"
    text = "".join(parts)
    if not children and not text:
        return _fallback(node)
    return f"{text.rstrip()}\n" if kind in _BLOCKS else text


def _list(kind: str, node: Node, parts: list[str]) -> str:
    first = _attrs(node).get("order", 1)
    number = first if isinstance(first, int) else 1
    lines = []
    for index, part in enumerate(parts):
        mark = f"{number + index}. " if kind == "orderedList" else "- "
        inner = part.rstrip().replace("\n", "\n  ")
        lines.append(f"{mark}{inner}\n")
    return "".join(lines)


def _attrs(node: Node) -> Node:
    attrs = node.get("attrs")
    return attrs if isinstance(attrs, dict) else {}


def _date(node: Node) -> str:
    try:
        return f"{datetime.fromtimestamp(int(_attrs(node)['timestamp']) / 1000, UTC):%Y-%m-%d}"
    except (KeyError, ValueError, TypeError, OverflowError, OSError):
        return ""


def _text(node: Node) -> str:
    text = str(node.get("text", ""))
    marks = node.get("marks")
    for mark in marks if isinstance(marks, list) else ():
        href = _attrs(mark).get("href") if isinstance(mark, dict) and mark.get("type") == "link" else None
        if href and str(href) != text:
            text = f"{text} ({href})"
    return text


def _fallback(node: Node) -> str:
    """Show what an unknown or empty node says of itself."""
    attrs = _attrs(node)
    return str(attrs.get("text") or attrs.get("url") or attrs.get("title") or node.get("text") or "")


_LEAVES: Final[dict[str, Callable[[Node], str]]] = {
    "text": _text,
    "hardBreak": lambda _node: "\n",
    "mention": lambda node: str(_attrs(node).get("text") or f"@{_attrs(node).get('id', '')}"),
    "emoji": lambda node: str(_attrs(node).get("text") or _attrs(node).get("shortName") or ""),
    "date": _date,
    "status": lambda node: str(_attrs(node).get("text", "")),
    "inlineCard": lambda node: str(_attrs(node).get("url", "")),
    "blockCard": lambda node: f"{_attrs(node).get('url', '')}\n",
    "embedCard": lambda node: f"{_attrs(node).get('url', '')}\n",
    "media": lambda node: str(_attrs(node).get("alt") or ""),
    "rule": lambda _node: "\n",
}
