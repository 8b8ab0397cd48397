"""The planned work as issues with their whole lives: every change dated, with its changelog entry."""

import itertools
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, Final

from sandbox.jira.model import Catalogue, Issue, Json, Sprint, Status, Step, Version, midnight
from sandbox.jira.plan import Frame, Planned

HEAVY: Final = {7: 130, 30: 60}  # how many extra re-rankings some issues of a project have, by place
LOGGED: Final = 25  # worklogs of one issue a project: more than an issue shows inline
ESTIMATED: Final = 0.3  # share of issues with a time estimate
STREAMS: Final = ("Residents", "Businesses", "Staff")


@dataclass(slots=True)
class Flow:
    """A project's statuses and types, by their English names."""

    statuses: dict[str, Status]
    types: dict[str, str]
    points: str | None  # the field its estimates are in
    sprints: list[Sprint]
    versions: list[Version]
    team: list[str]  # ids of people


@dataclass(slots=True)
class Writer:
    """Writes the steps of one issue."""

    catalogue: Catalogue
    flow: Flow
    histories: Iterator[int]
    steps: list[Step] = field(default_factory=list)

    def step(self, at: datetime, by: str, changes: Json, *items: Json) -> None:
        """Add a dated change."""
        self.steps.append(Step(next(self.histories), at, by, changes, items))

    def status(self, at: datetime, by: str, old: str, new: str, resolution: str | None = None) -> None:
        """Move through the workflow, with the resolution where it ends or begins again."""
        before, after = self.flow.statuses[old], self.flow.statuses[new]
        changes: Json = {"status": after.id}
        items = [item("status", "status", before.id, before.name, after.id, after.name)]
        if before.category != after.category:
            changes["category_since"] = at
        if after.category == "done":
            changes |= {"resolution": resolution or "10000", "resolutiondate": at}
            name = "Won't Do" if resolution == "10001" else "Done"
            items.append(item("resolution", "resolution", None, None, resolution or "10000", name))
        elif before.category == "done":
            changes |= {"resolution": None, "resolutiondate": None}
            items.append(item("resolution", "resolution", "10000", "Done", None, None))
        self.step(at, by, changes, *items)

    def sprints(self, at: datetime, by: str, old: Sequence[int], new: Sequence[int]) -> None:
        """Put the issue into sprints; the changelog lists all of them each time."""
        names = {one.id: one.name for one in self.flow.sprints}
        self.step(
            at,
            by,
            {"sprints": tuple(new)},
            item(
                "Sprint",
                self.catalogue.sprint,
                ", ".join(map(str, old)),
                ", ".join(names[one] for one in old),
                ", ".join(map(str, new)),
                ", ".join(names[one] for one in new),
                custom=True,
            ),
        )


def item(
    name: str,
    field_id: str | None,
    old: str | None,
    old_text: str | None,
    new: str | None,
    new_text: str | None,
    *,
    custom: bool = False,
) -> Json:
    """Return one changelog item; the kinds Jira gives no field id get none."""
    found: Json = {"field": name, "fieldtype": "custom" if custom else "jira"}
    if field_id:
        found["fieldId"] = field_id
    return found | {"from": old, "fromString": old_text, "to": new, "toString": new_text}


def write(frame: Frame, flow: Flow, catalogue: Catalogue, seed: int, histories: Iterator[int]) -> list[Issue]:
    """Return the issues of a project; ids and numbers have been given out before."""
    rng = random.Random(f"{seed}/{frame.key}/lives")
    return [
        _life(one, place, frame, Writer(catalogue, flow, histories), rng)
        for place, one in enumerate(frame.planned)
    ]


