"""What a tracker's users type is text, wherever it is shown or exported: no markup, no formula, no link, no order."""

import csv
import io
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Final

import openpyxl
import pytest
from sqlalchemy import Engine, text
from starlette.testclient import TestClient

from api.access.route_rights import ROUTES
from config.database import open_engine
from tests.support.api_client import client
from tests.support.databases import cloned
from tests.support.portfolio_rows import seed
from tests.support.rights import path_of
from tests.support.submissions import MANAGER, open_submission

pytestmark = pytest.mark.slow  # every route there is
MARK: Final = "hostile-mark"
HOSTILE: Final = (
    "=cmd|'/c calc'!A0;\"><script>alert(1)</script><svg onload=alert(1)><img src=x onerror=alert(1)>"
    "' onfocus='alert(1) javascript:alert(1) {{7*7}} {% raw %} ]]></title></style>\u202egpj.exe\u2066 " + MARK
)
LINK: Final = "javascript:alert(1)//https://example.com"
TEXTS: Final = {
    "claim": ("locator",), "cost_line": ("category", "locator"), "finding": ("says", "locator"),
    "milestone": ("name", "state", "locator"), "person": ("display_name",), "programme": ("name",),
    "project": ("name",), "raid_item": ("title", "owner", "response", "locator"), "scope": ("name", "lead", "locator"),
    "work_item": ("title", "type", "status", "assignee"), "portfolio": ("name",),
    "match_proposal": ("subject_says", "target_says"), "audit_event": (), "iteration": ("name",),
}  # fmt: skip


class Seen(HTMLParser):
    """What a browser would make of a page: every element that runs, loads, links or posts."""

    def __init__(self) -> None:
        super().__init__()
        self.wrong: list[str] = []
        self.text: list[str] = []
        self._script = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self._script = tag == "script"
        if tag == "script" and not (given.get("src") or "").startswith("/static/"):
            self.wrong.append(f"script {given}")
        for name, value in attrs:
            address = (value or "").strip().lower()
            if name.startswith("on") or name in ("style", "srcdoc", "srcset"):
                self.wrong.append(f"{tag} {name}={value}")
            if name in (
                "href",
                "src",
                "action",
                "formaction",
                "xlink:href",
                "data",
            ) and not address.startswith(("/", "#", "https://", "http://")):
                self.wrong.append(f"{tag} {name}={value}")

    def handle_data(self, data: str) -> None:
        if self._script and data.strip():
            self.wrong.append(f"inline script {data[:40]}")
        self.text.append(data)


@pytest.fixture(scope="module")
def engine(template_url: str) -> Iterator[Engine]:
    with cloned(template_url) as url:
        engine = open_engine(url)
        seed(engine, work_items=60)
        open_submission(engine, key="COLLECT", name=HOSTILE)
        with engine.begin() as connection:
            have = set(
                connection.execute(
                    text(
                        "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public'"
                    )
                ).all()
            )
            for table, columns in TEXTS.items():
                for column in columns:
                    assert (table, column) in have, (table, column)
                    # The row's own number in front of it would make it another formula: names must differ.
                    unique = "|| ctid::text" if (table, column) == ("programme", "name") else ""
                    connection.execute(
                        text(f"UPDATE {table} SET {column} = :said {unique}"), {"said": HOSTILE}
                    )
            for table in sorted({table for table, column in have if column == "url"} & TEXTS.keys()):
                connection.execute(text(f"UPDATE {table} SET url = :link"), {"link": LINK})
        yield engine
        engine.dispose()


@pytest.fixture(scope="module")
def asking(engine: Engine) -> TestClient:
    return client(engine, name="all", scopes=["admin"], speaks_for=(MANAGER, ["pmo_head"]))


def test_no_page_takes_a_trackers_text_for_markup_script_or_link(asking: TestClient) -> None:
    marked = 0
    for route in sorted(ROUTES):
        path = path_of(route, number="1")
        if not route.startswith("GET /") or path.startswith(("/api/", "/odata", "/files", "/metrics")):
            continue
        answer = asking.get(path)
        assert answer.status_code < 500, path
        if not answer.headers.get("content-type", "").startswith("text/html"):
            continue
        seen = Seen()
        seen.feed(answer.text)
        assert seen.wrong == [], path
        assert "\u202e" not in answer.text, path
        assert "{{7*7}}" in answer.text or MARK not in answer.text, path
        marked += MARK in "".join(seen.text)
        assert "'self'" in answer.headers["content-security-policy"]
        assert "unsafe" not in answer.headers["content-security-policy"]
    assert marked >= 10  # or this test would look at nothing


def test_what_programs_are_given_is_never_taken_for_a_page(asking: TestClient) -> None:
    marked = 0
    for route in sorted(ROUTES):
        path = path_of(route, number="1")
        if not route.startswith(("GET /api/", "GET /odata")):
            continue
        answer = asking.get(path)
        assert answer.headers["x-content-type-options"] == "nosniff", path
        assert not answer.headers.get("content-type", "").startswith(("text/html", "image/")), path
        marked += MARK in answer.text
    assert marked >= 10


@pytest.mark.parametrize("name", ["Projects", "Milestones", "RaidItems", "WorkItems", "Findings"])
def test_a_table_as_a_file_holds_no_formula(asking: TestClient, name: str) -> None:
    answer = asking.get(f"/files/v1/{name}.csv")
    rows = list(csv.reader(io.StringIO(answer.text)))
    assert any(MARK in cell for row in rows for cell in row)
    for cell in (cell for row in rows for cell in row):
        assert not cell.startswith(("=", "+", "@", "\t", "\r")), cell
        assert not cell.startswith("-") or cell[1:].replace(".", "", 1).isdigit(), cell


def test_a_workbook_holds_no_formula_and_no_link_of_a_stranger(asking: TestClient) -> None:
    sent = asking.post("/api/v1/submissions/1/workbook")
    assert sent.status_code == 200, sent.text
    book = openpyxl.load_workbook(io.BytesIO(sent.content))
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row if cell.value is not None]
    assert any(MARK in str(cell.value) for cell in cells)
    assert [cell.value for cell in cells if cell.data_type == "f" and MARK in str(cell.value)] == []
    links = [cell.hyperlink.target for cell in cells if cell.hyperlink is not None and cell.hyperlink.target]
    assert [link for link in links if not link.startswith(("https://", "http://"))] == []


GIVEN: Final = ("' OR 1=1 --", "%'; DROP TABLE project; --", "\\", "'||(SELECT 1)||'", "\u0000x", "$where=1")


@pytest.mark.parametrize("given", GIVEN)
def test_what_is_asked_for_is_never_taken_for_sql(asking: TestClient, given: str) -> None:
    before = len(asking.get("/api/v1/projects").json()["items"])
    for path, name in (
        ("/api/v1/search", "q"), ("/search", "q"), ("/api/v1/work-items", "source"), ("/findings", "owner"),
        ("/api/v1/audit-events", "subject"), ("/audit", "actor"), ("/odata/v1/Projects", "$filter"),
        ("/odata/v1/Projects", "$search"), ("/odata/v1/Projects", "$orderby"), ("/files/v1/Projects.csv", "as_of"),
    ):  # fmt: skip
        assert asking.get(path, params={name: given}).status_code < 500, (path, given)
    quoted = given.replace("'", "''")
    exact = asking.get("/odata/v1/Projects", params={"$filter": f"Name eq '{quoted}'"})
    assert exact.status_code in (200, 400)
    assert exact.json().get("value", []) == []
    assert len(asking.get("/api/v1/projects").json()["items"]) == before
