"""A cycle from opening to publication, as an office lives it."""

import pytest
from sqlalchemy import Engine

from tests.support.cycles import HEAD, MANAGER, OFFICER, OPENED, REPORT, SPONSOR, Office, office


@pytest.fixture
def apollo(engine: Engine) -> Office:
    found = office(engine)
    found.project("APOLLO")
    found.open()
    return found


def test_a_cycle_asks_only_for_what_no_source_says(apollo: Office) -> None:
    case = apollo.case()
    assert case.submission.state == "draft"
    filled = case.records[0].filled
    assert filled["forecast_finish"].value == "2026-12-18"
    assert filled["forecast_finish"].source == "pmo-files"
    assert filled["forecast_finish"].locator is not None
    missing = set(case.judge().results[""].missing)
    assert {"rag_overall", "achievements", "next_period"} <= missing
    assert not missing & {"budget", "tier", "forecast_finish", "period"}


def test_a_report_goes_from_answers_to_a_publication_with_a_hash(apollo: Office) -> None:
    case = apollo.answer(REPORT)
    assert [f"{one.field} {one.says}" for _, one in case.judge().blocking()] == []
    assert apollo.move("submit", MANAGER).state == "submitted"
    assert apollo.move("review", OFFICER).state == "in_review"
    assert apollo.move("approve", SPONSOR).state == "approved"
    published = apollo.move("publish", HEAD)
    assert published.state == "published"
    assert published.late is False
    assert published.sha256 is not None
    assert len(published.sha256) == 64
    assert published.published_at == OPENED
