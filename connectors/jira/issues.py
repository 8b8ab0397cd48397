"""The stream of issues: a slice a project, fetched ahead side by side, handed over in order."""

import hashlib
import re
from collections import deque
from collections.abc import Collection, Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from connectors.base import Absence, Census, Json, Page, Part, Slice
from connectors.errors import MisconfiguredSource, SliceUnreadable, SourceUnavailable
from connectors.http import HttpError, HttpUnavailable
from connectors.jira import custom, jql, reading
from connectors.jira.cloud import CloudIssues
from connectors.jira.fates import Fates
from connectors.jira.glance import Glance
from connectors.jira.paging import is_poison
from connectors.jira.position import Clocks, Position
from connectors.jira.remarks import KINDS, Remarks
from connectors.jira.renewal import Renewal
from connectors.jira.server import ServerIssues
from connectors.jira.site import Project, Site, server_time
from connectors.jira.survey import Given
from connectors.jira.times import Times

ALWAYS: Final = ("summary", "status", "issuetype", "project", "created", "updated", "resolutiondate")
_FIELD: Final = re.compile(r"[A-Za-z][A-Za-z0-9_.-]*\Z")
_SUSPICIOUS: Final = 10  # as many ids asked and none given: not deletion, but sight lost
_FAILING: Final = 3  # projects that the tracker may fail on before it counts as down
_POISON: Final = 3  # issues of one batch that the tracker may fail on before it counts as down


@dataclass(frozen=True, slots=True)
class _Batch:
    """What one stretch of ids gave."""

    parts: tuple[Part, ...]
    said: int
    vanished: tuple[str, ...]
    changes: Mapping[int, datetime]  # the last one of each issue
    last_id: int
    fetched_at: datetime


