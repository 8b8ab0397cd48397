"""What people answered becomes claims and rows when it is published, and is taken back when it is withdrawn."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import Engine, text

from config.document import Document
from connectors.errors import MisconfiguredSource
from sync.apply import export, plan
from sync.collection.publication import hash_of
from sync.collection.publish_records import publish_records
from sync.collection.published import NotPublished
from sync.inspect import source_names
from tests.support.cycles import HEAD, OPENED, REPORT, Office, office

WEEK = timedelta(days=7)
PUBLISH = ("submit", "review", "approve", "publish")


@pytest.fixture
def apollo(engine: Engine) -> Office:
    found = office(engine)
    found.project("APOLLO")
    return found


def ask(found: Office, sql: str, **values: Any) -> list[Any]:
    with found.engine.connect() as connection:
        return list(connection.execute(text(sql), values).mappings())


def claims(found: Office) -> dict[str, Any]:
    rows = ask(
        found,
        "SELECT DISTINCT ON (attribute) attribute, value FROM claim c JOIN source s ON s.id = c.source_id"
        " WHERE s.kind = 'collection' ORDER BY attribute, c.id DESC",
    )
    return {row["attribute"]: row["value"] for row in rows}


def document(found: Office) -> dict[str, Any]:
    rows = ask(found, "SELECT document FROM snapshot ORDER BY known_at DESC, id DESC LIMIT 1")
    return dict(rows[0]["document"])


def test_answers_become_claims_and_what_was_only_filled_in_does_not(apollo: Office) -> None:
    apollo.open()
    apollo.answer(REPORT)
    apollo.answer({"forecast_cost": 1040.5}, because="The last invoice was announced", at=OPENED)
    apollo.through(*PUBLISH)
    found = claims(apollo)
    assert found["rag_overall"] == "GREEN"
    assert found["forecast_cost"] == "1040.50"
    assert found["reported_on"] == "2026-11-02"
    assert not found.keys() & {"budget", "forecast_finish", "percent_complete", "tier"}


def test_a_claim_leads_back_to_the_frozen_document_word_for_word(apollo: Office) -> None:
    apollo.open()
    apollo.answer(REPORT)
    head = apollo.through(*PUBLISH)
    [claim] = ask(
        apollo,
        "SELECT c.*, encode(p.sha256, 'hex') AS page, p.stream FROM claim c JOIN raw_page p ON p.id = c.raw_page_id"
        " WHERE c.attribute = 'achievements' AND c.locator LIKE 'monthly-status%'",
    )
    [stored] = ask(apollo, "SELECT frozen, sha256 FROM submission WHERE id = :id", id=head.id)
    assert (claim["page"], claim["sha256"]) == (stored["sha256"], stored["sha256"])
    assert hash_of(stored["frozen"]) == stored["sha256"]
    assert claim["locator"] == "monthly-status 2026-10 achievements"
    assert claim["valid_from"] == date(2026, 10, 31)


def test_what_people_were_asked_goes_before_every_source(apollo: Office) -> None:
    apollo.open()
    apollo.answer(REPORT)
    apollo.answer({"forecast_finish": "2027-02-01"}, because="The supplier told us yesterday")
    apollo.through(*PUBLISH)
    apollo.known(OPENED + WEEK)
    found = document(apollo)
    assert found["reported"] == "GREEN"
    rows = ask(apollo, "SELECT receipt FROM snapshot ORDER BY known_at DESC, id DESC LIMIT 1")
    assert rows[0]["receipt"]["attributes"]["forecast_finish"]["value"] == "2027-02-01"


def test_a_sync_withdraws_no_answer_that_no_row_says(apollo: Office) -> None:
    apollo.open()
    apollo.answer(REPORT)
    apollo.through(*PUBLISH)
    before = claims(apollo)
    apollo.known(OPENED + WEEK)
    assert claims(apollo) == before


def test_a_publication_is_a_run_whose_ledger_balances(apollo: Office) -> None:
    apollo.open()
    apollo.answer(REPORT)
    apollo.through(*PUBLISH)
    [ledger] = ask(
        apollo,
        "SELECT l.*, r.state FROM run_stream l JOIN run r ON r.id = l.run_id JOIN source s ON s.id = r.source_id"
        " WHERE s.kind = 'collection'",
    )
    assert ledger["state"] == "succeeded"
    assert ledger["said"] == ledger["stored"] + ledger["rejected"] + ledger["filtered"] == 1


def test_a_withdrawn_publication_no_longer_counts_and_what_was_said_before_does_again(apollo: Office) -> None:
    apollo.open()
    apollo.answer(REPORT)
    apollo.through(*PUBLISH)
    apollo.open(period="2026-11", at=OPENED + 4 * WEEK)
    apollo.answer(REPORT | {"rag_cost": "AMBER"}, at=OPENED + 4 * WEEK)
    apollo.through(*PUBLISH, at=OPENED + 4 * WEEK)
    assert claims(apollo)["rag_cost"] == "AMBER"
    apollo.move("withdraw", HEAD, at=OPENED + 5 * WEEK, because="The colour was wrong")
    assert claims(apollo)["rag_cost"] == "GREEN"


def test_withdrawing_the_first_publication_leaves_nothing_said(apollo: Office) -> None:
    apollo.open()
    apollo.answer(REPORT)
    apollo.through(*PUBLISH)
    apollo.move("withdraw", HEAD, at=OPENED + WEEK, because="It was published by mistake")
    assert set(claims(apollo).values()) == {None}


def test_what_the_board_must_decide_is_on_record_once(apollo: Office) -> None:
    apollo.open()
    apollo.answer(REPORT | {"decisions_needed": ["Buy or build the gateway", "Who hosts it"]})
    apollo.through(*PUBLISH)
    apollo.open(period="2026-11", at=OPENED + 4 * WEEK)
    apollo.answer(REPORT | {"decisions_needed": ["buy or build the gateway", "D-002", "Extend the contract"]},
                  at=OPENED + 4 * WEEK)  # fmt: skip
    apollo.through(*PUBLISH, at=OPENED + 4 * WEEK)
    rows = ask(apollo, "SELECT * FROM decision WHERE known_to IS NULL ORDER BY decision_id")
    assert [(row["decision_id"], row["title"], row["state"]) for row in rows] == [
        ("D-001", "Buy or build the gateway", "needed"),
        ("D-002", "Who hosts it", "needed"),
        ("D-003", "Extend the contract", "needed"),
    ]
    assert rows[0]["requested_by"] == "Mira Manager"


def test_an_answer_about_a_sources_risk_is_laid_over_it_and_the_rest_stays_the_sources(
    apollo: Office,
) -> None:
    apollo.known()
    apollo.rows.raid(
        "pmo-files", "APOLLO", item_id="R-001", title="The supplier is late again", state="open", probability=2,
        impact=4, owner="Ada", cause="Two engineers left them", project_id=apollo.rows.project_id("APOLLO"),
        effect="The test begins four weeks late", raised_on=date(2026, 9, 1), reviewed_on=date(2026, 10, 30),
    )  # fmt: skip
    apollo.open("raid-log")
    apollo.answer({"owner": "Bo", "probability": 5}, ref="R-001", because="Agreed in the review")
    apollo.through(*PUBLISH)
    rows = ask(apollo, "SELECT * FROM raid_item WHERE amends_source_id IS NOT NULL")
    assert [(row["owner"], row["title"], set(row["answered"])) for row in rows] == [
        ("Bo", None, {"owner", "probability"})
    ]
    apollo.known(OPENED + WEEK)
    record = apollo.open("raid-log", "2026-11", at=OPENED + WEEK) and apollo.case(at=OPENED + WEEK).record(
        "R-001"
    )
    assert record is not None
    assert {name: record.filled[name].value for name in ("owner", "probability", "impact", "title")} == {
        "owner": "Bo", "probability": 5.0, "impact": 4.0, "title": "The supplier is late again",
    }  # fmt: skip
    assert record.filled["owner"].source == "collection"
    assert record.filled["title"].source == "pmo-files"


def test_a_new_change_request_is_a_row_with_its_own_reference(apollo: Office) -> None:
    apollo.open("change-request")
    request = {
        "title": "Pay by instalments", "reason": "The regulator asks for it from January on.", "state": "raised",
        "raised_by": "Ada Obi", "approver": "Sam Sponsor", "decide_by": "2026-12-01", "cost_impact": 5000,
    }  # fmt: skip
    apollo.answer(request, ref="new-1")
    apollo.through(*PUBLISH)
    [row] = ask(apollo, "SELECT * FROM change_request")
    assert (row["request_id"], row["external_id"]) == ("CR-001", "APOLLO/CR-001")
    assert (row["cost_impact"], row["currency"], row["decide_by"]) == (
        Decimal(5000),
        "GBP",
        date(2026, 12, 1),
    )
    assert row["raised_on"] == date(2026, 11, 2)
    apollo.open("change-request", "2026-11", at=OPENED + 4 * WEEK)
    apollo.answer({"state": "withdrawn"}, ref="CR-001", at=OPENED + 4 * WEEK)
    apollo.through(*PUBLISH, at=OPENED + 4 * WEEK)
    rows = ask(apollo, "SELECT * FROM change_request ORDER BY known_from")
    assert [(each["state"], each["title"], each["known_to"]) for each in rows] == [
        ("raised", "Pay by instalments", OPENED + 4 * WEEK),
        ("withdrawn", "Pay by instalments", None),
    ]


def test_a_cost_forecast_becomes_one_line_a_month_that_was_answered(apollo: Office) -> None:
    apollo.known()
    project = apollo.rows.project_id("APOLLO")
    for kind, month, amount in (("actual", 9, "100"), ("actual", 10, "50"), ("forecast", 11, "80"),
                                ("forecast", 12, "90"), ("baseline", 9, "900")):  # fmt: skip
        apollo.rows.cost("pmo-files", "APOLLO", kind, amount, category="Staff", currency="GBP",
                         period=date(2026, month, 1), project_id=project)  # fmt: skip
    apollo.open("cost-forecast")
    filled = apollo.case().record("Staff")
    assert filled is not None
    assert {month: Decimal(each) for month, each in filled.filled["months"].value.items()} == {
        "2026-11": 80, "2026-12": 90,
    }  # fmt: skip
    assert (Decimal(filled.filled["actual"].value), Decimal(filled.filled["budget"].value)) == (150, 900)
    months = {f"{2026 + (10 + n) // 12}-{(10 + n) % 12 + 1:02}": 0 for n in range(12)} | {"2026-11": 80,
                                                                                       "2026-12": 120}  # fmt: skip
    apollo.answer({"months": months, "actual": 170}, ref="Staff", because="An invoice came in late")
    apollo.answer({"reason": "The project is smaller than it was approved, by decision of May."}, ref="Staff")
    apollo.through(*PUBLISH)
    rows = ask(
        apollo, "SELECT l.* FROM cost_line l JOIN source s ON s.id = l.source_id WHERE s.kind = 'collection'"
    )
    by_month = {(row["kind"], row["period"].isoformat()[:7]): row["amount"] for row in rows}
    assert by_month["forecast", "2026-12"] == 120
    assert ("forecast", "2026-11") not in by_month
    assert by_month["actual", "2026-10"] == 70
    apollo.open("cost-forecast", "2026-11", at=OPENED + 4 * WEEK)
    later = apollo.case(at=OPENED + 4 * WEEK).record("Staff")
    assert later is not None
    assert Decimal(later.filled["actual"].value) == 170
    assert Decimal(later.filled["months"].value["2026-12"]) == 120


def test_the_ledger_counts_no_money_twice_that_people_forecast(apollo: Office) -> None:
    apollo.known()
    apollo.rows.cost("pmo-files", "APOLLO", "forecast", "80", category="Staff", currency="GBP",
                     period=date(2026, 12, 1), project_id=apollo.rows.project_id("APOLLO"))  # fmt: skip
    apollo.open("cost-forecast")
    months = {f"{2026 + (10 + n) // 12}-{(10 + n) % 12 + 1:02}": 10 for n in range(12)}
    apollo.answer({"months": months, "actual": 0, "budget": 120}, ref="Staff", because="The ledger is late")
    apollo.through(*PUBLISH)
    apollo.known(OPENED + WEEK)
    apollo.open(at=OPENED + WEEK)
    assert apollo.case(at=OPENED + WEEK).records[0].context["finance"] == {"eac": 80.0}


def test_gate_criteria_come_with_the_submission_and_are_rows_once_answered(apollo: Office) -> None:
    apollo.open("stage-gate-checklist")
    case = apollo.case()
    assert [record.ref for record in case.records][:2] == ["G2-01", "G2-02"]
    for record in case.records:
        apollo.answer(
            {"result": "met", "evidence": "Minutes of 20 October", "assessed_by": "Ada Obi",
             "assessed_on": "2026-10-30"}, ref=record.ref,
        )  # fmt: skip
    apollo.through(*PUBLISH)
    rows = ask(apollo, "SELECT * FROM gate_criterion ORDER BY criterion_id")
    assert len(rows) == len(case.records)
    assert (rows[0]["gate"], rows[0]["mandatory"], rows[0]["result"]) == ("G2", True, "met")


def test_the_charter_is_claims_of_the_project(apollo: Office) -> None:
    apollo.open("project-charter")
    long = "Citizens pay their fees at the counter today, and half of them come twice for it."
    answers = {
        "purpose": long, "objectives": f"By June nobody has to come for it any more. {long}",
        "in_scope": "Fees of the citizens' office, by card and by transfer, from all devices.",
        "out_of_scope": "Fines, and fees of companies.", "deliverables": "The payment page and its ledger feed.",
        "main_risks": "The bank's interface is new to all of us.", "funding": "Programme reserve",
        "success_measures": "Nine of ten payments are made online by the end of next year.",
        "assumptions": "The bank opens its test system in May.", "chartered_on": "2026-01-20",
    }  # fmt: skip
    apollo.answer(answers)
    apollo.through(*PUBLISH)
    assert claims(apollo)["purpose"] == long
    assert "reported_on" not in claims(apollo)


def test_answers_about_a_record_add_up_over_the_periods(apollo: Office) -> None:
    apollo.known()
    apollo.rows.raid(
        "pmo-files", "APOLLO", item_id="R-001", title="The supplier is late again", state="open", probability=2,
        impact=4, owner="Ada", cause="Two engineers left them", project_id=apollo.rows.project_id("APOLLO"),
        effect="The test begins four weeks late", raised_on=date(2026, 9, 1), reviewed_on=date(2026, 10, 30),
    )  # fmt: skip
    apollo.open("raid-log")
    apollo.answer({"probability": 5}, ref="R-001")
    apollo.through(*PUBLISH)
    apollo.open("raid-log", "2026-11", at=OPENED + WEEK)
    apollo.answer({"owner": "Bo"}, ref="R-001", at=OPENED + WEEK)
    apollo.through(*PUBLISH, at=OPENED + WEEK)
    rows = ask(apollo, "SELECT * FROM raid_item WHERE amends_source_id IS NOT NULL AND known_to IS NULL")
    assert [(row["owner"], row["probability"], set(row["answered"])) for row in rows] == [
        ("Bo", 5.0, {"owner", "probability"})
    ]
    apollo.open("raid-log", "2026-12", at=OPENED + 2 * WEEK)
    record = apollo.case(at=OPENED + 2 * WEEK).record("R-001")
    assert record is not None
    assert record.context["score_changes"] == 1
    apollo.known(OPENED + 2 * WEEK)
    assert document(apollo)["dimensions"]["risk"]["colour"] != "GREY"


def test_the_source_of_answers_is_in_no_file_and_nothing_pulls_it(apollo: Office) -> None:
    apollo.open()
    apollo.answer(REPORT)
    apollo.through(*PUBLISH)
    with apollo.engine.connect() as connection:
        assert "collection" not in export(connection)
    assert source_names(apollo.engine) == ["pmo-files"]
    with pytest.raises(LookupError, match="there is no source collection"):
        source_names(apollo.engine, ["collection"])


def test_no_file_may_name_a_source_as_that_of_answers_is_named(engine: Engine) -> None:
    block = {"name": "collection", "kind": "excel", "folder": "x", "workbooks": []}
    wanted = Document.model_validate(
        {"apiVersion": "muster/v1", "sources": [block],
         "portfolio": {"key": "main", "name": "Main", "timezone": "UTC", "currency": "GBP"}}
    )  # fmt: skip
    with engine.connect() as connection, pytest.raises(MisconfiguredSource, match="people's answers"):
        plan(connection, wanted, check=lambda _: None)


def test_what_was_planned_is_held_against_what_was_spent_a_month_later(apollo: Office) -> None:
    apollo.known()
    project = apollo.rows.project_id("APOLLO")
    for month in (10, 11):
        apollo.rows.cost("pmo-files", "APOLLO", "actual", "60", category="Staff", currency="GBP",
                         period=date(2026, month, 1), project_id=project)  # fmt: skip
    apollo.open("monthly-forecast-and-work-plan")
    assert [record.ref for record in apollo.case().records] == ["2026-10", "2026-11", "2026-12"]
    apollo.answer({"actual_hours": 80}, ref="2026-10")
    for month in ("2026-11", "2026-12"):
        plan = {"work": "Move two more departments and train them.", "planned_hours": 100, "planned_cost": 50}
        apollo.answer(plan, ref=month)
    apollo.through(*PUBLISH)
    rows = ask(apollo, "SELECT * FROM work_plan_line ORDER BY month")
    assert [(row["month"], row["planned_cost"], row["actual_cost"]) for row in rows] == [
        ("2026-10", None, 60), ("2026-11", 50, None), ("2026-12", 50, None),
    ]  # fmt: skip
    later = OPENED + 4 * WEEK
    apollo.open("monthly-forecast-and-work-plan", "2026-11", at=later)
    record = apollo.case(at=later).record("2026-11")
    assert record is not None
    assert Decimal(record.filled["planned_cost"].value) == 50
    assert Decimal(record.filled["actual_cost"].value) == 60
    assert "difference" in apollo.case(at=later).judge().results["2026-11"].missing


def test_a_milestone_that_people_moved_moves_the_schedule_and_the_receipt_says_who(apollo: Office) -> None:
    apollo.known()
    apollo.rows.milestone(
        "pmo-files", "APOLLO", "Go live", state="planned", baseline=date(2026, 10, 1), external_id="M-1",
        forecast=date(2026, 12, 1), critical=True, project_id=apollo.rows.project_id("APOLLO"),
    )  # fmt: skip
    apollo.open("milestone-plan")
    apollo.answer({"actual": "2026-10-20", "state": "met", "forecast": None}, ref="M-1", because="It is live")
    apollo.known(OPENED + timedelta(hours=1))
    assert document(apollo)["next_milestone"]["name"] == "Go live"
    apollo.through(*PUBLISH, at=OPENED + timedelta(hours=2))
    apollo.known(OPENED + WEEK)
    assert document(apollo)["next_milestone"] is None
    rows = ask(apollo, "SELECT name, state, actual, forecast, answered FROM milestone"
                       " WHERE amends_external_id = 'M-1'")  # fmt: skip
    assert [(row["state"], row["actual"], row["forecast"]) for row in rows] == [
        ("met", date(2026, 10, 20), None)
    ]
    assert set(rows[0]["answered"]) == {"actual", "forecast", "state"}


def test_an_answer_that_cannot_be_read_is_kept_and_said_and_not_claimed(apollo: Office) -> None:
    apollo.open()
    apollo.answer(REPORT)
    head = apollo.through(*PUBLISH)
    later = OPENED + WEEK
    with apollo.engine.begin() as connection:
        connection.execute(
            text(
                "UPDATE submission SET frozen = jsonb_set(frozen, '{records,0,values,rag_cost,value}', '\"PURPLE\"')"
            )
        )
        found = publish_records(connection, head.id, now=later)
    assert len(found.warnings) == 1
    assert found.warnings[0].startswith("monthly-status 2026-10 rag_cost: ")
    assert "PURPLE" in found.warnings[0]
    [run] = ask(apollo, "SELECT warnings FROM run WHERE id = :id", id=found.run_id)
    assert run["warnings"] == found.warnings
    names = {
        row["attribute"]
        for row in ask(apollo, "SELECT attribute FROM claim WHERE known_from = :at", at=later)
    }
    assert "rag_scope" in names
    assert "rag_cost" not in names


def test_what_was_never_published_cannot_be_written_down(apollo: Office) -> None:
    apollo.open()
    with apollo.engine.begin() as connection, pytest.raises(NotPublished, match="was not published"):
        publish_records(connection, apollo.head().id, now=OPENED)
