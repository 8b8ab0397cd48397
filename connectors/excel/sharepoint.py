"""Workbooks on SharePoint, through Microsoft Graph, with an application's own rights.

The workbook API needs a person's rights, so the file itself is downloaded: Graph answers `/content`
with 302 to an address that is a credential of its own. That one is asked by a bare client, without
our token, and is never written anywhere.
"""

from collections.abc import Callable
from typing import Final
from urllib.parse import unquote, urlsplit

import httpx

from connectors.base import Json, Traffic
from connectors.entra import token_for
from connectors.errors import (
    MisconfiguredSource,
    SliceUnreadable,
)
from connectors.excel.config import ExcelConfig, Workbook
from connectors.excel.delivery import Delivered
from connectors.excel.delta import Changes
from connectors.excel.download import HEADERS, Downloads
from connectors.excel.files import MOST_BYTES, STAYS, File, WorkbookGone, label_of
from connectors.excel.library import GRANT, Library, refusal_words
from connectors.excel.quickxor import quick_xor_hash
from connectors.excel.upload import Uploads
from connectors.guard import GuardedTransport
from connectors.http import Http, HttpDenied, HttpError, trust
from connectors.microsoft import MicrosoftToken
from connectors.stopping import rest

_TRIES: Final = 4


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
        bare = transport or GuardedTransport(
            source=source, option="graph_url", verify=trust(source, config.ca_bundle), proxy=config.proxy
        )
        self._downloads = Downloads(bare, source=source, traffic=traffic, sleep=sleep)
        self._uploads = Uploads(self._http, bare, source=source, traffic=traffic, sleep=sleep)
        self._changes = Changes(self._http)
        self._library = Library(config, self._http, source)

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
            site = self._library.site()
            said.append(
                ("site", f"{site.get('displayName') or site.get('name') or self._config.site} is seen")
            )
        return said

    def fetch(self, workbook: Workbook, known: Json | None) -> File | None:
        """Download a workbook whose content tag has moved; the same tag before and after proves one whole version."""
        label = label_of(workbook)
        item, notes = self._find(workbook, known, label)
        if known is not None and known.get("ctag") == item["cTag"] and known.get("item") == item["id"]:
            return None
        doubted = 0
        for _ in range(_TRIES):
            drive, key = item["parentReference"]["driveId"], item["id"]
            request, body = self._content(drive, key, item, label)
            again = self._library.get(f"/drives/{drive}/items/{key}", label)
            if again["cTag"] == item["cTag"] and (_is_whole(again, body) or doubted):
                if not _is_whole(again, body):
                    notes.append(
                        f"{label}: SharePoint's own hash of it is another than that of what was downloaded"
                    )
                position: Json = {"drive": drive, "item": key, "ctag": item["cTag"], "etag": item.get("eTag")}
                position["delta"] = self._changes.latest(drive)
                return File(item["name"], body, request, position, item.get("webUrl"), tuple(notes))
            doubted += again["cTag"] == item["cTag"]
            item = again
        raise self._unreadable(label, "was saved again each time it was downloaded; the next run tries again")

    def put(self, workbook: Workbook, body: bytes, known: Json | None) -> Delivered:
        """Upload a workbook to its path, unless what stands there is not what `known` stands for."""
        if workbook.path is None or self._config.site is None:
            raise MisconfiguredSource(
                "to send workbooks the source needs its site, and a path in it", source=self._source
            )
        return self._uploads.put(self._library.drive(workbook.library), workbook.path, body, known)

    def close(self) -> None:
        """Give the connections back."""
        self._http.close()
        self._downloads.close()

    def _find(self, workbook: Workbook, known: Json | None, label: str) -> tuple[Json, list[str]]:
        """Find the drive item: by its id when it is known, else by share link or path; say when it is elsewhere."""
        if known is None or not known.get("item"):
            return self._file(self._library.configured(workbook, label), label), []
        try:
            item = self._library.get(f"/drives/{known['drive']}/items/{known['item']}", label)
        except WorkbookGone:
            return self._instead(workbook, known, label)
        if workbook.path is not None and not _is_at(item, workbook.path):
            where = f"{_place(item)}/{item['name']}"
            try:
                other = self._library.configured(workbook, label)
            except SliceUnreadable:
                note = f"{label} is now {where.lstrip('/')}; it was followed by its id. Correct path"
                return self._file(item, label), [note]
            if other["id"] != item["id"]:
                note = f"{label} is another file than last time, which is now {where.lstrip('/')}; the new one was read"
                return self._file(other, label), [note]
        return self._file(item, label), []

    def _instead(self, workbook: Workbook, known: Json, label: str) -> tuple[Json, list[str]]:
        """Find what stands in a file's place; where nothing does, say what became of it.

        Raises:
            WorkbookGone: It is not there any more, with what SharePoint says of it.
        """
        try:
            item = self._library.configured(workbook, label)
        except WorkbookGone as gone:
            found = self._changes.fate(known["drive"], known["item"], known.get("delta"), label)
            if found is None:
                raise
            raise WorkbookGone(
                f"{found.says}. {STAYS}", source=self._source, slice_=label, absence=found
            ) from gone
        note = f"{label} is another file than last time: deleted and uploaded anew, or replaced; the new one was read"
        return self._file(item, label), [note]

    def _file(self, item: Json, label: str) -> Json:
        """Follow a shortcut, and refuse what is no file."""
        if remote := item.get("remoteItem"):
            item = self._library.get(
                f"/drives/{remote['parentReference']['driveId']}/items/{remote['id']}", label
            )
        if "folder" in item or "cTag" not in item:
            raise self._unreadable(label, "is a folder, not a workbook; give the path of a file")
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
                    label, f"may not be downloaded (HTTP {denied.status}). {GRANT}"
                ) from denied
            except HttpError as error:
                raise self._unreadable(label, refusal_words(error)) from error
            if answer.status == httpx.codes.OK:
                return answer.request, answer.content
            body = self._downloads.fetch(answer.headers.get("location", ""), size, label)
            if body is not None:
                return answer.request, body
        raise self._unreadable(
            label, "could not be downloaded: each address given for it had run out; try again later"
        )

    def _unreadable(self, label: str, words: str) -> SliceUnreadable:
        return SliceUnreadable(words, source=self._source, slice_=label)


def _is_whole(item: Json, body: bytes) -> bool:
    """Hold a download against SharePoint's own hash, where it has one already."""
    said = (item.get("file") or {}).get("hashes", {}).get("quickXorHash")
    return not said or said == quick_xor_hash(body)


def _place(item: Json) -> str:
    """Return the path of the folder an item is in, "" for the root or where Graph leaves it out."""
    return unquote(str(item.get("parentReference", {}).get("path", "")).partition("root:")[2]).rstrip("/")


def _is_at(item: Json, path: str) -> bool:
    """Tell whether an item is where the configuration says, upper and lower case aside as SharePoint does."""
    wanted = "/" + path.strip("/")
    there = f"{_place(item)}/{item.get('name', '')}"
    if "path" not in item.get("parentReference", {}):
        wanted = wanted[wanted.rfind("/") :]
    return there.casefold() == wanted.casefold()
