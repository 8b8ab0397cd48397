"""What a page would make a browser do."""

from html.parser import HTMLParser


class Tags(HTMLParser):
    """Collects start tags, and complains of none: what matters is what a browser would run."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))


def tags(html: str) -> list[tuple[str, dict[str, str | None]]]:
    parser = Tags()
    parser.feed(html)
    return parser.tags


def assert_runs_nothing(html: str) -> None:
    for tag, attributes in tags(html):
        assert not [name for name in attributes if name.startswith("on") or name == "style"], (
            tag,
            attributes,
        )
        if tag == "script":
            assert str(attributes["src"]).startswith("/static/")
        for name in ("href", "src", "action"):
            value = attributes.get(name)
            assert value is None or value.startswith(("/", "#", "https://", "http://")), (tag, value)
    assert "<style" not in html
