"""One slice of work items, pulled: the feed of revisions, the feed of links, and the census of ids.

The feed of revisions says what changed. A link shows in it only on the item that was edited, so the
feed of links names the other ends. What neither says (an item destroyed for good, one that came into
a query by the calendar) is found by comparing the ids there are with those known from before.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final

from connectors.azure_devops.api import BATCH, Api, Batch, content, decoded
from connectors.azure_devops.held import Held
from connectors.azure_devops.history import NEVER
from connectors.azure_devops.position import Position
from connectors.azure_devops.records import context_part, held_part
from connectors.azure_devops.scope import NOT_LISTED, NOT_PICKED, Project, Scope
from connectors.base import Json, Page, Part, Slice
from connectors.errors import SliceUnreadable
from connectors.http import Answer

_CLOCKS_APART: Final = timedelta(minutes=15)  # their clock and ours
MOVED: Final = "moved: another project of the source has it"
EMPTY: Final = (
    "no work item is visible, so nothing was marked as deleted. If there should be some, the account needs "
    "'View work items in this node' on the areas."
)
_FEW: Final = 20  # so many may vanish at once without a second thought


@dataclass(slots=True)
class _Draft:
    """A page in the making."""

    parts: list[Part] = field(default_factory=list)
    emit: list[int] = field(default_factory=list)
    hidden: list[int] = field(default_factory=list)
    filtered: dict[str, str] = field(default_factory=dict)
    vanished: list[int] = field(default_factory=list)
    current: dict[int, Json] = field(default_factory=dict)
    paths: set[str] = field(default_factory=set)


class Changes:
    """Pulls one slice once. `project` is None for the feed of the whole organisation."""

    def __init__(
        self,
        api: Api,
        scope: Scope,
        *,
        fields: list[str],
        slice_: Slice,
        project: Project | None,
        cursor: Json | None,
        clock: Callable[[], datetime],
    ) -> None:
        self.api, self.scope, self.fields = api, scope, fields
        self.slice, self.project, self.clock = slice_, project, clock
        self.resumed = cursor is not None
        self.position = Position.of(cursor)
        self.whole = self.position.whole
        self.known = set(self.position.known)
        self.held = Held()
        self.emitted: set[int] = set()
        self.included = scope.included()
        self.picked: frozenset[int] | None = None
        self.said: set[tuple[str, str]] = set()

    def pages(self) -> Iterator[Page]:
        """Yield the slice's pages; the last one carries the cursor of everything read.

        Raises:
            SliceUnreadable: So much is gone at once that a lost permission is likelier than deletion.
        """
        touched, links = self._linked()
        if self.position.links is None:
            self.position = replace(self.position, links=links)
        if self.scope.query is not None:
            self.picked = frozenset(id_ for _, ids in self._census() for id_ in ids)
        where = self.project.name if self.project else None
        for batch in self.api.revisions(where, self.fields, self.position.revisions):
            yield self._page(self._of_batch(batch), batch.token)
        # Items that wait here moved on to where this feed does not show them.
        yield from self._again((self.held.waiting() | touched) - self.emitted)
        yield from self._census_pages(links)

    def _linked(self) -> tuple[set[int], str | None]:
        """Return the items whose links changed since last time, and where to go on next time."""
        where, since = (self.project.name if self.project else None), self.clock() - _CLOCKS_APART
        started, token = self.position.links, self.position.links
        touched: set[int] = set()
        for batch in self.api.links(where, token, since):
            token = batch.token or token
            for link in batch.values:
                touched |= {int(link["sourceId"]), int(link["targetId"])}
        return (touched & self.known if started else set()), token

    def _of_batch(self, batch: Batch) -> _Draft:
        """Make a page of a batch: what is whole now; the rest waits."""
        draft = _Draft(parts=[batch.part])
        arrived: dict[int, list[Json]] = defaultdict(list)
        for one in batch.values:
            arrived[int(one["id"])].append(one)
        newest = self._newest(draft, arrived)
        self._ask(draft, sorted(newest))
        ours = {id_: rev for id_, rev in newest.items() if self._is_ours(draft, id_, arrived[id_])}
        self._complete(draft, ours, arrived)
        return draft

    def _complete(self, draft: _Draft, ours: Mapping[int, int], arrived: Mapping[int, list[Json]]) -> None:
        """Put the rest of each item's history on the page: what waited here, else its updates."""
        histories: dict[int, int] = {}
        earlier: list[bytes] = []
        for id_, rev in ours.items():
            now, waited = arrived.get(id_, []), self.held.take(id_)
            missing = set(range(1, rev + 1)) - waited.keys() - {int(one["rev"]) for one in now}
            if missing and rev > 1:  # the item itself is its first revision
                histories[id_] = max(rev, int(draft.current[id_]["rev"]))
            else:
                earlier += waited.values()
                draft.paths |= _paths_of(now, waited.values())
        if earlier:
            draft.parts.append(held_part(self.api.base_url, earlier))
        for answers in self.api.updates(histories).values():
            draft.parts += [answer.part() for answer in answers]
            draft.paths |= _paths_of_updates(answers)

    def _newest(self, draft: _Draft, arrived: Mapping[int, list[Json]]) -> dict[int, int]:
        """Return the newest revision of the items to look up; hold, bury or leave out the others."""
        found: dict[int, int] = {}
        for id_, revisions in arrived.items():
            newest = max(revisions, key=lambda one: int(one["rev"]))
            fields = newest.get("fields") or {}
            if not str(fields.get("System.RevisedDate") or NEVER).startswith(NEVER):
                self.held.add(id_, revisions)
            elif fields.get("System.IsDeleted"):
                self._gone(draft, id_, everywhere=fields.get("System.TeamProject") in self.included)
            elif rule := self._left_out(id_, fields):
                self._leave_out(draft, id_, rule)
            else:
                found[id_] = int(newest["rev"])
        return found

    def _is_ours(self, draft: _Draft, id_: int, revisions: list[Json]) -> bool:
        """Say whether an item that was looked up goes on this page."""
        item = draft.current.get(id_)
        if item is None:
            self.held.take(id_)
            draft.hidden.append(id_)
            return False
        newest = max(revisions, key=lambda one: int(one["rev"]))
        dated = "System.RevisedDate" in (newest.get("fields") or {})
        if not dated and int(item["rev"]) > int(newest["rev"]):
            self.held.add(id_, revisions)  # nothing says that it is the newest, and it is not
            return False
        return self._admit(draft, id_, item)

    def _again(self, ids: Iterable[int]) -> Iterator[Page]:
        """Read items anew by their ids, 200 a page."""
        wanted = sorted(ids)
        for at in range(0, len(wanted), BATCH):
            draft = _Draft()
            chunk = wanted[at : at + BATCH]
            self._ask(draft, chunk)
            ours: dict[int, int] = {}
            for id_ in chunk:
                item = draft.current.get(id_)
                if item is None:
                    continue  # the census tells what became of it
                if (item.get("fields") or {}).get("System.IsDeleted"):
                    self._gone(draft, id_)
                elif rule := self._left_out(id_, item["fields"]):
                    self._leave_out(draft, id_, rule)
                elif self._admit(draft, id_, item):
                    ours[id_] = int(item["rev"])
            self._complete(draft, ours, {})
            yield self._page(draft, self.position.revisions)

    def _census_pages(self, links: str | None) -> Iterator[Page]:
        """Fetch what there is and was never seen; bury what was known and is not there."""
        parts: list[Part] = []
        there: set[int] = set()
        for part, ids in self._census():
            parts.append(part)
            there.update(ids)
        yield from self._again(there - self.known - self.emitted)
        draft, unexplained = self._missing(sorted(self.known - there))
        braked = len(unexplained) > max(_FEW, len(self.known) // 2)
        if not braked:
            for id_ in unexplained:
                self._gone(draft, id_)
        if draft.vanished:
            draft.parts += parts
        self.position = replace(self.position, links=links, whole=False)
        # An account that lost its permissions sees an empty organisation, with every answer a success.
        empty = self.whole and not self.known
        whole = self.whole and not braked and not empty and not self.scope.missing()
        page = replace(self._page(draft, self.position.revisions), complete=whole, resumed=self.resumed)
        yield replace(page, warnings=(*page.warnings, f"{self.slice.label}: {EMPTY}")) if empty else page
        if braked:
            raise SliceUnreadable(
                f"{len(unexplained)} of {len(self.known)} work items can no longer be seen, and the recycle bin "
                "does not explain it. Nothing was marked as deleted. If they were really destroyed, run with "
                "--full; else give this account its permissions back.",
                source=self.api.source,
                slice_=self.slice.label,
            )

    def _missing(self, ids: Sequence[int]) -> tuple[_Draft, list[int]]:
        """Look up known items that the census does not list: recycled, moved, late in the index, or gone."""
        draft = _Draft()
        if not ids:
            return draft, []
        self._ask(draft, ids)
        projects = [self.project] if self.project else list(self.included.values())
        recycled = frozenset().union(*(self.api.recycled(project.name) for project in projects))
        unexplained = []
        for id_ in ids:
            item = draft.current.get(id_)
            if item is None and id_ not in recycled:
                unexplained.append(id_)
            elif item is None:
                self._gone(draft, id_)
            elif rule := self._left_out(id_, item.get("fields") or {}):
                self._leave_out(draft, id_, rule)
        draft.parts.clear()  # nothing of this page is a record
        return draft, unexplained

    def _census(self) -> Iterator[tuple[Part, list[int]]]:
        for condition in self.scope.conditions(self.project):
            yield from self.api.ids(condition)

    def _left_out(self, id_: int, fields: Json) -> str | None:
        """Name the rule that leaves an item out, None for one of ours."""
        project = fields.get("System.TeamProject")
        if self.project is not None and project != self.project.name:
            return NOT_LISTED if project not in self.included else MOVED
        if project not in self.included:
            return NOT_LISTED
        return NOT_PICKED if self.picked is not None and id_ not in self.picked else None

    def _admit(self, draft: _Draft, id_: int, item: Json) -> bool:
        if rule := self._left_out(id_, item.get("fields") or {}):
            self._leave_out(draft, id_, rule)
            return False
        draft.emit.append(id_)
        self.emitted.add(id_)
        self.known.add(id_)
        return True

    def _leave_out(self, draft: _Draft, id_: int, rule: str) -> None:
        """Count an item as left out; one that was ours before is gone, unless another slice has it now."""
        draft.filtered[str(id_)] = rule
        if rule == MOVED:
            self.known.discard(id_)
        self._gone(draft, id_)

    def _gone(self, draft: _Draft, id_: int, *, everywhere: bool = False) -> None:
        """Mark an item as gone where it was known, or `everywhere`: stored perhaps by an earlier run."""
        if id_ in self.known or everywhere:
            draft.vanished.append(id_)
        self.known.discard(id_)
        self.emitted.discard(id_)
        self.held.take(id_)

    def _ask(self, draft: _Draft, ids: Sequence[int]) -> None:
        for answer in self.api.current(ids):
            draft.parts.append(answer.part())
            # Null slots, and any order: keyed by the id each item carries.
            draft.current |= {int(one["id"]): one for one in content(answer)["value"] if one}

    def _page(self, draft: _Draft, token: str | None) -> Page:
        self.position = replace(
            self.position, revisions=token or self.position.revisions, known=frozenset(self.known)
        )
        if draft.parts or draft.filtered:
            draft.parts.append(self._context(draft))
        return Page(
            stream="work_items",
            slice=self.slice.name,
            parts=tuple(draft.parts),
            fetched_at=self.clock(),
            cursor=self.position.cursor(),
            said=len(draft.emit) + len(draft.hidden) + len(draft.filtered),
            vanished=tuple(map(str, draft.vanished)),
            warnings=tuple(self._problems(draft)),
        )

    def _problems(self, draft: _Draft) -> Iterator[str]:
        """Say once what could not be read of a project's process."""
        for name in {draft.current[id_]["fields"]["System.TeamProject"] for id_ in draft.emit}:
            for problem in self.scope.facts(self.included[name]).problems:
                if (name, problem) not in self.said:
                    self.said.add((name, problem))
                    yield f"project {name}: {problem}"

    def _context(self, draft: _Draft) -> Part:
        projects: dict[str, Any] = {}
        types: dict[str, set[str]] = defaultdict(set)
        for id_ in draft.emit:
            fields = draft.current[id_]["fields"]
            types[fields["System.TeamProject"]].add(fields["System.WorkItemType"])
            draft.paths.add(str(fields.get("System.IterationPath")))
        for name, used in types.items():
            project = self.included[name]
            facts = self.scope.facts(project)
            projects[name] = {
                "id": project.id,
                "effort": facts.effort,
                "levels": {type_: facts.levels[type_] for type_ in sorted(used) if type_ in facts.levels},
                "states": {type_: self.scope.states(project, type_) for type_ in sorted(used)},
                "iterations": {
                    path: facts.iterations[path] for path in sorted(draft.paths & facts.iterations.keys())
                },
            }
        context = {
            "emit": draft.emit,
            "hidden": draft.hidden,
            "filtered": draft.filtered,
            "projects": projects,
        }
        return context_part(self.api.base_url, context)


def _paths_of(revisions: Iterable[Json], written: Iterable[bytes]) -> set[str]:
    every = [*revisions, *map(decoded, written)]
    return {str((one.get("fields") or {}).get("System.IterationPath")) for one in every}


def _paths_of_updates(answers: Iterable[Answer]) -> set[str]:
    changes = [
        (one.get("fields") or {}).get("System.IterationPath") or {}
        for answer in answers
        for one in content(answer)["value"]
    ]
    return {str(value) for change in changes for value in change.values()}
