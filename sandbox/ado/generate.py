"""The organisation's content: the demo's story, or a plain load; the same for the same seed and anchor."""

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from typing import Any, Final

from sandbox import story
from sandbox.ado.drafts import POINTS, Draft, Writer, at_work
from sandbox.ado.process import FIELDS
from sandbox.ado.world import (
    NEVER,
    Item,
    Iteration,
    LinkEvent,
    Project,
    Revision,
    World,
    ms,
    stamp,
)

PROCESS_OF: Final = {
    "Casework Integration": "Agile",
    "People Hub": "Scrum",
    "Data Hub": "CMMI",
    "Network Refresh": "Agile",
    "Innovation Garage": "Basic",
}
FIRST_ID: Final = 101
LOAD_PROJECTS: Final = 4
DAY: Final = timedelta(days=1)


def _tree(name: str, start: date, finish: date, ids: Callable[[], int]) -> Iteration:
    """Build the iterations: two-week sprints under two releases, and one without dates."""
    root = Iteration(ids(), name, name)
    monday = start - timedelta(days=start.weekday())
    count = max(2, ((finish - monday).days + 28) // 14)
    for number in range(count):
        if number % ((count + 1) // 2) == 0:
            title = f"Release {len(root.children) + 1}"
            root.children.append(Iteration(ids(), title, f"{name}\\{title}"))
        release = root.children[-1]
        begin = monday + timedelta(days=14 * number)
        sprint = f"Sprint {number + 1}"
        release.children.append(
            Iteration(ids(), sprint, f"{release.path}\\{sprint}", begin, begin + timedelta(days=11))
        )
    root.children.append(Iteration(ids(), "Later", f"{name}\\Later"))
    return root


def make_project(
    name: str, span: tuple[date, date], ids: Callable[[], int], process: str = "Agile"
) -> Project:
    """Make an empty team project whose sprints cover a span of days."""
    areas = (name, f"{name}\\Build", f"{name}\\Operations")
    return Project(
        name=name,
        process_name=PROCESS_OF.get(name, process),
        description=f"Work of {name}",
        root=_tree(name, *span, ids),
        areas=areas,
        area_ids={area: ids() for area in areas},
        updated=datetime.combine(span[0], time(9), UTC),
    )


def _move_from_garage(drafts: list[Draft], garage: Project, anchor: date, rng: Random) -> None:
    """Let two of Data Hub's requirements have been born as issues of the Innovation Garage."""
    moving = [d for d in drafts if d.fields["System.WorkItemType"] == "Requirement"][:2]
    for draft in moving:
        final = dict(draft.fields)
        draft.created = at_work(story.week_date(anchor, 0) - timedelta(days=20), rng)
        draft.fields |= {
            "System.TeamProject": garage.name, "System.AreaPath": garage.name, "System.IterationPath": garage.name,
            "System.WorkItemType": "Issue", "System.State": "To Do", "System.CreatedDate": stamp(draft.created),
        }  # fmt: skip
        when = at_work(story.week_date(anchor, 6) - 2 * DAY, rng)
        keep = (
            "System.TeamProject",
            "System.AreaPath",
            "System.IterationPath",
            "System.WorkItemType",
            "System.State",
        )
        draft.steps = [(when, draft.by, {name: final[name] for name in keep} | {"System.Reason": "Moved"})]
        draft.parent = None


def _life(draft: Draft, project_of: dict[str, Project], nodes: dict[str, int]) -> list[Revision]:
    """Turn a draft into revisions that each carry all fields, as the server stores them."""
    revisions: list[Revision] = []
    fields: dict[str, Any] = {}
    steps = [(draft.created, draft.by, draft.fields), *sorted(draft.steps, key=lambda step: step[0])]
    for number, (at, by, changes) in enumerate(steps, 1):
        fields = {**fields, **changes}
        project = project_of[fields["System.TeamProject"]]
        fields |= {
            "System.Id": draft.id, "System.Rev": number, "System.ChangedDate": stamp(at), "System.ChangedBy": by,
            "System.AuthorizedDate": stamp(at), "System.AuthorizedAs": by, "System.RevisedDate": NEVER,
            "System.Watermark": ms(at),
            "System.NodeName": fields["System.AreaPath"].split("\\")[-1],
            "System.AreaId": project.area_ids[fields["System.AreaPath"]],
            "System.CommentCount": fields.get("System.CommentCount", 0),
            "System.IterationId": nodes[fields["System.IterationPath"]],
        }  # fmt: skip
        if draft.parent is not None:
            fields["System.Parent"] = draft.parent.id
        if revisions:
            revisions[-1].fields["System.RevisedDate"] = stamp(at)
        order = [*FIELDS, *(name for name in fields if name not in FIELDS)]
        revisions.append(Revision(at, by, {name: fields[name] for name in order if name in fields}, number))
    return revisions


def _world(projects: list[Project], drafts: list[Draft], clock: date) -> World:
    by_name = {project.name: project for project in projects}
    nodes = {node.path: node.id for project in projects for node in project.root.walk()}
    for draft in reversed(drafts):  # from the leaves up: nobody is younger than what is below
        above = draft.parent
        if above is not None and above.created >= draft.created:
            above.created = draft.created - timedelta(hours=1)
            above.fields["System.CreatedDate"] = stamp(above.created)
    drafts.sort(key=lambda draft: (draft.created, draft.fields["System.Title"]))
    for number, draft in enumerate(drafts, FIRST_ID):
        draft.id = number
    items, links = {}, []
    for draft in drafts:
        for other, rel in (
            (draft.parent, "System.LinkTypes.Hierarchy"),
            (draft.predecessor, "System.LinkTypes.Dependency"),
        ):
            if other is not None:
                at = max(draft.created, other.created)
                links.append(LinkEvent(at, rel, other.id, draft.id, active=True, by=draft.by))
        items[draft.id] = Item(draft.id, _life(draft, by_name, nodes), draft.comments, draft.destroyed)
    return World(projects, items, links, clock)


def _counter(first: int) -> Callable[[], int]:
    numbers = iter(range(first, first + 10**6))
    return lambda: next(numbers)


def demo_world(anchor: date, clock: date, seed: int) -> World:
    """Build the story's five team projects."""
    ids = _counter(3500)
    held = [(t, p) for p in story.PROJECTS for t in p.tracked if t.source == "ado"]
    unbound = [(t, None) for t in story.UNBOUND if t.source == "ado"]
    projects, drafts = [], {}
    for tracked, demo in [*held, *unbound]:
        start, finish = (demo.start, demo.finish) if demo else (-120, 120)
        span = (anchor + timedelta(days=start), anchor + timedelta(days=finish))
        project = make_project(tracked.key, span, ids)
        projects.append(project)
        drafts[project.name] = Writer(project, demo, anchor, seed).write(tracked.items)
    garage = next(project for project in projects if project.name == "Innovation Garage")
    _move_from_garage(drafts["Data Hub"], garage, anchor, Random(f"{seed}:move"))
    return _world(projects, [draft for each in drafts.values() for draft in each], clock)


def load_world(anchor: date, clock: date, seed: int, count: int) -> World:
    """Build `count` plain user stories of three revisions each, spread over four team projects."""
    ids, rng = _counter(3500), Random(seed)
    span = (anchor - timedelta(days=360), anchor)
    projects = [make_project(f"Load {number + 1}", span, ids) for number in range(LOAD_PROJECTS)]
    writers = [Writer(project, None, anchor, seed) for project in projects]
    drafts = []
    for number in range(count):
        writer = writers[number % LOAD_PROJECTS]
        created = at_work(span[0] + timedelta(days=rng.randrange(300)), rng)
        draft = writer.base("User Story", created)
        draft.fields[writer.project.process.effort] = rng.choice(POINTS)
        writer.advance(draft, created.date() + timedelta(days=5), 9)
        drafts.append(draft)
    return _world(projects, drafts, clock)
