"""The ladder of reminders: who is to be told on which day that something is still owed."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from model.collection.cycle import REMIND_AT, Days, at
from model.collection.workflow import role_of, workflow_of
from model.template.template import Template

OWED: Final = frozenset({"not_started", "draft", "returned"})  # nothing was handed in, or it came back


@dataclass(frozen=True, slots=True)
class Rung:
    """One reminder of the ladder: when, to which role, and which mark it leaves."""

    index: int
    at: datetime
    written: str  # as the template says it: due + P2D
    role: str
    mark: str | None


def rungs(template: Template, days: Days) -> list[Rung]:
    """Return the ladder of a cycle, the earliest first."""
    return sorted(_rungs(template, days), key=lambda rung: (rung.at, rung.index))


def _rungs(template: Template, days: Days) -> Iterator[Rung]:
    for index, chase in enumerate(workflow_of(template).chase):
        day = days.moment(chase.at)
        for word in chase.to:
            yield Rung(
                index, at(day, REMIND_AT, days.timezone), chase.at, role_of(template, word), chase.mark,
            )  # fmt: skip


def reached(ladder: list[Rung], now: datetime) -> list[Rung]:
    """Return the rungs whose time has come."""
    return [rung for rung in ladder if rung.at <= now]
