"""What a cycle can be opened of, and which period is next."""

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Connection

from model.collection.cycle import next_period, period_of
from model.declaration import InvalidDeclaration
from sync.collection.cycles import cycles
from sync.collection.templates import judging, kept
from sync.today import today


@dataclass(frozen=True, slots=True)
class Askable:
    """A template that a cycle of can be opened, and the period that is next."""

    template: str
    title: str
    period: str


def askable(connection: Connection, now: datetime) -> list[Askable]:
    """Return the templates that judge today, each with the first period that was not asked for yet."""
    day = today(connection, now)
    found = []
    versions = kept(connection)
    asked = cycles(connection)
    for template in sorted({each.template for each in versions}):
        judge = judging([each for each in versions if each.template == template], day)
        if judge is None:
            continue
        try:
            header = judge.loaded().header
        except InvalidDeclaration:  # it cannot be asked for before it is mended, which its own page says
            continue
        if header.cadence is not None:
            periods = [each.period for each in asked if each.template == template and each.state != "planned"]
            found.append(Askable(template, header.title, _next(header.cadence.every, periods, day)))
    return found


def _next(every: str, asked: list[str], day: date) -> str:
    period = period_of(every, day)
    return next_period(period) if period in asked else period
