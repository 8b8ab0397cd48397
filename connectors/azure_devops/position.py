"""How far a slice of work items was read."""

from dataclasses import dataclass

from connectors.azure_devops import idset
from connectors.base import Json


@dataclass(frozen=True, slots=True)
class Position:
    """How far a slice was read. The tokens are the server's own and good for ever; `known` are its items."""

    revisions: str | None = None
    links: str | None = None
    known: frozenset[int] = frozenset()

    @classmethod
    def of(cls, cursor: Json | None) -> "Position":
        """Read a stored cursor."""
        given = cursor or {}
        known = frozenset(idset.read(str(given.get("ids") or "")))
        return cls(given.get("revisions"), given.get("links"), known)

    def cursor(self) -> Json:
        """Write it down."""
        return {"revisions": self.revisions, "links": self.links, "ids": idset.written(self.known)}
