"""What a sandbox Jira holds: people, projects, and issues as a birth and dated steps after it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final, Protocol

Json = dict[str, Any]
BOARD_FILTERS: Final = 10_000  # a board's filter has the board's id on top of this


@dataclass(frozen=True, slots=True)
class Person:
    """A user. `id` is the accountId of Cloud and the user key of Data Center."""

    id: str
    name: str
    email: str | None = None  # None: hidden by the profile
    username: str = ""
    active: bool = True
    kind: str = "atlassian"
    zone: str | None = "Europe/London"


@dataclass(frozen=True, slots=True)
class Status:
    """A workflow status; `project` is set on those of team-managed projects."""

    id: str
    name: str
    category: str  # new, indeterminate, done, undefined
    project: int | None = None
    untranslated: str | None = None
    category_name: str | None = None  # the site's own or translated word for the category


@dataclass(frozen=True, slots=True)
class IssueType:
    """An issue type; `level` is -1 for sub-tasks, 0 for work, 1 for epics."""

    id: str
    name: str
    level: int = 0
    project: int | None = None
    untranslated: str | None = None


@dataclass(frozen=True, slots=True)
class Field:
    """A field as `/field` lists it."""

    id: str
    name: str
    type: str
    system: str | None = None
    custom: str | None = None
    items: str | None = None
    project: int | None = None
    untranslated: str | None = None


@dataclass(frozen=True, slots=True)
class Version:
    """A fix version. `moves` are (from this day on, release date) in order; the last begun one counts."""

    id: int
    project: int
    name: str
    start: date | None
    moves: tuple[tuple[date, date], ...]
    archived: bool = False

    def release(self, day: date) -> date | None:
        """Return the release date as planned on a day; None while nobody had planned one."""
        begun = [planned for since, planned in self.moves if since <= day]
        return begun[-1] if begun else None


@dataclass(frozen=True, slots=True)
class Sprint:
    """A sprint of a board; it closes a few hours after its end."""

    id: int
    board: int
    name: str
    start: datetime
    end: datetime
    goal: str = ""

    def state(self, now: datetime) -> str:
        """Return closed, active or future."""
        return "future" if now < self.start else "active" if now < self.completed else "closed"

    @property
    def completed(self) -> datetime:
        """Return the instant the team closed it."""
        return self.end + timedelta(hours=3)


@dataclass(frozen=True, slots=True)
class Board:
    """An agile board; `points` is the field its estimation uses (None: it counts issues)."""

    id: int
    name: str
    kind: str  # scrum, kanban, simple
    project: int
    points: str | None = None


@dataclass(slots=True)
class Project:
    """A Jira project."""

    id: int
    key: str
    name: str
    lead: str
    team_managed: bool = False
    archived: bool = False
    trashed: bool = False  # in the recycle bin
    hidden: bool = False  # the calling user has lost Browse Projects
    former: list[str] = field(default_factory=list)  # keys it once had; they still lead to it

    @property
    def live(self) -> bool:
        """Say whether its issues can be searched and read."""
        return not (self.archived or self.trashed or self.hidden)


@dataclass(frozen=True, slots=True)
class Step:
    """One dated change of an issue; without `items` it bumps `updated` only, as a comment does."""

    id: int  # of the changelog entry
    at: datetime
    by: str
    changes: Json
    items: tuple[Json, ...] = ()
    made: bool = False  # by an edit, not by the story: seen at once
    silent: bool = False  # in the history, but `updated` stays as it was: what administrators do


@dataclass(slots=True)
class Issue:
    """An issue's whole life. `base` holds its fields at birth, references as ids.

    `raw` is set on recorded issues instead: the record word for word.
    """

    id: int
    born: datetime
    base: Json
    steps: list[Step] = field(default_factory=list)
    raw: Json | None = None


@dataclass(slots=True)
class State:
    """An issue as of the clock, with whatever was rendered of it so far."""

    id: int
    key: str
    project: int
    created: datetime
    updated: datetime
    fields: Json
    histories: list[Step]
    visible: bool
    raw: Json | None = None
    archived: bool = False
    parts: dict[str, bytes] = field(default_factory=dict)
    whole: dict[tuple[object, ...], bytes] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Row:
    """What JQL looks at."""

    id: int
    project: int
    number: int
    created: int  # epoch milliseconds
    updated: int
    type: str
    status: str


class Shelf(Protocol):
    """Where the issues of a world come from. `settled` is the first day on which `row` may be asked."""

    settled: date | None

    def ids(self, project: int) -> Sequence[int]:
        """List the ids of issues born in a project, ascending."""

    def get(self, id_: int) -> Issue | None:
        """Return one issue's life."""

    def keep(self, id_: int) -> Issue | None:
        """Return one issue's life to be changed."""

    def by_key(self, key: str) -> int | None:
        """Return the id behind a key, also one the issue had before it moved."""

    def row(self, id_: int) -> Row | None:
        """Return what JQL looks at where that is known without building the issue; else None."""

    def moved(self) -> Sequence[int]:
        """List the ids of issues that ever changed their project."""

    def children(self, id_: int) -> Sequence[int]:
        """List the ids of an issue's sub-tasks."""

    def add(self, issue: Issue) -> None:
        """Put a new issue on the shelf."""

    def rename(self, key: str, id_: int) -> None:
        """Let a key lead to an issue."""


@dataclass(slots=True)
class Catalogue:
    """Everything of a Jira that is not an issue."""

    people: dict[str, Person]
    statuses: dict[str, Status]
    types: dict[str, IssueType]
    fields: list[Field]
    projects: dict[int, Project]
    versions: dict[int, Version] = field(default_factory=dict)
    sprints: dict[int, Sprint] = field(default_factory=dict)
    boards: dict[int, Board] = field(default_factory=dict)
    points: str | None = None  # the company-wide story point field
    estimate: str | None = None  # team-managed projects' estimate field
    sprint: str | None = None
    rank: str | None = None
    epic_link: str | None = None
    filters: dict[int, str] = field(default_factory=dict)  # id -> JQL, over what boards have
    raw: dict[str, list[Json]] = field(default_factory=dict)  # recorded lists, served as they are

    def filter(self, number: int) -> str | None:
        """Return a saved filter's JQL; each board has one that takes in its project."""
        if number in self.filters:
            return self.filters[number]
        board = self.boards.get(number - BOARD_FILTERS)
        return None if board is None else f"project = {self.projects[board.project].key} ORDER BY key ASC"

    def project_by(self, key_or_id: str) -> Project | None:
        """Find a project by key or id, as Jira does: keys without regard to case."""
        wanted = key_or_id.upper()
        return next(
            (
                one
                for one in self.projects.values()
                if wanted in {one.key.upper(), str(one.id), *(key.upper() for key in one.former)}
            ),
            None,
        )


def midnight(day: date) -> datetime:
    """Return the first instant of a day in UTC."""
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def milliseconds(moment: datetime) -> int:
    """Return an instant as epoch milliseconds."""
    return round(moment.timestamp() * 1000)
