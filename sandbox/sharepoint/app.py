"""The https program: which part answers, the bearer token, and the control of clock and content."""

import base64
import re
import shutil
import tempfile
import time
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qsl

import orjson

from sandbox import tokens, workbooks
from sandbox.faults import read_body, send_bytes
from sandbox.options import App, Options, Receive, Scope, Send
from sandbox.sharepoint import authority
from sandbox.sharepoint.answers import Answer, GraphError
from sandbox.sharepoint.certificates import write_certificates
from sandbox.sharepoint.downloads import Downloads
from sandbox.sharepoint.drive import Drive, File
from sandbox.sharepoint.graph import Graph
from sandbox.sharepoint.rendering import Call
from sandbox.sharepoint.uploads import Uploads

FOLDER: Final = "/Programme"
GRAPH: Final = "/v1.0/"
ROLES: Final = ["Sites.Selected"]
_GRAPH_AUDIENCES: Final = frozenset(["https://graph.microsoft.com", "00000003-0000-0000-c000-000000000000"])
_AUTHORITY = re.compile(
    r"/(?P<tenant>[^/]+)/(?P<what>(?:v2\.0/)?\.well-known/openid-configuration|oauth2/v2\.0/token)"
)
_UPLOAD = re.compile(r"/sites/pmo/_api/v2\.0/drives/[^/]+/uploadSession")


class SharePoint:
    """One program for the three hosts that Microsoft has: the authority, Graph, and the file host."""

    def __init__(self, drive: Drive, port: int, folder: Path) -> None:
        self.drive = drive
        self.downloads, self.uploads = Downloads(drive), Uploads(drive)
        self.graph = Graph(drive, self.downloads, self.uploads)
        self._port, self._folder = port, folder
        self._token_s, self._revoked_before, self._near = 3599, 0.0, 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        if scope["type"] != "http":
            return
        body = await read_body(receive) if scope["method"] not in {"GET", "HEAD"} else b""
        headers = {
            name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]
        }
        query = dict(parse_qsl(scope["query_string"].decode(), keep_blank_values=True))
        try:
            answer = self._answer(scope["method"], scope["path"], query, headers, body)
        except GraphError as error:
            answer = error.answer()
        await _send(send, answer)

    async def _live(self, receive: Receive, send: Send) -> None:
        """Wait for the server's end, and take the certificates away then."""
        while True:
            message = await receive()
            ended = message["type"] == "lifespan.shutdown"
            if ended:
                shutil.rmtree(self._folder, ignore_errors=True)
            await send({"type": f"{message['type']}.complete"})
            if ended:
                return

    def _answer(
        self, method: str, path: str, query: dict[str, str], headers: Mapping[str, str], body: bytes
    ) -> Answer:
        if path.startswith("/_sandbox/"):
            return self._control(method, path.removeprefix("/_sandbox/"), body)
        host = headers.get("host", f"127.0.0.1:{self._port}")
        own = f"https://{host}"
        # Files live on another host than Graph: an origin of its own, that wants no token.
        name, port = ("127.0.0.1" if host.startswith("localhost") else "localhost"), host.rpartition(":")[2]
        files = f"https://{name}:{port}"
        if path.startswith(GRAPH):
            self._check_token(headers.get("authorization", ""), host)
            call = Call(method, path.removeprefix(GRAPH).strip("/"), query, headers, body, own, files)
            answer = self.graph.answer(call)
            return Answer(answer.body, answer.status, {**answer.headers, **self._near_limit()})
        if self.downloads.is_one(path):
            return self.downloads.answer(query, headers)
        if _UPLOAD.fullmatch(path):
            done = self.uploads.take(method, query.get("guid", ""), headers, body)
            if not isinstance(done, File):
                return done
            call = Call("GET", "", {}, headers, b"", own, files)
            return Answer(self.graph.show.item(done, call), 201 if done.changes == 1 else 200)
        return self._authority(path, own, body)

    def _near_limit(self) -> dict[str, str]:
        """Return the headers that come on right answers too, once four fifths of the limit are used."""
        if not self._near:
            return {}
        self._near -= 1
        return {"RateLimit-Limit": "1200", "RateLimit-Remaining": "120", "RateLimit-Reset": "5"}

    def _authority(self, path: str, own: str, body: bytes) -> Answer:
        if path == "/common/discovery/instance":
            return authority.discovery(own)
        found = _AUTHORITY.fullmatch(path)
        if found is None:
            return Answer(b"<html><body>Not found</body></html>", 404, {"Content-Type": "text/html"})
        if found["what"].endswith("openid-configuration"):
            return authority.configuration(own, found["tenant"])
        return authority.token(found["tenant"], body, ROLES, self._token_s)

    def _check_token(self, header: str, host: str) -> None:
        """Refuse a token that is missing, not ours, for somebody else, expired or revoked.

        Raises:
            GraphError: 401.
        """
        scheme, _, token = header.partition(" ")
        found = tokens.claims(token) if scheme.lower() == "bearer" else None
        ours = {*_GRAPH_AUDIENCES, f"https://{host}"}
        if not header:
            words = "Access token is empty."
        elif found is None:
            words = "IDX14100: JWT is not well formed."
        elif found["aud"] not in ours:
            words = "Access token validation failure. Invalid audience."
        elif tokens.expired(found) or found["iat"] < self._revoked_before:
            words = "Lifetime validation failed, the token is expired."
        else:
            return
        challenge = (
            'Bearer realm="", authorization_uri="https://login.microsoftonline.com/common/oauth2/authorize"'
        )
        raise GraphError(401, "InvalidAuthenticationToken", words, headers={"WWW-Authenticate": challenge})

    # --- control

    def _control(self, method: str, what: str, body: bytes) -> Answer:
        wanted = orjson.loads(body) if body else {}
        if what == "clock" and method == "POST":
            self.drive.turn(date.fromisoformat(wanted["date"]))
            return Answer({"date": str(self.drive.clock)})
        if what == "truth":
            return Answer({
                "clock": str(self.drive.clock), "week": self.drive.week,
                "files": {file.path: {"id": file.id, "cTag": self.drive.c_tag(file), "eTag": self.drive.e_tag(file),
                                      "size": len(self.drive.read(file))} for file in self.drive.held()},
                "rows": workbooks.counts(self.drive.anchor, self.drive.clock),
            })  # fmt: skip
        if what == "edit" and method == "POST":
            return self._edit(wanted)
        return Answer({"error": f"there is no {method} /_sandbox/{what}"}, 404)

    def _edit(self, wanted: dict[str, Any]) -> Answer:
        """Change a file, or the service.

        Of a file, by its `path`: `content` in base64, `lock` (true, or "read" to shut readers out too), `touch`,
        `delete`, `restore`, `rename`, `move` (to a folder), `hide` (from this application), `waiting` (contents
        that others save, one while each download is sent).
        Of the service: `grant` (false withdraws the site), `revoke_tokens`, `token_seconds`,
        `download_seconds`, `expire_delta`, `near_limit` (for how many answers).
        """
        self._near = int(wanted.get("near_limit", self._near))
        self.graph.granted = bool(wanted.get("grant", self.graph.granted))
        self._token_s = int(wanted.get("token_seconds", self._token_s))
        self.downloads.lifetime_s = int(wanted.get("download_seconds", self.downloads.lifetime_s))
        if wanted.get("revoke_tokens"):
            self._revoked_before = time.time()
        if wanted.get("expire_delta"):
            self.drive.oldest = self.drive.sequence + 1
            self.drive.sequence += 1
        if "path" in wanted:
            return self._edit_file(str(wanted["path"]), wanted)
        return Answer({})

    def _edit_file(self, path: str, wanted: dict[str, Any]) -> Answer:
        file = self.drive.at(path)
        if "content" in wanted:
            file, _ = self.drive.put(path, base64.b64decode(wanted["content"]))
        if file is None and ("restore" in wanted or "hide" in wanted):
            file = next((each for each in self.drive.files.values() if each.path == path), None)
        if file is None:
            return Answer({"error": f"no file {path}"}, 404)
        if "lock" in wanted:
            file.locked, file.shut = bool(wanted["lock"]), wanted["lock"] == "read"
        file.hidden = bool(wanted.get("hide", file.hidden))
        file.waiting += [base64.b64decode(each) for each in wanted.get("waiting", ())]
        if any(wanted.get(name) for name in ("touch", "delete", "restore", "rename", "move")):
            deleted = True if wanted.get("delete") else (False if wanted.get("restore") else None)
            self.drive.change(file, deleted=deleted, name=wanted.get("rename"), folder=wanted.get("move"))
        return Answer({"id": file.id, "path": file.path, "cTag": self.drive.c_tag(file)})


