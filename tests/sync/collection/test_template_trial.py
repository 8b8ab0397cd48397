"""A version tried on all projects before it is approved, and what becomes of open submissions when it is."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, text

from model.collection.roles import Actor
from sync.collection.template_migration import leftovers, migrate_open
from sync.collection.template_steps import approve, keep_trial, submit, write
from sync.collection.template_trial import try_on_all
from sync.collection.templates import current, kept_version
from sync.collection.waivers import Wish, ask, grant
from tests.support.cycles import HEAD, MANAGER, OFFICER, OPENED, REPORT, Office, office

IDA = Actor("Ida Lindqvist", frozenset(["specialist"]))
TODAY = OPENED.date()
LONGER = (
    "label: Achieved this month, type: text, min_len: 20",
    "label: Achieved this month, type: text, min_len: 60",
)


@pytest.fixture
def two(engine: Engine) -> Office:
    found = office(engine)
    found.project("APOLLO")
    found.project("GEMINI")
    found.open()
    return found


def monthly(office: Office, number: str, *changes: tuple[str, str]) -> str:
    with office.engine.connect() as connection:
        written = current(connection, "monthly-status", TODAY).label
        written = kept_version(connection, *written.split("@")).text
    was = next(line for line in written.splitlines() if line.startswith("  version: "))
    kept = [line for line in written.splitlines() if not line.startswith("  supersedes: ")]
    new = "\n".join(kept).replace(was, f"  version: {number}") + "\n"
    for old, changed in changes:
        assert old in new
        new = new.replace(old, changed)
    return new


def in_review(office: Office, number: str, *changes: tuple[str, str]) -> None:
    with office.engine.begin() as connection:
        write(connection, monthly(office, number, *changes), where="m.yaml", actor=IDA, now=OPENED)
        submit(connection, "monthly-status", number, actor=IDA, now=OPENED)


def trial(office: Office, number: str) -> dict[str, Any]:
    with office.engine.begin() as connection:
        known = kept_version(connection, "monthly-status", number)
        found = try_on_all(connection, known, now=OPENED).to_json()
        keep_trial(connection, known, found)
    return found


def approved(office: Office, number: str, *changes: tuple[str, str], days: int = 0) -> None:
    in_review(office, number, *changes)
    trial(office, number)
    with office.engine.begin() as connection:
        approve(
            connection,
            "monthly-status",
            number,
            actor=HEAD,
            now=OPENED,
            effective=TODAY + timedelta(days=days),
        )


def migrated(office: Office) -> list[Any]:
    with office.engine.begin() as connection:
        return migrate_open(connection, day=TODAY, now=OPENED)


def test_a_trial_says_who_would_fail_and_who_fails_today(two: Office) -> None:
    two.answer(REPORT)
    in_review(two, "4.0.0", LONGER)
    found = trial(two, "4.0.0")
    assert (found["projects"], found["would_fail"], found["fail_today"], found["newly_fail"]) == (2, 2, 1, 1)
    apollo, gemini = found["failing"]
    assert (apollo["project"], apollo["fails_today"]) == ("APOLLO", False)
    assert [each["field"] for each in apollo["findings"]] == ["achievements"]
    assert (gemini["project"], gemini["fails_today"]) == ("GEMINI", True)
    assert found["new_findings"] == {"achievements": 1}


def test_a_trial_changes_nothing(two: Office) -> None:
    def everything() -> list[Any]:
        with two.engine.connect() as connection:
            return [
                connection.execute(text(f"SELECT count(*), max(id) FROM {table}")).one()
                for table in ("assessment", "finding", "answer", "prefill", "submission_move", "claim")
            ]

    in_review(two, "4.0.0", LONGER)
    before = everything()
    trial(two, "4.0.0")
    assert everything() == before


def test_a_project_without_a_submission_is_tried_by_what_is_on_record(engine: Engine) -> None:
    one = office(engine)
    one.project("APOLLO", **REPORT)
    one.known()
    in_review(one, "4.0.0", LONGER)
    found = trial(one, "4.0.0")
    assert (found["would_fail"], found["newly_fail"]) == (1, 1)
    assert [each["field"] for each in found["failing"][0]["findings"]] == ["achievements"]


def test_what_is_waived_does_not_fail_a_trial(two: Office) -> None:
    two.answer(REPORT)
    with two.engine.begin() as connection:
        wish = Wish("APOLLO", "monthly-status", "achievements", "Told in person", TODAY)
        grant(connection, ask(connection, wish, actor=MANAGER, now=OPENED), actor=OFFICER, now=OPENED)
    in_review(two, "4.0.0", LONGER)
    assert [each["project"] for each in trial(two, "4.0.0")["failing"]] == ["GEMINI"]


def test_open_submissions_go_over_to_the_version_that_took_effect_and_keep_their_answers(two: Office) -> None:
    two.answer(REPORT)
    before = two.head()
    approved(two, "4.0.0", LONGER)
    found = migrated(two)
    after = two.case()
    assert {(each.was, each.is_) for each in found} == {(before.version, "4.0.0")}
    assert after.submission.version == "4.0.0"
    assert after.submission.revision > before.revision
    assert after.records[0].answers["achievements"].value == REPORT["achievements"]
    assert [one.field for _, one in after.judge().blocking()] == ["achievements"]
    assert migrated(two) == []


def test_answers_to_what_is_no_longer_asked_are_kept_and_listed(two: Office) -> None:
    two.answer(REPORT)
    lines = monthly(two, "4.0.0").splitlines(keepends=True)
    approved(two, "4.0.0", (next(line for line in lines if "id: next_period," in line), ""))
    [apollo] = [each for each in migrated(two) if each.dropped]
    assert apollo.dropped == ("next_period",)
    with two.engine.connect() as connection:
        template = current(connection, "monthly-status", TODAY)
        [left] = leftovers(connection, apollo.submission, template)
    assert (left["field"], left["value"], left["by"]) == ("next_period", REPORT["next_period"], MANAGER.name)


def test_a_version_that_takes_effect_later_leaves_submissions_until_then(two: Office) -> None:
    approved(two, "4.0.0", LONGER, days=3)
    assert migrated(two) == []


def test_what_was_handed_in_stays_with_its_version_and_goes_over_when_it_is_returned(two: Office) -> None:
    two.answer(REPORT)
    two.move("submit", MANAGER)
    was = two.head().version
    approved(two, "4.0.0", LONGER)
    migrated(two)
    assert two.head().version == was
    two.move("review", OFFICER)
    two.move("return", OFFICER, because="Say more")
    migrated(two)
    assert two.head().version == "4.0.0"


def test_the_history_of_a_submission_says_which_version_judges_it_since_when(two: Office) -> None:
    approved(two, "4.0.0", LONGER)
    migrated(two)
    with two.engine.connect() as connection:
        said = connection.execute(
            text("SELECT because FROM submission_move WHERE submission_id = :id ORDER BY id DESC LIMIT 1"),
            {"id": two.head().id},
        ).scalar_one()
    assert said.startswith("Judged by monthly-status@4.0.0 from now on, before by ")


def test_history_keeps_the_version_it_was_judged_by(two: Office) -> None:
    def versions() -> list[Any]:
        with two.engine.connect() as connection:
            rows = connection.execute(
                text(
                    "SELECT DISTINCT as_of, version FROM assessment WHERE template = 'monthly-status' ORDER BY as_of"
                )
            )
            return [row[1] for row in rows]

    [was] = versions()
    approved(two, "4.0.0", LONGER, days=1)
    two.known(OPENED + timedelta(days=1))
    two.known(OPENED)  # a look back
    assert versions() == [was, "4.0.0"]
