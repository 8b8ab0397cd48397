"""Workbooks on SharePoint, through Microsoft Graph, with an application's own rights.

The workbook API needs a person's rights, so the file itself is downloaded: Graph answers `/content`
with 302 to an address that is a credential of its own. That one is asked by a bare client, without
our token, and is never written anywhere.
"""

import base64
from collections.abc import Callable
from typing import Final
from urllib.parse import quote, urlsplit

import httpx

from connectors.base import Json, Traffic
from connectors.entra import token_for
from connectors.errors import (
    AccessDenied,
    ConnectorError,
    MisconfiguredSource,
    SliceUnreadable,
    SourceUnavailable,
)
from connectors.excel.config import ExcelConfig, Workbook
from connectors.excel.download import HEADERS, Downloads
from connectors.excel.files import MOST_BYTES, File
from connectors.http import Http, HttpDenied, HttpError, trust
from connectors.microsoft import MicrosoftToken
from connectors.stopping import rest

_FIELDS: Final = (
    "id,name,size,cTag,eTag,webUrl,file,folder,package,parentReference,remoteItem,lastModifiedDateTime"
)
_TRIES: Final = 4
_REFUSALS: Final = (401, 403)
_GRANT: Final = (
    "Give the app registration Sites.Selected and grant it read on the site (docs: Excel on SharePoint), or "
    "Files.Read.All with admin consent"
)


