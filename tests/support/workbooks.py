"""Workbooks made for a test: a few rows, as bytes."""

import io
import zipfile
from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import Any

import xlsxwriter

from connectors.excel.layout import Holds, Layout, Limits
from connectors.excel.reading import Told, read
from connectors.excel.records import Record

Rows = Sequence[Any]


def xlsx(
    rows: Rows,
    *,
    sheet: str = "Projects",
    formats: dict[str, str] | None = None,
    merges: Sequence[str] = (),
    edit: Callable[[Any, Any], None] | None = None,
    **options: Any,
) -> bytes:
    """Write rows from A1 on; `formats` are number formats by cell, `merges` ranges that take their first cell."""
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True, "strings_to_formulas": False, **options})
    page = book.add_worksheet(sheet)
    day = book.add_format({"num_format": "dd/mm/yyyy"})
    made = {cell: book.add_format({"num_format": code}) for cell, code in (formats or {}).items()}
    for number, row in enumerate(rows):
        for column, value in enumerate(row):
            form = made.get(xlsxwriter.utility.xl_rowcol_to_cell(number, column))
            if isinstance(value, datetime | date):
                page.write_datetime(number, column, value, form or day)
            elif value is not None:
                page.write(number, column, value, form)
    for cells in merges:
        first = xlsxwriter.utility.xl_cell_to_rowcol(cells.split(":")[0])
        page.merge_range(cells, rows[first[0]][first[1]], None)
    if edit is not None:
        edit(book, page)
    book.close()
    return out.getvalue()


def with_sheet_xml(body: bytes, change: Callable[[str], str]) -> bytes:
    """Return the workbook with its first sheet's XML changed by hand."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(body)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for entry in old.infolist():
            text = old.read(entry.filename)
            if entry.filename == "xl/worksheets/sheet1.xml":
                text = change(text.decode()).encode()
            new.writestr(entry.filename, text)
    return out.getvalue()


def records_of(
    body: bytes, holds: Holds = "projects", *, file: str = "register.xlsx", **layout: Any
) -> tuple[list[Record], Told]:
    """Read a workbook in this process."""
    told = Told()
    return list(read(Layout(holds, file, **layout), body, Limits(), told)), told


def kept(body: bytes, holds: Holds = "projects", **layout: Any) -> list[dict[str, Any]]:
    """Return the values of the records that count."""
    records, _ = records_of(body, holds, **layout)
    return [
        record.payload["values"] for record in records if not record.filtered_by and not record.unreadable
    ]
