"""Reconcile: a run's ledgers and control totals must balance, or somebody must say why they need not."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import Connection, text

from connectors.base import Page
from model.reconciliation import unexplained
from sync import questions
from sync.control import CONTROLLED, Control, changed_sum, near
from sync.json import dumps
from sync.questions import IMBALANCE, Asked
from sync.run_context import Ending, some
from sync.store import unit_of_work

_NAMED: Final = 5


@dataclass(slots=True)
class Balance:
    """One attribute of one stream over the pages of a run.

    `raw` and `mapped` are of all records that could be held against each other, `written` of the rows
    that the store was given, `said` what the source's own totals come to and `given` what the rows under
    them do. `said` None: it gives none.
    """

    raw: Decimal = Decimal(0)
    mapped: Decimal = Decimal(0)
    uncontrolled: int = 0
    written: Decimal = Decimal(0)
    said: Decimal | None = None
    given: Decimal = Decimal(0)
    differs: list[str] = field(default_factory=list)

    def add(self, page: Page, name: str, found: Control, ids: list[str], changed: Mapping[str, bool]) -> None:
        """Count a page."""
        self.raw += found.raw
        self.mapped += found.mapped
        self.uncontrolled += found.uncontrolled
        self.written += changed_sum(found, ids, changed)
        self.differs = [*self.differs, *found.differs][:_NAMED]
        if name in page.controls:
            self.said = (self.said or Decimal(0)) + page.controls[name]
            self.given += sum((value for value in found.values if value is not None), Decimal(0))

    def to_json(self) -> dict[str, Any]:
        """Return it as it is stored: decimals as text, so that nothing is rounded."""
        return {
            "raw": str(self.raw), "mapped": str(self.mapped), "uncontrolled": self.uncontrolled,
            "written": str(self.written), "said": None if self.said is None else str(self.said),
            "given": str(self.given), "differs": self.differs,
        }  # fmt: skip

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> "Balance":
        """Undo `to_json`."""
        return cls(
            Decimal(stored["raw"]), Decimal(stored["mapped"]), stored["uncontrolled"], Decimal(stored["written"]),
            None if stored["said"] is None else Decimal(stored["said"]), Decimal(stored["given"]),
            list(stored["differs"]),
        )  # fmt: skip


Balances = dict[str, Balance]  # by attribute, of one stream


def load_balances(connection: Connection, run_id: int) -> dict[str, Balances]:
    """Return stream -> what a run that was cut off had added up."""
    rows = connection.execute(
        text("SELECT stream, controls FROM run_stream WHERE run_id = :run AND controls <> '{}'"),
        {"run": run_id},
    )
    return {
        stream: {name: Balance.from_json(each) for name, each in controls.items()}
        for stream, controls in rows
    }


@dataclass(frozen=True, slots=True)
class Imbalance:
    """Something that does not add up. `subject` is the stream, with the attribute where it is a sum."""

    subject: str
    says: str
    evidence: Mapping[str, Any]
    todo: str


def reconcile(ending: Ending, entities: Mapping[str, str], whole: Collection[str]) -> None:
    """Hold a run's streams against what their source said and against the store.

    Args:
        ending: Gets what does not add up, and what was accepted although it does not.
        entities: Stream -> entity of the streams that were read.
        whole: The streams of which everything was read: what was wrong with them before is over.
    """
    with ending.engine.connect() as connection:
        found = [*_ledgers(connection, ending), *_controls(connection, ending, entities)]
    with unit_of_work(ending.engine) as connection:
        standing = questions.standing(connection, ending.source_id, IMBALANCE)
        for each in found:
            _judge(connection, ending, each)
        standing_now = {each.subject for each in found}
        over = [
            each.id
            for subject, each in standing.items()
            if subject not in standing_now and subject.split(":", 1)[0] in whole
        ]
        questions.settle(connection, over, now=ending.now)


def _judge(connection: Connection, ending: Ending, found: Imbalance) -> None:
    asked = Asked(
        IMBALANCE, found.subject, found.says, "it is taken as it is, until it is off by another amount",
        found.evidence,
    )  # fmt: skip
    number = questions.ask(connection, ending.source_id, ending.run_id, asked, now=ending.now)
    answer = questions.standing(connection, ending.source_id, IMBALANCE)[found.subject]
    if answer.accepted_by is None:
        ending.problems.append(
            f"{ending.source}: {found.says}; {found.todo}. To take it as it is:"
            f' muster accept {ending.source} {number} --by NAME --because "…"'
        )
    else:
        ending.warnings.append(f"{found.says}; accepted by {answer.accepted_by}: {answer.because}")


def _ledgers(connection: Connection, ending: Ending) -> list[Imbalance]:
    rows = connection.execute(
        text(
            "SELECT stream, said, stored, rejected, filtered FROM run_stream WHERE run_id = :run"
            " AND said IS NOT NULL ORDER BY stream"
        ),
        {"run": ending.run_id},
    )
    return [
        Imbalance(
            stream,
            f"the ledger of {stream} does not balance: the source said {said}, stored {stored} + rejected {rejected}"
            f" + filtered {filtered} = {stored + rejected + filtered}",
            {"off": off},
            "run a full sync, and if it stays so, ask the source's owner what this account may not see",
        )
        for stream, said, stored, rejected, filtered in rows
        if (off := unexplained(said, stored=stored, rejected=rejected, filtered=filtered))
    ]


def _controls(connection: Connection, ending: Ending, entities: Mapping[str, str]) -> list[Imbalance]:
    balances = load_balances(connection, ending.run_id)
    found = [
        each
        for stream, by_name in sorted(balances.items())
        for name, balance in sorted(by_name.items())
        for each in _of_stream(stream, name, balance)
    ]
    for entity, names in CONTROLLED.items():
        if entity == "project":  # its values are kept with their cells, and have no column
            continue
        streams = [stream for stream in balances if entities.get(stream) == entity]
        for name in names:
            parts = [balances[stream][name] for stream in streams if name in balances[stream]]
            if any(part.written for part in parts):
                found += _of_store(
                    connection, ending, entity, name, streams, sum(part.written for part in parts)
                )
    return found


def _of_stream(stream: str, name: str, balance: Balance) -> list[Imbalance]:
    found = []
    if not near(balance.raw, balance.mapped):
        found.append(
            Imbalance(
                f"{stream}:{name}:raw",
                f"{name} of {stream}: the records as they came add up to {_plain(balance.raw)}, as they were mapped to"
                f" {_plain(balance.mapped)} (e.g. {some(balance.differs)})",
                {"off": str(balance.raw - balance.mapped)},
                f"look at the mapping of {name}",
            )
        )
    if balance.said is not None and not near(balance.said, balance.given):
        found.append(
            Imbalance(
                f"{stream}:{name}:said",
                f"{name} of {stream}: the source's own total is {_plain(balance.said)}, its records add up to"
                f" {_plain(balance.given)}",
                {"off": str(balance.said - balance.given)},
                "look for rejected records, or for rows that the total leaves out",
            )
        )
    return found


def _of_store(
    connection: Connection,
    ending: Ending,
    entity: str,
    name: str,
    streams: list[str],
    written: Decimal | int,
) -> list[Imbalance]:
    """Hold what the run handed to the store against what the store holds of this run."""
    row = connection.execute(
        text(
            f"SELECT coalesce(sum(CAST({name} AS numeric)), 0), count(*) FROM {entity}"
            " WHERE source_id = :source AND run_id = :run"
        ),
        {"source": ending.source_id, "run": ending.run_id},
    ).one()
    stored, wanted = Decimal(row[0]), Decimal(written)
    if near(stored, wanted):
        return []
    twice = connection.scalar(
        text("SELECT sum(stored - unchanged) FROM run_stream WHERE run_id = :run AND stream = ANY(:streams)"),
        {"run": ending.run_id, "streams": streams},
    )
    if twice is not None and int(twice) != int(
        row[1]
    ):  # a record that changed while it was read counts twice
        ending.warnings.append(
            f"{name}: {int(twice) - int(row[1])} records changed in the source while they were read, so that the sum"
            " could not be held against the store in this run"
        )
        return []
    return [
        Imbalance(
            f"{', '.join(streams)}:{name}:stored",
            f"{name}: records that add up to {_plain(wanted)} were written, the store holds {_plain(stored)} of them",
            {"off": str(wanted - stored)},
            "run a full sync, and please report it",
        )
    ]


def _plain(value: Decimal) -> str:
    return f"{value.normalize():f}" if value else "0"


def balances_json(balances: Balances) -> str:
    """Return what `run_stream.controls` holds."""
    return dumps({name: each.to_json() for name, each in balances.items()})
