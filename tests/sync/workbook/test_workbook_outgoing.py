"""Workbooks that go out by themselves when a cycle opens."""

from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from sync.store import unit_of_work
from sync.workbook.outgoing import send_due
from tests.support.store import ask
from tests.sync.workbook.conftest import NOW


def send_to(engine: Engine, place: str | None) -> None:
    with unit_of_work(engine) as connection:
        connection.execute(text("UPDATE portfolio SET workbooks = :place"), {"place": place})


def test_each_submission_of_an_open_cycle_gets_its_workbook_once(
    engine: Engine, report: int, log: int, tmp_path: Path
) -> None:
    send_to(engine, str(tmp_path))
    sent, failed = send_due(engine, NOW)

    assert failed == []
    assert sent >= 2
    assert len(list(tmp_path.glob("*.xlsx"))) == sent
    by = ask(engine, "SELECT sent_by FROM workbook_sent WHERE submission_id IN (:a, :b)", a=report, b=log)
    assert by == [{"sent_by": "Muster"}] * 2
    assert send_due(engine, NOW) == (0, [])


def test_nothing_goes_out_where_no_place_is_configured(engine: Engine, report: int) -> None:
    send_to(engine, None)
    assert send_due(engine, NOW) == (0, [])
    assert ask(engine, "SELECT count(*) AS n FROM workbook_sent WHERE submission_id = :a", a=report) == [
        {"n": 0}
    ]


@pytest.mark.usefixtures("report")
def test_a_place_that_is_none_is_said_and_tried_again(engine: Engine, tmp_path: Path) -> None:
    send_to(engine, "nowhere:/Reports")
    sent, [says] = send_due(engine, NOW)
    assert sent == 0
    assert "workbooks of open cycles cannot be sent to nowhere:/Reports: there is no source 'nowhere'" in says
    send_to(engine, str(tmp_path))
    assert send_due(engine, NOW)[0] >= 1
