"""Every formula of the status rules is at work somewhere in the demo's portfolio, on what its sources brought."""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from config.database import open_engine
from sync.receipts import explain
from sync.rollup.rollup import rollups
from sync.verification.verify import verify
from tests.support.api_client import client
from tests.support.databases import cloned
from tests.support.muster_process import environment, muster
from tests.support.rereading import reread
from tests.support.shared import SHARED, needs_shared

pytestmark = pytest.mark.slow  # the whole demo, once

Project = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Demo:
    """The demo's store, and each project's entry of the status document by its key."""

    engine: Engine
    projects: dict[str, Project]

    def count(self, statement: str) -> int:
        """Count what a statement finds."""
        with self.engine.connect() as connection:
            return int(connection.execute(text(f"SELECT count(*) FROM ({statement}) AS found")).scalar_one())

    def explained(self, key: str, name: str) -> dict[str, Any]:
        """Return the receipt of a number or a colour."""
        with Session(self.engine) as session:
            return explain(session, key, name)


@pytest.fixture(scope="module")
def demo(template_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    with cloned(template_url) as url:
        given = environment(tmp_path_factory.mktemp("demo"), url)
        muster(given, "demo", "--once", seconds=1200)
        document = json.loads(muster(given, "status", "--format", "json"))
        engine = open_engine(url)
        yield Demo(engine, {each["key"]: each for each in document["projects"]})
        engine.dispose()


def dimension(name: str, rule: str) -> Callable[[Project], bool]:
    """Say that a rule gives a project's dimension a colour that is not grey."""

    def at_work(project: Project) -> bool:
        found = project["dimensions"][name]
        return found["colour"] != "GREY" and any(reason["rule"] == rule for reason in found["reasons"])

    return at_work


def number(*names: str) -> Callable[[Project], bool]:
    """Say that all of these measures are known."""
    return lambda project: all(project["measures"][name]["value"] is not None for name in names)


def both(*conditions: Callable[[Project], bool]) -> Callable[[Project], bool]:
    return lambda project: all(condition(project) for condition in conditions)


# Of each formula the project that exercises it, the condition, and the numbers whose receipts are followed.
OF_PROJECTS: Final[dict[str, tuple[str, Callable[[Project], bool], tuple[str, ...]]]] = {
    "F1": ("PORTAL", dimension("schedule", "F1"), ("schedule",)),
    "F2": ("LEDGER", both(dimension("cost", "F2"), number("cpi", "spi", "eac", "earned_schedule_finish")),
           ("cpi", "earned_schedule_finish")),
    "F3": ("LEDGER", number("cpi_recent", "spi_recent"), ("cpi_recent",)),
    "F4": ("LEDGER", dimension("cost", "F4"), ("cost",)),
    "F5": ("NETWORK", both(dimension("schedule", "F5"), number("milestone_slope", "milestone_lateness")),
           ("milestone_lateness",)),
    "F6": ("LEDGER", both(dimension("risk", "F6"), lambda p: p["measures"]["issues_overdue"]["value"] == 1),
           ("issues_overdue",)),
    "F7": ("CAMPUS", both(dimension("risk", "F7"), lambda p: p["measures"]["risks_unowned"]["value"] == 1),
           ("risk_emv", "risks_unowned")),
    "F8": ("LEDGER", dimension("benefit", "F8"), ("benefit_variance",)),
    "F9": ("DATAHUB", dimension("scope", "F9"), ("scope_uncontrolled",)),
    "F10": ("DATAHUB", dimension("resource", "F10"), ("utilisation",)),
    "F11": ("PORTAL", number("criteria_failed", "reviews_overdue"), ("criteria_failed",)),
    "F12": ("SIGNON", lambda p: p["data_quality"]["score"] is not None, ("data_quality",)),
    "F13": ("PORTAL", lambda p: p["overall"] == "RED" and p["health"] is not None, ("overall", "health")),
    "F14": ("PORTAL", lambda p: p["watermelon"] == 2, ("watermelon",)),
    "F16": ("CASEWORK", lambda p: bool(p["measures"]["behaviour"]["value"]), ("behaviour",)),
    "F17": ("PORTAL", number("done_p50", "done_p85", "done_p95"), ("done_p85",)),
    "F21": ("CLOUD", lambda p: p["measures"]["slip_absorbed_share"]["value"] > 0, ("slip_absorbed_share",)),
    "F25": ("NETWORK", lambda p: p["measures"]["contract_renewal"]["value"] is True, ("contract_gap",)),
    "F26": ("LEDGER", lambda p: p["measures"]["green_plausible"]["value"] is False, ("green_improvement",)),
}  # fmt: skip
# Those that are of reports, cycles and runs: what they found, as it is stored.
OF_THE_STORE: Final = {
    "F20": "SELECT 1 FROM submission WHERE published_at IS NOT NULL",
    "F22": "SELECT 1 FROM finding f JOIN project p ON p.id = f.project_id WHERE f.template = 'narrative'"
    " AND f.kind = 'repeated' OR f.rule = 'C07' AND p.key = 'ARCHIVE'",
    "F24": "SELECT 1 FROM run_stream WHERE said IS NOT NULL AND said = stored + rejected + filtered",
}


def test_a_project_of_two_programmes_and_one_paid_in_euros_are_rolled_up_by_a_stated_rate(demo: Demo) -> None:
    with Session(demo.engine) as session:
        whole, *programmes = rollups(session)
    named = {each["name"]: {part["key"]: part for part in each["inputs"]} for each in programmes}
    people = named["Core systems"]["PEOPLE"]
    assert (people["budget"]["currency"], people["cost"]) == ("EUR", "643800.00")  # 740,000 at 0.87
    assert (named["Digital services"]["SIGNON"]["cost"], named["Core systems"]["SIGNON"]["share"]) == (
        "620000.00",
        40,
    )
    assert [(rate["rate"], rate["projects"]) for rate in whole["rates"]] == [("0.87", ["PEOPLE"])]


def test_what_was_earned_is_booked_by_finance_where_it_books_it_and_is_a_share_of_the_budget_elsewhere(
    demo: Demo,
) -> None:
    booked, counted = (demo.explained(key, "earned_value") for key in ("LEDGER", "PEOPLE"))
    assert demo.count("SELECT 1 FROM cost_line WHERE kind = 'earned'") > 100
    assert {record["entity"] for record in booked["records"]} == {"cost_line"}
    assert counted["value"] is not None


OF_ANSWERS: Final = "source_id IN (SELECT id FROM source WHERE kind = 'collection')"
# F15 and F18 score colours and forecasts once the outcome is known: ARCHIVE has finished, and these are its past.
OF_AN_OUTCOME: Final = {
    "F15": "s.reported IS NOT NULL AND s.overall <> 'GREY'",
    "F18": "s.document->'measures'->'earned_schedule_finish'->>'value' IS NOT NULL"
    " AND s.document->'measures'->'done_p50'->>'value' IS NOT NULL",
}


@pytest.mark.parametrize("formula", OF_PROJECTS)
def test_a_project_of_the_demo_exercises_the_formula(demo: Demo, formula: str) -> None:
    key, at_work, _ = OF_PROJECTS[formula]

    assert at_work(demo.projects[key]), demo.projects[key]


@pytest.mark.parametrize("formula", OF_PROJECTS)
def test_its_numbers_lead_to_claims_or_rows_that_were_read_somewhere(demo: Demo, formula: str) -> None:
    key, _, names = OF_PROJECTS[formula]
    for name in names:
        receipt = demo.explained(key, name)
        claims = [claim for each in receipt.get("from", ()) for claim in each.get("claims", ())]
        read = [each["raw"] for each in (*receipt.get("records", ()), *claims, *receipt.get("claims", ()))]
        if formula != "F12":  # of its templates' results
            assert any(raw["sha256"] and raw["locator"] for raw in read if raw), (name, receipt)


@pytest.mark.parametrize("formula", OF_THE_STORE)
def test_what_is_of_reports_cycles_and_runs_is_at_work_too(demo: Demo, formula: str) -> None:
    assert demo.count(OF_THE_STORE[formula]) > 0


def test_the_cycle_of_the_demo_is_measured_by_what_was_handed_in(demo: Demo) -> None:
    asking = client(demo.engine, name="cycles")
    [cycle] = [
        each for each in asking.get("/api/v1/cycles").json()["items"] if each["template"] == "monthly-status"
    ]
    board = asking.get(f"/api/v1/cycles/{cycle['id']}").json()
    told, states = board["measures"], Counter(each["state"] for each in board["submissions"])
    assert told["owed"] == len(demo.projects) == sum(states.values())
    first = sum(states[state] for state in ("approved", "published"))
    assert 0 < first == told["approved"] < told["submitted"] < told["owed"]
    assert told["first_pass"] == round(first / told["submitted"], 4)  # F20
    assert 0 < told["on_time"] < 1 > told["automatic"] > 0


@pytest.mark.parametrize("formula", OF_AN_OUTCOME)
def test_a_project_that_has_finished_has_a_past_to_be_scored(demo: Demo, formula: str) -> None:
    past = (
        "SELECT 1 FROM snapshot s JOIN project p ON p.id = s.project_id JOIN claim c ON c.project_id = p.id"
        " WHERE p.key = 'ARCHIVE' AND c.attribute = 'actual_finish' AND s.as_of < CAST(c.value #>> '{}' AS date)"
    )
    assert demo.count(f"{past} AND {OF_AN_OUTCOME[formula]}") >= 8


def test_programmes_are_rolled_up_by_their_worst_and_by_counts(demo: Demo) -> None:
    found = client(demo.engine).get("/api/v1/portfolio").json()
    mixed = [each for each in found["programmes"] if len(each["overall"]) > 1]

    assert {each["worst"] for each in mixed} == {"RED"}  # F19
    assert sum(found["overall"].values()) == len(demo.projects)


def test_a_project_with_a_matrix_has_its_risks_rated_by_the_words_of_its_register(demo: Demo) -> None:
    (words,) = [each["inputs"] for each in demo.explained("NETWORK", "risk")["rules"] if each["id"] == "F7"]
    assert (words["rated_by_register"] >= 5, words["rated_otherwise"]) == (True, 0)
    held = demo.explained("NETWORK", "risk")["held_to"]["layers"]
    assert "the estates programme rates its risks by a matrix of words" in json.dumps(held)
    (product,) = [each["inputs"] for each in demo.explained("CAMPUS", "risk")["rules"] if each["id"] == "F7"]
    assert "rated_by_register" not in product
    assert demo.projects["NETWORK"]["dimensions"]["risk"]["colour"] == "AMBER"  # F7: a high one is open


def test_colours_and_forecasts_of_the_demo_are_scored_without_being_asked_for_a_horizon(demo: Demo) -> None:
    found = client(demo.engine, name="outcomes").get("/api/v1/outcomes").json()
    assert found["terms"]["horizon_days"] < found["terms"]["usual_horizon_days"]
    assert (found["colours"]["decided"] > 10, found["colours"]["adverse"] > 0) == (True, True)  # F15
    computed = next(each for each in found["colours"]["raters"] if each["by"] == "computed")
    assert None not in (computed["brier"], computed["skill"], computed["auc"])
    assert found["forecasters"]["scored"] > 0  # F18
    assert {each["forecaster"] for each in found["forecasters"]["scores"]} >= {"manager", "throughput"}


def test_published_status_comes_out_again_from_its_pages_items_and_answers_with_them(demo: Demo) -> None:
    found = verify(demo.engine, every=True)
    assert [each.says for each in found.faults] == []
    for table, where in (
        ("work_item", "true"),
        ("claim", OF_ANSWERS),
        ("raid_item", "true"),
        ("cost_line", "true"),
    ):
        count, faults = reread(demo.engine, [table], where=where)
        assert (faults, count > 0) == ("", True), table


@needs_shared
def test_no_formula_of_the_rules_is_missing_here() -> None:
    rules = (SHARED / "domain.md").read_text(encoding="utf-8").partition("## 4. Status rules")[2]
    named = set(re.findall(r"\*\*(F[0-9]+) ", rules.partition("\n## ")[0]))
    assert len(named) > 20
    tested = {name.partition(" ")[0] for name in (*OF_PROJECTS, *OF_THE_STORE, *OF_AN_OUTCOME)}
    assert named - tested == {"F19"}  # of roll-ups: the test before
