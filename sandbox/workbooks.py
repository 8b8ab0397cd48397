"""The demo's workbooks: the register, the RAID log, the milestones and the costs, and a local folder.

`python -m sandbox.workbooks FOLDER --anchor D --clock D` writes the local folder's files.
"""

import argparse
import csv
import io
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Final
from xml.sax.saxutils import quoteattr
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

import xlsxwriter

from sandbox import exposure, figures, office
from sandbox.figures import IN_PLAN, Moment, Row

MONEY: Final = frozenset(
    [
        "Budget",
        "Actual cost",
        "Forecast cost",
        "Contingency",
        "Benefit target",
        "Benefit forecast",
        "Cost impact",
        "Contract value",
        "Invoiced to date",
    ]
)
SHARES: Final = frozenset(["% complete", "Probability %"])
REGISTER: Final = (
    "Project ID", "Project name", "Programme", "Tier", "Stage", "Manager", "Sponsor", "Baseline start",
    "Baseline finish", "Forecast finish", "Actual finish", "Budget", "Actual cost", "Forecast cost", "Contingency",
    "% complete", "Overall status", "Schedule RAG", "Cost RAG", "Scope RAG", "Risk RAG", "Benefit RAG",
    "Achievements", "Next period", "Path to green", "Green by", "Variance reason", "Override reason",
    "Decisions needed", "Reported on", "Baseline points", "Added points approved", "Added points unapproved",
    "Removed points", "Benefit target", "Benefit forecast", "Jira projects", "ADO projects", "Currency",
)  # fmt: skip
RAID: Final = (
    "Ref", "Project ID", "Kind", "Title", "Cause", "Effect", "Owner", "State", "Raised on", "Last reviewed", "Due",
    "Probability", "Impact", "Probability %", "Cost impact", "Days impact", "Proximity", "Response", "Action",
    "Action due", "Providing project", "Needed by", "Offered by", "Currency", "Likelihood rating",
    "Impact rating", "Risk rating",
)  # fmt: skip
MILESTONES: Final = (
    "Milestone ID", "Project ID", "Milestone", "Status", "Weight", "Critical", "Baseline", "Forecast", "Actual",
    "Acceptance criteria",
)  # fmt: skip
BASELINES: Final = (
    "Project ID", "Baseline", "Approved on", "Approved by", "Change request", "Reason", "Start", "Finish", "Budget",
    "Currency",
)  # fmt: skip
COSTS: Final = ("Project ID", "Category", "Type", "Currency")
HEADER_ROW: Final = 5  # counted from 1: what stands above is for people


def library(anchor: date, clock: date, rows: int | None = None) -> dict[str, bytes]:
    """Return the SharePoint library's files by name, as of a day; with `rows`, a register that long instead."""
    now = Moment(anchor, clock)
    if rows is not None:
        return {"register.xlsx": workbook("Projects", "Project register", REGISTER, _load(now, rows), now)}
    months = figures.months(now)
    return {
        "register.xlsx": workbook("Projects", "Project register", REGISTER, figures.register(now), now),
        "raid.xlsx": workbook("RAID", "RAID log", RAID, exposure.raid(anchor, clock), now),
        "milestones.xlsx": workbook("Milestones", "Milestone plan", MILESTONES, figures.milestones(now), now),
        "costs.xlsx": workbook("Forecast", "Costs by month", (*COSTS, *months), figures.costs(now), now),
        "baselines.xlsx": workbook("Baselines", "Approved baselines", BASELINES, figures.baselines(now), now),
    }


def local(anchor: date, clock: date) -> dict[str, bytes]:
    """Return the local folder's files by name: a plan as CSV, dependencies as OpenDocument, the office's workbook."""
    now = Moment(anchor, clock)
    plan = figures.milestones(now, frozenset(IN_PLAN))
    return {
        "plan.csv": _csv(MILESTONES[1:], plan),
        "dependencies.ods": _ods("RAID", RAID, exposure.cross_dependencies(anchor, clock)),
        office.FILE: _book("Project office", office.sheets(now), now),
    }


