"""How far a slice of work items was read."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from connectors.azure_devops import idset
from connectors.azure_devops.idset import Ids
from connectors.azure_devops.transforms import instant
from connectors.base import Json

OVERLAP: Final = timedelta(hours=1)  # of changes that are looked at once more
_MOST_RECENT: Final = 2_000


@dataclass(slots=True)
class Position:
    """How far a slice was read; changed as it is read on.

    The tokens are the server's own and good for ever; `links_since` stands in for the one of the links
    while the server gave none. `homes` says of each item the slice holds where it was last seen, as
    `project id/area id`, None where that is not known. `newest` is the newest change seen, by the
    server's clock, and `recent` are the items changed in the hour before it with their revisions: what
    is there with another revision was missed. `broken` items fail whenever they are asked for. `beyond`
    are the other ends of the links of items that came to the slice, still to be read. `looks` is what
    the process and the trees looked like, `looked` when. `whole` while a reading from the very beginning
    is under way: then only items it has met are held.
    """

    revisions: str | None = None
    links: str | None = None
    links_since: str | None = None
    homes: dict[int, str | None] = field(default_factory=dict)
    whole: bool = False
    newest: str | None = None
    recent: dict[int, tuple[str, int]] = field(default_factory=dict)  # id -> changed at, revision
    broken: set[int] = field(default_factory=set)
    beyond: set[int] = field(default_factory=set)
    looks: dict[str, str] = field(default_factory=dict)
    looked: str | None = None
    _ids: Ids = field(default_factory=Ids)

    @classmethod
    def of(cls, cursor: Json | None) -> "Position":
        """Read a stored cursor."""
        given = cursor or {}
        ids = str(given.get("ids") or "")
        homes: dict[int, str | None] = dict.fromkeys(idset.read(ids))
        for home, some in (given.get("homes") or {}).items():
            homes |= dict.fromkeys(idset.read(some) & homes.keys(), home)
        recent = {int(id_): (str(at), int(rev)) for id_, (at, rev) in (given.get("recent") or {}).items()}
        return cls(
            revisions=given.get("revisions"),
            links=given.get("links"),
            links_since=given.get("links_since"),
            homes=homes,
            whole=cursor is None or bool(given.get("whole")),
            newest=given.get("newest"),
            recent=recent,
            broken=idset.read(str(given.get("broken") or "")),
            beyond=idset.read(str(given.get("beyond") or "")),
            looks=dict(given.get("looks") or {}),
            looked=given.get("looked"),
            _ids=Ids(ids),
        )

    def hold(self, id_: int, home: str | None) -> None:
        """Note an item that was read."""
        self.homes[id_] = home
        self._ids.add(id_)

    def drop(self, id_: int) -> None:
        """Forget an item."""
        self.homes.pop(id_, None)
        self.recent.pop(id_, None)
        self.broken.discard(id_)
        self._ids.discard(id_)

    def saw(self, id_: int, changed: str | None, rev: int) -> None:
        """Note the change that an item was read with."""
        at = instant(changed) if changed else None
        if changed is None or at is None:
            return
        self.recent[id_] = (changed, rev)
        newest = instant(self.newest) if self.newest else None
        if newest is None or at > newest:
            self.newest = changed

    def overlap(self) -> datetime | None:
        """Return the instant from which on changes are looked at again; None where nothing was read yet."""
        newest = instant(self.newest) if self.newest else None
        if newest is None:
            return None
        self._forget_older(newest - OVERLAP)
        if len(self.recent) < _MOST_RECENT:
            return newest - OVERLAP
        return min(filter(None, (instant(at) for at, _ in self.recent.values())), default=newest)

    def _forget_older(self, since: datetime) -> None:
        dated = [(instant(at), id_) for id_, (at, _) in self.recent.items()]
        kept = sorted((at, id_) for at, id_ in dated if at is not None and at >= since)[-_MOST_RECENT:]
        self.recent = {id_: self.recent[id_] for _, id_ in kept}

    def cursor(self) -> Json:
        """Write it down. Of a first reading the homes are written at its end: a page costs little that way."""
        self.overlap()
        found: Json = {
            "revisions": self.revisions, "links": self.links, "ids": str(self._ids), "newest": self.newest,
            "recent": {str(id_): list(what) for id_, what in sorted(self.recent.items())},
            "looks": dict(sorted(self.looks.items())), "looked": self.looked,
        }  # fmt: skip
        if self.broken:
            found["broken"] = idset.written(self.broken)
        if self.beyond:
            found["beyond"] = idset.written(self.beyond)
        if self.links_since and not self.links:
            found["links_since"] = self.links_since
        return found | ({"whole": True} if self.whole else {"homes": _grouped(self.homes)})


def _grouped(homes: Mapping[int, str | None]) -> dict[str, str]:
    groups: dict[str, list[int]] = defaultdict(list)
    for id_, home in homes.items():
        if home is not None:
            groups[home].append(id_)
    return {home: idset.written(ids) for home, ids in sorted(groups.items())}
