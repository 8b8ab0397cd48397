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
