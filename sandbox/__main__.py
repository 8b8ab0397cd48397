"""Serve one sandbox tracker on loopback until SIGTERM, or until whoever started it closes its stdin."""

import argparse
import importlib
import json
import logging
import os
import socket
import stat
import sys
import threading
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Final

import uvicorn

from sandbox.faults import Misbehaving
from sandbox.options import App, Options
from sandbox.sharepoint.certificates import write_certificates

Create = Callable[[Options], tuple[App, dict[str, Any]]]

SANDBOXES: Final = {
    "jira-cloud": "sandbox.jira.cloud:create",
    "jira-dc": "sandbox.jira.datacenter:create",
    "ado": "sandbox.ado:create",
    "sharepoint": "sandbox.sharepoint:create",
}


class _Announcing(uvicorn.Server):
    """Print the ready line once the port answers."""

    line = ""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        print(self.line, flush=True)  # noqa: T201 - the ready line is the interface


def main(argv: list[str] | None = None) -> int:
    """Start the sandbox the arguments name and serve it."""
    arguments = _parser().parse_args(argv)
    # With the protocol named, asyncio sends small answers at once instead of waiting 40 ms for more.
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    bound.bind(("127.0.0.1", arguments.port))
    anchor = arguments.anchor or datetime.now(UTC).date()
    options = Options(
        name=arguments.name,
        anchor=anchor,
        clock=arguments.clock or anchor,
        seed=arguments.seed,
        issues=arguments.issues,
        recorded=arguments.recorded,
        latency_ms=arguments.latency_ms,
        port=bound.getsockname()[1],
        tls=arguments.tls,
    )
    module, _, factory = SANDBOXES[options.name].partition(":")
    create: Create = getattr(importlib.import_module(module), factory)
    app, info = create(options)
    certificate, key = info.pop("tls", (None, None))
    dated = bool(info.pop("dated", False))
    if options.tls and not certificate:
        info["ca_bundle"], certificate, key = write_certificates(options.tls)

    # A page still open at the end is no failure.
    def told(record: logging.LogRecord) -> bool:
        return "running task(s)" not in str(record.msg)

    server = _Announcing(
        uvicorn.Config(
            Misbehaving(app, options),
            log_level="warning",
            access_log=False,
            date_header=not dated,
            ssl_certfile=certificate,
            ssl_keyfile=key,
            timeout_graceful_shutdown=1,
        )
    )
    logging.getLogger("uvicorn.error").addFilter(told)
    scheme = "https" if certificate else "http"
    server.line = json.dumps(
        {"name": options.name, "url": f"{scheme}://127.0.0.1:{options.port}", **info}, default=str
    )
    _stop_with_stdin(server)
    server.run(sockets=[bound])
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m sandbox", description=__doc__)
    parser.add_argument("name", choices=sorted(SANDBOXES))
    parser.add_argument("--port", type=int, default=0, help="0 takes any free one")
    parser.add_argument("--anchor", type=date.fromisoformat, help="the story's today (YYYY-MM-DD)")
    parser.add_argument("--clock", type=date.fromisoformat, help="the day whose state is served")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--issues", type=int, help="this many generated issues instead of the story")
    parser.add_argument("--recorded", type=Path, help="a folder of recorded payloads instead of the story")
    parser.add_argument("--latency-ms", type=int, default=0)
    parser.add_argument("--tls", type=Path, help="serve with TLS; certificates are put into this folder")
    return parser


def _stop_with_stdin(server: uvicorn.Server) -> None:
    """End with the process that started this one, where it holds our stdin by a pipe."""
    if not stat.S_ISFIFO(os.fstat(0).st_mode):
        return

    def watch() -> None:
        while os.read(0, 4096):
            pass
        server.should_exit = True

    threading.Thread(target=watch, daemon=True).start()


if __name__ == "__main__":
    sys.exit(main())