class Issues:
    """Issues with their changelog, links and sprints."""

    name = "issues"
    entity = "work_item"

    def __init__(self, site: Site, semantics: Mapping[str, str], fields: Sequence[str]) -> None:
        self._site = site
        self._remarks = Remarks(site)
        self._failed: set[str] = set()  # slices that the tracker failed on
        asked = [name for name in fields if _FIELD.match(name) and name not in KINDS.values()]
        self._fields = tuple(dict.fromkeys((*ALWAYS, *asked, *self._remarks.fields)))
        self.read = reading.IssueReader(
            semantics.get("site_url") or site.config.base_url,
            reading.parse_categories(semantics.get("status_categories")),
            reading.parse_categories(semantics.get("status_overrides")),
            custom.parsed(semantics.get("custom_fields")),
        )
        self._projects: dict[str, str] = {}  # slice name -> project key
        self._times, self._glance = Times(site), Glance(site)
        own = {one: word for one, word in self.read.categories.items() if one not in self.read.overrides}
        self._renewal = Renewal(site, self._glance, own)
        self._fates = Fates(site, self._glance, self._ids)

    def slices(self) -> Sequence[Slice]:
        """List one slice a project, or one for the query; a query that was changed is a new slice."""
        self._site.require_sign_in()
        if self._site.config.query is not None:
            condition = jql.without_order(self._site.config.query)
            digest = hashlib.sha256(condition.encode()).hexdigest()[:12]
            return [Slice(f"query:{digest}", "query")]
        found = []
        for chosen in self._site.chosen():
            if isinstance(chosen, Project):
                self._projects[chosen.id] = chosen.key
                found.append(Slice(chosen.id, chosen.key))
            else:
                found.append(Slice(f"key:{chosen}", chosen))
        return found

    def pull(self, slice_: Slice, cursor: Json | None) -> Iterator[Page]:
        """Fetch what changed since the cursor, ids ascending, a page a batch.

        The first page of a project may be empty: it then says that there is nothing new.
        """
        position = Position.of(cursor)
        access = self._access()
        condition = self._condition(slice_)
        overlap = timedelta(hours=self._site.config.overlap_hours)
        since = position.reads_from(overlap, self._times.clocks())
        query = condition if since is None else jql.both(condition, self._times.updated_since(since))
        ids, answer = self._list(access, slice_, query)
        whole, resumed = since is None, position.resumed
        if whole and not ids:
            self._confirm_empty(access, slice_, query)
        now = self._site.clock()
        position = position.begun(Clocks(now, server_time(answer, now)))
        renewed = self._renewal.of(position, slice_, condition, self._ids)
        done = (
            position  # a walk that was cut off has seen only a part of what is renewed now: the next sees all
        )
        if not resumed:
            done = replace(position, key=slice_.label, statuses=renewed.statuses, repaired=renewed.repaired)
        if whole:
            position = done
        listed = len(ids)
        if not whole:
            ids = self._changed(position, ids, renewed.ids)
        size = self._site.config.batch
        left = [one for one in ids if one > position.after]
        batches = [left[start : start + size] for start in range(0, len(left), size)]
        if not batches:
            nothing = () if listed else (answer.part(),)  # an answer that lists issues is no page of them
            yield Page(
                self.name, slice_.name, nothing, self._site.clock(), cursor=done.finished(overlap),
                said=0, complete=whole, resumed=resumed, warnings=renewed.warnings,
            )  # fmt: skip
            return
        for number, batch in enumerate(self._ahead(access, slice_, batches), 1):
            position = position.stored(batch.last_id, batch.changes)
            last = number == len(batches)
            end = replace(position, key=done.key, statuses=done.statuses, repaired=done.repaired)
            yield Page(
                self.name, slice_.name, batch.parts, batch.fetched_at,
                cursor=end.finished(overlap) if last else position.cursor(),
                said=batch.said, vanished=batch.vanished, complete=last and whole,
                resumed=resumed, warnings=renewed.warnings if last else (),
            )  # fmt: skip

    def _ids(self, query: str) -> list[int]:
        return self._access().list_ids(query)[0]

    def _changed(self, position: Position, listed: Sequence[int], renewed: Collection[int]) -> list[int]:
        """Leave out what is stored already, by its last change as the tracker itself has it, not its index."""
        known = [one for one in listed if one in position.known and one not in renewed]
        now = self._glance.updated(known)
        same = {one for one, at in now.items() if jql.epoch_ms(at) == position.known[one]}
        return sorted({*listed, *renewed} - same)

    def retry(self, slice_: Slice, external_ids: Sequence[str]) -> Iterator[Page]:
        """Fetch single issues again, apart from the cursor."""
        access, size = self._access(), self._site.config.batch
        ids = sorted(int(one) for one in external_ids if one.isdigit())
        for start in range(0, len(ids), size):
            batch = self._fetch(access, slice_, ids[start : start + size])
            if batch.said:
                yield Page(self.name, slice_.name, batch.parts, batch.fetched_at, said=batch.said)

    def census(self, slice_: Slice) -> Census:
        """List the ids of everything the slice holds."""
        access, query = self._access(), self._condition(slice_)
        ids, answer = self._list(access, slice_, query)
        if not ids:
            self._confirm_empty(access, slice_, query)
        total = answer.json().get("total")
        return Census(frozenset(map(str, ids)), None if total is None else int(total))

    def fates(self, slice_: Slice, external_ids: Sequence[str]) -> Mapping[str, Absence]:
        """Say what became of issues that the census no longer lists."""
        return self._fates.of(slice_, external_ids)

    def _access(self) -> CloudIssues | ServerIssues:
        kind = CloudIssues if self._site.cloud else ServerIssues
        return kind(self._site, self._fields)

    def _condition(self, slice_: Slice) -> str:
        if self._site.config.query is not None:
            return jql.without_order(self._site.config.query)
        key = self._projects.get(slice_.name)
        if key is None:
            key = self._site.project(slice_.label).key
        return jql.project_is(key)

    def _list(self, access: CloudIssues | ServerIssues, slice_: Slice, query: str) -> tuple[list[int], Any]:
        try:
            return access.list_ids(query)
        except HttpUnavailable as error:
            raise self._failing(slice_, error) from None
        except HttpError as error:
            if error.status not in (400, 404):
                raise self._failing(slice_, error) from None
            if self._site.config.query is not None:
                raise MisconfiguredSource(
                    f"the tracker refuses the query of this source. {error.message}", source=self._site.source
                ) from None
            raise SliceUnreadable(
                f"its issues cannot be listed. {error.message}", source=self._site.source, slice_=slice_.label
            ) from None

    def _failing(self, slice_: Slice, error: HttpUnavailable | HttpError) -> Exception:
        """Blame one project for what the tracker fails on; where it fails on several, the tracker is down."""
        self._failed.add(slice_.name)
        if not is_poison(error) or len(self._failed) > _FAILING or self._site.config.query is not None:
            return error
        return SliceUnreadable(
            f"the tracker fails on its issues; the other projects are read, the next run tries again. {error.message}",
            source=self._site.source, slice_=slice_.label,
        )  # fmt: skip

    def _confirm_empty(self, access: CloudIssues | ServerIssues, slice_: Slice, query: str) -> None:
        """Believe an empty list only when the count is empty, too, and the project can still be seen.

        Of a project that the account may not see, Cloud's search says that it is empty.
        """
        if self._site.config.query is None:
            self._site.project(slice_.label)
        if (count := access.count(query)) > 0:
            raise SourceUnavailable(
                f"the search gave no issue although the tracker counts {count}; nothing was taken from it, the next "
                "run tries again.",
                source=self._site.source,
            )

    def _ahead(
        self, access: CloudIssues | ServerIssues, slice_: Slice, batches: Sequence[Sequence[int]]
    ) -> Iterator[_Batch]:
        """Fetch batches ahead, side by side, and hand them over in order.

        Each slice has one under way; what there is beyond that is shared by all slices of the site, so
        that memory does not grow with their number.
        """
        waiting = iter(batches)
        under_way: deque[tuple[Future[_Batch], bool]] = deque()
        spare = self._site.ahead
        try:
            while True:
                while not under_way or spare.acquire(blocking=False):
                    shared = bool(under_way)
                    ids = next(waiting, None)
                    if ids is None:
                        if shared:
                            spare.release()
                        break
                    under_way.append((self._site.pool.submit(self._fetch, access, slice_, ids), shared))
                if not under_way:
                    return
                future, shared = under_way[0]
                batch = future.result()
                under_way.popleft()
                if shared:
                    spare.release()
                yield batch
        finally:
            for future, shared in under_way:
                future.cancel()
                if shared:
                    spare.release()

    def _fetch(self, access: CloudIssues | ServerIssues, slice_: Slice, ids: Sequence[int]) -> _Batch:
        try:
            found = self._bulk(access, ids)
        except (HttpUnavailable, HttpError) as error:
            raise self._failing(slice_, error) from None
        missing = set(map(str, ids)) - {issue.id for given in found for issue in given.issues}
        missing -= {given.refused for given in found if given.refused}
        if len(missing) == len(ids) >= _SUSPICIOUS:
            self._still_sighted(access, slice_, ids)
        vanished = []
        for one in sorted(map(int, missing)):
            status, answers = access.one(one, ok=(200, 403, 404))
            if status == 404:  # noqa: PLR2004 - not found
                vanished.append(str(one))
            else:
                found += answers
        found += self._remarks.rest(found)
        updated = {int(issue.id): issue.updated for given in found for issue in given.issues if issue.updated}
        return _Batch(
            parts=tuple(given.part for given in found),
            said=len(ids) - len(vanished),
            vanished=tuple(vanished),
            changes=updated,
            last_id=max(ids),
            fetched_at=self._site.clock(),
        )

    def _bulk(self, access: CloudIssues | ServerIssues, ids: Sequence[int]) -> list[Given]:
        """Fetch a batch; when the tracker fails on it, halve it until the issue it fails on is alone."""
        try:
            return access.fetch(ids)
        except (HttpUnavailable, HttpError) as error:
            # 500 again and again, or an answer that cannot be parsed: one issue may be the cause.
            if error.status not in (200, 500):
                raise
            return self._halved(access, ids, error)

    def _halved(
        self, access: CloudIssues | ServerIssues, ids: Sequence[int], error: HttpUnavailable | HttpError
    ) -> list[Given]:
        failed, stretches = ids, []  # the one that failed last, and those still to try
        found: list[Given] = []
        poisoned = 0
        while True:
            if len(failed) > 1:
                middle = len(failed) // 2
                stretches += [failed[middle:], failed[:middle]]
            elif failed:
                poisoned += 1
                if poisoned > _POISON:
                    raise error
                address = f"{self._site.config.base_url}{self._site.api}/issue/{failed[0]}"
                part = Part(f"GET {address}", reading.NO_ANSWER)
                found.append(Given(part, refused=str(failed[0])))
            if not stretches:
                return found
            stretch, failed = stretches.pop(), ()
            try:
                found += access.fetch(stretch)
            except (HttpUnavailable, HttpError) as again:
                if again.status not in (200, 500):
                    raise
                failed = stretch

    def _still_sighted(self, access: CloudIssues | ServerIssues, slice_: Slice, ids: Sequence[int]) -> None:
        """Tell a lost permission from a mass deletion before anything is called gone.

        Raises:
            SliceUnreadable: None of the first few can be read.
        """
        if all(access.one(one, ok=(200, 403, 404))[0] != 200 for one in ids[:3]):  # noqa: PLR2004 - OK
            raise SliceUnreadable(
                f"none of {len(ids)} issues that were listed a moment ago can be read any more; nothing is taken for "
                "deleted. Check whether this account has lost its permission.",
                source=self._site.source, slice_=slice_.label,
            )  # fmt: skip
