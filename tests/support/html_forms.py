"""What a browser would send of a form: every input with its value, to be changed and posted."""

from html.parser import HTMLParser


class _Inputs(HTMLParser):
    def __init__(self, form: str) -> None:
        super().__init__()
        self.form, self.inside = form, False
        self.found: dict[str, str] = {}
        self.area: str | None = None
        self.choice: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.inside = given.get("id") == self.form
        if not self.inside:
            return
        name = given.get("name", "")
        if tag == "input" and (given.get("type") != "checkbox" or "checked" in given):
            self.found[name] = given.get("value", "")
        elif tag == "textarea":
            self.area, self.found[name] = name, ""
        elif tag == "select":
            self.choice = name
        elif tag == "option" and self.choice and (self.choice not in self.found or "selected" in given):
            self.found[self.choice] = given.get("value", "")

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self.inside = False
        if tag == "textarea":
            self.area = None
        if tag == "select":
            self.choice = None

    def handle_data(self, data: str) -> None:
        if self.area is not None:
            self.found[self.area] += data


def inputs(page: str, form: str) -> dict[str, str]:
    """Return the inputs of a form by its id, as they are shown; buttons are not among them."""
    parser = _Inputs(form)
    parser.feed(page)
    return {
        name: value.removeprefix("\n") if name == "text" or name.startswith("v.") else value
        for name, value in parser.found.items()
    }
