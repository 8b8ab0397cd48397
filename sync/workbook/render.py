"""Writes a workbook: plain cells, no macros, no formulas, and nothing that a text in it could start."""

import io
from datetime import UTC, date, datetime
from typing import Any, Final

import xlsxwriter
from xlsxwriter.utility import xl_rowcol_to_cell
from xlsxwriter.workbook import Workbook
from xlsxwriter.worksheet import Worksheet

from model.collection.typed import NUMBERS
from model.status.colour import Colour
from model.template.language import FieldRule
from sync.workbook.book import (
    ABOUT_ROW,
    FIRST_ROW,
    FORM,
    HEAD_ROW,
    HINT_ROW,
    ID_ROW,
    LISTS,
    MARK,
    TITLE_ROW,
    VALUE,
    Book,
    Box,
    Look,
    Row,
    Sheet,
)
from sync.workbook.words import expected

HIDDEN: Final = "muster"
_FILLS: Final = {
    Look.LABEL: "#FFFFFF", Look.LOCKED: "#E7E6E6", Look.FILLED: "#DDEBF7", Look.ASKED: "#FFF9DB",
    Look.WRONG: "#F8CBAD", Look.LOCKED_WRONG: "#F4B084", Look.CONFLICT: "#FFE699", Look.QUIET: "#FFFFFF",
}  # fmt: skip
_EDITABLE: Final = frozenset({Look.FILLED, Look.ASKED, Look.WRONG, Look.CONFLICT})
_NUMBER_FORMATS: Final = {
    "date": "yyyy-mm-dd", "money": "#,##0.00", "int": "0", "number": "General", "percent": "General",
}  # fmt: skip
_LINE: Final = 15  # points
_MOST_LINES: Final = 12
_NOTHING: Final = Box(None, Look.LOCKED)
_INLINE: Final = 255  # characters that a drop-down may list itself
_TRIGGERS: Final = ("=", "+", "-", "@", "\t", "\r")
_LARGEST: Final = 1e15
_LAST_DAY: Final = date(9999, 12, 31)
_FIRST_DAY: Final = date(1901, 1, 1)


def render(book: Book) -> bytes:
    """Write a workbook; the same book gives the same bytes."""
    out = io.BytesIO()
    workbook = xlsxwriter.Workbook(out, {
        "in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False,
        "default_date_format": "yyyy-mm-dd",
    })  # fmt: skip
    workbook.set_properties({
        "title": book.title, "author": "Muster", "comments": book.about,
        "created": datetime.fromisoformat(book.identity.sent).astimezone(UTC).replace(tzinfo=None),
    })  # fmt: skip
    writing = _Writing(workbook, book)
    for sheet in book.sheets:
        writing.sheet(sheet)
    writing.hidden()
    workbook.close()
    return out.getvalue()


