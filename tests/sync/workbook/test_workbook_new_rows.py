"""New records that two people write into the same empty row: none is written over."""

import io
from typing import Any

import openpyxl
from sqlalchemy import Engine

from model.collection.roles import operator
from sync.workbook.returned import Taken
from tests.support.returning import RISKS, answered, case_of, give_back, send, values_of
from tests.sync.workbook.conftest import NOW


def give(engine: Engine, body: bytes, who: str, file: str, **cells: Any) -> Taken:
    """Hand in a copy whose first empty row holds these cells."""
    filled = answered(
        body, {(slot_of(body), name): value for name, value in {"kind": "risk", **cells}.items()}
    )
    return give_back(engine, filled, NOW, by=operator(who), name=file)


def slot_of(body: bytes) -> str:
    page = openpyxl.load_workbook(io.BytesIO(body)).worksheets[0]
    ids = [str(page.cell(row, 1).value) for row in range(6, page.max_row + 1)]
    return next(id_ for id_ in ids if id_.startswith("new-"))


def titles(engine: Engine, submission: int) -> list[Any]:
    return [record.values()["title"] for record in case_of(engine, submission, NOW).records][len(RISKS) :]


def test_two_risks_of_two_people_that_merely_read_alike_are_two_and_said_to_be_doubtful(
    engine: Engine, log: int
) -> None:
    body = send(engine, log, NOW).body
    give(engine, body, "Viktor", "v1.xlsx", title="Supplier A may go bankrupt", probability=4, owner="Viktor")
    taken = give(
        engine, body, "Olu", "v2.xlsx", title="Supplier B may go bankrupt", probability=2, owner="Olu"
    )
    assert titles(engine, log) == ["Supplier A may go bankrupt", "Supplier B may go bankrupt"]
    assert values_of(engine, log, NOW, "R-004")["owner"] == "Viktor"
    assert "may be a duplicate of R-004 'Supplier A may go bankrupt'" in " ".join(taken.notes)


def test_files_of_two_people_given_back_by_one_are_two_copies(engine: Engine, log: int) -> None:
    body = send(engine, log, NOW).body
    give(engine, body, "Officer", "v1.xlsx", title="Late delivery of laptops")
    give(engine, body, "Officer", "v2.xlsx", title="Late delivery of licences")
    assert titles(engine, log) == ["Late delivery of laptops", "Late delivery of licences"]


def test_one_risk_that_two_people_rate_differently_is_a_conflict(engine: Engine, log: int) -> None:
    body = send(engine, log, NOW).body
    give(engine, body, "Viktor", "v1.xlsx", title="Supplier A may go bankrupt", probability=4, impact=5)
    taken = give(
        engine,
        body,
        "Olu",
        "v2.xlsx",
        title="Supplier A may go bankrupt",
        probability=2,
        impact=5,
        owner="Olu",
    )
    assert titles(engine, log) == ["Supplier A may go bankrupt"]
    [conflict] = taken.conflicts
    assert (conflict.part, conflict.returned, conflict.current) == ("probability", 2, 4)
    stands = values_of(engine, log, NOW, "R-004")
    assert (stands["probability"], stands["impact"], stands["owner"]) == (4, 5, "Olu")


def test_a_copy_saved_again_and_again_is_held_against_what_it_held_last(engine: Engine, log: int) -> None:
    body = send(engine, log, NOW).body
    give(engine, body, "Viktor", "v1.xlsx", title="Supplier A may go bankrupt", probability=4)
    for probability, title in ((3, "Supplier A may go bankrupt"), (2, "Supplier A may go bankrupt soon")):
        taken = give(engine, body, "Viktor", "v1.xlsx", title=title, probability=probability)
        assert taken.outcomes == ()
    assert "came before as R-004 and was reworded" in " ".join(taken.notes)
    assert titles(engine, log) == ["Supplier A may go bankrupt soon"]
    assert values_of(engine, log, NOW, "R-004")["probability"] == 2


def test_a_second_row_that_reads_like_the_first_is_not_the_first_reworded(engine: Engine, log: int) -> None:
    body = send(engine, log, NOW).body
    token = slot_of(body).rpartition("-")[0]
    one = {(f"{token}-1", "kind"): "risk", (f"{token}-1", "title"): "Late delivery of laptops"}
    two = {(f"{token}-2", "kind"): "risk", (f"{token}-2", "title"): "Late delivery of licences"}
    give_back(engine, answered(body, one), NOW)
    give_back(engine, answered(body, one | two), NOW)
    assert titles(engine, log) == ["Late delivery of laptops", "Late delivery of licences"]
