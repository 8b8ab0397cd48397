"""A small portfolio with an open cycle, for the tests of collection."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Engine

from model.collection.roles import Actor
from model.collection.workflow import workflow_of
from sync.collection.answers import Change, give_answers
from sync.collection.case import Case, SubmissionHead, open_case
from sync.collection.cycles import CycleRow, open_cycle
from sync.collection.heads import heads
from sync.collection.submissions import move
from sync.consolidate import consolidate
from tests.support.rows import T0, Rows

OPENED = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)  # a Monday; October is due by the end of the 6th
OFFICER = Actor("Olu Officer", frozenset({"project_officer"}))
HEAD = Actor("Hana Head", frozenset({"pmo_head"}))
MANAGER = Actor("Mira Manager")
SPONSOR = Actor("Sam Sponsor")
STRANGER = Actor("Nobody Here")

WHOLE = {
    "tier": 2, "stage": "deliver", "manager": MANAGER.name, "sponsor": SPONSOR.name,
    "baseline_start": "2026-01-05", "baseline_finish": "2026-12-18", "forecast_finish": "2026-12-18",
    "budget": "1000", "actual_cost": "400", "forecast_cost": "1000", "percent_complete": 42.0,
    "milestones_due": 3, "milestones_met": 2,
}  # fmt: skip
REPORT = {
    "rag_schedule": "GREEN", "rag_cost": "GREEN", "rag_scope": "GREEN", "rag_risk": "GREEN",
    "rag_overall": "GREEN", "achievements": "The payments module went through its first test.",
    "next_period": "Begin the end-to-end test of payments.",
    "override_reason": "The computed colour still counts a milestone that was met on Friday.",
}  # fmt: skip


@dataclass
class Office:
    """What the tests ask of collection, by project key instead of numbers."""

    engine: Engine
    rows: Rows
    registered: dict[str, int] = field(default_factory=dict)
    cycle: CycleRow | None = None

    def project(self, key: str, **values: Any) -> None:
        """Register a project; all that the monthly status asks of trackers is known unless said otherwise."""
        row = 8 + len(self.registered)
        known = {"name": key.title()} | WHOLE | values
        self.registered[key] = self.rows.register("pmo-files", key, row=row, **known)

    def known(self, at: datetime = OPENED) -> None:
        """Bring the model up to date with what is registered."""
        consolidate(self.engine, as_of=at.date(), known_at=at)

    def open(
        self, template: str = "monthly-status", period: str = "2026-10", *, at: datetime = OPENED, **more: Any
    ) -> CycleRow:
        """Open a cycle as an officer."""
        self.known(at)
        self.cycle = open_cycle(
            self.engine, template, period, actor=more.pop("actor", OFFICER), now=at, **more
        )
        return self.cycle

    def head(self, key: str = "APOLLO", cycle: CycleRow | None = None) -> SubmissionHead:
        """Return where a project's submission stands."""
        cycle = cycle or self.cycle
        assert cycle is not None
        with self.engine.connect() as connection:
            return next(each for each in heads(connection, cycles=[cycle.id]) if each.project_key == key)

    def case(self, key: str = "APOLLO", *, at: datetime = OPENED) -> Case:
        """Open a project's submission."""
        with self.engine.connect() as connection:
            return open_case(connection, self.head(key).id, now=at)

    def answer(
        self, values: dict[str, Any], key: str = "APOLLO", *, ref: str = "", by: Actor = MANAGER,
        at: datetime = OPENED, because: str | None = None, revision: int | None = None,
    ) -> Case:  # fmt: skip
        """Answer fields of one record."""
        changes = [Change(ref, name, value, because=because) for name, value in values.items()]
        return give_answers(
            self.engine, self.head(key).id, changes, actor=by, door="api", revision=revision, now=at
        )

    def move(
        self, to: str, by: Actor, key: str = "APOLLO", *, at: datetime = OPENED, **more: Any
    ) -> SubmissionHead:
        """Take a step; submitting says the sentence it takes."""
        if to == "submit":
            more.setdefault("attest", self.sentence(key))
        more.setdefault("revision", None)
        return move(self.engine, self.head(key).id, to, actor=by, door="api", now=at, **more)

    def sentence(self, key: str = "APOLLO") -> str | None:
        """Return the sentence that submitting takes."""
        moves = workflow_of(self.case(key).template).moves
        return next((each.attest for each in moves if each.to == "submitted" and each.attest), None)

    def through(self, *steps: str, key: str = "APOLLO", at: datetime = OPENED) -> SubmissionHead:
        """Take steps, each by who may."""
        who = {"submit": MANAGER, "review": OFFICER, "approve": SPONSOR, "publish": HEAD, "return": OFFICER,
               "withdraw": HEAD}  # fmt: skip
        for step in steps:
            self.move(step, who[step], key, at=at, because="It has to be said better")
        return self.head(key)


def office(engine: Engine, *, since: datetime = T0) -> Office:
    """Return an office with a register and nothing in it, read for the first time at `since`."""
    rows = Rows(engine)
    rows.source("pmo-files", "excel", at=since)
    return Office(engine, rows)
