"""Work items as the story tells them: when each was raised, begun, sized, finished or thrown away."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from typing import Any, Final

from sandbox import story
from sandbox.ado.world import Comment, Person, Project, stamp

PEOPLE: Final = tuple(
    map(
        Person,
        ["Ada Kowalski", "Bram Oyelaran", "Chloe Sato", "Dev Marchetti", "Elif Novak", "Femi Larsen",
         "Greta Santos", "Hugo Adeyemi", "Isla Brandt", "Jonas Mwangi", "Kaia Rossi", "Leo Fitzgerald"],
    )
)  # fmt: skip
_VERBS = (
    "Add",
    "Migrate",
    "Simplify",
    "Secure",
    "Document",
    "Retire",
    "Automate",
    "Review",
    "Connect",
    "Test",
)
_THINGS = (
    "the import of case files", "the approval step", "the switch configuration", "address checks", "the audit trail",
    "holiday requests", "the nightly load", "role-based access", "the reporting cube", "error handling",
    "the archive interface", "single sign-on", "the notification queue", "the reference data", "patch panels",
)  # fmt: skip
POINTS = (1, 2, 3, 5, 8, 13)
# Shares of the items.
_TAGGED, _DISCUSSED, _RESOLVED, _UNSIZED, _WHOLE, _RESIZED = 0.3, 0.1, 0.5, 0.08, 0.6, 0.15
_DELETED: Final = 4  # a project
DAY: Final = timedelta(days=1)


@dataclass(slots=True)
class Draft:
    """A work item before it has an id: ids are given in the order of creation, over all projects."""

    created: datetime
    by: Person
    fields: dict[str, Any]
    steps: list[tuple[datetime, Person, dict[str, Any]]] = field(default_factory=list)
    parent: "Draft | None" = None
    predecessor: "Draft | None" = None
    comments: list[Comment] = field(default_factory=list)
    destroyed: datetime | None = None
    id: int = 0


def at_work(day: date, rng: Random) -> datetime:
    """Return an instant in the working hours of a day, with none to three digits of fraction."""
    base = datetime.combine(day, time(8), UTC) + timedelta(seconds=rng.randrange(9 * 3600))
    return base + timedelta(milliseconds=rng.choice((0, 80, 607, rng.randrange(1000))))


class Writer:
    """Drafts one demo project's work items."""

    def __init__(self, project: Project, demo: story.DemoProject | None, anchor: date, seed: int) -> None:
        self.project, self.demo, self.anchor = project, demo, anchor
        self.rng = Random(f"{seed}:{project.name}")
        start, finish = (demo.start, demo.finish) if demo else (-120, 120)
        self.start, self.finish = anchor + timedelta(days=start), anchor + timedelta(days=finish)
        self.sprints = [node for node in project.root.walk() if node.start is not None]
        self.people = [PEOPLE[(self.rng.randrange(4) + i) % len(PEOPLE)] for i in range(5)]

    def write(self, count: int) -> list[Draft]:
        """Draft `count` items that live on at the anchor, and a few that were deleted before it."""
        levels = self.project.process.levels
        epics = max(2, count // 70)
        features = max(3, count // 16) if levels[1] else 0
        tasks = count * 3 // 10
        bugs = count // 12 if self.project.process.bug else 0
        drafts = [self._epic(i, epics) for i in range(epics)]
        middle = [self._item(str(levels[1]), i, features, self.rng.choice(drafts)) for i in range(features)]
        parents = middle or drafts
        wanted = count - epics - features - tasks - bugs
        stories = [self._story(i, wanted, parents[i * len(parents) // wanted]) for i in range(wanted)]
        for before, after in zip(stories[::9], stories[4::9], strict=False):
            after.predecessor = before
        drafts += middle + stories
        drafts += [self._task(i, tasks, self.rng.choice(stories)) for i in range(tasks)]
        bug = self.project.process.bug
        drafts += [self._item(str(bug), i, bugs, self.rng.choice(parents)) for i in range(bugs)]
        return drafts + [self._deleted(i) for i in range(_DELETED)]

    def base(self, type_: str, created: datetime) -> Draft:
        """Draft an item with what every type has."""
        rng, project = self.rng, self.project
        by = rng.choice(self.people)
        fields: dict[str, Any] = {
            "System.AreaPath": rng.choice(project.areas),
            "System.TeamProject": project.name,
            "System.IterationPath": project.name,
            "System.WorkItemType": type_,
            "System.State": project.process.states[type_][0][0],
            "System.Reason": "New",
            "System.CreatedDate": stamp(created),
            "System.CreatedBy": by,
            "System.Title": f"{rng.choice(_VERBS)} {rng.choice(_THINGS)}",
            "Microsoft.VSTS.Common.Priority": rng.choice((1, 2, 2, 3, 4)),
            "System.Description": f"<div>{rng.choice(_VERBS)} it &amp; <b>check</b> it.</div>",
        }
        if rng.random() < _TAGGED:
            fields["System.Tags"] = "; ".join(sorted(rng.sample(("api", "core", "debt", "ux", "vendor"), 2)))
        draft = Draft(created, by, fields)
        if rng.random() < _DISCUSSED:
            draft.comments = [
                Comment(
                    created + (n + 1) * DAY,
                    rng.choice(self.people),
                    f"<div>Looks right ({n + 1}) &amp; ready</div>",
                )
                for n in range(rng.randrange(1, 4))
            ]
            draft.fields["System.CommentCount"] = len(draft.comments)
        return draft

    def _born(self, share: float, lead: tuple[int, int]) -> tuple[date, datetime]:
        """Return the planned first day of work, a share of the span in, and the creation before it."""
        planned = self.start + (self.finish - self.start) * share * 0.94
        birth = planned - timedelta(days=self.rng.randrange(*lead))
        last = self.anchor - timedelta(days=self.rng.randrange(2, 30))
        return planned, at_work(max(self.start, min(birth, last)), self.rng)

    def advance(self, draft: Draft, planned: date, length: int) -> None:
        """Let the item be started, and later done, as far as the story's time goes."""
        process, type_ = self.project.process, draft.fields["System.WorkItemType"]
        worker = self.rng.choice(self.people)
        begun = max(at_work(planned, self.rng), draft.created + timedelta(hours=1))
        active = process.state(type_, "InProgress")
        draft.steps.append((begun, worker, {
            "System.State": active, "System.Reason": "Implementation started", "System.AssignedTo": worker,
            "Microsoft.VSTS.Common.StateChangeDate": stamp(begun), "System.IterationPath": self._sprint(begun.date()),
            "Microsoft.VSTS.Common.ActivatedDate": stamp(begun), "Microsoft.VSTS.Common.ActivatedBy": worker,
        }))  # fmt: skip
        closed = at_work(begun.date() + timedelta(days=length), self.rng)
        if "Resolved" in dict(process.states[type_]) and self.rng.random() < _RESOLVED:
            resolved = closed - timedelta(hours=20)
            draft.steps.append((resolved, worker, {
                "System.State": "Resolved", "System.Reason": "Code complete and unit tests pass",
                "Microsoft.VSTS.Common.StateChangeDate": stamp(resolved),
                "Microsoft.VSTS.Common.ResolvedDate": stamp(resolved),
            }))  # fmt: skip
        draft.steps.append((closed, worker, {
            "System.State": process.state(type_, "Completed"), "System.Reason": "Work finished",
            "Microsoft.VSTS.Common.StateChangeDate": stamp(closed), "Microsoft.VSTS.Common.ClosedDate": stamp(closed),
            "Microsoft.VSTS.Common.ClosedBy": worker,
            **({"Microsoft.VSTS.Scheduling.RemainingWork": 0} if type_ == "Task" else {}),
        }))  # fmt: skip

    def _sprint(self, day: date) -> str:
        before = [node for node in self.sprints if node.start is not None and node.start <= day]
        return (before or self.sprints[:1])[-1].path

    def _item(self, type_: str, index: int, count: int, parent: Draft) -> Draft:
        planned, created = self._born(index / count, (20, 90))
        draft = self.base(type_, created)
        draft.parent = parent
        if type_ == "Bug":
            draft.fields["Microsoft.VSTS.Common.Severity"] = self.rng.choice(
                ("1 - Critical", "2 - High", "3 - Medium")
            )
            draft.fields["Microsoft.VSTS.TCM.ReproSteps"] = "<p>Open it, and see.</p>"
        self.advance(draft, planned, self.rng.randrange(4, 40 if type_ == "Feature" else 15))
        return draft

    def _story(self, index: int, count: int, parent: Draft) -> Draft:
        planned, created = self._born(index / count, (10, 120))
        grown = self.demo.uncontrolled_points_pct / 100 if self.demo else 0.0
        late = index >= count * (1 - grown)
        if late:  # scope that crept in, a little every week since the fourth
            week = 4 + int((index - count * (1 - grown)) / (count * grown) * 8.99)
            created = at_work(story.week_date(self.anchor, week) - 3 * DAY, self.rng)
        draft = self.base(self.project.process.levels[2], created)
        draft.parent = parent
        points = self.rng.choice(POINTS) if self.rng.random() > _UNSIZED else None
        if points is not None:
            draft.fields[self.project.process.effort] = (
                points if self.rng.random() < _WHOLE else float(points)
            )
        if late:
            draft.fields["System.Tags"] = "scope-growth"
        self.advance(draft, planned, self.rng.randrange(3, 16))
        if (
            points is not None and self.rng.random() < _RESIZED
        ):  # re-estimated on the way, to nothing at times
            when = draft.created + timedelta(days=2, minutes=self.rng.randrange(600))
            draft.steps.append(
                (when, draft.by, {self.project.process.effort: self.rng.choice((0, points + 2))})
            )
        return draft

    def _task(self, index: int, count: int, parent: Draft) -> Draft:
        planned, created = self._born(index / count, (5, 40))
        draft = self.base("Task", created)
        draft.parent = parent
        hours = self.rng.choice((2, 4, 6.5, 8, 16))
        scheduling = "Microsoft.VSTS.Scheduling."
        draft.fields |= {f"{scheduling}OriginalEstimate": hours, f"{scheduling}RemainingWork": hours}
        self.advance(draft, planned, self.rng.randrange(1, 8))
        draft.steps[0][2][f"{scheduling}CompletedWork"] = hours / 2
        draft.steps[0][2][f"{scheduling}RemainingWork"] = hours / 2
        return draft

    def _epic(self, index: int, count: int) -> Draft:
        planned, created = self._born(index / count * 0.4, (1, 20))
        draft = self.base("Epic", created)
        target = self.start + (self.finish - self.start) * ((index + 1) / count)
        draft.fields |= {
            "Microsoft.VSTS.Scheduling.StartDate": f"{planned}T00:00:00Z",
            "Microsoft.VSTS.Scheduling.TargetDate": f"{target}T00:00:00Z",
            "Custom.BusinessOwner": self.demo.sponsor if self.demo else "Nobody yet",
        }
        self.advance(draft, planned, max(20, (target - planned).days))
        if self.demo and index == count - 1:  # the last epic carries the forecast, moved as it slips
            known = 0
            for week, slip in enumerate(self.demo.slip):
                if slip != known:
                    when = at_work(story.week_date(self.anchor, week) - 4 * DAY, self.rng)
                    moved = {
                        "Microsoft.VSTS.Scheduling.TargetDate": f"{self.finish + timedelta(days=slip)}T00:00:00Z"
                    }
                    draft.steps.append((when, draft.by, moved))
                    known = slip
        return draft

    def _deleted(self, index: int) -> Draft:
        """Draft an item that was deleted; the last is destroyed a week later, another one restored."""
        week = 3 + 2 * index
        created = at_work(story.week_date(self.anchor, 0) - timedelta(days=40 + index), self.rng)
        draft = self.base(self.project.process.levels[2], created)
        gone = at_work(story.week_date(self.anchor, week) - 2 * DAY, self.rng)
        draft.steps.append((gone, draft.by, {"System.IsDeleted": True}))
        if index == _DELETED - 1:
            draft.destroyed = gone + 7 * DAY
        return draft
