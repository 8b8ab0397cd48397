"""Changes: what is otherwise than on an earlier day, news told apart from history that was rewritten."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Row
from sqlalchemy.orm import Session

from sync.changes_records import NEWS, REWRITTEN, record_changes
from sync.derived import COMPUTED_FROM
from sync.json import instant_text
from sync.portfolio import portfolio_at
from sync.precedence import Values, Winning, plain, read_values
from sync.snapshots import snapshots_of

BOTH: Final = "both"  # news, and what it is computed from was rewritten besides
OTHERS: Final = ("cost_line", "benefit", "contract", "quality_review", "utilisation")
_LISTS: Final = ("status", "recomputed", "values", "milestones", "raid", "records")
_NAMES: Final = ("overall", "health", "reported", "watermelon")
Change = dict[str, Any]


def changes(
    session: Session,
    *,
    since: date,
    now: datetime,
    as_of: date | None = None,
    visible: Collection[str] | None = None,
) -> dict[str, Any]:
    """Return what changed of each project from a day, as known when it ended, to another as known now.

    A value that counts now and did not is news. Where what is believed now of the earlier day is not what was
    known then, its history was rewritten: a source changed what it had said.

    Args:
        session: Read only.
        since: The earlier day, say that of the last board.
        now: What became known later is left out.
        as_of: The later day; None: the newest there is.
        visible: Keys of the projects that may be seen; None: all.
    """
    then = min(end_of(since, portfolio_at(session, since, now).timezone), now)
    before = _by_key(snapshots_of(session, since, then, visible))
    again = _by_key(snapshots_of(session, since, now, visible))
    after = _by_key(snapshots_of(session, as_of, now, visible, columns="document, receipt"))
    later = as_of or max((row.as_of for row in after.values()), default=since)
    if later < since:
        return _backwards(since, later, then, now)
    ids = [row.id for row in ({**before, **after}).values()]
    known = read_values(session, as_of=since, known_at=then, projects=ids)
    believed = read_values(session, as_of=since, known_at=now, projects=ids)
    standing = read_values(session, as_of=later, known_at=now, projects=ids)
    # Rows are known from an instant and of no day: those of an earlier day are what was known when it ended.
    until = now if as_of is None else min(end_of(as_of, portfolio_at(session, as_of, now).timezone), now)
    records = record_changes(session, ids, since=since, then=then, now=max(until, then))
    projects = []
    for key in sorted(before.keys() & after.keys()):
        project: UUID = after[key].id
        rows = records[project]
        values = list(
            value_changes(known.get(project, {}), believed.get(project, {}), standing.get(project, {}))
        )
        touched = rewritten_of(rows, values)
        status = status_changes(before[key].document, after[key].document)
        entry = {
            "key": key,
            "name": after[key].document["name"],
            "status": [each | {"kind": kind_of(each["name"], after[key].receipt, touched)} for each in status],
            "recomputed": list(status_changes(before[key].document, again[key].document)) if key in again else [],
            "values": [_stands_on(each, touched) for each in values],
            "milestones": rows["milestone"],
            "raid": rows["raid_item"],
            "records": [{"entity": table} | each for table in OTHERS for each in rows[table]],
        }  # fmt: skip
        told = [each for name in _LISTS for each in entry[name]]
        entry["rewritten"] = len(entry["recomputed"]) + sum(each.get("kind") == REWRITTEN for each in told)
        if told:
            projects.append(entry)
    return {
        "since": since.isoformat(),
        "since_known_at": instant_text(then),
        "as_of": later.isoformat(),
        "known_at": instant_text(now),
        "note": None if before else f"there is no snapshot of {since} or before, as known at its end",
        "new": [_named(after[key]) for key in sorted(after.keys() - before.keys())],
        "closed": [_named(before[key]) for key in sorted(before.keys() - after.keys())],
        "projects": projects,
        "unchanged": len(before.keys() & after.keys()) - len(projects),
        "rewritten": sum(each["rewritten"] for each in projects),
    }


def rewritten_of(rows: Mapping[str, Sequence[Change]], values: Sequence[Change]) -> frozenset[str]:
    """Return the tables and attributes whose past was edited."""
    tables = {name for name, found in rows.items() if any(each["kind"] == REWRITTEN for each in found)}
    return frozenset(tables | {each["attribute"] for each in values if each["kind"] == REWRITTEN})


def kind_of(name: str, receipt: Mapping[str, Any], touched: Collection[str]) -> str:
    """Say of a number or colour that changed whether that is news, or what it rests on was rewritten as well."""
    entry = receipt["colours"].get(name) or receipt.get("measures", {}).get(name) or {}
    like = entry.get("records_of")
    rows = (entry if like is None else receipt["measures"][like]).get("records", ())
    stands_on = {*entry.get("from", ()), *(each["entity"] for each in rows)}
    stands_on |= {COMPUTED_FROM[each] for each in stands_on & COMPUTED_FROM.keys()}
    return BOTH if stands_on & set(touched) else NEWS


def _stands_on(found: Change, touched: Collection[str]) -> Change:
    """Return a value's change, and say where the rows it was added up from were rewritten."""
    both = found["kind"] == NEWS and COMPUTED_FROM.get(found["attribute"]) in touched
    return found | {"kind": BOTH} if both else found


