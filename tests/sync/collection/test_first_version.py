"""A further report of a project: nobody is held to it before they were asked, and its first trial says so."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, text

from model.collection.roles import Actor
from sync.collection.template_steps import approve, keep_trial, submit, write
from sync.collection.template_trial import try_on_all
from tests.support.cycles import HEAD, OPENED, Office, office
from tests.support.template_samples import SMALL

IDA = Actor("Ida Lindqvist", frozenset(["specialist"]))
BLOCKS = SMALL.replace("missing_required: warn", "missing_required: block").replace(
    ", unique_within: project", ""
)
BLOCKS = BLOCKS.replace("invalid: warn", "invalid: block")
FLOW = """\
roles: {preparer: project_manager, reviewer: project_officer, approver: sponsor, publisher: pmo_head}
workflow:
  states: [not_started, draft, submitted, in_review, returned, approved, published, withdrawn]
  moves:
    - {from: not_started, to: draft, by: preparer}
    - {from: draft, to: submitted, by: preparer}
    - {from: submitted, to: in_review, by: reviewer}
    - {from: in_review, to: approved, by: approver}
    - {from: approved, to: published, by: publisher, effect: freeze_snapshot}
    - {from: published, to: withdrawn, by: publisher}
"""


@pytest.fixture
def two(engine: Engine) -> Office:
    found = office(engine)
    found.project("APOLLO")
    found.project("GEMINI", name="A name that is too long")
    found.known()
    return found


def tried(office: Office) -> dict[str, Any]:
    with office.engine.begin() as connection:
        write(connection, BLOCKS + FLOW, where="small.yaml", actor=IDA, now=OPENED)
        known = submit(connection, "small", "1.0.0", actor=IDA, now=OPENED)
        found = try_on_all(connection, known, now=OPENED).to_json()
        keep_trial(connection, known, found)
    return found


def approved(office: Office) -> None:
    tried(office)
    with office.engine.begin() as connection:
        approve(connection, "small", "1.0.0", actor=HEAD, now=OPENED)


def judged(office: Office, table: str) -> list[str]:
    with office.engine.connect() as connection:
        rows = connection.execute(
            text(
                f"SELECT DISTINCT p.key FROM {table} f JOIN project p ON p.id = f.project_id"
                " WHERE f.template = 'small' ORDER BY p.key"
            )
        )
        return list(rows.scalars())


def test_a_further_report_holds_nobody_to_it_before_anybody_published_one(two: Office) -> None:
    approved(two)
    next_day = OPENED + timedelta(days=1)
    two.known(next_day)
    assert (judged(two, "assessment"), judged(two, "finding")) == ([], [])


def test_a_project_that_published_one_is_judged_by_it_each_night_and_the_others_are_not(two: Office) -> None:
    approved(two)
    two.open("small")
    two.answer({"name": "Apollo", "stage": "deliver", "start": "2026-01-05", "budget": 2000})
    two.through("submit", "review", "approve", "publish")
    two.known(OPENED + timedelta(days=1))
    assert judged(two, "assessment") == ["APOLLO"]


def test_a_first_trial_tells_what_people_will_be_asked_apart_from_what_would_fail(two: Office) -> None:
    found = tried(two)
    assert (found["projects"], found["against"], found["newly_fail"]) == (2, None, 0)
    assert found["to_ask"] == {"start": 2}
    [gemini] = found["failing"]
    assert (gemini["project"], gemini["fails_today"]) == ("GEMINI", None)
    assert [one["field"] for one in gemini["findings"]] == ["name"]
