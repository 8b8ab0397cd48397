"""The story as a world: projects, boards, sprints, versions, issues, links and one move."""

import itertools
import random
from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any, Final

from sandbox.jira.catalogue import cloud_catalogue, datacenter_catalogue
from sandbox.jira.lives import Flow, item, write
from sandbox.jira.model import (
    Board,
    Catalogue,
    Issue,
    Project,
    Sprint,
    Step,
    Version,
    midnight,
)  # fmt: skip
from sandbox.jira.plan import KANBAN, SPRINT_DAYS, TEAM_MANAGED, Frame, fill, frames
from sandbox.jira.shelf import Kept
from sandbox.options import Options
from sandbox.story import PROJECTS

FIRST_ISSUE: Final = 10_001
MOVED_FROM, MOVED_TO = "PIT", "NTF"
MOVED_DAYS_AGO: Final = 30
VERSION_SHARES: Final = (("1.0 Pilot", 0.4), ("1.1", 0.65), ("2.0", 0.85), ("Go-live", 1.0))


def story(options: Options, *, cloud: bool) -> tuple[Catalogue, Kept]:
    """Return everything the story's Jira holds, from the first day to the last one planned."""
    plotted = frames("jira-cloud" if cloud else "jira-dc", options.anchor)
    ids = {frame.key: 10_000 + place for place, frame in enumerate(plotted)}
    managers = tuple(dict.fromkeys([*(demo.manager for demo in PROJECTS), "Orla Byrne"]))
    more = tuple(name for name in managers if name != "Orla Byrne")
    if cloud:
        first, second = (ids[key] for key in TEAM_MANAGED)
        catalogue = cloud_catalogue(more, scoped=(first, second))
    else:
        catalogue = datacenter_catalogue(more)
    for frame in plotted:
        moves = frame.key == MOVED_TO and MOVED_FROM in ids
        leaves = frame.key == MOVED_FROM and MOVED_TO in ids
        fill(frame, options.anchor, options.seed, born_elsewhere=int(moves), leaving=int(leaves))
        lead = next(one.id for one in catalogue.people.values() if one.name == frame.lead)
        catalogue.projects[ids[frame.key]] = Project(
            ids[frame.key], frame.key, frame.name, lead, team_managed=cloud and frame.key in TEAM_MANAGED
        )
    _number(plotted)
    counter = itertools.count(50_001)
    issues: list[Issue] = []
    for place, frame in enumerate(plotted):
        flow = _flow(frame, place, catalogue, options.seed, cloud=cloud)
        issues += write(frame, flow, catalogue, options.seed, counter)
    issues.sort(key=lambda issue: issue.id)
    _link(issues, options.seed, counter)
    if cloud:
        _move(issues, plotted, catalogue, options, counter)
    return catalogue, Kept(issues)


def _number(plotted: Sequence[Frame]) -> None:
    """Give out ids and keys in the order of creation, with the gaps that deleted issues leave."""
    everything = sorted((one for frame in plotted for one in frame.planned), key=lambda one: one.born)
    next_number = {frame.key: itertools.count(1) for frame in plotted}
    id_ = FIRST_ISSUE
    for one in everything:
        one.id, one.number = id_, next(next_number[one.key])
        id_ += 1 + (id_ % 11 == 0)


def _flow(frame: Frame, place: int, catalogue: Catalogue, seed: int, *, cloud: bool) -> Flow:
    rng = random.Random(f"{seed}/{frame.key}/flow")
    project = catalogue.project_by(frame.key)
    if project is None:
        raise LookupError(frame.key)
    own = project.id if project.team_managed else None
    statuses = {
        (one.untranslated or one.name): one for one in catalogue.statuses.values() if one.project == own
    }
    types = {(one.untranslated or one.name): one.id for one in catalogue.types.values() if one.project == own}
    types.setdefault("Sub-task", types.get("Subtask", ""))
    points = catalogue.estimate if project.team_managed else catalogue.points
    board = 20 + place
    kanban = frame.key in KANBAN
    kind = "kanban" if kanban else "simple" if project.team_managed else "scrum"
    counted = frame.key == "ARC"  # its board counts issues; nobody estimates there
    catalogue.boards[board] = Board(
        board, f"{frame.key} board", kind, project.id, None if counted else points
    )
    sprints = [] if kanban else _sprints(frame, board, cloud=cloud)
    versions = _versions(frame, project.id)
    catalogue.sprints |= {one.id: one for one in sprints}
    catalogue.versions |= {one.id: one for one in versions}
    staff = [one.id for one in catalogue.people.values() if one.username and one.username != "muster-sync"][
        :30
    ]
    return Flow(
        statuses, types, None if counted else points, sprints, versions, [*rng.sample(staff, 8), project.lead]
    )


