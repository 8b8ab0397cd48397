"""How Graph shows the site, its library, folders and files."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

from sandbox.sharepoint.downloads import Downloads
from sandbox.sharepoint.drive import DRIVE_ID, HOST, SITE_ID, Drive, File, guid

SITE_PATH: Final = "sites/pmo"


@dataclass(frozen=True, slots=True)
class Call:
    """A request below /v1.0; `own` is the address Graph was called by, `files` that of the other host."""

    method: str
    resource: str
    query: dict[str, str]
    headers: Mapping[str, str]
    body: bytes
    own: str
    files: str


def folder_id(path: str) -> str:
    """Return a folder's drive item id."""
    return "01FOLDER" + guid("folder", path).replace("-", "")[:26]


class Rendering:
    """Renders what the drive holds."""

    def __init__(self, drive: Drive, downloads: Downloads) -> None:
        self.drive, self.downloads = drive, downloads

    def site(self) -> dict[str, Any]:
        """Render the site."""
        url = f"https://{HOST}/{SITE_PATH}"
        return {
            "createdDateTime": "2024-01-05T08:00:00Z", "description": "Project office", "id": SITE_ID,
            "lastModifiedDateTime": self.drive.now.strftime("%Y-%m-%dT%H:%M:%SZ"), "name": "pmo", "webUrl": url,
            "displayName": "PMO", "root": {}, "siteCollection": {"hostname": HOST},
        }  # fmt: skip

    def library(self) -> dict[str, Any]:
        """Render the library as a drive."""
        return {
            "createdDateTime": "2024-01-05T08:00:00Z", "description": "", "id": DRIVE_ID,
            "driveType": "documentLibrary",
            "lastModifiedDateTime": self.drive.now.strftime("%Y-%m-%dT%H:%M:%SZ"), "name": "Documents",
            "webUrl": f"https://{HOST}/{SITE_PATH}/Shared%20Documents",
            "owner": {"group": {"displayName": "PMO Owners", "id": guid("group").lower()}},
            "quota": {"deleted": 0, "remaining": 10**12, "state": "normal", "total": 10**12, "used": 10**6},
        }  # fmt: skip

    def folder(self, path: str) -> dict[str, Any]:
        """Render a folder as a drive item."""
        count = sum(file.folder == path for file in self.drive.held())
        stamp = self.drive.now.strftime("%Y-%m-%dT%H:%M:%SZ")
        body: dict[str, Any] = {
            "createdDateTime": "2024-01-05T08:00:00Z", "eTag": f'"{{{guid("folder", path)}}},1"', "id": folder_id(path),
            "cTag": f'"c:{{{guid("folder", path)}}},0"', "lastModifiedDateTime": stamp,
            "name": path.rsplit("/", 1)[-1] or "root",
            "size": sum(len(self.drive.read(file)) for file in self.drive.held() if file.path.startswith(f"{path}/")),
            "webUrl": f"https://{HOST}/{SITE_PATH}/Shared%20Documents{quote(path)}", "folder": {"childCount": count},
        }  # fmt: skip
        if path:
            return body | {"parentReference": self._parent(path.rsplit("/", 1)[0])}
        return body | {"root": {}, "parentReference": {"driveType": "documentLibrary", "driveId": DRIVE_ID}}

    def _parent(self, path: str) -> dict[str, str]:
        return {
            "driveType": "documentLibrary", "driveId": DRIVE_ID, "id": folder_id(path),
            "name": path.rsplit("/", 1)[-1] or "root",
            "path": f"/drives/{DRIVE_ID}/root:{path}", "siteId": SITE_ID.split(",")[1],
        }  # fmt: skip

    def item(self, file: File, call: Call) -> dict[str, Any]:
        """Render a file as a drive item, whole or what `$select` asks for."""
        who = {
            "user": {
                "email": "pmo@contoso.example",
                "id": guid("user").lower(),
                "displayName": "Project office",
            }
        }
        stamp = self.drive.modified(file).strftime("%Y-%m-%dT%H:%M:%SZ")
        body: dict[str, Any] = {
            "@microsoft.graph.downloadUrl": self.downloads.url(call.files, file),
            "createdDateTime": f"{file.born}T08:00:00Z", "eTag": self.drive.e_tag(file), "id": file.id,
            "lastModifiedDateTime": stamp, "name": file.name, "size": len(self.drive.read(file)),
            "webUrl": f"https://{HOST}/{SITE_PATH}/_layouts/15/Doc.aspx?sourcedoc=%7B{file.key}%7D&file={quote(file.name)}&action=default",
            "cTag": self.drive.c_tag(file), "createdBy": who, "lastModifiedBy": who,
            "parentReference": self._parent(file.folder),
            "file": {"mimeType": file.mime, "hashes": {"quickXorHash": self.drive.hash(file)}},
            "fileSystemInfo": {"createdDateTime": f"{file.born}T08:00:00Z", "lastModifiedDateTime": stamp},
        }  # fmt: skip
        chosen = [name.strip() for name in call.query.get("$select", "").split(",") if name.strip()]
        return {name: body[name] for name in chosen if name in body} if chosen else body