def counts(anchor: date, clock: date) -> dict[str, int]:
    """Return how many rows each file holds."""
    now = Moment(anchor, clock)
    return {
        "register.xlsx": len(figures.register(now)), "raid.xlsx": len(exposure.raid(anchor, clock)),
        "milestones.xlsx": len(figures.milestones(now)), "costs.xlsx": len(figures.costs(now)),
        "baselines.xlsx": len(figures.baselines(now)),
        "plan.csv": len(figures.milestones(now, frozenset(IN_PLAN))),
        "dependencies.ods": len(exposure.cross_dependencies(anchor, clock)),
    }  # fmt: skip


def _load(now: Moment, rows: int) -> list[Row]:
    """Return a long register: the story's projects over and over, under keys of their own."""
    story = figures.register(now)
    return [
        {**story[n % len(story)], "Project ID": f"LOAD-{n + 1}", "Jira projects": None, "ADO projects": None}
        for n in range(rows)
    ]  # fmt: skip


def workbook(
    sheet: str, title: str, columns: Sequence[str | date], rows: Iterable[Mapping[Any, Any]], now: Moment
) -> bytes:
    """Return a workbook with title rows above its header, real dates and money, and a hidden sheet of lists."""
    return _book(title, {sheet: (columns, rows)}, now)


def _book(
    title: str, sheets: Mapping[str, tuple[Sequence[str | date], Iterable[Mapping[Any, Any]]]], now: Moment
) -> bytes:
    out = io.BytesIO()
    book = xlsxwriter.Workbook(
        out, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    )
    book.set_properties({"title": title, "created": datetime(2024, 1, 5, 8, tzinfo=UTC).replace(tzinfo=None)})
    head = book.add_format({"bold": True, "bg_color": "#DDE6F0", "border": 1, "text_wrap": True})
    formats = {
        "head": head,
        "month": book.add_format({"bold": True, "bg_color": "#DDE6F0", "border": 1, "num_format": "mmm yyyy"}),
        "date": book.add_format({"num_format": "dd/mm/yyyy"}), "pounds": book.add_format({"num_format": "£#,##0"}),
        "amount": book.add_format({"num_format": "#,##0"}),  # its currency stands in a column
        "share": book.add_format({"num_format": "0%"}), "empty": book.add_format({"border": 1}),
        "title": book.add_format({"bold": True, "font_size": 16}),
    }  # fmt: skip
    for sheet, (columns, rows) in sheets.items():
        _page(book.add_worksheet(sheet), title, columns, rows, now, formats)
    lists = book.add_worksheet("Lists")
    lists.write_column(0, 0, ["GREEN", "AMBER", "RED"])
    lists.hide()
    book.close()
    return out.getvalue()


def _page(
    page: Any,
    title: str,
    columns: Sequence[str | date],
    rows: Iterable[Mapping[Any, Any]],
    now: Moment,
    formats: Mapping[str, Any],
) -> None:
    page.merge_range(0, 0, 0, 5, f"{title}: Change portfolio", formats["title"])
    page.write_string(1, 0, "As of")
    page.write_datetime(1, 1, datetime.combine(now.monday(now.week), datetime.min.time()), formats["date"])
    page.write_string(2, 0, "Kept by the project office; please change only what is yours.")
    for index, column in enumerate(columns):
        if isinstance(column, date):
            page.write_datetime(
                HEADER_ROW - 1, index, datetime.combine(column, datetime.min.time()), formats["month"]
            )
        else:
            page.write_string(HEADER_ROW - 1, index, column, formats["head"])
    last = HEADER_ROW
    money = {**formats, "money": formats["amount" if "Currency" in columns else "pounds"]}
    for line, row in enumerate(rows, HEADER_ROW):
        for index, column in enumerate(columns):
            _write(page, (line, index), column, row.get(column), money)
        last = line + 1
    for line in range(last, last + 5):  # rows somebody has formatted for later
        page.write_blank(line, 0, None, formats["empty"])
    page.freeze_panes(HEADER_ROW, 2)
    page.set_column(0, len(columns) - 1, 16)


def _write(
    page: Any, cell: tuple[int, int], column: str | date, value: Any, formats: Mapping[str, Any]
) -> None:
    if value is None:
        return
    if isinstance(value, date):
        page.write_datetime(*cell, datetime.combine(value, datetime.min.time()), formats["date"])
    elif isinstance(value, str):
        page.write_string(*cell, value)
    elif isinstance(column, date) or column in MONEY:
        page.write_number(*cell, value, formats["money"])
    elif column in SHARES:
        page.write_number(*cell, value, formats["share"])
    else:
        page.write_number(*cell, value)


