"""Azure's managed identity endpoints on loopback: that of a virtual machine, and that of App Service."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import orjson


@dataclass
class Machine:
    """What the endpoint answers: a numbered token, or `refusal` (status and body) for ever."""

    url: str = ""
    issued: int = 0
    refusal: tuple[int, Any] | None = None
    header: str = "identity-header-marker"  # App Service wants to see it
    asked: list[dict[str, Any]] = field(default_factory=list)

    def environment(self, kind: str) -> dict[str, str]:
        """Return the variables that Azure sets on such a machine."""
        if kind == "app service":
            return {"IDENTITY_ENDPOINT": f"{self.url}/msi/token", "IDENTITY_HEADER": self.header}
        return {"AZURE_POD_IDENTITY_AUTHORITY_HOST": self.url}

    def answer(self, path: str, query: dict[str, list[str]], headers: Any) -> tuple[int, Any]:
        """Answer one request for a token."""
        self.asked.append({name: values[-1] for name, values in query.items()})
        if self.refusal is not None:
            return self.refusal
        if path == "/msi/token" and headers.get("X-IDENTITY-HEADER") != self.header:
            return 401, {"statusCode": 401, "message": "wrong header"}
        if headers.get("Metadata") != "true" or "resource" not in query:
            return 400, {
                "error": "invalid_request",
                "error_description": "Required metadata header not specified",
            }
        self.issued += 1
        ends = str(int(time.time()) + 86400)
        return 200, {
            "access_token": f"machine-token-{self.issued}",
            "expires_in": "86400",
            "expires_on": ends,
            "resource": query["resource"][-1],
            "token_type": "Bearer",
        }


@contextmanager
def machine() -> Iterator[Machine]:
    """Serve both endpoints for the length of a block."""
    served = Machine()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            where = urlsplit(self.path)
            status, body = served.answer(where.path, parse_qs(where.query), self.headers)
            content = orjson.dumps(body)
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: Any) -> None:
            """Keep the test's output clean."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    served.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield served
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
