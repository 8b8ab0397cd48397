"""The document of outcomes: watermelons, colours and forecasters, scored over all stored days."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from model.outcome import OutcomeTerms, Told, outcome
from model.status.colour import plain
from model.status.forecast_score import RULE, SCORED, Forecast, ForecasterScore, scores
from sync.json import instant_text
from sync.outcomes.colours import Case, scored
from sync.outcomes.divergence import watermelons
from sync.outcomes.history import Asked, Published, published, told
from sync.portfolio import portfolio_at


class NoHistory(LookupError):
    """There is no snapshot to score; the message says what to do, or which days there are."""


def outcomes(
    session: Session,
    terms: OutcomeTerms,
    *,
    as_of: date | None = None,
    known_at: datetime | None = None,
    visible: Collection[str] | None = None,
    project: str | None = None,
    fitting: bool = False,
) -> dict[str, Any]:
    """Score reports, colours and forecasts against what came of them.

    Args:
        session: Read only.
        terms: What counts as a bad end.
        as_of: The last day of the history; None: the newest there is.
        known_at: Leave out what became known later; None: everything.
        visible: Keys of the projects that may be seen; None: all.
        project: Of this one only, with every colour and forecast that was scored.
        fitting: Where the history is shorter than the horizon, which then decides nothing, go by shorter
            terms (`OutcomeTerms.within`).

    Raises:
        NotConfigured: There is no portfolio yet.
        NoHistory: There is no snapshot of these projects in these days.
    """
    seen = visible if project is None else [project] if visible is None or project in visible else []
    asked = Asked(as_of, known_at, seen, portfolio_at(session, as_of, known_at).timezone)
    first, until = _days(
        session, asked, project
    )  # a day to come is no history: nothing would be known to have gone well
    found = list(published(session, asked))
    usual = {"usual_horizon_days": terms.horizon_days, "usual_slip_days": terms.slip_days}
    if fitting and found:
        terms = terms.within((until - min(each.at.day for each in found)).days)
    by_project: dict[str, list[Published]] = defaultdict(list)
    for each in found:
        by_project[each.project].append(each)
    cases: list[Case] = []
    forecasts: list[Forecast] = []
    for key, path in told(session, replace(asked, as_of=until)):
        cases += [Case(each, outcome(each.at, path, terms, until=until)) for each in by_project[key]]
        finished = _finished(path, until)
        if finished is not None:
            forecasts += _forecasts(by_project[key], finished)
    whole = {
        "as_of": plain(until),
        "known_at": None if known_at is None else instant_text(known_at),
        "history": {"first": plain(first), "last": plain(until)},
        "terms": terms.model_dump() | {"says": terms.says()} | usual,
        "projects": len(by_project),
        "watermelon": watermelons(found, terms),
        "colours": scored(cases, terms),
        "forecasters": _forecasters(found, forecasts, terms),
    }
    if project is not None:
        whole["cases"] = [case.to_json() for case in cases]
        whole["forecasts"] = [_forecast(each) for each in forecasts]
    return whole


def _days(session: Session, asked: Asked, project: str | None) -> tuple[date, date]:
    """Return the first and the last day there is a snapshot of.

    Raises:
        NoHistory: There is none.
    """
    bounds = text(
        "SELECT min(s.as_of), max(s.as_of) FROM snapshot s JOIN project p ON p.id = s.project_id"
        " WHERE (CAST(:visible AS text[]) IS NULL OR p.key = ANY(CAST(:visible AS text[])))"
        " AND (CAST(:known_at AS timestamptz) IS NULL OR s.known_at <= CAST(:known_at AS timestamptz))"
    )
    first, last = session.execute(bounds, asked.values()).one()
    if first is None:
        none = "there is no snapshot to score yet: run a sync first"
        raise NoHistory(none if project is None else f"there is no snapshot of a project {project}")
    if asked.as_of is not None and asked.as_of < first:
        raise NoHistory(f"there is no snapshot up to {asked.as_of}; the history goes from {first} to {last}")
    return first, min(last, asked.as_of or last)


def _finished(path: Sequence[Told], until: date) -> date | None:
    """Return the day a project finished, by what is known last; None while it has not."""
    actual = path[-1].actual
    return actual if actual is not None and actual <= until else None


def _forecasts(months: Sequence[Published], finished: date) -> list[Forecast]:
    return [
        Forecast(name, each.project, each.at.day, dates, finished)
        for each in months
        if each.at.day < finished
        for name, dates in each.forecasts.items()
    ]


def _forecasters(
    found: Sequence[Published], forecasts: Sequence[Forecast], terms: OutcomeTerms
) -> dict[str, Any]:
    return {
        "rule": RULE,
        "quantiles": list(SCORED),
        "kept": sum(len(each.forecasts) for each in found),
        "scored": len(forecasts),
        "finished_projects": len({each.project for each in forecasts}),
        "scores": [_score(each) for each in scores(forecasts, terms.horizons)],
    }


def _score(each: ForecasterScore) -> dict[str, Any]:
    return {
        "forecaster": each.forecaster,
        "said_before": each.over,
        "forecasts": each.forecasts,
        "projects": each.projects,
        "mean_error_days": each.mean_error,
        "mean_absolute_error_days": each.mean_absolute_error,
        "pinball_days": each.loss,
        "done_by": {f"p{100 * share:.0f}": met for share, met in each.done_by.items()},
    }


def _forecast(each: Forecast) -> dict[str, Any]:
    return {
        "forecaster": each.forecaster,
        "as_of": plain(each.said_on),
        "dates": {f"p{100 * share:.0f}": plain(day) for share, day in each.dates.items()},
        "actual": plain(each.actual),
        "error_days": each.error,
        "pinball_days": each.loss,
    }