class SharePoint:
    """One site's files, and share links, for one app registration."""

    def __init__(
        self,
        config: ExcelConfig,
        *,
        source: str,
        traffic: Traffic,
        connections: int = 8,
        transport: httpx.BaseTransport | None = None,
        token: httpx.Auth | None = None,
        sleep: Callable[[float], None] = rest,
    ) -> None:
        if config.auth is None:
            raise MisconfiguredSource("SharePoint needs auth", source=source)
        self._config = config
        self._source = source
        graph = urlsplit(config.graph_url)
        self._token = token or token_for(
            config.auth,
            scope=f"{graph.scheme}://{graph.netloc}/.default",
            ca_bundle=config.ca_bundle,
            proxy=config.proxy,
            source=source,
        )
        self._http = Http(
            source,
            base_url=config.graph_url,
            auth=self._token,
            headers=HEADERS,
            ca_bundle=config.ca_bundle,
            proxy=config.proxy,
            transport=transport,
            traffic=traffic,
            connections=connections,
            sleep=sleep,
            login_hint="Check tenant, client_id and client_secret or certificate.",
            option="graph_url",
        )
        self._downloads = Downloads(
            transport
            or httpx.HTTPTransport(
                verify=trust(source, config.ca_bundle), proxy=config.proxy, trust_env=False
            ),
            source=source,
            traffic=traffic,
            sleep=sleep,
        )
        self._drives: dict[str | None, str] = {}

    def about(self) -> list[tuple[str, str]]:
        """Say which rights the token carries and which site is seen."""
        said: list[tuple[str, str]] = []
        if isinstance(self._token, MicrosoftToken):
            roles = self._token.roles()
            words = "which permissions it has the token does not say" if roles is None else ", ".join(roles)
            said.append(
                ("sign-in", f"as application {self._token.client_id}; {words or 'without any permission'}")
            )
        if self._config.site is not None:
            site = self._site()
            said.append(
                ("site", f"{site.get('displayName') or site.get('name') or self._config.site} is seen")
            )
        return said

    def fetch(self, workbook: Workbook, known: Json | None) -> File | None:
        """Download a workbook whose content tag has moved; the same tag before and after proves one whole version."""
        label = label_of(workbook)
        item = self._item(workbook, known, label)
        if known is not None and known.get("ctag") == item["cTag"] and known.get("item") == item["id"]:
            return None
        for _ in range(_TRIES):
            drive, key = item["parentReference"]["driveId"], item["id"]
            request, body = self._content(drive, key, item, label)
            again = self._get(f"/drives/{drive}/items/{key}", label)
            if again["cTag"] == item["cTag"]:
                position: Json = {"drive": drive, "item": key, "ctag": item["cTag"], "etag": item.get("eTag")}
                return File(item["name"], body, request, position, item.get("webUrl"))
            item = again
        raise self._unreadable(label, "was saved again each time it was downloaded; the next run tries again")

    def close(self) -> None:
        """Give the connections back."""
        self._http.close()
        self._downloads.close()

    def _item(self, workbook: Workbook, known: Json | None, label: str) -> Json:
        """Find the drive item: by its id when it is known, else by share link or path."""
        item: Json | None = None
        if known is not None and known.get("item"):
            try:
                item = self._get(f"/drives/{known['drive']}/items/{known['item']}", label)
            except SliceUnreadable:
                item = None  # deleted and uploaded anew: its path or link still leads to it
        if item is None:
            item = (
                self._by_link(workbook, label) if workbook.url is not None else self._by_path(workbook, label)
            )
        if remote := item.get("remoteItem"):
            item = self._get(f"/drives/{remote['parentReference']['driveId']}/items/{remote['id']}", label)
        if "folder" in item or "cTag" not in item:
            raise self._unreadable(label, "is a folder, not a workbook; give the path of a file")
        return item

    def _by_link(self, workbook: Workbook, label: str) -> Json:
        link = workbook.url.get_secret_value() if workbook.url else ""
        token = base64.urlsafe_b64encode(link.encode()).decode().rstrip("=")
        return self._get(f"/shares/u!{token}/driveItem", label, shared=True)

    def _by_path(self, workbook: Workbook, label: str) -> Json:
        drive = self._drive(workbook.library)
        path = _encoded(workbook.path or "")
        try:
            return self._get(f"/drives/{drive}/root:/{path}", label)
        except SliceUnreadable as missing:
            there = self._neighbours(drive, workbook.path or "")
            if there is None:
                raise
            raise self._unreadable(label, f"is not there; {there}. Correct path") from missing

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

    def _site(self) -> Json:
        host, _, path = (self._config.site or "").partition(":")
        address = f"/sites/{host}:/{quote(path.strip('/'))}" if path.strip("/") else f"/sites/{host}"
        try:
            site: Json = self._http.get(address).json()
        except HttpDenied as denied:
            raise self._denied(denied, f"may not see the site {self._config.site}. {_GRANT}") from denied
        except HttpError as error:
            raise MisconfiguredSource(
                f"there is no site {self._config.site} (HTTP {error.status}). Write it as host:/sites/name, as in the "
                "browser's address",
                source=self._source,
            ) from error
        return site

    def _drive(self, library: str | None) -> str:
        """Return the id of the site's document library."""
        if library not in self._drives:
            site = self._site()["id"]
            try:
                if library is None:
                    self._drives[library] = self._http.get(f"/sites/{site}/drive", {"$select": "id"}).json()[
                        "id"
                    ]
                else:
                    self._drives[library] = self._named_drive(site, library)
            except HttpDenied as denied:
                words = f"may not see the document library of {self._config.site}. {_GRANT}"
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

    def _get(self, path: str, label: str, *, shared: bool = False) -> Json:
        """Ask for one drive item."""
        try:
            item: Json = self._http.get(path, {"$select": _FIELDS}).json()
        except HttpDenied as denied:
            if denied.status not in _REFUSALS:
                raise self._denied(denied, "") from denied
            raise self._unreadable(label, f"may not be read (HTTP {denied.status}). {_GRANT}") from denied
        except HttpError as error:
            raise self._unreadable(label, _words(error, shared=shared)) from error
        except SourceUnavailable as error:
            if not shared:
                raise
            raise SourceUnavailable(  # in words that do not quote the link, for it is a key
                f"{label}: SharePoint does not answer for the share link; the next run tries again",
                source=self._source,
                retry_after_s=error.retry_after_s,
            ) from None
        return item

    def _content(self, drive: str, key: str, item: Json, label: str) -> tuple[str, bytes]:
        """Download a file, asking for a new address when the one given has run out."""
        size = int(item.get("size") or 0)
        if size > MOST_BYTES:
            raise self._unreadable(label, f"has {size >> 20} MB, more than {MOST_BYTES >> 20} MB")
        for _ in range(_TRIES):
            try:
                answer = self._http.get(f"/drives/{drive}/items/{key}/content", ok=(200, 302))
            except HttpDenied as denied:
                raise self._unreadable(
                    label, f"may not be downloaded (HTTP {denied.status}). {_GRANT}"
                ) from denied
            except HttpError as error:
                raise self._unreadable(label, _words(error)) from error
            if answer.status == httpx.codes.OK:
                return answer.request, answer.content
            body = self._downloads.fetch(answer.headers.get("location", ""), size, label)
            if body is not None:
                return answer.request, body
        raise self._unreadable(
            label, "could not be downloaded: each address given for it had run out; try again later"
        )

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


def label_of(workbook: Workbook) -> str:
    """Call a workbook what a person does; a share link is a secret, so it has no name until it is opened."""
    return (workbook.path or "a shared workbook").strip("/")


def _encoded(path: str) -> str:
    return "/".join(quote(part, safe="") for part in path.strip("/").split("/"))


def _words(error: HttpError, *, shared: bool = False) -> str:
    """Say what Graph's refusal means for one file."""
    known: dict[int, str] = {
        404: "is not there" if not shared else "is not there any more, or the share link was withdrawn",
        423: "is locked: somebody has it checked out or open exclusively. The next run tries again",
        409: "is locked: somebody has it open exclusively. The next run tries again",
        412: "was changed while it was read. The next run tries again",
        410: "was deleted",
    }
    return known.get(error.status, f"could not be had (HTTP {error.status})")
