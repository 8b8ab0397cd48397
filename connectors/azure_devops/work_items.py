"""The stream of work items: slices, the fields it asks for, and reading its pages."""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from typing import Final

from connectors.azure_devops.api import Api
from connectors.azure_devops.changes import Changes, Reading
from connectors.azure_devops.config import AzureDevOpsConfig
from connectors.azure_devops.fields import Custom, chosen
from connectors.azure_devops.poison import broke
from connectors.azure_devops.process import EFFORT_FIELDS
from connectors.azure_devops.records import ItemReader
from connectors.azure_devops.scope import Project, Scope
from connectors.azure_devops.whereabouts import Whereabouts, places
from connectors.base import Absence, Census, Json, Page, Slice
from connectors.errors import SliceUnreadable
from connectors.http import HttpDenied, HttpError, HttpUnavailable

# Every server has these; without them a revision cannot be placed.
CORE: Final = (
    "System.Id", "System.Rev", "System.TeamProject", "System.AreaPath", "System.IterationPath",
    "System.WorkItemType", "System.State", "System.Reason", "System.Title", "System.AssignedTo",
    "System.CreatedDate", "System.CreatedBy", "System.ChangedDate", "System.ChangedBy",
    "System.RevisedDate", "System.IsDeleted", "System.AreaId",
)  # fmt: skip
_SCHEDULING: Final = tuple(
    f"Microsoft.VSTS.Scheduling.{name}" for name in ("RemainingWork", "OriginalEstimate", "CompletedWork")
)
_SIGN_IN: Final = frozenset({203, 302, 401})
ALL: Final = "*"  # in `fields`: keep every field, as recorded answers have them


class WorkItems:
    """Work items with their history and links, from the organisation's feed or each project's."""

    name = "work_items"
    entity = "work_item"

    def __init__(
        self,
        api: Api,
        scope: Scope,
        *,
        config: AzureDevOpsConfig,
        semantics: Mapping[str, str],
        fields: Sequence[str],
        clock: Callable[[], datetime],
    ) -> None:
        self._api, self._scope, self._config, self._clock = api, scope, config, clock
        mapped = [name for name in fields if "." in name]
        effort = f"{semantics.get('effort_fields', '')} {semantics.get('story_points', '')}".split()
        self._asked = list(dict.fromkeys([*CORE, *_SCHEDULING, *EFFORT_FIELDS, *effort, *mapped]))
        self.read = ItemReader(api.base_url, None if ALL in fields else frozenset(self._asked))
        self._custom: Custom | None = None
        self._homes: dict[str, Mapping[int, str | None]] = {}
        self._lock = threading.Lock()

    def slices(self) -> Sequence[Slice]:
        """Return one slice for the whole organisation, or one a project where that may not be read."""
        included = self._scope.included()
        if not included:
            return ()
        feed = self._config.feed
        if feed == "organization" or (feed == "auto" and self._api.reads_everywhere()):
            return (Slice("", f"{len(included)} projects"),)
        return tuple(Slice(project.id, project.name) for _, project in sorted(included.items()))

    def pull(self, slice_: Slice, cursor: Json | None) -> Iterator[Page]:
        """Fetch what changed, one batch of the feed a page.

        Raises:
            SliceUnreadable: This project alone cannot be read.
        """
        with self._alone(slice_):
            changes = self._changes(slice_, cursor)
            changes.notes += self._fields()[1].problems
            yield from changes.pages()
            self._homes[slice_.name] = changes.position.homes

    def census(self, slice_: Slice) -> Census:
        """List the ids there are, 20,000 a call; there is no other count of them to hold against."""
        project = self._project(slice_)
        if slice_.name and project is None:
            return Census(frozenset())
        with self._alone(slice_):
            conditions = self._scope.conditions(project)
            ids = {str(id_) for where in conditions for _, some in self._api.ids(where) for id_ in some}
        return Census(frozenset(ids))

    def fates(self, slice_: Slice, external_ids: Sequence[str]) -> Mapping[str, Absence]:
        """Say what became of items that the census does not list; one that is there after all is left out."""
        ids = [int(id_) for id_ in external_ids]
        with self._alone(slice_):
            picked = self.census(slice_).ids if self._scope.query is not None else None
            chosen = None if picked is None else {int(id_) for id_ in picked}
            current, broken = places(self._api, ids)
            where = Whereabouts(self._api, self._scope, project_id=slice_.name, picked=chosen)
            asked = [id_ for id_ in ids if id_ not in broken]
            found = where.of(asked, current, self._homes.get(slice_.name, {}))
        return {str(id_): absence for id_, absence in found.items()}

    def retry(self, slice_: Slice, external_ids: Sequence[str]) -> Iterator[Page]:
        """Fetch single items whole, apart from the cursor."""
        with self._alone(slice_):
            changes = self._changes(slice_, {})
            # What a slice could not read may be the other end of one of its links, which another slice has.
            ids = set(map(int, external_ids))
            for page in changes.again(ids, guests=ids):
                yield replace(page, cursor=None, vanished=(), fates={})

    def _changes(self, slice_: Slice, cursor: Json | None) -> Changes:
        fields, custom = self._fields()
        return Changes(
            self._api,
            self._scope,
            Reading(fields, custom, self._clock, self._config.refresh_hours, "comments" in self._config.read),
            slice_=slice_,
            project=self._project(slice_),
            cursor=cursor,
        )

    def _project(self, slice_: Slice) -> Project | None:
        return next((one for one in self._scope.included().values() if one.id == slice_.name), None)

    @contextmanager
    def _alone(self, slice_: Slice) -> Iterator[None]:
        """Let a project that cannot be read fail alone; a sign-in that fails ends every slice."""
        try:
            yield
        except (HttpDenied, HttpError) as error:
            if not slice_.name or error.status in _SIGN_IN:
                raise
            raise SliceUnreadable(error.message, source=self._api.source, slice_=slice_.label) from None
        except HttpUnavailable as error:
            if not slice_.name or not broke(error):
                raise
            raise SliceUnreadable(error.message, source=self._api.source, slice_=slice_.label) from None

    def _fields(self) -> tuple[list[str], Custom]:
        """Leave out what this server does not have: one unknown field fails the whole feed."""
        with self._lock:
            if self._custom is None:
                try:
                    known = self._api.fields()
                except (HttpDenied, HttpError) as error:
                    problem = f"the custom fields cannot be told apart, and none is kept: {error.message}"
                    self._custom = Custom(problems=[problem] if self._config.custom_fields else [])
                else:
                    names = {str(field.get("referenceName")) for field in known}
                    self._asked = [name for name in self._asked if name in names or name in CORE]
                    self._custom = chosen(self._config.custom_fields, known)
                    self._asked += [name for name in self._custom.kinds if name not in self._asked]
            return self._asked, self._custom
