"""Workbooks in the places where people work on them."""

from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import Engine

from model.collection.roles import Actor, operator
from sync.collection.refused import NotAllowed, Refused
from sync.workbook.conflicts import NoSuchCell, cells, settle
from sync.workbook.exchange import Place, collect, place_at, send, take_all
from tests.support.returning import answered, case_of, form_answers, give_back, values_of
from tests.support.returning import send as written
from tests.sync.workbook.conftest import NOW

OFFICER = operator("Officer")


def test_workbooks_go_into_a_folder_and_only_changed_ones_are_taken(
    engine: Engine, report: int, log: int, tmp_path: Path
) -> None:
    with place_at(engine, str(tmp_path / "out")) as place:
        sent = list(send(engine, [report, log], place, by="Officer", now=NOW))
        assert [each.says for each in sent] == [None, None]
        assert list(collect(engine, place, actor=OFFICER, now=NOW)) == []
        file = tmp_path / "out" / sent[0].file
        file.write_bytes(form_answers(file.read_bytes(), {"rag_overall": "AMBER", "green_by": "soon"}))
        [taken] = collect(engine, place, actor=OFFICER, now=NOW)
        assert values_of(engine, report, NOW)["rag_overall"] == "AMBER"
        assert list(collect(engine, place, actor=OFFICER, now=NOW)) == []
        copy = tmp_path / "out" / str(taken.copy_file)
        assert copy.read_bytes() == taken.copy
        copy.write_bytes(form_answers(copy.read_bytes(), {"green_by": date(2025, 9, 1)}))
        [fixed] = collect(engine, place, actor=OFFICER, now=NOW)
        assert fixed.outcomes == ()
        assert values_of(engine, report, NOW)["green_by"] == "2025-09-01"


def test_a_workbook_that_is_being_filled_in_is_not_sent_over(
    engine: Engine, report: int, tmp_path: Path
) -> None:
    with place_at(engine, str(tmp_path)) as place:
        [sent] = send(engine, [report], place, by="Officer", now=NOW)
        file = tmp_path / sent.file
        theirs = form_answers(file.read_bytes(), {"rag_overall": "AMBER"})
        file.write_bytes(theirs)
        [again] = send(engine, [report], place, by="Officer", now=NOW)
        assert "was changed since it was sent; it was left as it is. Take it back first" in str(again.says)
        assert file.read_bytes() == theirs
        [taken] = collect(engine, place, actor=OFFICER, now=NOW)
        assert taken.state == "taken"
        [after] = send(engine, [report], place, by="Officer", now=NOW)
        assert after.says is None


def test_a_workbook_that_is_gone_stops_no_other(
    engine: Engine, report: int, log: int, tmp_path: Path
) -> None:
    with place_at(engine, str(tmp_path)) as place:
        one, other = send(engine, [report, log], place, by="Officer", now=NOW)
        (tmp_path / one.file).unlink()
        file = tmp_path / other.file
        file.write_bytes(answered(file.read_bytes(), {("R-001", "impact"): 5}))
        gone, taken = collect(engine, place, actor=OFFICER, now=NOW)
        assert (gone.state, gone.why) == ("refused", "gone")
        assert taken.state == "taken"


def test_an_unknown_source_is_said_with_those_there_are(engine: Engine) -> None:
    with pytest.raises(LookupError, match="there is no source 'pmo'"), place_at(engine, "pmo:/Reports"):
        pass


def test_a_conflict_stays_open_until_somebody_with_the_right_settles_it(engine: Engine, log: int) -> None:
    sent = written(engine, log, NOW)
    give_back(engine, answered(sent.body, {("R-001", "impact"): 5}), NOW)
    give_back(engine, answered(sent.body, {("R-001", "impact"): 1, ("R-002", "impact"): 4}), NOW)
    with engine.connect() as connection:
        [conflict] = cells(connection, submission=log, open_only=True)
    assert (conflict.sent, conflict.returned, conflict.current) == (3, 1, 5)
    with pytest.raises(NotAllowed):
        settle(engine, conflict.id, "returned", actor=Actor("Mallory"), now=NOW)
    settled = settle(engine, conflict.id, "returned", actor=OFFICER, now=NOW)
    assert (settled.settled, settled.settled_by) == ("returned", "Officer")
    assert values_of(engine, log, NOW, "R-001")["impact"] == 1
    with pytest.raises(Refused, match="was settled already by Officer"):
        settle(engine, conflict.id, "current", actor=OFFICER, now=NOW)
    with engine.connect() as connection:
        assert cells(connection, submission=log, open_only=True) == []
    with pytest.raises(NoSuchCell):
        settle(engine, 999_999, "current", actor=OFFICER, now=NOW)


def test_a_place_joins_folder_and_file() -> None:
    class Nowhere:
        pass

    assert Place(Nowhere(), "pmo:Reports", "/Reports/").path("A.xlsx") == "Reports/A.xlsx"  # type: ignore[arg-type]


def test_copies_taken_at_the_same_time_make_one_new_row_one_record(
    engine: Engine, log: int, tmp_path: Path
) -> None:
    sent = written(engine, log, NOW)
    slot = f"new-{sent.token[:12]}-1"
    risk: dict[tuple[str, str], object] = {(slot, "kind"): "risk", (slot, "title"): "The licence runs out"}
    files = []
    for number in range(6):
        files.append(tmp_path / f"{number}.xlsx")
        files[-1].write_bytes(answered(sent.body, {**risk, ("R-001", "impact"): 1 + number % 2}))
    taken = list(take_all(engine, files, actor=OFFICER, now=lambda: NOW))
    assert [each.file for each in taken] == [file.name for file in files]
    assert {each.state for each in taken} <= {"taken", "again"}
    assert [record.ref for record in case_of(engine, log, NOW).records][3:] == ["R-004"]
    assert values_of(engine, log, NOW, "R-001")["impact"] in (1, 2)
    assert any(each.conflicts for each in taken)
    gone = list(take_all(engine, [tmp_path / "none.xlsx"], actor=OFFICER))
    assert "none.xlsx cannot be read" in gone[0].says
