"""One slice of work items, pulled: the feeds of revisions and links, and the census of ids.

The feed of revisions says what changed. A link shows in it only on the item that was edited, so the
feed of links names the other ends. What neither says (an item destroyed for good, one that came into
a query by the calendar) is found by comparing the ids there are with those known from before; what the
feed let slip, by a look at the last hour's changes; what no revision tells, by `refresh`. Ids are
walked in their own order, which no edit disturbs: nothing can jump over the end of a page.
"""

from collections import defaultdict
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from connectors.azure_devops.api import BATCH, Api, Batch, content
from connectors.azure_devops.draft import Context, Draft, paths_of, paths_of_updates
from connectors.azure_devops.fields import Custom
from connectors.azure_devops.held import Held
from connectors.azure_devops.history import NEVER
from connectors.azure_devops.lookout import Lookout
from connectors.azure_devops.poison import broke
from connectors.azure_devops.position import Position
from connectors.azure_devops.records import HIDDEN, held_part, relations
from connectors.azure_devops.refresh import UNSURE
from connectors.azure_devops.scope import MOVED, Project, Scope
from connectors.azure_devops.whereabouts import (
    DELETED,
    FEW,
    STRETCH,
    Whereabouts,
    home_of,
    out_of,
    place_of,
)
from connectors.base import Absence, Fate, Json, Page, Part, Slice
from connectors.http import HttpUnavailable

EMPTY: Final = (
    "no work item is visible, so nothing was marked as deleted. If there should be some, the account needs "
    "'View work items in this node' on the areas."
)
_IDS_IN_A_QUERY: Final = 1_000  # a query may have 32,000 characters, and names projects too


@dataclass(frozen=True, slots=True)
class Reading:
    """How work items are read: fields, custom ones, how often to refresh what they mean, and whether discussions."""

    fields: list[str]
    custom: Custom
    clock: Callable[[], datetime]
    refresh_hours: float
    comments: bool = False


