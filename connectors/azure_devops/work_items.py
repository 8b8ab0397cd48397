"""The stream of work items: slices, the fields it asks for, and reading its pages."""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Final

from connectors.azure_devops.api import Api
from connectors.azure_devops.changes import Changes
from connectors.azure_devops.process import EFFORT_FIELDS
from connectors.azure_devops.records import read_items
from connectors.azure_devops.scope import Scope
from connectors.base import Json, Page, Part, RawRecord, Slice
from connectors.errors import SliceUnreadable
from connectors.http import HttpDenied, HttpError

# Every server has these; without them a revision cannot be placed.
CORE: Final = (
    "System.Id", "System.Rev", "System.TeamProject", "System.AreaPath", "System.IterationPath",
    "System.WorkItemType", "System.State", "System.Reason", "System.Title", "System.AssignedTo",
    "System.CreatedDate", "System.CreatedBy", "System.ChangedDate", "System.ChangedBy",
    "System.RevisedDate", "System.IsDeleted",
)  # fmt: skip
_SCHEDULING: Final = tuple(
    f"Microsoft.VSTS.Scheduling.{name}" for name in ("RemainingWork", "OriginalEstimate", "CompletedWork")
)
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
        feed: str,
        semantics: Mapping[str, str],
        fields: Sequence[str],
        clock: Callable[[], datetime],
    ) -> None:
        self._api, self._scope, self._feed, self._clock = api, scope, feed, clock
        mapped = [name for name in fields if "." in name]
        effort = [name for key, name in semantics.items() if key == "story_points"]
        self._asked = list(dict.fromkeys([*CORE, *_SCHEDULING, *EFFORT_FIELDS, *effort, *mapped]))
        self._kept = None if ALL in fields else frozenset(self._asked)
        self._checked = False
        self._lock = threading.Lock()

    def slices(self) -> Sequence[Slice]:
        """Return one slice for the whole organisation, or one a project where that may not be read."""
        included = self._scope.included()
        if not included:
            return ()
        if self._feed == "organization" or (self._feed == "auto" and self._api.reads_everywhere()):
            return (Slice("", f"{len(included)} projects"),)
        return tuple(Slice(project.id, project.name) for _, project in sorted(included.items()))

    def pull(self, slice_: Slice, cursor: Json | None) -> Iterator[Page]:
        """Fetch what changed, one batch of the feed a page.

        Raises:
            SliceUnreadable: This project alone cannot be read, or most of it is suddenly out of sight.
        """
        project = next((one for one in self._scope.included().values() if one.id == slice_.name), None)
        changes = Changes(
            self._api,
            self._scope,
            fields=self._fields(),
            slice_=slice_,
            project=project,
            cursor=cursor,
            clock=self._clock,
        )
        try:
            yield from changes.pages()
        except (HttpDenied, HttpError) as error:
            if project is None or error.status in (203, 302, 401):  # the sign-in failed, for every slice
                raise
            raise SliceUnreadable(error.message, source=self._api.source, slice_=slice_.label) from None

    def read(self, parts: Sequence[Part]) -> Iterator[RawRecord]:
        """Yield the items whose whole history is on the page."""
        return read_items(parts, base_url=self._api.base_url, wanted=self._kept)

    def _fields(self) -> list[str]:
        """Leave out what this server does not have: one unknown field fails the whole feed."""
        with self._lock:
            if not self._checked:
                try:
                    known = {str(field.get("referenceName")) for field in self._api.fields()}
                except (HttpDenied, HttpError):
                    known = set(self._asked)
                self._asked = [name for name in self._asked if name in known or name in CORE]
                self._checked = True
            return self._asked
