"""The issues of a sandbox Jira as of a clock, and who may find which of them."""

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from sandbox.jira.clauses import Asker
from sandbox.jira.jql import Query
from sandbox.jira.model import Catalogue, Issue, Json, Row, Shelf, State, Step, midnight, milliseconds

# Above this many rendered issues the cache starts again: a million issues must not be held in memory.
MOST_KEPT: Final = 50_000
SMALL: Final = 10_000
HELD: Final = -1  # a lag without end

Place = tuple[int, ...]  # the sort key of a row, its id last


class World:
    """One Jira's issues and everything around them, as of a clock.

    Of the story, what happened before the clock's midnight (UTC) is visible, so that a day is always
    the same; of the edits made here, all. `lag` is for how many searches an edit stays unseen
    by search (not by direct reads), as Cloud's eventually consistent index has it; `HELD` is until released.
    `skew` is how far the tracker's clock is off; `hidden` are issues that the calling user may not see. JQL
    takes instants in milliseconds while `epoch` is true; a local time that a night has twice means its
    first, or with `fold` 1 its second.
    """

    def __init__(self, catalogue: Catalogue, shelf: Shelf, clock: date, zone: str, *, strict: bool) -> None:
        self.catalogue = catalogue
        self.shelf = shelf
        self.clock = clock
        self.zone = ZoneInfo(zone)
        self.lag = 0
        self.skew = timedelta(0)
        self.hidden: set[int] = set()
        self.epoch = True
        self.fold = 0
        self._strict = strict
        self._began = time.monotonic()
        self._states: dict[int, State] = {}
        self._results: dict[str, list[Place]] = {}
        self._touched: set[int] = set()  # issues edited since the start: their quick rows are stale
        self._unindexed: dict[int, tuple[State | None, int]] = {}

    def now(self) -> datetime:
        """Return the instant by the sandbox's clock: the real one today, else it ticks on from midnight."""
        real = datetime.now(UTC)
        if self.clock != real.date():
            real = midnight(self.clock) + timedelta(seconds=time.monotonic() - self._began)
        now = real + self.skew
        return now.replace(microsecond=now.microsecond // 1000 * 1000)  # Jira knows no finer time

    def set_clock(self, day: date) -> None:
        """Serve another day's state."""
        self.clock = day
        self._began = time.monotonic()
        self.forget()

    def set_zone(self, name: str) -> None:
        """Change the calling user's profile time zone."""
        self.zone = ZoneInfo(name)
        self.forget()

    def forget(self) -> None:
        """Drop what was computed for the last clock."""
        self._states.clear()
        self._results.clear()

    def state(self, id_: int) -> State | None:
        """Return an issue as of the clock; None when there is none (any more, or yet) to be seen."""
        known = self._states.get(id_)
        if known is None:
            issue = self.shelf.get(id_)
            if issue is None:
                return None
            if len(self._states) >= MOST_KEPT:
                self._states.clear()
            known = self._states[id_] = fold(issue, midnight(self.clock))
        return known if known.visible and not self.is_hidden(id_, known.project) else None

    def is_hidden(self, id_: int, project: int) -> bool:
        """Say whether an issue is there and the calling user may not see it."""
        return id_ in self.hidden or not self.catalogue.projects[project].live

    def archived(self, id_: int) -> State | None:
        """Return an archived issue: search knows it no more, a direct link still leads to it."""
        issue = self.shelf.get(id_)
        state = None if issue is None else fold(issue, midnight(self.clock))
        return state if state and state.archived and not self.is_hidden(id_, state.project) else None

    def anything(self, id_: int) -> State | None:
        """Return an issue whatever has become of it, for the truth; None when it never was."""
        issue = self.shelf.get(id_)
        return None if issue is None else fold(issue, midnight(self.clock))

    def searched(self, id_: int) -> State | None:
        """Return an issue as the search index knows it."""
        held = self._unindexed.get(id_)
        if held is None:
            return self.state(id_)
        state = held[0]
        return None if state is None or self.is_hidden(id_, state.project) else state

    def find(self, key_or_id: str) -> State | None:
        """Return an issue by id or key; a key of before a move leads to it too."""
        id_ = int(key_or_id) if key_or_id.isdigit() else self.shelf.by_key(key_or_id)
        return None if id_ is None else self.state(id_)

    def search(self, text: str, query: Query) -> list[Place]:
        """Return the sort keys of matching issues in order; each ends with the issue's id."""
        if self._unindexed:
            self._index()
        found = self._results.get(text)
        if found is None:
            found = sorted(
                self._place(row, query)
                for row in self._candidates(query)
                if query.test is None or query.test(row)
            )
            self._results[text] = found
        return found

    def asker(self) -> Asker:
        """Return what JQL has to know about this world and the calling user."""
        return Asker(
            zone=self.zone,
            now=self.now(),
            project=self._project_id,
            issue=self._issue_id,
            types=lambda name: frozenset(
                one.id
                for one in self.catalogue.types.values()
                if name in {one.id, one.name, one.untranslated}
            ),
            statuses=lambda name: frozenset(
                one.id
                for one in self.catalogue.statuses.values()
                if name.lower() in {one.id, one.name.lower(), (one.untranslated or "").lower()}
            ),
            in_category=self._in_category,
            strict=self._strict,
            holds=self._holds,
            saved=self.catalogue.filter,
            epoch=self.epoch,
            fold=self.fold,
        )

    def counts(self) -> dict[str, int]:
        """Count the visible issues of each project."""
        tally = {one.key: 0 for one in self.catalogue.projects.values() if one.live}
        keys = {one.id: one.key for one in self.catalogue.projects.values() if one.live}
        for row in self.rows():
            tally[keys[row.project]] += 1
        return tally

    def rows(self, projects: Iterable[int] | None = None) -> Iterator[Row]:
        """Yield what search knows of every visible issue, of some projects or all."""
        wanted = set(self.catalogue.projects if projects is None else projects)
        wanted -= {one.id for one in self.catalogue.projects.values() if not one.live}
        moved = set(self.shelf.moved())
        for project in sorted(wanted):
            yield from self._rows(id_ for id_ in self.shelf.ids(project) if id_ not in moved)
        yield from (row for row in self._rows(sorted(moved)) if row.project in wanted)

    def change(self, issue: Issue, step: Step) -> State | None:
        """Add a step to an issue's life and return the issue as it is now; None when it is gone."""
        before = self.state(issue.id)
        issue.steps.append(step)
        if "key" in step.changes:
            self.shelf.rename(step.changes["key"], issue.id)
        self._edited(issue.id, before)
        return self.state(issue.id)

    def create(self, issue: Issue) -> State | None:
        """Put a new issue into the world."""
        self.shelf.add(issue)
        self._edited(issue.id, None)
        return self.state(issue.id)

    def release(self) -> None:
        """Let search see every edit made so far."""
        self._unindexed.clear()
        self._results.clear()

    def _edited(self, id_: int, before: State | None) -> None:
        self._touched.add(id_)
        if self.lag and id_ not in self._unindexed:
            self._unindexed[id_] = (before and replace(before), self.lag)
        self._results.clear()
        if len(self._states) <= SMALL:
            self._states.clear()  # parents, links and sub-tasks quote this issue
        else:
            self._states.pop(id_, None)

    def _index(self) -> None:
        """Let one more search pass, and show what was held back long enough."""
        waiting = {
            id_: (state, left if left == HELD else left - 1)
            for id_, (state, left) in self._unindexed.items()
            if left
        }
        if len(waiting) != len(self._unindexed):
            self._results.clear()
        self._unindexed = waiting

    def _candidates(self, query: Query) -> Iterator[Row]:
        if query.ids is not None:
            archived = {one.id for one in self.catalogue.projects.values() if not one.live}
            return (row for row in self._rows(sorted(query.ids)) if row.project not in archived)
        return self.rows(query.projects)

    def _rows(self, ids: Iterable[int]) -> Iterator[Row]:
        quick = self.shelf.settled is not None and self.clock >= self.shelf.settled
        for id_ in ids:
            if quick and id_ not in self._touched and id_ not in self.hidden:
                row = self.shelf.row(id_)
                if row is not None:
                    yield row
                    continue
            state = self.searched(id_)
            if state is not None:
                yield _row(state)

    def _place(self, row: Row, query: Query) -> Place:
        if not query.order:
            return (-row.id, row.id)
        place: list[int] = []
        for name, descending in query.order:
            # `id` is another name of the key, which sorts by project, then number.
            values = {
                "key": (row.project, row.number),
                "project": (row.project,),
                "updated": (row.updated,),
                "created": (row.created,),
                "status": (_digits(row.status),),
                "type": (_digits(row.type),),
                "statusCategory": (_digits(row.status),),
            }[name]
            place.extend(-value if descending else value for value in values)
        return (*place, row.id)

    def _holds(self, id_: int, field: str) -> Sequence[int]:
        state = self.searched(id_)
        return () if state is None else state.fields.get(field, ())

    def _project_id(self, name: str) -> int | None:
        by_key = self.catalogue.project_by(name)
        if by_key is None:
            by_key = next(
                (one for one in self.catalogue.projects.values() if one.name.lower() == name.lower()), None
            )
        return None if by_key is None or not by_key.live else by_key.id

    def _issue_id(self, name: str) -> int | None:
        found = self.find(name)
        return found.id if found else None

    def _in_category(self, name: str) -> frozenset[str]:
        words = {
            "to do": "new",
            "in progress": "indeterminate",
            "2": "new",
            "4": "indeterminate",
            "3": "done",
        }
        wanted = words.get(name.lower(), name.lower())
        return frozenset(one.id for one in self.catalogue.statuses.values() if one.category == wanted)


def fold(issue: Issue, told: datetime) -> State:
    """Return an issue as its birth, the story's steps before `told` and all edits have made it."""
    fields: Json = dict(issue.base)
    updated = fields.get("updated", issue.born)
    histories: list[Step] = []
    for step in issue.steps:
        if step.at > told and not step.made:
            continue
        fields.update(step.changes)
        updated = updated if step.silent else step.at
        if step.items:
            histories.append(step)
    there = (issue.base.get("made") or issue.born <= told) and not fields.get("deleted")
    archived = bool(there and fields.get("archived"))
    return State(
        issue.id, fields["key"], fields["project"], issue.born, updated, fields, histories,
        bool(there and not archived), issue.raw, archived,
    )  # fmt: skip


def _row(state: State) -> Row:
    return Row(
        state.id,
        state.project,
        int(state.key.rpartition("-")[2]),
        milliseconds(state.created),
        milliseconds(state.updated),
        state.fields["type"],
        state.fields["status"],
    )


def _digits(id_: str) -> int:
    return int(id_) if id_.isdigit() else 0
