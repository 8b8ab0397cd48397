"""`muster match` and `muster conflict`: what an officer types, sees, and is told when it cannot be."""

import json
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine

from sync.consolidate import consolidate
from tests.support.command_line import CommandLine
from tests.support.rows import T0, Rows

pytestmark = pytest.mark.slow  # each command is a process

ADA = ("--by", "Ada", "--because", "asked both")


@pytest.fixture
def muster(engine: Engine, database_url: str, tmp_path: Path) -> CommandLine:
    """A store with a likely home of a loose scope, whose name would move a terminal's cursor, and a conflict."""
    rows = Rows(engine)
    rows.source("jira-cloud", "jira")
    rows.source("pmo-files", "excel")
    rows.scope("jira-cloud", "APO", name="Apollo front")
    rows.scope("jira-cloud", "CPX", name="Citizen \x1b[2J[red]Portal")
    rows.item("jira-cloud", "APO", hub_type="epic", due=date(2027, 1, 12), key="APO-114")
    rows.register("pmo-files", "APOLLO", name="Apollo", forecast_finish="2026-12-18", bind_jira="APO")
    rows.register("pmo-files", "PORTAL", name="Citizen 2j red Portal", row=9)
    consolidate(engine, as_of=T0.date(), known_at=T0 + timedelta(seconds=1))
    return CommandLine(database_url, tmp_path / "home", {})


def test_an_officer_lists_confirms_and_undoes_a_match(muster: CommandLine) -> None:
    listed = muster("match", "list")
    [found] = json.loads(muster("match", "list", "--format", "json").out)["proposals"]
    shown = muster("match", "show", str(found["id"]))
    done = muster("match", "confirm", str(found["id"]), "999", *ADA)
    again = muster("match", "confirm", str(found["id"]), *ADA)
    undone = muster("match", "undo", str(found["id"]), *ADA)

    assert "[red]Portal" in listed.out
    assert "\x1b" not in listed.out + shown.out + done.out
    assert "+93  the same name" in shown.out
    assert "belongs to PORTAL" in done.out
    assert (done.code, "999: there is no proposal 999" in done.err) == (1, True)
    assert "1 of 2 could not be decided so" in done.err
    assert (again.code, "confirmed by Ada" in again.err) == (1, True)
    assert (undone.code, "as if nothing had been decided" in undone.out) == (0, True)


def test_a_link_by_hand_is_refused_in_words_and_made(muster: CommandLine) -> None:
    wrong = muster("match", "link", "scope", "CPX", "PORTAL", *ADA)
    made = muster("match", "link", "scope", "jira-cloud:CPX", "APOLLO", *ADA)

    assert (wrong.code, "write it as SOURCE:KEY" in wrong.err) == (2, True)
    assert (made.code, "belongs to APOLLO" in made.out) == (0, True)
    assert "by hand" in muster("match", "list", "--state", "confirmed").out


def test_an_officer_settles_a_conflict_tries_and_makes_a_rule(muster: CommandLine) -> None:
    listed = muster("conflict", "list")
    [found] = json.loads(muster("conflict", "list", "--format", "json").out)["conflicts"]
    number = str(found["id"])
    wrong = muster("conflict", "settle", number, "ado", *ADA)
    settled = muster("conflict", "settle", number, "jira-cloud", *ADA)
    shown = muster("conflict", "show", number)
    reopened = muster("conflict", "reopen", number, *ADA)
    tried = muster("conflict", "rule", "forecast_finish", "latest", "--try")
    nameless = muster("conflict", "rule", "forecast_finish", "latest")
    made = muster("conflict", "rule", "forecast_finish", "latest", *ADA)

    assert "register.xlsx!Projects!C8" in listed.out
    assert "APO-114 duedate" in listed.out
    assert (wrong.code, "these do: pmo-files, jira-cloud" in wrong.err) == (2, True)
    assert settled.out.startswith("forecast_finish of APOLLO is 2027-01-12, as jira-cloud says.")
    assert "settled by Ada on" in shown.out
    assert "counts  2027-01-12" in shown.out
    assert reopened.code == 0
    assert "APOLLO: 2027-01-12 of jira-cloud instead of 2026-12-18 of pmo-files" in tried.out
    assert (nameless.code, "who settles it and why" in nameless.err) == (2, True)
    assert "Rule 1: conflicts on forecast_finish of every project are settled by it." in made.out
    assert "1: forecast_finish of every project: the latest date (latest)" in muster("conflict", "rules").out
    assert muster("conflict", "end", "1", *ADA).code == 0
    assert "No rule stands." in muster("conflict", "rules").out
