"""Tells which workbook a returned file is, by its hidden parts."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from connectors.excel.layout import Refused
from connectors.excel.written import SheetWritten
from sync.workbook.book import MARK, Identity

HIDDEN: Final = "muster"
AS_SENT: Final = "give the answers in the workbook as it was sent, or download it again"
DEEPEST: Final = 200  # rows in which the hidden row may be by now


@dataclass(frozen=True, slots=True)
class Marked:
    """What a workbook says it is: its token, and the hidden identity where it still has one."""

    token: str
    identity: Identity | None
    title: str | None  # its first line, as it reads now


def identify(file: str, sheets: Sequence[SheetWritten]) -> Marked:
    """Tell which workbook it is.

    Raises:
        Refused: None that was sent, two in one, or its hidden part was changed.
    """
    identity, lines = _identity(file, sheets)
    marks = [(place, sheet) for sheet in sheets if (place := mark_in(sheet)) is not None]
    tokens = {_token(sheet, place) for place, sheet in marks} | ({identity.token} if identity else set())
    if not tokens:
        raise Refused(f"{file} is no workbook that was sent from here: its hidden part is missing; {AS_SENT}")
    if len(tokens) > 1:
        raise Refused(
            f"{file} holds sheets of {len(tokens)} workbooks that were sent; give each back by itself"
        )
    if identity is not None and lines.get("checksum") != identity.checksum:
        raise Refused(f"{file}: the hidden part that says what it is was changed by hand; {AS_SENT}")
    title = next((sheet.at(max(0, place[0] - 3), 1) for place, sheet in marks), None)
    return Marked(tokens.pop(), identity, title if isinstance(title, str) else None)


def mark_in(sheet: SheetWritten) -> tuple[int, int] | None:
    """Find the marker, where the hidden row and the hidden column cross."""
    for row, cells in enumerate(sheet.rows[:DEEPEST]):
        for column, cell in enumerate(cells):
            if isinstance(cell, str) and cell.startswith(f"{MARK}:") and cell.count(":") == 2:  # noqa: PLR2004 -- muster:kind:token
                return row, column
    return None


def _token(sheet: SheetWritten, place: tuple[int, int]) -> str:
    return str(sheet.at(*place)).rpartition(":")[2]


def _identity(file: str, sheets: Sequence[SheetWritten]) -> tuple[Identity | None, dict[str, str]]:
    page = next((sheet for sheet in sheets if sheet.name.casefold() == HIDDEN), None)
    if page is None:
        return None, {}
    lines = {str(row[0]): str(row[1]) for row in page.rows if len(row) > 1 and row[0] is not None}
    names = ("token", "template", "version", "project", "period", "sent")
    if missing := [name for name in names if name not in lines]:
        raise Refused(f"{file}: the hidden part that says what it is lacks {', '.join(missing)}; {AS_SENT}")
    return Identity(**{name: lines[name] for name in names}), lines
