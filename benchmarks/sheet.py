"""One workbook read in a process of its own, in one of several ways.

`python -m benchmarks.sheet openpyxl|calamine|connector|run FILE [DATABASE_URL]` prints one JSON line.
"""

import json
import sys
import time
from pathlib import Path
from typing import Any

from benchmarks.common import Measured

SHEET, KEY, HOLDS, SOURCE = "RAID", "Ref", "raid", "sheet"


def openpyxl(file: Path) -> int:
    """Count the rows with a value, every cell of them read, in openpyxl's read-only mode."""
    from openpyxl import load_workbook

    book = load_workbook(file, read_only=True, data_only=True)
    found = sum(any(cell is not None for cell in row) for row in book[SHEET].iter_rows(values_only=True))
    book.close()
    return found


def calamine(file: Path) -> int:
    """Count the rows with a value as the parser alone gives them: what the connector stands on."""
    from python_calamine import CalamineWorkbook

    rows = CalamineWorkbook.from_path(str(file)).get_sheet_by_name(SHEET).to_python()
    return sum(any(cell != "" for cell in row) for row in rows)


def options(file: Path) -> Measured:
    """Return the configuration of a source that is this file."""
    return {
        "folder": str(file.parent),
        "workbooks": [{"path": file.name, "sheet": SHEET, "holds": HOLDS, "key": KEY}],
    }


def connector(file: Path) -> int:
    """Count the records the connector gives: typed, each with its cells and reasons."""
    from connectors.excel.config import ExcelConfig
    from connectors.excel.connector import Excel

    excel = Excel(ExcelConfig.model_validate(options(file)), source=SOURCE)
    found = 0
    for stream in excel.streams({}, ()):
        for slice_ in stream.slices():
            for page in stream.pull(slice_, None):
                found += sum(record.filtered_by is None for record in stream.read(page.parts))
    excel.close()
    return found


def run(file: Path, database: str) -> int:
    """Count the records a whole run stores; the database is migrated and empty."""
    from sqlalchemy import text

    from config.database import open_engine
    from config.document import Document
    from config.process import tune
    from sync.apply import apply
    from sync.registry import utc_now
    from sync.run import execute_run, start_run

    tune()
    engine = open_engine(database)
    source: dict[str, Any] = {"name": SOURCE, "kind": "excel", **options(file)}
    document = {
        "apiVersion": "muster/v1",
        "portfolio": {"key": "bench", "name": "Bench"},
        "sources": [source],
    }
    apply(engine, Document.model_validate(document), now=utc_now(), check=lambda _block: None)
    started = start_run(engine, SOURCE, full=True, now=utc_now())
    assert started is not None
    state = execute_run(engine, started)
    with engine.connect() as connection:
        error = connection.scalar(text("SELECT error FROM run WHERE id = :run"), {"run": started})
        stored = connection.scalar(
            text("SELECT sum(stored) FROM run_stream WHERE run_id = :run"), {"run": started}
        )
    engine.dispose()
    if state != "succeeded":
        raise SystemExit(f"the run ended {state}: {error}")
    return int(stored or 0)


def main(way: str, file: str, database: str = "") -> None:
    """Read and print what was found and how long it took."""
    begin = time.perf_counter()
    ways = {"openpyxl": openpyxl, "calamine": calamine, "connector": connector}
    found = run(Path(file), database) if way == "run" else ways[way](Path(file))
    print(json.dumps({"records": found, "inside_s": time.perf_counter() - begin}))


if __name__ == "__main__":
    main(*sys.argv[1:])
