"""What one sandbox process was started with."""

from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Options:
    """The command line of `python -m sandbox`, with the port already bound.

    Each sandbox is a module function `create(options) -> (app, info)`: a plain ASGI application and the
    facts printed on the ready line besides name and url. An `info["tls"] = (certificate file, key file)`
    is taken out and the port is served with TLS; with `info["dated"]` the application sends the header
    Date itself.
    """

    name: str
    anchor: date  # "today" of the demo story
    clock: date  # the day whose state is served: everything that happened before its midnight (UTC)
    seed: int = 7
    issues: int | None = None  # None: the story; a number: that many generated plain issues instead
    recorded: Path | None = None  # a folder of recorded payloads instead of the story
    latency_ms: int = 0
    port: int = 0
    tls: Path | None = None  # serve with TLS also what has none by itself; a folder for the certificates

    @property
    def own(self) -> str:
        """The address this sandbox is served at, unless it brings TLS by itself."""
        return f"{'https' if self.tls else 'http'}://127.0.0.1:{self.port}"
