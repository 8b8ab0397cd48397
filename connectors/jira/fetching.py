"""Fetching issues by their ids: ahead, side by side, and around the one that the tracker fails on."""

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from connectors.base import Part, Slice
from connectors.errors import SliceUnreadable
from connectors.http import HttpError, HttpUnavailable
from connectors.jira import reading
from connectors.jira.cloud import CloudIssues
from connectors.jira.paging import is_poison
from connectors.jira.remarks import Remarks
from connectors.jira.server import ServerIssues
from connectors.jira.site import Site
from connectors.jira.survey import Given

_SUSPICIOUS: Final = 10  # as many ids asked and none given: not deletion, but sight lost
_FAILING: Final = 3  # projects that the tracker may fail on before it counts as down
_POISON: Final = 3  # issues of one batch that the tracker may fail on before it counts as down

Access = CloudIssues | ServerIssues


@dataclass(frozen=True, slots=True)
class Batch:
    """What one stretch of ids gave."""

    parts: tuple[Part, ...]
    said: int
    vanished: tuple[str, ...]
    changes: Mapping[int, datetime]  # the last one of each issue
    last_id: int
    fetched_at: datetime


class Fetching:
    """Fetches batches of issues; shared by the slices of a stream, safe for threads."""

    def __init__(self, site: Site, remarks: Remarks) -> None:
        self._site = site
        self._remarks = remarks
        self._failed: set[str] = set()  # slices that the tracker failed on

    def ahead(self, access: Access, slice_: Slice, batches: Sequence[Sequence[int]]) -> Iterator[Batch]:
        """Fetch batches ahead, side by side, and hand them over in order.

        Each slice has one under way; what there is beyond that is shared by all slices of the site, so
        that memory does not grow with their number.
        """
        waiting = iter(batches)
        under_way: deque[tuple[Future[Batch], bool]] = deque()
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
                    under_way.append((self._site.pool.submit(self.fetch, access, slice_, ids), shared))
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

    def fetch(self, access: Access, slice_: Slice, ids: Sequence[int]) -> Batch:
        """Fetch one batch whole; what is not given is asked for once more by itself.

        Raises:
            SliceUnreadable: The tracker fails on this project, or the account has lost sight of it.
            ConnectorError: It cannot be read at all.
        """
        try:
            found = self._bulk(access, ids)
        except (HttpUnavailable, HttpError) as error:
            raise self.blame(slice_, error) from None
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
        return Batch(
            parts=tuple(given.part for given in found),
            said=len(ids) - len(vanished),
            vanished=tuple(vanished),
            changes=updated,
            last_id=max(ids),
            fetched_at=self._site.clock(),
        )

    def _bulk(self, access: Access, ids: Sequence[int]) -> list[Given]:
        """Fetch a batch; when the tracker fails on it, halve it until the issue it fails on is alone."""
        try:
            return access.fetch(ids)
        except (HttpUnavailable, HttpError) as error:
            # 500 again and again, or an answer that cannot be parsed: one issue may be the cause.
            if error.status not in (200, 500):
                raise
            return self._halved(access, ids, error)

    def _halved(self, access: Access, ids: Sequence[int], error: HttpUnavailable | HttpError) -> list[Given]:
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

    def _still_sighted(self, access: Access, slice_: Slice, ids: Sequence[int]) -> None:
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

    def blame(self, slice_: Slice, error: HttpUnavailable | HttpError) -> Exception:
        """Blame one project for what the tracker fails on; where it fails on several, the tracker is down."""
        self._failed.add(slice_.name)
        if not is_poison(error) or len(self._failed) > _FAILING or self._site.config.query is not None:
            return error
        return SliceUnreadable(
            f"the tracker fails on its issues; the other projects are read, the next run tries again. {error.message}",
            source=self._site.source, slice_=slice_.label,
        )  # fmt: skip