def _backwards(since: date, later: date, then: datetime, now: datetime) -> dict[str, Any]:
    """Return the document where the day to compare with is the later one: what changed is not known."""
    return {
        "since": since.isoformat(),
        "since_known_at": instant_text(then),
        "as_of": later.isoformat(),
        "known_at": instant_text(now),
        "note": f"nothing can be told: the status is of {later}, and {since} comes after it; ask since an earlier day",
        "new": [],
        "closed": [],
        "projects": [],
        "unchanged": None,
        "rewritten": None,
    }


def end_of(day: date, timezone: str) -> datetime:
    """Return the last instant of a day in a time zone, as far as the calendar goes."""
    if day == date.max:
        return datetime.max.replace(tzinfo=UTC)
    return datetime.combine(day + timedelta(days=1), time.min, ZoneInfo(timezone)) - timedelta(microseconds=1)


def status_changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Change]:
    """Yield what differs between two entries of the status document: colours, figures, the next milestone."""
    for name in _NAMES:
        yield from _differs(name, before.get(name), after.get(name))
    for name in sorted({*before["dimensions"], *after["dimensions"]}):
        was, now = before["dimensions"].get(name), after["dimensions"].get(name)
        yield from _differs(name, was and was["colour"], now and now["colour"])
    yield from _differs("data_quality", before["data_quality"]["score"], after["data_quality"]["score"])
    yield from _differs("next_milestone", before.get("next_milestone"), after.get("next_milestone"))
    measured = before.get("measures") or {}, after.get("measures") or {}
    for name in sorted({*measured[0], *measured[1]}):
        was, now = (each.get(name, {}).get("value") for each in measured)
        yield from _differs(name, was, now)


def _differs(name: str, was: Any, now: Any) -> Iterator[Change]:
    if was != now:
        yield {"name": name, "was": was, "is": now}


def value_changes(known: Values, believed: Values, standing: Values) -> Iterator[Change]:
    """Yield each attribute whose value changed, and how.

    Args:
        known: What was known of the earlier day when it ended.
        believed: What is believed of that day now.
        standing: What is believed of the later day now.
    """
    for name in sorted({*known, *believed, *standing}):
        was, then, now = (_said(each.get(name)) for each in (known, believed, standing))
        if was != then:
            yield _change(name, "rewritten", was, then, believed.get(name) or known.get(name))
        if then != now:
            yield _change(name, "news", then, now, standing.get(name) or believed.get(name))


def _said(found: Winning | None) -> tuple[Any, str | None]:
    return (None, None) if found is None else (plain(found.value), found.winner.unit)


def _change(
    name: str, kind: str, was: tuple[Any, str | None], now: tuple[Any, str | None], found: Winning | None
) -> Change:
    winner = None if found is None else found.winner
    return {
        "attribute": name,
        "kind": kind,
        "was": was[0],
        "is": now[0],
        "unit": now[1] or was[1],
        "source": winner and winner.source,
        "valid_from": winner and winner.valid_from.isoformat(),
        "known_from": winner and instant_text(winner.known_from),
        "locator": winner and winner.locator,
    }


def _by_key(rows: Sequence[Row[Any]]) -> dict[str, Row[Any]]:
    return {row.key: row for row in rows}


def _named(row: Row[Any]) -> dict[str, Any]:
    return {"key": row.key, "name": row.document["name"], "overall": row.document["overall"]}