def _csv(columns: Sequence[str], rows: Iterable[Row]) -> bytes:
    """Return a CSV as Excel writes it for the world: UTF-8 with its mark, dates as ISO."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(columns)
    writer.writerows([["" if row.get(column) is None else row[column] for column in columns] for row in rows])
    return b"\xef\xbb\xbf" + out.getvalue().encode()


_ODS_TYPE: Final = b"application/vnd.oasis.opendocument.spreadsheet"
_MANIFEST: Final = (
    '<?xml version="1.0" encoding="UTF-8"?><manifest:manifest'
    ' xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"'
    ' manifest:version="1.2"><manifest:file-entry manifest:full-path="/" manifest:media-type="'
    + _ODS_TYPE.decode()
    + '"/><manifest:file-entry manifest:full-path="content.xml" manifest:media-type="text/xml"/></manifest:manifest>'
)


def _ods_typed(kind: str, attribute: str, value: Any) -> str:
    start = f'<table:table-cell office:value-type="{kind}" office:{attribute}="{value}">'
    return f"{start}<text:p>{value}</text:p></table:table-cell>"


def _ods_cell(value: Any) -> str:
    if value is None:
        return "<table:table-cell/>"
    if isinstance(value, date):
        return _ods_typed("date", "date-value", value)
    if isinstance(value, int | float):
        return _ods_typed("float", "value", value)
    text = quoteattr(str(value))[1:-1]
    return f'<table:table-cell office:value-type="string"><text:p>{text}</text:p></table:table-cell>'


def _ods(sheet: str, columns: Sequence[str], rows: Iterable[Row]) -> bytes:
    """Return an OpenDocument spreadsheet of one sheet."""
    lines: list[list[Any]] = [list(columns), *([row.get(column) for column in columns] for row in rows)]
    body = "".join(f"<table:table-row>{''.join(map(_ods_cell, line))}</table:table-row>" for line in lines)
    content = (
        '<?xml version="1.0" encoding="UTF-8"?><office:document-content'
        ' xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"'
        ' xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0"'
        ' xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0" office:version="1.2">'
        "<office:body><office:spreadsheet>"
        f'<table:table table:name="{sheet}">{body}</table:table>'
        "</office:spreadsheet></office:body></office:document-content>"
    )
    out = io.BytesIO()
    with ZipFile(out, "w") as archive:
        # The type comes first and uncompressed, or the file is not recognised.
        archive.writestr(ZipInfo("mimetype"), _ODS_TYPE, ZIP_STORED)
        archive.writestr(ZipInfo("META-INF/manifest.xml"), _MANIFEST, ZIP_DEFLATED)
        archive.writestr(ZipInfo("content.xml"), content, ZIP_DEFLATED)
    return out.getvalue()


def write_local(folder: Path, anchor: date, clock: date) -> list[Path]:
    """Write the local folder's files; a file whose content stays the same is not touched."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, content in local(anchor, clock).items():
        path = folder / name
        if not path.exists() or path.read_bytes() != content:
            path.write_bytes(content)
        written.append(path)
    return written


def main(argv: list[str] | None = None) -> int:
    """Write the local folder's files as of a day."""
    parser = argparse.ArgumentParser(prog="python -m sandbox.workbooks", description=main.__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--anchor", type=date.fromisoformat, help="the story's today (YYYY-MM-DD)")
    parser.add_argument("--clock", type=date.fromisoformat, help="the day whose state is written")
    parser.add_argument("--library", action="store_true", help="write the SharePoint library's files too")
    given = parser.parse_args(argv)
    anchor = given.anchor or datetime.now(UTC).date()
    clock = given.clock or anchor
    written = write_local(given.folder, anchor, clock)
    if given.library:
        for name, content in library(anchor, clock).items():
            (given.folder / name).write_bytes(content)
            written.append(given.folder / name)
    for path in written:
        print(path)  # noqa: T201  what was written is the answer
    return 0


if __name__ == "__main__":
    sys.exit(main())
