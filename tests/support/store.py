"""What a test asks of the store after a run, and the run as an officer reads it."""

from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Engine, text

from tests.support.sandbox_sources import pull

Row = dict[str, Any]


def ask(engine: Engine, query: str, **values: Any) -> list[Row]:
    """Return a query's rows as dictionaries."""
    with engine.connect() as connection:
        return [dict(row) for row in connection.execute(text(query), values).mappings()]


def count(engine: Engine, table: str) -> int:
    """Count a table's rows."""
    return int(ask(engine, f"SELECT count(*) AS n FROM {table}")[0]["n"])


@dataclass(frozen=True, slots=True)
class Outcome:
    """A run that is over. `ledger` is by stream, `rejected` by locator."""

    run_id: int
    state: str
    error: str
    warnings: list[str]
    ledger: dict[str, Row] = field(default_factory=dict)
    rejected: dict[str, str] = field(default_factory=dict)

    @property
    def words(self) -> str:
        """All that the run says of itself."""
        return "\n".join([self.error, *self.warnings, *self.rejected, *self.rejected.values()])

    def counts(self, stream: str) -> tuple[int, int, int]:
        """Return what a stream stored, rejected and filtered."""
        line = self.ledger[stream]
        return line["stored"], line["rejected"], line["filtered"]


def outcome(engine: Engine, run_id: int) -> Outcome:
    """Read a run back from the store."""
    [run] = ask(engine, "SELECT * FROM run WHERE id = :run", run=run_id)
    ledger = {
        row["stream"]: row for row in ask(engine, "SELECT * FROM run_stream WHERE run_id = :run", run=run_id)
    }
    rejected = {
        row["locator"]: row["reason"]
        for row in ask(
            engine,
            "SELECT locator, reason FROM rejected_record WHERE run_id = :run AND kind = 'record' ORDER BY id",
            run=run_id,
        )
    }
    return Outcome(run_id, run["state"], run["error"] or "", run["warnings"], ledger, rejected)


def pulled(engine: Engine, source: str, *, full: bool = False) -> Outcome:
    """Run a source once and read back how it went; said = stored + rejected + filtered must hold where it says."""
    run_id, _ = pull(engine, source, full=full)
    found = outcome(engine, run_id)
    for line in found.ledger.values():
        assert line["said"] in (None, line["stored"] + line["rejected"] + line["filtered"]), line
    return found
