"""Whoever sees every project of a source can take away the page a receipt ends at, and hash it."""

import hashlib
from collections.abc import Iterator

import pytest

from tests.support.api_client import client
from tests.support.rows import Rows
from tests.support.two_days import two_days


@pytest.fixture(scope="module")
def rows(template_url: str) -> Iterator[Rows]:
    with two_days(template_url) as rows:
        yield rows


def test_the_bytes_a_receipt_ends_at_have_the_hash_it_names(rows: Rows) -> None:
    with client(rows.engine) as api:
        raw = api.get("/api/v1/projects/APOLLO/explain/budget").json()["claims"][0]["raw"]
        found = api.get(f"/api/v1/raw-pages/{raw['page']}").json()
        body = api.get(found["body"])
        shown = api.get(f"/raw-pages/{raw['page']}")
        receipt = api.get("/projects/APOLLO/receipt/budget")
    assert (found["sha256"], found["source"], found["run"]) == (raw["sha256"], "pmo-files", raw["run"])
    assert hashlib.sha256(body.content).hexdigest() == raw["sha256"]
    assert body.headers["content-type"] == "application/octet-stream"
    assert body.headers["content-disposition"].startswith("attachment")
    assert raw["sha256"] in shown.text
    assert f'href="/raw-pages/{raw["page"]}"' in receipt.text


def test_a_page_with_rows_of_another_project_is_not_there_for_who_does_not_see_that(rows: Rows) -> None:
    page = rows.pages["pmo-files"]
    with client(rows.engine, projects=["APOLLO"], name="apollo") as api:
        assert api.get(f"/api/v1/raw-pages/{page}").status_code == 200
        rows.register("pmo-files", "GEMINI", row=9, name="Gemini")
        for path in (f"/api/v1/raw-pages/{page}", f"/api/v1/raw-pages/{page}/body", f"/raw-pages/{page}"):
            assert api.get(path).status_code == 404, path
    with client(rows.engine, token=False) as api:
        assert api.get(f"/api/v1/raw-pages/{page}/body").status_code == 401
