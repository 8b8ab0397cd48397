"""How far a slice of work items was read."""

from dataclasses import dataclass

from connectors.azure_devops import idset
from connectors.base import Json


@dataclass(frozen=True, slots=True)
class Position:
    """How far a slice was read. The tokens are the server's own and good for ever; `known` are its items.

    `whole` while a reading from the very beginning is under way: then `known` are only those it has met.
    """

    revisions: str | None = None
    links: str | None = None
    known: frozenset[int] = frozenset()
    whole: bool = False

    @classmethod
    def of(cls, cursor: Json | None) -> "Position":
        """Read a stored cursor."""
        given = cursor or {}
        known = frozenset(idset.read(str(given.get("ids") or "")))
        return cls(
            given.get("revisions"), given.get("links"), known, cursor is None or bool(given.get("whole"))
        )

    def cursor(self) -> Json:
        """Write it down."""
        written: Json = {"revisions": self.revisions, "links": self.links, "ids": idset.written(self.known)}
        return written | ({"whole": True} if self.whole else {})
