"""What people answered is held to the document that was frozen of it: claims, records and money."""

from collections.abc import Iterator
from datetime import date, timedelta

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from config.database import open_engine
from sync.receipts_rows import TABLES
from sync.tables import columns_of
from sync.verification.followed import Trail, follow_records
from sync.verification.verify import verify
from tests.support.cycles import OPENED, REPORT, office
from tests.support.databases import cloned
from tests.support.rereading import reread

WEEK = timedelta(days=7)
PUBLISH = ("submit", "review", "approve", "publish")
OF_COLLECTION = "source_id = (SELECT id FROM source WHERE kind = 'collection')"


@pytest.fixture(scope="module")
def engine(template_url: str) -> Iterator[Engine]:
    """A report, an answer about a source's risk, a change request and a month of money, all published."""
    with cloned(template_url) as url:
        engine = open_engine(url)
        apollo = office(engine)
        apollo.project("APOLLO")
        apollo.known()
        project = apollo.rows.project_id("APOLLO")
        apollo.rows.raid(
            "pmo-files", "APOLLO", item_id="R-001", title="The supplier is late again", state="open", probability=2,
            impact=4, owner="Ada", cause="Two engineers left them", project_id=project,
            effect="The test begins four weeks late", raised_on=date(2026, 9, 1), reviewed_on=date(2026, 10, 30),
        )  # fmt: skip
        for kind, month, amount in (("actual", 9, "100"), ("forecast", 11, "80"), ("baseline", 9, "900")):
            apollo.rows.cost("pmo-files", "APOLLO", kind, amount, category="Staff", currency="GBP",
                             period=date(2026, month, 1), project_id=project)  # fmt: skip
        apollo.open()
        apollo.answer(REPORT)
        apollo.answer({"forecast_cost": 1040.5}, because="The last invoice was announced")
        apollo.through(*PUBLISH)
        apollo.open("raid-log")
        apollo.answer({"owner": "Bo", "probability": 5}, ref="R-001", because="Agreed in the review")
        apollo.through(*PUBLISH)
        apollo.open("change-request")
        apollo.answer({
            "title": "Pay by instalments", "reason": "The regulator asks for it from January on.", "state": "raised",
            "raised_by": "Ada Obi", "approver": "Sam Sponsor", "decide_by": "2026-12-01", "cost_impact": 5000,
        }, ref="new-1")  # fmt: skip
        apollo.through(*PUBLISH)
        apollo.open("cost-forecast")
        months = {f"{2026 + (10 + n) // 12}-{(10 + n) % 12 + 1:02}": 0 for n in range(12)} | {"2026-11": 120}
        apollo.answer({"months": months, "actual": 170}, ref="Staff", because="An invoice came in late")
        why = "The project is smaller than it was approved, by decision of May."
        apollo.answer({"reason": why}, ref="Staff")
        apollo.through(*PUBLISH)
        apollo.known(OPENED + WEEK)
        yield engine
        engine.dispose()


def said(engine: Engine, statement: str | None = None) -> tuple[int, str]:
    """Hold every claim and row of the answers to its page, after a statement that is taken back."""
    tables = [each for each in TABLES if "amends_source_id" in columns_of(each)]
    return reread(engine, ["claim", *tables], where=OF_COLLECTION, statement=statement)


def test_every_claim_record_and_amount_that_was_answered_says_what_its_frozen_document_does(
    engine: Engine,
) -> None:
    count, faults = said(engine)
    assert faults == ""
    with engine.connect() as connection:
        claims = connection.scalar(text(f"SELECT count(*) FROM claim WHERE {OF_COLLECTION}"))
    assert count >= claims + 1 + 1 + 12  # and a risk, a change request, the months
    assert claims > 8


@pytest.mark.parametrize(
    ("statement", "says"),
    [
        ("UPDATE claim SET value = '\"900.00\"' WHERE attribute = 'forecast_cost' AND "
         + OF_COLLECTION, "it says 900.00, the answer 1040.50 (raw page"),
        ("UPDATE claim SET value = '\"2026-10-30\"' WHERE attribute = 'reported_on' AND "
         + OF_COLLECTION, "it says 2026-10-30, the answer 2026-11-02"),
        ("UPDATE claim SET attribute = 'path_to_green' WHERE attribute = 'achievements' AND "
         + OF_COLLECTION, "and nobody answered that at monthly-status 2026-10 achievements"),
        ("UPDATE raid_item SET probability = 1 WHERE amends_source_id IS NOT NULL",
         "probability: it says 1.0, the answer 5 "),
        ("UPDATE raid_item SET answered = ARRAY['owner'] WHERE amends_source_id IS NOT NULL",
         "not every column that was answered is marked as answered"),
        ("UPDATE raid_item SET raw_position = 7 WHERE amends_source_id IS NOT NULL",
         "nobody answered its record 7"),
        ("UPDATE change_request SET cost_impact = 5", "cost_impact: it says 5, the answer 5000"),
        ("UPDATE cost_line SET amount = 12 WHERE period = '2026-11-01' AND " + OF_COLLECTION,
         "it says 12, the answer 120"),
        ("UPDATE submission SET sha256 = repeat('0', 64)", "was published as: it has another hash"),
    ],
)  # fmt: skip
def test_what_is_otherwise_than_it_was_answered_is_found(engine: Engine, statement: str, says: str) -> None:
    assert says in said(engine, statement)[1]


def test_the_receipts_lead_to_answers_and_to_the_record_that_an_answer_is_about(engine: Engine) -> None:
    with Session(engine) as session:
        row = session.execute(text("SELECT receipt, known_at FROM snapshot ORDER BY id DESC LIMIT 1")).one()
        trail = Trail(row.known_at)
        assert list(follow_records(session, row.receipt, trail)) == []
        known = session.execute(
            text("SELECT id, amends_source_id FROM raid_item WHERE known_to IS NULL")
        ).all()
    assert {each.amends_source_id is None for each in known} == {True, False}
    assert {each.id for each in known} <= trail.places.rows["raid_item"].keys()
    found = verify(engine)
    assert found.cells > 8
    assert "submission" not in "".join(each.says for each in found.faults)
