"""Jira, Cloud and Data Center, as a source."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from connectors.base import Discovery, Finding, Stream, Traffic
from connectors.grants import TokenStore
from connectors.jira import checks, discovery, scope
from connectors.jira.boards import Sprints
from connectors.jira.config import JiraConfig
from connectors.jira.issues import Issues
from connectors.jira.lists import Projects, Users, Versions
from connectors.jira.site import Site
from connectors.jira.transforms import TRANSFORMS


def utc_now() -> datetime:
    """Tell the time."""
    return datetime.now(UTC)


class Jira:
    """One Jira source. Nothing is asked of the site before the first call."""

    def __init__(
        self,
        config: JiraConfig,
        *,
        source: str,
        transport: httpx.BaseTransport | None = None,
        connections: int = 8,
        clock: Callable[[], datetime] = utc_now,
        tokens: TokenStore | None = None,
    ) -> None:
        self.source = source
        self.traffic = Traffic()
        self.lasts = timedelta(minutes=config.lists_minutes)
        self._site = Site(
            config,
            source=source,
            traffic=self.traffic,
            transport=transport,
            connections=connections,
            clock=clock,
            tokens=tokens,
        )

    def check(self) -> Sequence[Finding]:
        """Say who we are there, what we may see, and what is missing.

        Raises:
            ConnectorError: Nothing at all can be read.
        """
        return checks.check(self._site)

    def discover(self) -> Discovery:
        """Look at everything the site offers, on a sample of its boards."""
        return discovery.discover(self._site)

    def look(self) -> Discovery:
        """Look at fields, types and statuses alone."""
        return discovery.look(self._site)

    def rest(self) -> None:
        """Go on by the statuses that earlier runs saw."""
        self._site.looks = False

    def reconsider(self, known: Discovery) -> Mapping[str, str]:
        """Say what fields and statuses mean under this configuration, by what was discovered before."""
        return discovery.reconsider(self._site, known)

    def scope_fingerprint(self) -> Mapping[str, str]:
        """Return the source's query and the JQL of each saved filter it names."""
        return scope.fingerprint(self._site)

    def streams(self, semantics: Mapping[str, str], fields: Sequence[str]) -> Sequence[Stream]:
        """Return the streams, in the order to pull them."""
        return [
            Projects(self._site, semantics),
            Users(self._site),
            Sprints(self._site),
            Versions(self._site, semantics),
            Issues(self._site, semantics, fields),
        ]

    def transforms(self) -> Mapping[str, Callable[[Any], Any]]:
        """Return the transforms a Jira mapping may name besides the common ones."""
        return TRANSFORMS

    def close(self) -> None:
        """Give connections and threads back."""
        self._site.close()
