"""The feed's models: all sets as they stand now, and those that have a past as a day had them."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from functools import cache, lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from api.feed import plan_sets, register_sets, sets, status_sets, work_sets
from api.feed.declare import Moment
from api.odata.edm import EntitySet, Model
from model.tables import Portfolio

NAMESPACE: Final = "Muster"
VERSION: Final = "1.0"
_FIRST: Final = date(1970, 1, 1)
_LAST: Final = date(9998, 12, 31)  # one with a day after it in every time zone
_PAST: Final[tuple[Callable[[Moment | None], EntitySet], ...]] = (
    status_sets.projects, status_sets.snapshots, status_sets.measures,
    plan_sets.milestones, plan_sets.raid_items, plan_sets.cost_lines, plan_sets.baselines,
    register_sets.contracts, register_sets.benefits, register_sets.project_roles, register_sets.utilisation,
    register_sets.quality_reviews, register_sets.change_requests, register_sets.decisions,
    register_sets.gate_criteria, register_sets.work_plan_lines,
)  # fmt: skip
_GROUPS: Final[tuple[Callable[[], EntitySet], ...]] = (
    sets.portfolios, sets.programmes, sets.programme_projects,
)  # fmt: skip
_NOW: Final[tuple[Callable[[], EntitySet], ...]] = (
    work_sets.work_items, work_sets.work_item_fields,
    work_sets.transitions, work_sets.iterations, work_sets.work_item_iterations, sets.people, sets.findings,
    sets.claims, sets.currency_rates, sets.runs,
)  # fmt: skip


class NoSuchDay(ValueError):
    """`as_of` is no day; the message says what is expected."""


def model_of(moment: Moment | None) -> Model:
    """Return the model of now, or of a day: then with the sets that have a past, and ways among these only."""
    return _present() if moment is None else _past(moment)


@cache
def _present() -> Model:
    found = (*(make() for make in _GROUPS), *(make(None) for make in _PAST), *(make() for make in _NOW))
    return Model(NAMESPACE, found, version=VERSION)


@lru_cache(maxsize=16)
def _past(moment: Moment) -> Model:
    return Model(NAMESPACE, among(tuple(make(moment) for make in _PAST)), version=VERSION)


def among(found: tuple[EntitySet, ...]) -> tuple[EntitySet, ...]:
    """Return the sets with those ways only that lead to one of them."""
    names = {each.name for each in found}
    return tuple(
        replace(each, type=replace(each.type, navigations=tuple(
            way for way in each.type.navigations if way.target in names
        )))
        for each in found
    )  # fmt: skip


def has_past(name: str) -> bool:
    """Say whether a set can be asked for as a day had it."""
    return name in _past(Moment(_FIRST, datetime.combine(_FIRST, time(), UTC))).by_name


def moment_of(session: Session, day: str) -> Moment:
    """Return the end of a day, in the time zone of the portfolio.

    Raises:
        NoSuchDay: It is none.
    """
    try:
        found = date.fromisoformat(day)
    except ValueError:
        found = None
    if found is None or len(day) != len("2026-11-22") or not _FIRST <= found <= _LAST:
        raise NoSuchDay("as_of: expected a day, as 2026-11-22")
    zone = session.scalar(select(Portfolio.timezone).order_by(Portfolio.id).limit(1)) or "UTC"
    until = datetime.combine(found + timedelta(days=1), time(), ZoneInfo(zone)).astimezone(UTC)
    return Moment(found, until)
