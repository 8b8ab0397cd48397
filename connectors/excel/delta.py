"""What became of a file that is not there any more, by the library's own list of changes.

Graph's delta gives a link for "from now on" and, later, what has changed since. When the link has run out
it answers 410 with the address of a whole new list; a file that is not on that is deleted.
"""

from dataclasses import dataclass
from typing import Final

from connectors.base import Absence, Fate, Json
from connectors.errors import ConnectorError
from connectors.http import Http, HttpDenied, HttpError

_PAGES: Final = 5_000
_GONE: Final = 410


@dataclass(slots=True)
class _Listed:
    """What a reading of the list says of one file; `whole` when it was a list of all there is."""

    deleted: bool = False
    there: bool = False
    whole: bool = False


class Changes:
    """The lists of changes of the libraries that one application sees."""

    def __init__(self, http: Http) -> None:
        self._http = http
        self._latest: dict[str, str | None] = {}

    def latest(self, drive: str) -> str | None:
        """Return the link that later tells what has changed since now; None where the library gives none."""
        if drive not in self._latest:
            try:
                found: Json = self._http.get(f"/drives/{drive}/root/delta", {"token": "latest"}).json()
                self._latest[drive] = found.get("@odata.deltaLink")
            except (HttpDenied, HttpError):
                self._latest[drive] = None  # its files can be read all the same
        return self._latest[drive]

    def fate(self, drive: str, item: str, link: str | None, name: str) -> Absence | None:
        """Say what became of a file whose id leads nowhere; None where the list cannot be had.

        Args:
            drive: The library.
            item: The file's id, which it keeps when it is renamed or moved inside the library.
            link: What `latest` gave when the file was last read.
            name: What people call it.
        """
        try:
            listed = self._read(link or f"/drives/{drive}/root/delta", item, whole=link is None)
        except HttpDenied:
            return Absence(Fate.ACCESS_LOST, f"the library {name} is in may not be read any more")
        except ConnectorError:
            return None
        if listed is None:
            return None
        if listed.deleted:
            return Absence(Fate.DELETED, f"{name} was deleted, by SharePoint's own list of changes")
        if listed.whole and not listed.there:
            return Absence(Fate.DELETED, f"{name} is not on SharePoint's list of all files in its library")
        return Absence(
            Fate.ACCESS_LOST,
            f"SharePoint does not show {name} any more, but does not list it as deleted; its rights may have changed",
        )

    def _read(self, link: str, item: str, *, whole: bool) -> _Listed | None:
        """Read a list to its end; None when it leads round in a circle."""
        listed = _Listed(whole=whole)
        seen: set[str] = set()
        for _ in range(_PAGES):
            if link in seen:
                return None
            seen.add(link)
            answer = self._http.get(link, ok=(200, _GONE))
            if answer.status == _GONE:
                link = answer.headers.get("location", "")
                if not link or listed.whole:
                    return None
                listed = _Listed(whole=True)
                continue
            page: Json = answer.json()
            for entry in page.get("value", ()):
                if entry.get("id") == item:  # the last one counts
                    listed.deleted, listed.there = "deleted" in entry, "deleted" not in entry
            if "@odata.nextLink" not in page:
                return listed
            link = page["@odata.nextLink"]
        return None