class Changes:
    """Pulls one slice once. `project` is None for the feed of the whole organisation."""

    def __init__(
        self,
        api: Api,
        scope: Scope,
        how: Reading,
        *,
        slice_: Slice,
        project: Project | None,
        cursor: Json | None,
    ) -> None:
        self.api, self.scope, self.fields, self.comments = api, scope, how.fields, how.comments
        self.slice, self.project, self.clock = slice_, project, how.clock
        self.resumed = cursor is not None
        self.position = Position.of(cursor)
        self.held = Held()
        self.emitted: set[int] = set()
        self.failed: set[int] = set()
        self.included = scope.included()
        self.context = Context(scope, self.included, how.custom)
        self.notes: list[str] = []
        self.stuck = False
        picked = None
        if scope.query is not None:
            picked = frozenset(id_ for _, ids in self._census() for id_ in ids)
        self.where = Whereabouts(api, scope, project_id=project.id if project else "", picked=picked)
        self.lookout = Lookout(api, scope, project, self.position, how.clock, how.refresh_hours)

    def pages(self) -> Iterator[Page]:
        """Yield the slice's pages; the last one carries the cursor of everything read."""
        touched, links = self.lookout.linked()
        altered = self.lookout.altered()
        yield from self._feed()
        late = self.lookout.slipped(self.emitted)
        beyond = self.lookout.ever_linked() - self.position.homes.keys()
        strangers = self._picked_anywhere(beyond | (touched - self.position.homes.keys()))
        broken = set(self.position.broken)
        # Items that wait here moved on to where this feed does not show them.
        again = self.held.waiting() | late | broken | (touched & self.position.homes.keys()) | strangers
        # Only this slice was told of a link, however late it reads the other end, and wherever that is by then.
        yield from self.again(again - self.emitted - self.failed, guests=touched | beyond | broken)
        for what, ids in altered:
            self.notes.append(f"{self.slice.label}: {what} changed; its {len(ids)} items were read again")
            yield from self.again(ids - self.emitted - self.failed)
        if self.stuck and self.position.newest is not None:
            self._go_past(self.position.newest)
        yield from self._census_pages(links)

    def again(self, ids: Iterable[int], *, guests: Container[int] = ()) -> Iterator[Page]:
        """Read items anew by their ids, 200 a page; those of `guests` for another slice too, where it has them."""
        wanted = sorted(ids)
        for at in range(0, len(wanted), BATCH):
            draft = Draft()
            chunk = wanted[at : at + BATCH]
            self._ask(draft, chunk)
            ours: dict[int, int] = {}
            elsewhere: dict[int, Json] = {}
            for id_ in chunk:
                item = draft.current.get(id_)
                if item is None:
                    continue  # the census tells what became of it
                if (item.get("fields") or {}).get("System.IsDeleted"):
                    self._gone(draft, id_, DELETED)
                elif id_ in guests and self.where.left_out(id_, item.get("fields") or {}) == MOVED:
                    elsewhere[id_] = item
                elif self._admit(draft, id_, item):
                    ours[id_] = int(item["rev"])
            self._complete(draft, ours | self._elsewhere(draft, elsewhere), {})
            yield self._page(draft, self.position.revisions)

    def _elsewhere(self, draft: Draft, items: Mapping[int, Json]) -> dict[int, int]:
        """Put items of other slices on the page, those that the source reads; return their revisions."""
        picked = items.keys() if self.scope.query is None else self._picked_anywhere(set(items))
        for id_, item in items.items():
            if id_ in picked:
                self.position.drop(id_)
                draft.emit.append(id_)
            else:
                self._leave_out(draft, id_, MOVED, item.get("fields") or {})
        return {id_: int(items[id_]["rev"]) for id_ in picked}

    def _picked_anywhere(self, ids: set[int]) -> set[int]:
        """Keep of the items of other projects those that the source reads."""
        picked: set[int] = set()
        for at in range(0, len(wanted := sorted(ids)), _IDS_IN_A_QUERY):
            listed = ", ".join(map(str, wanted[at : at + _IDS_IN_A_QUERY]))
            among = (f"{condition} AND [System.Id] IN ({listed})" for condition in self.scope.conditions())
            picked.update(id_ for condition in among for _, some in self.api.ids(condition) for id_ in some)
        return picked

    def _feed(self) -> Iterator[Page]:
        """Yield the batches of the feed; one that the server cannot put together ends it for this time."""
        project = self.project.name if self.project else None
        try:
            for batch in self.api.revisions(project, self.fields, self.position.revisions):
                yield self._page(self._of_batch(batch), batch.token)
        except HttpUnavailable as error:
            if not broke(error):
                raise
            self.stuck = True
            self.notes.append(
                f"{self.slice.label}: Azure DevOps cannot put the next batch of its feed of revisions together (HTTP "
                f"{error.status}); what changed since was read item by item instead"
            )

    def _go_past(self, newest: str) -> None:
        """Take the feed up again behind what it could not give, now that all of that was read."""
        project = self.project.name if self.project else None
        try:
            self.position.revisions = (
                self.api.token_at(project, self.fields, newest) or self.position.revisions
            )
        except HttpUnavailable as error:
            if not broke(error):
                raise

    def _of_batch(self, batch: Batch) -> Draft:
        """Make a page of a batch: what is whole now; the rest waits."""
        draft = Draft(parts=[batch.part])
        arrived: dict[int, list[Json]] = defaultdict(list)
        for one in batch.values:
            arrived[int(one["id"])].append(one)
        newest = self._newest(draft, arrived)
        self._ask(draft, sorted(newest))
        ours = {id_: rev for id_, rev in newest.items() if self._is_ours(draft, id_, arrived[id_])}
        self._complete(draft, ours, arrived)
        return draft

    def _complete(self, draft: Draft, ours: Mapping[int, int], arrived: Mapping[int, list[Json]]) -> None:
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
                draft.paths |= paths_of(now, waited.values())
        if earlier:
            draft.parts.append(held_part(self.api.base_url, earlier))
        found, broken = self.api.updates(histories)
        for id_, why in broken.items():
            draft.emit.remove(id_)
            self._broken(draft, id_, why)
        for answers in found.values():
            draft.parts += [answer.part() for answer in answers]
            draft.paths |= paths_of_updates(answers)
        if self.comments:
            self._discussions(draft, [id_ for id_ in ours if id_ not in broken])

    def _discussions(self, draft: Draft, ids: Iterable[int]) -> None:
        """Put what was said about items on the page, of those about which anything was."""
        fields = {id_: draft.fields(id_) for id_ in ids}
        wanted = {
            id_: str(of["System.TeamProject"]) for id_, of in fields.items() if of.get("System.CommentCount")
        }
        found, broken = self.api.comments(wanted)
        for id_, why in broken.items():
            draft.emit.remove(id_)
            self._broken(draft, id_, why)
        draft.parts += [answer.part() for answers in found.values() for answer in answers]

    def _newest(self, draft: Draft, arrived: Mapping[int, list[Json]]) -> dict[int, int]:
        """Return the newest revision of the items to look up; hold, bury or leave out the others."""
        found: dict[int, int] = {}
        for id_, revisions in arrived.items():
            newest = max(revisions, key=lambda one: int(one["rev"]))
            fields = newest.get("fields") or {}
            if not str(fields.get("System.RevisedDate") or NEVER).startswith(NEVER):
                self.held.add(id_, revisions)
            elif fields.get("System.IsDeleted"):
                self._gone(draft, id_, DELETED, everywhere=fields.get("System.TeamProject") in self.included)
            elif rule := self.where.left_out(id_, fields):
                self._leave_out(draft, id_, rule, fields)
            else:
                found[id_] = int(newest["rev"])
        return found

    def _is_ours(self, draft: Draft, id_: int, revisions: list[Json]) -> bool:
        """Say whether an item that was looked up goes on this page."""
        item = draft.current.get(id_)
        if item is None:
            self.held.take(id_)
            draft.unreadable.setdefault(id_, HIDDEN)
            return False
        newest = max(revisions, key=lambda one: int(one["rev"]))
        dated = "System.RevisedDate" in (newest.get("fields") or {})
        if not dated and int(item["rev"]) > int(newest["rev"]):
            self.held.add(id_, revisions)  # nothing says that it is the newest, and it is not
            return False
        return self._admit(draft, id_, item)

    def _census_pages(self, links: str | None) -> Iterator[Page]:
        """Fetch what there is and was never seen; tell what became of what was known and is not there."""
        parts: list[Part] = []
        there: set[int] = set()
        for part, ids in self._census():
            parts.append(part)
            there.update(ids)
        position = self.position
        yield from self.again(there - position.homes.keys() - self.emitted - position.broken)
        # An item may come from another project after this slice was past its links, and before that project's was.
        beyond = frozenset(position.beyond)
        strangers = self._picked_anywhere(set(beyond - position.homes.keys()))
        ends = (beyond & position.homes.keys()) | strangers
        yield from self.again(ends - self.emitted - self.failed, guests=beyond)
        position.beyond -= beyond
        lost = self._missing(draft := Draft(), sorted(position.homes.keys() - there))
        if draft.vanished:
            draft.parts += parts
        self.lookout.done(links)
        # An account that lost its permissions sees an empty organisation, with every answer a success.
        empty = position.whole and not position.homes
        whole = position.whole and not lost and not empty and not self.scope.missing()
        position.whole = False
        if empty:
            self.notes.append(f"{self.slice.label}: {EMPTY}")
        yield replace(self._page(draft, position.revisions), complete=whole, resumed=self.resumed)

    def _missing(self, draft: Draft, ids: Sequence[int]) -> bool:
        """Tell what became of known items that the census does not list; say whether access to many was lost."""
        if not ids:
            return False
        homes = dict(self.position.homes)
        for at in range(0, len(ids), STRETCH):
            looked = Draft()
            self._ask(looked, ids[at : at + STRETCH])
            draft.current |= {id_: {"fields": place_of(one)} for id_, one in looked.current.items()}
        ids = [id_ for id_ in ids if id_ not in self.position.broken]
        found = self.where.of(ids, draft.current, homes)
        for id_ in ids:
            fields = (draft.current.get(id_) or {}).get("fields")
            if fields is not None and (rule := self.where.left_out(id_, fields)):
                self._leave_out(draft, id_, rule, fields)
            elif id_ in found:
                self._gone(draft, id_, found[id_])
        lost = sum(one.fate is Fate.ACCESS_LOST for one in found.values())
        return lost > FEW

    def _census(self) -> Iterator[tuple[Part, list[int]]]:
        for condition in self.scope.conditions(self.project):
            yield from self.api.ids(condition)

    def _admit(self, draft: Draft, id_: int, item: Json) -> bool:
        fields = item.get("fields") or {}
        if rule := self.where.left_out(id_, fields):
            self._leave_out(draft, id_, rule, fields)
            return False
        draft.emit.append(id_)
        self.emitted.add(id_)
        if self.project and not self.position.whole and id_ not in self.position.homes:
            self.position.beyond |= {int(link["id"]) for link in relations(item)}
        self.position.hold(id_, home_of(self.included[fields["System.TeamProject"]].id, fields))
        self.position.saw(id_, fields.get("System.ChangedDate"), int(item["rev"]))
        return True

    def _leave_out(self, draft: Draft, id_: int, rule: str, fields: Json) -> None:
        """Count an item as left out; one that was ours before is gone, unless another slice has it now."""
        draft.filtered[str(id_)] = rule
        if rule == MOVED:
            self.position.drop(id_)
        self._gone(draft, id_, out_of(rule, fields))

    def _gone(self, draft: Draft, id_: int, absence: Absence | None, *, everywhere: bool = False) -> None:
        """Mark an item as gone where it was known, or `everywhere`: stored perhaps by an earlier run."""
        if id_ in self.position.homes or everywhere:
            draft.vanished[id_] = absence
        self.position.drop(id_)
        self.emitted.discard(id_)
        self.held.take(id_)

    def _broken(self, draft: Draft, id_: int, why: str) -> None:
        """Leave out an item that breaks the calls it is asked for with; the next run asks again."""
        draft.unreadable[id_] = why
        self.position.broken.add(id_)
        self.failed.add(id_)
        self.emitted.discard(id_)

    def _ask(self, draft: Draft, ids: Sequence[int]) -> None:
        answers, broken = self.api.current(ids)
        for answer in answers:
            draft.parts.append(answer.part())
            # Null slots, and any order: keyed by the id each item carries.
            draft.current |= {int(one["id"]): one for one in content(answer)["value"] if one}
        self.position.broken -= set(ids)
        for id_, why in broken.items():
            self._broken(draft, id_, why)

    def _page(self, draft: Draft, token: str | None) -> Page:
        self.position.revisions = token or self.position.revisions
        if draft.parts or draft.filtered or draft.unreadable:
            draft.parts.append(self.context.part(self.api.base_url, draft))
        for project_id in self.context.unsure:
            self.position.looks[f"effort {project_id}"] = UNSURE
        notes, self.notes = self.notes, []
        return Page(
            stream="work_items",
            slice=self.slice.name,
            parts=tuple(draft.parts),
            fetched_at=self.clock(),
            cursor=self.position.cursor(),
            said=draft.said(),
            vanished=tuple(map(str, draft.vanished)),
            fates={str(id_): absence for id_, absence in draft.vanished.items() if absence is not None},
            warnings=(*notes, *self.context.problems(draft)),
        )
