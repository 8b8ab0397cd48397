"""The story's Jira projects: what is planned to be done when, before it becomes issues."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Final

from sandbox.jira.model import midnight
from sandbox.story import PROJECTS, UNBOUND, DemoProject, week_date

# Board kinds other than scrum, by project key; a kanban board has no sprints.
KANBAN: Final = frozenset({"NTF", "ARC"})
TEAM_MANAGED: Final = ("NTF", "PIT")
SPRINT_DAYS: Final = 14
ITEMS_AN_EPIC: Final = 70
POINTS: Final = (1.0, 2.0, 3.0, 3.0, 5.0, 5.0, 8.0, 13.0)

_VERBS: Final = (
    "Add", "Build", "Check", "Connect", "Design", "Document",
    "Fix", "Migrate", "Move", "Remove", "Review", "Test",
)  # fmt: skip
_THINGS: Final = (
    "the sign-in page", "address look-up", "payment confirmation", "audit trail", "nightly export",
    "role mapping", "letter templates", "the error page", "session handling", "search filters",
    "accessibility of forms", "retention rules", "the status banner", "case hand-over", "bank file import",
    "duplicate detection", "month-end close", "mail notifications", "consent texts", "help articles",
    "API rate limits", "password reset", "attachment upload", "report lay-out", "database indexes",
)  # fmt: skip
_WHY: Final = (
    "",
    " for the pilot",
    " after user testing",
    " in the back office",
    " for auditors",
    " on small screens",
)

# Titles that break naive exports; every project has them.
UGLY: Final = (
    "\u200bInvisible first character",
    "<script>alert('summary')</script> must be shown as text",
    '=HYPERLINK("https://example.com","formula-looking title")',
    "🚀 Launch check ✅ 上线",
    "-1+1 starts like a formula",
    "Comma, \"quote\" and a 'tick'; semicolon",
    "  Spaces \t around  ",
    "إعادة تعيين كلمة المرور",
    "A title of two hundred and more characters " + "that never seems to end " * 9,
)


@dataclass(slots=True, eq=False)
class Planned:
    """One issue to be: when it is born, begun and done. None: it never is, or not yet known."""

    key: str  # of the project
    kind: str  # Epic, Story, Task, Bug, Sub-task
    title: str
    born: datetime
    begun: datetime | None
    done: datetime | None
    points: float | None = None
    epic: "Planned | None" = None
    subtask_of: "Planned | None" = None
    came_from: str | None = None  # the project it was born in, if that was another
    due: date | None = None
    last_epic: bool = False
    id: int = 0
    number: int = 0


@dataclass(slots=True)
class Frame:
    """A tracker project's dates. `forecasts` are (from this day on, finish the tracker says)."""

    key: str
    name: str
    lead: str
    items: int
    start: date
    finish: date  # the baseline
    forecasts: tuple[tuple[date, date], ...]
    true_finish: date
    demo: DemoProject | None
    planned: list[Planned] = field(default_factory=list)


def frames(source: str, anchor: date) -> list[Frame]:
    """Return the tracker projects of a source, bound and unbound."""
    found: list[Frame] = []
    for demo in PROJECTS:
        mine = [tracked for tracked in demo.tracked if tracked.source == source]
        found += [_frame(demo, tracked.key, tracked.items, anchor) for tracked in mine]
    for tracked in UNBOUND:
        if tracked.source == source:
            start, finish = anchor - timedelta(days=150), anchor + timedelta(days=60)
            moves = ((start, finish),)
            found.append(
                Frame(
                    tracked.key,
                    "Innovation pit",
                    "Orla Byrne",
                    tracked.items,
                    start,
                    finish,
                    moves,
                    finish,
                    None,
                )
            )
    return found


def _frame(demo: DemoProject, key: str, items: int, anchor: date) -> Frame:
    start, finish = anchor + timedelta(days=demo.start), anchor + timedelta(days=demo.finish)
    if demo.jira_finish is not None:
        said = anchor + timedelta(days=demo.jira_finish)
        moves = [(start, said)]
    else:
        moves = [(start, finish + timedelta(days=demo.slip[0]))]
        for week, slip in enumerate(demo.slip):
            planned = finish + timedelta(days=slip)
            if planned != moves[-1][1]:
                # Re-planned on the working day before the week's step, so that the step shows it.
                moves.append((week_date(anchor, week) - timedelta(days=1), planned))
    return Frame(key, demo.name, demo.manager, items, start, finish, tuple(moves), moves[-1][1], demo)