async def _send(send: Send, answer: Answer) -> None:
    if answer.body is None:
        content = b""
    else:
        content = answer.body if isinstance(answer.body, bytes) else orjson.dumps(answer.body)
    kind = answer.headers.get("Content-Type", "application/json;odata.metadata=minimal;charset=utf-8")
    others = {name: value for name, value in answer.headers.items() if name != "Content-Type"}
    await send_bytes(send, answer.status, content, kind, others)


def create(options: Options) -> tuple[App, dict[str, Any]]:
    """Return the program, with certificates in a folder that goes when the process does."""

    def content(clock: date) -> dict[str, bytes]:
        if options.recorded is not None:
            found = sorted(file for file in options.recorded.rglob("*") if file.is_file())
            return {f"/{file.relative_to(options.recorded).as_posix()}": file.read_bytes() for file in found}
        files = workbooks.library(options.anchor, clock, rows=options.issues)
        return {f"{FOLDER}/{name}": data for name, data in files.items()}

    folder = Path(tempfile.mkdtemp(prefix="sandbox-sharepoint-"))
    ca, certificate, key = write_certificates(folder)
    url = f"https://127.0.0.1:{options.port}"
    info = {
        "authority": url, "tenant": authority.TENANT, "graph_url": f"{url}/v1.0", "ca_bundle": str(ca),
        "site": "contoso.sharepoint.example:/sites/pmo", "tls": (str(certificate), str(key)),
    }  # fmt: skip
    return SharePoint(Drive(content, options.anchor, options.clock), options.port, folder), info
