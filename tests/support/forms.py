"""A form of a page as a browser without scripts holds it."""

from dataclasses import dataclass, field
from html.parser import HTMLParser


@dataclass
class Form:
    """Where it is posted to, what it would send, and the kinds of its inputs by name."""

    action: str
    values: dict[str, str] = field(default_factory=dict)
    kinds: dict[str, str] = field(default_factory=dict)


def form_of(page: str, *, action: str = "/submissions/") -> Form:
    """Return the first form of a page that is posted to an address of that beginning."""
    reader = _Reader(action)
    reader.feed(page)
    reader.close()
    assert reader.form is not None, "the page has no such form"
    return reader.form


class _Reader(HTMLParser):
    def __init__(self, action: str) -> None:
        super().__init__()
        self.form: Form | None = None
        self._wanted = action
        self._inside = False
        self._area: str | None = None
        self._text: list[str] = []
        self._select: str | None = None
        self._option: tuple[str | None, bool] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form" and self.form is None and given.get("action", "").startswith(self._wanted):
            self.form, self._inside = Form(given["action"]), True
        if not self._inside or self.form is None:
            return
        name = given.get("name")
        if tag == "input" and name:
            self._input(name, given)
        elif tag == "textarea" and name:
            self._area, self._text = name, []
            self.form.kinds[name] = "area"
        elif tag == "select" and name:
            self._select = name
            self.form.values[name] = ""
            self.form.kinds[name] = "select"
        elif tag == "option" and self._select:
            self._option, self._text = (given.get("value"), "selected" in given), []

    def _input(self, name: str, given: dict[str, str]) -> None:
        assert self.form is not None
        kind = given.get("type", "text")
        self.form.kinds[name] = kind
        if kind not in ("radio", "checkbox") or "checked" in given:
            self.form.values[name] = given.get("value", "on" if kind == "checkbox" else "")

    def handle_data(self, data: str) -> None:
        if self._area or self._option:
            self._text.append(data)

    def handle_endtag(self, tag: str) -> None:
        if self.form is None:
            return
        text = "".join(self._text)
        if tag == "textarea" and self._area:
            self.form.values[self._area] = text.removeprefix("\n")  # as browsers do
            self._area = None
        elif tag == "option" and self._option and self._select:
            value, selected = self._option
            if selected:
                self.form.values[self._select] = text if value is None else value
            self._option = None
        elif tag == "select":
            self._select = None
        elif tag == "form":
            self._inside = False
