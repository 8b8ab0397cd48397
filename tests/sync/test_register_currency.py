"""A register in another currency than its portfolio's: its amounts are claims in their own."""

from pathlib import Path

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from sync.consolidate import consolidate
from sync.receipts import explain
from sync.registry import utc_now
from tests.support.sandbox_sources import configure
from tests.support.store import pulled


def test_the_currency_of_a_header_is_the_unit_of_its_claims(engine: Engine, tmp_path: Path) -> None:
    (tmp_path / "register.csv").write_text(
        "Project ID,Project name,Budget (EUR),Forecast cost (EUR)\nA,Apollo,100,104\n", encoding="utf-8"
    )
    book = {"path": "register.csv", "holds": "projects", "key": "Project ID"}
    configure(engine, {"name": "office", "kind": "excel", "folder": str(tmp_path), "workbooks": [book]})
    assert pulled(engine, "office").warnings == []
    consolidate(engine, as_of=utc_now().date(), known_at=utc_now())

    with Session(engine) as session:
        [claim] = explain(session, "A", "budget")["claims"]
    assert (claim["value"], claim["unit"]) == ("100.00", "EUR")
