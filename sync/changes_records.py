"""Changes of records between two moments: what moved, what was raised, met or closed, and what past was edited."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from sqlalchemy import RowMapping
from sqlalchemy.orm import Session

from model.records import CLOSED_STATES
from sync.record_rows import rows_of

NEWS: Final = "news"
REWRITTEN: Final = "rewritten"
# A plan's own dates and marks are not to move: whoever changes one rewrites what was said before. A forecast is to.
_EDITED: Final = ("baseline", "actual")
_CLOSED: Final = CLOSED_STATES | {"dropped", "done", "resolved"}
_RATED: Final = (
    "owner", "probability", "impact", "chance", "cost_impact", "days_impact", "likelihood", "severity", "rating",
    "schedule_likelihood", "schedule_severity", "schedule_rating", "due", "action_due",
)  # fmt: skip
Change = dict[str, Any]
Rows = Mapping[Any, Mapping[str, Any]]


def record_changes(
    session: Session, projects: Sequence[UUID], *, since: date, then: datetime, now: datetime
) -> dict[UUID, dict[str, list[Change]]]:
    """Return by project and table what became of its records from one instant to another.

    Args:
        session: Read only.
        projects: Which.
        since: The earlier day: what was said of days and months up to it is its past.
        then: The earlier instant.
        now: The later one.
    """
    found: dict[UUID, dict[str, list[Change]]] = {project: {} for project in projects}
    for table, compare in _COMPARED.items():
        before = rows_of(session, table, projects=projects, known_at=then)
        after = rows_of(session, table, projects=projects, known_at=now)
        for project in projects:
            rows: list[Sequence[RowMapping]] = [before.get(project, []), after.get(project, [])]
            given = rows if table == "cost_line" else map(_named, rows)
            found[project][table] = list(compare(*given, since))
    return found


def milestone_changes(before: Rows, after: Rows, _since: date | None = None) -> Iterator[Change]:
    """Yield what changed of a project's milestones, by the identity of each.

    That one is met for the first time, or a forecast moved, is news. A baseline that is another one now, an actual
    day that is, or a mark as critical that was given or taken, says that what was reported before was otherwise.
    """
    for key, row in after.items():
        was = before.get(key)
        if was is None:
            yield _change(row, "new", NEWS, None, row["forecast"] or row["baseline"])
            continue
        for name in ("forecast", *_EDITED):
            if was[name] != row[name]:
                first = name == "actual" and was[name] is None
                kind = REWRITTEN if name in _EDITED and not first else NEWS
                yield _change(row, name, kind, was[name], row[name])
        if bool(was.get("critical")) != bool(row.get("critical")):
            yield _change(row, "critical", REWRITTEN, bool(was.get("critical")), bool(row.get("critical")))
    for key, row in before.items():
        if key not in after:
            yield _change(row, "gone", NEWS, row["forecast"] or row["baseline"], None)


def raid_changes(before: Rows, after: Rows, _since: date | None = None) -> Iterator[Change]:
    """Yield the RAID items that were raised, closed, opened again, rated otherwise, or are gone.

    When one was raised, and when one that stays closed was closed, is its past.
    """
    for key, row in after.items():
        was = before.get(key)
        shut = row["state"] in _CLOSED
        if was is None:
            if not shut:
                yield _change(row, "new", NEWS, None, row["state"])
            continue
        if (was["state"] in _CLOSED) != shut:
            yield _change(row, "closed" if shut else "opened again", NEWS, was["state"], row["state"])
        elif shut and was.get("closed_on") is not None and was["closed_on"] != row.get("closed_on"):
            yield _change(row, "closed_on", REWRITTEN, was["closed_on"], row.get("closed_on"))
        yield from _columns(was, row, dict.fromkeys(_RATED, NEWS) | {"raised_on": REWRITTEN})
    for key, row in before.items():
        if key not in after and row["state"] not in _CLOSED:
            yield _change(row, "gone", NEWS, row["state"], None)


def benefit_changes(before: Rows, after: Rows, _since: date) -> Iterator[Change]:
    """Yield what changed of benefits: a target is not to move, nor is what was realised to be taken back."""
    for was, row in _both(before, after):
        less = _less(was["actual"], row["actual"])
        kinds = {"target": REWRITTEN, "forecast": NEWS, "due": NEWS, "actual": REWRITTEN if less else NEWS}
        yield from _columns(was, row, kinds)
    yield from _come_and_gone(before, after, "target")


def contract_changes(before: Rows, after: Rows, _since: date) -> Iterator[Change]:
    """Yield what changed of contracts; what was invoiced adds up, so that less of it is another past."""
    for was, row in _both(before, after):
        less = _less(was["invoiced"], row["invoiced"])
        kinds = dict.fromkeys(("value", "ends_on", "state", "supplier"), NEWS)
        yield from _columns(
            was, row, kinds | {"starts_on": REWRITTEN, "invoiced": REWRITTEN if less else NEWS}
        )
    yield from _come_and_gone(before, after, "value")


def review_changes(before: Rows, after: Rows, since: date) -> Iterator[Change]:
    """Yield what changed of quality reviews: what one that had been held came to is its past."""
    for was, row in _both(before, after):
        held = was["held_on"] is not None and was["held_on"] <= since and was["result"] is not None
        again = row["held_on"] is not None and row["held_on"] > since
        edited = held and not again and was["result"] != row["result"]
        kinds = {"result": REWRITTEN if edited else NEWS, "open_criteria": REWRITTEN if edited else NEWS}
        if held and not again:
            kinds["held_on"] = REWRITTEN
        yield from _columns(was, row, kinds | {"due": NEWS})
    yield from _come_and_gone(before, after, "due")


def utilisation_changes(before: Rows, after: Rows, since: date) -> Iterator[Change]:
    """Yield the weeks that are told otherwise now; weeks that came since are in the measures."""
    for was, row in _both(before, after):
        kind = REWRITTEN if was["week"] <= since else NEWS
        yield from _columns(was, row, dict.fromkeys(("percent", "booked_hours", "capacity_hours"), kind))


def money_changes(
    before: Sequence[Mapping[str, Any]], after: Sequence[Mapping[str, Any]], since: date
) -> Iterator[Change]:
    """Yield by kind and month what cost lines add up to and did: baselines, and what was spent of past months.

    A forecast may move. So may what is spent of the month itself, until it is over.
    """
    sums = _sums(before), _sums(after)
    for key in sorted({*sums[0], *sums[1]}, key=lambda each: tuple(map(str, each))):
        kind, currency, month = key
        (was, _), (now, row) = (each.get(key, (None, None)) for each in sums)
        if was == now or kind == "forecast":
            continue
        past = was is not None and (kind == "baseline" or (month or since) < since.replace(day=1))
        told = row if row is not None else sums[0][key][1]
        called = " ".join(str(part) for part in (kind, month and f"{month:%Y-%m}", currency) if part)
        yield _change({**told, "name": called}, "amount", REWRITTEN if past else NEWS, was, now)


def _sums(rows: Sequence[Mapping[str, Any]]) -> dict[Any, tuple[Any, Mapping[str, Any]]]:
    found: dict[Any, tuple[Any, Mapping[str, Any]]] = {}
    for row in rows:
        if row["amount"] is not None:
            key = (row["kind"], row["currency"], row["period"])
            before, first = found.get(key, (0, row))
            found[key] = (before + row["amount"], first)
    return found


def _less(was: Any, now: Any) -> bool:
    return was is not None and (now is None or now < was)


def _both(before: Rows, after: Rows) -> Iterator[tuple[Mapping[str, Any], Mapping[str, Any]]]:
    yield from ((before[key], row) for key, row in after.items() if key in before)


def _columns(was: Mapping[str, Any], row: Mapping[str, Any], kinds: Mapping[str, str]) -> Iterator[Change]:
    """Yield the columns that differ; what nobody had said before is news whatever it is of."""
    for name, kind in kinds.items():
        if was.get(name) != row.get(name):
            yield _change(
                row, name, kind if was.get(name) is not None else NEWS, was.get(name), row.get(name)
            )


def _come_and_gone(before: Rows, after: Rows, shown: str) -> Iterator[Change]:
    yield from (
        _change(row, "new", NEWS, None, row[shown]) for key, row in after.items() if key not in before
    )
    yield from (
        _change(row, "gone", NEWS, row[shown], None) for key, row in before.items() if key not in after
    )


_COMPARED: Final[Mapping[str, Callable[..., Iterator[Change]]]] = {
    "milestone": milestone_changes,
    "raid_item": raid_changes,
    "cost_line": money_changes,
    "benefit": benefit_changes,
    "contract": contract_changes,
    "quality_review": review_changes,
    "utilisation": utilisation_changes,
}


def _named(rows: Sequence[RowMapping]) -> dict[Any, RowMapping]:
    return {(row["source_id"], row["external_id"]): row for row in rows}


def _change(row: Mapping[str, Any], what: str, kind: str, was: Any, now: Any) -> Change:
    name = row.get("name") or row.get("title") or row.get("item_id") or row.get("team") or row["external_id"]
    if row.get("team") and row.get("week"):
        name = f"{row['team']} {row['week']}"
    return {
        "name": name, "what": what, "kind": kind, "was": _plain(was), "is": _plain(now), "locator": row["locator"],
        "url": row["url"],
    }  # fmt: skip


def _plain(value: Any) -> Any:
    if hasattr(value, "isoformat"):
        return value.isoformat()
    return str(value) if isinstance(value, Decimal) else value
