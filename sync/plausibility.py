"""Plausibility: what status rules were given and could not compute with, as findings beside those of the templates."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import Final
from uuid import UUID

from model.findings.plausibility import PLAUSIBILITY, VERSION
from model.status.colour import Reason
from sync.compose import Shown
from sync.dimension import Dimension
from sync.facts import Facts, ProjectFacts
from sync.findings_store import FindingKey, Wanted
from sync.report_age import is_to_come, reported_on

_KIND: Final = "invalid"


def implausible(
    facts: Facts, dimensions: Mapping[UUID, Mapping[str, Shown]], said: Iterable[Wanted]
) -> list[Wanted]:
    """Return what cannot be true of the projects' values and records.

    Args:
        facts: The projects and the day.
        dimensions: What was computed of each; its reasons name the inputs.
        said: What templates find already, which is not said again.
    """
    there = {(each.key.project_id, each.key.rule) for each in said if each.key.kind == _KIND}
    found: dict[FindingKey, Wanted] = {}
    for project in facts.projects:
        computed = [each.dimension for each in dimensions.get(project.id, {}).values()]
        for each in _of(project, computed, facts.as_of):
            if (project.id, each.key.rule) not in there:
                found.setdefault(each.key, each)
    return list(found.values())


def _of(project: ProjectFacts, dimensions: Iterable[Dimension], as_of: date) -> Iterator[Wanted]:
    for dimension in dimensions:
        for reason in dimension.computed.reasons:
            if "impossible" in reason.inputs:
                yield _wanted(project, reason, dimension)
    if is_to_come(project, as_of):
        key = FindingKey(project.id, PLAUSIBILITY, "", "reported_on", _KIND)
        says = f"The report is of {reported_on(project)}, which is still to come: its age is not known"
        yield Wanted(key, VERSION, "warn", says, _cell(project, "reported_on"))


def _wanted(project: ProjectFacts, reason: Reason, dimension: Dimension) -> Wanted:
    name = str(reason.inputs["impossible"])
    key = FindingKey(project.id, PLAUSIBILITY, "", name, _KIND)
    rows = (each["locator"] for each in dimension.records if f" {each['name']} " in f" {name} ")
    locator = _cell(project, name) or next(rows, None)
    return Wanted(key, VERSION, "warn", reason.text[:1].upper() + reason.text[1:], locator)


def _cell(project: ProjectFacts, attribute: str) -> str | None:
    winning = project.values.get(attribute)
    return None if winning is None else winning.winner.locator
