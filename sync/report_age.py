"""The age of a manager's last report."""

from datetime import date
from typing import Any, Final

from model.status.colour import plain
from sync.facts import ProjectFacts

STALE_REPORT_DAYS: Final = 35  # a monthly report and the working days to write it in


def reported_on(project: ProjectFacts) -> date | None:
    """Return the day of the manager's last report: as reported, else when the colour was last changed."""
    said: date | None = project.value("reported_on")
    colour = project.values.get("rag_overall")
    return said or (None if colour is None else colour.winner.valid_from)


def is_to_come(project: ProjectFacts, as_of: date) -> bool:
    """Say whether the last report names a day after this one, which cannot be."""
    day = reported_on(project)
    return day is not None and day > as_of


def report_of(project: ProjectFacts, as_of: date) -> dict[str, Any]:
    """Say how old the report is; both are None where nobody ever reported, and of a report still to come."""
    day = reported_on(project)
    age = None if day is None or day > as_of else (as_of - day).days
    stale = None if age is None else age > STALE_REPORT_DAYS
    return {"reported_on": plain(day), "age_days": age, "stale": stale}
