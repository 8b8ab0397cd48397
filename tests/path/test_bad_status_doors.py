"""Bad input of the status rules as it comes in: out of files by a source, and by REST; each has a clear answer."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import pytest
from sqlalchemy import Engine
from starlette.testclient import TestClient

from config import shipped
from config.database import open_engine
from sync.consolidate import Consolidation, consolidate
from sync.registry import utc_now
from tests.support.api_client import client
from tests.support.databases import cloned
from tests.support.sandbox_sources import configure
from tests.support.store import Outcome, pulled

REGISTER: Final = """\
Project ID,Name,Tier,Baseline start,Baseline finish,Forecast finish,Budget,Actual cost,Forecast cost,Currency,% complete
FINE,Fine,2,2026-01-05,2026-12-18,2026-12-18,1000,400,1000,GBP,50
NOBASE,No baseline,2,,,2026-12-18,1000,400,1000,GBP,50
AFTER,Baseline after finish,2,2027-03-01,2026-12-18,2026-12-18,1000,400,1000,GBP,50
ZERO,Zero budget,2,2026-01-05,2026-12-18,2026-12-18,0,400,10,GBP,50
NEGATIVE,Negative actuals,2,2026-01-05,2026-12-18,2026-12-18,1000,-400,1000,GBP,50
EUROS,No rate,2,2026-01-05,2026-12-18,2026-12-18,1000,400,1000,EUR,50
OVER,Over a hundred,2,2026-01-05,2026-12-18,2026-12-18,1000,400,1000,GBP,140
TIER,Undefined tier,9,2026-01-05,2026-12-18,2026-12-18,1000,400,1000,GBP,50
"""
SAYS: Final = {
    ("NOBASE", "schedule"): "no baseline finish",
    ("AFTER", "schedule"): "the baseline finish is not after the baseline start",
    ("ZERO", "cost"): "the approved budget is not positive, so there is nothing to compare with",
}


class Pulled:
    """The files above, pulled by a source of the usual kind and consolidated."""

    def __init__(self, engine: Engine, folder: Path) -> None:
        (folder / "register.csv").write_text(REGISTER, encoding="utf-8")
        books = [{"path": "register.csv", "holds": "projects", "key": "Project ID"}]
        configure(engine, {"name": "office", "kind": "excel", "folder": str(folder), "workbooks": books})
        self.engine = engine
        self.run: Outcome = pulled(engine, "office")
        self.now = utc_now()
        self.done: Consolidation = consolidate(engine, as_of=self.now.date(), known_at=self.now)


@pytest.fixture(scope="module")
def office(template_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pulled]:
    with cloned(template_url) as url:
        engine = open_engine(url)
        yield Pulled(engine, tmp_path_factory.mktemp("office"))
        engine.dispose()


@pytest.fixture(scope="module")
def api(office: Pulled) -> Iterator[TestClient]:
    with client(office.engine, name="writer", speaks_for=("Ida Lindqvist", ("specialist",))) as asked:
        yield asked


def projects(api: TestClient) -> dict[str, dict[str, Any]]:
    return {each["key"]: each for each in api.get("/api/v1/status").json()["projects"]}


def test_a_source_brings_every_row_and_what_cannot_be_compared_is_grey_and_says_why(
    office: Pulled, api: TestClient
) -> None:
    assert (office.run.state, office.run.rejected) == ("succeeded", {})
    found = projects(api)
    assert len(found) == 8
    assert found["FINE"]["dimensions"]["schedule"]["colour"] == "GREEN"
    for (key, dimension), says in SAYS.items():
        told = found[key]["dimensions"][dimension]
        assert (told["colour"], told["reasons"][0]["text"]) == ("GREY", says)


def test_figures_that_cannot_be_are_shown_as_they_were_given_and_are_findings(api: TestClient) -> None:
    found = projects(api)
    assert found["NEGATIVE"]["figures"]["actual_cost"] == "-400.00"
    assert found["OVER"]["figures"]["percent_complete"] == 140
    named = {
        key: {each["rule"] for each in api.get("/api/v1/findings", params={"project": key}).json()["items"]}
        for key in ("FINE", "NEGATIVE", "OVER", "AFTER")
    }
    told = {key: sorted(rules - named["FINE"]) for key, rules in named.items()}
    assert told == {
        "FINE": [], "NEGATIVE": ["actual_cost"], "OVER": ["percent_complete"], "AFTER": ["C01", "baseline_start"],
    }  # fmt: skip


def test_a_currency_without_a_rate_and_a_tier_without_limits_are_named(
    office: Pulled, api: TestClient
) -> None:
    (left,) = [
        each
        for each in api.get("/api/v1/portfolio/status").json()["cost_weighted"]["left_out"]
        if each["key"] == "EUROS"
    ]
    assert left["why"] == "its budget is in EUR, and no rate to GBP is known on that day"
    assert office.done.warnings == [
        "default@1.0.0 does not define tier 9: TIER held to the limits without a tier"
    ]


def test_days_and_instants_outside_the_history_are_answered_in_words(office: Pulled, api: TestClient) -> None:
    before = api.get("/api/v1/status", params={"as_of": "1999-12-31"}).json()
    assert (before["projects"], before["note"]) == ([], f"the history begins {office.now.date()}")
    later = api.get("/api/v1/status", params={"as_of": "2999-12-31"}).json()
    assert (len(later["projects"]), later["note"]) == (8, f"newest snapshot is of {office.now.date()}")
    # The day is the newest, the instant before anything was known of it.
    apart = {"as_of": office.now.date().isoformat(), "known_at": (office.now - timedelta(days=1)).isoformat()}
    assert api.get("/api/v1/status", params=apart).json()["projects"] == []
    ahead = {"known_at": (office.now + timedelta(days=400)).isoformat()}
    assert len(api.get("/api/v1/status", params=ahead).json()["projects"]) == 8
    for wrong in ({"as_of": "31.12.2026"}, {"as_of": "soon"}, {"known_at": "2026-12-31T25:00:00Z"}):
        answer = api.get("/api/v1/status", params=wrong)
        assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
        assert next(iter(wrong)) in answer.json()["detail"]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (("amber_days: 14, red_days: 30", "amber_days: 30, red_days: 30"), "amber would never be shown"),
        (("  3: {issues", "  9: {issues"), "tier"),
        (
            ("effective_from: 2000-01-01", "effective_from: 2026-03-01\neffective_to: 2026-02-01"),
            "effective_to",
        ),
    ],
)
def test_a_policy_that_contradicts_itself_is_refused_with_its_line(
    api: TestClient, change: tuple[str, str], says: str
) -> None:
    written = shipped.text("policies", "default").replace("version: 1.0.0", "version: 2.0.0")
    assert change[0] in written
    answer = api.post("/api/v1/policies/plan", json={"text": written.replace(*change)})
    assert answer.status_code == 422
    assert says in answer.text


def test_every_claim_that_is_told_names_its_source_and_its_cell(api: TestClient) -> None:
    items = api.get("/api/v1/claims", params={"limit": "1000"}).json()["items"]
    assert len(items) > 50
    assert {each["source"] for each in items} == {"office"}
    assert all(each["locator"] for each in items)
