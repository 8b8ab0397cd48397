"""What a project's process means: which field is the effort, and what each type is to everyone else."""

from collections.abc import Mapping, Sequence
from typing import Final

from connectors.base import Json

EFFORT_FIELDS: Final = (
    "Microsoft.VSTS.Scheduling.StoryPoints",  # Agile
    "Microsoft.VSTS.Scheduling.Effort",  # Scrum, Basic
    "Microsoft.VSTS.Scheduling.Size",  # CMMI
)
_BY_BACKLOG: Final = {
    "Microsoft.EpicCategory": "epic",
    "Microsoft.FeatureCategory": "feature",
    "Microsoft.RequirementCategory": "story",
    "Microsoft.TaskCategory": "task",
}
_BUGS: Final = "Microsoft.BugCategory"
# Where the process cannot be read, the types that Microsoft ships.
_BY_NAME: Final = {
    "initiative": "initiative",
    "epic": "epic",
    "feature": "feature",
    "user story": "story",
    "product backlog item": "story",
    "requirement": "story",
    "story": "story",
    "task": "task",
    "bug": "bug",
    "milestone": "milestone",
}


def effort_field(backlog: Json) -> str | None:
    """Return the field that the backlog adds up, None where the process names none."""
    found = ((backlog.get("backlogFields") or {}).get("typeFields") or {}).get("Effort")
    return str(found) if found else None


def levels(backlog: Json, categories: Sequence[Json]) -> dict[str, str]:
    """Say for each type what all trackers call it, by backlog level, then by category.

    A portfolio level above epics is an initiative, one below them a feature. Bugs stay bugs on
    whichever backlog the team shows them.
    """
    found: dict[str, str] = {}
    portfolio = sorted(backlog.get("portfolioBacklogs") or (), key=lambda level: int(level.get("rank") or 0))
    epics = next((level["rank"] for level in portfolio if level.get("id") == "Microsoft.EpicCategory"), None)
    for level in portfolio:
        above = epics is not None and int(level.get("rank") or 0) > int(epics)
        _put(found, level, _BY_BACKLOG.get(str(level.get("id"))) or ("initiative" if above else "feature"))
    _put(found, backlog.get("requirementBacklog") or {}, "story")
    _put(found, backlog.get("taskBacklog") or {}, "task")
    for category in categories:
        reference = str(category.get("referenceName"))
        if reference in _BY_BACKLOG:
            _put(found, category, _BY_BACKLOG[reference])
    for category in categories:
        if category.get("referenceName") == _BUGS:
            found |= dict.fromkeys(_types(category), "bug")
    return found


def level_of(type_: str, known: Mapping[str, str]) -> str:
    """Return the common word for a type: by its name for milestones, by the process, by shipped names."""
    by_name = _BY_NAME.get(type_.casefold())
    if by_name in ("milestone", "bug"):
        return by_name
    return known.get(type_) or by_name or "other"


def _put(found: dict[str, str], level: Json, word: str) -> None:
    for type_ in _types(level):
        found.setdefault(type_, word)


def _types(level: Json) -> list[str]:
    return [str(type_["name"]) for type_ in level.get("workItemTypes") or ()]
