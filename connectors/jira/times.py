"""Time as a Jira site has it: its own clock, and how its JQL takes an instant."""

import threading
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from connectors.http import HttpError
from connectors.jira import jql
from connectors.jira.position import Clocks
from connectors.jira.site import Site

_LONG_AGO: Final = datetime(2000, 1, 1, tzinfo=UTC)
_UNKNOWN_ZONE_SLACK: Final = timedelta(hours=26)  # the farthest apart that two zones of the world are


class Times:
    """Reads a site's clock and writes instants in its JQL. Safe for threads."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._lock = threading.Lock()
        self._epoch_taken: bool | None = None

    def clocks(self) -> Clocks:
        """Read both clocks: ours, and the server's by its distance from ours when we signed in."""
        self._site.require_sign_in()
        ours = self._site.clock()
        return Clocks(ours, ours + self._site.ahead_of_us)

    def updated_since(self, at: datetime) -> str:
        """Write the condition `updated >= at` in the form this site takes."""
        if self._takes_epoch():
            return jql.updated_since_epoch(at)
        zone = self._zone()
        return jql.updated_since_minute(at - (timedelta(0) if zone else _UNKNOWN_ZONE_SLACK), zone or UTC)

    def _takes_epoch(self) -> bool:
        """Find out once whether JQL takes epoch milliseconds: Cloud does, Data Center is asked."""
        with self._lock:
            if self._epoch_taken is None:
                self._epoch_taken = self._site.cloud or self._probe_epoch()
            return self._epoch_taken

    def _probe_epoch(self) -> bool:
        """Ask for changes since 2000: a server that reads the number as minutes from now finds none."""
        probe = {"jql": jql.updated_since_epoch(_LONG_AGO), "maxResults": 1, "fields": ["id"]}
        try:
            found = self._site.http.post("/rest/api/2/search", probe).json()
        except HttpError as error:
            if error.status != 400:  # noqa: PLR2004 - bad request
                raise
            return False
        return bool(found.get("issues"))

    def _zone(self) -> tzinfo | None:
        """The account's time zone, in which JQL reads times; None when the site hides it."""
        name = self._site.myself.get("timeZone") or self._site.server_info.get("serverTimeZone")
        try:
            return ZoneInfo(str(name)) if name else None
        except (ZoneInfoNotFoundError, ValueError):
            return None
