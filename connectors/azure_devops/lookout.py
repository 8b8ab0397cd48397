"""What the feed of revisions does not tell, and where to look for it instead."""

from collections.abc import Callable, Collection
from datetime import UTC, datetime, timedelta
from typing import Final

from connectors.azure_devops import refresh
from connectors.azure_devops.api import Api, Batch
from connectors.azure_devops.position import Position
from connectors.azure_devops.scope import Project, Scope
from connectors.http import HttpError

_CLOCKS_APART: Final = timedelta(minutes=15)  # their clock and ours, where theirs is not told


class Lookout:
    """Looks beside the feed for one slice; `project` is None for the whole organisation."""

    def __init__(
        self,
        api: Api,
        scope: Scope,
        project: Project | None,
        position: Position,
        clock: Callable[[], datetime],
        refresh_hours: float,
    ) -> None:
        self._api, self._scope, self._project = api, scope, project
        self._position, self._clock, self._hours = position, clock, refresh_hours
        self._seen: tuple[dict[str, str], str] | None = None
        self._since, self._recent = position.overlap(), dict(position.recent)  # before this run read anything

    def linked(self) -> tuple[set[int], str | None]:
        """Return the items whose links changed since last time, and where to go on next time."""
        position, project = self._position, self._project.name if self._project else None
        started = position.links or position.links_since
        since = position.links_since or self._server_time()
        token = position.links
        touched: set[int] = set()
        for batch in self._api.links(project, token, since):
            token = batch.token or token
            touched |= _ends(batch)
        if position.links is None:
            position.links, position.links_since = token, since
        if not started:
            return set(), token
        # The feed of one project tells of a link at its one end; the other may be in another project.
        return (touched if self._project else touched & position.homes.keys()), token

    def ever_linked(self) -> set[int]:
        """Return the ends of all links while a project is first read; those of its own are being read anyway.

        Whoever holds the other ends may have read them before a link was made, and is not told of it.
        """
        if self._project is None or not self._position.whole or len(self._scope.included()) == 1:
            return set()
        return {id_ for batch in self._api.links(self._project.name) for id_ in _ends(batch)}

    def altered(self) -> list[tuple[str, set[int]]]:
        """Look, when it is time, at what alters items without a revision; return whose items to read again."""
        position, now = self._position, self._clock()
        if position.looked is not None and position.looks:
            since = now - datetime.fromisoformat(position.looked)
            if timedelta() <= since < timedelta(hours=self._hours):
                return []
        projects = [self._project] if self._project else list(self._scope.included().values())
        found = refresh.looks(self._api, self._scope, projects)
        altered = []
        for what, condition in refresh.changed(position.looks, found):
            ids = {id_ for _, some in self._api.ids(condition) for id_ in some}
            altered.append((what, ids & position.homes.keys()))
        self._seen = (refresh.marks(found), now.isoformat())
        if not position.looks:
            position.looks, position.looked = self._seen
        return altered

    def slipped(self, read: Collection[int]) -> set[int]:
        """Find what changed in the last hour that the run before had read, or since, and was missed.

        Args:
            read: Items that this run has read already.
        """
        since = self._since or self._position.overlap()
        if since is None:
            return set()
        at = f"{since.astimezone(UTC):%Y-%m-%dT%H:%M:%S}.{since.microsecond // 1000:03d}Z"
        ids: set[int] = set()
        for condition in self._scope.conditions(self._project):
            late = f"{condition} AND [System.ChangedDate] >= '{at}'"
            ids |= {id_ for _, some in self._api.ids(late) for id_ in some}
        recent = self._recent | self._position.recent
        found = self._api.newest_revisions(sorted(ids.difference(read)))
        return {id_ for id_, rev in found.items() if id_ not in recent or recent[id_][1] != rev}

    def done(self, links: str | None) -> None:
        """Note where to go on, once everything that was found is read."""
        position = self._position
        position.links, position.links_since = (
            links or position.links,
            None if links else position.links_since,
        )
        if self._seen is not None:
            unsure = {name: mark for name, mark in position.looks.items() if mark == refresh.UNSURE}
            position.looks, position.looked = unsure | self._seen[0], self._seen[1]

    def _server_time(self) -> str:
        """Return the instant by the server's clock; ours is as good as any where it does not tell."""
        try:
            told = self._api.server_time()
        except HttpError:
            told = None
        return told or f"{self._clock().astimezone(UTC) - _CLOCKS_APART:%Y-%m-%dT%H:%M:%SZ}"


def _ends(batch: Batch) -> set[int]:
    return {int(link[end]) for link in batch.values for end in ("sourceId", "targetId")}
