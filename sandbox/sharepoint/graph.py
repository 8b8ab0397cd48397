"""Graph's addresses: site, drives, items by path and id, shares, contents, delta, batch."""

import base64
import re
from typing import Any, Final
from urllib.parse import parse_qsl, unquote, urlsplit

import orjson

from sandbox.sharepoint.answers import Answer, GraphError, bad, denied, not_found
from sandbox.sharepoint.downloads import Downloads
from sandbox.sharepoint.drive import DRIVE_ID, HOST, SITE_ID, Drive, File
from sandbox.sharepoint.rendering import SITE_PATH, Call, Rendering, folder_id
from sandbox.sharepoint.uploads import Uploads, check_writable, locked

CONTEXT: Final = "https://graph.microsoft.com/v1.0/$metadata#"
BATCH: Final = 20
DELTA_PAGE: Final = 3
# In the tenant, but not granted to the application.
OTHER_SITES: Final = frozenset(["sites/hr", "sites/finance"])

_SITE_BY_PATH = re.compile(r"sites/(?P<host>[^/:]+):/(?P<site>[^:]+?)/?(?::(?:/(?P<rest>.*))?)?")
_SITE = re.compile(r"sites/(?P<id>[^/:]+)(?:/(?P<rest>.*))?")
_BY_PATH = re.compile(r"drives/(?P<drive>[^/]+)/root:/(?P<path>[^:]+?)/?(?::(?:/(?P<action>.+))?)?")
_ROOT = re.compile(r"drives/(?P<drive>[^/]+)/root(?:/(?P<action>.+))?")
_BY_ID = re.compile(r"drives/(?P<drive>[^/]+)/items/(?P<item>[^/:]+)(?:/(?P<action>.+))?")
_DRIVE = re.compile(r"drives/(?P<drive>[^/]+)")
_SHARE = re.compile(r"shares/(?P<share>[^/]+)(?:/(?P<kind>driveItem|root)(?:/(?P<action>.+))?)?")


