"""A binary workbook (.xlsb) of a few rows, record by record, for no library at hand writes one.

Record numbers and layouts: [MS-XLSB] section 2.
"""

import io
import struct
import zipfile
from collections.abc import Sequence
from datetime import date
from typing import Any, Final

_ROW, _REAL, _ERROR, _BOOL, _TEXT = 0, 5, 3, 4, 6
_DIMENSION, _BEGIN_SHEET, _END_SHEET, _BEGIN_DATA, _END_DATA = 148, 129, 130, 145, 146
_BEGIN_BOOK, _END_BOOK, _BEGIN_SHEETS, _END_SHEETS, _SHEET = 131, 132, 143, 144, 156
_BEGIN_STYLES, _END_STYLES, _BEGIN_XFS, _END_XFS, _XF = 278, 279, 617, 618, 47
_FORMATS: Final = (0, 14, 9)  # general, a date, a percent: built in
_EPOCH: Final = date(1899, 12, 30)
_REF: Final = 0x17  # the error #REF!
_RELATIONS: Final = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE: Final = "http://schemas.openxmlformats.org/package/2006/relationships"
_TYPES: Final = (
    '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="bin" ContentType="application/vnd.ms-excel.sheet.binary.macroEnabled.main"/>'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/></Types>'
)


def xlsb(
    rows: Sequence[Sequence[Any]], sheet: str = "Projects", percents: frozenset[int] = frozenset()
) -> bytes:
    """Write rows from A1 on; `#REF!` becomes an error, and numbers in the columns `percents` are shown as such."""
    width = max(map(len, rows))
    data = _record(_BEGIN_SHEET) + _record(_DIMENSION, struct.pack("<4I", 0, len(rows) - 1, 0, width - 1))
    data += _record(_BEGIN_DATA)
    for number, row in enumerate(rows):
        data += _record(_ROW, struct.pack("<IIHBBBI", number, 0, 300, 0, 0, 0, 0))
        data += b"".join(
            _cell(column, value, percent=column in percents)
            for column, value in enumerate(row)
            if value is not None
        )
    data += _record(_END_DATA) + _record(_END_SHEET)
    name = _wide("rId1") + _wide(sheet)
    book = _record(_BEGIN_BOOK) + _record(_BEGIN_SHEETS) + _record(_SHEET, struct.pack("<II", 0, 1) + name)
    book += _record(_END_SHEETS) + _record(_END_BOOK)
    styles = _record(_BEGIN_STYLES) + _record(_BEGIN_XFS, struct.pack("<I", len(_FORMATS)))
    styles += b"".join(_record(_XF, struct.pack("<HH", 0, number) + bytes(12)) for number in _FORMATS)
    styles += _record(_END_XFS) + _record(_END_STYLES)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", _TYPES)
        archive.writestr("_rels/.rels", _links(("rId1", "officeDocument", "xl/workbook.bin")))
        archive.writestr("xl/workbook.bin", book)
        archive.writestr(
            "xl/_rels/workbook.bin.rels",
            _links(("rId1", "worksheet", "worksheets/sheet1.bin"), ("rId2", "styles", "styles.bin")),
        )
        archive.writestr("xl/styles.bin", styles)
        archive.writestr("xl/worksheets/sheet1.bin", data)
    return out.getvalue()


def _cell(column: int, value: Any, *, percent: bool) -> bytes:
    style = 1 if isinstance(value, date) else 2 if percent else 0
    head = struct.pack("<II", column, style)
    if value == "#REF!":
        return _record(_ERROR, head + bytes([_REF]))
    if isinstance(value, bool):
        return _record(_BOOL, head + bytes([value]))
    if isinstance(value, date):
        return _record(_REAL, head + struct.pack("<d", (value - _EPOCH).days))
    if isinstance(value, int | float):
        return _record(_REAL, head + struct.pack("<d", value))
    return _record(_TEXT, head + _wide(str(value)))


def _record(number: int, payload: bytes = b"") -> bytes:
    return _varied(number) + _varied(len(payload)) + payload


def _varied(number: int) -> bytes:
    """Write seven bits a byte, the lowest first."""
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def _wide(text: str) -> bytes:
    return struct.pack("<I", len(text)) + text.encode("utf-16-le")


def _links(*links: tuple[str, str, str]) -> str:
    inner = "".join(
        f'<Relationship Id="{i}" Type="{_RELATIONS}/{kind}" Target="{to}"/>' for i, kind, to in links
    )
    return f'<Relationships xmlns="{_PACKAGE}">{inner}</Relationships>'
