"""What a project's own submission says of another project, to whoever may not see that one."""

import io
import json
from typing import Any

import pytest
from openpyxl import load_workbook
from sqlalchemy import Engine, text

from tests.api.test_form import PAGE, RISK, raid, send, shown
from tests.support.any_rows import add_row
from tests.support.store import ask
from tests.support.submissions import Opened, speaking_for

WORDS = "a project that you may not see"
NEEDS: dict[str, Any] = {
    "R-014": {**RISK, "item_id": "D-001", "kind": "dependency", "gives": "SIGNON", "needed_by": "2026-01-05"},
    "R-015": {
        **RISK,
        "item_id": "D-002",
        "kind": "dependency",
        "gives": " portal ",
        "needed_by": "2026-01-05",
    },
}


@pytest.fixture
def at(engine: Engine) -> Opened:
    opened = raid(engine, **NEEDS)
    with engine.begin() as connection:
        add_row(connection, "project", key="SIGNON", name="Single sign-on", origin="register")
    return opened


def gives(document: dict[str, Any], record: str = "R-014") -> dict[str, Any]:
    [found] = [each for each in document["records"] if each["ref"] == record]
    return next(each for each in found["fields"] if each["field"] == "gives")


def test_a_submission_names_no_project_that_its_reader_may_not_see(engine: Engine, at: Opened) -> None:
    few = speaking_for(engine, projects=["PORTAL"])
    every = speaking_for(engine, name="every")
    for path in ("/api/v1/submissions/{}", "/submissions/{}/record?ref=R-014", "/submissions/{}"):
        answer = few.get(path.format(at.id), headers=PAGE)
        assert answer.status_code == 200, answer.text
        assert "SIGNON" not in answer.text, path
    whole = every.get(f"/api/v1/submissions/{at.id}").json()
    part = few.get(f"/api/v1/submissions/{at.id}").json()
    assert (gives(whole)["value"], gives(part)["value"], gives(part)["filled"]["value"]) == (
        "SIGNON",
        WORDS,
        WORDS,
    )
    assert gives(part, "R-015")["value"] == " portal ", "its own project is told as it was written"
    assert "SIGNON" in every.get(f"/submissions/{at.id}/record?ref=R-014", headers=PAGE).text


def test_what_stands_behind_the_words_stays_when_the_form_is_saved_or_sent_back(
    engine: Engine, at: Opened
) -> None:
    few = speaking_for(engine, projects=["PORTAL"])
    form = shown(few, at, "/record?ref=R-014")
    assert form.values["v.gives"] == WORDS
    form.values["v.needed_by"] = "2026-02-01"
    form.values["because.gives"] = form.values["because.needed_by"] = "Told by the supplier"
    assert send(few, form).status_code == 200
    told = [{"record": "R-014", "field": "gives", "value": WORDS, "because": "As it was"}]
    headers = {"If-Match": "*"}
    answer = few.patch(
        f"/api/v1/submissions/{at.id}/answers?draft=true", json={"answers": told}, headers=headers
    )
    assert answer.status_code == 200, answer.text
    assert "SIGNON" not in answer.text
    stored = ask(engine, "SELECT field, value FROM answer ORDER BY id")
    assert {"field": "needed_by", "value": "2026-02-01"} in stored
    assert [each["value"] for each in stored if each["field"] == "gives"] == ["SIGNON"]


def test_a_workbook_names_none_either_and_takes_the_words_for_what_stood_there(
    engine: Engine, at: Opened
) -> None:
    few = speaking_for(engine, projects=["PORTAL"])
    sent = few.post(f"/api/v1/submissions/{at.id}/workbook")
    assert sent.status_code == 200
    cells = [
        str(cell)
        for sheet in load_workbook(io.BytesIO(sent.content)).worksheets
        for row in sheet.iter_rows(values_only=True)
        for cell in row
    ]
    assert WORDS in cells
    assert not [cell for cell in cells if "SIGNON" in cell]
    back = few.post(f"/api/v1/workbooks?submission={at.id}", content=sent.content)
    assert back.status_code == 200, back.text
    assert "SIGNON" not in back.text
    assert ask(engine, "SELECT count(*) FROM answer") == [{"count": 0}]


def test_what_was_published_is_veiled_too(engine: Engine, at: Opened) -> None:
    frozen = {
        "records": [{"ref": "R-014", "values": {"gives": {"value": "SIGNON", "from": "filled", "filled": {
            "value": "SIGNON", "source": "jira"}}}}],
        "judgement": {"problems": {"R-014": [{"says": "jira says SIGNON: say why it is LEDGER"}]}},
    }  # fmt: skip
    with engine.begin() as connection:
        connection.execute(
            text(
                "UPDATE submission SET frozen = CAST(:frozen AS jsonb), state = 'published', published_at = now()"
            ),
            {"frozen": json.dumps(frozen)},
        )
    path = f"/api/v1/submissions/{at.id}/publication"
    assert "SIGNON" not in speaking_for(engine, projects=["PORTAL"]).get(path).text
    assert "SIGNON" in speaking_for(engine, name="every").get(path).text
