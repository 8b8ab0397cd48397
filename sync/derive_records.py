"""Derive project values from records: work items, cost lines and milestones, by SQL over all projects."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from model.status.phased import month_end
from sync.facts_sql import CHOSEN
from sync.said import Derivation, Said, Sayings, money_text

# The work items of bound scopes that are still there.
_ITEMS: Final = (
    " FROM scope s JOIN source o ON o.id = s.source_id JOIN work_item w ON w.source_id = s.source_id"
    " AND w.scope_external_id = s.external_id WHERE s.deleted_at IS NULL"
    " AND s.project_id IS NOT NULL AND s.kind <> 'register_row' AND w.deleted_at IS NULL"
)


def finish_from_work(session: Session, asked: Derivation, found: Sayings) -> None:
    """The latest due date of open epics, else of any open item that has one."""
    rows = session.execute(
        text(
            "SELECT DISTINCT ON (s.project_id, s.source_id) s.project_id, s.source_id, w.due, w.raw_page_id,"
            f" w.raw_position, w.key, w.url{_ITEMS} AND w.due IS NOT NULL AND w.status_category IN ('todo', 'doing')"
            f" AND s.source_id = ANY(CAST(:sources AS bigint[])) AND {CHOSEN.format('s.project_id')}"
            " ORDER BY s.project_id, s.source_id, (w.hub_type IN ('initiative', 'epic')) DESC, w.due DESC, w.id"
        ),
        asked.bound(),
    )
    for project, source, due, page, position, key, url in rows:
        said = Said(due.isoformat(), None, None, page, position, f"{key} duedate", url)
        found.add(project, "forecast_finish", source, said)


@dataclass(slots=True)
class _Work:
    """Done and total work of one project in one source; `sized` where points say more than counts."""

    source: int
    label: str
    done: int
    total: int
    done_points: float
    points: float
    sized: bool


def progress_from_work(session: Session, asked: Derivation, found: Sayings) -> None:
    """Done points ÷ all points, dropped items left out; items where points are missing from most.

    A project in several trackers has one progress, over all of them: the first tracker's claim.
    Epics and the like are left out, since they would count their children twice.
    """
    leaf = "w.hub_type NOT IN ('initiative', 'epic', 'feature', 'milestone')"
    rows = session.execute(
        text(
            "SELECT s.project_id, s.source_id, string_agg(DISTINCT s.key, ', '),"
            f" count(*) FILTER (WHERE {leaf} AND w.status_category = 'done'), count(*) FILTER (WHERE {leaf}),"
            f" coalesce(sum(w.points) FILTER (WHERE {leaf} AND w.status_category = 'done'), 0),"
            f" coalesce(sum(w.points) FILTER (WHERE {leaf}), 0),"
            f" count(w.points) FILTER (WHERE {leaf}) >="
            " count(*) FILTER (WHERE w.hub_type = 'story' AND w.points IS NULL)"
            f"{_ITEMS} AND w.status_category IN ('todo', 'doing', 'done') AND {CHOSEN.format('s.project_id')}"
            " GROUP BY s.project_id, s.source_id, o.position ORDER BY s.project_id, o.position, s.source_id"
        ),
        asked.bound(),
    )
    by_project: dict[UUID, list[_Work]] = {}
    for project, *work in rows:
        by_project.setdefault(project, []).append(_Work(*work))
    for project, works in by_project.items():
        said = _progress(works)
        if said is not None and works[0].source in asked.sources:
            found.add(project, "percent_complete", works[0].source, said)


def _progress(works: list[_Work]) -> Said | None:
    names = ", ".join(work.label for work in works)
    if all(work.sized and work.points > 0 for work in works):
        done, total, what = sum(w.done_points for w in works), sum(w.points for w in works), "points"
    else:
        done, total, what = sum(w.done for w in works), sum(w.total for w in works), "items"
    if total == 0:
        return None
    value = round(100 * done / total, 2)
    return Said(value, "percent", locator=f"{names}: {done:g} of {total:g} {what} done")


_MONEY: Final = {"baseline": "budget", "actual": "actual_cost", "forecast": "forecast_cost"}


def money_from_costs(session: Session, asked: Derivation, found: Sayings) -> None:
    """Sums of cost lines by kind, where no register row gives the amount; one currency or nothing."""
    rows = session.execute(
        text(
            "SELECT l.project_id, l.source_id, l.kind, sum(l.amount), min(l.period), max(l.period), count(*),"
            " array_agg(DISTINCT coalesce(l.currency, :currency)), (array_agg(l.raw_page_id ORDER BY l.id))[1],"
            " (array_agg(l.raw_position ORDER BY l.id))[1], (array_agg(l.locator ORDER BY l.id))[1], max(l.url),"
            " p.key FROM cost_line l JOIN project p ON p.id = l.project_id"
            " WHERE l.known_from <= :known_at AND (l.known_to IS NULL OR l.known_to > :known_at)"
            " AND NOT l.deleted AND l.amount IS NOT NULL AND l.kind IN ('baseline', 'actual', 'forecast')"
            f" AND l.source_id = ANY(CAST(:sources AS bigint[])) AND {CHOSEN.format('l.project_id')}"
            " GROUP BY l.project_id, l.source_id, l.kind, p.key ORDER BY p.key, l.source_id, l.kind"
        ),
        asked.bound(currency=asked.currency, known_at=asked.known_at),
    )
    registered = _registered(session, asked, _MONEY.values())
    for (
        project,
        source,
        kind,
        amount,
        first,
        last,
        count,
        currencies,
        page,
        position,
        locator,
        url,
        key,
    ) in rows:
        attribute = _MONEY[kind]
        if len(currencies) > 1:
            mixed = " and ".join(currencies)
            found.warnings.append(f"{key}: {kind} cost lines are in {mixed}; they cannot be added up")
        elif (project, attribute) not in registered:
            valid = month_end(last) if kind == "actual" and last else None
            span = f"{first:%Y-%m} to {last:%Y-%m}" if first else "whole life"
            where = locator if count == 1 else f"{locator} and {count - 1} more, {span}"
            said = Said(money_text(amount), currencies[0], valid, page, position, where, url)
            found.add(project, attribute, source, said)


def _registered(session: Session, asked: Derivation, names: Iterable[str]) -> set[tuple[UUID, str]]:
    rows = session.execute(
        text(
            "SELECT s.project_id, a.key FROM scope s,"
            " jsonb_each(s.attributes) AS a WHERE s.kind = 'register_row' AND s.deleted_at IS NULL"
            " AND s.project_id IS NOT NULL AND a.key = ANY(CAST(:names AS text[]))"
            f" AND btrim(coalesce(a.value->>'value', '')) <> '' AND {CHOSEN.format('s.project_id')}"
        ),
        asked.bound(names=list(names)),
    )
    return {(project, name) for project, name in rows}


def money_from_benefits(session: Session, asked: Derivation, found: Sayings) -> None:
    """Sums of benefits that are money, where no register row gives the amount; one currency or nothing.

    A promised benefit that nobody has forecast leaves the forecast unknown: without it the sum would be a shortfall.
    """
    rows = session.execute(
        text(
            "SELECT b.project_id, b.source_id, p.key, sum(b.target), sum(b.forecast), count(*),"
            " count(*) FILTER (WHERE b.forecast IS NULL), array_agg(DISTINCT coalesce(b.currency, :currency)),"
            " (array_agg(b.raw_page_id ORDER BY b.id))[1], (array_agg(b.raw_position ORDER BY b.id))[1],"
            " (array_agg(b.locator ORDER BY b.id))[1], max(b.url)"
            " FROM benefit b JOIN project p ON p.id = b.project_id WHERE b.known_from <= :known_at"
            " AND (b.known_to IS NULL OR b.known_to > :known_at) AND NOT b.deleted AND b.unit IS NULL"
            " AND b.target IS NOT NULL AND b.source_id = ANY(CAST(:sources AS bigint[]))"
            f" AND {CHOSEN.format('b.project_id')}"
            " GROUP BY b.project_id, b.source_id, p.key ORDER BY p.key, b.source_id"
        ),
        asked.bound(currency=asked.currency, known_at=asked.known_at),
    )
    registered = _registered(session, asked, ("benefit_target", "benefit_forecast"))
    for (
        project,
        source,
        key,
        target,
        forecast,
        count,
        without,
        currencies,
        page,
        position,
        locator,
        url,
    ) in rows:
        if len(currencies) > 1:
            mixed = " and ".join(currencies)
            found.warnings.append(f"{key}: benefits are in {mixed}; they cannot be added up")
            continue
        where = locator if count == 1 else f"{locator} and {count - 1} more benefits"
        amounts = {"benefit_target": target, "benefit_forecast": None if without else forecast}
        for attribute, amount in amounts.items():
            if amount is not None and (project, attribute) not in registered:
                said = Said(money_text(amount), currencies[0], None, page, position, where, url)
                found.add(project, attribute, source, said)


def counts_from_milestones(session: Session, asked: Derivation, found: Sayings) -> None:
    """Milestones due in the month of today by their baseline, and how many of these are met."""
    rows = session.execute(
        text(
            "SELECT m.project_id, m.source_id,"
            " count(*) FILTER (WHERE m.baseline BETWEEN :first AND :last),"
            " count(*) FILTER (WHERE m.baseline BETWEEN :first AND :last AND m.actual <= :today),"
            " string_agg(m.locator, ', ' ORDER BY m.id) FILTER (WHERE m.baseline BETWEEN :first AND :last)"
            " FROM milestone m WHERE m.project_id IS NOT NULL"
            " AND m.known_from <= :known_at AND (m.known_to IS NULL OR m.known_to > :known_at) AND NOT m.deleted"
            " AND m.baseline IS NOT NULL AND m.state IS DISTINCT FROM 'dropped'"
            f" AND m.source_id = ANY(CAST(:sources AS bigint[])) AND {CHOSEN.format('m.project_id')}"
            " GROUP BY m.project_id, m.source_id"
        ),
        asked.bound(
            first=asked.today.replace(day=1),
            last=month_end(asked.today),
            today=asked.today,
            known_at=asked.known_at,
        ),
    )
    for project, source, due, met, locators in rows:
        where = locators or f"no baseline in {asked.today:%Y-%m}"
        found.add(project, "milestones_due", source, Said(due, locator=where))
        found.add(project, "milestones_met", source, Said(met, locator=where))