class Graph:
    """Graph over one site with one library."""

    def __init__(self, drive: Drive, downloads: Downloads, uploads: Uploads) -> None:
        self.drive, self.downloads, self.uploads = drive, downloads, uploads
        self.show = Rendering(drive, downloads)
        self.granted = True

    def answer(self, call: Call) -> Answer:
        """Answer one request.

        Raises:
            GraphError: As Graph would.
        """
        if call.resource == "$batch":
            return self._batch(call)
        by_path = _SITE_BY_PATH.fullmatch(call.resource)
        if by_path:
            return self._site(call, by_path["host"], unquote(by_path["site"]), by_path["rest"])
        site = _SITE.fullmatch(call.resource)
        if site:
            if site["id"] not in {SITE_ID, SITE_ID.split(",")[1]}:
                raise denied() if site["id"].count(",") else not_found()
            return self._site(call, HOST, SITE_PATH, site["rest"])
        share = _SHARE.fullmatch(call.resource)
        if share:
            return self._act(call, self._shared(share["share"]), share["action"])
        return self._drives(call, call.resource)

    def _check_grant(self) -> None:
        if not self.granted:  # Sites.Selected: consent alone grants nothing
            raise denied()

    def _site(self, call: Call, host: str, site: str, rest: str | None) -> Answer:
        if host.lower() != HOST or site.lower() not in {SITE_PATH, *OTHER_SITES}:
            raise not_found()
        if site.lower() != SITE_PATH:
            raise denied()
        self._check_grant()
        if not rest:
            return Answer({"@odata.context": f"{CONTEXT}sites/$entity"} | self.show.site())
        if rest == "drives":
            return Answer({"@odata.context": f"{CONTEXT}drives", "value": [self.show.library()]})
        if rest == "drive":
            return Answer({"@odata.context": f"{CONTEXT}drives/$entity"} | self.show.library())
        if rest == "permissions" and call.method == "POST":
            granted = orjson.loads(call.body)
            return Answer(
                {
                    "id": "1",
                    "roles": granted["roles"],
                    "grantedToIdentitiesV2": granted.get("grantedToIdentities", []),
                },
                201,
            )
        if rest.startswith("drive/"):
            return self._drives(call, f"drives/{DRIVE_ID}/{rest.removeprefix('drive/')}")
        if rest.startswith("drives/"):
            return self._drives(call, rest)
        raise bad(f"Resource not found for the segment '{rest.split('/')[0]}'.")

    def _drives(self, call: Call, resource: str) -> Answer:
        found = _BY_PATH.fullmatch(resource) or _ROOT.fullmatch(resource) or _BY_ID.fullmatch(resource)
        found = found or _DRIVE.fullmatch(resource)
        if found is None:
            raise bad(f"Resource not found for the segment '{resource.split('/', maxsplit=1)[0]}'.")
        if found["drive"] != DRIVE_ID:
            raise not_found()
        self._check_grant()
        parts = found.groupdict()
        if found.re is _DRIVE:
            return Answer({"@odata.context": f"{CONTEXT}drives/$entity"} | self.show.library())
        if found.re is _ROOT:
            return self._folder(call, "", parts["action"])
        if found.re is _BY_PATH:
            path = "/" + unquote(parts["path"])
            if path in self.drive.folders():
                return self._folder(call, path, parts["action"])
            return self._act(call, self.drive.at(path), parts["action"], path)
        folder = next((path for path in self.drive.folders() if folder_id(path) == parts["item"]), None)
        if folder is not None:
            return self._folder(call, folder, parts["action"])
        return self._act(call, self.drive.by_id(parts["item"]), parts["action"])

    def _shared(self, share: str) -> File | None:
        """Return the file a sharing link means: the link itself, as base64url after u!."""
        self._check_grant()
        if not share.startswith("u!"):
            raise GraphError(400, "invalidRequest", "The sharing token is malformed.")
        text = share.removeprefix("u!")
        try:
            url = urlsplit(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode())
        except ValueError:
            raise GraphError(400, "invalidRequest", "The sharing token is malformed.") from None
        path = unquote(url.path)
        for file in self.drive.held():
            if path.lower().endswith(f"/shared documents{file.path}".lower()) or f"/{file.key}" in path:
                return file
        raise not_found()

    # --- items

    def _folder(self, call: Call, path: str, action: str | None) -> Answer:
        if action is None:
            return Answer(
                {"@odata.context": f"{CONTEXT}drives('{DRIVE_ID}')/items/$entity"} | self.show.folder(path)
            )
        if action == "children":
            files = [self.show.item(file, call) for file in self.drive.held() if file.folder == path]
            below = [
                self.show.folder(each)
                for each in sorted(self.drive.folders())
                if each and each.rsplit("/", 1)[0] == path
            ]
            return Answer({"@odata.context": f"{CONTEXT}Collection(driveItem)", "value": below + files})
        if re.fullmatch(r"delta(\(token='.*'\))?", action):
            return self._delta(call)
        raise bad(f"Resource not found for the segment '{action}'.")

    def _act(self, call: Call, file: File | None, action: str | None, path: str = "") -> Answer:
        """Do what is asked of one file, which may not be there yet."""
        where = file.path if file else path
        if action == "content" and call.method == "PUT":
            return self._put(call, where)
        if action == "createUploadSession" and call.method == "POST":
            given = (orjson.loads(call.body) if call.body else {}).get("item") or {}
            behaviour = given.get("@microsoft.graph.conflictBehavior", "replace")
            return self.uploads.start(where, call.headers.get("if-match"), behaviour, call.files)
        if file is None:
            raise not_found()
        if action is None:
            return self._one(call, file)
        if action == "content" and call.method == "GET":
            if call.headers.get("if-none-match") in {self.drive.e_tag(file), self.drive.c_tag(file)}:
                return Answer(None, 304)
            if file.shut:
                raise locked()
            return Answer(None, 302, {"Location": self.downloads.url(call.files, file)})
        if action == "delta":
            return self._delta(call)
        if action.startswith("workbook"):  # "Application: Not supported"
            raise GraphError(
                403, "accessDenied", "Could not obtain a WAC access token.", inner="accessDenied"
            )
        raise bad(f"Resource not found for the segment '{action.split('/')[0]}'.")

    def _one(self, call: Call, file: File) -> Answer:
        if call.method == "GET":
            if call.headers.get("if-none-match") == self.drive.e_tag(file):
                return Answer(None, 304)
            context = {"@odata.context": f"{CONTEXT}drives('{DRIVE_ID}')/items/$entity"}
            return Answer(context | self.show.item(file, call), headers={"ETag": self.drive.e_tag(file)})
        check_writable(self.drive, file.path, call.headers.get("if-match"))
        if call.method == "DELETE":
            self.drive.change(file, deleted=True)
            return Answer(None, 204)
        if call.method == "PATCH":
            self.drive.change(file, name=orjson.loads(call.body).get("name"))
            return Answer(self.show.item(file, call))
        raise GraphError(405, "methodNotAllowed", f"{call.method} is not allowed here.")

    def _put(self, call: Call, path: str) -> Answer:
        behaviour = call.query.get("@microsoft.graph.conflictBehavior", "replace")
        check_writable(self.drive, path, call.headers.get("if-match"), behaviour)
        file, new = self.drive.put(path, call.body)
        return Answer(self.show.item(file, call), 201 if new else 200)

    # --- delta and batch

    def _delta(self, call: Call) -> Answer:
        """Return a page of changes; an item may come twice, and a deleted one without its name."""
        token = call.query.get("token", "")
        link = f"{call.own}/v1.0/drives/{DRIVE_ID}/root/delta?token="
        if token == "latest":  # noqa: S105  a word of the protocol
            return Answer(
                {
                    "@odata.context": f"{CONTEXT}Collection(driveItem)",
                    "@odata.deltaLink": f"{link}d{self.drive.sequence}",
                    "value": [],
                }
            )
        since, skip = self._position(token, link)
        changed = sorted(
            (f for f in self.drive.files.values() if f.sequence > since and not f.hidden),
            key=lambda f: f.sequence,
        )
        if since == 0:
            changed = [file for file in changed if not file.deleted]
        rows = [self._change(file, call) for file in changed]
        if since == 0:
            rows = [self.show.folder(path) for path in sorted(self.drive.folders())] + rows
        page = rows[skip : skip + DELTA_PAGE]
        body: dict[str, Any] = {"@odata.context": f"{CONTEXT}Collection(driveItem)"}
        if skip + DELTA_PAGE < len(rows):
            body["@odata.nextLink"] = f"{link}n{since}.{skip + DELTA_PAGE}"
        else:
            body["@odata.deltaLink"] = f"{link}d{self.drive.sequence}"
            page = rows[skip - 1 : skip] + page if skip else page  # the last of the page before, again
        return Answer(body | {"value": page})

    def _position(self, token: str, link: str) -> tuple[int, int]:
        found = re.fullmatch(r"(?:d(\d+)|n(\d+)\.(\d+))?", token)
        if found is None or 0 < int(found[1] or found[2] or 0) < self.drive.oldest:
            words = "Resync required. Replace any local items with the server's version (including deletes)."
            raise GraphError(
                410,
                "resyncRequired",
                words,
                inner="resyncChangesApplyDifferences",
                headers={"Location": link},
            )
        return int(found[1] or found[2] or 0), int(found[3] or 0)

    def _change(self, file: File, call: Call) -> dict[str, Any]:
        if file.deleted:
            return {
                "id": file.id,
                "deleted": {"state": "deleted"},
                "parentReference": {"driveType": "documentLibrary", "driveId": DRIVE_ID},
            }
        body = self.show.item(file, call)
        if "parentReference" in body:  # a delta leaves the path out
            body["parentReference"] = {k: v for k, v in body["parentReference"].items() if k != "path"}
        return body

    def _batch(self, call: Call) -> Answer:
        """Answer up to twenty requests in one, in no order anybody asked for."""
        requests = orjson.loads(call.body).get("requests", [])
        if not 0 < len(requests) <= BATCH:
            raise bad(f"Number of batch request steps exceeds the maximum value of {BATCH}.")
        return Answer({"responses": [self._step(call, one) for one in reversed(requests)]})

    def _step(self, call: Call, one: dict[str, Any]) -> dict[str, Any]:
        path, _, query = str(one["url"]).partition("?")
        headers = {str(k).lower(): str(v) for k, v in (one.get("headers") or {}).items()}
        body = orjson.dumps(one["body"]) if "body" in one else b""
        inner = Call(
            str(one["method"]),
            unquote(path.strip("/")),
            dict(parse_qsl(query)),
            headers,
            body,
            call.own,
            call.files,
        )
        try:
            answer = self.answer(inner)
        except GraphError as error:
            answer = error.answer()
        step: dict[str, Any] = {"id": one["id"], "status": answer.status, "headers": dict(answer.headers)}
        if answer.body is not None:
            step["headers"]["Content-Type"] = "application/json"
            step["body"] = answer.body
        return step