def _life(one: Planned, place: int, frame: Frame, writer: Writer, rng: random.Random) -> Issue:
    flow, catalogue = writer.flow, writer.catalogue
    reporter, assignee = rng.choice(flow.team), rng.choice(flow.team)
    base: Json = {
        "key": f"{one.key}-{one.number}",
        "project": catalogue_project(catalogue, one.key),
        "type": flow.types[one.kind],
        "status": flow.statuses["To Do"].id,
        "summary": one.title,
        "priority": rng.choices(("1", "2", "3", "4", "5"), (3, 15, 60, 17, 5))[0],
        "reporter": reporter,
        "description": _described(one, frame) if rng.random() < 0.8 else None,  # noqa: PLR2004 - most have one
        "labels": tuple(rng.sample(("frontend", "data", "legal", "ops"), rng.choice((0, 0, 1, 2)))),
        "components": (rng.choice(("Web", "Core", "Interfaces")),) if rng.random() < 0.5 else (),  # noqa: PLR2004
        "duedate": one.due,
        "estimate_s": rng.choice((4, 8, 16, 24, 40)) * 3600 if rng.random() < ESTIMATED else None,
    }
    if catalogue.rank:
        base[catalogue.rank] = f"0|i{one.id:06x}:"
    base |= _extras(one, catalogue, rng)
    if one.subtask_of is not None:
        base |= {"parent": one.subtask_of.id, "subtask_of": one.subtask_of.id}
    elif one.epic is not None:
        base["parent"] = one.epic.id
    _estimate(one, base, writer, reporter, rng)
    if one.kind == "Epic":
        _epic(one, frame, writer, reporter)
    _work(one, writer, assignee, rng)
    _noise(one, place, base, writer, rng)
    writer.steps.sort(key=lambda step: step.at)
    return Issue(one.id, one.born, base, writer.steps)


def catalogue_project(catalogue: Catalogue, key: str) -> int:
    """Return the id of a project that is known to be there."""
    project = catalogue.project_by(key)
    if project is None:
        raise LookupError(key)
    return project.id


def _described(one: Planned, frame: Frame) -> str:
    title = one.title.strip().replace("*", "")
    return f"*{title}* for {frame.name}.\nDone when:\n* it works for everyone concerned\n* it is documented"


def _extras(one: Planned, catalogue: Catalogue, rng: random.Random) -> Json:
    extras: Json = {}
    for known in catalogue.fields:
        if known.name == "Epic Name" and one.kind == "Epic":
            extras[known.id] = one.title
        elif known.name == "Value stream" and one.kind == "Epic":
            value = rng.choice(STREAMS)
            extras[known.id] = {"value": value, "id": str(10_300 + STREAMS.index(value))}
        elif known.name == "Story Points (old tool)" and rng.random() < 0.1:  # noqa: PLR2004 - a stale decoy
            extras[known.id] = float(rng.choice((20, 40, 100)))
        elif known.name == "Start date" and one.begun is not None and one.kind == "Epic":
            extras[known.id] = one.begun.date().isoformat()
    return extras


def _estimate(one: Planned, base: Json, writer: Writer, by: str, rng: random.Random) -> None:
    """Give the points: at birth, or later with an entry in the changelog; some are re-estimated."""
    points = writer.flow.points
    if points is None or one.points is None or one.kind in {"Epic", "Sub-task"}:
        return
    name = next(known.name for known in writer.catalogue.fields if known.id == points)
    first = one.points if rng.random() > 0.1 else max(1.0, one.points - 2)  # noqa: PLR2004
    if rng.random() < 0.5:  # noqa: PLR2004 - half are estimated as they are written
        base[points] = first
    else:
        at = one.born + timedelta(hours=rng.uniform(1, 20))
        writer.step(at, by, {points: first}, item(name, points, None, None, None, f"{first:g}", custom=True))
    if first != one.points:
        at = one.born + timedelta(hours=rng.uniform(21, 40))
        changed = item(name, points, None, f"{first:g}", None, f"{one.points:g}", custom=True)
        writer.step(at, by, {points: one.points}, changed)


def _epic(one: Planned, frame: Frame, writer: Writer, by: str) -> None:
    """Let the last epic's due date follow the forecast."""
    if not one.last_epic:
        return
    for (_, old), (since, new) in itertools.pairwise(frame.forecasts):
        at = midnight(since) + timedelta(hours=15)
        moved = item("duedate", "duedate", str(old), f"{old} 00:00:00.0", str(new), f"{new} 00:00:00.0")
        writer.step(at, by, {"duedate": new}, moved)


