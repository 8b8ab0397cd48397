"""Facts of money: what the ledgers add up to, money by month, and what was said of the progress over the last year."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from sync.facts_sql import CHOSEN, KNOWN
from sync.record_rows import COLLECTION

KINDS: Final = ("baseline", "actual", "earned")
_SELDOM: Final = 10  # days from one reading to the next, that a source read every week may have between
_LOOK_BACK: Final = 400  # days: a year of months, and what was said just before


@dataclass(slots=True)
class Months:
    """The money of one kind by month, as one source has it.

    `others` are sources with money of the same kind, which are left out: it may be the same money.
    """

    source: str
    amounts: dict[date, Decimal] = field(default_factory=dict)
    currencies: set[str] = field(default_factory=set)
    records: list[dict[str, Any]] = field(default_factory=list)  # one a month, oldest first
    others: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Said:
    """A percent complete as a source gave it on a day.

    `stood_until` is the last day on which it still said so: of a tracker, which is read again and again, the day
    before it said something else; None while it does. Where it was read only now and then it may have moved
    soon after, so that it stands for its own day.
    """

    source_id: int
    day: date
    percent: Decimal
    stood_until: date | None


@dataclass(slots=True)
class Ledger:
    """All money of one kind, as the first source by precedence that has any has it.

    `amount` None: it is in several currencies. `sources` are all that have money of the kind; it may be the same money.
    """

    currencies: list[str]
    amount: Decimal | None
    sources: set[int] = field(default_factory=set)


def ledgers_of(session: Session, bound: Mapping[str, Any], currency: str) -> dict[UUID, dict[str, Ledger]]:
    """Return each project's ledgers by kind; what people answered in a cost forecast is about the same money."""
    rows = session.execute(
        text(
            "SELECT v.project_id, v.kind, v.source_id, array_agg(DISTINCT coalesce(v.currency, :currency)),"
            f" sum(v.amount) FROM cost_line v JOIN source s ON s.id = v.source_id WHERE {KNOWN}"
            " AND v.amount IS NOT NULL AND v.kind IS NOT NULL AND s.kind <> :collection"
            " GROUP BY v.project_id, v.kind, v.source_id, s.position ORDER BY s.position, v.source_id"
        ),
        {**bound, "currency": currency, "collection": COLLECTION},
    )
    found: dict[UUID, dict[str, Ledger]] = defaultdict(dict)
    for project_id, kind, source, currencies, amount in rows:
        first = Ledger(list(currencies), amount if len(currencies) == 1 else None)
        found[project_id].setdefault(kind, first).sources.add(source)
    return found


def months_of(session: Session, bound: Mapping[str, Any], currency: str) -> dict[UUID, dict[str, Months]]:
    """Return each project's money by kind, of the first source by precedence that has it by month."""
    rows = session.execute(
        text(
            "SELECT v.project_id, v.kind, s.name, CAST(date_trunc('month', v.period) AS date) AS month,"
            " sum(v.amount) AS amount, array_agg(DISTINCT coalesce(v.currency, :currency)) AS currencies,"
            " min(v.id) AS id, count(*) AS lines, (array_agg(v.locator ORDER BY v.id))[1] AS locator"
            f" FROM cost_line v JOIN source s ON s.id = v.source_id WHERE {KNOWN} AND v.amount IS NOT NULL"
            " AND v.period IS NOT NULL AND v.kind = ANY(CAST(:kinds AS text[])) AND s.kind <> :collection"
            " AND v.amends_source_id IS NULL GROUP BY 1, 2, 3, 4, s.position, s.id"
            " ORDER BY v.project_id, v.kind, s.position, s.id, 4"
        ),
        {**bound, "currency": currency, "kinds": list(KINDS), "collection": COLLECTION},
    )
    found: dict[UUID, dict[str, Months]] = defaultdict(dict)
    for row in rows:
        months = found[row.project_id].setdefault(row.kind, Months(row.name))
        if months.source != row.name:
            if row.name not in months.others:
                months.others.append(row.name)
            continue
        months.amounts[row.month] = row.amount
        months.currencies |= set(row.currencies)
        lines = "" if row.lines == 1 else f" ({row.lines} lines)"
        name = f"{row.kind} {row.month:%Y-%m}{lines}"
        months.records.append(
            {"entity": "cost_line", "id": row.id, "name": name, "locator": row.locator}
        )  # fmt: skip
    return found


def progress_of(session: Session, bound: Mapping[str, Any]) -> dict[UUID, list[Said]]:
    """Return what was said of the progress, oldest first, of each month the last by each source.

    A tracker stands by what it counts every day; a register by what it says when its manager reports.
    """
    rows = session.execute(
        text(
            "SELECT DISTINCT ON (c.project_id, c.source_id, c.attribute, date_trunc('month', c.valid_from))"
            " c.project_id, c.source_id, c.attribute, c.valid_from, c.value, s.kind, c.following FROM (SELECT o.*,"
            " lead(o.valid_from) OVER (PARTITION BY o.project_id, o.source_id, o.attribute"
            " ORDER BY o.valid_from, o.known_from, o.id) AS following FROM claim o WHERE o.valid_from <= :as_of"
            " AND o.attribute IN ('percent_complete', 'reported_on')"
            " AND o.valid_from > CAST(:as_of AS date) - :days AND o.known_from <= :known_at"
            f" AND {CHOSEN.format('o.project_id')}) AS c JOIN source s ON s.id = c.source_id"
            " ORDER BY c.project_id, c.source_id, c.attribute, date_trunc('month', c.valid_from),"
            " c.valid_from DESC, c.known_from DESC, c.id DESC"
        ),
        {**bound, "days": _LOOK_BACK},
    ).all()
    found: dict[UUID, list[Said]] = defaultdict(list)
    for row in rows:
        if row.attribute == "percent_complete" and isinstance(row.value, int | float | str):
            percent = Decimal(str(row.value))
            until = row.valid_from
            if row.kind not in ("excel", COLLECTION):
                until = None if row.following is None else _stood(row.valid_from, row.following)
            found[row.project_id].append(Said(row.source_id, row.valid_from, percent, until))
    for row in rows:
        if row.attribute == "reported_on" and isinstance(row.value, str):
            _again(found[row.project_id], row.source_id, date.fromisoformat(row.value[:10]))
    for said in found.values():
        said.sort(key=lambda each: each.day)
    return found


def _stood(said: date, following: date) -> date:
    """Return until when a tracker's progress stood: to the next but where a reading may have been left out."""
    gap = (following - said).days
    return said if 1 < gap <= _SELDOM else following - timedelta(days=1)


def _again(said: list[Said], source_id: int, reported: date) -> None:
    """Add that a register stood by its progress on the day of a later report."""
    before = [each for each in said if each.source_id == source_id and each.day <= reported]
    last = max(before, key=lambda each: each.day, default=None)
    if last is not None and last.day < reported:
        said.append(Said(source_id, reported, last.percent, reported))
