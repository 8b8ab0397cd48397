"""The facts that measures are computed from, beside what colours are: money by month, baselines, and work."""

from collections.abc import Mapping
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy.orm import Session

from sync.facts_baselines import approved, frozen_of, rows_by_project
from sync.facts_money import months_of, progress_of
from sync.facts_periods import periods_of
from sync.facts_work import work_of

if TYPE_CHECKING:
    from sync.facts import Asked, ProjectFacts


def read_more(session: Session, asked: "Asked", projects: Mapping[UUID, "ProjectFacts"]) -> None:
    """Fill in what measures need, by a few statements however many projects there are."""
    bound = asked.bound()
    for project_id, months in months_of(session, bound, asked.currency).items():
        if (project := projects.get(project_id)) is not None:
            project.months = months
    phased = [project.id for project in projects.values() if project.months]
    if phased:
        for project_id, said in progress_of(session, bound | {"projects": phased}).items():
            projects[project_id].progress = said
    for project_id, work in work_of(session, bound, asked.timezone).items():
        if (project := projects.get(project_id)) is not None:
            project.work = work
    for project_id, periods in periods_of(session, bound).items():
        if (project := projects.get(project_id)) is not None:
            project.periods = periods
    _baselines(session, asked, projects)


def _baselines(session: Session, asked: "Asked", projects: Mapping[UUID, "ProjectFacts"]) -> None:
    bound = asked.bound()
    for project_id, rows in rows_by_project(session, "baseline", bound).items():
        if (project := projects.get(project_id)) is not None:
            project.baselines = rows
            project.sources |= {row["source_id"] for row in rows}
    since = {
        project.id: there[-1]["approved_on"]
        for project in projects.values()
        if (there := approved(project.baselines, asked.as_of))
    }
    if not since:
        return
    for project_id, rows in rows_by_project(
        session, "change_request", bound | {"projects": list(since)}
    ).items():
        projects[project_id].changes = rows
    counted = frozen_of(session, since, as_of=asked.as_of, known_at=asked.known_at, timezone=asked.timezone)
    for project_id, frozen in counted.items():
        projects[project_id].frozen = frozen
