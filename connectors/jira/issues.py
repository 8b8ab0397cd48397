"""The stream of issues: a slice a project, fetched ahead side by side, handed over in order."""

import hashlib
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

from connectors.base import Absence, Census, Json, Page, Part, Slice
from connectors.errors import MisconfiguredSource, SliceUnreadable, SourceUnavailable
from connectors.http import HttpError, HttpUnavailable
from connectors.jira import custom, jql, reading
from connectors.jira.cloud import CloudIssues
from connectors.jira.fates import Fates
from connectors.jira.fetching import Access, Batch, Fetching
from connectors.jira.glance import Glance
from connectors.jira.position import Clocks, Position
from connectors.jira.remarks import KINDS, Remarks
from connectors.jira.renewal import Renewal
from connectors.jira.server import ServerIssues
from connectors.jira.site import Project, Site, server_time
from connectors.jira.times import Times
from connectors.jira.together import Question, Together, Told

ALWAYS: Final = ("summary", "status", "issuetype", "project", "created", "updated", "resolutiondate")
_FIELD: Final = re.compile(r"[A-Za-z][A-Za-z0-9_.-]*\Z")


class Issues:
    """Issues with their changelog, links and sprints."""

    name = "issues"
    entity = "work_item"

    def __init__(self, site: Site, semantics: Mapping[str, str], fields: Sequence[str]) -> None:
        self._site = site
        remarks = Remarks(site)
        asked = [name for name in fields if _FIELD.match(name) and name not in KINDS.values()]
        self._fields = tuple(dict.fromkeys((*ALWAYS, *asked, *remarks.fields)))
        self.read = reading.IssueReader(
            semantics.get("site_url") or site.config.base_url,
            reading.parse_categories(semantics.get("status_categories")),
            reading.parse_categories(semantics.get("status_overrides")),
            custom.parsed(semantics.get("custom_fields")),
        )
        self._projects: dict[str, str] = {}  # slice name -> project key
        self._times, self._glance = Times(site), Glance(site)
        self._fetching = Fetching(site, remarks)
        self._renewal = Renewal(site, self._glance, self._named(semantics))
        self._together = Together(site, self._glance, fetches=not remarks.fields)
        self._told: dict[str, Told] = {}  # what was asked for all slices together, until its slice is pulled
        self._fates = Fates(site, self._glance, self._ids)

    def _named(self, semantics: Mapping[str, str]) -> frozenset[str]:
        """List the things that issues are read with and that change without them, by their name in JQL."""
        sprint = {"sprint"} if semantics.get("sprint") in self._fields else set()
        version = {"fixVersion"} if "fixVersions" in self._fields else set()
        return frozenset({"status", *sprint, *version})

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

    def survey(self, cursors: Mapping[str, Json]) -> None:
        """Ask Cloud at once what changed in all projects that were read before; others are read by themselves."""
        access = self._access()
        if not isinstance(access, CloudIssues) or self._site.config.query is not None:
            return
        questions = {}
        for name, key in self._projects.items():
            position = Position.of(cursors.get(name))
            if (changed := self._changed_since(position)) is not None and not position.resumed:
                condition = jql.both(jql.project_is(key), changed)
                questions[name] = Question(key, condition, position.known)
        if len(questions) > 1:
            self._told = self._together.ask(access, questions)

    def _changed_since(self, position: Position) -> str | None:
        """Write the condition that an issue was changed since a position; None where there is none."""
        overlap = timedelta(hours=self._site.config.overlap_hours)
        since = position.reads_from(overlap, self._times.clocks())
        return None if since is None else self._times.updated_since(since)

    def pull(self, slice_: Slice, cursor: Json | None) -> Iterator[Page]:
        """Fetch what changed since the cursor, ids ascending, a page a batch.

        The first page of a project may be empty: it then says that there is nothing new.
        """
        position = Position.of(cursor)
        access = self._access()
        condition = self._condition(slice_)
        overlap = timedelta(hours=self._site.config.overlap_hours)
        whole, resumed = position.since is None, position.resumed
        told = None if whole or resumed else self._told.pop(slice_.name, None)
        ids, nothing, clocks = (
            self._begin(access, slice_, position) if told is None else (told.ids, (), told.clocks)
        )
        position = position.begun(clocks)
        renewed = self._renewal.of(position, slice_, condition, self._ids)
        done = (
            position  # a walk that was cut off has seen only a part of what is renewed now: the next sees all
        )
        if not resumed:
            done = replace(position, key=slice_.label, statuses=renewed.statuses, repaired=renewed.repaired)
        if whole:
            position = done
        if not whole:
            ids = self._changed(position, ids, renewed.ids, told)
        size = self._site.config.batch
        left = [one for one in ids if one > position.after]
        batches = [left[start : start + size] for start in range(0, len(left), size)]
        if not batches:
            yield Page(
                self.name, slice_.name, nothing, self._site.clock(), cursor=done.finished(overlap),
                said=0, complete=whole, resumed=resumed,
            )  # fmt: skip
            return
        for number, batch in enumerate(self._batches(access, slice_, batches, told), 1):
            position = position.stored(batch.last_id, batch.changes)
            last = number == len(batches)
            end = replace(position, key=done.key, statuses=done.statuses, repaired=done.repaired)
            yield Page(
                self.name, slice_.name, batch.parts, batch.fetched_at,
                cursor=end.finished(overlap) if last else position.cursor(),
                said=batch.said, vanished=batch.vanished, complete=last and whole,
                resumed=resumed,
            )  # fmt: skip

    def _begin(
        self, access: Access, slice_: Slice, position: Position
    ) -> tuple[Sequence[int], tuple[Part, ...], Clocks]:
        """List one slice by itself: its ids, the answer where there are none, and when that was by both clocks."""
        changed = self._changed_since(position)
        query = jql.both(self._condition(slice_), changed)
        ids, answer = self._list(access, slice_, query)
        if changed is None and not ids:
            self._confirm_empty(access, slice_, query)
        now = self._site.clock()
        # An answer that lists issues is no page of them.
        return ids, () if ids else (answer.part(),), Clocks(now, server_time(answer, now))

    def _batches(
        self, access: Access, slice_: Slice, batches: Sequence[Sequence[int]], told: Told | None
    ) -> Iterable[Batch]:
        """Give the batches of a slice: the only one may have come with those of other slices already."""
        if told is not None and len(batches) == 1 and (batch := told.batch(batches[0])) is not None:
            return [batch]
        return self._fetching.ahead(access, slice_, batches)

    def _ids(self, query: str) -> list[int]:
        return self._access().list_ids(query)[0]

    def _changed(
        self, position: Position, listed: Sequence[int], renewed: Collection[int], told: Told | None
    ) -> list[int]:
        """Leave out what is stored already, by its last change as the tracker itself has it, not its index."""
        known = [one for one in listed if one in position.known and one not in renewed]
        now = self._glance.updated(known) if told is None else told.updated
        same = {one for one in known if one in now and jql.epoch_ms(now[one]) == position.known[one]}
        return sorted({*listed, *renewed} - same)

    def retry(self, slice_: Slice, external_ids: Sequence[str]) -> Iterator[Page]:
        """Fetch single issues again, apart from the cursor."""
        access, size = self._access(), self._site.config.batch
        ids = sorted(int(one) for one in external_ids if one.isdigit())
        for start in range(0, len(ids), size):
            batch = self._fetching.fetch(access, slice_, ids[start : start + size])
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

    def _access(self) -> Access:
        kind = CloudIssues if self._site.cloud else ServerIssues
        return kind(self._site, self._fields)

    def _condition(self, slice_: Slice) -> str:
        if self._site.config.query is not None:
            return jql.without_order(self._site.config.query)
        key = self._projects.get(slice_.name)
        if key is None:
            key = self._site.project(slice_.label).key
        return jql.project_is(key)

    def _list(self, access: Access, slice_: Slice, query: str) -> tuple[list[int], Any]:
        try:
            return access.list_ids(query)
        except HttpUnavailable as error:
            raise self._fetching.blame(slice_, error) from None
        except HttpError as error:
            if error.status not in (400, 404):
                raise self._fetching.blame(slice_, error) from None
            if self._site.config.query is not None:
                raise MisconfiguredSource(
                    f"the tracker refuses the query of this source. {error.message}", source=self._site.source
                ) from None
            raise SliceUnreadable(
                f"its issues cannot be listed. {error.message}", source=self._site.source, slice_=slice_.label
            ) from None

    def _confirm_empty(self, access: Access, slice_: Slice, query: str) -> None:
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
