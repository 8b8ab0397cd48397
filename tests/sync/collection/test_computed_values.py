"""What the template works out is shown, sent and published as such, and judged anew with what it comes from."""

from typing import Any

import pytest
from sqlalchemy import Engine

from sync.workbook.layout import base_of
from tests.support.api_client import client
from tests.support.cycles import REPORT, Office, office
from tests.support.forms import form_of
from tests.support.submissions import CONTEXT, open_submission, speaking_for

RISK: dict[str, Any] = {
    "item_id": "R-014", "kind": "risk", "title": "Vendor misses the interface delivery", "owner": "Ada Obi",
    "state": "open", "raised_on": "2025-02-10", "reviewed_on": "2025-06-12", "probability": 4, "impact": 3,
}  # fmt: skip


@pytest.fixture
def apollo(engine: Engine) -> Office:
    found = office(engine)
    found.project("APOLLO")
    found.open()
    return found


def raid(engine: Engine) -> Any:
    context = {**CONTEXT, "similar_open_items": 0, "linked_issue": None}
    return open_submission(
        engine, template="raid-log", version="2.0.0", filled={"R-014": RISK}, context=context
    )


def test_the_month_reported_is_shown_sent_and_published(apollo: Office) -> None:
    case = apollo.case()
    assert case.records[0].shown()["period"] == "2026-10"
    assert base_of(case.records)[""]["period"] == "2026-10"
    apollo.answer(REPORT)
    head = apollo.through("submit", "review", "approve", "publish")
    document = client(apollo.engine).get(f"/api/v1/submissions/{head.id}/publication").json()["document"]
    assert document["records"][0]["values"]["period"] == {"value": "2026-10", "from": "computed"}


def test_a_score_follows_what_it_is_worked_out_from_in_the_api_and_the_form(engine: Engine) -> None:
    at = raid(engine)
    asking = speaking_for(engine)

    def score() -> dict[str, Any]:
        records = asking.get(f"/api/v1/submissions/{at.id}").json()["records"]
        return next(each for each in records[0]["fields"] if each["field"] == "score")

    assert (score()["value"], score()["filled"]["source"], score()["answer"]) == (12, "computed", None)
    asking.patch(
        f"/api/v1/submissions/{at.id}/answers?draft=true", headers={"If-Match": "*"},
        json={"answers": [{"record": "R-014", "field": "impact", "value": 5, "because": "Graver now"}]},
    )  # fmt: skip
    assert score()["value"] == 20
    page = asking.get(f"/submissions/{at.id}/record?ref=R-014", headers={"Accept": "text/html"}).text
    shown = page[page.index('id="f-score"') :][:900]
    assert "<strong>20</strong>" in shown
    assert "computed by Muster" in shown
    assert form_of(page).values


def test_a_new_risk_has_its_score(engine: Engine) -> None:
    at = raid(engine)
    given = {"kind": "risk", "title": "The test centre closes early", "probability": 2, "impact": 4}
    stored = speaking_for(engine).patch(
        f"/api/v1/submissions/{at.id}/answers?draft=true", headers={"If-Match": "*"},
        json={"answers": [{"record": "new-1", "field": name, "value": each} for name, each in given.items()]},
    ).json()  # fmt: skip
    [made] = [each for each in stored["records"] if each["ref"] != "R-014"]
    assert next(each["value"] for each in made["fields"] if each["field"] == "score") == 8