def _sprints(frame: Frame, board: int, *, cloud: bool) -> list[Sprint]:
    found: list[Sprint] = []
    begin = midnight(frame.start) + timedelta(hours=8)
    number = 0
    while begin < midnight(frame.true_finish):
        number += 1
        # Data Center's sprint field is text: names with its own separators tell parsers apart.
        name = (
            f"{frame.key} Sprint {number}"
            if cloud or number % 3
            else f"{frame.key} Sprint {number}, close [A]=final"
        )
        goal = "Close the month, in one day" if number % 4 == 0 else ""
        end = begin + timedelta(days=SPRINT_DAYS, hours=-1)
        found.append(Sprint(board * 100 + number, board, name, begin, end, goal))
        begin += timedelta(days=SPRINT_DAYS)
    return found


def _versions(frame: Frame, project: int) -> list[Version]:
    days = (frame.finish - frame.start).days
    found: list[Version] = []
    for place, (name, share) in enumerate(VERSION_SHARES):
        planned = frame.start + timedelta(days=round(days * share))
        moves = frame.forecasts if share == 1.0 else ((frame.start, planned),)
        begun = (
            frame.start
            if place == 0
            else frame.start + timedelta(days=round(days * VERSION_SHARES[place - 1][1]))
        )
        found.append(Version(project * 10 + place, project, name, begun, moves))
    return found


def _link(issues: Sequence[Issue], seed: int, counter: Iterator[int]) -> None:
    """Link some issues: each link, by its id, is on both ends, blocking in one direction."""
    rng = random.Random(f"{seed}/links")
    by_project: dict[int, list[Issue]] = {}
    for issue in issues:
        by_project.setdefault(issue.base["project"], []).append(issue)
    number = 10_500
    for issue in issues:
        if rng.random() > 0.06:  # noqa: PLR2004 - one in sixteen
            continue
        across = rng.random() < 0.1  # noqa: PLR2004
        other = rng.choice(issues if across else by_project[issue.base["project"]])
        if other is issue:
            continue
        kind = rng.choices(("10000", "10001", "10002"), (6, 3, 1))[0]
        at = max(issue.born, other.born) + timedelta(hours=1)
        number += 1
        _tie(issue, (number, kind, True, other.id), at, counter, f"This issue blocks {other.base['key']}")
        _tie(
            other,
            (number, kind, False, issue.id),
            at,
            counter,
            f"This issue is blocked by {issue.base['key']}",
        )


def _tie(issue: Issue, link: tuple[Any, ...], at: Any, counter: Iterator[int], words: str) -> None:
    links = (*_links_of(issue), link)
    other = words.rpartition(" ")[2]
    step = Step(
        next(counter),
        at,
        issue.base["reporter"],
        {"links": links},
        (item("Link", None, None, None, other, words),),
    )
    issue.steps.append(step)
    issue.steps.sort(key=lambda one: one.at)
    # Later steps must not take the link off again: every later list holds the earlier links.
    held: tuple[Any, ...] = ()
    for one in issue.steps:
        if "links" in one.changes:
            held = (*held, *(new for new in one.changes["links"] if new not in held))
            one.changes["links"] = held


def _links_of(issue: Issue) -> tuple[Any, ...]:
    found = [step.changes["links"] for step in issue.steps if "links" in step.changes]
    return tuple(found[-1]) if found else ()


def _move(
    issues: Sequence[Issue],
    plotted: Sequence[Frame],
    catalogue: Catalogue,
    options: Options,
    counter: Iterator[int],
) -> None:
    """Move one issue to another project: its id stays, its key changes, the old key leads on."""
    guest = next((one for frame in plotted for one in frame.planned if one.came_from == MOVED_FROM), None)
    target = catalogue.project_by(MOVED_TO)
    origin = catalogue.project_by(MOVED_FROM)
    if guest is None or target is None or origin is None:
        return
    issue = next(one for one in issues if one.id == guest.id)
    at = midnight(options.anchor) - timedelta(days=MOVED_DAYS_AGO, hours=-10)
    issue.steps = [step for step in issue.steps if step.at < at]
    key = f"{MOVED_TO}-{highest(plotted, MOVED_TO) + 1}"
    stood = [
        issue.base["status"],
        *(step.changes["status"] for step in issue.steps if "status" in step.changes),
    ][-1]
    before = catalogue.statuses[stood]
    after = next(
        one
        for one in catalogue.statuses.values()
        if one.project == target.id and (one.untranslated or one.name) == before.name
    )
    items = (
        item("Key", None, None, issue.base["key"], None, key),
        item("project", "project", str(origin.id), origin.name, str(target.id), target.name),
        item("issuetype", "issuetype", "10211", "Story", "10201", "Story"),
        item("status", "status", before.id, before.name, after.id, after.name),
    )
    changes = {"key": key, "project": target.id, "type": "10201", "status": after.id, "parent": None}
    changes |= {"sprints": (), "versions": ()}
    issue.steps.append(Step(next(counter), at, target.lead, changes, items))


def highest(plotted: Sequence[Frame], key: str) -> int:
    """Return the highest issue number given out in a project."""
    numbers = [one.number for frame in plotted for one in frame.planned if one.key == key]
    return max(numbers)
