"""Workbooks from the command line: what it says, and how it ends."""

from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Engine

from tests.support.command_line import CommandLine
from tests.support.returning import form_answers, send
from tests.support.submissions import MANAGER, open_submission


def test_taking_workbooks_ends_with_what_became_of_them(
    engine: Engine, database_url: str, tmp_path: Path
) -> None:
    muster = CommandLine(database_url, tmp_path / "home", {})
    body = send(engine, open_submission(engine).id, datetime.now(UTC)).body
    whole, part, none = (tmp_path / f"{name}.xlsx" for name in ("whole", "part", "none"))
    whole.write_bytes(form_answers(body, {"rag_overall": "RED"}))
    part.write_bytes(form_answers(body, {"rag_cost": "RED", "milestones_met": "=1+1"}))
    none.write_bytes(b"no workbook")

    taken = muster("workbook", "take", str(whole), "--by", MANAGER)
    assert (taken.code, "whole.xlsx: 1 cell taken, " in taken.out) == (0, True), taken.err
    refused = muster("workbook", "take", str(none), "--by", MANAGER)
    assert (refused.code, "none.xlsx is no" in refused.out) == (1, True)
    stranger = muster("workbook", "take", str(whole), "--by", "Eve", "--role", "project_manager")
    assert (stranger.code, f"that takes its project_manager ({MANAGER})" in stranger.out) == (1, True)
    partly = muster("workbook", "take", str(part), "--by", MANAGER)
    assert (partly.code, "1 rejected" in partly.out) == (3, True), partly.err
    mixed = muster("workbook", "take", str(whole), str(none), "--by", MANAGER)
    assert (mixed.code, "was taken already" in mixed.out) == (3, True)


def test_settling_what_cannot_be_settled_is_said_in_words(
    engine: Engine, database_url: str, tmp_path: Path
) -> None:
    muster = CommandLine(database_url, tmp_path / "home", {})
    number = open_submission(engine).id
    body = send(engine, number, datetime.now(UTC)).body
    for who, colour in (("one", "RED"), ("two", "AMBER")):
        (tmp_path / f"{who}.xlsx").write_bytes(form_answers(body, {"rag_cost": colour}))
        muster("workbook", "take", str(tmp_path / f"{who}.xlsx"), "--by", MANAGER)
    listed = muster("workbook", "conflicts").out
    assert f"now 'RED' by {MANAGER} (answer " in listed
    conflict = listed.split()[0]
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE submission SET state = 'approved'")
    refused = muster("workbook", "settle", conflict, "--keep", "returned", "--by", MANAGER)
    assert (refused.code, "is approved: answers are taken when it is returned" in refused.err) == (1, True)
    kept = muster("workbook", "settle", conflict, "--keep", "current", "--by", MANAGER)
    assert (kept.code, "rag_cost: 'RED' counts." in kept.out) == (0, True), kept.err
    assert muster("workbook", "settle", "999", "--keep", "current", "--by", MANAGER).code == 2
