"""A SharePoint site's libraries: its files by path, by id and by share link, as Graph shows them."""

import base64
from typing import Final
from urllib.parse import quote

from connectors.base import Absence, Fate, Json
from connectors.errors import (
    AccessDenied,
    ConnectorError,
    MisconfiguredSource,
    SliceUnreadable,
    SourceUnavailable,
)
from connectors.excel.config import ExcelConfig, Workbook
from connectors.excel.files import WorkbookGone
from connectors.http import Http, HttpDenied, HttpError

_FIELDS: Final = (
    "id,name,size,cTag,eTag,webUrl,file,folder,package,parentReference,remoteItem,lastModifiedDateTime"
)
_REFUSALS: Final = (401, 403)
_GONE: Final = (404, 410)
GRANT: Final = (
    "Give the app registration Sites.Selected and grant it read on the site (docs: Excel on SharePoint), or "
    "Files.Read.All with admin consent"
)


class Library:
    """The document libraries of one site."""

    def __init__(self, config: ExcelConfig, http: Http, source: str) -> None:
        self._config = config
        self._http = http
        self._source = source
        self._drives: dict[str | None, str] = {}

    def configured(self, workbook: Workbook, label: str) -> Json:
        """Find what the configuration says, by share link or by path."""
        return self._by_link(workbook, label) if workbook.url is not None else self._by_path(workbook, label)

    def _by_link(self, workbook: Workbook, label: str) -> Json:
        link = workbook.url.get_secret_value() if workbook.url else ""
        token = base64.urlsafe_b64encode(link.encode()).decode().rstrip("=")
        return self.get(f"/shares/u!{token}/driveItem", label, shared=True)

    def _by_path(self, workbook: Workbook, label: str) -> Json:
        drive = self.drive(workbook.library)
        path = _encoded(workbook.path or "")
        try:
            return self.get(f"/drives/{drive}/root:/{path}", label)
        except WorkbookGone as missing:
            there = self._neighbours(drive, workbook.path or "") if missing.absence is None else None
            if there is None:
                raise
            words = f"is not there; {there}. Correct path"
            raise WorkbookGone(words, source=self._source, slice_=label) from missing

    def _neighbours(self, drive: str, path: str) -> str | None:
        """List what is beside a file that is not there, if that can be had."""
        folder = path.strip("/").rpartition("/")[0]
        where = f"root:/{_encoded(folder)}:" if folder else "root"
        try:
            found = self._http.get(
                f"/drives/{drive}/{where}/children", {"$select": "name", "$top": 50}
            ).json()
        except ConnectorError:
            return None
        names = ", ".join(sorted(entry["name"] for entry in found.get("value", ()))[:30])
        return f"the folder /{folder} holds {names or 'nothing'}"

    def site(self) -> Json:
        """Return the site."""
        host, _, path = (self._config.site or "").partition(":")
        address = f"/sites/{host}:/{quote(path.strip('/'))}" if path.strip("/") else f"/sites/{host}"
        try:
            site: Json = self._http.get(address).json()
        except HttpDenied as denied:
            raise self._denied(denied, f"may not see the site {self._config.site}. {GRANT}") from denied
        except HttpError as error:
            raise MisconfiguredSource(
                f"there is no site {self._config.site} (HTTP {error.status}). Write it as host:/sites/name, as in the "
                "browser's address",
                source=self._source,
            ) from error
        return site

    def drive(self, library: str | None) -> str:
        """Return the id of the site's document library."""
        if library not in self._drives:
            site = self.site()["id"]
            try:
                if library is None:
                    self._drives[library] = self._http.get(f"/sites/{site}/drive", {"$select": "id"}).json()[
                        "id"
                    ]
                else:
                    self._drives[library] = self._named_drive(site, library)
            except HttpDenied as denied:
                words = f"may not see the document library of {self._config.site}. {GRANT}"
                raise self._denied(denied, words) from denied
        return self._drives[library]

    def _named_drive(self, site: str, library: str) -> str:
        drives = self._http.get(f"/sites/{site}/drives", {"$select": "id,name"}).json().get("value", ())
        for drive in drives:
            if drive.get("name", "").casefold() == library.casefold():
                return str(drive["id"])
        names = ", ".join(sorted(drive.get("name", "") for drive in drives))
        raise MisconfiguredSource(
            f"the site {self._config.site} has no document library {library!r}; it has: {names}",
            source=self._source,
        )

    def get(self, path: str, label: str, *, shared: bool = False) -> Json:
        """Ask for one drive item."""
        try:
            item: Json = self._http.get(path, {"$select": _FIELDS}).json()
        except HttpDenied as denied:
            if denied.status not in _REFUSALS:
                raise self._denied(denied, "") from denied
            words = f"may not be read (HTTP {denied.status}). {GRANT}"
            hidden = Absence(Fate.ACCESS_LOST, f"{label} may not be read any more (HTTP {denied.status})")
            raise WorkbookGone(words, source=self._source, slice_=label, absence=hidden) from denied
        except HttpError as error:
            words = refusal_words(error, shared=shared)
            if error.status in _GONE:
                raise WorkbookGone(words, source=self._source, slice_=label) from error
            raise self._unreadable(label, words) from error
        except SourceUnavailable as error:
            if not shared:
                raise
            raise SourceUnavailable(  # in words that do not quote the link, for it is a key
                f"{label}: SharePoint does not answer for the share link; the next run tries again",
                source=self._source,
                retry_after_s=error.retry_after_s,
            ) from None
        return item

    def _denied(self, denied: HttpDenied, words: str) -> ConnectorError:
        """Tell a refusal from a web page: what answers with one is no Graph, or something stands before it."""
        if denied.status in _REFUSALS:
            return AccessDenied(words, source=self._source)
        return MisconfiguredSource(
            f"{self._config.graph_url} answers with a web page, not as Microsoft Graph does. Correct graph_url, or ask "
            "what stands between Muster and it",
            source=self._source,
        )

    def _unreadable(self, label: str, words: str) -> SliceUnreadable:
        return SliceUnreadable(words, source=self._source, slice_=label)


def _encoded(path: str) -> str:
    return "/".join(quote(part, safe="") for part in path.strip("/").split("/"))


def refusal_words(error: HttpError, *, shared: bool = False) -> str:
    """Say what Graph's refusal means for one file."""
    known: dict[int, str] = {
        404: "is not there" if not shared else "is not there any more, or the share link was withdrawn",
        423: "is locked: somebody has it checked out or open exclusively. The next run tries again",
        409: "is locked: somebody has it open exclusively. The next run tries again",
        412: "was changed while it was read. The next run tries again",
        410: "was deleted",
    }
    return known.get(error.status, f"could not be had (HTTP {error.status})")
