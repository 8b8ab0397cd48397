"""Programmes over the API: their roll-ups, what those rest on, and what nobody asked about."""

import html
import re
from collections.abc import Iterator

import pytest
from sqlalchemy import Engine
from starlette.testclient import TestClient

from config.database import open_engine
from tests.support.api_client import client
from tests.support.databases import cloned
from tests.support.portfolio_rows import seed


@pytest.fixture(scope="module")
def engine(template_url: str) -> Iterator[Engine]:
    """The demo's twelve projects."""
    with cloned(template_url) as url:
        engine = open_engine(url)
        seed(engine)
        yield engine
        engine.dispose()


@pytest.fixture(scope="module")
def asking(engine: Engine) -> TestClient:
    return client(engine)


def test_programmes_are_listed_with_their_three_views_together(asking: TestClient) -> None:
    found = asking.get("/api/v1/programmes").json()
    assert [each["name"] for each in found["programmes"]] == [
        "Core systems", "Digital services", "Estates and network"
    ]  # fmt: skip
    for each in found["programmes"]:
        assert {"worst", "cost_weighted", "counts", "health", "grey"} <= each.keys()
        assert sum(each["counts"].values()) == each["projects"]
        assert "inputs" not in each


def test_a_programme_names_its_projects_and_what_each_weighs(asking: TestClient) -> None:
    listed = asking.get("/api/v1/programmes").json()["programmes"][0]
    found = asking.get("/api/v1/programmes/Core%20systems/status").json()
    assert {name: found[name] for name in ("worst", "cost_weighted", "counts")} == {
        name: listed[name] for name in ("worst", "cost_weighted", "counts")
    }
    assert [each["key"] for each in found["inputs"]] == sorted(each["key"] for each in found["inputs"])
    assert sum(each["weight"] or 0 for each in found["inputs"]) == pytest.approx(1, abs=1e-4)
    assert found["closed"] == []


def test_the_portfolio_counts_each_project_once(asking: TestClient) -> None:
    whole = asking.get("/api/v1/portfolio").json()
    status = asking.get("/api/v1/portfolio/status").json()
    assert whole["rollup"]["projects"] == status["projects"] == len(status["inputs"]) == 12
    assert whole["rollup"]["counts"] == whole["overall"] == status["counts"]
    assert sum(each["projects"] for each in whole["programmes"]) == 12


def test_an_unknown_programme_is_refused_with_those_there_are(asking: TestClient) -> None:
    answer = asking.get("/api/v1/programmes/No/such/status")
    assert answer.status_code == 404
    assert "Core systems" in answer.json()["detail"]


def test_who_sees_some_projects_sees_only_their_roll_up(engine: Engine) -> None:
    some = client(engine, name="some", projects=["PORTAL"])
    found = some.get("/api/v1/programmes").json()["programmes"]
    assert [each["projects"] for each in found] == [1]
    assert some.get("/api/v1/portfolio").json()["rollup"]["projects"] == 1
    hidden = some.get("/api/v1/programmes/Core systems/status")
    assert hidden.status_code == 404
    assert "Estates" not in hidden.text


def test_the_page_of_a_roll_up_leads_from_each_figure_to_its_receipt_and_on_to_the_projects(
    asking: TestClient,
) -> None:
    shown = asking.get("/rollup", params={"programme": "Core systems"})
    assert shown.status_code == 200
    links = set(re.findall(r'href="(/rollup/receipt/[^"]+)"', shown.text))
    assert "/rollup/receipt/health.cost_weighted?programme=Core+systems" in links
    assert len(links) > 15
    for link in sorted(links)[:8]:
        receipt = asking.get(html.unescape(link))
        assert receipt.status_code == 200, link
        assert "/receipt/" in receipt.text or "No project is behind this" in receipt.text
    whole = asking.get("/rollup").text
    assert "/rollup?programme=Core+systems" in whole
    assert asking.get("/rollup/receipt/beauty").status_code == 404
    assert asking.get("/rollup?programme=").status_code == 404


def test_a_receipt_of_a_roll_up_names_every_part_and_where_to_ask_on(asking: TestClient) -> None:
    found = asking.get("/api/v1/programmes/Core%20systems/explain/health").json()
    status = asking.get("/api/v1/programmes/Core%20systems/status").json()
    assert found["value"] == status["health"]["cost_weighted"]
    assert {each["key"] for each in found["parts"]} <= {each["key"] for each in status["inputs"]}
    first, second = found["parts"][0]["explain"]
    assert (first["project"], first["attribute"], second["attribute"]) == (
        found["parts"][0]["key"], "health", "budget",
    )  # fmt: skip
    wrong = asking.get("/api/v1/portfolio/explain/beauty")
    assert (wrong.status_code, "cost_weighted.total" in wrong.json()["detail"]) == (404, True)
