"""The demo's office workbook: from its sheets through claims and rules to colours, measures and receipts."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any, Final

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from config.database import open_engine
from sandbox import workbooks
from sync.consolidate import consolidate
from sync.receipts import explain, status_document
from sync.registry import utc_now
from sync.verification.verify import verify
from tests.support.api_client import client
from tests.support.databases import cloned
from tests.support.rereading import reread
from tests.support.sandbox_sources import configure
from tests.support.store import pulled

KINDS: Final = ("contracts", "benefits", "roles", "utilisation", "reviews")
TODAY: Final = utc_now().date()


def source(name: str, folder: Path, *books: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "kind": "excel", "folder": str(folder), "workbooks": list(books)}


@pytest.fixture(scope="module")
def store(template_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    folder = tmp_path_factory.mktemp("office")
    for name, body in (workbooks.library(TODAY, TODAY) | workbooks.local(TODAY, TODAY)).items():
        (folder / name).write_bytes(body)
    register = {"path": "register.xlsx", "sheet": "Projects", "holds": "projects", "key": "Project ID"}
    sheets = [{"path": "office.xlsx", "sheet": holds.capitalize(), "holds": holds} for holds in KINDS]
    with cloned(template_url) as url:
        engine = open_engine(url)
        configure(engine, source("pmo-files", folder, register), source("office", folder, *sheets))
        for name in ("pmo-files", "office"):
            found = pulled(engine, name)
            assert (found.state, found.rejected, found.warnings) == ("succeeded", {}, [])
        consolidate(engine, as_of=TODAY, known_at=utc_now())
        yield engine
        engine.dispose()


@pytest.fixture(scope="module")
def documents(store: Engine) -> dict[str, dict[str, Any]]:
    with Session(store) as session:
        return {each["key"]: each for each in status_document(session)["projects"]}


def test_a_contract_that_ends_before_its_project_asks_for_renewal(documents: Any, store: Engine) -> None:
    found = documents["NETWORK"]["measures"]

    assert (found["contract_gap"]["value"], found["contract_renewal"]["value"]) == (35, True)
    assert "contract_renewal" in documents["NETWORK"]["flags"]
    assert found["contract_burn"]["value"] < found["contract_elapsed"]["value"] < 100
    assert documents["PORTAL"]["measures"]["contract_renewal"]["value"] is False
    assert documents["SIGNON"]["measures"]["contract_gap"] == {
        "value": None, "unit": "days", "says": "no running contract is on record",
    }  # fmt: skip
    with Session(store) as session:
        receipt = explain(session, "NETWORK", "contract_gap")
    [record] = receipt["records"]
    assert record["raw"]["locator"] == "office.xlsx!Contracts!A9"
    assert record["raw"]["sha256"]


def test_benefits_of_a_sheet_are_claims_and_those_that_are_no_money_are_held_apart(
    documents: Any, store: Engine
) -> None:
    assert documents["LEDGER"]["dimensions"]["benefit"]["colour"] == "AMBER"
    assert -8 < documents["LEDGER"]["measures"]["benefit_variance"]["value"] < -5
    with Session(store) as session:
        receipt = explain(session, "LEDGER", "benefit_target")
        portal = explain(session, "PORTAL", "benefit")
    [claim] = receipt["claims"]
    assert claim["value"] == "8120000.00"
    assert claim["raw"]["locator"] == "office.xlsx!Benefits!A6 and 1 more benefits"
    # Money is on target there; fewer calls than promised are an amber of their own.
    assert documents["PORTAL"]["dimensions"]["benefit"]["colour"] == "AMBER"
    assert [(rule["inputs"].get("unit"), rule["id"]) for rule in portal["rules"]] == [
        ("calls a month", "F8"), (None, "F8"),
    ]  # fmt: skip


def test_a_vacant_key_role_and_weeks_of_too_many_hours_are_amber(documents: Any) -> None:
    campus, hub = (documents[key]["dimensions"]["resource"] for key in ("CAMPUS", "DATAHUB"))

    assert (campus["colour"], campus["reasons"][0]["text"]) == (
        "AMBER",
        "architect has been vacant for 40 days",
    )
    assert (hub["colour"], hub["reasons"][0]["text"]) == ("AMBER", "utilisation over 110 % for 4 weeks")
    assert documents["DATAHUB"]["measures"]["utilisation"]["value"] == 118
    assert documents["SIGNON"]["dimensions"]["resource"]["colour"] == "GREEN"


def test_quality_reviews_are_shown_and_weigh_nothing(documents: Any) -> None:
    found = {key: documents[key]["measures"] for key in ("PORTAL", "NETWORK", "SIGNON", "LEDGER")}

    assert found["PORTAL"]["criteria_failed"]["value"] == 3
    assert found["NETWORK"]["reviews_overdue"]["value"] == 1
    assert (found["SIGNON"]["reviews_overdue"]["value"], found["SIGNON"]["criteria_failed"]["value"]) == (
        0,
        0,
    )
    assert found["LEDGER"]["reviews_overdue"]["value"] is None
    assert "quality" not in documents["PORTAL"]["dimensions"]


def test_each_kind_is_listed_with_its_cells(store: Engine) -> None:
    asking = client(store)
    counts = {}
    for noun in ("contracts", "benefits", "roles", "utilisation", "quality-reviews"):
        items = asking.get(f"/api/v1/{noun}", params={"limit": 100}).json()["items"]
        counts[noun] = len(items)
        assert all(item["locator"].startswith("office.xlsx!") and item["project"] for item in items)
    assert counts == {"contracts": 4, "benefits": 3, "roles": 3, "utilisation": 21, "quality-reviews": 5}
    [expired] = asking.get("/api/v1/contracts", params={"state": "ended"}).json()["items"]
    assert (expired["supplier"], expired["value"], expired["currency"]) == ("Hale & Partners", 90000.0, "GBP")
    assert date.fromisoformat(expired["ends_on"]) < TODAY


FORGED: Final = (
    "UPDATE claim SET value = '\"Mallory Forged\"' WHERE attribute = 'manager' AND value = '\"Maya Lindqvist\"'",
    "UPDATE claim SET locator = 'register.xlsx!Projects!Z99' WHERE attribute = 'budget'",
    "UPDATE benefit SET title = 'Forged' WHERE target IS NOT NULL",
    "UPDATE snapshot SET known_at = known_at + interval '1 day'",
)


def test_what_is_published_stands_in_the_cells_of_the_workbooks(store: Engine) -> None:
    found = verify(store, projects=["PORTAL"])

    assert found.faults == []
    assert found.cells == found.claims + found.records > 30


def test_what_was_forged_with_its_document_receipt_and_hash_is_found_by_its_cell(store: Engine) -> None:
    with store.connect() as connection:
        for statement in FORGED:
            assert connection.execute(text(statement)).rowcount
        told = "\n".join(each.says for each in verify(connection, projects=["PORTAL"]).faults)

    assert "of pmo-files: it says Mallory Forged, its cell Maya Lindqvist (raw page" in told
    assert "it names register.xlsx!Projects!Z99, and was read at register.xlsx!Projects!L6" in told
    assert "title: it says Forged, its record" in told
    assert "there was no consolidation at its two clocks: one of them was changed since" in told


def test_every_claim_and_row_says_what_its_cell_does_and_one_that_was_changed_is_found(store: Engine) -> None:
    tables = ("claim", "contract", "benefit", "project_role", "utilisation", "quality_review")
    count, faults = reread(store, tables)
    assert (faults, count > 200) == ("", True)
    _, faults = reread(
        store, ["claim"], statement="UPDATE claim SET value = '\"7.00\"' WHERE attribute = 'budget'"
    )
    assert "it says 7.00, its cell 2400000.00 (raw page" in faults
    _, faults = reread(
        store, ["contract"], statement="UPDATE contract SET invoiced = 7 WHERE contract_id = 'C-01'"
    )
    assert "invoiced: it says 7, its record" in faults
