from datetime import date, timedelta
from urllib.parse import quote

from sqlalchemy import Engine

from sync.consolidate import consolidate
from tests.support.api_client import client
from tests.support.rows import T0, Rows


def consolidated(engine: Engine) -> None:
    """A project with two sources that disagree, and one of which hardly anything is known."""
    rows = Rows(engine)
    rows.source("pmo-files", "excel")
    rows.source("jira-cloud", "jira")
    rows.register(
        "pmo-files", "APOLLO", name="Apollo", programme="Space", tier=1, stage="deliver", manager="Ada",
        baseline_start="2025-01-06", baseline_finish="2025-12-19", forecast_finish="2026-01-30", budget="1000000",
        forecast_cost="1020000", rag_overall="GREEN", bind_jira=["APO"],
    )  # fmt: skip
    rows.register("pmo-files", "ZERO", row=9, name="Zero")
    rows.scope("jira-cloud", "APO")
    rows.scope("jira-cloud", "LOST")
    rows.item("jira-cloud", "APO", due=date(2025, 12, 31), hub_type="epic", type="Epic")
    rows.item("jira-cloud", "LOST")
    rows.milestone(
        "pmo-files",
        "APOLLO",
        "Go live",
        critical=True,
        baseline=date(2025, 12, 19),
        forecast=date(2026, 1, 30),
    )
    rows.raid("pmo-files", "APOLLO", title="Late supplier", probability=5.0, impact=4.0)
    rows.cost("pmo-files", "APOLLO", "forecast", "10000", period=date(2026, 1, 1), currency="GBP")
    for week in range(3):
        known = T0 + timedelta(days=7 * week)
        consolidate(engine, as_of=known.date(), known_at=known)


def test_every_value_the_path_consolidates_has_a_page_and_a_receipt(engine: Engine) -> None:
    consolidated(engine)
    asking = client(engine)
    status = asking.get("/api/v1/status").json()
    assert [project["key"] for project in status["projects"]] == ["APOLLO", "ZERO"]
    assert asking.get("/").status_code == 200
    apollo = asking.get("/projects/APOLLO")
    assert "42 days late" in apollo.text
    assert "Late supplier" in apollo.text
    assert asking.get("/projects/ZERO").status_code == 200
    for attribute in ("overall", "health", "data_quality", "watermelon", "schedule", "cost", "scope", "risk", "benefit",
                      "resource", "budget", "forecast_finish", "sponsor", "rag_overall"):  # fmt: skip
        for key in ("APOLLO", "ZERO"):
            assert asking.get(f"/projects/{key}/receipt/{attribute}").status_code == 200, (key, attribute)
            assert asking.get(f"/api/v1/projects/{key}/explain/{attribute}").status_code == 200
    assert "register.xlsx!Projects!" in asking.get("/projects/APOLLO/receipt/schedule").text


def test_a_scope_nobody_claims_is_listed_with_its_work_items(engine: Engine) -> None:
    consolidated(engine)
    asking = client(engine)
    assert "LOST" in asking.get("/sources").text
    unbound = asking.get("/api/v1/scopes", params={"bound": "false"}).json()["items"]
    assert [scope["key"] for scope in unbound] == ["LOST"]
    assert (
        asking.get("/api/v1/work-items", params={"project": "APOLLO"}).json()["items"][0]["project"]
        == "APOLLO"
    )


def test_a_key_with_a_slash_and_other_marks_of_an_address_has_its_pages(engine: Engine) -> None:
    rows = Rows(engine)
    rows.source("pmo-files", "excel")
    key = "P/3 ü&?#%2F"
    rows.register("pmo-files", key, name="Slash", budget="1000")
    consolidate(engine, as_of=T0.date(), known_at=T0)
    asking, said = client(engine), quote(key, safe="")
    assert "Slash" in asking.get(f"/projects/{said}").text
    assert asking.get(f"/projects/{said}/receipt/budget").status_code == 200
    assert asking.get(f"/api/v1/projects/{said}").json()["key"] == key
    assert asking.get(f"/api/v1/projects/{said}/explain/budget").status_code == 200
    assert asking.get("/projects/P%2F4").status_code == 404
