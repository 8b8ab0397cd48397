"""Issues to read again although their `updated` stands still.

Opening and closing a sprint, renaming a version, moving a status to another category, giving a project
another key, and migrating a workflow change what an issue means or what its history holds, and Jira does not
date the issue anew.
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from connectors.base import Slice
from connectors.http import HttpError
from connectors.jira import jql
from connectors.jira.glance import Glance
from connectors.jira.position import Position
from connectors.jira.site import Site
from connectors.jira.transforms import category_of

KEPT_FOR: Final = timedelta(days=60)  # how long a seen change waits for slices that could not be read
_A_QUERY: Final = 100  # ids in one condition
_MARGIN: Final = timedelta(days=1)  # that a look through all histories overlaps the one before
_BAD_REQUEST: Final = 400

List = Callable[[str], Sequence[int]]  # the ids that a query finds


@dataclass(frozen=True, slots=True)
class Renewed:
    """What a slice has to read again."""

    ids: frozenset[int]
    statuses: Mapping[str, str]
    repaired: datetime | None


class Renewal:
    """Finds the issues of a slice that changed behind their own backs."""

    def __init__(self, site: Site, glance: Glance, named: frozenset[str]) -> None:
        """Look at a site; `named` is what issues are read with."""
        self._site = site
        self._named_by_issues = named
        self._glance = glance

    def of(self, position: Position, slice_: Slice, condition: str, ids: List) -> Renewed:
        """Find them.

        Args:
            position: Where the slice stands, a walk begun; on a first reading nothing is found.
            slice_: A project by its id, or a query.
            condition: What the slice is confined to.
            ids: Lists the ids that a query finds.
        """
        statuses = self._statuses(position, slice_.name if slice_.name.isdigit() else None)
        began = position.began.theirs if position.began else None
        if position.since is None or began is None:
            return Renewed(frozenset(), statuses, began)
        found: set[int] = set()
        changed = sorted(
            one for one, digest in position.statuses.items() if statuses.get(one, digest) != digest
        )
        for field, these in (
            ("sprint", self._recent(self._site.changed.sprints, position)),
            ("fixVersion", self._recent(self._site.changed.versions, position)),
            ("status", changed),
        ):
            if field in self._named_by_issues:
                found.update(self._named(field, these, condition, ids))
        if position.key is not None and position.key != slice_.label:  # and with the project's, every issue's
            found.update(ids(condition))
        repaired = position.repaired
        if self._is_due(repaired, began):
            found.update(self._repair(repaired, condition, ids))
            repaired = began
        return Renewed(frozenset(found), statuses, repaired)

    def _recent(self, changed: Mapping[str, datetime], position: Position) -> list[str]:
        """List what was seen to have changed since this slice was last brought up to it."""
        known = position.clocks
        return sorted(one for one, at in changed.items() if known is None or at >= known.ours)

    def _named(self, field: str, these: Sequence[str], condition: str, ids: List) -> Iterable[int]:
        for start in range(0, len(these), _A_QUERY):
            try:
                yield from ids(jql.both(condition, jql.is_one_of(field, these[start : start + _A_QUERY])))
            except HttpError as error:
                if error.status != _BAD_REQUEST:  # a server that does not know one of them any more
                    raise
                if len(these) > 1:
                    for one in these[start : start + _A_QUERY]:
                        yield from self._named(field, [one], condition, ids)

    def _is_due(self, repaired: datetime | None, now: datetime) -> bool:
        days = self._site.config.history_repair_days if self._site.config.changelog else 0
        return days > 0 and (repaired is None or now - repaired >= timedelta(days=days))

    def _repair(self, repaired: datetime | None, condition: str, ids: List) -> Iterable[int]:
        everything = ids(condition)
        return everything if repaired is None else self._glance.grown(everything, repaired - _MARGIN)

    def _statuses(self, position: Position, project: str | None) -> dict[str, str]:
        """Digest the statuses that this slice may use: all but those of other team-managed projects."""
        if not self._site.looks and position.statuses:
            return dict(position.statuses)
        found = {}
        for status in self._site.statuses:
            owner = ((status.get("scope") or {}).get("project") or {}).get("id")
            if owner is None or project is None or str(owner) == project:
                found[str(status["id"])] = digest([status.get("name"), category_of(status)])
        return found


def digest(parts: Sequence[Any]) -> str:
    """Shorten what something is to eight letters, to see later whether it still is."""
    return hashlib.blake2b(repr(parts).encode(), digest_size=4).hexdigest()
