"""Workbooks as they go out and as people give them back: edited with another library than wrote them."""

import io
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import openpyxl
from openpyxl.worksheet.worksheet import Worksheet
from sqlalchemy import Engine

from model.collection.roles import Actor, operator
from sync.collection.case import Case, open_case
from sync.store import unit_of_work
from sync.workbook.returned import Taken, take
from sync.workbook.sending import Written, write_workbook

RISKS: dict[str, dict[str, Any]] = {
    f"R-00{number}": {
        "item_id": f"R-00{number}", "kind": "risk", "title": title, "owner": "Ada Obi", "state": "open",
        "raised_on": "2025-05-01", "probability": number, "impact": 3,
    }
    for number, title in ((1, "Supplier delivers late"), (2, "Testers leave early"), (3, "Server room floods"))
}  # fmt: skip


def send(engine: Engine, submission: int, now: datetime, *, by: str = "Officer") -> Written:
    """Write a submission's workbook and remember it."""
    with unit_of_work(engine) as connection:
        return write_workbook(connection, open_case(connection, submission, now=now), by=by, now=now)


def case_of(engine: Engine, submission: int, now: datetime) -> Case:
    """Read a submission as it stands."""
    with engine.connect() as connection:
        return open_case(connection, submission, now=now)


def values_of(engine: Engine, submission: int, now: datetime, ref: str = "") -> dict[str, Any]:
    """Return what counts in a record."""
    record = case_of(engine, submission, now).record(ref)
    assert record is not None
    return record.values()


def edited(body: bytes, edit: Callable[[Worksheet], None]) -> bytes:
    """Return a workbook after somebody changed its first sheet."""
    book = openpyxl.load_workbook(io.BytesIO(body))
    page = book.worksheets[0]
    edit(page)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def place(page: Worksheet, row_id: str, column_id: str) -> Any:
    """Find a cell by the ids in the hidden row and the hidden column."""
    rows = {page.cell(row, 1).value: row for row in range(1, page.max_row + 1)}
    columns = {page.cell(4, column).value: column for column in range(1, page.max_column + 1)}
    return page.cell(rows[row_id], columns[column_id])


def answered(body: bytes, answers: Mapping[tuple[str, str], Any]) -> bytes:
    """Return a workbook with cells filled in, by row and column id."""

    def fill(page: Worksheet) -> None:
        for (row_id, column_id), value in answers.items():
            place(page, row_id, column_id).value = value

    return edited(body, fill)


def form_answers(body: bytes, answers: Mapping[str, Any], reasons: Mapping[str, str] | None = None) -> bytes:
    """Return a form with answers, by field, and reasons."""
    cells = {(name, "~value"): value for name, value in answers.items()}
    return answered(body, cells | {(name, "~why"): said for name, said in (reasons or {}).items()})


def give_back(engine: Engine, body: bytes, now: datetime, *, by: Actor | None = None, **how: Any) -> Taken:
    """Hand a workbook in."""
    return take(engine, body, how.pop("name", "report.xlsx"), actor=by or operator("Ada Obi"), now=now, **how)


def notes_in(body: bytes) -> dict[str, str]:
    """Return the notes on a workbook's first sheet, by row and column id."""
    page = openpyxl.load_workbook(io.BytesIO(body)).worksheets[0]
    return {
        f"{page.cell(cell.row, 1).value} {page.cell(4, cell.column).value}": cell.comment.text
        for row in page.iter_rows()
        for cell in row
        if cell.comment is not None
    }