class _Writing:
    """One workbook being written: its formats are made once, its long lists stand on a hidden sheet."""

    def __init__(self, workbook: Workbook, book: Book) -> None:
        self._workbook = workbook
        self._book = book
        self._formats: dict[tuple[Any, ...], Any] = {}
        self._lists: dict[tuple[str, ...], str] = {}
        self._head = workbook.add_format({
            "bold": True, "bg_color": "#1F3864", "font_color": "#FFFFFF", "text_wrap": True, "valign": "top",
            "border": 1, "border_color": "#BFBFBF",
        })  # fmt: skip

    def sheet(self, sheet: Sheet) -> None:
        """Write a form or a list."""
        page = self._workbook.add_worksheet(sheet.name)
        page.hide_gridlines(2)
        page.set_column(0, 0, 4, None, {"hidden": True})
        for index, column in enumerate(sheet.columns, start=1):
            page.set_column(index, index, column.width)
        self._heading(page, sheet)
        for index, row in enumerate(sheet.rows, start=FIRST_ROW):
            page.write_string(index, 0, row.id, self._format(Look.LOCKED, None, quoted=False))
            for number, column in enumerate(sheet.columns, start=1):
                self._box(page, index, number, row.boxes.get(column.id, _NOTHING))
            lines = _lines(sheet, row)
            if lines > 1:
                page.set_row(index, _LINE * lines)
        self._input_checks(page, sheet)
        self._table(page, sheet)
        page.freeze_panes(FIRST_ROW, 2)
        page.protect("", {
            "format_columns": True, "format_rows": True, "format_cells": True, "autofilter": True,
            "select_locked_cells": True, "select_unlocked_cells": True,
        })  # fmt: skip
        page.set_landscape()
        page.fit_to_pages(1, 0)
        page.repeat_rows(HEAD_ROW)

    def hidden(self) -> None:
        """Write what the workbook is, and the long lists, on sheets that nobody sees."""
        page = self._workbook.add_worksheet(HIDDEN)
        lines = (*self._book.identity.lines(), ("checksum", self._book.identity.checksum))
        for index, (name, value) in enumerate(lines):
            page.write_string(index, 0, name)
            page.write_string(index, 1, value)
        page.protect()
        page.very_hidden()
        if self._lists:
            lists = self._workbook.add_worksheet(LISTS)
            for number, words in enumerate(self._lists):
                for index, word in enumerate(words):
                    lists.write_string(index, number, word)
            lists.protect()
            lists.very_hidden()

    def _heading(self, page: Worksheet, sheet: Sheet) -> None:
        bold = self._workbook.add_format({"bold": True, "font_size": 14})
        quiet = self._workbook.add_format({"font_color": "#595959"})
        page.write_string(TITLE_ROW, 1, self._book.title, bold)
        page.write_string(HINT_ROW, 1, self._book.hint, quiet)
        page.write_string(ABOUT_ROW, 1, self._book.about, quiet)
        page.set_row(ID_ROW, None, None, {"hidden": True})
        page.write_string(ID_ROW, 0, f"{MARK}:{sheet.kind}:{self._book.identity.token}")
        page.write_string(HEAD_ROW, 0, "id", self._head)
        for index, column in enumerate(sheet.columns, start=1):
            page.write_string(ID_ROW, index, column.id)
            page.write_string(HEAD_ROW, index, column.label, self._head)
            if column.note:
                page.write_comment(HEAD_ROW, index, column.note, {"author": "Muster", "x_scale": 2})
        page.set_row(HEAD_ROW, 32)

    def _box(self, page: Worksheet, row: int, column: int, box: Box) -> None:
        content = box.content
        quoted = isinstance(content, str) and content.startswith(_TRIGGERS)
        look = self._format(box.look, box.rule, quoted=quoted)
        if content is None:
            page.write_blank(row, column, None, look)
        elif isinstance(content, str):
            page.write_string(row, column, content, look)
        elif isinstance(content, date):
            page.write_datetime(row, column, content, look)
        else:
            page.write_number(row, column, content, look)
        if box.note:
            page.write_comment(row, column, box.note, {"author": "Muster", "x_scale": 2, "y_scale": 1.3})

    def _format(self, look: Look, rule: FieldRule | None, *, quoted: bool) -> Any:
        """Return a format, made once a kind. A text that begins as a formula does is marked as typed text."""
        numbers = _NUMBER_FORMATS.get(rule.type, "@") if rule is not None else "@"
        key = (look, numbers, quoted)
        if key not in self._formats:
            self._formats[key] = self._workbook.add_format({
                "locked": look not in _EDITABLE, "bg_color": _FILLS[look], "num_format": numbers, "valign": "top",
                "text_wrap": True, "border": 1, "border_color": "#BFBFBF", "quote_prefix": quoted,
                "bold": look is Look.LABEL, "font_color": "#595959" if look is Look.QUIET else "#000000",
                "align": "left",
            })  # fmt: skip
        return self._formats[key]

    def _input_checks(self, page: Worksheet, sheet: Sheet) -> None:
        """Put drop-downs and limits on the cells that may be filled in."""
        if sheet.kind == FORM:
            at = 1 + [column.id for column in sheet.columns].index(VALUE)
            for index, row in enumerate(sheet.rows, start=FIRST_ROW):
                self._check_input(page, (index, at, index, at), row.boxes[VALUE])
            return
        for number, column in enumerate(sheet.columns, start=1):
            last = FIRST_ROW + len(sheet.rows) - 1
            boxes = (row.boxes.get(column.id) for row in reversed(sheet.rows))
            box = next((each for each in boxes if each is not None and each.look in _EDITABLE), None)
            if box is not None:
                self._check_input(page, (FIRST_ROW, number, last, number), box)

    def _check_input(self, page: Worksheet, area: tuple[int, int, int, int], box: Box) -> None:
        if box.rule is None or box.look not in _EDITABLE:
            return
        options = self._validation(box.rule)
        if options is None:
            return
        wants = expected(box.rule)
        page.data_validation(*area, {
            "ignore_blank": True, "error_title": "Not what is expected", "error_message": f"Expected {wants}"[:255],
            "error_type": "stop", **options,
        })  # fmt: skip

    def _validation(self, rule: FieldRule) -> dict[str, Any] | None:
        if rule.type in ("enum", "rag", "bool"):
            return {"validate": "list", "source": self._choices(choices_of(rule))}
        if rule.type == "person" and self._book.people:
            # A warning only: whoever answers for something may be new.
            return {"validate": "list", "source": self._choices(self._book.people), "error_type": "warning"}
        if rule.type == "date":
            return {"validate": "date", "criteria": "between", "minimum": _FIRST_DAY, "maximum": _LAST_DAY}
        if rule.type in NUMBERS:
            least = rule.min if rule.min is not None else -_LARGEST
            most = rule.max if rule.max is not None else _LARGEST
            kind = "integer" if rule.type == "int" else "decimal"
            return {"validate": kind, "criteria": "between", "minimum": least, "maximum": most}
        if rule.max_len is not None:
            return {"validate": "length", "criteria": "<=", "value": rule.max_len}
        return None

    def _choices(self, words: tuple[str, ...]) -> Any:
        """Return a drop-down's source: the words themselves, or where they stand when they are too many."""
        if len(",".join(words)) <= _INLINE and not any("," in word or word.startswith("=") for word in words):
            return list(words)
        if words not in self._lists:
            column = len(self._lists)
            first = xl_rowcol_to_cell(0, column, row_abs=True, col_abs=True)
            last = xl_rowcol_to_cell(len(words) - 1, column, row_abs=True, col_abs=True)
            self._lists[words] = f"={LISTS}!{first}:{last}"
        return self._lists[words]

    def _table(self, page: Worksheet, sheet: Sheet) -> None:
        """Name the table, so that Excel and other programs find it by its name."""
        if not sheet.rows:
            return
        labels = ["id", *(column.label for column in sheet.columns)]
        unique = [
            label
            if label.casefold() not in {each.casefold() for each in labels[:index]}
            else f"{label} ({index})"
            for index, label in enumerate(labels)
        ]
        name = "answers" if sheet.kind == FORM else "records"
        page.add_table(HEAD_ROW, 0, FIRST_ROW + len(sheet.rows) - 1, len(sheet.columns), {
            "name": name, "style": None, "autofilter": sheet.kind != FORM,
            "columns": [{"header": label, "header_format": self._head} for label in unique],
        })  # fmt: skip


def _lines(sheet: Sheet, row: Row) -> int:
    """Return how many lines a row needs: programs other than Excel do not make room by themselves."""
    most = (
        3 if sheet.kind == FORM and (rule := row.boxes[VALUE].rule) is not None and rule.type == "text" else 1
    )
    for column in sheet.columns:
        content = row.boxes.get(column.id, _NOTHING).content
        if isinstance(content, str):
            most = max(most, sum(-(-max(1, len(line)) // column.width) for line in content.split("\n")))
    return min(most, _MOST_LINES)


def choices_of(rule: FieldRule) -> tuple[str, ...]:
    """Return what a drop-down offers."""
    if rule.type == "rag":
        return tuple(name for name in Colour.__members__ if name in ("GREEN", "AMBER", "RED"))
    return ("yes", "no") if rule.type == "bool" else rule.values
