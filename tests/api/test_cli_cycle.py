"""Cycles and submissions from the command line."""

import csv
import io
import json
from pathlib import Path

import pytest
from sqlalchemy import Engine

from sync.collection.cycles import find_cycle
from tests.support.command_line import CommandLine
from tests.support.cycles import HEAD, MANAGER, OFFICER, REPORT, SPONSOR, Office, office


@pytest.fixture
def apollo(engine: Engine) -> Office:
    found = office(engine)
    found.project("APOLLO", name="=HYPERLINK(evil)")
    found.known()
    return found


def test_a_cycle_is_opened_answered_handed_in_and_published(
    apollo: Office, database_url: str, tmp_path: Path
) -> None:
    muster = CommandLine(database_url, tmp_path / "home", {})
    opened = muster(
        "cycle", "open", "monthly-status", "2026-10", "--by", OFFICER.name, "--role", "project_officer"
    )
    assert "1 submission, due by the end of Fri 06 Nov 2026 (Europe/London)" in opened.out, opened.err
    file = tmp_path / "answers.json"
    file.write_text(json.dumps({"": REPORT}))
    wrong = muster("submission", "answer", "1", "budgit=3", "--by", MANAGER.name)
    assert (wrong.code, "expected FIELD=VALUE with one of" in wrong.err) == (2, True)
    answered = muster("submission", "answer", "1", "--file", str(file), "--by", MANAGER.name)
    assert "can be submitted" in answered.out, answered.err
    sentence = _sentence(apollo)
    steps = (
        ("submit", MANAGER.name),
        ("review", OFFICER.name),
        ("approve", SPONSOR.name),
        ("publish", HEAD.name),
    )
    for step, by in steps:
        done = muster("submission", "move", "1", step, "--by", by, "--attest", sentence)
        assert done.code == 0, done.err
    refused = muster("submission", "move", "1", "publish", "--by", HEAD.name)
    assert (refused.code, "what can be done now is: withdraw" in refused.err) == (1, True)
    shown = muster("cycle", "show", "monthly-status", "2026-10", "--format", "csv")
    [row] = csv.DictReader(io.StringIO(shown.out))
    assert (row["project"], row["state"], row["approved_by"]) == ("APOLLO", "published", SPONSOR.name)
    assert "Mira Manager" in muster("outbox", "--waiting").out


def _sentence(office: Office) -> str:
    with office.engine.connect() as connection:
        office.cycle = find_cycle(connection, "monthly-status", "2026-10")
    return office.sentence() or ""


def test_a_role_of_a_project_is_not_ones_own_for_the_asking(
    apollo: Office, database_url: str, tmp_path: Path
) -> None:
    muster = CommandLine(database_url, tmp_path / "home", {})
    assert muster("cycle", "open", "monthly-status", "2026-10", "--by", OFFICER.name).code == 0
    file = tmp_path / "answers.json"
    file.write_text(json.dumps({"": REPORT}))
    as_manager = ("--role", "project_manager")
    for words in (("answer", "1", "--file", str(file)), ("move", "1", "submit"), ("comment", "1", "Hm")):
        refused = muster("submission", *words, "--by", "Eve Else", *as_manager)
        assert (refused.code, MANAGER.name in refused.err) == (1, True), refused.err
    given = muster("submission", "answer", "1", "--file", str(file), "--by", MANAGER.name, *as_manager)
    assert given.code == 0, given.err
    sentence = ("--attest", _sentence(apollo))
    assert muster("submission", "move", "1", "submit", "--by", "Ann Other", *sentence).code == 0
    assert "submitted by Ann Other (operator)" in muster("submission", "show", "1").out


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("cycle", "open", "monthly-status", "2026-99", "--by", "Olu"), 2, "is no period"),
        (("cycle", "open", "nope", "2026-10", "--by", "Olu"), 2, "no template"),
        (
            ("cycle", "open", "monthly-status", "2026-10", "--by", "Mira", "--role", "sponsor"),
            1,
            "may not open cycles",
        ),
        (("cycle", "show", "monthly-status", "2026-10"), 2, "there is no cycle monthly-status 2026-10"),
        (("cycle", "calendar", "atlantis"), 2, "there is no calendar 'atlantis'"),
        (("submission", "show", "7"), 2, "there is no submission 7"),
        (("submission", "move", "7", "publsh", "--by", "Olu"), 2, "is no step"),
    ],
)
def test_what_cannot_be_is_said_in_a_sentence(
    apollo: Office, database_url: str, tmp_path: Path, words: tuple[str, ...], code: int, says: str
) -> None:
    said = CommandLine(database_url, tmp_path / "home", {})(*words)
    assert said.code == code, said.err
    assert says in said.err
    assert apollo.cycle is None
