"""A generated load: any number of plain issues, each made when it is asked for and always the same."""

import random
from array import array
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any, Final

from sandbox.jira.catalogue import cloud_catalogue, datacenter_catalogue
from sandbox.jira.lives import item
from sandbox.jira.model import (
    Board,
    Catalogue,
    Issue,
    Json,
    Project,
    Row,
    Sprint,
    Step,
    Version,
    midnight,
    milliseconds,
)  # fmt: skip
from sandbox.jira.shelf import Kept
from sandbox.options import Options

PROJECTS: Final = 8
FIRST_ISSUE: Final = 100_001
FIRST_PROJECT: Final = 20_001
HISTORY_DAYS: Final = 720
SPRINTS: Final = 30
WORDS: Final = (
    "ledger", "portal", "export", "letter", "queue", "report", "invoice", "consent", "archive", "search",
    "payment", "session", "address", "mapping", "review", "cut-over", "backup", "index", "form", "signature",
)  # fmt: skip
# (status id, name) in workflow order; an issue stands at one of them and has passed those before.
FLOW: Final = (("10000", "To Do"), ("3", "In Progress"), ("10010", "In Review"), ("10002", "Done"))
TYPES: Final = ("10001", "10002", "10004")
MINUTE: Final = timedelta(minutes=1)