def fill(frame: Frame, anchor: date, seed: int, *, born_elsewhere: int = 0, leaving: int = 0) -> None:
    """Plan a project's issues: as many as the story says exist on the anchor day.

    `born_elsewhere` of them come from another project; `leaving` more are born here and go there.
    """
    rng = random.Random(f"{seed}/{frame.key}")
    number_of_epics = max(4, frame.items // ITEMS_AN_EPIC)
    count = frame.items - number_of_epics - born_elsewhere
    work = [_work(frame, anchor, rng, place / max(1, count - 1), place) for place in range(count)]
    epics = _epics(frame, rng, number_of_epics, work)
    for place, one in enumerate(work):
        one.epic = epics[min(number_of_epics - 1, place * number_of_epics // count)]
        if one.kind == "Sub-task":
            one.subtask_of = next(
                (other for other in work[max(0, place - 6) : place] if other.kind in {"Story", "Task"}), None
            )
            if one.subtask_of is None:
                one.kind = "Task"
            else:
                one.born = max(one.born, one.subtask_of.born + timedelta(minutes=5))
                one.points = None
    for extra in range(leaving):
        guest = _work(frame, anchor, rng, 0.5, count + extra)
        guest.kind, guest.came_from = "Story", frame.key
        work.append(guest)
    frame.planned = epics + work


def _work(frame: Frame, anchor: date, rng: random.Random, share: float, place: int) -> Planned:
    days = (frame.true_finish - frame.start).days
    # Slow ramp-up, then steady throughput with noise: `share` of the work is done by then.
    at = days * (0.06 + 0.93 * share**0.9) + rng.gauss(0, 4)
    cycle = min(45.0, rng.lognormvariate(1.6, 0.7))
    known = (anchor - frame.start).days  # days up to the anchor: by then every issue exists
    kind = rng.choices(("Story", "Task", "Bug", "Sub-task"), (50, 25, 15, 10))[0]
    late = kind == "Bug" and rng.random() < 0.5  # noqa: PLR2004 - half of the bugs turn up as work goes on
    if late:
        born = min(at - cycle - rng.uniform(1, 20), known - rng.uniform(2, 0.4 * known))
    else:
        # Scope is written down early and hardly grows afterwards.
        born = min(rng.uniform(0, 0.25 * known), at - cycle - 0.5)
    born = max(0.5, born)
    never = frame.true_finish < anchor and rng.random() < 0.02  # noqa: PLR2004 - leftovers of a closed project
    begun = max(at - cycle, born + 0.3)
    done = max(min(at, days - 0.5), begun + 0.2)
    title = f"{rng.choice(_VERBS)} {rng.choice(_THINGS)}{rng.choice(_WHY)}"
    if place % 25 == 7 and place // 25 < len(UGLY):  # noqa: PLR2004 - spread over the first few hundred
        title = UGLY[place // 25]
    return Planned(
        frame.key,
        kind,
        title,
        born=_working(frame.start, born, rng),
        begun=None if never else _working(frame.start, begun, rng),
        done=None if never else _working(frame.start, done, rng),
        points=None if late or rng.random() < 0.08 else rng.choice(POINTS),  # noqa: PLR2004 - some never are
    )


def _epics(frame: Frame, rng: random.Random, count: int, work: Sequence[Planned]) -> list[Planned]:
    found: list[Planned] = []
    baseline = (frame.finish - frame.start).days
    for place in range(count):
        mine = work[place * len(work) // count : (place + 1) * len(work) // count]
        done = [one.done for one in mine if one.done]
        begun = [one.begun for one in mine if one.begun]
        last = place == count - 1
        due = frame.forecasts[0][1] if last else frame.start + timedelta(days=baseline * (place + 1) // count)
        found.append(
            Planned(
                frame.key,
                "Epic",
                f"{frame.name}: go-live" if last else f"{frame.name}: part {place + 1}",
                born=_working(frame.start, 0.1 + place * 0.02, rng),
                begun=min(begun, default=None),
                done=max(done, default=None),
                due=min(due, frame.finish) if not last else due,
                last_epic=last,
            )
        )
    return found


def _working(start: date, days: float, rng: random.Random) -> datetime:
    """Return an instant in the working hours (UTC) of a weekday, that many days after the start."""
    whole = int(days)
    day = start + timedelta(days=whole)
    day -= timedelta(days=max(0, day.weekday() - 4))
    seconds = (days - whole) * 9 * 3600 + rng.randrange(900)
    return midnight(max(day, start)) + timedelta(hours=7, seconds=seconds, milliseconds=rng.randrange(1000))
