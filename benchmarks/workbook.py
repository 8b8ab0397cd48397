"""A workbook of 100,000 rows and 20 columns: our reading against openpyxl's, in one run.

The sheet is a RAID log with title rows above its header, dates, money, shares, texts and empty cells.
"""

import json
import sys
import tempfile
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final

from benchmarks.common import Measured, embedded, median, spread, table
from benchmarks.processes import measure
from sandbox.exposure import raid
from sandbox.figures import Moment
from sandbox.workbooks import RAID, workbook

COLUMNS: Final = 20
ANCHOR: Final = date(2026, 11, 20)
WAYS: Final = {
    "calamine": "the parser alone (python-calamine, values only)",
    "openpyxl": "openpyxl, read-only, values only",
    "connector": "our connector: typed records with their cells",
    "run": "a whole run: read, mapped, stored in PostgreSQL",
}


def run(*, quick: bool, rounds: int) -> str:
    """Measure all ways and return the report."""
    rows = 5_000 if quick else 100_000
    found: dict[str, list[Measured]] = {way: [] for way in WAYS}
    with tempfile.TemporaryDirectory(prefix="muster-bench-") as name, embedded() as server:
        file = Path(name) / "raid.xlsx"
        file.write_bytes(_workbook(rows))
        for number in range(rounds):
            for way, measured in found.items():
                with server.database(f"{way}_{number}") as database:
                    measured.append(_one(way, file, database if way == "run" else "", rows))
        size = file.stat().st_size
    said = (
        f"{rows:,} rows × {COLUMNS} columns, {size / 1e6:.1f} MB as .xlsx. Each way is a program of its own, started "
        f"anew, all its processes counted; rounds: {rounds} (medians, least–most)."
    )
    head = ("read by", "seconds", "÷ openpyxl", "peak MB", "÷ openpyxl", "rows/s", "records")
    return f"## Workbook\n\n{said}\n\n{table(head, [_row(way, found) for way in WAYS])}"


def _one(way: str, file: Path, database: str, rows: int) -> Measured:
    command = [sys.executable, "-m", "benchmarks.sheet", way, str(file), *filter(None, [database])]
    variables = {"PYTHONPATH": str(Path(__file__).parents[1])}
    found = measure([command], folder=file.parent, variables=variables, label=way)
    found |= json.loads((file.parent / "output.txt").read_text().splitlines()[-1])
    # Title and header rows are rows to those who read values only; to us they are not.
    if found["records"] < rows:
        raise SystemExit(f"{way} found {found['records']:,} of {rows:,} rows")
    print(f"  {way}: {found['seconds']:.1f} s, {found['peak_mb']:.0f} MB", file=sys.stderr, flush=True)
    return found


def _row(way: str, found: dict[str, list[Measured]]) -> tuple[object, ...]:
    ours, theirs = found[way], found["openpyxl"]

    def ratio(name: str) -> str:
        return "" if way == "openpyxl" else f"{median(ours, name) / median(theirs, name):.2f}"

    return (
        WAYS[way],
        spread(ours, "seconds"),
        ratio("seconds"),
        f"{max(one['peak_mb'] for one in ours):,.0f}",
        ratio("peak_mb"),
        f"{ours[0]['records'] / median(ours, 'seconds'):,.0f}",
        f"{ours[0]['records']:,}",
    )


def _workbook(rows: int) -> bytes:
    return workbook("RAID", "RAID log", RAID[:COLUMNS], _rows(rows), Moment(ANCHOR, ANCHOR))


def _rows(rows: int) -> Iterator[dict[str, Any]]:
    """Yield the story's RAID log over and over, each row under a number and with days of its own."""
    story = raid(ANCHOR, ANCHOR)
    for number in range(rows):
        row = dict(story[number % len(story)])
        days = timedelta(days=number % 300)
        dates = {name: value - days for name, value in row.items() if isinstance(value, date)}
        yield row | dates | {"Ref": f"L-{number + 1:06}"}