class Load:
    """A shelf of generated issues: contiguous blocks of ids a project, plus what was created since."""

    def __init__(self, options: Options, catalogue: Catalogue) -> None:
        self.settled: date | None = options.anchor
        self._count = options.issues or 0
        self._seed = options.seed
        self._catalogue = catalogue
        self._end = midnight(options.anchor)
        self._size = -(-self._count // PROJECTS)
        self._staff = [one.id for one in catalogue.people.values() if one.username][:30]
        # Of each generated issue: both instants in epoch milliseconds, and 1 + type × states + state; 0: not yet.
        self._created, self._updated = (array("q", bytes(8 * self._count)) for _ in range(2))
        self._kinds = bytearray(self._count)
        self._more = Kept(())
        self._changed: dict[int, Issue] = {}
        self._keys = {project.key: project.id for project in catalogue.projects.values()}

    def ids(self, project: int) -> Sequence[int]:
        """List the ids of issues born in a project, ascending."""
        block = project - FIRST_PROJECT
        begin = FIRST_ISSUE + block * self._size
        generated = range(begin, min(begin + self._size, FIRST_ISSUE + self._count))
        created = self._more.ids(project)
        return [*generated, *created] if created else generated

    def get(self, id_: int) -> Issue | None:
        """Return one issue's life; it is kept once it was asked for by an edit."""
        if not FIRST_ISSUE <= id_ < FIRST_ISSUE + self._count:
            return self._more.get(id_)
        return self._changed.get(id_) or self._make(id_)

    def keep(self, id_: int) -> Issue | None:
        """Return one issue's life to be changed, and remember it from now on."""
        issue = self.get(id_)
        if issue is not None and self._more.get(id_) is None:
            self._changed[id_] = issue
        return issue

    def by_key(self, key: str) -> int | None:
        """Return the id behind a key, also one the issue had before it moved."""
        name, _, number = key.upper().rpartition("-")
        project = self._keys.get(name)
        if project is not None and number.isdigit() and 1 <= int(number) <= self._size:
            id_ = FIRST_ISSUE + (project - FIRST_PROJECT) * self._size + int(number) - 1
            if id_ < FIRST_ISSUE + self._count:
                return id_
        return self._more.by_key(key)

    def row(self, id_: int) -> Row | None:
        """Return what JQL looks at without building the issue."""
        if not FIRST_ISSUE <= id_ < FIRST_ISSUE + self._count:
            return None
        place = id_ - FIRST_ISSUE
        if not self._kinds[place]:
            self._note(id_, place)
        type_, status = divmod(self._kinds[place] - 1, len(FLOW))
        return Row(
            id_,
            FIRST_PROJECT + place // self._size,
            place % self._size + 1,
            self._created[place],
            self._updated[place],
            TYPES[type_],
            FLOW[status][0],
        )

    def _note(self, id_: int, place: int) -> None:
        """Work out what JQL looks at, once: a million issues are searched many times."""
        created, updated = self._times(id_)
        self._created[place], self._updated[place] = milliseconds(created), milliseconds(updated)
        self._kinds[place] = 1 + _mixed(id_, 3) % len(TYPES) * len(FLOW) + _mixed(id_, 4) % len(FLOW)

    def moved(self) -> Sequence[int]:
        """List the ids of issues that ever changed their project."""
        return self._more.moved()

    def children(self, id_: int) -> Sequence[int]:
        """List the ids of an issue's sub-tasks."""
        return self._more.children(id_)

    def add(self, issue: Issue) -> None:
        """Put a new issue on the shelf."""
        self._more.add(issue)

    def rename(self, key: str, id_: int) -> None:
        """Let a key lead to an issue."""
        self._more.lead(key, id_)

    def _times(self, id_: int) -> tuple[datetime, datetime]:
        """Return when an issue was created and last changed, both to the millisecond."""
        total = HISTORY_DAYS * 86_400_000
        created = _mixed(id_, 1) % (total - 86_400_000)
        age = total - created
        updated = created + 3_600_000 + _mixed(id_, 2) % (age - 3_600_000)
        begin = self._end - timedelta(days=HISTORY_DAYS)
        return begin + timedelta(milliseconds=created), begin + timedelta(milliseconds=updated)

    def _make(self, id_: int) -> Issue:
        rng = random.Random(self._seed * 1_000_003 + id_)
        place = id_ - FIRST_ISSUE
        project = FIRST_PROJECT + place // self._size
        number = place % self._size + 1
        born, last = self._times(id_)
        words = rng.choices(WORDS, k=6)
        catalogue = self._catalogue
        base: Json = {
            "key": f"{catalogue.projects[project].key}-{number}",
            "project": project,
            "type": TYPES[_mixed(id_, 3) % len(TYPES)],
            "status": FLOW[0][0],
            "summary": " ".join(words).capitalize(),
            "priority": str(rng.randint(1, 5)),
            "reporter": rng.choice(self._staff),
            "description": "\n".join(" ".join(rng.choices(WORDS, k=18)) for _ in range(3)),
            "labels": (words[0],) if rng.random() < 0.4 else (),  # noqa: PLR2004
            "components": ("Core",),
            str(catalogue.rank): f"0|i{id_:06x}:",
            str(catalogue.points): float(rng.choice((1, 2, 3, 5, 8))),
            "sprints": (project * 100 + rng.randint(1, SPRINTS),),
        }
        return Issue(id_, born, base, self._steps(id_, born, last, base, rng))

    def _steps(self, id_: int, born: datetime, last: datetime, base: Json, rng: random.Random) -> list[Step]:
        """Return four entries: sprint, assignee, as much of the workflow as it passed, and a last touch."""
        catalogue, span = self._catalogue, last - born
        staff = base["reporter"]
        sprint = catalogue.sprints[base["sprints"][0]]
        assignee = rng.choice(self._staff)
        named = catalogue.people[assignee].name
        number = id_ * 8
        steps = [
            Step(number, born + span * 0.2, staff, {}, (
                item("Sprint", catalogue.sprint, "", "", str(sprint.id), sprint.name, custom=True),
            )),
            Step(number + 1, born + span * 0.4, staff, {"assignee": assignee}, (
                item("assignee", "assignee", None, None, assignee, named),
            )),
        ]  # fmt: skip
        stands = _mixed(id_, 4) % len(FLOW)
        for turn in range(stands):
            (old, old_name), (new, new_name) = FLOW[turn], FLOW[turn + 1]
            at = last if turn == 2 else born + span * (0.5 + turn * 0.2)  # noqa: PLR2004 - done is the last touch
            changes: dict[str, Any] = {"status": new, "category_since": at}
            items = [item("status", "status", old, old_name, new, new_name)]
            if new_name == "Done":
                changes |= {"resolution": "10000", "resolutiondate": at}
                items.append(item("resolution", "resolution", None, None, "10000", "Done"))
            steps.append(Step(number + 2 + turn, at, assignee, changes, tuple(items)))
        if stands < len(FLOW) - 1:
            touched = item("Rank", catalogue.rank, "", "", "", "Ranked higher", custom=True)
            steps.append(Step(number + 6, last, staff, {}, (touched,)))
        return steps


def load(options: Options, *, cloud: bool) -> tuple[Catalogue, Load]:
    """Return a catalogue of eight projects and the generated issues in them."""
    catalogue = cloud_catalogue() if cloud else datacenter_catalogue()
    lead = next(iter(catalogue.people))
    begin = midnight(options.anchor) - timedelta(days=HISTORY_DAYS)
    for place in range(PROJECTS):
        id_ = FIRST_PROJECT + place
        key = f"L{'ABCDEFGH'[place]}"
        catalogue.projects[id_] = Project(id_, key, f"Load {'ABCDEFGH'[place]}", lead)
        board = 500 + place
        catalogue.boards[board] = Board(board, f"{key} board", "scrum", id_, catalogue.points)
        for number in range(1, SPRINTS + 1):
            start = begin + timedelta(days=24 * (number - 1), hours=8)
            end = start + timedelta(days=23)
            sprint = Sprint(id_ * 100 + number, board, f"{key} Sprint {number}", start, end)
            catalogue.sprints[sprint.id] = sprint
        release = begin.date() + timedelta(days=HISTORY_DAYS + 30)
        catalogue.versions[id_ * 10] = Version(id_ * 10, id_, "1.0", begin.date(), ((begin.date(), release),))
    return catalogue, Load(options, catalogue)


def _mixed(id_: int, salt: int) -> int:
    """Return a number that looks random and is always the same (the finaliser of splitmix64)."""
    value = (id_ * 0x9E3779B97F4A7C15 + salt * 0xD1B54A32D192ED03) & 0xFFFFFFFFFFFFFFFF
    value = ((value ^ (value >> 30)) * 0xBF58476D1CE4E5B9) & 0xFFFFFFFFFFFFFFFF
    value = ((value ^ (value >> 27)) * 0x94D049BB133111EB) & 0xFFFFFFFFFFFFFFFF
    return value ^ (value >> 31)
