"""LibreOffice without a window: converting and calculating workbooks."""

import io
import re
import subprocess
import zipfile
from pathlib import Path

from tests.support.lanes import program

FILTERS = {
    "xlsx": "xlsx:Calc MS Excel 2007 XML",
    "ods": "ods:calc8",
    "xls": "xls:MS Excel 97",
    # Commas, double quotes, UTF-8, cells as they are shown, no formulas: LibreOffice's own numbers for these.
    "csv": "csv:Text - txt - csv (StarCalc):44,34,76,1,,2057,false,true,true",
}
_MOST_S = 120


def converted(files: list[Path], ending: str, folder: Path, profile: Path) -> dict[str, bytes]:
    """Have LibreOffice read files and write them in another format; returns them by their old names.

    Args:
        files: What to convert, all at once: starting it takes longest.
        ending: A key of `FILTERS`.
        folder: Where the results go.
        profile: A settings folder of the tests' own, so that nobody's open LibreOffice is disturbed.
    """
    soffice = program("LibreOffice", "soffice", "libreoffice")
    folder.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(
        [soffice, f"-env:UserInstallation={profile.as_uri()}", "--headless", "--norestore", "--convert-to",
         FILTERS[ending], "--outdir", str(folder), *map(str, files)],
        capture_output=True, text=True, timeout=_MOST_S, check=False,
    )  # fmt: skip
    made = {file.name: folder / f"{file.stem}.{ending}" for file in files}
    missing = [name for name, path in made.items() if not path.is_file()]
    assert not missing, f"LibreOffice wrote no {ending} of {missing}: {done.stdout}{done.stderr}"
    return {name: path.read_bytes() for name, path in made.items()}


def has_calculated_values(body: bytes) -> bool:
    """Say whether an .xlsx keeps results beside its formulas."""
    with zipfile.ZipFile(io.BytesIO(body)) as book:
        sheets = [name for name in book.namelist() if name.startswith("xl/worksheets/sheet")]
        return any(re.search(rb"</f>\s*<v[^>]*>[^<]", book.read(name)) for name in sheets)


_LIBRARY = """<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE library:library PUBLIC "-//OpenOffice.org//DTD OfficeDocument 1.0//EN" "library.dtd">
<library:library xmlns:library="http://openoffice.org/2000/library" library:name="Standard" library:readonly="false"
 library:passwordprotected="false"><library:element library:name="Editing"/></library:library>
"""
_EDITING = """<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE script:module PUBLIC "-//OpenOffice.org//DTD OfficeDocument 1.0//EN" "module.dtd">
<script:module xmlns:script="http://openoffice.org/2000/script" script:name="Editing" script:language="StarBasic">
Sub Say(target As String, words As String)
  n = FreeFile
  Open target For Append As #n
  Print #n, words
  Close #n
End Sub

Sub Edit(given As String, result As String, said As String, edited As String)
  On Error GoTo Failed
  Dim hidden(0) As New com.sun.star.beans.PropertyValue
  hidden(0).Name = "Hidden"
  hidden(0).Value = True
  doc = StarDesktop.loadComponentFromURL(ConvertToURL(given), "_blank", 0, hidden())
  sheet = doc.Sheets.getByIndex(0)
  edits = Split(edited, "|")
  For i = 0 To UBound(edits)
    parts = Split(edits(i), "::")
    sheet.getCellRangeByName(parts(0)).setFormula(parts(1))
  Next i
  Dim options(0) As New com.sun.star.beans.PropertyValue
  options(0).Name = "FilterName"
  options(0).Value = "Calc MS Excel 2007 XML"
  doc.storeToURL(ConvertToURL(result), options())
  doc.close(True)
  Say(said, "done")
  Exit Sub
Failed:
  Say(said, Error$ &amp; " in line " &amp; Erl)
End Sub
</script:module>
"""


def edited_by_hand(file: Path, cells: dict[str, str], profile: Path) -> bytes:
    """Have LibreOffice open a workbook, type into cells of its first sheet, and save it as .xlsx.

    Args:
        file: The workbook.
        cells: What is typed, by address, as a person would type it.
        profile: A settings folder that LibreOffice has used before: it makes its own macros when it is new.
    """
    soffice = program("LibreOffice", "soffice", "libreoffice")
    macros = profile / "user" / "basic" / "Standard"
    assert macros.is_dir(), "the settings are made by converting something first"
    (macros / "script.xlb").write_text(_LIBRARY, encoding="utf-8")
    (macros / "Editing.xba").write_text(_EDITING, encoding="utf-8")
    result, said = file.with_suffix(".saved.xlsx"), file.with_suffix(".said")
    typed = "|".join(f"{address}::{text}" for address, text in cells.items())
    macro = f'macro:///Standard.Editing.Edit("{file}","{result}","{said}","{typed}")'
    subprocess.run(
        [soffice, f"-env:UserInstallation={profile.as_uri()}", "--headless", "--norestore", macro],
        capture_output=True, text=True, timeout=_MOST_S, check=False,
    )  # fmt: skip
    told = said.read_text() if said.is_file() else "nothing"
    assert told.strip() == "done", f"LibreOffice said {told}"
    return result.read_bytes()