def _work(one: Planned, writer: Writer, assignee: str, rng: random.Random) -> None:
    if one.begun is None:
        return
    begun = max(one.begun, one.born + timedelta(hours=2))
    done = max(one.done or begun, begun + timedelta(hours=3))
    name = writer.catalogue.people[assignee].name
    assigned = item("assignee", "assignee", None, None, assignee, name)
    writer.step(begun - timedelta(minutes=9), assignee, {"assignee": assignee}, assigned)
    if one.kind not in {"Epic", "Sub-task"}:
        _sprints(one, begun, done, writer, assignee)
    span = done - begun
    here = "To Do"
    route: list[tuple[float, str]] = [(0.0, "In Progress")]
    if "Blocked" in writer.flow.statuses and rng.random() < 0.08:  # noqa: PLR2004
        route += [(0.3, "Blocked"), (0.5, "In Progress")]
    if "In Review" in writer.flow.statuses and one.kind != "Epic":
        route.append((0.8, "In Review"))
    if rng.random() < 0.04:  # noqa: PLR2004 - done too early, and taken up again
        route += [(0.85, "Done"), (0.9, "In Progress")]
    for share, there in route:
        writer.status(begun + span * share, assignee, here, there)
        here = there
    dropped = "10001" if one.kind != "Epic" and rng.random() < 0.03 else None  # noqa: PLR2004
    writer.status(done, assignee, here, "Done", dropped)
    version = next(
        (one for one in writer.flow.versions if (one.release(done.date()) or date.max) >= done.date()), None
    )
    if version is not None and one.kind != "Sub-task" and dropped is None:
        fixed = item("Fix Version", "fixVersions", None, None, str(version.id), version.name)
        writer.step(begun + span * 0.1, assignee, {"versions": (version.id,)}, fixed)


def _sprints(one: Planned, begun: datetime, done: datetime, writer: Writer, by: str) -> None:
    worked = [sprint for sprint in writer.flow.sprints if sprint.start <= done and sprint.completed > begun]
    held: tuple[int, ...] = ()
    for place, sprint in enumerate(worked):
        before = worked[place - 1].completed if place else sprint.start - timedelta(days=1)
        at = max(before, one.born + timedelta(minutes=30))
        writer.sprints(at, by, held, (*held, sprint.id))
        held = (*held, sprint.id)


def _noise(one: Planned, place: int, base: Json, writer: Writer, rng: random.Random) -> None:
    """Add what happens besides the work: re-ranking, comments, logged hours."""
    rank = writer.catalogue.rank
    times = HEAVY.get(place, 1 if rng.random() < 0.2 else 0)  # noqa: PLR2004
    for turn in range(times):
        at = one.born + timedelta(hours=1 + turn * 5, minutes=turn)
        value = f"0|i{one.id:06x}:{turn:x}"
        moved = item("Rank", rank, "", "", "", "Ranked higher", custom=True)
        writer.step(at, rng.choice(writer.flow.team), {str(rank): value}, moved)
    if one.begun is None:
        return
    comments: list[Any] = []
    for turn in range(rng.choice((0, 0, 0, 1, 2))):
        at = one.begun + timedelta(hours=20 * (turn + 1))
        author = rng.choice(writer.flow.team)
        comments.append((one.id * 10 + turn, author, at, "Looked at it with the team."))
        writer.step(at, author, {"comments": tuple(comments)})
    logs: list[Any] = []
    for turn in range(LOGGED if place == 13 else 2 if base["estimate_s"] else 0):  # noqa: PLR2004
        at = one.begun + timedelta(hours=3 * (turn + 1))
        logs.append((one.id * 100 + turn, rng.choice(writer.flow.team), at, 3600 * rng.randint(1, 3)))
        writer.step(at, logs[-1][1], {"worklogs": tuple(logs)})
