"""However long a file is, writing it takes no more memory."""

import subprocess
import sys
from collections.abc import Iterator

import pytest
from sqlalchemy import text

from config.database import open_engine
from tests.support.databases import cloned
from tests.support.portfolio_rows import seed

_WRITE = """
import resource, sys, tempfile
from api.feed.models import model_of
from api.files.formats import FORMATS
from api.files.statement import Asked
from config.database import open_engine

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024

sets = model_of(None).by_name
with open_engine(sys.argv[1]).connect() as connection:
    for name in ("Milestones", "WorkItems"):
        before = peak()
        with tempfile.TemporaryFile() as out:
            FORMATS[sys.argv[2]].write(connection, Asked(sets[name], None), out)
            out.seek(0, 2)
            print(peak() - before, out.tell() // 1_000_000)
"""
_COPIED = (
    "source_id, scope_external_id, type, hub_type, title, status, status_category, points, assignee, created_at,"
    " updated_at, labels, url, raw_page_id, raw_position, content_hash, run_id"
)


@pytest.fixture(scope="module")
def many(template_url: str) -> Iterator[str]:
    """300,000 work items."""
    with cloned(template_url) as url:
        engine = open_engine(url)
        seed(engine, projects=10, work_items=30_000, weeks=1)
        with engine.begin() as connection:
            connection.execute(
                text(
                    f"INSERT INTO work_item (external_id, key, {_COPIED}) SELECT external_id || '-' || n,"
                    f" key || '-' || n, {_COPIED} FROM work_item, generate_series(1, 9) AS n"
                )
            )
            connection.execute(text("ANALYZE work_item"))
        engine.dispose()
        yield url


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "least"), [("ndjson", 200), ("csv", 60), ("arrow", 60), ("parquet", 3)])
def test_a_long_file_takes_no_more_memory_than_a_short_one(many: str, kind: str, least: int) -> None:
    said = subprocess.run(
        [sys.executable, "-c", _WRITE, many, kind], capture_output=True, text=True, check=True
    ).stdout
    grown, written = map(int, said.split()[-2:])
    assert written >= least
    assert grown < (170 if kind in ("arrow", "parquet") else 20)  # a batch by column, or a block; in MB
