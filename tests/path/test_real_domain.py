"""The real registers of the domain: read by a source, held to templates, coloured; the worked figures come out."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any, Final

import pytest
import yaml
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from config import shipped
from config.database import open_engine
from model.collection.roles import Actor
from sync.collection.tailoring import approve, ask, parse
from sync.collection.templates import install
from sync.consolidate import consolidate
from sync.inspect import discover_source
from sync.policy.steps import approve as approve_policy
from sync.policy.steps import propose
from sync.receipts import explain, status_document
from sync.registry import utc_now
from tests.support.api_client import client
from tests.support.databases import cloned
from tests.support.oracles import oracle
from tests.support.sandbox_sources import configure
from tests.support.shared import SHARED, needs_shared
from tests.support.store import ask as asked
from tests.support.store import pulled

pytestmark = needs_shared

DOMAIN: Final = SHARED / "data" / "domain"
IDA: Final = Actor("Ida Lindqvist", frozenset(["specialist"]))
ADA: Final = Actor("Ada Obi", frozenset(["pmo_head"]))
OLE: Final = Actor("Ole Brandt", frozenset(["pmo_head"]))


def today() -> date:
    """Return the day: a pull writes down when it was, so that these tests look at what is known now."""
    return utc_now().date()


def coloured(engine: Engine) -> None:
    consolidate(engine, as_of=today(), known_at=utc_now())


def source(name: str, folder: Path, *workbooks: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "kind": "excel", "folder": str(folder), "workbooks": list(workbooks)}


def register(folder: Path, *keys: str) -> dict[str, Any]:
    """Return a source of projects: the real files name theirs, but hold none."""
    rows = ["Project ID,Project name,Tier,Stage", *(f"{key},Project {key},1,deliver" for key in keys)]
    (folder / "register.csv").write_text("\n".join(rows), encoding="utf-8")
    return source("register", folder, {"path": "register.csv", "holds": "projects", "key": "Project ID"})


def tailor(engine: Engine, template: str, **changes: Any) -> None:
    """Let an officer ask for other rules, and another approve them."""
    written = {
        "template": template,
        "applies": {},
        "changes": changes,
        "because": "As this office keeps its books",
    }
    with engine.begin() as connection:
        install(connection, day=today(), now=utc_now())
        number = ask(connection, parse(written, where="tailoring.yaml"), actor=IDA, now=utc_now())
        approve(connection, number, actor=OLE, now=utc_now())


def findings(engine: Engine, rule: str, kind: str = "missing") -> int:
    [found] = asked(
        engine,
        "SELECT count(*) AS n FROM finding WHERE rule = :rule AND kind = :kind AND closed_at IS NULL",
        rule=rule,
        kind=kind,
    )
    return int(found["n"])


@pytest.fixture(scope="module")
def empty(template_url: str) -> Iterator[Engine]:
    with cloned(template_url) as url:
        engine = open_engine(url)
        yield engine
        engine.dispose()


# --- D1: the US Army Corps of Engineers' risks

CORPS: Final = {
    "path": "usace_risks.csv", "holds": "raid", "kind": "risk", "project": "LOCK", "key": ["OBJECTID", "ENG_LEVEL"],
    "columns": {
        "item_id": "RISK_NO", "title": "RISK_OPPORTUNITY_EVENT", "owner": "OWNER", "reviewed_on": "POC_REVIEW_DATE",
        "state": "MANAGEMENT_STATUS", "likelihood": "COST_LIKELIHOOD", "severity": "COST_IMPACT",
        "rating": "COST_RISK", "schedule_likelihood": "SCHEDULE_LIKELIHOOD", "schedule_severity": "SCHEDULE_IMPACT",
        "schedule_rating": "SCHEDULE_RISK",
    },
}  # fmt: skip
LEVELS: Final = {"Low": "low", "Moderate": "medium", "High": "high"}


def go_by(engine: Engine, cells: Any) -> None:
    """Let the office put the matrix into a version of its policy, and another person approve it."""
    written = yaml.safe_load(shipped.text("policies", "default"))
    written["limits"]["risk"]["matrix"] = {"cells": cells, "levels": LEVELS}
    written |= {"version": "2.0.0", "effective_from": today()}
    with engine.begin() as connection:
        text = yaml.safe_dump(written)
        propose(
            connection, text, where="policy.yaml", actor=ADA, because="The Corps' own matrix", now=utc_now()
        )
        approve_policy(
            connection, "default", "2.0.0", actor=OLE, because="As the board decided", now=utc_now()
        )


@pytest.fixture(scope="module")
def corps(template_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    with cloned(template_url) as url:
        engine = open_engine(url)
        configure(engine, register(tmp_path_factory.mktemp("corps"), "LOCK"), source("corps", DOMAIN, CORPS))
        pulled(engine, "register")
        assert pulled(engine, "corps").counts("raid") == (59, 0, 0)
        yield engine
        engine.dispose()


def test_a_risk_goes_by_the_number_in_the_column_that_was_said_and_not_by_the_key(corps: Engine) -> None:
    rows = asked(corps, "SELECT item_id FROM raid_item")

    assert not [row for row in rows if row["item_id"] in ("Level 1", "Level 2", "TEST")]
    assert sum(row["item_id"] is not None for row in rows) > 50


def test_the_corps_register_reproduces_its_own_matrix(corps: Engine) -> None:
    worked = oracle("D1_usace_matrix")["out"]
    learned = client(corps).get("/api/v1/risk-matrix", params={"source": "corps"}).json()
    cells = {
        f"{row} / {column}": word for row, found in learned["cells"].items() for column, word in found.items()
    }

    assert len(asked(corps, "SELECT 1 FROM raid_item")) == worked["risks"]
    assert (learned["pairs"], len(learned["contradictions"])) == (
        worked["scored_pairs"],
        worked["contradictions"],
    )
    assert cells == worked["cells"]

    coloured(corps)
    go_by(corps, learned["cells"])
    coloured(corps)
    with Session(corps) as session:
        risk = explain(session, "LOCK", "risk")
    inputs = next(rule["inputs"] for rule in risk["rules"] if rule["id"] == "F7")
    assert (inputs["rated_by_register"], inputs["rated_otherwise"]) == (109, 0)


def test_the_corps_register_has_13_risks_without_an_owner_and_6_never_reviewed(corps: Engine) -> None:
    worked = oracle("D1_usace_matrix")["out"]
    coloured(corps)

    assert findings(corps, "owner") == worked["without_owner"]
    assert findings(corps, "reviewed_on") == worked["without_review_date"]


# --- D2: the cycle times of a Jira


@pytest.mark.slow  # 4,123 records are held to a template
def test_the_jira_cycle_times_are_valid_as_far_as_they_end_after_they_begin(
    template_url: str, tmp_path: Path
) -> None:
    worked = oracle("D2_jira")["out"]
    issues = {
        "path": "jira_cycle_times.csv", "holds": "raid", "kind": "issue", "key": "id",
        "columns": {"title": "task", "project_ref": "project", "raised_on": "created_date",
                    "closed_on": "finished_date"},
    }  # fmt: skip
    with cloned(template_url) as url:
        engine = open_engine(url)
        configure(engine, register(tmp_path, *worked["projects"]), source("jira-export", DOMAIN, issues))
        pulled(engine, "register")
        run = pulled(engine, "jira-export")
        assert run.counts("raid") == (worked["rows"], 0, 0)
        [line] = [each for each in run.warnings if "after" in each]
        assert (
            f"{worked['finished_before_created']} of {worked['rows']} rows have 'created_date' after" in line
        )

        never = {name: {"required": None} for name in ("cause", "effect", "owner", "state", "impact", "action",
                 "action_due", "reviewed_on")}  # fmt: skip
        tailor(
            engine, "raid-log", fields=never,
            add={
                "fields": [{"id": "closed_on", "label": "Closed on", "type": "date", "fill": "auto", "weight": 1}],
                "checks": [{"id": "J01", "dim": "validity", "severity": "warn", "says": "It ends before it begins",
                            "expr": "closed_on == null || raised_on == null || closed_on >= raised_on"}],
            },
        )  # fmt: skip
        coloured(engine)
        wrong = findings(engine, "J01", "failed")
        assert wrong == worked["finished_before_created"]
        assert round(1 - wrong / worked["rows"], 6) == worked["validity"]
        engine.dispose()


# --- D3: the capital projects of Melbourne Water

WATER: Final = {
    "path": "melbourne_water_capital_projects.csv", "holds": "projects", "key": "ID",
    "columns": {"chartered_on": "PBC", "baseline_start": "Stage1", "baseline_finish": "Stage2"},
}  # fmt: skip


@pytest.fixture(scope="module")
def water(template_url: str) -> Iterator[Engine]:
    with cloned(template_url) as url:
        engine = open_engine(url)
        configure(engine, source("water", DOMAIN, WATER))
        yield engine
        engine.dispose()


def test_how_the_capital_projects_write_their_dates_is_counted_by_discovery(water: Engine) -> None:
    found = discover_source(water, "water", connections=1)
    told = {field["name"]: field["dates"] for field in found.fields if "dates" in field}

    assert told == oracle("D3_melbourne")["out"]["formats"]
    assert any("PBC: its dates are written in several ways: 232 blank, " in each for each in found.warnings)


@pytest.mark.slow  # 445 projects are consolidated
def test_the_capital_projects_are_complete_as_far_as_their_business_cases_are_dated(water: Engine) -> None:
    worked = oracle("D3_melbourne")["out"]
    run = pulled(water, "water")
    assert run.counts("projects") == (worked["rows"], worked["duplicate_ids"], 0)
    [line] = [each for each in run.warnings if "after" in each]
    assert f"{worked['stage1_after_stage2']} of 442 rows have 'Stage1' after 'Stage2'" in line

    dated = {"id": "chartered_on", "label": "Business case approved on", "type": "date", "fill": "prefill",
             "bind": "charter.approved_on", "required": "always", "weight": 5}  # fmt: skip
    tailor(water, "monthly-status", add={"fields": [dated]})
    coloured(water)
    with Session(water) as session:
        assert len(status_document(session)["projects"]) == worked["rows"]
    blank = worked["formats"]["PBC"]["blank"]
    assert findings(water, "chartered_on") == blank
    assert worked["rows"] - blank == 213  # of 445: the completeness that the domain's notes give
