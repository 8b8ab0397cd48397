"""Looks at a file before any parser does: what it is, and whether it is safe to unpack."""

import io
import zipfile
from typing import Final

from connectors.excel.layout import Limits, Refused

_OLE: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ZIP: Final = b"PK\x03\x04"
_MOST_ENTRIES: Final = 10_000
_HIGHEST_RATIO: Final = 400  # real sheets stay under 100
_HARMLESS: Final = 32 * 1024 * 1024  # unpacked bytes that need no ratio
_TEXT_ENDINGS: Final = (".csv", ".tsv", ".txt")


def kind_of(file: str, body: bytes, limits: Limits) -> str:
    """Return `zip` (xlsx, xlsm, xlsb, ods), `ole` (xls) or `text` (csv).

    Raises:
        Refused: It is none of these, is locked by a password, broken, or unpacks to too much.
    """
    if not body.strip(b"\0 \r\n\t"):
        raise Refused(f"{file} is empty; save it again, or check that the upload finished")
    if body.startswith(_OLE):
        _check_ole(file, body)
        return "ole"
    if body.startswith(_ZIP):
        _check_zip(file, body, limits)
        return "zip"
    start = body[:2048].lstrip(b"\xef\xbb\xbf \r\n\t").lower()
    if start.startswith((b"<!doctype html", b"<html", b"<head", b"<script")):
        raise Refused(
            f"{file} is no workbook but a web page, as a sign-in page is when it is saved in a file's place; "
            "open the address in a browser, sign in, and download the workbook itself"
        )
    if start.startswith(b"<?xml"):
        raise Refused(f"{file} is an XML spreadsheet, which is not read; save it as .xlsx")
    if file.lower().endswith(_TEXT_ENDINGS) and not _binary(body):
        return "text"
    raise Refused(
        f"{file} is no workbook: its first bytes are those of no .xlsx, .xlsm, .xlsb, .xls, .ods or .csv file; "
        "it is damaged or something else under that name. Open it in Excel and save it again"
    )


def _binary(body: bytes) -> bool:
    """Tell whether bytes are no text: NULs, except in UTF-16 that says so."""
    return b"\0" in body[:65536] and not body.startswith((b"\xff\xfe", b"\xfe\xff"))


def _check_ole(file: str, body: bytes) -> None:
    """Tell an .xls apart from an encrypted workbook, which has the same first bytes."""
    import msoffcrypto  # only here: it costs every other file a tenth of a second

    try:
        locked = msoffcrypto.OfficeFile(io.BytesIO(body)).is_encrypted()
    except Exception as error:
        raise Refused(
            f"{file} is damaged or no workbook ({type(error).__name__}); open it in Excel and save it again"
        ) from error
    if locked:
        raise Refused(
            f"{file} is protected by a password or a sensitivity label that encrypts it; "
            "save a copy without the password (File, Info, Protect Workbook) where Muster reads it"
        )


def _check_zip(file: str, body: bytes, limits: Limits) -> None:
    """Refuse what is broken, or would unpack to more than it may, by the archive's own directory."""
    try:
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            entries = archive.infolist()
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError) as error:
        # The last is what zipfile raises of an archive in a newer format than it reads.
        raise Refused(
            f"{file} is damaged ({error}), or was not uploaded whole; open it in Excel and save it again"
        ) from error
    names = {entry.filename for entry in entries}
    if not names & {"xl/workbook.xml", "xl/workbook.bin", "content.xml"}:
        raise Refused(f"{file} is a zip archive but holds no workbook; give the workbook itself")
    unpacked = sum(entry.file_size for entry in entries)
    ratio = unpacked / max(1, len(body))
    if (
        len(entries) > _MOST_ENTRIES
        or unpacked > limits.unpacked_mb * 1024 * 1024
        or (unpacked > _HARMLESS and ratio > _HIGHEST_RATIO)
    ):
        raise Refused(
            f"{file} unpacks from {_size(len(body))} to {_size(unpacked)} in {len(entries)} parts; that is no "
            "register but a mistake or an attack, so it was not opened. Copy the table into a new workbook"
        )


def _size(count: int) -> str:
    return f"{count / 1024 / 1024:,.0f} MB" if count >= 1024 * 1024 else f"{count / 1024:,.0f} kB"
