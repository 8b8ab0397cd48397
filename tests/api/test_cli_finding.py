"""`muster finding`: the queue listed, counted, shown and worked from the command line."""

import csv
import io
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from tests.support.command_line import CommandLine
from tests.support.findings import found_portfolio, number_of

pytestmark = pytest.mark.slow  # each command is a process

AHEAD = str((datetime.now(UTC) + timedelta(days=300)).date())


@pytest.fixture
def cli(engine: Engine, database_url: str, tmp_path: Path) -> CommandLine:
    found_portfolio(engine)
    return CommandLine(database_url, tmp_path, {})


def test_the_queue_is_listed_counted_and_filtered(cli: CommandLine) -> None:
    everything = json.loads(cli("finding", "list", "--limit", "1000", "--format", "json").out)
    lena = json.loads(cli("finding", "list", "--owner", "Lena", "--format", "json").out)
    assert {each["owner"] for each in lena["findings"]} == {"Lena"}
    counted = json.loads(cli("finding", "count", "owner", "--format", "json").out)
    assert sum(row["count"] for row in counted["items"]) == everything["total"]
    assert cli("finding", "list", "--state", "waived").out == "No finding matches.\n"
    assert "of " in cli("finding", "list", "--limit", "3").out
    assert "  nobody" in cli("finding", "count", "owner").out


def test_csv_holds_every_finding_and_no_formula(cli: CommandLine, engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("UPDATE finding SET says = '=cmd|calc' WHERE rule = 'C06'"))
    written = cli("finding", "list", "--limit", "1000", "--format", "csv").out
    rows = list(csv.DictReader(io.StringIO(written)))
    total = json.loads(cli("finding", "list", "--format", "json").out)["total"]
    assert len(rows) == total
    assert {row["says"] for row in rows if row["rule"] == "C06"} == {"'=cmd|calc"}


def test_a_finding_is_shown_with_what_it_was_found_on_and_every_step(
    cli: CommandLine, engine: Engine
) -> None:
    number = str(number_of(engine, "C06"))
    assert "Nobody" not in cli("finding", "accept", number, "--by", "Maya", "--due", "2999-01-01").out
    assert "The next reading" in cli("finding", "fix", number, "--by", "Maya", "--because", "moved it").out
    shown = cli("finding", "show", number).out
    assert "forecast_finish = 2026-09-01" in shown
    assert "Maya (operator) fix, then fixing: moved it" in shown
    assert json.loads(cli("finding", "show", number, "--format", "json").out)["state"] == "fixing"


def test_who_has_no_right_and_what_cannot_be_is_said_in_a_sentence(cli: CommandLine, engine: Engine) -> None:
    number = str(number_of(engine, "C06"))
    refused = cli("finding", "uphold", "1", "--by", "Ada", "--because", "x")
    assert (refused.code, "no dispute 1" in refused.err) == (1, True)
    stranger = cli("finding", "accept", number, "--by", "Eve", "--role", "project_manager")
    assert (stranger.code, "Eve cannot accept it: that takes whoever answers for it (" in stranger.err) == (
        1,
        True,
    )
    assert cli("finding", "accept", number, "--by", "Eve").code == 0  # as operator, and the history says so
    again = cli("finding", "accept", number, "--by", "Eve")
    assert (again.code, "it is accepted" in again.err) == (1, True)
    unknown = cli("finding", "show", "999999")
    assert (unknown.code, "no finding 999999" in unknown.err) == (2, True)
    day = cli("finding", "waive", number, "--by", "Ada", "--because", "x", "--until", "soon")
    assert (day.code, "YYYY-MM-DD" in day.err) == (1, True)


def test_a_waiver_and_a_dispute_go_their_way(cli: CommandLine, engine: Engine) -> None:
    late, budget = str(number_of(engine, "C06")), str(number_of(engine, "budget"))
    asked = cli("finding", "waive", budget, "--by", "Ada", "--because", "books", "--until", AHEAD)
    assert "Waiver 1 was asked for" in asked.out
    own = cli("finding", "grant", budget, "1", "--by", "Ada")
    assert (own.code, "somebody else" in own.err) == (1, True)
    assert cli("finding", "grant", budget, "1", "--by", "Bob").code == 0
    assert cli("finding", "dispute", late, "--by", "Maya", "--because", "it moved").code == 0
    assert "by Maya: it moved" in cli("finding", "disputes").out
    mine = cli("finding", "uphold", "1", "--by", "Maya", "--because", "it did")
    assert (mine.code, "somebody else of the office" in mine.err) == (1, True)
    assert cli("finding", "uphold", "1", "--by", "Ada", "--because", "seen").code == 0
    assert "upheld by Ada: seen" in cli("finding", "disputes", "--all").out
    assert cli("finding", "disputes").out == "No dispute waits for an answer.\n"
